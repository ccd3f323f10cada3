//! Telegram's answers and updates, in the documented forms.

use http::Method;
use serde_json::{Value, json};

use std::cell::Cell;

use crate::support::{ANA, Answer, Receiver, Webhook, World};

const TELEGRAM: &str = "telegram";
const SECRET: &str = "AbC-123_secret";

/// What the bot is told, one update after the other.
struct Updates {
    receiver: Receiver,
    seen: Cell<usize>,
}

impl Updates {
    async fn start() -> Self {
        Self { receiver: Receiver::start().await, seen: Cell::new(0) }
    }

    async fn next(&self) -> Webhook {
        let place = self.seen.get();
        self.seen.set(place + 1);
        self.receiver.until("an update", |hooks| hooks.get(place).cloned()).await
    }
}

async fn call(world: &World, method: &str, body: Value) -> Answer {
    let bot = format!("{}/bot{}", world.set(TELEGRAM, "base_url"), world.set(TELEGRAM, "token"));
    world.call(Method::POST, &format!("{bot}/{method}"), &[], &body).await
}

/// A world whose bot ANA has started, and the number of her chat.
async fn started(updates: &Updates) -> (World, i64) {
    let world = World::start().await;
    let body = json!({"url": updates.receiver.url, "secret_token": SECRET, "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"]});
    assert_eq!(call(&world, "setWebhook", body).await.json["result"], true);
    world.says(ANA, TELEGRAM, "/start").await;
    let chat = updates.next().await.json["message"]["chat"]["id"].as_i64().unwrap();
    (world, chat)
}

fn refusal(answer: &Answer) -> (u16, &str) {
    assert_eq!(answer.json["ok"], false);
    assert_eq!(answer.json["error_code"], answer.status);
    (answer.status, answer.json["description"].as_str().unwrap())
}

#[tokio::test]
async fn a_bot_knows_itself_and_a_wrong_token_nothing() {
    let world = World::start().await;
    let me = call(&world, "getMe", json!({})).await;
    assert_eq!((me.status, &me.json["result"]["is_bot"]), (200, &json!(true)));
    let base = world.set(TELEGRAM, "base_url");
    let wrong = world.get(&format!("{base}/bot123:wrong/getMe")).await;
    assert_eq!(refusal(&wrong), (401, "Unauthorized"));
    assert_eq!(refusal(&world.get(&format!("{base}/botwrong/getMe")).await), (404, "Not Found"));
    assert_eq!(refusal(&call(&world, "getNothing", json!({})).await), (404, "Not Found"));
}

#[tokio::test]
async fn a_webhook_wants_https_and_a_plain_secret() {
    let world = World::start().await;
    for (body, word) in [
        (json!({"url": "http://example.com/h"}), "HTTPS"),
        (json!({"url": "https://example.com:9000/h"}), "ports"),
        (json!({"url": "https://example.com/h", "secret_token": "no spaces"}), "secret token"),
        (json!({"url": "https://example.com/h", "max_connections": 101}), "max_connections"),
    ] {
        let answer = call(&world, "setWebhook", body).await;
        let (status, words) = refusal(&answer);
        assert!(status == 400 && words.contains(word), "{words}");
    }
    let listed = json!({"url": "https://example.com/h", "allowed_updates": ["message"]});
    assert_eq!(call(&world, "setWebhook", listed).await.status, 200);
    // Left out, the list stays.
    assert_eq!(call(&world, "setWebhook", json!({"url": "https://example.com/other"})).await.status, 200);
    let info = call(&world, "getWebhookInfo", json!({})).await.json["result"].clone();
    assert_eq!(
        (&info["url"], &info["allowed_updates"]),
        (&json!("https://example.com/other"), &json!(["message"]))
    );
    assert_eq!(refusal(&call(&world, "getUpdates", json!({})).await).0, 409);
    assert_eq!(call(&world, "deleteWebhook", json!({})).await.json["result"], true);
    assert_eq!(call(&world, "getWebhookInfo", json!({})).await.json["result"]["url"], "");
}

#[tokio::test]
async fn updates_carry_the_secret_and_growing_numbers() {
    let updates = Updates::start().await;
    let (world, chat) = started(&updates).await;
    let mut last = 0;
    for words in ["uno", "dos"] {
        world.says(ANA, TELEGRAM, words).await;
        let hook = updates.next().await;
        assert_eq!(hook.headers["x-telegram-bot-api-secret-token"], SECRET);
        let update = hook.json;
        assert_eq!(
            (&update["message"]["text"], &update["message"]["chat"]["id"]),
            (&json!(words), &json!(chat))
        );
        assert!(update["update_id"].as_i64().unwrap() > last);
        last = update["update_id"].as_i64().unwrap();
    }
    assert_eq!(call(&world, "getWebhookInfo", json!({})).await.json["result"]["pending_update_count"], 0);
}

#[tokio::test]
async fn an_update_is_repeated_until_it_is_answered() {
    let updates = Updates::start().await;
    let (world, _) = started(&updates).await;
    updates.receiver.will_answer(&[500]);
    world.says(ANA, TELEGRAM, "otra vez").await;
    let first = updates.next().await.json;
    let info = call(&world, "getWebhookInfo", json!({})).await.json["result"].clone();
    assert_eq!(updates.next().await.json, first, "the same update, with the same number");
    assert_eq!(info["pending_update_count"], 1);
}

#[tokio::test]
async fn a_message_is_taken_or_refused_as_documented() {
    let updates = Updates::start().await;
    let (world, chat) = started(&updates).await;
    let taken = call(&world, "sendMessage", json!({"chat_id": chat, "text": "Hola"})).await;
    assert_eq!((taken.status, &taken.json["result"]["text"]), (200, &json!("Hola")));
    assert!(taken.json["result"]["message_id"].is_i64() && taken.json["result"]["chat"]["id"] == chat);
    let inline = |data: String| json!({"inline_keyboard": [[{"text": "x", "callback_data": data}]]});
    for (method, body, word) in [
        ("sendMessage", json!({"text": "x"}), "chat_id is empty"),
        ("sendMessage", json!({"chat_id": 1, "text": "x"}), "chat not found"),
        ("sendMessage", json!({"chat_id": chat, "text": " "}), "message text is empty"),
        ("sendMessage", json!({"chat_id": chat, "text": "x".repeat(4097)}), "message is too long"),
        (
            "sendMessage",
            json!({"chat_id": chat, "text": "<x>", "parse_mode": "HTML"}),
            "can't parse entities",
        ),
        (
            "sendMessage",
            json!({"chat_id": chat, "text": "x", "reply_markup": inline("a".repeat(65))}),
            "BUTTON_DATA_INVALID",
        ),
        ("sendPhoto", json!({"chat_id": chat, "photo": "nothing"}), "wrong file identifier"),
        (
            "sendPhoto",
            json!({"chat_id": chat, "photo": "https://a.invalid/x.jpg"}),
            "failed to get HTTP URL content",
        ),
        (
            "sendDocument",
            json!({"chat_id": chat, "document": "https://example.com/x.docx"}),
            "wrong type of the web page",
        ),
        (
            "sendPhoto",
            json!({"chat_id": chat, "photo": "https://example.com/x.jpg", "caption": "x".repeat(1025)}),
            "caption is too long",
        ),
    ] {
        let answer = call(&world, method, body).await;
        let (status, words) = refusal(&answer);
        assert!(status == 400 && words.contains(word), "{method}: {words}");
    }
    world.put(&format!("/sim/v1/phones/{ANA}"), json!({"blocked": true})).await;
    let update = updates.next().await.json;
    assert_eq!(update["my_chat_member"]["new_chat_member"]["status"], "kicked");
    let blocked = call(&world, "sendMessage", json!({"chat_id": chat, "text": "x"})).await;
    assert_eq!(refusal(&blocked), (403, "Forbidden: bot was blocked by the user"));
}

#[tokio::test]
async fn too_much_is_throttled_with_the_seconds_to_wait() {
    let updates = Updates::start().await;
    let (world, chat) = started(&updates).await;
    world.put("/sim/v1/limits", json!({"provider": TELEGRAM, "perSecond": 1})).await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(call(&world, "sendMessage", json!({"chat_id": chat, "text": "x"})).await);
    }
    let last = answers.last().unwrap();
    assert_eq!(refusal(last).0, 429);
    assert!(last.json["parameters"]["retry_after"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_file_of_a_phone_can_be_fetched_by_its_id() {
    let updates = Updates::start().await;
    let (world, _) = started(&updates).await;
    let said = json!({"type": "image", "provider": TELEGRAM, "caption": "pie"});
    world.post(&format!("/sim/v1/phones/{ANA}/messages"), said).await;
    let message = updates.next().await.json["message"].clone();
    let sizes = message["photo"].as_array().unwrap();
    assert!(sizes.len() > 1 && message["caption"] == "pie");
    let file =
        call(&world, "getFile", json!({"file_id": sizes.last().unwrap()["file_id"]})).await.json["result"]
            .clone();
    let path = file["file_path"].as_str().unwrap();
    let url = format!("{}/file/bot{}/{path}", world.set(TELEGRAM, "base_url"), world.set(TELEGRAM, "token"));
    let fetched = world.get(&url).await;
    assert_eq!((fetched.status, fetched.bytes.len() as u64), (200, file["file_size"].as_u64().unwrap()));
}

/// The documented ways of giving parameters, all with the same result.
#[tokio::test]
async fn parameters_come_as_a_form_and_in_the_query_too() {
    let updates = Updates::start().await;
    let (world, chat) = started(&updates).await;
    let bot = format!("{}/bot{}", world.set(TELEGRAM, "base_url"), world.set(TELEGRAM, "token"));
    let markup = json!({"inline_keyboard": [[{"text": "Sí", "callback_data": "1"}]]}).to_string();
    let fields = |words: &str| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("chat_id", &chat.to_string()).append_pair("text", words);
        form.append_pair("reply_markup", &markup).finish()
    };
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let url = format!("{bot}/sendMessage");
    let posted = world.try_call(Method::POST, &url, &kind, fields("42").into()).await.unwrap();
    let asked = world.get(&format!("{url}?{}", fields("[43]"))).await;
    for (answer, words) in [(posted, "42"), (asked, "[43]")] {
        assert_eq!(answer.json["result"]["text"], words, "{}", answer.json);
        let button = &answer.json["result"]["reply_markup"]["inline_keyboard"][0][0];
        assert_eq!(button["callback_data"], "1");
    }
}
