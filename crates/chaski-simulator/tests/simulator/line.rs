//! LINE's answers, retry keys and webhooks, in the documented forms.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{ANA, Answer, Receiver, World};

const LINE: &str = "line";
const KEY: &str = "123e4567-e89b-12d3-a456-426614174000";

async fn call(world: &World, method: Method, path: &str, key: Option<&str>, body: Value) -> Answer {
    let token = format!("Bearer {}", world.set(LINE, "access_token"));
    let mut headers = vec![("authorization", token.as_str())];
    headers.extend(key.map(|key| ("x-line-retry-key", key)));
    world.call(method, &format!("{}{path}", world.set(LINE, "base_url")), &headers, &body).await
}

async fn push(world: &World, key: Option<&str>, body: Value) -> Answer {
    call(world, Method::POST, "/v2/bot/message/push", key, body).await
}

/// A world in which ANA has written to the account, and her id there.
async fn befriended(receiver: &Receiver) -> (World, String) {
    let world = World::start().await;
    let body = json!({"endpoint": receiver.url});
    assert_eq!(call(&world, Method::PUT, "/v2/bot/channel/webhook/endpoint", None, body).await.status, 200);
    world.says(ANA, LINE, "hola").await;
    let hook = receiver.until("a webhook", |hooks| hooks.first().cloned()).await;
    let id = hook.json["events"][0]["source"]["userId"].as_str().unwrap().to_owned();
    assert!(id.len() == 33 && id.starts_with('U'), "{id}");
    (world, id)
}

fn text(to: &str, words: &str) -> Value {
    json!({"to": to, "messages": [{"type": "text", "text": words}]})
}

#[tokio::test]
async fn a_push_is_taken_once_by_its_key() {
    let receiver = Receiver::start().await;
    let (world, ana) = befriended(&receiver).await;
    let first = push(&world, Some(KEY), text(&ana, "una vez")).await;
    assert_eq!(first.status, 200);
    let again = push(&world, Some(KEY), text(&ana, "una vez")).await;
    assert_eq!(again.status, 409);
    assert_eq!(again.json["message"], "The retry key is already accepted");
    assert_eq!(again.json["sentMessages"], first.json["sentMessages"]);
    assert_eq!(again.headers["x-line-accepted-request-id"], first.headers["x-line-request-id"]);
    let seen = world.messages(ANA).await.iter().filter(|m| m["body"] == "una vez").count();
    assert_eq!(seen, 1);
    assert_eq!(push(&world, Some("no uuid"), text(&ana, "x")).await.status, 400);
    let reply = call(&world, Method::POST, "/v2/bot/message/reply", Some(KEY), json!({})).await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn faults_are_told_with_their_places() {
    let receiver = Receiver::start().await;
    let (world, ana) = befriended(&receiver).await;
    for (messages, property) in [
        (json!([]), "messages"),
        (json!([{"type": "text", "text": ""}]), "messages[0].text"),
        (json!([{"type": "fax"}]), "messages[0].type"),
        (
            json!([{"type": "image", "originalContentUrl": "https://x.ec/a.jpg"}]),
            "messages[0].previewImageUrl",
        ),
        (json!([{"type": "audio", "originalContentUrl": "https://x.ec/a.mp3"}]), "messages[0].duration"),
        (
            json!([{"type": "video", "originalContentUrl": "http://x.ec/a.mp4", "previewImageUrl": "https://x.ec/a.jpg"}]),
            "messages[0].originalContentUrl",
        ),
    ] {
        let answer = push(&world, None, json!({"to": ana, "messages": messages})).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json["details"][0]["property"], property, "{}", answer.json);
    }
    let stranger = push(&world, None, text("U00000000000000000000000000000000", "x")).await;
    assert_eq!((stranger.status, &stranger.json["message"]), (400, &json!("Failed to send messages")));
    let base = world.set(LINE, "base_url");
    assert_eq!(world.get(&format!("{base}/v2/bot/info")).await.status, 401);
}

#[tokio::test]
async fn whoever_has_blocked_the_account_gets_nothing_and_nobody_is_told() {
    let receiver = Receiver::start().await;
    let (world, ana) = befriended(&receiver).await;
    world.put(&format!("/sim/v1/phones/{ANA}"), json!({"blocked": true})).await;
    let unfollow = receiver.until("unfollow", |hooks| hooks.get(1).cloned()).await;
    assert_eq!(unfollow.json["events"][0]["type"], "unfollow");
    assert_eq!(push(&world, None, text(&ana, "nadie")).await.status, 200);
    assert!(world.messages(ANA).await.iter().all(|m| m["body"] != "nadie"));
    assert_eq!(
        call(&world, Method::GET, &format!("/v2/bot/profile/{ana}"), None, Value::Null).await.status,
        404
    );
}

#[tokio::test]
async fn webhooks_are_signed_and_say_when_they_are_repeated() {
    let receiver = Receiver::start().await;
    let (world, _) = befriended(&receiver).await;
    receiver.will_answer(&[500]);
    world.says(ANA, LINE, "otra vez").await;
    let (first, again) =
        receiver.until("twice", |hooks| Some((hooks.get(1)?.clone(), hooks.get(2)?.clone()))).await;
    let of = |hook: &Value| {
        let event = &hook["events"][0];
        (event["webhookEventId"].clone(), event["deliveryContext"]["isRedelivery"].clone())
    };
    assert_eq!(of(&first.json).0, of(&again.json).0);
    assert_eq!((of(&first.json).1, of(&again.json).1), (json!(false), json!(true)));
    for hook in [first, again] {
        let secret = world.set(LINE, "channel_secret");
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(&hook.bytes);
        assert_eq!(hook.headers["x-line-signature"], STANDARD.encode(mac.finalize().into_bytes()).as_str());
    }
}
