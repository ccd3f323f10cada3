//! Facebook Messenger and Instagram, whole: what goes out by every kind of message, what comes in, receipts up
//! to a moment, Meta's window and its one tag, and every way that it fails.

use e2e::world::{PHONE, current};
use e2e::{Channel, World, text, until};
use serde_json::{Value, json};

const MESSENGER: &str = "facebook";
const INSTAGRAM: &str = "instagram";
const KINDS: [&str; 2] = [MESSENGER, INSTAGRAM];
/// Part of the simulator's tokens, which nobody may ever be shown.
const TOKEN: &str = "SimulatorOnly";

fn tagged(words: &str, tag: &str) -> Value {
    json!({"type": "text", "text": words, "messageTag": tag})
}

async fn list(world: &World) -> Vec<Value> {
    let list = world.api("GET", "/contact/id:123/message/list?limit=50", Value::Null).await.json();
    list["items"].as_array().cloned().unwrap_or_default()
}

/// The bodies that Meta was last called with to send.
async fn last_body(world: &World, source: &str) -> Value {
    let calls = world.exchanges(source).await;
    let is_send = |call: &&Value| call["path"].as_str().is_some_and(|path| path.ends_with("/messages"));
    calls.iter().rev().find(is_send).expect("a send")["body"].clone()
}

async fn state(world: &World, channel: &Channel) -> Value {
    let list = world.admin("GET", "/channels", Value::Null).await.json();
    let mut items = list["items"].as_array().into_iter().flatten();
    items.find(|c| c["id"] == channel.id).expect("the channel")["state"].clone()
}

#[tokio::test]
async fn a_text_is_sent_delivered_and_read_as_far_as_each_kind_tells() {
    for (source, before) in [(MESSENGER, "delivered"), (INSTAGRAM, "sent")] {
        let (world, channel) = World::demo_on(source).await;
        let mut ids = Vec::new();
        for n in 0..5 {
            ids.push(world.sent(&channel, text(&format!("Hola {n} ñ 😀"))).await);
        }
        for id in &ids {
            world.reaches(*id, before).await;
        }
        world.simulator("POST", &format!("/phones/{PHONE}/open"), json!({})).await;
        for id in &ids {
            let message = world.reaches(*id, "read").await;
            let values: Vec<&Value> =
                message["status"].as_array().into_iter().flatten().map(|s| &s["value"]).collect();
            assert_eq!(values.contains(&&json!("delivered")), source == MESSENGER, "{values:?}");
        }
        assert!(world.shown(source).await.iter().any(|m| m["body"] == "Hola 4 ñ 😀"));
    }
}

#[tokio::test]
async fn a_long_text_is_split_by_each_kinds_own_count() {
    for (source, unit) in KINDS.map(|source| (source, if source == MESSENGER { "chars" } else { "bytes" })) {
        let (world, channel) = World::demo_on(source).await;
        let words: Vec<String> = (0..600).map(|n| format!("señal{n}")).collect();
        let before = world.shown(source).await.len();
        world.sent(&channel, text(&words.join(" "))).await;
        let shown = until("all of it is there", || async {
            let shown: Vec<Value> = world.shown(source).await.split_off(before);
            let parts: Vec<String> =
                shown.iter().filter_map(|message| Some(message["body"].as_str()?.to_owned())).collect();
            (parts.join(" ") == words.join(" ")).then_some(parts)
        })
        .await;
        let fits = |part: &String| match unit {
            "chars" => part.chars().count() <= 2000,
            _ => part.len() <= 1000,
        };
        assert!(shown.len() > 2 && shown.iter().all(fits), "{source}");
    }
}

#[tokio::test]
async fn each_attachment_goes_by_its_link_and_a_lost_file_is_told() {
    for source in KINDS {
        let (world, channel) = World::demo_on(source).await;
        for (kind, url, shown_as) in [
            ("image", "https://ejemplo.ec/foto.jpg", "image"),
            ("video", "https://ejemplo.ec/clip.mp4", "video"),
            ("audio", "https://ejemplo.ec/tema.m4a", "audio"),
            ("file", "https://ejemplo.ec/factura.pdf", "document"),
        ] {
            let attachment = json!({"type": "attachment", "attachment": {"type": kind, "url": url}});
            let id = world.sent(&channel, attachment).await;
            let shown = world.arrived(source, id).await;
            assert_eq!((&shown["media"]["type"], &shown["media"]["link"]), (&json!(shown_as), &json!(url)));
        }
        let lost = json!({"type": "attachment", "attachment": {"type": "image", "url": "https://nada.invalid/a.jpg"}});
        let error = world.failed_with(world.sent(&channel, lost).await).await;
        assert_eq!(
            (&error["code"], &error["providerCode"]),
            (&json!("media_unreachable"), &json!(2_018_008))
        );
    }
}

#[tokio::test]
async fn a_quick_reply_is_tapped_on_the_phone_and_too_many_are_refused() {
    for source in KINDS {
        let (world, channel) = World::demo_on(source).await;
        let message =
            json!({"type": "quick_reply", "title": "¿Vienes?", "replies": ["Sí", "No", "Más tarde"]});
        let shown = world.arrived(source, world.sent(&channel, message).await).await;
        let labels: Vec<&Value> =
            shown["buttons"].as_array().into_iter().flatten().map(|b| &b["text"]).collect();
        assert_eq!(labels, ["Sí", "No", "Más tarde"]);
        let app = if source == MESSENGER { "messenger" } else { "instagram" };
        let url = format!("{}/phones/{PHONE}?app={app}", world.simulator_url());
        let page = world.http.call("GET", &url, &[], "").await.expect("the simulator answers").text();
        assert!(page.contains("Más tarde"), "a person can tap it");
        world.writes(source, PHONE, json!({"type": "button", "messageId": shown["id"], "index": 2})).await;
        world.received("the tap", |message| message.to_string().contains("Más tarde")).await;
        let refused =
            |title: &str, replies: Value| json!({"type": "quick_reply", "title": title, "replies": replies});
        let many: Vec<String> = (0..14).map(|n| n.to_string()).collect();
        for (message, pointer, word) in [
            (refused("q", json!(many)), "/message/replies/13", "13"),
            (refused("q", json!(["a", "b".repeat(21)])), "/message/replies/1", "20"),
        ] {
            let answer = world.send(&channel, message).await;
            let body = answer.json();
            assert_eq!((answer.status, &body["errors"][0]["pointer"]), (400, &json!(pointer)), "{body}");
            assert!(body["message"].as_str().unwrap().contains(word), "{body}");
        }
    }
}

#[tokio::test]
async fn a_raw_body_goes_to_the_contact_by_messenger_alone() {
    let (world, channel) = World::demo_on(MESSENGER).await;
    let button = json!({"type": "postback", "title": "Empezar", "payload": "GO"});
    let payload = json!({"recipient": {"id": "42"}, "attachment": {"type": "template", "payload": {
        "template_type": "button", "text": "¿Listos?", "buttons": [button]}}});
    let id = world.sent(&channel, json!({"type": "custom_payload", "payload": payload})).await;
    let shown = world.arrived(MESSENGER, id).await;
    assert_eq!((&shown["body"], &shown["buttons"][0]["text"]), (&json!("¿Listos?"), &json!("Empezar")));
    assert_eq!(world.message(id).await["notes"][0]["code"], "recipient_replaced");
    world.writes(MESSENGER, PHONE, json!({"type": "button", "messageId": shown["id"], "index": 0})).await;
    world.received("the postback", |message| message.to_string().contains("Empezar")).await;
    for (payload, pointer) in [
        (json!({"text": "x", "access_token": "t"}), "/message/payload/access_token"),
        (json!({"message": {"text": "x"}, "batch": []}), "/message/payload/batch"),
    ] {
        let answer = world.send(&channel, json!({"type": "custom_payload", "payload": payload})).await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["pointer"]), (400, &json!(pointer)));
    }
    let instagram = world.channel(INSTAGRAM);
    let answer = world.send(&instagram, json!({"type": "custom_payload", "payload": {"text": "x"}})).await;
    assert_eq!(answer.json()["error"], "channel_cannot_carry");
}

#[tokio::test]
async fn every_kind_of_message_comes_in_and_what_is_taken_back_is_gone() {
    for source in KINDS {
        let (world, channel) = World::demo_on(source).await;
        let hello = world.writes(source, PHONE, text("hola, ¿qué tal? 😀")).await;
        world.received("the text", |m| m["text"] == "hola, ¿qué tal? 😀").await;
        for (kind, word) in [
            ("image", "image"),
            ("video", "video"),
            ("audio", "audio"),
            ("document", "file"),
            ("story_mention", "file"),
        ] {
            let before = list(&world).await.len();
            world.writes(source, PHONE, json!({"type": kind})).await;
            until(kind, || async {
                let items = list(&world).await;
                let is_it = |item: &&Value| item["message"]["attachment"]["type"] == word;
                (items.len() > before || items.len() == 50).then_some(())?;
                items.iter().find(is_it).map(|_| ())
            })
            .await;
        }
        world
            .writes(source, PHONE, json!({"type": "location", "latitude": -0.18, "longitude": -78.48}))
            .await;
        world.received("the place", |m| m.to_string().contains("-78.48")).await;
        let shown = world.arrived(source, world.sent(&channel, text("¿me lees?")).await).await;
        world.writes(source, PHONE, json!({"type": "text", "text": "te leo", "replyTo": shown["id"]})).await;
        world.received("the answer", |m| m["text"] == "te leo").await;
        world
            .writes(source, PHONE, json!({"type": "reaction", "messageId": shown["id"], "emoji": "👍"}))
            .await;
        world.received("the reaction", |m| m.to_string().contains("👍")).await;
        world.writes(source, PHONE, json!({"type": "unsupported"})).await;
        world.received("what cannot be shown", |m| m.to_string().contains("unsupported")).await;
        if source == MESSENGER {
            world
                .writes(source, PHONE, json!({"type": "edit", "messageId": hello["id"], "text": "corregido"}))
                .await;
            world.received("the change", |m| m["text"] == "corregido").await;
            continue;
        }
        world.writes(source, PHONE, json!({"type": "unsend", "messageId": hello["id"]})).await;
        until("it is gone", || async {
            let is_there = list(&world).await.iter().any(|item| item.to_string().contains("qué tal"));
            (!is_there).then_some(())
        })
        .await;
        assert!(!world.inbox().await.thread().await.contains("qué tal"), "nor does the inbox show it");
    }
}

#[tokio::test]
async fn media_that_come_in_are_fetched_without_the_token() {
    let (world, _) = World::demo_on(MESSENGER).await;
    world.writes(MESSENGER, PHONE, json!({"type": "image"})).await;
    until("the picture is there", || async {
        world.inbox().await.thread().await.contains("/media/").then_some(())
    })
    .await;
}

#[tokio::test]
async fn inside_the_window_every_tag_goes_out_as_a_plain_answer() {
    for source in KINDS {
        let (world, channel) = World::demo_on(source).await;
        for tag in ["ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE", "CONFIRMED_EVENT_UPDATE", "HUMAN_AGENT"] {
            let id = world.sent(&channel, tagged(tag, tag)).await;
            assert_eq!(world.arrived(source, id).await["body"], tag);
            let body = last_body(&world, source).await;
            assert!(body.get("tag").is_none() && body["messaging_type"] != "MESSAGE_TAG", "{body}");
            assert_eq!(world.message(id).await["message"]["messageTag"], tag, "it reads back as written");
        }
    }
}

#[tokio::test]
async fn outside_the_window_only_a_person_may_answer_and_only_for_seven_days() {
    for (source, code) in [(MESSENGER, 2_018_278), (INSTAGRAM, 2_534_022)] {
        let (world, channel) = World::demo_on(source).await;
        world.advance("25h").await;
        let before = world.exchanges(source).await.len();
        for (message, word) in [
            (text("tarde"), "24 hours"),
            (tagged("tarde", "ACCOUNT_UPDATE"), "27 April 2026"),
            (json!({"type": "quick_reply", "title": "¿Sí?", "replies": ["Sí"]}), "24 hours"),
        ] {
            let answer = world.send(&channel, message).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let message = world.message(answer.json()["messageId"].as_i64().unwrap()).await;
            assert_eq!(current(&message), "failed", "at once");
            assert_eq!(message["error"]["code"], "window_closed", "{message}");
            assert_eq!(message["error"]["providerCode"], code, "{message}");
            let said = message["status"].as_array().unwrap().last().unwrap()["message"].to_string();
            assert!(said.contains(word), "{said}");
        }
        assert_eq!(world.exchanges(source).await.len(), before, "Meta was not called");
        let id = world.sent(&channel, tagged("una persona responde", "HUMAN_AGENT")).await;
        world.arrived(source, id).await;
        let body = last_body(&world, source).await;
        assert_eq!((&body["messaging_type"], &body["tag"]), (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT")));
        world.advance("6d").await;
        let id = world.sent(&channel, tagged("demasiado tarde", "HUMAN_AGENT")).await;
        assert_eq!(world.failed_with(id).await["code"], "window_closed");
        world.writes(source, PHONE, text("aquí estoy")).await;
        world.received("the contact's message", |m| m["text"] == "aquí estoy").await;
        world.arrived(source, world.sent(&channel, text("por fin")).await).await;
    }
}

#[tokio::test]
async fn a_person_answers_from_the_inbox_after_the_window() {
    let (world, channel) = World::demo_on(MESSENGER).await;
    world.writes(MESSENGER, PHONE, text("¿alguien?")).await;
    world.received("the text", |m| m["text"] == "¿alguien?").await;
    world.advance("25h").await;
    world.arrived(MESSENGER, world.sent(&channel, tagged("un momento", "HUMAN_AGENT")).await).await;
    let page = world.inbox().await.thread().await;
    assert!(page.contains("id=\"reply\"") && page.contains("HUMAN_AGENT"), "the box is open and says how");
    let value = |name: &str| {
        let form = page.split("id=\"reply\"").nth(1).expect("the form");
        let field = form.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("the field");
        field.split('"').next().unwrap_or_default().to_owned()
    };
    let form = format!("csrf={}&client={}&text=aqu%C3%AD+estamos", value("csrf"), value("client"));
    let answer = world.inbox().await.post("/messages/123/reply", &form).await;
    assert!(answer.status < 400, "{}", answer.text());
    until("the phone shows it", || async {
        world.shown(MESSENGER).await.iter().any(|m| m["body"] == "aquí estamos").then_some(())
    })
    .await;
    assert_eq!(last_body(&world, MESSENGER).await["tag"], "HUMAN_AGENT");
}

#[tokio::test]
async fn an_operator_can_pass_retired_tags_and_meta_refuses_them() {
    let (world, channel) = World::demo_on(MESSENGER).await;
    let path = format!("/channels/{}/settings", channel.id);
    let refused = world.admin("POST", &path, json!({"set": {"pass_deprecated_tags": "maybe"}})).await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/set/pass_deprecated_tags");
    let set = world.admin("POST", &path, json!({"set": {"pass_deprecated_tags": "yes"}})).await;
    assert_eq!(set.status, 200, "{}", set.text());
    world.advance("25h").await;
    let id = world.sent(&channel, tagged("como se pidió", "ACCOUNT_UPDATE")).await;
    let error = world.failed_with(id).await;
    assert_eq!(error["providerCode"], 1_893_061, "{error}");
    assert_eq!(last_body(&world, MESSENGER).await["tag"], "ACCOUNT_UPDATE");
}

#[tokio::test]
async fn metas_word_that_the_window_is_closed_is_believed() {
    let (world, channel) = World::demo_on(MESSENGER).await;
    world.fault(MESSENGER, json!({"code": 2_018_278})).await;
    let id = world.sent(&channel, text("¿abierta?")).await;
    assert_eq!(world.failed_with(id).await["code"], "window_closed");
    world.no_faults().await;
    let before = world.exchanges(MESSENGER).await.len();
    let id = world.sent(&channel, text("¿y ahora?")).await;
    assert_eq!(world.failed_with(id).await["code"], "window_closed");
    assert_eq!(world.exchanges(MESSENGER).await.len(), before, "it is not asked again");
}

#[tokio::test]
async fn an_echo_settles_a_lost_answer_on_messenger_and_instagram_holds_it() {
    let (world, channel) = World::demo_on(MESSENGER).await;
    world.fault(MESSENGER, json!({"cut": "after"})).await;
    let id = world.sent(&channel, text("quién sabe")).await;
    let message = world.reaches(id, "delivered").await;
    assert_ne!(message["outcome"], "unknown");
    world.no_faults().await;
    assert_eq!(world.shown(MESSENGER).await.iter().filter(|m| m["body"] == "quién sabe").count(), 1);
    let instagram = world.channel(INSTAGRAM);
    world.fault(INSTAGRAM, json!({"cut": "after"})).await;
    let id = world.unknown(&instagram, "en duda").await;
    world.no_faults().await;
    world.advance("2h").await;
    let later = world.sent(&instagram, text("después")).await;
    world.arrived(INSTAGRAM, later).await;
    assert_eq!(world.shown(INSTAGRAM).await.iter().filter(|m| m["body"] == "en duda").count(), 1);
    let path = format!("/messages/{id}/resolve");
    assert_eq!(world.admin("POST", &path, json!({"choice": "leave"})).await.status, 200);
    assert_eq!(world.failed_with(id).await["code"], "outcome_unknown");
}

#[tokio::test]
async fn receipts_in_any_order_only_raise_and_a_forged_one_does_nothing() {
    for how in ["reorder", "double", "late"] {
        let (world, channel) = World::demo_on(MESSENGER).await;
        world.fault(MESSENGER, json!({"receipts": how})).await;
        let id = world.sent(&channel, text(how)).await;
        world.reaches(id, "delivered").await;
        world.simulator("POST", &format!("/phones/{PHONE}/open"), json!({})).await;
        world.reaches(id, "read").await;
    }
    let (world, channel) = World::demo_on(MESSENGER).await;
    world.fault(MESSENGER, json!({"receipts": "badSignature"})).await;
    let id = world.sent(&channel, text("falsa")).await;
    world.arrived(MESSENGER, id).await;
    assert_eq!(current(&world.message(id).await), "sent");
}

#[tokio::test]
async fn a_contact_that_blocks_fails_at_once_and_others_do_not() {
    for source in KINDS {
        let (world, channel) = World::demo_on(source).await;
        world.simulator("PUT", &format!("/phones/{PHONE}"), json!({"blocked": true})).await;
        let error = world.failed_with(world.sent(&channel, text("¿estás?")).await).await;
        assert_eq!((&error["code"], &error["providerCode"]), (&json!("recipient_unreachable"), &json!(551)));
        assert_eq!(error["actor"], "contact");
        world.simulator("PUT", &format!("/phones/{PHONE}"), json!({"blocked": false})).await;
        world.arrived(source, world.sent(&channel, text("hola de nuevo")).await).await;
        assert_eq!(state(&world, &channel).await, "connected");
    }
}

#[tokio::test]
async fn being_throttled_is_waited_out() {
    for source in KINDS {
        let (world, channel) = World::demo_on(source).await;
        world.fault(source, json!({"code": 613})).await;
        let id = world.sent(&channel, text("sin prisa")).await;
        until("it was tried", || async {
            let steps = world.admin("GET", &format!("/messages/{id}"), Value::Null).await.json();
            steps["timeline"].to_string().contains("slow_down").then_some(())
        })
        .await;
        assert_eq!(current(&world.message(id).await), "pending");
        world.no_faults().await;
        world.advance("5m").await;
        world.arrived(source, id).await;
    }
}

#[tokio::test]
async fn a_revoked_token_holds_the_channel_and_a_new_one_lets_it_go_on() {
    for source in KINDS {
        let (world, channel) = World::demo_on(source).await;
        world.fault(source, json!({"code": 190})).await;
        let id = world.sent(&channel, text("espera su turno")).await;
        until("the channel is held", || async { (state(&world, &channel).await == "held").then_some(()) })
            .await;
        let check = format!("/channels/{}/check", channel.id);
        let answer = world.admin("POST", &check, json!({})).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("credentials_refused")));
        assert_eq!(current(&world.message(id).await), "pending", "nothing is lost");
        world.no_faults().await;
        let accounts = world.simulator("GET", "/accounts", Value::Null).await;
        let own = |nth: usize| {
            let mut of = accounts.as_array().into_iter().flatten().filter(|a| a["source"] == source);
            of.nth(nth).expect("an account")["set"]["access_token"].clone()
        };
        let settings = format!("/channels/{}/settings", channel.id);
        let other = world.admin("POST", &settings, json!({"set": {"access_token": own(1)}})).await;
        assert_eq!(other.status, 400, "another one's token would write in its name");
        let renewed = world.admin("POST", &settings, json!({"set": {"access_token": own(0)}})).await;
        assert_eq!(renewed.status, 200, "{}", renewed.text());
        assert_eq!(
            world.admin("POST", &format!("/channels/{}/resume", channel.id), json!({})).await.status,
            200
        );
        world.arrived(source, id).await;
        let shown = world.admin("GET", &format!("/messages/{id}"), Value::Null).await.text();
        assert!(!shown.contains(TOKEN), "the token is shown nowhere");
    }
}

#[tokio::test]
async fn a_stranger_gets_its_name_from_its_profile() {
    for source in KINDS {
        let (world, channel) = World::demo_on(source).await;
        let other = "+593987654321";
        let said = json!({"type": "text", "text": "soy nueva", "provider": source});
        world.simulator("POST", &format!("/phones/{other}/messages"), said).await;
        let found = world.named(other).await;
        let contact = world.api("GET", &format!("/contact/id:{found}"), Value::Null).await.json();
        assert!(contact["profilePic"].as_str().is_some_and(|link| link.starts_with("https://")), "{contact}");
        let body = json!({"channelId": channel.id, "message": text("bienvenida")});
        let answer = world.api("POST", &format!("/contact/id:{found}/message"), body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        until("it is answered", || async {
            world.phone(other).await.iter().any(|m| m["body"] == "bienvenida").then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn one_address_serves_every_page_of_an_app() {
    let (world, first) = World::demo_on(MESSENGER).await;
    let accounts = world.simulator("GET", "/accounts", Value::Null).await;
    let second = accounts
        .as_array()
        .into_iter()
        .flatten()
        .filter(|a| a["source"] == MESSENGER)
        .nth(1)
        .unwrap()
        .clone();
    let body = json!({"source": MESSENGER, "name": "Otra página", "set": second["set"]});
    let added = world.admin("POST", "/channels", body).await;
    assert_eq!(added.status, 200, "{}", added.text());
    let id = added.json()["id"].as_i64().unwrap();
    // The app's address is still the first Page's.
    let said =
        json!({"type": "text", "text": "a la otra página", "provider": MESSENGER, "account": second["name"]});
    let other = "+593987654322";
    world.simulator("POST", &format!("/phones/{other}/messages"), said).await;
    let found = world.named(other).await;
    let path = format!("/contact/id:{found}/message");
    let sent = world.api("POST", &path, json!({"channelId": id, "message": text("respuesta")})).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    let wrong = world.api("POST", &path, json!({"channelId": first.id, "message": text("x")})).await;
    assert_eq!(wrong.json()["error"], "no_address", "an id is good for one Page");
}

#[tokio::test]
async fn a_webhook_without_the_signature_is_refused() {
    let (world, channel) = World::demo_on(MESSENGER).await;
    let list = world.admin("GET", "/channels", Value::Null).await.json();
    let own = list["items"].as_array().into_iter().flatten().find(|c| c["id"] == channel.id).unwrap().clone();
    let url = own["webhookUrl"].as_str().unwrap();
    for signature in [None, Some("sha256=00")] {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(signature.map(|signature| ("x-hub-signature-256", signature)));
        let answer = world.http.call("POST", url, &headers, r#"{"object":"page","entry":[]}"#).await.unwrap();
        assert_eq!(answer.status, 401);
    }
    let check = format!("{url}?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1");
    assert_eq!(world.http.call("GET", &check, &[], "").await.unwrap().status, 403);
}
