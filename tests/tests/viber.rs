//! Viber, whole: what goes out by every kind of message, what is reported and what comes in, and every way that
//! it fails under HTTP 200.

use e2e::world::{PHONE, current};
use e2e::{World, attachment, text, until};
use serde_json::{Value, json};

const SOURCE: &str = "viber";
const SEND: &str = "/viber/pa/send_message";

/// The messages sent so far, oldest first.
async fn sends(world: &World) -> Vec<Value> {
    world.exchanges(SOURCE).await.into_iter().filter(|call| call["path"] == SEND).collect()
}

#[tokio::test]
async fn a_text_is_sent_delivered_and_read() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let id = world.sent(&channel, text("Hola <b>Ana</b> 😀")).await;
    let message = world.reaches(id, "delivered").await;
    let token = message["channelMessageId"].as_str().unwrap().to_owned();
    assert!(token.parse::<u64>().unwrap() > 1 << 53, "it is kept exactly: {token}");
    assert_eq!(world.arrived(SOURCE, id).await["body"], "Hola <b>Ana</b> 😀");
    world.simulator("POST", &format!("/phones/{PHONE}/open"), json!({})).await;
    world.reaches(id, "read").await;
    let call = sends(&world).await.last().unwrap()["body"].clone();
    assert_eq!(call["sender"]["name"], "Ecuabots");
    let before = world.shown(SOURCE).await.len();
    let long: Vec<String> = (0..1500).map(|n| format!("palabra{n}")).collect();
    world.sent(&channel, text(&long.join(" "))).await;
    until("all of it is there", || async {
        let shown: Vec<Value> = world.shown(SOURCE).await.split_off(before);
        let whole: Vec<&str> = shown.iter().filter_map(|message| message["body"].as_str()).collect();
        (whole.len() > 1 && whole.join(" ") == long.join(" ")).then_some(())
    })
    .await;
}

/// Viber names a message by an id that its answer alone gives; the report of it can be far ahead of a slow one.
#[tokio::test]
async fn a_report_that_comes_long_before_the_answer_is_not_lost() {
    let (world, channel) = World::demo_on(SOURCE).await;
    world.fault(SOURCE, json!({"receipts": "early", "delayMs": 5000})).await;
    let id = world.sent(&channel, text("respuesta lenta")).await;
    world.reaches(id, "delivered").await;
}

/// Reports come late, twice and in any order, and for what the contact itself wrote.
#[tokio::test]
async fn reports_move_a_message_forwards_only() {
    let (world, channel) = World::demo_on(SOURCE).await;
    for mode in ["double", "reorder", "late"] {
        world.fault(SOURCE, json!({"receipts": mode})).await;
        let id = world.sent(&channel, text(mode)).await;
        world.reaches(id, "delivered").await;
    }
    world.fault(SOURCE, json!({"receipts": "none"})).await;
    let id = world.sent(&channel, text("sin avisos")).await;
    world.arrived(SOURCE, id).await;
    assert_eq!(current(&world.message(id).await), "sent");
    world.no_faults().await;
}

#[tokio::test]
async fn each_attachment_has_what_viber_wants() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let host = e2e::files::host([
        ("/foto.png", &b"\x89PNG\r\n\x1a\n picture"[..]),
        ("/clip.mp4", &b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"[..]),
        ("/tema.mp3", &b"ID3 music"[..]),
        ("/factura.pdf", &b"%PDF-1.4 invoice"[..]),
    ])
    .await;
    for (kind, path, shown_as, size) in [
        ("image", "/foto.png", "image", None),
        ("video", "/clip.mp4", "video", Some(24)),
        ("audio", "/tema.mp3", "document", Some(9)),
        ("file", "/factura.pdf", "document", Some(16)),
    ] {
        let url = format!("{host}{path}");
        let id = world.sent(&channel, attachment(kind, &url)).await;
        let shown = world.arrived(SOURCE, id).await;
        assert_eq!((&shown["media"]["type"], &shown["media"]["link"]), (&json!(shown_as), &json!(url)));
        let call = sends(&world).await.last().unwrap()["body"].clone();
        assert_eq!(call["size"].as_u64(), size, "{call}");
        if shown_as == "document" {
            assert_eq!(shown["media"]["filename"], path.trim_start_matches('/'));
        }
    }
    let gone = world.sent(&channel, attachment("file", &format!("{host}/nada.pdf"))).await;
    assert_eq!(world.failed_with(gone).await["code"], "media_unreachable");
    // What Viber finds only later comes by its report.
    let photo = world.sent(&channel, attachment("image", "https://nada.invalid/foto.png")).await;
    let error = world.failed_with(photo).await;
    assert!(error.to_string().contains("could not be resolved"), "{error}");
}

#[tokio::test]
async fn a_key_of_the_keyboard_comes_back_as_its_text() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let ask = |replies: Value| json!({"type": "quick_reply", "title": "¿Confirmas?", "replies": replies});
    let id = world.sent(&channel, ask(json!(["Sí", "Más tarde", "No"]))).await;
    let shown = world.arrived(SOURCE, id).await;
    world.writes(SOURCE, PHONE, json!({"type": "button", "messageId": shown["id"], "index": 1})).await;
    world.received("the tap", |m| m["text"] == "Más tarde").await;
    let many: Vec<String> = (0..25).map(|n| n.to_string()).collect();
    let refused = world.send(&channel, ask(json!(many))).await;
    assert!(refused.status == 400 && refused.text().contains("24"), "{}", refused.text());
}

#[tokio::test]
async fn a_raw_body_goes_to_the_contact_and_to_nobody_else() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let buttons =
        json!([{"Columns": 6, "Rows": 1, "ActionType": "reply", "ActionBody": "comprar", "Text": "Comprar"}]);
    let rich = json!({"type": "rich_media", "min_api_version": 7, "alt_text": "la oferta", "receiver": "otro",
        "rich_media": {"Type": "rich_media", "ButtonsGroupColumns": 6, "ButtonsGroupRows": 1, "Buttons": buttons}});
    let id = world.sent(&channel, json!({"type": "custom_payload", "payload": rich})).await;
    let shown = world.arrived(SOURCE, id).await;
    assert_eq!(shown["body"], "la oferta");
    assert_eq!(world.message(id).await["notes"][0]["code"], "recipient_replaced");
    world.writes(SOURCE, PHONE, json!({"type": "button", "messageId": shown["id"], "index": 0})).await;
    world.received("the tap", |m| m["text"] == "comprar").await;
    for key in ["auth_token", "broadcast_list", "from", "chat_id"] {
        let payload = json!({"type": "text", "text": "x", key: "y"});
        let answer = world.send(&channel, json!({"type": "custom_payload", "payload": payload})).await;
        assert!(answer.status == 400 && answer.text().contains(key), "{}", answer.text());
    }
    let mut old = rich.clone();
    old["min_api_version"] = json!(3);
    let error = world
        .failed_with(world.sent(&channel, json!({"type": "custom_payload", "payload": old})).await)
        .await;
    assert_eq!((&error["code"], &error["providerCode"]), (&json!("provider_refused"), &json!(14)));
}

#[tokio::test]
async fn every_kind_of_message_comes_in() {
    let (world, _) = World::demo_on(SOURCE).await;
    world.writes(SOURCE, PHONE, text("buenas")).await;
    world.received("a text", |m| m["text"] == "buenas").await;
    world.writes(SOURCE, PHONE, json!({"type": "location", "latitude": -0.18, "longitude": -78.46})).await;
    world.received("a place", |m| m.to_string().contains("-78.46")).await;
    let card = json!({"name": {"formatted_name": "Luis"}, "phones": [{"phone": "+593990001122"}]});
    world.writes(SOURCE, PHONE, json!({"type": "contacts", "contacts": [card]})).await;
    world.received("a card", |m| m.to_string().contains("+593990001122")).await;
    world.writes(SOURCE, PHONE, json!({"type": "sticker"})).await;
    world.received("a sticker", |m| m["attachment"]["type"] == "image").await;
    for (said, kind) in [
        (json!({"type": "image", "caption": "mira"}), "image"),
        (json!({"type": "document", "filename": "hoja.pdf"}), "file"),
        (json!({"type": "video"}), "video"),
    ] {
        world.writes(SOURCE, PHONE, said).await;
        let item = world
            .received("its file is here", |m| {
                m["attachment"]["type"] == kind && m["attachment"]["url"].is_string()
            })
            .await;
        let url = item["message"]["attachment"]["url"].as_str().unwrap().to_owned();
        assert_eq!(world.http.call("GET", &url, &[], "").await.unwrap().status, 200, "{url}");
    }
}

#[tokio::test]
async fn whoever_opens_the_chat_is_greeted_where_that_is_set() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let settings = format!("/channels/{}/settings", channel.id);
    let set = world
        .admin("POST", &settings, json!({"set": {"welcome": "¡Bienvenida!", "sender_name": "Tienda"}}))
        .await;
    assert_eq!(set.status, 200, "{}", set.text());
    let other = "/phones/+593990009988/messages";
    let shown = world.simulator("POST", other, json!({"type": "open", "provider": SOURCE})).await;
    assert_eq!(shown["body"], "¡Bienvenida!", "{shown}");
    // It is no subscription yet; its first message is.
    world.simulator("POST", other, json!({"type": "text", "text": "hola", "provider": SOURCE})).await;
    let again = world.simulator("POST", other, json!({"type": "open", "provider": SOURCE})).await;
    assert_eq!(again["type"], "open", "{again}");
    let long = world.admin("POST", &settings, json!({"set": {"sender_name": "a".repeat(29)}})).await;
    assert_eq!(long.status, 400);
}

#[tokio::test]
async fn a_contact_that_leaves_the_bot_fails_at_once_without_a_call() {
    let (world, channel) = World::demo_on(SOURCE).await;
    world.writes(SOURCE, PHONE, text("la última")).await;
    world.received("its last message", |m| m["text"] == "la última").await;
    let left = async |left: bool| {
        world.simulator("PUT", &format!("/phones/{PHONE}"), json!({"blocked": left})).await;
        until("the conversation says it", || async {
            (world.inbox().await.thread().await.contains("data-shut") == left).then_some(())
        })
        .await;
    };
    left(true).await;
    let before = sends(&world).await.len();
    let error = world.failed_with(world.sent(&channel, text("nadie lo lee")).await).await;
    assert_eq!(error["code"], "recipient_refused", "{error}");
    assert_eq!(sends(&world).await.len(), before, "Viber was not called");
    left(false).await;
    world.arrived(SOURCE, world.sent(&channel, text("de vuelta")).await).await;
    // A refusal is kept too, and a message of the contact ends it.
    world.fault(SOURCE, json!({"code": 6})).await;
    let error = world.failed_with(world.sent(&channel, text("no suscrita")).await).await;
    assert_eq!((&error["code"], &error["providerCode"]), (&json!("recipient_refused"), &json!(6)));
    world.no_faults().await;
    let error = world.failed_with(world.sent(&channel, text("tampoco")).await).await;
    assert_eq!((&error["code"], &error["providerCode"]), (&json!("recipient_unreachable"), &Value::Null));
    world.writes(SOURCE, PHONE, text("aquí estoy")).await;
    world.received("its message", |m| m["text"] == "aquí estoy").await;
    world.arrived(SOURCE, world.sent(&channel, text("por fin")).await).await;
}

#[tokio::test]
async fn limits_are_waited_out_and_what_is_used_up_parks_the_channel() {
    let (world, channel) = World::demo_on(SOURCE).await;
    world.fault(SOURCE, json!({"code": 12})).await;
    let id = world.sent(&channel, text("sin prisa")).await;
    world.tried(id, "slow_down").await;
    world.no_faults().await;
    world.advance("2m").await;
    world.arrived(SOURCE, id).await;
    for (code, words) in [(23, "free messages"), (24, "balance"), (2, "token")] {
        world.fault(SOURCE, json!({"code": code})).await;
        let id = world.sent(&channel, text(words)).await;
        let held = until("the channel is held", || async {
            let list = world.admin("GET", "/channels", Value::Null).await.json();
            let mut items = list["items"].as_array().cloned().unwrap_or_default().into_iter();
            items.find(|c| c["id"] == channel.id && c["state"] == "held").map(|c| c.to_string())
        })
        .await;
        assert!(held.contains(words), "{held}");
        assert_eq!(current(&world.message(id).await), "pending", "nothing is lost");
        world.no_faults().await;
        let resume = format!("/channels/{}/resume", channel.id);
        assert_eq!(world.admin("POST", &resume, json!({})).await.status, 200);
        world.arrived(SOURCE, id).await;
    }
}

#[tokio::test]
async fn a_lost_answer_stays_unknown_until_a_person_decides() {
    let (world, channel) = World::demo_on(SOURCE).await;
    world.fault(SOURCE, json!({"cut": "after"})).await;
    let id = world.sent(&channel, text("quién sabe")).await;
    until("the outcome is unknown", || async {
        (world.message(id).await["outcome"] == "unknown").then_some(())
    })
    .await;
    world.no_faults().await;
    world.advance("2h").await;
    world.arrived(SOURCE, world.sent(&channel, text("después")).await).await;
    assert_eq!(
        world.times_shown(SOURCE, "quién sabe").await,
        1,
        "it had arrived, and is never resent by itself"
    );
    let path = format!("/messages/{id}/resolve");
    assert_eq!(world.admin("POST", &path, json!({"choice": "leave"})).await.status, 200);
    assert_eq!(world.failed_with(id).await["code"], "outcome_unknown");
}

#[tokio::test]
async fn a_token_can_be_renewed_although_viber_calls_back_meanwhile() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let accounts = world.simulator("GET", "/accounts", Value::Null).await;
    let own =
        accounts.as_array().into_iter().flatten().find(|a| a["source"] == SOURCE).unwrap()["set"].clone();
    let settings = format!("/channels/{}/settings", channel.id);
    let wrong = world.admin("POST", &settings, json!({"set": {"auth_token": "wrong"}})).await;
    assert_eq!(wrong.status, 400, "a token that Viber does not know is not kept");
    let renewed = world.admin("POST", &settings, json!({"set": {"auth_token": own["auth_token"]}})).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    let id = world.sent(&channel, text("sigue")).await;
    world.arrived(SOURCE, id).await;
    let shown = world.admin("GET", &format!("/messages/{id}"), Value::Null).await.text();
    assert!(!shown.contains("simulator-only-token"), "the token is shown nowhere");
    let list = world.admin("GET", "/channels", Value::Null).await.json();
    let item =
        list["items"].as_array().into_iter().flatten().find(|c| c["id"] == channel.id).unwrap().clone();
    let url = item["webhookUrl"].as_str().unwrap();
    let forged = r#"{"event":"message","message_token":7,"sender":{"id":"x"},"message":{"type":"text","text":"falso"}}"#;
    for signature in [None, Some("00")] {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(signature.map(|signature| ("x-viber-content-signature", signature)));
        assert_eq!(world.http.call("POST", url, &headers, forged).await.unwrap().status, 401);
    }
    let path = format!("/channels/{}/remove", channel.id);
    assert_eq!(world.admin("POST", &path, json!({})).await.status, 200);
    let last = world.exchanges(SOURCE).await.last().unwrap().clone();
    assert_eq!(last["body"], json!({"url": ""}), "its webhook was taken back");
}
