//! Faults on purpose.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{ANA, CLOUD, D360, Receiver, VONAGE, World, id_of, template};

fn message(source: &str) -> Value {
    template(source, ANA, "bug_fixed", "es", Value::Null)
}

async fn rule(world: &World, when: Value, act: Value) {
    world.put("/sim/v1/faults", json!([{"when": when, "do": act}])).await;
}

#[tokio::test]
async fn a_code_shows_where_the_provider_shows_it() {
    let world = World::start().await;
    rule(&world, json!({"provider": CLOUD}), json!({"code": 131_056})).await;
    let answer = world.send(CLOUD, &message(CLOUD)).await;
    assert_eq!((answer.status, answer.json["error"]["code"].as_u64()), (400, Some(131_056)));
    assert_eq!(world.send(D360, &message(D360)).await.status, 200);
    let receiver = Receiver::start().await;
    world.hook(CLOUD, &receiver).await;
    for code in [131_026, 131_049, 131_053] {
        rule(&world, json!({"recipient": ANA}), json!({"code": code})).await;
        let id = id_of(&world.send(CLOUD, &message(CLOUD)).await);
        assert_eq!(receiver.status(&id, "failed").await.item()["errors"][0]["code"], code);
    }
    let receiver = Receiver::start().await;
    world.hook(VONAGE, &receiver).await;
    rule(&world, json!({"template": "bug_fixed"}), json!({"code": 1461})).await;
    let id = id_of(&world.send(VONAGE, &message(VONAGE)).await);
    assert_eq!(receiver.status(&id, "rejected").await.json["error"]["title"], "1461");
}

#[tokio::test]
async fn a_status_comes_in_the_providers_own_form() {
    let world = World::start().await;
    rule(&world, json!({}), json!({"httpStatus": 429})).await;
    let vonage = world.send(VONAGE, &message(VONAGE)).await;
    assert_eq!((vonage.status, vonage.json["title"].as_str()), (429, Some("1000")));
    assert!(vonage.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(world.send(CLOUD, &message(CLOUD)).await.json["error"]["code"], 613);
    rule(&world, json!({}), json!({"httpStatus": 500})).await;
    let expected =
        json!({"meta": {"success": false, "http_code": 500, "developer_message": "Internal server error"}});
    let answer = world.send(D360, &message(D360)).await;
    assert_eq!((answer.status, answer.json), (500, expected));
}

#[tokio::test]
async fn every_second_call_and_a_seeded_share_of_calls_fail() {
    let world = World::start().await;
    world.put("/sim/v1/limits", json!({"perSecond": null, "pair": null})).await;
    let statuses = async || {
        let mut statuses = Vec::new();
        for _ in 0..12 {
            statuses.push(world.send(CLOUD, &message(CLOUD)).await.status);
        }
        statuses
    };
    rule(&world, json!({"every": 2}), json!({"httpStatus": 503})).await;
    assert_eq!(statuses().await, [200, 503].repeat(6));
    let when = json!({"probability": 0.5, "seed": 42});
    rule(&world, when.clone(), json!({"httpStatus": 503})).await;
    let first = statuses().await;
    assert!(first.contains(&200) && first.contains(&503), "{first:?}");
    rule(&world, when, json!({"httpStatus": 503})).await;
    assert_eq!(statuses().await, first);
}

#[tokio::test]
async fn a_cut_before_acting_loses_the_message_and_one_after_does_not() {
    let world = World::start().await;
    for source in [CLOUD, D360, VONAGE] {
        let receiver = Receiver::start().await;
        world.hook(source, &receiver).await;
        rule(&world, json!({"provider": source, "template": "bug_fixed"}), json!({"cut": "before"})).await;
        assert!(world.try_send(source, &message(source)).await.is_none());
        rule(&world, json!({"provider": source, "template": "confirm_visit"}), json!({"cut": "after"})).await;
        let body = template(source, "+593990000003", "confirm_visit", "es", Value::Null);
        assert!(world.try_send(source, &body).await.is_none());
        let arrived = world.sees("+593990000003", "visita agendada").await;
        assert_eq!(arrived["provider"], source);
        receiver.statuses(arrived["id"].as_str().unwrap(), "delivered").await;
        world.call(http::Method::DELETE, "/sim/v1/state", &[], &Value::Null).await;
    }
    assert!(world.messages(ANA).await.is_empty());
}

#[tokio::test]
async fn receipts_can_be_doubled_reordered_or_left_out() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(CLOUD, &receiver).await;
    rule(&world, json!({}), json!({"receipts": "double"})).await;
    let id = id_of(&world.send(CLOUD, &message(CLOUD)).await);
    receiver
        .until("four statuses", |got| {
            let statuses: Vec<String> = got.iter().filter_map(|webhook| webhook.status_of(&id)).collect();
            (statuses == ["sent", "sent", "delivered", "delivered"]).then_some(())
        })
        .await;
    rule(&world, json!({}), json!({"receipts": "reorder"})).await;
    let id = id_of(&world.send(CLOUD, &message(CLOUD)).await);
    assert_eq!(receiver.statuses(&id, "sent").await, ["delivered", "sent"]);
    rule(&world, json!({}), json!({"receipts": "none"})).await;
    let silent = id_of(&world.send(CLOUD, &message(CLOUD)).await);
    rule(&world, json!({}), json!({"receipts": "late"})).await;
    let late = id_of(&world.send(CLOUD, &message(CLOUD)).await);
    assert_eq!(receiver.statuses(&late, "delivered").await, ["sent", "delivered"]);
    assert!(receiver.all().iter().all(|webhook| webhook.status_of(&silent).is_none()));
    assert_eq!(world.messages(ANA).await.len(), 4);
}

#[tokio::test]
async fn a_bad_signature_is_not_the_accounts() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(CLOUD, &receiver).await;
    rule(&world, json!({}), json!({"receipts": "badSignature"})).await;
    let id = id_of(&world.send(CLOUD, &message(CLOUD)).await);
    let webhook = receiver.status(&id, "sent").await;
    let mut mac = Hmac::<Sha256>::new_from_slice(world.set(CLOUD, "app_secret").as_bytes()).unwrap();
    mac.update(&webhook.bytes);
    let right = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let given = webhook.headers["x-hub-signature-256"].to_str().unwrap();
    assert!(given.starts_with("sha256=") && given != right);
}

#[tokio::test]
async fn a_rule_that_cannot_be_meant_is_refused() {
    let world = World::start().await;
    for wrong in [
        json!([{"do": {"receipts": "sometimes"}}]),
        json!([{"when": {"probability": 2}, "do": {}}]),
        json!([{"when": {"providr": CLOUD}, "do": {}}]),
        json!({"do": {}}),
    ] {
        let answer = world.call(http::Method::PUT, "/sim/v1/faults", &[], &wrong).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
}
