//! Messenger's and Instagram's answers and webhooks, in the documented forms.

use http::Method;
use serde_json::{Value, json};

use crate::support::{ANA, Answer, Receiver, World};

const KINDS: [&str; 2] = ["facebook", "instagram"];

fn own_id(kind: &str) -> &'static str {
    if kind == "facebook" { "page_id" } else { "instagram_id" }
}

async fn call(world: &World, kind: &str, method: Method, path: &str, body: Value) -> Answer {
    let url = format!("{}/v25.0/{path}", world.set(kind, "base_url"));
    let bearer = format!("Bearer {}", world.set(kind, "access_token"));
    world.call(method, &url, &[("authorization", &bearer)], &body).await
}

async fn send(world: &World, kind: &str, person: &str, message: Value) -> Answer {
    let body = json!({"recipient": {"id": person}, "messaging_type": "RESPONSE", "message": message});
    call(world, kind, Method::POST, &format!("{}/messages", world.set(kind, own_id(kind))), body).await
}

/// The event of the newest webhook that has this key.
async fn event(receiver: &Receiver, key: &str) -> Value {
    let found = receiver.until(key, |hooks| {
        let items = hooks.iter().rev().map(|hook| hook.json["entry"][0]["messaging"][0].clone());
        items.into_iter().find(|item| !item[key].is_null())
    });
    found.await
}

/// A world in which ANA has written to the account, and her id there.
async fn started(kind: &str, receiver: &Receiver) -> (World, String) {
    let world = World::start().await;
    receiver_is_set(&world, kind, receiver).await;
    world.says(ANA, kind, "hola").await;
    let person = event(receiver, "message").await["sender"]["id"].as_str().unwrap().to_owned();
    (world, person)
}

async fn receiver_is_set(world: &World, kind: &str, receiver: &Receiver) {
    world.hook(kind, receiver).await;
}

fn refusal(answer: &Answer) -> (u16, i64, i64) {
    let number = |key: &str| answer.json["error"][key].as_i64().unwrap_or(0);
    (answer.status, number("code"), number("error_subcode"))
}

#[tokio::test]
async fn a_token_tells_whose_it_is_and_a_wrong_one_nothing() {
    let world = World::start().await;
    let me = call(&world, "facebook", Method::GET, "me?fields=id,name", json!({})).await;
    assert_eq!(me.json, json!({"id": world.set("facebook", "page_id"), "name": "Ecuabots"}));
    let path = "me?fields=id,instagram_business_account%7Bid,username%7D";
    let me = call(&world, "instagram", Method::GET, path, json!({})).await;
    assert_eq!(me.json["instagram_business_account"]["id"], world.set("instagram", "instagram_id"));
    let url = format!("{}/v25.0/{}", world.set("facebook", "base_url"), world.set("facebook", "page_id"));
    assert_eq!(refusal(&world.get(&url).await), (401, 190, 463));
    let path = format!("{}/subscribed_apps?subscribed_fields=messages", world.set("facebook", "page_id"));
    let answer = call(&world, "facebook", Method::POST, &path, json!({})).await;
    assert_eq!(answer.json, json!({"success": true}));
}

#[tokio::test]
async fn what_a_person_writes_comes_signed_in_plain_ascii() {
    for kind in KINDS {
        let receiver = Receiver::start().await;
        let (world, person) = started(kind, &receiver).await;
        world.says(ANA, kind, "¿Qué tal, señora? 😀").await;
        let hook = receiver.until("the text", |hooks| hooks.get(1).cloned()).await;
        assert!(hook.headers["x-hub-signature-256"].to_str().unwrap().starts_with("sha256="));
        assert!(hook.bytes.is_ascii());
        let entry = &hook.json["entry"][0];
        assert_eq!(entry["id"], world.set(kind, own_id(kind)));
        assert_eq!(entry["messaging"][0]["message"]["text"], "¿Qué tal, señora? 😀");
        assert_eq!(hook.json["object"], if kind == "facebook" { "page" } else { "instagram" });
        let path = format!("{person}?fields=name,first_name,profile_pic");
        let profile = call(&world, kind, Method::GET, &path, json!({})).await.json;
        assert!(profile["name"].as_str().unwrap().starts_with(profile["first_name"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn a_message_is_taken_or_refused_as_documented() {
    for kind in KINDS {
        let receiver = Receiver::start().await;
        let (world, person) = started(kind, &receiver).await;
        let taken = send(&world, kind, &person, json!({"text": "Hola"})).await;
        assert_eq!((taken.status, &taken.json["recipient_id"]), (200, &json!(person)));
        assert!(taken.json["message_id"].is_string());
        let reply = |title: &str| json!({"content_type": "text", "title": title, "payload": "p"});
        let link = |link: &str| json!({"attachment": {"type": "image", "payload": {"url": link}}});
        let long = if kind == "facebook" { "x".repeat(2001) } else { "ñ".repeat(501) };
        for message in [
            json!({}),
            json!({"text": ""}),
            json!({"text": long}),
            json!({"text": "x", "quick_replies": vec![reply("a"); 14]}),
            json!({"text": "x", "quick_replies": [{"content_type": "text", "title": "a"}]}),
            link("nothing"),
            json!({"attachment": {"type": "hat", "payload": {"url": "https://example.com/a"}}}),
        ] {
            let answer = send(&world, kind, &person, message.clone()).await;
            assert_eq!(refusal(&answer), (400, 100, 0), "{message}");
        }
        assert_eq!(refusal(&send(&world, kind, &person, link("https://a.invalid/x.jpg")).await).2, 2_018_008);
        let stranger = refusal(&send(&world, kind, "5", json!({"text": "x"})).await);
        assert_eq!(stranger.2, if kind == "facebook" { 2_018_001 } else { 2_534_014 });
        world.put(&format!("/sim/v1/phones/{ANA}"), json!({"blocked": true})).await;
        assert_eq!(refusal(&send(&world, kind, &person, json!({"text": "x"})).await).1, 551);
    }
}

#[tokio::test]
async fn the_window_closes_and_one_tag_opens_it_for_a_week() {
    for kind in KINDS {
        let receiver = Receiver::start().await;
        let (world, person) = started(kind, &receiver).await;
        let closed = if kind == "facebook" { 2_018_278 } else { 2_534_022 };
        let path = format!("{}/messages", world.set(kind, own_id(kind)));
        let tagged = async |tag: &str| {
            let body = json!({"recipient": {"id": person}, "messaging_type": "MESSAGE_TAG", "tag": tag, "message": {"text": "x"}});
            call(&world, kind, Method::POST, &path, body).await
        };
        assert_eq!(refusal(&tagged("ACCOUNT_UPDATE").await), (400, 100, 1_893_061), "inside the window too");
        world.post("/sim/v1/clock", json!({"advance": "25h"})).await;
        assert_eq!(refusal(&send(&world, kind, &person, json!({"text": "x"})).await), (400, 10, closed));
        assert_eq!(tagged("HUMAN_AGENT").await.status, 200);
        assert_eq!(refusal(&tagged("ELSE").await).1, 100);
        world.post("/sim/v1/clock", json!({"advance": "7d"})).await;
        assert_eq!(refusal(&tagged("HUMAN_AGENT").await), (400, 10, closed));
    }
}

#[tokio::test]
async fn receipts_are_watermarks_echoes_and_on_instagram_ids() {
    for kind in KINDS {
        let receiver = Receiver::start().await;
        let (world, person) = started(kind, &receiver).await;
        let sent = send(&world, kind, &person, json!({"text": "Hola", "metadata": "ours"})).await;
        let mid = sent.json["message_id"].clone();
        let is_echo = |item: &Value| item["message"]["is_echo"] == true;
        let echo = receiver.until("an echo", |hooks| {
            hooks.iter().map(|hook| hook.json["entry"][0]["messaging"][0].clone()).find(is_echo)
        });
        let echo = echo.await;
        assert_eq!((&echo["recipient"]["id"], &echo["message"]["mid"]), (&json!(person), &mid));
        assert_eq!(echo["message"]["metadata"] == "ours", kind == "facebook");
        world.post(&format!("/sim/v1/phones/{ANA}/open"), json!({})).await;
        let read = event(&receiver, "read").await["read"].clone();
        if kind == "facebook" {
            assert!(read["watermark"].is_i64());
            let delivery = event(&receiver, "delivery").await["delivery"].clone();
            assert_eq!(delivery["mids"], json!([mid]));
            assert!(delivery["watermark"].is_i64());
        } else {
            assert_eq!(read, json!({"mid": mid}));
        }
    }
}

#[tokio::test]
async fn a_quick_reply_a_file_a_reaction_and_what_is_taken_back_are_told() {
    for kind in KINDS {
        let receiver = Receiver::start().await;
        let (world, person) = started(kind, &receiver).await;
        let replies = json!([{"content_type": "text", "title": "Sí", "payload": "qr:0"}]);
        send(&world, kind, &person, json!({"text": "¿Va?", "quick_replies": replies})).await;
        let id = world.sees(ANA, "¿Va?").await["id"].clone();
        let phone = format!("/sim/v1/phones/{ANA}/messages");
        world.post(&phone, json!({"type": "button", "messageId": id, "index": 0})).await;
        let is_tap = |item: &Value| !item["message"]["quick_reply"].is_null();
        let tapped = receiver.until("a tap", |hooks| {
            hooks.iter().map(|hook| hook.json["entry"][0]["messaging"][0].clone()).find(is_tap)
        });
        assert_eq!(tapped.await["message"]["quick_reply"], json!({"payload": "qr:0"}));
        world.post(&phone, json!({"type": "reaction", "messageId": id, "emoji": "👍"})).await;
        assert_eq!(event(&receiver, "reaction").await["reaction"]["mid"], id);
        let said = world.post(&phone, json!({"type": "image", "provider": kind})).await.json;
        let is_file = |item: &Value| !item["message"]["attachments"].is_null();
        let file = receiver.until("a file", |hooks| {
            hooks.iter().map(|hook| hook.json["entry"][0]["messaging"][0].clone()).find(is_file)
        });
        let url = file.await["message"]["attachments"][0]["payload"]["url"].as_str().unwrap().to_owned();
        assert_eq!(world.get(&url).await.status, 200, "without a token");
        let undo = json!({"type": "unsend", "messageId": said["id"]});
        let edit = json!({"type": "edit", "messageId": said["id"], "text": "otra"});
        if kind == "instagram" {
            world.post(&phone, undo).await;
            let is_gone = |item: &Value| item["message"]["is_deleted"] == true;
            let gone = receiver.until("a deletion", |hooks| {
                hooks.iter().map(|hook| hook.json["entry"][0]["messaging"][0].clone()).find(is_gone)
            });
            assert_eq!(gone.await["message"]["mid"], said["id"]);
        } else {
            world.post(&phone, edit).await;
            assert_eq!(event(&receiver, "message_edit").await["message_edit"]["text"], "otra");
        }
    }
}

#[tokio::test]
async fn too_much_is_throttled_by_code_and_a_revoked_token_opens_nothing() {
    let receiver = Receiver::start().await;
    let (world, person) = started("facebook", &receiver).await;
    world.put("/sim/v1/limits", json!({"provider": "facebook", "perSecond": 1})).await;
    let mut last = (0, 0, 0);
    for _ in 0..3 {
        last = refusal(&send(&world, "facebook", &person, json!({"text": "x"})).await);
    }
    assert_eq!(last, (400, 613, 0));
    world.put("/sim/v1/faults", json!([{"when": {"provider": "facebook"}, "do": {"code": 190}}])).await;
    assert_eq!(refusal(&send(&world, "facebook", &person, json!({"text": "x"})).await), (401, 190, 463));
    assert_eq!(refusal(&call(&world, "facebook", Method::GET, "me", json!({})).await), (401, 190, 463));
}
