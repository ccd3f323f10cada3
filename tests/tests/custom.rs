//! A custom channel from end to end, with the simulated program behind it and with programs that do worse.

use e2e::world::PHONE;
use e2e::{World, text, until};
use serde_json::{Value, json};

const SOURCE: &str = "custom_channel";
const TOKEN: &str = "simulator-only-custom-token-0001";

async fn on_phone(world: &World, words: &str) -> Value {
    until("the phone shows it", || async {
        let mut all = world.phone(PHONE).await.into_iter().rev();
        all.find(|m| m["provider"] == SOURCE && m.to_string().contains(words))
    })
    .await
}

#[tokio::test]
async fn every_kind_of_message_goes_out_and_is_reported() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let id = world.sent(&channel, text("Hola propio")).await;
    world.reaches(id, "delivered").await;
    world.simulator("POST", &format!("/phones/{PHONE}/open"), json!({})).await;
    world.reaches(id, "read").await;
    let sent = world.exchanges(SOURCE).await.pop().expect("a call");
    let wanted = json!({"channelId": "gfd8g7fd89dgfd", "contactId": PHONE, "message": {"type": "text", "text": "Hola propio"}});
    assert_eq!(sent["body"], wanted);
    assert_eq!(sent["headers"]["idempotency-key"], format!("{id}.1.1"));
    for kind in ["image", "video", "audio", "file"] {
        let file = json!({"type": "attachment", "attachment": {"type": kind, "url": format!("https://ejemplo.ec/{kind}.bin")}});
        world.reaches(world.sent(&channel, file).await, "delivered").await;
        on_phone(&world, &format!("{kind}.bin")).await;
    }
    let question = json!({"type": "quick_reply", "title": "¿Vienes?", "replies": ["Sí", "Tal vez"]});
    world.reaches(world.sent(&channel, question).await, "delivered").await;
    let shown = on_phone(&world, "Tal vez").await;
    world.writes(SOURCE, PHONE, json!({"type": "button", "messageId": shown["id"], "index": 1})).await;
    world.received("the tap", |message| message["text"] == "Tal vez").await;
}

#[tokio::test]
async fn what_contacts_write_comes_in_with_its_files() {
    let (world, _) = World::demo_on(SOURCE).await;
    world.writes(SOURCE, PHONE, text("por mi chat")).await;
    world.received("the text", |message| message["text"] == "por mi chat").await;
    world.writes(SOURCE, PHONE, json!({"type": "image"})).await;
    world.received("the picture, fetched", |message| message["attachment"]["mime"] == "image/png").await;
    world
        .writes(
            SOURCE,
            PHONE,
            json!({"type": "location", "latitude": -0.18, "longitude": -78.46, "name": "Quito"}),
        )
        .await;
    world.received("the place", |message| message.to_string().contains("Quito")).await;
}

/// One address for all custom channels, with and without its last slash; the token tells which.
#[tokio::test]
async fn the_one_address_believes_the_token_alone() {
    let (world, _) = World::demo_on(SOURCE).await;
    let body = |id: &str| {
        json!({"channelId": "gfd8g7fd89dgfd", "contactId": "usuario_7", "contact": {"firstName": "Eva"},
            "events": [{"type": "message", "mId": id, "timestamp": 2_132_131_321_000_i64, "message": text("hola")}]})
    };
    let post = |path: &str, token: &str, body: Value| {
        let url = format!("{}{path}", world.web_url());
        let bearer = format!("Bearer {token}");
        let http = world.http.clone();
        async move {
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
            http.call("POST", &url, &headers, body.to_string()).await.expect("an answer")
        }
    };
    assert_eq!(post("/custom/channel/webhook/", TOKEN, body("m1")).await.status, 200);
    assert_eq!(post("/custom/channel/webhook", TOKEN, body("m2")).await.status, 200);
    assert_eq!(post("/custom/channel/webhook/", TOKEN, body("m1")).await.status, 200, "again: it is known");
    for wrong in ["", "simulator-only-custom-token-0003", "x"] {
        let refused = post("/custom/channel/webhook/", wrong, body("m3")).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]),
            (401, &json!("webhook_unauthorized")),
            "{wrong:?}"
        );
    }
    // What cannot be read is kept, not lost.
    assert_eq!(post("/custom/channel/webhook/", TOKEN, json!({"events": 7})).await.status, 200);
    let inbox = world.inbox().await;
    until("the new contact is in Messages", || async {
        inbox.get("/messages").await.text().contains("Eva").then_some(())
    })
    .await;
}

#[tokio::test]
async fn refusals_faults_and_lost_answers_are_told_apart() {
    let (world, channel) = World::demo_on(SOURCE).await;
    world.fault(SOURCE, json!({"code": 1})).await;
    let message = world.reaches(world.sent(&channel, text("no")).await, "failed").await;
    assert_eq!(message["error"]["code"], "provider_refused");
    assert!(
        message["error"]["providerText"].as_str().is_some_and(|words| words.contains("on purpose")),
        "{message}"
    );
    world
        .simulator(
            "PUT",
            "/faults",
            json!([{"when": {"provider": SOURCE, "every": 2}, "do": {"httpStatus": 503}}]),
        )
        .await;
    for id in [world.sent(&channel, text("uno")).await, world.sent(&channel, text("dos")).await] {
        world.reaches(id, "delivered").await;
    }
    world.fault(SOURCE, json!({"cut": "after"})).await;
    let id = world.sent(&channel, text("¿llegó?")).await;
    until("the outcome is unknown", || async {
        (world.message(id).await["outcome"] == "unknown").then_some(())
    })
    .await;
    let copies = world.phone(PHONE).await.iter().filter(|m| m["body"] == "¿llegó?").count();
    assert_eq!(copies, 1, "and nothing is sent again");
    world.fault(SOURCE, json!({"httpStatus": 401})).await;
    let id = world.sent(&channel, text("espera")).await;
    until("the channel is held", || async {
        let list = world.admin("GET", "/channels", Value::Null).await.json();
        let mut items = list["items"].as_array().cloned().unwrap_or_default().into_iter();
        items.find(|c| c["id"] == channel.id && c["state"] == "held")
    })
    .await;
    world.simulator("PUT", "/faults", json!([])).await;
    let path = format!("/channels/{}/resume", channel.id);
    assert_eq!(world.admin("POST", &path, json!({})).await.status, 200);
    world.reaches(id, "delivered").await;
}

#[tokio::test]
async fn a_token_is_made_where_none_is_given_and_a_weak_one_is_refused() {
    let (world, _) = World::demo_on(SOURCE).await;
    let base = format!("{}/custom", world.simulator_url());
    let add = |set: Value| {
        let body = json!({"source": SOURCE, "name": "Otro", "set": set});
        world.admin("POST", "/channels", body)
    };
    let made = add(json!({"base_url": base})).await;
    assert!(made.status < 300, "{}", made.text());
    assert!(made.json()["key"].as_str().is_some_and(|key| key.len() >= 24));
    assert!(made.json()["toDo"].to_string().contains("/custom/channel/webhook/"), "{}", made.text());
    for (token, place) in [("short", "/set/api_token"), (TOKEN, "/set/api_token")] {
        let refused = add(json!({"base_url": base, "api_token": token})).await;
        assert_eq!((refused.status, &refused.json()["errors"][0]["pointer"]), (400, &json!(place)));
    }
    let inside = add(json!({"base_url": "ftp://ejemplo.ec"})).await;
    assert_eq!(inside.json()["errors"][0]["pointer"], "/set/base_url");
}

/// Webhooks find a channel by its token or sender: neither can be changed under its messages.
#[tokio::test]
async fn what_names_a_channel_cannot_be_changed() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let page = world.channel("facebook");
    for (id, key, value) in
        [(channel.id, "api_token", "another-token-of-enough-signs"), (page.id, "page_id", "1")]
    {
        let answer =
            world.admin("POST", &format!("/channels/{id}/settings"), json!({"set": {key: value}})).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(answer.text().contains(&format!("/set/{key}")), "{}", answer.text());
    }
    let same = json!({"set": {"api_token": TOKEN}});
    let answer = world.admin("POST", &format!("/channels/{}/settings", channel.id), same).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}
