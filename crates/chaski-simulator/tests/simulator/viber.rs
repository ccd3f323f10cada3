//! Viber's answers and callbacks, in the documented forms.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{ANA, Answer, Receiver, World};

const VIBER: &str = "viber";

async fn call(world: &World, method: &str, body: Value) -> Answer {
    let token = world.set(VIBER, "auth_token");
    let url = format!("{}/pa/{method}", world.set(VIBER, "base_url"));
    world.call(Method::POST, &url, &[("x-viber-auth-token", &token)], &body).await
}

/// A world whose bot ANA has written to, and her id there.
async fn subscribed(receiver: &Receiver) -> (World, String) {
    let world = World::start().await;
    assert_eq!(call(&world, "set_webhook", json!({"url": receiver.url})).await.json["status"], 0);
    world.says(ANA, VIBER, "hola").await;
    let hook = receiver.until("a callback", |hooks| hooks.get(1).cloned()).await;
    assert_eq!(hook.json["event"], "message");
    let id = hook.json["sender"]["id"].as_str().unwrap().to_owned();
    (world, id)
}

fn message(to: &str, more: Value) -> Value {
    let mut body = json!({"receiver": to, "sender": {"name": "Ecuabots"}});
    more.as_object().unwrap().iter().for_each(|(key, value)| body[key] = value.clone());
    body
}

#[tokio::test]
async fn the_address_is_called_while_it_is_being_set() {
    let receiver = Receiver::start().await;
    let world = World::start().await;
    receiver.will_answer(&[500]);
    let refused = call(&world, "set_webhook", json!({"url": receiver.url})).await;
    assert_eq!((refused.status, &refused.json["status_message"]), (200, &json!("invalidUrl")));
    assert_eq!(call(&world, "set_webhook", json!({"url": receiver.url})).await.json["status"], 0);
    let hook = receiver.until("the check", |hooks| hooks.get(1).cloned()).await;
    assert_eq!(hook.json["event"], "webhook");
    assert_eq!(call(&world, "get_account_info", json!({})).await.json["webhook"], receiver.url);
    assert_eq!(call(&world, "set_webhook", json!({"url": ""})).await.json["status"], 0);
    assert_eq!(call(&world, "get_account_info", json!({})).await.json["webhook"], "");
    let base = world.set(VIBER, "base_url");
    let nobody = world.call(Method::POST, &format!("{base}/pa/get_account_info"), &[], &json!({})).await;
    assert_eq!((nobody.status, &nobody.json["status"]), (200, &json!(2)));
}

#[tokio::test]
async fn a_message_is_reported_by_its_token_and_callbacks_are_signed() {
    let receiver = Receiver::start().await;
    let (world, ana) = subscribed(&receiver).await;
    let answer = call(&world, "send_message", message(&ana, json!({"type": "text", "text": "hola"}))).await;
    let token = answer.json["message_token"].as_u64().unwrap();
    assert!(token > 1 << 53);
    let hook = receiver
        .until("delivered", |hooks| hooks.iter().find(|hook| hook.json["event"] == "delivered").cloned())
        .await;
    assert_eq!(hook.json["message_token"].as_u64(), Some(token));
    let mut mac = Hmac::<Sha256>::new_from_slice(world.set(VIBER, "auth_token").as_bytes()).unwrap();
    mac.update(&hook.bytes);
    assert_eq!(hook.headers["x-viber-content-signature"], hex::encode(mac.finalize().into_bytes()).as_str());
}

#[tokio::test]
async fn refusals_come_under_200_with_their_number() {
    let receiver = Receiver::start().await;
    let (world, ana) = subscribed(&receiver).await;
    let media = "https://x.ec/a.mp4";
    for (body, status) in [
        (json!({"receiver": ana, "type": "text", "text": "x"}), 4),
        (message(&ana, json!({"type": "text"})), 4),
        (message(&ana, json!({"type": "fax"})), 3),
        (message(&ana, json!({"type": "video", "media": media})), 4),
        (message(&ana, json!({"type": "video", "media": "https://x.ec/a.mov", "size": 5})), 3),
        (message(&ana, json!({"type": "file", "media": media, "size": 5})), 4),
        (message(&ana, json!({"type": "picture", "media": media})), 4),
        (message(&ana, json!({"type": "rich_media", "rich_media": {"Buttons": []}})), 14),
        (message("nobody", json!({"type": "text", "text": "x"})), 5),
    ] {
        let answer = call(&world, "send_message", body.clone()).await;
        assert_eq!((answer.status, &answer.json["status"]), (200, &json!(status)), "{body}");
    }
    world.put(&format!("/sim/v1/phones/{ANA}"), json!({"blocked": true})).await;
    let left = call(&world, "send_message", message(&ana, json!({"type": "text", "text": "x"}))).await;
    assert_eq!(left.json["status_message"], "notSubscribed");
}
