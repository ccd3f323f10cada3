//! SMS through Vonage from end to end, by both of its APIs.

use e2e::world::PHONE;
use e2e::{Channel, World, text, until};
use serde_json::{Value, json};

const SOURCE: &str = "nexmo";

/// The second account, connected by the older API.
async fn classic(world: &World) -> Channel {
    let body = json!({"source": SOURCE, "name": "SMS viejo", "set": world.account(SOURCE, 1).await});
    let answer = world.admin("POST", "/channels", body).await;
    assert!(answer.status < 300, "{}", answer.text());
    let hook = json!({"source": SOURCE, "account": "nexmo-2", "url": answer.json()["webhookUrl"]});
    world.simulator("PUT", "/webhooks", hook).await;
    Channel { id: answer.json()["id"].as_i64().expect("a number"), source: SOURCE.to_owned() }
}

async fn writes(world: &World, account: &str, words: &str) {
    let said = json!({"type": "text", "text": words, "provider": SOURCE, "account": account});
    world.simulator("POST", &format!("/phones/{PHONE}/messages"), said).await;
    until("the text is here", || async {
        let list = world.api("GET", "/contact/id:123/message/list?limit=20", Value::Null).await.json();
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items.iter().any(|item| item["message"]["text"] == words).then_some(())
    })
    .await;
}

async fn calls(world: &World, path: &str) -> Vec<Value> {
    let all = world.exchanges(SOURCE).await.into_iter();
    all.filter(|e| e["path"].as_str().is_some_and(|known| known.ends_with(path))).collect()
}

#[tokio::test]
async fn a_text_goes_by_either_api_and_its_reports_are_believed() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let id = world.sent(&channel, text("Hola, ¿qué tal?")).await;
    world.reaches(id, "delivered").await;
    let sent = calls(&world, "/v1/messages").await.pop().expect("a call");
    assert_eq!(
        (&sent["body"]["channel"], &sent["body"]["client_ref"]),
        (&json!("sms"), &json!(format!("{id}.1.1")))
    );
    let older = classic(&world).await;
    let id = world.sent(&older, text("Mañana 👍")).await;
    world.reaches(id, "delivered").await;
    let form =
        calls(&world, "/sms/json").await.pop().expect("a call")["body"].as_str().unwrap_or("").to_owned();
    assert!(form.contains("type=unicode") && form.contains("api_secret="), "{form}");
    // Whoever looks at the timeline sees no secret.
    let told = world.admin("GET", &format!("/messages/{id}"), Value::Null).await.text();
    assert!(!told.contains("SimulatorOnly1") && !told.contains("api_secret"), "{told}");
}

#[tokio::test]
async fn what_a_phone_writes_comes_in_both_forms() {
    let (world, _) = World::demo_on(SOURCE).await;
    classic(&world).await;
    writes(&world, "nexmo", "por la nueva").await;
    writes(&world, "nexmo-2", "por la vieja & firmada=sí").await;
}

#[tokio::test]
async fn errors_under_http_200_are_told_apart() {
    let (world, _) = World::demo_on(SOURCE).await;
    let older = classic(&world).await;
    world.fault(SOURCE, json!({"code": 3})).await;
    let id = world.sent(&older, text("mal")).await;
    let message = world.reaches(id, "failed").await;
    let error = &message["error"];
    assert_eq!((&error["providerCode"], &error["code"]), (&json!(3), &json!("provider_refused")));
    assert!(error["title"].as_str().is_some_and(|title| title.contains("parameter")), "{message}");
    let slow = json!([{"when": {"provider": SOURCE, "every": 2}, "do": {"code": 1}}]);
    world.simulator("PUT", "/faults", slow).await;
    for id in [world.sent(&older, text("uno")).await, world.sent(&older, text("dos")).await] {
        world.reaches(id, "delivered").await;
    }
    world.fault(SOURCE, json!({"code": 9})).await;
    let id = world.sent(&older, text("sin saldo")).await;
    until("the channel is held", || async {
        let list = world.admin("GET", "/channels", Value::Null).await.json();
        let mut items = list["items"].as_array().cloned().unwrap_or_default().into_iter();
        items.find(|c| c["id"] == older.id && c["state"] == "held")
    })
    .await;
    world.simulator("PUT", "/faults", json!([])).await;
    let path = format!("/channels/{}/resume", older.id);
    assert_eq!(world.admin("POST", &path, json!({})).await.status, 200);
    world.reaches(id, "delivered").await;
}

#[tokio::test]
async fn a_revoked_secret_of_the_older_api_holds_its_channel_until_it_is_renewed() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let older = classic(&world).await;
    world.fault(SOURCE, json!({"code": 4})).await;
    let id = world.sent(&older, text("espera su turno")).await;
    world.is_held(&older).await;
    world.no_faults().await;
    world.reaches(world.sent(&channel, text("la otra sigue")).await, "delivered").await;
    assert_eq!(world.set(&older, "api_secret", &json!("wrong-secret")).await, 400);
    let own = world.account(SOURCE, 1).await["api_secret"].clone();
    assert_eq!(world.set(&older, "api_secret", &own).await, 200);
    world.resume(&older).await;
    world.reaches(id, "delivered").await;
}

#[tokio::test]
async fn a_lost_answer_is_told_by_the_report_and_a_barred_number_fails() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let older = classic(&world).await;
    for channel in [&channel, &older] {
        world.fault(SOURCE, json!({"cut": "after"})).await;
        let words = format!("¿llegó por {}?", channel.id);
        let id = world.sent(channel, text(&words)).await;
        world.reaches(id, "delivered").await;
        let copies = world.phone(PHONE).await.iter().filter(|m| m["body"] == words.as_str()).count();
        assert_eq!(copies, 1);
        world.simulator("PUT", "/faults", json!([])).await;
    }
    world.simulator("PUT", &format!("/phones/{PHONE}"), json!({"blocked": true})).await;
    for (channel, code) in [(&channel, 1240), (&older, 7)] {
        let id = world.sent(channel, text("basta")).await;
        let message = world.reaches(id, "failed").await;
        let error = &message["error"];
        let wanted = (&json!(code), &json!("recipient_refused"));
        assert_eq!((&error["providerCode"], &error["code"]), wanted, "{message}");
    }
}

#[tokio::test]
async fn a_file_is_refused_before_anything_is_recorded() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let file =
        json!({"type": "attachment", "attachment": {"type": "image", "url": "https://ejemplo.ec/a.png"}});
    let answer = world.send(&channel, file).await;
    assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("channel_cannot_carry")));
}
