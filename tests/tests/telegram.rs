//! Telegram, whole: what goes out by every kind of message, what comes in, and every way that it fails.

use e2e::world::{PHONE, current};
use e2e::{World, text, until};
use serde_json::{Value, json};

const SOURCE: &str = "telegram";
/// The token of the simulator's bot, which nobody may ever be shown.
const TOKEN: &str = "SimulatorOnlyToken";

/// The phone's page, with Telegram open.
async fn phone_page(world: &World, place: &str) -> String {
    let url = format!("{}/phones/{PHONE}{place}?app=telegram", world.simulator_url());
    world.http.call("GET", &url, &[], "").await.expect("the simulator answers").text()
}

#[tokio::test]
async fn a_text_is_sent_and_nothing_later_is_promised() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let id = world.sent(&channel, text("Hola <b>Ana</b> 😀")).await;
    let shown = world.arrived(SOURCE, id).await;
    assert_eq!(shown["body"], "Hola <b>Ana</b> 😀", "nothing is taken for formatting");
    world.simulator("POST", &format!("/phones/{PHONE}/open"), json!({})).await;
    let message = world.message(id).await;
    let values: Vec<&Value> =
        message["status"].as_array().into_iter().flatten().map(|s| &s["value"]).collect();
    assert_eq!(values, ["pending", "sent"]);
    // The contact is the one of the other channels: it shared its own card.
    let by_phone = format!("/contact/phone:{PHONE}/message");
    let body = json!({"channelId": channel.id, "message": text("por su número")});
    let answer = world.api("POST", &by_phone, body).await.json();
    world.arrived(SOURCE, answer["messageId"].as_i64().unwrap()).await;
}

#[tokio::test]
async fn a_long_text_arrives_in_order_and_whole() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let words: Vec<String> = (0..1500).map(|n| format!("palabra{n}")).collect();
    let before = world.shown(SOURCE).await.len();
    let id = world.sent(&channel, text(&words.join(" "))).await;
    world.reaches(id, "sent").await;
    let shown = until("all of it is there", || async {
        let shown: Vec<Value> = world.shown(SOURCE).await.split_off(before);
        let whole: Vec<&str> = shown.iter().filter_map(|message| message["body"].as_str()).collect();
        (whole.join(" ") == words.join(" ")).then(|| whole.iter().map(|part| part.len()).collect::<Vec<_>>())
    })
    .await;
    assert!(shown.len() > 3 && shown.iter().all(|length| *length <= 4096), "{shown:?}");
}

#[tokio::test]
async fn each_attachment_goes_by_its_own_method() {
    let (world, channel) = World::demo_on(SOURCE).await;
    for (kind, url, method, shown_as) in [
        ("image", "https://ejemplo.ec/foto.jpg", "sendPhoto", "image"),
        ("video", "https://ejemplo.ec/clip.mp4", "sendVideo", "video"),
        ("audio", "https://ejemplo.ec/tema.mp3", "sendAudio", "audio"),
        ("audio", "https://ejemplo.ec/nota.ogg?v=2", "sendVoice", "voice"),
        ("file", "https://ejemplo.ec/factura.pdf", "sendDocument", "document"),
    ] {
        let id = world
            .sent(&channel, json!({"type": "attachment", "attachment": {"type": kind, "url": url}}))
            .await;
        let shown = world.arrived(SOURCE, id).await;
        assert_eq!((&shown["media"]["type"], &shown["media"]["link"]), (&json!(shown_as), &json!(url)));
        let calls = world.exchanges(SOURCE).await;
        let path = calls.last().unwrap()["path"].as_str().unwrap();
        assert!(path.ends_with(method), "{path}");
    }
    let gone =
        json!({"type": "attachment", "attachment": {"type": "file", "url": "https://nada.invalid/a.pdf"}});
    let error = world.failed_with(world.sent(&channel, gone).await).await;
    assert_eq!(
        (&error["code"], &error["providerCode"]),
        (&json!("media_unreachable"), &json!(400)),
        "{error}"
    );
}

/// By link Telegram takes documents of few types; any other is fetched here and uploaded.
#[tokio::test]
async fn a_document_of_any_type_is_uploaded_under_its_name() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let host = e2e::files::host([("/hoja.xlsx", &b"PK\x03\x04 sheet"[..])]).await;
    let file = |path: &str| {
        let attachment = json!({"type": "file", "url": format!("{host}{path}")});
        json!({"type": "attachment", "attachment": attachment})
    };
    let id = world.sent(&channel, file("/hoja.xlsx")).await;
    let shown = world.arrived(SOURCE, id).await;
    assert_eq!(
        (&shown["media"]["type"], &shown["media"]["filename"]),
        (&json!("document"), &json!("hoja.xlsx"))
    );
    let calls = world.exchanges(SOURCE).await;
    let call = calls.last().unwrap();
    assert!(call["headers"].to_string().contains("multipart/form-data"), "{call}");
    assert!(call["body"].as_str().unwrap().contains("PK\u{3}\u{4} sheet"), "its bytes went out: {call}");
    // People see what was uploaded, not its bytes.
    let timeline = until("the call is in the timeline", || async {
        let timeline = world.admin("GET", &format!("/messages/{id}"), Value::Null).await.text();
        timeline.contains("hoja.xlsx").then_some(timeline)
    })
    .await;
    assert!(timeline.contains("upload") && !timeline.contains(" sheet"), "{timeline}");
    let error = world.failed_with(world.sent(&channel, file("/nada.docx")).await).await;
    assert_eq!(error["code"], "media_unreachable", "{error}");
    assert!(error.to_string().contains("HTTP 404"), "{error}");
}

#[tokio::test]
async fn a_key_of_the_keyboard_comes_back_as_its_text() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let replies = ["Sí", "No", "Más tarde"];
    let id =
        world.sent(&channel, json!({"type": "quick_reply", "title": "¿Vienes?", "replies": replies})).await;
    let shown = world.arrived(SOURCE, id).await;
    let labels: Vec<&Value> = shown["buttons"].as_array().into_iter().flatten().map(|b| &b["text"]).collect();
    assert_eq!(labels, replies);
    let page = phone_page(&world, "").await;
    assert!(page.contains("class=\"keyboard\"") && page.contains("Más tarde"), "the keys can be tapped");
    world.writes(SOURCE, PHONE, json!({"type": "button", "messageId": shown["id"], "index": 2})).await;
    world.received("the label", |message| message["text"] == "Más tarde").await;
    let page = phone_page(&world, "").await;
    assert!(!page.contains("class=\"keyboard\""), "it goes once a key was used");
}

#[tokio::test]
async fn a_button_under_the_message_comes_back_with_its_label_and_stops_spinning() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let set = |value: &str| json!({"set": {"quick_replies": value}});
    let path = format!("/channels/{}/settings", channel.id);
    let refused = world.admin("POST", &path, set("loud")).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_eq!(refused.json()["errors"][0]["pointer"], "/set/quick_replies");
    assert_eq!(world.admin("POST", &path, set("inline")).await.status, 200);
    let message = json!({"type": "quick_reply", "title": "¿Vienes?", "replies": ["Sí, claro", "No"]});
    let id = world.sent(&channel, message).await;
    let shown = world.arrived(SOURCE, id).await;
    assert_eq!(shown["buttons"][0]["type"], "inline");
    world.writes(SOURCE, PHONE, json!({"type": "button", "messageId": shown["id"], "index": 0})).await;
    world.received("the tap", |message| message.to_string().contains("Sí, claro")).await;
    // Telegram was answered in the webhook's own answer.
    until("the button stops spinning", || async {
        let page = phone_page(&world, "/thread").await;
        page.rsplit("<article").next().is_some_and(|last| last.contains("✓✓")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_raw_body_goes_to_the_contact_and_to_nobody_else() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let payload = json!({"chat_id": 42, "text": "<b>Hola</b>", "parse_mode": "HTML"});
    let id = world.sent(&channel, json!({"type": "custom_payload", "payload": payload})).await;
    assert_eq!(world.arrived(SOURCE, id).await["body"], "Hola");
    let notes = world.message(id).await["notes"].clone();
    assert_eq!(notes[0]["code"], "recipient_replaced", "{notes}");
    let place = json!({"method": "sendLocation", "latitude": -0.18, "longitude": -78.48});
    let id = world.sent(&channel, json!({"type": "custom_payload", "payload": place})).await;
    assert_eq!(world.arrived(SOURCE, id).await["location"]["latitude"], -0.18);
    for (payload, pointer) in [
        (json!({"method": "setWebhook", "url": "https://x.ec"}), "/message/payload/method"),
        (json!({"method": "logOut"}), "/message/payload/method"),
        (json!({"text": "x", "business_connection_id": "b"}), "/message/payload/business_connection_id"),
    ] {
        let answer = world.send(&channel, json!({"type": "custom_payload", "payload": payload})).await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["pointer"]), (400, &json!(pointer)));
    }
    let without = json!({"message": {"type": "custom_payload", "payload": {"text": "x"}}});
    let answer = world.api("POST", "/contact/id:123/message", without).await;
    assert_eq!((answer.status, &answer.json()["errors"][0]["pointer"]), (400, &json!("/channelId")));
    let wrong = json!({"type": "custom_payload", "payload": {"text": "<b>Hola", "parse_mode": "HTML"}});
    let id = world.sent(&channel, wrong).await;
    let error = world.failed_with(id).await;
    assert!(error["fix"].as_str().unwrap().contains("Close every tag"), "{error}");
}

#[tokio::test]
async fn every_kind_of_message_comes_in() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let hello = world.writes(SOURCE, PHONE, text("hola por Telegram")).await;
    world.received("the text", |m| m["text"] == "hola por Telegram").await;
    world.writes(SOURCE, PHONE, text("/start ref123")).await;
    world.received("the start", |m| m["text"] == "/start ref123").await;
    for (kind, word) in [
        ("image", "image"),
        ("video", "video"),
        ("audio", "audio"),
        ("voice", "audio"),
        ("document", "file"),
        ("sticker", "image"),
    ] {
        let mark = format!("pie de {kind}");
        world.writes(SOURCE, PHONE, json!({"type": kind, "caption": mark})).await;
        world
            .received(kind, |m| {
                // A sticker has no words under it.
                let is_marked =
                    m.to_string().contains(&mark) || kind == "sticker" && !m.to_string().contains("pie de");
                m["attachment"]["type"] == word && is_marked
            })
            .await;
    }
    world
        .writes(
            SOURCE,
            PHONE,
            json!({"type": "location", "latitude": -0.18, "longitude": -78.48, "name": "Parque"}),
        )
        .await;
    world
        .received("the place", |m| m.to_string().contains("-78.48") && m.to_string().contains("Parque"))
        .await;
    let card = json!({"name": {"formatted_name": "Luis"}, "phones": [{"phone": "+593997333444"}]});
    world.writes(SOURCE, PHONE, json!({"type": "contacts", "contacts": [card]})).await;
    world.received("the card", |m| m.to_string().contains("Luis")).await;
    world
        .writes(SOURCE, PHONE, json!({"type": "edit", "messageId": hello["id"], "text": "hola, corregido"}))
        .await;
    world.received("the change", |m| m["text"] == "hola, corregido").await;
    world.received("what stood there before", |m| m["text"] == "hola por Telegram").await;
    let id = world.sent(&channel, text("¿me lees?")).await;
    let shown = world.arrived(SOURCE, id).await;
    world.writes(SOURCE, PHONE, json!({"type": "text", "text": "te leo", "replyTo": shown["id"]})).await;
    world.received("the answer", |m| m["text"] == "te leo").await;
    world.writes(SOURCE, PHONE, json!({"type": "unsupported"})).await;
    world.received("what cannot be shown", |m| m.to_string().contains("poll")).await;
    assert!(world.inbox().await.thread().await.contains("hola, corregido"), "the inbox shows it");
}

#[tokio::test]
async fn a_stranger_is_a_contact_of_its_own_by_its_chat() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let other = "+593987654321";
    let said = json!({"type": "text", "text": "soy nueva", "provider": SOURCE});
    world.simulator("POST", &format!("/phones/{other}/messages"), said).await;
    let name = world.simulator("GET", &format!("/phones/{other}"), Value::Null).await["name"].clone();
    let found = until("the contact is there", || async {
        let page = world.inbox().await.get("/messages").await.text();
        let name = name.as_str().unwrap();
        let row = page.split("<a ").find(|row| row.contains(name) && row.contains("/messages/"))?.to_owned();
        let digits =
            row.split("/messages/").nth(1)?.chars().take_while(char::is_ascii_digit).collect::<String>();
        digits.parse::<i64>().ok()
    })
    .await;
    assert_ne!(found, 123);
    let body = json!({"channelId": channel.id, "message": text("bienvenida")});
    let answer = world.api("POST", &format!("/contact/id:{found}/message"), body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    until("it is answered", || async {
        world.phone(other).await.iter().any(|m| m["body"] == "bienvenida").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_contact_that_blocks_the_bot_fails_at_once_and_others_do_not() {
    let (world, channel) = World::demo_on(SOURCE).await;
    world.writes(SOURCE, PHONE, text("la última")).await;
    world.received("its last message", |m| m["text"] == "la última").await;
    let blocked = async |blocked: bool| {
        world.simulator("PUT", &format!("/phones/{PHONE}"), json!({"blocked": blocked})).await;
        until("the conversation says it", || async {
            (world.inbox().await.thread().await.contains("data-shut") == blocked).then_some(())
        })
        .await;
    };
    blocked(true).await;
    let before = world.exchanges(SOURCE).await.len();
    let id = world.sent(&channel, text("¿estás?")).await;
    let error = world.failed_with(id).await;
    assert_eq!(error["code"], "recipient_refused", "{error}");
    assert_eq!((&error["actor"], &error["retryable"]), (&json!("contact"), &json!(false)));
    assert_eq!(world.exchanges(SOURCE).await.len(), before, "Telegram was not called");
    blocked(false).await;
    let id = world.sent(&channel, text("hola de nuevo")).await;
    world.arrived(SOURCE, id).await;
    let list = world.admin("GET", "/channels", Value::Null).await.json();
    let own = list["items"].as_array().into_iter().flatten().find(|c| c["id"] == channel.id).unwrap().clone();
    assert_eq!(own["state"], "connected", "one contact's wish holds nothing");
}

#[tokio::test]
async fn being_throttled_is_waited_out_as_long_as_telegram_asks() {
    let (world, channel) = World::demo_on(SOURCE).await;
    world.fault(SOURCE, json!({"code": 429})).await;
    let id = world.sent(&channel, text("sin prisa")).await;
    until("it was tried", || async {
        let steps = world.admin("GET", &format!("/messages/{id}"), Value::Null).await.json();
        steps["timeline"].to_string().contains("slow_down").then_some(())
    })
    .await;
    assert_eq!(current(&world.message(id).await), "pending");
    world.no_faults().await;
    world.advance("1m").await;
    world.arrived(SOURCE, id).await;
}

#[tokio::test]
async fn a_revoked_token_holds_the_channel_and_a_new_one_lets_it_go_on() {
    let (world, channel) = World::demo_on(SOURCE).await;
    world.fault(SOURCE, json!({"code": 401})).await;
    let id = world.sent(&channel, text("espera su turno")).await;
    until("the channel is held", || async {
        let list = world.admin("GET", "/channels", Value::Null).await.json();
        let mut items = list["items"].as_array().into_iter().flatten();
        items.any(|c| c["id"] == channel.id && c["state"] == "held").then_some(())
    })
    .await;
    let check = format!("/channels/{}/check", channel.id);
    let answer = world.admin("POST", &check, json!({})).await;
    assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("credentials_refused")));
    assert_eq!(current(&world.message(id).await), "pending", "nothing is lost");
    world.no_faults().await;
    let accounts = world.simulator("GET", "/accounts", Value::Null).await;
    let own =
        accounts.as_array().into_iter().flatten().find(|a| a["source"] == SOURCE).unwrap()["set"].clone();
    let settings = format!("/channels/{}/settings", channel.id);
    let wrong = world.admin("POST", &settings, json!({"set": {"token": "7001234567:wrong"}})).await;
    assert_eq!(wrong.status, 400, "a token that Telegram does not know is not kept");
    let renewed = world.admin("POST", &settings, json!({"set": {"token": own["token"]}})).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    assert_eq!(world.admin("POST", &format!("/channels/{}/resume", channel.id), json!({})).await.status, 200);
    world.arrived(SOURCE, id).await;
    assert_eq!(world.admin("POST", &check, json!({})).await.status, 200);
}

#[tokio::test]
async fn a_check_tells_when_another_program_has_taken_the_bot() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let check = format!("/channels/{}/check", channel.id);
    assert_eq!(world.admin("POST", &check, json!({})).await.status, 200);
    let accounts = world.simulator("GET", "/accounts", Value::Null).await;
    let own =
        accounts.as_array().into_iter().flatten().find(|a| a["source"] == SOURCE).unwrap()["set"].clone();
    let bot = format!("{}/bot{}", own["base_url"].as_str().unwrap(), own["token"].as_str().unwrap());
    let theirs = json!({"url": "https://otro.ejemplo.ec/hook"});
    let taken = world.http.json("POST", &format!("{bot}/setWebhook"), "", &theirs).await.unwrap();
    assert_eq!(taken.status, 200);
    let answer = world.admin("POST", &check, json!({})).await;
    assert_eq!(answer.status, 400);
    assert!(answer.json()["message"].as_str().unwrap().contains("another program"), "{}", answer.text());
    // Setting the token again takes it back.
    let settings = format!("/channels/{}/settings", channel.id);
    assert_eq!(world.admin("POST", &settings, json!({"set": {"token": own["token"]}})).await.status, 200);
    assert_eq!(world.admin("POST", &check, json!({})).await.status, 200);
    world.writes(SOURCE, PHONE, text("otra vez aquí")).await;
    world.received("the contact's message", |m| m["text"] == "otra vez aquí").await;
}

#[tokio::test]
async fn a_lost_answer_stays_unknown_until_a_person_decides() {
    let (world, channel) = World::demo_on(SOURCE).await;
    world.fault(SOURCE, json!({"cut": "after"})).await;
    let id = world.unknown(&channel, "quién sabe").await;
    world.no_faults().await;
    let bubble = world.inbox().await.bubble(id).await;
    assert_eq!(bubble.status, "unknown");
    for choice in ["resend", "leave"] {
        assert!(bubble.html.contains(&format!("value=\"{choice}\"")), "{}", bubble.html);
    }
    world.advance("2h").await;
    let later = world.sent(&channel, text("después")).await;
    world.arrived(SOURCE, later).await;
    let times = |words: &'static str| {
        let world = &world;
        async move { world.shown(SOURCE).await.iter().filter(|m| m["body"] == words).count() }
    };
    assert_eq!(times("quién sabe").await, 1, "it had arrived, and is never resent by itself");
    let path = format!("/messages/{id}/resolve");
    assert_eq!(world.admin("POST", &path, json!({"choice": "leave"})).await.status, 200);
    assert_eq!(world.failed_with(id).await["code"], "outcome_unknown");
    world.fault(SOURCE, json!({"cut": "before"})).await;
    let id = world.unknown(&channel, "otra vez").await;
    world.no_faults().await;
    let path = format!("/messages/{id}/resolve");
    assert_eq!(world.admin("POST", &path, json!({"choice": "resend"})).await.status, 200);
    world.arrived(SOURCE, id).await;
    assert_eq!(times("otra vez").await, 1);
}

#[tokio::test]
async fn a_page_of_a_proxy_is_unknown_and_telegrams_own_fault_is_tried_again() {
    let (world, channel) = World::demo_on(SOURCE).await;
    world.fault(SOURCE, json!({"httpStatus": 502})).await;
    world.unknown(&channel, "detrás de un proxy").await;
    world.fault(SOURCE, json!({"code": 500})).await;
    world.advance("1m").await;
    let id = world.sent(&channel, text("con paciencia")).await;
    until("it was tried", || async {
        let steps = world.admin("GET", &format!("/messages/{id}"), Value::Null).await.json();
        steps["timeline"].to_string().contains("\"retry\"").then_some(())
    })
    .await;
    world.no_faults().await;
    world.advance("5m").await;
    world.arrived(SOURCE, id).await;
}

#[tokio::test]
async fn the_token_is_shown_nowhere() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let id = world.sent(&channel, text("sin secretos")).await;
    world.arrived(SOURCE, id).await;
    world.fault(SOURCE, json!({"code": 401})).await;
    let held = world.sent(&channel, text("retenido")).await;
    until("the channel is held", || async {
        let list = world.admin("GET", "/channels", Value::Null).await.text();
        list.contains("\"held\"").then_some(())
    })
    .await;
    let mut shown = String::new();
    for id in [id, held] {
        shown.push_str(&world.admin("GET", &format!("/messages/{id}"), Value::Null).await.text());
        shown.push_str(&world.message(id).await.to_string());
        shown.push_str(&world.inbox().await.permalink(id).await);
    }
    let body = json!({"channelId": channel.id, "message": text("ensayo")});
    let dry = world.api("POST", "/contact/id:123/message?dryRun=true", body).await;
    assert!(
        dry.json()["request"]["url"].as_str().unwrap().ends_with("/bot***/sendMessage"),
        "{}",
        dry.text()
    );
    shown.push_str(&dry.text());
    for path in ["/channels", "/check", "/health"] {
        shown.push_str(&world.admin("GET", path, Value::Null).await.text());
    }
    assert!(shown.contains("/bot***/sendMessage"), "the exchange is kept, masked");
    assert!(!shown.contains(TOKEN));
}

#[tokio::test]
async fn a_bot_is_disconnected_and_its_messages_stay() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let path = format!("/channels/{}/remove", channel.id);
    world.fault(SOURCE, json!({"code": 429})).await;
    let id = world.sent(&channel, text("aún espera")).await;
    let refused = world.admin("POST", &path, json!({})).await;
    assert_eq!((refused.status, &refused.json()["error"]), (409, &json!("conflict")), "{}", refused.text());
    world.no_faults().await;
    world.advance("1m").await;
    world.arrived(SOURCE, id).await;
    let removed = world.admin("POST", &path, json!({})).await;
    assert_eq!(removed.status, 200, "{}", removed.text());
    let last = world.exchanges(SOURCE).await.last().unwrap()["path"].as_str().unwrap().to_owned();
    assert!(last.ends_with("/deleteWebhook"), "{last}");
    assert_eq!(world.send(&channel, text("ya no")).await.status, 404);
    assert_eq!(world.message(id).await["message"]["text"], "aún espera");
    assert!(world.inbox().await.thread().await.contains("aún espera"));
}

#[tokio::test]
async fn a_webhook_without_the_secret_is_refused() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let list = world.admin("GET", "/channels", Value::Null).await.json();
    let own = list["items"].as_array().into_iter().flatten().find(|c| c["id"] == channel.id).unwrap().clone();
    let url = own["webhookUrl"].as_str().unwrap();
    let update = json!({"update_id": 1, "message": {"message_id": 1, "date": 1, "text": "falso",
        "from": {"id": 5, "is_bot": false, "first_name": "Nadie"}, "chat": {"id": 5, "type": "private"}}});
    for secret in [None, Some("wrong")] {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(secret.map(|secret| ("x-telegram-bot-api-secret-token", secret)));
        let answer = world.http.call("POST", url, &headers, update.to_string()).await.unwrap();
        assert_eq!(answer.status, 401);
    }
    // The same message told twice is one: Telegram repeats until it is answered.
    world.simulator("PUT", &format!("/phones/{PHONE}"), json!({"name": "Ana Torres"})).await;
    world.writes(SOURCE, PHONE, text("una sola vez")).await;
    world.received("the text", |m| m["text"] == "una sola vez").await;
}
