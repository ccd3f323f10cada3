//! 360dialog: its key, its own error form, its webhook with headers.

use http::Method;
use serde_json::{Value, json};

use crate::support::{ANA, D360, Receiver, World, id_of, template};

#[tokio::test]
async fn a_wrong_key_is_refused_in_its_own_form() {
    let world = World::start().await;
    let url = format!("{}/messages", world.set(D360, "base_url"));
    let answer = world.call(Method::POST, &url, &[("D360-API-KEY", "wrong")], &json!({})).await;
    let expected =
        json!({"meta": {"success": false, "http_code": 401, "developer_message": "Invalid api_key"}});
    assert_eq!((answer.status, answer.json), (401, expected));
}

#[tokio::test]
async fn faults_of_a_message_have_metas_form() {
    let world = World::start().await;
    let answer = world.send(D360, &template(D360, ANA, "account100", "es", Value::Null)).await;
    let details = "body: number of localizable_params (0) does not match the expected number of params (3)";
    assert_eq!((answer.status, answer.json["error"]["error_data"]["details"].as_str()), (400, Some(details)));
}

#[tokio::test]
async fn webhooks_carry_the_configured_headers_and_no_signature() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let config = json!({"url": receiver.url, "headers": {"X-Secret": "abc"}});
    let path = "/v1/configs/webhook";
    assert_eq!(world.api(D360, Method::POST, path, &config).await.json, config);
    assert_eq!(world.api(D360, Method::GET, path, &Value::Null).await.json, config);
    let id = id_of(&world.send(D360, &template(D360, ANA, "bug_fixed", "es", Value::Null)).await);
    let webhook = receiver.status(&id, "sent").await;
    assert_eq!(webhook.headers["x-secret"], "abc");
    assert!(!webhook.headers.contains_key("x-hub-signature-256"));
    world.put("/sim/v1/faults", json!([{"do": {"receipts": "badSignature"}}])).await;
    let id = id_of(&world.send(D360, &template(D360, ANA, "bug_fixed", "es", Value::Null)).await);
    assert_ne!(receiver.status(&id, "sent").await.headers["x-secret"], "abc");
}
