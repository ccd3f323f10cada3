//! The control API itself.

use http::Method;
use serde_json::{Value, json};

use crate::support::{ANA, CLOUD, D360, VONAGE, World, template};

#[tokio::test]
async fn accounts_have_the_settings_to_connect_with() {
    let world = World::start().await;
    let accounts = world.get("/sim/v1/accounts").await.json;
    let keys = |source: &str| {
        let account =
            accounts.as_array().unwrap().iter().find(|account| account["source"] == source).unwrap();
        account["set"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(keys(D360), ["base_url", "api_key", "phone_number", "phone_number_id"]);
    assert_eq!(
        keys(VONAGE),
        [
            "base_url",
            "application_id",
            "private_key",
            "signature_secret",
            "from",
            "waba_id",
            "api_key",
            "api_secret"
        ]
    );
    assert_eq!(
        keys(CLOUD),
        [
            "base_url",
            "version",
            "phone_number_id",
            "phone_number",
            "waba_id",
            "access_token",
            "app_secret",
            "verify_token"
        ]
    );
    assert!(world.set(CLOUD, "base_url").starts_with(world.sim.url()));
}

#[tokio::test]
async fn exchanges_show_calls_and_answers() {
    let world = World::start().await;
    let body = template(CLOUD, ANA, "account100", "es", Value::Null);
    world.send(CLOUD, &body).await;
    world.send(D360, &template(D360, ANA, "bug_fixed", "es", Value::Null)).await;
    let exchanges = world.get("/sim/v1/exchanges").await.json;
    let first = &exchanges[0];
    assert_eq!((first["provider"].as_str(), first["method"].as_str()), (Some(CLOUD), Some("POST")));
    assert!(first["path"].as_str().unwrap().starts_with("/meta/v23.0/"));
    assert_eq!(first["body"], body);
    assert_eq!(
        (first["response"]["status"].as_u64(), first["response"]["body"]["error"]["code"].as_u64()),
        (Some(400), Some(132_000))
    );
    assert!(first["headers"]["authorization"].as_str().unwrap().starts_with("Bearer "));
    let after = world.get(&format!("/sim/v1/exchanges?after={}", first["id"])).await.json;
    assert_eq!(after.as_array().unwrap().len(), 1);
    assert!(after[0]["id"].as_u64() > first["id"].as_u64());
    assert_eq!(world.get("/sim/v1/exchanges?provider=nexmo_whatsapp").await.json, json!([]));
    for wrong in ["provider=pigeon", "limit=0", "limit=1001"] {
        assert_eq!(
            world.call(Method::GET, &format!("/sim/v1/exchanges?{wrong}"), &[], &Value::Null).await.status,
            400
        );
    }
}

#[tokio::test]
async fn who_waits_for_the_clock_is_told_when_it_moves() {
    let world = World::start().await;
    assert_eq!(world.get("/sim/v1/clock?after=5&wait=60").await.json["offsetMs"], 0);
    let (waiting, moved) = tokio::join!(
        world.get("/sim/v1/clock?after=0&wait=60"),
        world.post("/sim/v1/clock", json!({"advance": "1h30m"}))
    );
    assert_eq!((&waiting.json["offsetMs"], &moved.json["offsetMs"]), (&json!(5_400_000), &json!(5_400_000)));
    let answer = world.call(Method::POST, "/sim/v1/clock", &[], &json!({"advance": "soon"})).await;
    assert_eq!(answer.status, 400);
    assert!(answer.json["message"].as_str().unwrap().contains("25h"));
}

#[tokio::test]
async fn clearing_keeps_accounts_and_templates() {
    let world = World::start().await;
    world.says(ANA, CLOUD, "hola").await;
    world.put("/sim/v1/faults", json!([{"do": {"httpStatus": 500}}])).await;
    world.put("/sim/v1/limits", json!({"provider": CLOUD, "perSecond": null})).await;
    let new = json!({"name": "otra", "language": "es", "components": [{"type": "BODY", "text": "x"}]});
    world.put("/sim/v1/templates", json!({"source": CLOUD, "templates": [new]})).await;
    assert_eq!(world.call(Method::DELETE, "/sim/v1/state", &[], &Value::Null).await.status, 204);
    assert!(world.messages(ANA).await.is_empty());
    assert_eq!(world.get("/sim/v1/faults").await.json, json!([]));
    let limits = world.get("/sim/v1/limits").await.json;
    for limit in limits.as_array().unwrap() {
        if matches!(limit["provider"].as_str(), Some("custom_channel" | "other_email")) {
            assert_eq!(limit["perSecond"], Value::Null);
            continue;
        }
        let per_second = match limit["provider"].as_str().unwrap() {
            "telegram" => 30.0,
            "twilio" | "nexmo" => 100.0,
            "viber" => 500.0,
            "line" => 2000.0,
            "facebook" | "instagram" => 300.0,
            _ => 80.0,
        };
        assert_eq!(limit["perSecond"], per_second, "{limit}");
    }
    assert_eq!(world.send(CLOUD, &template(CLOUD, ANA, "otra", "es", Value::Null)).await.status, 200);
}

#[tokio::test]
async fn another_sites_page_may_not_steer() {
    let world = World::start().await;
    let origin = [("origin", "https://evil.example")];
    let answer = world.call(Method::POST, "/sim/v1/clock", &origin, &json!({"advance": "25h"})).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn a_snapshot_outlives_a_restart() {
    let folder = std::env::temp_dir().join(format!("chaski-simulator-{}", uuid::Uuid::new_v4()));
    let world = World::with_data(Some(folder.clone())).await;
    world.says(ANA, CLOUD, "recuérdame").await;
    world.put(&format!("/sim/v1/phones/{ANA}"), json!({"readReceipts": false})).await;
    world.put("/sim/v1/webhooks", json!({"source": VONAGE, "url": "http://127.0.0.1:9/hook"})).await;
    world.put("/sim/v1/templates", json!({"source": D360, "templates": [{"name": "bug_fixed", "language": "es", "status": "PAUSED"}]})).await;
    world.post("/sim/v1/clock", json!({"advance": "2d"})).await;
    world.sim.stop().await;
    let world = World::with_data(Some(folder.clone())).await;
    assert_eq!(world.messages(ANA).await[0]["body"], "recuérdame");
    assert_eq!(world.get(&format!("/sim/v1/phones/{ANA}")).await.json["settings"]["readReceipts"], false);
    assert!(
        world
            .get("/sim/v1/webhooks")
            .await
            .json
            .as_array()
            .unwrap()
            .iter()
            .any(|hook| hook["url"] == "http://127.0.0.1:9/hook")
    );
    assert_eq!(
        world.send(D360, &template(D360, ANA, "bug_fixed", "es", Value::Null)).await.json["error"]["code"],
        132_015
    );
    assert_eq!(world.get("/sim/v1/clock").await.json["offsetMs"], 172_800_000);
    world.sim.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}
