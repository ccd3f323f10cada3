//! What every kind of channel does alike, on those that have no test of their own for it: contacts out of reach,
//! providers that want it slower, credentials that are revoked and renewed, files and taps.

use e2e::world::{PHONE, current};
use e2e::{attachment, on_channels, text};
use serde_json::{Value, json};

on_channels! {
    [
        dialog360 "360dialog_whatsapp", vonage "nexmo_whatsapp", cloud "whatsapp_cloud",
        twilio "twilio_whatsapp", twilio_sms "twilio", custom "custom_channel"
    ]
    {
        async fn a_contact_out_of_reach_fails_in_words_and_its_own_message_opens_the_way(world, channel) {
            let phone = format!("/phones/{PHONE}");
            let blocked = |blocked: bool| world.simulator("PUT", &phone, json!({"blocked": blocked}));
            blocked(true).await;
            let error = world.failed_with(world.sent(channel, text("¿estás?")).await).await;
            let (code, provider_code) = match channel.source.as_str() {
                "custom_channel" => ("provider_refused", Value::Null),
                "twilio" => ("recipient_refused", json!(21_610)),
                "nexmo_whatsapp" => ("recipient_unreachable", json!(1300)),
                "twilio_whatsapp" => ("recipient_unreachable", json!(63_024)),
                _ => ("recipient_unreachable", json!(131_026)),
            };
            assert_eq!((&error["code"], &error["providerCode"]), (&json!(code), &provider_code), "{error}");
            blocked(false).await;
            world.writes(&channel.source, PHONE, text("aquí estoy")).await;
            world.received("its message", |m| m["text"] == "aquí estoy").await;
            world.reaches(world.sent(channel, text("de vuelta")).await, "delivered").await;
        }
    }
}

on_channels! {
    [
        dialog360 "360dialog_whatsapp", vonage "nexmo_whatsapp", cloud "whatsapp_cloud",
        twilio "twilio_whatsapp", vonage_sms "nexmo", custom "custom_channel"
    ]
    {
        async fn being_throttled_is_waited_out(world, channel) {
            let act = match channel.source.as_str() {
                "whatsapp_cloud" => json!({"code": 130_429}),
                _ => json!({"httpStatus": 429}),
            };
            world.fault(&channel.source, act).await;
            let id = world.sent(channel, text("sin prisa")).await;
            world.tried(id, "slow_down").await;
            assert_eq!(current(&world.message(id).await), "pending");
            world.no_faults().await;
            world.advance("5m").await;
            world.reaches(id, "delivered").await;
            assert_eq!(world.times_shown(&channel.source, "sin prisa").await, 1);
        }
    }
}

on_channels! {
    [
        dialog360 "360dialog_whatsapp", vonage "nexmo_whatsapp", cloud "whatsapp_cloud",
        twilio "twilio_whatsapp", twilio_sms "twilio", vonage_sms "nexmo"
    ]
    {
        async fn revoked_credentials_hold_the_channel_and_new_ones_let_it_go_on(world, channel) {
            let (key, act) = match channel.source.as_str() {
                "360dialog_whatsapp" => ("api_key", json!({"httpStatus": 401})),
                "whatsapp_cloud" => ("access_token", json!({"code": 190})),
                "twilio_whatsapp" | "twilio" => ("auth_token", json!({"code": 20_003})),
                _ => ("private_key", json!({"httpStatus": 401})),
            };
            world.fault(&channel.source, act).await;
            let id = world.sent(channel, text("espera su turno")).await;
            world.is_held(channel).await;
            assert_eq!(current(&world.message(id).await), "pending", "nothing is lost");
            world.no_faults().await;
            assert_eq!(world.set(channel, key, &json!("wrong")).await, 400, "what opens nothing is not kept");
            let own = world.account(&channel.source, 0).await;
            assert_eq!(world.set(channel, key, &own[key]).await, 200);
            world.resume(channel).await;
            world.reaches(id, "delivered").await;
            let shown = world.admin("GET", &format!("/messages/{id}"), Value::Null).await.text();
            assert!(!shown.contains(own[key].as_str().expect("a text")), "it is shown nowhere");
        }
    }
}

on_channels! {
    [twilio "twilio_whatsapp", twilio_sms "twilio"]
    {
        async fn each_attachment_goes_by_its_link(world, channel) {
            for (kind, file, shown_as) in [
                ("image", "a.png", "image"),
                ("video", "a.mp4", "video"),
                ("audio", "a.mp3", "audio"),
                ("file", "a.pdf", "document"),
            ] {
                let link = format!("https://ejemplo.ec/{file}");
                let shown = world.on_phone(world.sent(channel, attachment(kind, &link)).await).await;
                assert_eq!((&shown["media"]["type"], &shown["media"]["link"]), (&json!(shown_as), &json!(link)));
            }
            let lost = world.sent(channel, attachment("image", "https://nada.invalid/a.png")).await;
            assert_eq!(world.failed_with(lost).await["code"], "media_unreachable");
        }
    }
}

on_channels! {
    [twilio "twilio_whatsapp", twilio_sms "twilio", custom "custom_channel"]
    {
        async fn every_kind_of_message_comes_in(world, channel) {
            let source = channel.source.as_str();
            world.writes(source, PHONE, text("buenas")).await;
            world.received("the text", |m| m["text"] == "buenas").await;
            for (said, mime) in [
                (json!({"type": "image"}), "image/png"),
                (json!({"type": "video"}), "video/mp4"),
                (json!({"type": "audio"}), "audio/"),
                (json!({"type": "document", "filename": "hoja.pdf"}), "application/pdf"),
            ] {
                world.writes(source, PHONE, said).await;
                let item = world.received(mime, |m| {
                    let file = &m["attachment"];
                    file["url"].is_string() && file["mime"].as_str().is_some_and(|known| known.starts_with(mime))
                }).await;
                let url = item["message"]["attachment"]["url"].as_str().expect("a link").to_owned();
                assert_eq!(world.http.call("GET", &url, &[], "").await.expect("an answer").status, 200, "{url}");
            }
            if source != "twilio" {
                let place = json!({"type": "location", "latitude": -0.18, "longitude": -78.46, "name": "Quito"});
                world.writes(source, PHONE, place).await;
                world.received("the place", |m| m.to_string().contains("-78.46") && m.to_string().contains("Quito")).await;
            }
            if source == "twilio_whatsapp" {
                let card = json!({"name": {"formatted_name": "Luis"}, "phones": [{"phone": "+593997333444"}]});
                world.writes(source, PHONE, json!({"type": "contacts", "contacts": [card]})).await;
                world.received("the card, as a file", |m| m["attachment"]["mime"] == "text/vcard").await;
            }
            if source != "twilio" {
                world.writes(source, PHONE, json!({"type": "unsupported"})).await;
                world.received("what cannot be shown", |m| m["type"] == "unsupported").await;
            }
        }
    }
}

on_channels! {
    [twilio "twilio_whatsapp"]
    {
        async fn a_button_is_tapped_on_the_phone(world, channel) {
            let question = json!({"type": "quick_reply", "title": "¿Vienes?", "replies": ["Sí", "No", "Tal vez"]});
            let shown = world.on_phone(world.sent(channel, question).await).await;
            let tap = json!({"type": "button", "messageId": shown["id"], "index": 1});
            world.writes(&channel.source, PHONE, tap).await;
            world.received("the tap", |m| m["text"] == "No").await;
        }
    }
}

on_channels! {
    [twilio "twilio", vonage "nexmo"]
    {
        async fn quick_replies_by_sms_are_numbered_lines_and_the_answer_is_a_text(world, channel) {
            let question = json!({"type": "quick_reply", "title": "¿Vienes?", "replies": ["Sí", "No"]});
            let id = world.sent(channel, question).await;
            assert_eq!(world.on_phone(id).await["body"], "¿Vienes?\n1. Sí\n2. No");
            assert_eq!(world.message(id).await["notes"][0]["code"], "numbered_replies");
            world.writes(&channel.source, PHONE, text("2")).await;
            world.received("the answer", |m| m["text"] == "2").await;
        }
    }
}
