//! LINE, whole: what goes out by every kind of message, what comes in, and every way that it fails; above all
//! that nothing arrives twice although answers are lost.

use e2e::world::{PHONE, current};
use e2e::{World, attachment, text, until};
use serde_json::{Value, json};

const SOURCE: &str = "line";
const PUSH: &str = "/line/v2/bot/message/push";

/// The pushes so far, oldest first.
async fn pushes(world: &World) -> Vec<Value> {
    world.exchanges(SOURCE).await.into_iter().filter(|call| call["path"] == PUSH).collect()
}

#[tokio::test]
async fn a_text_is_sent_and_nothing_later_is_promised() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let id = world.sent(&channel, text("Hola <b>Ana</b> 😀")).await;
    assert_eq!(world.arrived(SOURCE, id).await["body"], "Hola <b>Ana</b> 😀");
    world.simulator("POST", &format!("/phones/{PHONE}/open"), json!({})).await;
    let message = world.message(id).await;
    let values: Vec<&Value> =
        message["status"].as_array().into_iter().flatten().map(|status| &status["value"]).collect();
    assert_eq!(values, ["pending", "sent"]);
    let long: Vec<String> = (0..1500).map(|n| format!("palabra{n}")).collect();
    let before = world.shown(SOURCE).await.len();
    world.sent(&channel, text(&long.join(" "))).await;
    until("all of it is there", || async {
        let shown: Vec<Value> = world.shown(SOURCE).await.split_off(before);
        let whole: Vec<&str> = shown.iter().filter_map(|message| message["body"].as_str()).collect();
        (whole.len() > 2 && whole.join(" ") == long.join(" ")).then_some(())
    })
    .await;
}

/// A lost answer is asked for again by the same key: the contact gets one message and nobody has to decide.
#[tokio::test]
async fn a_lost_answer_ends_as_one_message_that_was_sent() {
    let (world, channel) = World::demo_on(SOURCE).await;
    for (cut, words) in [("after", "llegó y nadie lo supo"), ("before", "no llegó")] {
        world.fault(SOURCE, json!({"cut": cut})).await;
        let id = world.sent(&channel, text(words)).await;
        world.tried(id, "\"retry\"").await;
        assert_eq!(current(&world.message(id).await), "pending");
        world.no_faults().await;
        world.advance("2m").await;
        world.reaches(id, "sent").await;
        assert_eq!(world.times_shown(SOURCE, words).await, 1, "{cut}");
        let own: Vec<Value> = pushes(&world)
            .await
            .into_iter()
            .filter(|call| call["body"].to_string().contains(words))
            .collect();
        assert!(own.len() >= 2, "it was called again");
        let key = |call: &Value| call["headers"]["x-line-retry-key"].as_str().map(str::to_owned);
        assert!(key(&own[0]).is_some_and(|key| key.len() == 36));
        assert!(own.iter().all(|call| key(call) == key(&own[0]) && call["body"] == own[0]["body"]));
        let last = own.last().unwrap()["response"]["status"].clone();
        assert_eq!(last, if cut == "after" { 409 } else { 200 });
    }
    // Two messages with the same words are two.
    let twice =
        [world.sent(&channel, text("dos veces")).await, world.sent(&channel, text("dos veces")).await];
    for id in twice {
        world.reaches(id, "sent").await;
    }
    assert_eq!(world.times_shown(SOURCE, "dos veces").await, 2);
}

#[tokio::test]
async fn faults_of_line_and_of_proxies_before_it_are_tried_again() {
    let (world, channel) = World::demo_on(SOURCE).await;
    for (action, words) in
        [(json!({"code": 500}), "falla de LINE"), (json!({"httpStatus": 502}), "falla de un proxy")]
    {
        world.fault(SOURCE, action).await;
        let id = world.sent(&channel, text(words)).await;
        world.tried(id, "\"retry\"").await;
        world.no_faults().await;
        world.advance("2m").await;
        world.arrived(SOURCE, id).await;
        assert_eq!(world.times_shown(SOURCE, words).await, 1);
    }
}

/// As long as LINE knows the key it is asked; then nobody can know, and a person decides.
#[tokio::test]
async fn an_answer_that_stays_lost_for_a_day_is_unknown() {
    let (world, channel) = World::demo_on(SOURCE).await;
    world.fault(SOURCE, json!({"cut": "after"})).await;
    let id = world.sent(&channel, text("sin respuesta")).await;
    world.tried(id, "\"retry\"").await;
    world.advance("86385s").await;
    until("nobody can know any more", || async {
        (world.message(id).await["outcome"] == "unknown").then_some(())
    })
    .await;
    assert_eq!(world.times_shown(SOURCE, "sin respuesta").await, 1);
}

#[tokio::test]
async fn each_attachment_has_what_line_wants() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let host = e2e::files::host([
        ("/foto.png", &b"\x89PNG\r\n\x1a\n picture"[..]),
        ("/tema.mp3", &b"ID3 music"[..]),
    ])
    .await;
    let (photo, song) = (format!("{host}/foto.png"), format!("{host}/tema.mp3"));
    let last = async |id: i64| {
        let shown = world.arrived(SOURCE, id).await;
        (shown, pushes(&world).await.last().unwrap()["body"]["messages"][0].clone())
    };
    let (shown, call) = last(world.sent(&channel, attachment("image", &photo)).await).await;
    assert_eq!((&shown["media"]["type"], &shown["media"]["link"]), (&json!("image"), &json!(photo)));
    assert_eq!(call["previewImageUrl"], *photo, "a small picture stands for itself");
    let (_, call) = last(world.sent(&channel, attachment("audio", &song)).await).await;
    assert_eq!((&call["type"], &call["duration"]), (&json!("audio"), &json!(60_000)));
    let video = "https://ejemplo.ec/clip.mp4";
    let (shown, call) = last(world.sent(&channel, attachment("video", video)).await).await;
    assert_eq!((&shown["media"]["type"], &call["originalContentUrl"]), (&json!("video"), &json!(video)));
    let preview = call["previewImageUrl"].as_str().unwrap();
    let picture = world.http.call("GET", preview, &[], "").await.unwrap();
    assert_eq!(picture.status, 200, "{preview}");
    let file = "https://ejemplo.ec/factura%201.pdf";
    let id = world.sent(&channel, attachment("file", file)).await;
    let (shown, call) = last(id).await;
    assert_eq!(shown["body"], "factura 1.pdf\nhttps://ejemplo.ec/factura%201.pdf");
    assert_eq!(call["type"], "text");
    assert_eq!(world.message(id).await["notes"][0]["code"], "file_as_link");
    let gone = world.sent(&channel, attachment("image", &format!("{host}/nada.png"))).await;
    assert_eq!(world.failed_with(gone).await["code"], "media_unreachable");
    let sheet = world.sent(&channel, attachment("image", &song)).await;
    assert_eq!(world.failed_with(sheet).await["code"], "media_unreachable", "not a picture");
}

#[tokio::test]
async fn a_quick_reply_comes_back_as_its_text_and_labels_are_never_cut() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let ask = |replies: Value| json!({"type": "quick_reply", "title": "¿Confirmas?", "replies": replies});
    let id = world.sent(&channel, ask(json!(["Sí", "Más tarde"]))).await;
    let shown = world.arrived(SOURCE, id).await;
    let labels: Vec<&Value> = shown["buttons"].as_array().unwrap().iter().map(|b| &b["text"]).collect();
    assert_eq!(labels, ["Sí", "Más tarde"]);
    world.writes(SOURCE, PHONE, json!({"type": "button", "messageId": shown["id"], "index": 1})).await;
    world.received("the tap", |m| m["text"] == "Más tarde").await;
    let refused = world.send(&channel, ask(json!(["a".repeat(21)]))).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("20"), "{}", refused.text());
    let many: Vec<String> = (0..14).map(|n| n.to_string()).collect();
    assert_eq!(world.send(&channel, ask(json!(many))).await.status, 400);
}

#[tokio::test]
async fn a_raw_body_goes_to_the_contact_and_to_nobody_else() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let body = json!({"type": "box", "layout": "vertical", "contents": [{"type": "text", "text": "hola"}]});
    let flex = json!({"type": "flex", "altText": "una oferta", "contents": {"type": "bubble", "body": body}});
    let confirm = json!({"type": "template", "altText": "¿Confirmas?", "template": {"type": "confirm", "text": "¿Confirmas la cita?",
        "actions": [{"type": "postback", "label": "Sí", "data": "cita=7&si"}, {"type": "message", "label": "No", "text": "No puedo"}]}});
    let payload = json!({"messages": [flex, confirm], "to": "U00000000000000000000000000000000"});
    let id = world.sent(&channel, json!({"type": "custom_payload", "payload": payload})).await;
    world.reaches(id, "sent").await;
    let shown = until("both are there", || async {
        let shown = world.shown(SOURCE).await;
        let found = shown.iter().find(|m| m["body"] == "¿Confirmas la cita?").cloned();
        found.filter(|_| shown.iter().any(|m| m["body"] == "una oferta"))
    })
    .await;
    assert_eq!(world.message(id).await["notes"][0]["code"], "recipient_replaced");
    world.writes(SOURCE, PHONE, json!({"type": "button", "messageId": shown["id"], "index": 0})).await;
    world.received("the postback", |m| m.to_string().contains("cita=7&si")).await;
    for wrong in
        [json!({"replyToken": "x", "messages": [flex]}), json!({"messages": []}), json!({"text": "x"})]
    {
        let answer = world.send(&channel, json!({"type": "custom_payload", "payload": wrong})).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    let bad = json!({"type": "custom_payload", "payload": {"type": "image", "originalContentUrl": "https://x.ec/a.jpg"}});
    let error = world.failed_with(world.sent(&channel, bad).await).await;
    assert_eq!((&error["code"], &error["providerCode"]), (&json!("provider_refused"), &json!(400)));
    assert!(error.to_string().contains("previewImageUrl"), "LINE names the place: {error}");
}

#[tokio::test]
async fn every_kind_of_message_comes_in() {
    let (world, _) = World::demo_on(SOURCE).await;
    world.writes(SOURCE, PHONE, text("buenas")).await;
    world.received("a text", |m| m["text"] == "buenas").await;
    world
        .writes(
            SOURCE,
            PHONE,
            json!({"type": "location", "latitude": -0.18, "longitude": -78.46, "name": "Quito"}),
        )
        .await;
    world.received("a place", |m| m.to_string().contains("Quito")).await;
    world.writes(SOURCE, PHONE, json!({"type": "sticker"})).await;
    world.received("a sticker's words", |m| m.to_string().contains("cony, sally")).await;
    for (said, kind) in [
        (json!({"type": "image"}), "image"),
        (json!({"type": "document", "filename": "hoja.pdf"}), "file"),
        (json!({"type": "video"}), "video"),
        (json!({"type": "voice"}), "audio"),
    ] {
        world.writes(SOURCE, PHONE, said).await;
        // Sound and video are converted first, which takes a while.
        let item = until("its file is here", || async {
            world.advance("1m").await;
            let list = world.api("GET", "/contact/id:123/message/list?limit=50", Value::Null).await.json();
            let items = list["items"].as_array().cloned().unwrap_or_default();
            items.into_iter().find(|item| {
                let found = &item["message"]["attachment"];
                item["traffic"] == "incoming" && found["type"] == kind && found["url"].is_string()
            })
        })
        .await;
        let url = item["message"]["attachment"]["url"].as_str().unwrap().to_owned();
        assert_eq!(world.http.call("GET", &url, &[], "").await.unwrap().status, 200, "{url}");
    }
}

/// LINE answers 200 for whoever has blocked the account: only its webhook tells.
#[tokio::test]
async fn a_contact_that_blocks_the_account_fails_at_once_without_a_call() {
    let (world, channel) = World::demo_on(SOURCE).await;
    world.sent(&channel, text("antes")).await;
    let blocked = async |blocked: bool| {
        world.simulator("PUT", &format!("/phones/{PHONE}"), json!({"blocked": blocked})).await;
        until("the conversation says it", || async {
            let thread = world.inbox().await.thread().await;
            (thread.contains("data-shut") == blocked).then_some(())
        })
        .await;
    };
    world.writes(SOURCE, PHONE, text("la última")).await;
    world.received("its last message", |m| m["text"] == "la última").await;
    blocked(true).await;
    let before = pushes(&world).await.len();
    let id = world.sent(&channel, text("nadie lo lee")).await;
    let error = world.failed_with(id).await;
    assert_eq!(error["code"], "recipient_refused", "{error}");
    assert_eq!(pushes(&world).await.len(), before, "LINE was not called");
    // Another channel carries it when none is named.
    let free = world.api("POST", "/contact/id:123/message", json!({"message": text("por otro canal")})).await;
    let by = world.message(free.json()["messageId"].as_i64().unwrap()).await["channelId"].clone();
    assert_ne!(by, channel.id);
    blocked(false).await;
    world.arrived(SOURCE, world.sent(&channel, text("de vuelta")).await).await;
}

#[tokio::test]
async fn limits_of_rate_are_waited_out_and_those_of_the_month_park_the_channel() {
    let (world, channel) = World::demo_on(SOURCE).await;
    world.fault(SOURCE, json!({"code": 429})).await;
    let id = world.sent(&channel, text("sin prisa")).await;
    world.tried(id, "slow_down").await;
    world.no_faults().await;
    world.advance("2m").await;
    world.arrived(SOURCE, id).await;
    world.fault(SOURCE, json!({"code": 4291})).await;
    let id = world.sent(&channel, text("el mes que viene")).await;
    let words = until("the channel is held", || async {
        let list = world.admin("GET", "/channels", Value::Null).await.json();
        let mut items = list["items"].as_array().cloned().unwrap_or_default().into_iter();
        items.find(|c| c["id"] == channel.id && c["state"] == "held").map(|c| c.to_string())
    })
    .await;
    assert!(words.contains("month"), "{words}");
    assert_eq!(current(&world.message(id).await), "pending", "nothing is lost");
    world.no_faults().await;
    assert_eq!(world.admin("POST", &format!("/channels/{}/resume", channel.id), json!({})).await.status, 200);
    world.arrived(SOURCE, id).await;
}

#[tokio::test]
async fn a_revoked_token_holds_the_channel_and_a_new_one_lets_it_go_on() {
    let (world, channel) = World::demo_on(SOURCE).await;
    world.fault(SOURCE, json!({"code": 401})).await;
    let id = world.sent(&channel, text("espera su turno")).await;
    until("the channel is held", || async {
        world.admin("GET", "/channels", Value::Null).await.text().contains("\"held\"").then_some(())
    })
    .await;
    world.no_faults().await;
    let accounts = world.simulator("GET", "/accounts", Value::Null).await;
    let own =
        accounts.as_array().into_iter().flatten().find(|a| a["source"] == SOURCE).unwrap()["set"].clone();
    let settings = format!("/channels/{}/settings", channel.id);
    let wrong = world.admin("POST", &settings, json!({"set": {"access_token": "wrong"}})).await;
    assert_eq!(wrong.status, 400, "a token that LINE does not know is not kept");
    let renewed = world.admin("POST", &settings, json!({"set": {"access_token": own["access_token"]}})).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    assert_eq!(world.admin("POST", &format!("/channels/{}/resume", channel.id), json!({})).await.status, 200);
    world.arrived(SOURCE, id).await;
    let shown = world.admin("GET", &format!("/messages/{id}"), Value::Null).await.text();
    assert!(!shown.contains("SimulatorOnlyLineToken"), "the token is shown nowhere");
}

#[tokio::test]
async fn a_webhook_without_its_signature_is_refused_and_one_told_twice_is_one() {
    let (world, channel) = World::demo_on(SOURCE).await;
    let list = world.admin("GET", "/channels", Value::Null).await.json();
    let own = list["items"].as_array().into_iter().flatten().find(|c| c["id"] == channel.id).unwrap().clone();
    let url = own["webhookUrl"].as_str().unwrap();
    for signature in [None, Some("d3Jvbmc=")] {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(signature.map(|signature| ("x-line-signature", signature)));
        let answer =
            world.http.call("POST", url, &headers, r#"{"destination":"U","events":[]}"#).await.unwrap();
        assert_eq!(answer.status, 401);
    }
    // The server is away for a moment; LINE tells it again.
    world.writes(SOURCE, PHONE, text("una sola vez")).await;
    world.received("the text", |m| m["text"] == "una sola vez").await;
}

#[tokio::test]
async fn what_a_contact_takes_back_is_gone() {
    let (world, _) = World::demo_on(SOURCE).await;
    let said = world.writes(SOURCE, PHONE, json!({"type": "text", "text": "me arrepiento"})).await;
    world.received("the text", |m| m["text"] == "me arrepiento").await;
    world.writes(SOURCE, PHONE, json!({"type": "unsend", "messageId": said["id"]})).await;
    until("it is gone", || async {
        let list = world.api("GET", "/contact/id:123/message/list?limit=50", Value::Null).await.text();
        (!list.contains("me arrepiento")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stranger_gets_its_name_from_its_profile() {
    let (world, _) = World::demo_on(SOURCE).await;
    let other = "+593987654321";
    world.writes(SOURCE, other, json!({"type": "text", "text": "soy nueva"})).await;
    let found = world.named(other).await;
    let contact = world.api("GET", &format!("/contact/id:{found}"), Value::Null).await.json();
    assert_eq!(contact["language"], "es", "{contact}");
}
