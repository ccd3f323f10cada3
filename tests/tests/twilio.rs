//! Twilio from end to end: what only it has on WhatsApp, and all of SMS.

use e2e::world::{PHONE, template};
use e2e::{World, attachment, text, until};
use serde_json::{Value, json};

const WHATSAPP: &str = "twilio_whatsapp";
const SMS: &str = "twilio";

/// The forms that went to Messages.json, as pairs.
async fn forms(world: &World, source: &str) -> Vec<Vec<(String, String)>> {
    let all = world.exchanges(source).await.into_iter();
    let sends = all.filter(|e| e["path"].as_str().is_some_and(|path| path.ends_with("Messages.json")));
    sends
        .map(|e| {
            url::form_urlencoded::parse(e["body"].as_str().unwrap_or("").as_bytes()).into_owned().collect()
        })
        .collect()
}

fn field<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

/// The document's own examples go as ContentSid with their values, as the reference writes them down.
#[tokio::test]
async fn templates_go_as_content_with_values_in_one_space() {
    let (world, channel) = World::demo_on(WHATSAPP).await;
    let values = ["Parámetro 1", "Parámetro 2", "Parámetro 3"];
    let body =
        json!({"type": "body", "parameters": values.map(|text| json!({"type": "text", "text": text}))});
    let id = world.sent_template(&channel, "account100", "es", json!([body])).await;
    world.reaches(id, "delivered").await;
    let header = json!({"type": "header", "format": "image", "parameters": [{"type": "image", "image": {"link": "https://picsum.photos/200/300"}}]});
    let body = json!({"type": "body", "parameters": [{"type": "text", "text": "abc"}, {"type": "text", "text": "def"}]});
    let id = world.sent_template(&channel, "delivery_order", "en", json!([header, body])).await;
    world.reaches(id, "delivered").await;
    let shown = world.on_phone(id).await;
    assert!(shown["body"].as_str().unwrap_or("").contains("Hola, abc tu pedido def"), "{shown}");
    assert_eq!(shown["media"]["link"], "https://picsum.photos/200/300");
    let forms = forms(&world, WHATSAPP).await;
    let of =
        |n: usize| (field(&forms[n], "ContentSid").len(), field(&forms[n], "ContentVariables").to_owned());
    let wanted = r#"{"1":"Parámetro 1","2":"Parámetro 2","3":"Parámetro 3"}"#;
    assert_eq!(of(0), (34, wanted.to_owned()));
    assert_eq!(of(1), (34, r#"{"1":"https://picsum.photos/200/300","2":"abc","3":"def"}"#.to_owned()));
}

#[tokio::test]
async fn a_template_can_be_named_by_its_content_sid() {
    let (world, channel) = World::demo_on(WHATSAPP).await;
    let id = world.sent_template(&channel, "bug_fixed", "es", json!([])).await;
    world.reaches(id, "delivered").await;
    let forms = forms(&world, WHATSAPP).await;
    let sid = field(&forms[0], "ContentSid").to_owned();
    let answer = world.send(&channel, template(&sid, "es", json!([]))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = answer.json()["messageId"].as_i64().expect("a number");
    world.reaches(id, "delivered").await;
    let message = world.message(id).await;
    assert!(message["rendered"]["body"].as_str().unwrap_or("").contains("Buenas noticias"), "{message}");
    // One that is in no catalogue is Twilio's to decide.
    let unknown = format!("HX{}", "0".repeat(32));
    let answer = world.send(&channel, template(&unknown, "es", json!([]))).await;
    let id = answer.json()["messageId"].as_i64().expect("a number");
    let message = world.reaches(id, "failed").await;
    assert_eq!(
        (&message["error"]["providerCode"], &message["mark"]),
        (&json!(21_655), &json!("not_verified"))
    );
}

/// Buttons need a Content: it is made once and used again, also after Twilio has forgotten it.
#[tokio::test]
async fn quick_replies_are_a_content_that_is_made_once() {
    let (world, channel) = World::demo_on(WHATSAPP).await;
    let question = json!({"type": "quick_reply", "title": "¿Vienes?", "replies": ["Sí", "No"]});
    let made = || async {
        let all = world.exchanges(WHATSAPP).await.into_iter();
        all.filter(|e| e["method"] == "POST" && e["path"].as_str().is_some_and(|p| p.ends_with("/Content")))
            .count()
    };
    for _ in 0..2 {
        let id = world.sent(&channel, question.clone()).await;
        world.reaches(id, "delivered").await;
    }
    assert_eq!(made().await, 1);
    let list = json!({"type": "quick_reply", "title": "¿Cuándo?", "replies": ["Lunes", "Martes", "Jueves", "Viernes"]});
    let id = world.sent(&channel, list).await;
    world.reaches(id, "delivered").await;
    let shown = world.on_phone(id).await;
    let labels: Vec<&str> =
        shown["buttons"].as_array().into_iter().flatten().filter_map(|b| b["text"].as_str()).collect();
    assert_eq!(labels, ["Lunes", "Martes", "Jueves", "Viernes"]);
    world.writes(WHATSAPP, PHONE, json!({"type": "button", "messageId": shown["id"], "index": 2})).await;
    world.received("the tap", |message| message.to_string().contains("Jueves")).await;
    // Twilio forgets: the next message makes the Content anew, and nobody has to act.
    world.simulator("DELETE", "/state", json!({})).await;
    world.writes(WHATSAPP, PHONE, text("sigo aquí")).await;
    world.received("the window is open again", |message| message["text"] == "sigo aquí").await;
    let id = world.sent(&channel, question).await;
    world.reaches(id, "delivered").await;
}

#[tokio::test]
async fn free_text_outside_the_window_fails_by_callback() {
    let (world, channel) = World::demo_on(WHATSAPP).await;
    world.advance("24h2m").await;
    // Within the minutes by which clocks may differ the provider decides.
    let id = world.sent(&channel, text("tarde")).await;
    let message = world.reaches(id, "failed").await;
    assert_eq!(message["error"]["providerCode"], 63_016, "{message}");
    assert_eq!(message["error"]["code"], "window_closed");
}

#[tokio::test]
async fn an_answer_that_was_lost_is_told_by_the_callbacks_address() {
    let (world, channel) = World::demo_on(WHATSAPP).await;
    world.fault(WHATSAPP, json!({"cut": "after"})).await;
    let id = world.sent(&channel, text("¿llegó?")).await;
    let message = world.reaches(id, "delivered").await;
    assert!(message["channelMessageId"].as_str().is_some_and(|sid| sid.starts_with("SM")), "{message}");
    let copies = world.phone(PHONE).await.iter().filter(|m| m["body"] == "¿llegó?").count();
    assert_eq!(copies, 1);
}

#[tokio::test]
async fn a_callback_with_a_wrong_signature_is_not_believed() {
    let (world, channel) = World::demo_on(WHATSAPP).await;
    world.fault(WHATSAPP, json!({"receipts": "badSignature"})).await;
    let id = world.sent(&channel, text("firma")).await;
    world.reaches(id, "sent").await;
    world.simulator("PUT", "/faults", json!([])).await;
    let other = world.sent(&channel, text("otra")).await;
    world.reaches(other, "delivered").await;
    assert_eq!(e2e::world::current(&world.message(id).await), "sent");
}

#[tokio::test]
async fn a_text_message_is_delivered_and_a_long_one_comes_in_pieces() {
    let (world, channel) = World::demo_on(SMS).await;
    let id = world.sent(&channel, text("Hola por SMS")).await;
    world.reaches(id, "delivered").await;
    let forms_sent = forms(&world, SMS).await;
    assert_eq!(field(&forms_sent[0], "ValidityPeriod"), "14400");
    let words: Vec<String> = (0..400).map(|n| format!("palabra{n}")).collect();
    let id = world.sent(&channel, text(&words.join(" "))).await;
    world.reaches(id, "delivered").await;
    let pieces: Vec<String> =
        forms(&world, SMS).await[1..].iter().map(|form| field(form, "Body").to_owned()).collect();
    assert!(pieces.len() > 2 && pieces.iter().all(|piece| piece.chars().count() <= 1600));
    assert_eq!(pieces.join(" "), words.join(" "));
}

#[tokio::test]
async fn pictures_go_as_mms_and_replies_as_numbered_lines() {
    let (world, channel) = World::demo_on(SMS).await;
    let id = world.sent(&channel, attachment("image", "https://ejemplo.ec/foto.jpg")).await;
    world.reaches(id, "delivered").await;
    assert_eq!(world.on_phone(id).await["media"]["link"], "https://ejemplo.ec/foto.jpg");
    let id = world
        .sent(&channel, json!({"type": "quick_reply", "title": "¿Vienes?", "replies": ["Sí", "No"]}))
        .await;
    let message = world.reaches(id, "delivered").await;
    assert_eq!(world.on_phone(id).await["body"], "¿Vienes?\n1. Sí\n2. No");
    assert_eq!(message["notes"][0]["code"], "numbered_replies");
    let answer = world.send(&channel, template("bug_fixed", "es", json!([]))).await;
    assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("channel_cannot_carry")));
}

#[tokio::test]
async fn what_a_phone_writes_by_sms_comes_in_with_its_pictures() {
    let (world, _) = World::demo_on(SMS).await;
    world.writes(SMS, PHONE, text("Buenas")).await;
    world.received("the text", |message| message["text"] == "Buenas").await;
    world.writes(SMS, PHONE, json!({"type": "image", "caption": "mira"})).await;
    world
        .received("the picture, fetched with the account's credentials", |message| {
            message["attachment"]["mime"] == "image/png" && message.to_string().contains("mira")
        })
        .await;
}

/// Whoever writes STOP is left in peace until it writes START.
#[tokio::test]
async fn stop_is_respected_until_start() {
    let (world, channel) = World::demo_on(SMS).await;
    world.writes(SMS, PHONE, text("STOP")).await;
    world.received("the word itself", |message| message["text"] == "STOP").await;
    let before = forms(&world, SMS).await.len();
    let id = world.sent(&channel, text("¿sigues ahí?")).await;
    let message = world.reaches(id, "failed").await;
    assert_eq!(message["error"]["code"], "recipient_refused", "{message}");
    assert_eq!(forms(&world, SMS).await.len(), before, "Twilio is not even asked");
    world.writes(SMS, PHONE, text("START")).await;
    world.received("the other word", |message| message["text"] == "START").await;
    let id = world.sent(&channel, text("bienvenida")).await;
    world.reaches(id, "delivered").await;
}

#[tokio::test]
async fn a_number_that_is_refused_fails_with_its_code_and_throttling_waits() {
    let (world, channel) = World::demo_on(SMS).await;
    world.fault(SMS, json!({"code": 21_614})).await;
    let id = world.sent(&channel, text("a un fijo")).await;
    let message = world.reaches(id, "failed").await;
    assert_eq!(
        (&message["error"]["providerCode"], &message["error"]["code"]),
        (&json!(21_614), &json!("recipient_unreachable"))
    );
    // It is known from now on; the contact's own message opens the way again.
    world.writes(SMS, PHONE, text("soy un celular")).await;
    world.received("the contact", |message| message["text"] == "soy un celular").await;
    world
        .simulator("PUT", "/faults", json!([{"when": {"provider": SMS, "every": 2}, "do": {"code": 20_429}}]))
        .await;
    let ids = [world.sent(&channel, text("uno")).await, world.sent(&channel, text("dos")).await];
    for id in ids {
        world.reaches(id, "delivered").await;
    }
}

#[tokio::test]
async fn a_token_that_was_revoked_holds_the_channel_until_it_is_renewed() {
    let (world, channel) = World::demo_on(SMS).await;
    world.fault(SMS, json!({"code": 20_003})).await;
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
