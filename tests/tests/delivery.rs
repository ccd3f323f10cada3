//! Delivery under faults: what is retried, what is never resent, what is held, what order holds.

use e2e::world::{PHONE, current, template};
use e2e::{Channel, World, on_each_channel, text, until};
use serde_json::{Value, json};

async fn fault(world: &World, channel: &Channel, when: Value, action: Value) {
    let mut rule = json!({"when": {"provider": channel.source}, "do": action});
    for (key, value) in when.as_object().into_iter().flatten() {
        rule["when"][key] = value.clone();
    }
    world.simulator("PUT", "/faults", json!([rule])).await;
}

/// How often the phone shows a text from us.
async fn times_on_phone(world: &World, text: &str) -> usize {
    world.phone(PHONE).await.iter().filter(|message| message["body"] == text).count()
}

/// The steps of a message's timeline.
async fn timeline(world: &World, id: i64) -> Vec<Value> {
    let answer = world.admin("GET", &format!("/messages/{id}"), Value::Null).await;
    answer.json()["timeline"].as_array().cloned().unwrap_or_default()
}

async fn outcomes(world: &World, id: i64) -> Vec<String> {
    let steps = timeline(world, id).await;
    steps
        .iter()
        .filter(|s| s["step"] == "attempt")
        .map(|s| s["outcome"].as_str().unwrap_or("").to_owned())
        .collect()
}

/// Waits until a channel is held.
async fn is_held(world: &World, channel: &Channel) {
    until("the channel is held", || async {
        let list = world.admin("GET", "/channels", Value::Null).await.json();
        let mut items = list["items"].as_array().into_iter().flatten();
        items.any(|c| c["id"] == channel.id && c["state"] == "held").then_some(())
    })
    .await;
}

/// Moves the clock past every window and time to live, and waits until the server has followed.
async fn a_day_later(world: &World, channel: &Channel) {
    world.advance("25h").await;
    let body = json!({"channelId": channel.id, "message": text("en seco")});
    until("the server's clock has moved", || async {
        let told = world.api("POST", "/contact/id:123/message?dryRun=true", body.clone()).await.json();
        (told["window"]["open"] == false).then_some(())
    })
    .await;
}

on_each_channel! {
    async fn a_lost_answer_is_reconciled_by_the_echo_and_never_resent(world, channel) {
        fault(world, channel, json!({}), json!({"cut": "after"})).await;
        let id = world.sent(channel, text("respuesta perdida")).await;
        world.reaches(id, "delivered").await;
        assert_eq!(times_on_phone(world, "respuesta perdida").await, 1);
        let steps = outcomes(world, id).await;
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert!(world.message(id).await.get("outcome").is_none());
    }

    async fn what_nobody_knows_is_held_and_shown_until_a_person_decides(world, channel) {
        fault(world, channel, json!({}), json!({"cut": "before"})).await;
        let id = world.sent(channel, text("quién sabe")).await;
        until("the outcome is unknown", || async {
            (world.message(id).await["outcome"] == "unknown").then_some(())
        }).await;
        world.no_faults().await;
        assert_eq!(current(&world.message(id).await), "pending");
        assert_eq!(world.inbox().await.bubble(id).await.status, "unknown");
        world.advance("2h").await;
        let later = world.sent(channel, text("después")).await;
        world.reaches(later, "delivered").await;
        assert_eq!(times_on_phone(world, "quién sabe").await, 0, "it is never resent by itself");
        let listed = world.admin("GET", "/unknown", Value::Null).await.json();
        assert_eq!(listed["items"], json!([id]));
        let answer = world.admin("POST", &format!("/messages/{id}/resolve"), json!({"choice": "resend"})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        world.reaches(id, "delivered").await;
        assert_eq!(times_on_phone(world, "quién sabe").await, 1);
    }

    async fn an_unknown_one_that_is_resent_at_once_arrives_once(world, channel) {
        fault(world, channel, json!({}), json!({"cut": "before"})).await;
        let id = world.sent(channel, text("otra vez, ya")).await;
        until("the outcome is unknown", || async {
            (world.message(id).await["outcome"] == "unknown").then_some(())
        }).await;
        world.no_faults().await;
        let answer = world.admin("POST", &format!("/messages/{id}/resolve"), json!({"choice": "resend"})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let message = world.reaches(id, "delivered").await;
        assert!(message.get("outcome").is_none(), "{message}");
        world.advance("5m").await;
        let later = world.sent(channel, text("y sigue")).await;
        world.reaches(later, "delivered").await;
        assert_eq!(times_on_phone(world, "otra vez, ya").await, 1);
    }

    async fn an_unknown_one_does_not_block_its_contact_after_its_time(world, channel) {
        fault(world, channel, json!({}), json!({"cut": "before"})).await;
        let id = world.sent(channel, text("ayer, quién sabe")).await;
        until("the outcome is unknown", || async {
            (world.message(id).await["outcome"] == "unknown").then_some(())
        }).await;
        world.no_faults().await;
        a_day_later(world, channel).await;
        let next = world.sent_template(channel, "bug_fixed", "es", json!([])).await;
        world.reaches(next, "delivered").await;
        assert_eq!(times_on_phone(world, "ayer, quién sabe").await, 0, "it is never resent by itself");
    }

    async fn a_message_on_a_held_channel_expires_when_its_time_is_up(world, channel) {
        let refusal = if channel.source == "whatsapp_cloud" { json!({"code": 190}) } else { json!({"httpStatus": 401}) };
        fault(world, channel, json!({}), refusal).await;
        let ids = [world.sent(channel, text("caduca")).await, world.sent(channel, text("caduca")).await];
        is_held(world, channel).await;
        world.no_faults().await;
        world.advance("25h").await;
        for id in ids {
            let message = world.reaches(id, "failed").await;
            assert_eq!(message["error"]["code"], "expired", "{message}");
        }
        is_held(world, channel).await;
        assert_eq!(times_on_phone(world, "caduca").await, 0);
    }

    async fn a_template_approved_a_moment_ago_is_sent_after_one_resync(world, channel) {
        let approved = json!({
            "name": "just_approved", "language": "es", "status": "APPROVED", "category": "UTILITY",
            "components": [{"type": "BODY", "text": "Recién aprobada."}],
        });
        let before = world.catalogue_calls(channel).await;
        world.simulator("PUT", "/templates", json!({"source": channel.source, "templates": [approved]})).await;
        let id = world.sent_template(channel, "just_approved", "es", json!([])).await;
        assert_eq!(world.on_phone(id).await["body"], "Recién aprobada.");
        let again = world.sent_template(channel, "just_approved", "es", json!([])).await;
        assert_eq!(world.on_phone(again).await["body"], "Recién aprobada.");
        assert_eq!(world.catalogue_calls(channel).await - before, 1, "the catalogue is asked for once");
    }

    async fn an_unknown_one_that_is_left_counts_as_failed(world, channel) {
        fault(world, channel, json!({}), json!({"cut": "before"})).await;
        let id = world.sent(channel, text("déjalo")).await;
        until("the outcome is unknown", || async {
            (world.message(id).await["outcome"] == "unknown").then_some(())
        }).await;
        let answer = world.admin("POST", &format!("/messages/{id}/resolve"), json!({"choice": "leave"})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let message = world.reaches(id, "failed").await;
        assert_eq!(message["error"]["code"], "outcome_unknown");
    }

    async fn a_provider_that_is_down_is_tried_again(world, channel) {
        let code = if channel.source == "nexmo_whatsapp" { json!({"httpStatus": 429}) } else { json!({"code": 131_016}) };
        fault(world, channel, json!({}), code).await;
        let id = world.sent(channel, text("con paciencia")).await;
        until("the first attempt has ended", || async { (!outcomes(world, id).await.is_empty()).then_some(()) }).await;
        assert_eq!(current(&world.message(id).await), "pending", "a failure that will be retried is not yet failed");
        world.no_faults().await;
        world.advance("5m").await;
        world.reaches(id, "delivered").await;
        assert_eq!(times_on_phone(world, "con paciencia").await, 1);
        let tries = outcomes(world, id).await;
        assert!(tries.len() >= 2 && tries.last().is_some_and(|last| last == "sent"), "{tries:?}");
    }

    async fn refused_credentials_hold_the_channel_and_burn_nothing(world, channel) {
        let refusal = if channel.source == "whatsapp_cloud" { json!({"code": 190}) } else { json!({"httpStatus": 401}) };
        fault(world, channel, json!({}), refusal).await;
        let ids = [world.sent(channel, text("uno")).await, world.sent(channel, text("dos")).await];
        is_held(world, channel).await;
        world.no_faults().await;
        for id in ids {
            assert_eq!(current(&world.message(id).await), "pending");
        }
        let metrics = world.http.call("GET", &format!("{}/metrics", world.web_url()), &[], "").await.expect("metrics").text();
        assert!(metrics.contains(&format!("chaski_channel_held{{channel=\"{}\"}} 1", channel.id)), "{metrics}");
        assert_eq!(world.admin("POST", &format!("/channels/{}/resume", channel.id), json!({})).await.status, 200);
        for id in ids {
            world.reaches(id, "delivered").await;
        }
        assert_eq!(times_on_phone(world, "uno").await + times_on_phone(world, "dos").await, 2);
    }

    async fn receipts_doubled_and_reordered_end_in_the_right_status(world, channel) {
        for mode in ["double", "reorder"] {
            fault(world, channel, json!({}), json!({"receipts": mode})).await;
            let id = world.sent(channel, text(mode)).await;
            world.reaches(id, "delivered").await;
            world.simulator("POST", &format!("/phones/{PHONE}/open"), json!({})).await;
            let message = world.reaches(id, "read").await;
            let values: Vec<_> = message["status"].as_array().into_iter().flatten().map(|s| s["value"].as_str().unwrap_or("").to_owned()).collect();
            let order = ["pending", "sent", "failed", "delivered", "read"];
            let places: Vec<_> = values.iter().map(|value| order.iter().position(|known| known == value)).collect();
            assert!(places.iter().all(Option::is_some), "{values:?}");
            assert!(places.is_sorted_by(|a, b| a < b), "each value at most once, in their order: {values:?}");
            assert_eq!(values.last().map(String::as_str), Some("read"));
        }
    }

    async fn receipts_with_a_wrong_signature_change_nothing(world, channel) {
        fault(world, channel, json!({}), json!({"receipts": "badSignature"})).await;
        let id = world.sent(channel, text("firma mala")).await;
        world.reaches(id, "sent").await;
        world.no_faults().await;
        let next = world.sent(channel, text("firma buena")).await;
        world.reaches(next, "delivered").await;
        assert_eq!(current(&world.message(id).await), "sent");
        let metrics = world.http.call("GET", &format!("{}/metrics", world.web_url()), &[], "").await.expect("metrics").text();
        assert!(metrics.contains("chaski_webhooks_refused_total"), "{metrics}");
    }

    async fn messages_to_one_contact_arrive_in_the_order_accepted(world, channel) {
        let refusal = if channel.source == "nexmo_whatsapp" { json!({"httpStatus": 429}) } else { json!({"code": 131_016}) };
        fault(world, channel, json!({"probability": 0.2, "seed": 7}), refusal).await;
        let mut ids = Vec::new();
        for n in 0..25 {
            ids.push(world.sent(channel, text(&format!("orden {n:02}"))).await);
        }
        for id in ids {
            world.reaches(id, "delivered").await;
        }
        let shown: Vec<_> = world.phone(PHONE).await.iter().map(|m| m["body"].as_str().unwrap_or("").to_owned()).filter(|b| b.starts_with("orden")).collect();
        let wanted: Vec<_> = (0..25).map(|n| format!("orden {n:02}")).collect();
        assert_eq!(shown, wanted);
    }

    async fn free_text_after_the_window_fails_here_and_a_template_goes_out(world, channel) {
        world.advance("25h").await;
        let calls = world.exchanges(&channel.source).await.len();
        let id = until("the server's clock has moved", || async {
            let id = world.sent(channel, text("demasiado tarde")).await;
            (current(&world.message(id).await) == "failed").then_some(id)
        }).await;
        let message = world.message(id).await;
        assert_eq!(message["error"]["providerCode"], 131_047);
        assert_eq!(message["error"]["actor"], "you");
        let after = world.exchanges(&channel.source).await;
        let late = after.iter().skip(calls).filter(|e| e["body"].to_string().contains(&id.to_string())).count();
        assert_eq!(late, 0, "the provider is not called");
        let sent = world.sent_template(channel, "bug_fixed", "es", json!([])).await;
        world.reaches(sent, "delivered").await;
        world.simulator("POST", &format!("/phones/{PHONE}/messages"), json!({"type": "text", "text": "aquí estoy", "provider": channel.source})).await;
        until("the window is open again", || async {
            let id = world.sent(channel, text("ahora sí")).await;
            (current(&world.message(id).await) != "failed").then_some(())
        }).await;
    }

    async fn quick_replies_become_buttons_or_a_list_and_the_tap_comes_back(world, channel) {
        let three = json!({"type": "quick_reply", "title": "¿Vienes?", "replies": ["Sí", "No", "Tal vez"]});
        let id = world.sent(channel, three).await;
        let shown = world.on_phone(id).await;
        assert_eq!(shown["buttons"].as_array().map(Vec::len), Some(3), "{shown}");
        world.simulator("POST", &format!("/phones/{PHONE}/messages"),
            json!({"type": "button", "messageId": shown["id"], "index": 2, "provider": channel.source})).await;
        until("the tap is here", || async {
            let list = world.api("GET", "/contact/id:123/message/list?limit=1", Value::Null).await.json();
            (list["items"][0]["message"]["text"] == "Tal vez").then_some(())
        }).await;
        world.simulator("POST", &format!("/phones/{PHONE}/messages"),
            json!({"type": "reaction", "messageId": shown["id"], "emoji": "👍", "provider": channel.source})).await;
        until("the reaction is here", || async {
            let list = world.api("GET", "/contact/id:123/message/list?limit=1", Value::Null).await.json();
            (list["items"][0]["message"]["emoji"] == "👍").then_some(())
        }).await;
        let many: Vec<String> = (1..=7).map(|n| format!("Opción {n}")).collect();
        let id = world.sent(channel, json!({"type": "quick_reply", "title": "Elige", "replies": many})).await;
        world.on_phone(id).await;
        let too_long = json!({"type": "quick_reply", "title": "Elige", "replies": ["una etiqueta que no cabe en ninguna parte"]});
        let answer = world.send(channel, too_long).await;
        assert_eq!(answer.status, 400, "labels are never cut in silence: {}", answer.text());
        assert!(answer.json()["errors"][0]["pointer"].as_str().is_some_and(|p| p.starts_with("/message/replies")));
    }

    async fn attachments_of_each_kind_arrive(world, channel) {
        for (kind, file) in [("image", "a.png"), ("video", "a.mp4"), ("audio", "a.mp3"), ("file", "Informe%20final.pdf")] {
            let attachment = json!({"type": kind, "url": format!("https://ejemplo.ec/{file}")});
            let id = world.sent(channel, json!({"type": "attachment", "attachment": attachment})).await;
            let shown = world.on_phone(id).await;
            assert!(shown["media"]["link"].as_str().is_some_and(|link| link.ends_with(file)), "{shown}");
            if kind == "file" {
                assert_eq!(shown["media"]["filename"], "Informe final.pdf");
            }
        }
    }

    async fn every_kind_of_inbound_message_is_kept_and_shown(world, channel) {
        let kinds = [
            json!({"type": "text", "text": "hola"}),
            json!({"type": "image", "link": "https://ejemplo.ec/a.png"}),
            json!({"type": "video", "link": "https://ejemplo.ec/a.mp4"}),
            json!({"type": "audio", "link": "https://ejemplo.ec/a.ogg"}),
            json!({"type": "document", "link": "https://ejemplo.ec/a.pdf", "filename": "a.pdf"}),
            json!({"type": "sticker", "link": "https://ejemplo.ec/a.webp"}),
            json!({"type": "location", "latitude": -0.18, "longitude": -78.46, "name": "Quito"}),
            json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "Luis Mena", "first_name": "Luis"}, "phones": [{"phone": "+593 99 700 0222"}]}]}),
            json!({"type": "order", "order": {"catalog_id": "1", "text": "para hoy", "product_items": [
                {"product_retailer_id": "sku-1", "quantity": 2, "item_price": 9.99, "currency": "USD"}]}}),
            json!({"type": "unsupported"}),
        ];
        let list = || async {
            let page = world.api("GET", "/contact/id:123/message/list?limit=50", Value::Null).await.json();
            page["items"].as_array().cloned().unwrap_or_default()
        };
        let before = list().await.len();
        for mut kind in kinds.clone() {
            kind["provider"] = json!(channel.source);
            world.simulator("POST", &format!("/phones/{PHONE}/messages"), kind).await;
        }
        let all = until("every inbound message is here", || async {
            let all = list().await;
            (all.len() == before + kinds.len()).then_some(all)
        }).await;
        let mut types: Vec<String> = all.iter().take(kinds.len()).map(|m| m["message"]["type"].as_str().unwrap_or("").to_owned()).collect();
        types.sort();
        let wanted = ["attachment", "attachment", "attachment", "attachment", "attachment", "contacts", "location", "text", "unsupported", "whatsapp_order"];
        assert_eq!(types, wanted);
        let thread = world.inbox().await.thread().await;
        for item in all.iter().take(kinds.len()) {
            let id = item["messageId"].as_i64().expect("a number");
            assert!(e2e::inbox::bubble(&thread, id).is_some(), "Messages shows {item}");
        }
    }

    async fn a_sender_without_a_phone_number_gets_a_contact_and_an_answer(world, channel) {
        let number = "+593987000111";
        world.simulator("PUT", &format!("/phones/{number}"), json!({"username": "ana.torres"})).await;
        world.simulator("POST", &format!("/phones/{number}/messages"), json!({"type": "text", "text": "sin número", "provider": channel.source})).await;
        let contact = until("the sender has a contact", || async {
            let all = world.admin("GET", "/contacts", Value::Null).await.json();
            all["items"].as_array().into_iter().flatten().find(|c| c["id"] != 123).cloned()
        }).await;
        assert_eq!(contact["phone"], Value::Null, "{contact}");
        let answer = world.api("POST", &format!("/contact/id:{}/message", contact["id"]), json!({"message": text("te leo")})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        until("the answer is on the phone", || async {
            world.phone(number).await.iter().any(|m| m["body"] == "te leo").then_some(())
        }).await;
    }
}

#[tokio::test]
async fn an_idempotency_key_sends_once_and_answers_the_same() {
    let world = World::demo().await;
    let url = format!("{}/contact/id:123/message", world.api_url());
    let bearer = format!("Bearer {}", world.token());
    let send = |key: &'static str, text: &str| {
        let body = json!({"message": {"type": "text", "text": text}}).to_string();
        let (http, url, bearer) = (world.http.clone(), url.clone(), bearer.clone());
        async move {
            let headers = [
                ("authorization", bearer.as_str()),
                ("content-type", "application/json"),
                ("idempotency-key", key),
            ];
            http.call("POST", &url, &headers, body).await.expect("an answer")
        }
    };
    let (a, b, c) = tokio::join!(send("k1", "una vez"), send("k1", "una vez"), send("k1", "una vez"));
    for answer in [&a, &b, &c] {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json(), a.json());
    }
    assert_eq!(send("k1", "una vez").await.json(), a.json());
    assert_eq!(send("k1", "otra cosa").await.status, 409);
    for other in ["{\"message\": ", "{\"message\": {\"type\": \"fax\"}}", ""] {
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", "k1"),
        ];
        let answer = world.http.call("POST", &url, &headers, other).await.expect("an answer");
        assert_eq!(answer.status, 409, "{other:?}: {}", answer.text());
        assert_eq!(answer.json()["error"], "idempotency_conflict", "{other:?}");
    }
    assert_ne!(send("k2", "una vez").await.json(), a.json());
    world.reaches(a.json()["messageId"].as_i64().expect("a number"), "delivered").await;
    until("both are on the phone", || async { (times_on_phone(&world, "una vez").await == 2).then_some(()) })
        .await;
    let long = "x".repeat(256);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", long.as_str())];
    let answer = world
        .http
        .call("POST", &url, &headers, json!({"message": text("x")}).to_string())
        .await
        .expect("an answer");
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn a_recorded_refusal_is_answered_the_same_again() {
    let world = World::demo().await;
    let url = format!("{}/contact/id:123/message", world.api_url());
    let bearer = format!("Bearer {}", world.token());
    let headers =
        [("authorization", bearer.as_str()), ("content-type", "application/json"), ("idempotency-key", "k")];
    let body = json!({"message": template("account100", "es", json!([]))}).to_string();
    let first = world.http.call("POST", &url, &headers, body.clone()).await.expect("an answer");
    let second = world.http.call("POST", &url, &headers, body).await.expect("an answer");
    assert_eq!((first.status, second.status), (400, 400));
    assert_eq!(first.json(), second.json());
}

#[tokio::test]
async fn a_dry_run_tells_everything_and_does_nothing() {
    let world = World::demo().await;
    let components = json!([{"type": "body", "text": "otro texto", "parameters": [
        {"type": "text", "text": "Ana"}, {"type": "text", "text": "90"}, {"type": "text", "text": "hoy"}]}]);
    let body = json!({"channelId": 1, "message": template("account100", "es", components)});
    let answer = world.api("POST", "/contact/id:123/message?dryRun=true", body).await;
    let told = answer.json();
    assert_eq!(answer.status, 200, "{told}");
    assert_eq!(told["dryRun"], true);
    assert_eq!(told["wouldSend"], true);
    assert_eq!(told["source"], "whatsapp_cloud");
    assert_eq!(told["window"]["open"], true);
    assert!(told["lint"].as_array().is_some_and(|lint| !lint.is_empty()), "{told}");
    assert!(told["rendered"]["body"].as_str().is_some_and(|b| b.starts_with("Hola, Ana,")), "{told}");
    assert_eq!(told["request"]["body"]["template"]["name"], "account100");
    assert!(!told.to_string().contains("EAASimulatorOnly"), "secrets are masked: {told}");
    let refused = json!({"channelId": 1, "message": template("account100", "es", json!([]))});
    let told = world.api("POST", "/contact/id:123/message?dryRun=true", refused).await.json();
    assert_eq!(told["wouldSend"], false, "{told}");
    let list = world.api("GET", "/contact/id:123/message/list?limit=50", Value::Null).await.json();
    let outgoing =
        list["items"].as_array().into_iter().flatten().filter(|m| m["traffic"] == "outgoing").count();
    assert_eq!(outgoing, 0);
}

#[tokio::test]
async fn a_dry_run_that_is_asked_for_in_any_writing_does_not_send() {
    let world = World::demo().await;
    let send = |query: &'static str| {
        let body = json!({"channelId": 1, "message": text("en seco")});
        let world = &world;
        async move { world.api("POST", &format!("/contact/id:123/message?{query}"), body).await }
    };
    for query in ["dryRun=true", "dryRun=True", "dryRun=TRUE", "dryRun=1"] {
        let answer = send(query).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        assert_eq!(answer.json()["dryRun"], true, "{query}: {}", answer.text());
    }
    for query in ["dryRun=maybe", "dryRun=true&dryRun=false", "dryRun=true&dryRun=true"] {
        let answer = send(query).await;
        let told = answer.json();
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        assert_eq!(told["code"], 400, "{query}: {told}");
        assert_eq!(told["error"], "validation_failed", "{query}: {told}");
        assert!(told["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{query}: {told}");
        assert!(told["errors"].is_array(), "{query}: {told}");
    }
    let sent = send("dryRun=false").await.json()["messageId"].as_i64().expect("`false` sends");
    world.reaches(sent, "delivered").await;
    assert_eq!(times_on_phone(&world, "en seco").await, 1, "only the one that was meant");
    let list = world.api("GET", "/contact/id:123/message/list?limit=50", Value::Null).await.json();
    let outgoing: Vec<_> =
        list["items"].as_array().into_iter().flatten().filter(|m| m["traffic"] == "outgoing").collect();
    assert_eq!(outgoing.len(), 1, "{outgoing:?}");
}

#[tokio::test]
async fn a_dry_run_of_what_the_lint_would_refuse_says_so() {
    let world = World::demo().await;
    let different = json!([{"type": "body", "text": "Otro texto"}]);
    let body = json!({"channelId": 1, "lint": "strict", "message": template("bug_fixed", "es", different)});
    let answer = world.api("POST", "/contact/id:123/message?dryRun=true", body).await;
    let told = answer.json();
    assert_eq!(answer.status, 200, "{told}");
    assert_eq!((&told["dryRun"], &told["wouldSend"]), (&json!(true), &json!(false)), "{told}");
    assert_eq!(told["lint"][0]["component"], "body", "{told}");
}

#[tokio::test]
async fn lint_warns_refuses_strictly_or_fills_in() {
    let world = World::demo().await;
    let channel = world.channel("whatsapp_cloud");
    let send = |lint: &str, components: Value| {
        let body = json!({"channelId": channel.id, "lint": lint, "message": template("bug_fixed", "es", components)});
        let world = &world;
        async move { world.api("POST", "/contact/id:123/message", body).await }
    };
    let different = json!([{"type": "body", "text": "Otro texto"}]);
    let warned = send("warn", different.clone()).await;
    assert_eq!(warned.status, 200, "{}", warned.text());
    let warnings = warned.json()["warnings"].clone();
    assert_eq!(warnings[0]["component"], "body", "{warnings}");
    let strict = send("strict", different).await;
    assert_eq!(strict.status, 400, "{}", strict.text());
    assert_eq!(strict.json()["error"], "lint_refused");
    assert!(strict.json().get("messageId").is_none());
    let filled = send("autofix", json!([])).await;
    let id = filled.json()["messageId"].as_i64().expect("a number");
    let message = world.message(id).await;
    assert_eq!(message["mark"], Value::Null, "{message}");
}

#[tokio::test]
async fn one_contact_is_backed_off_and_others_go_on() {
    let world = World::demo().await;
    let channel = world.channel("whatsapp_cloud");
    let made = world.admin("POST", "/contacts", json!({"firstName": "Luis", "phone": "+593997000222"})).await;
    let luis = made.json()["id"].as_i64().expect("a number");
    fault(&world, &channel, json!({"recipient": PHONE}), json!({"code": 131_056})).await;
    let slow = world.sent(&channel, text("más despacio")).await;
    until("the first attempt has ended", || async {
        (!outcomes(&world, slow).await.is_empty()).then_some(())
    })
    .await;
    let body = json!({"channelId": channel.id, "message": template("bug_fixed", "es", json!([]))});
    let answer = world.api("POST", &format!("/contact/id:{luis}/message"), body).await;
    let other = answer.json()["messageId"].as_i64().expect("a number");
    until("the other contact has its message", || async {
        let message =
            world.api("GET", &format!("/contact/id:{luis}/message/{other}"), Value::Null).await.json();
        (current(&message) == "delivered").then_some(())
    })
    .await;
    assert_eq!(outcomes(&world, slow).await.first().map(String::as_str), Some("slow_down"));
    world.no_faults().await;
    world.advance("10m").await;
    world.reaches(slow, "delivered").await;
}

#[tokio::test]
async fn messages_are_paged_forward_and_backward() {
    let world = World::demo().await;
    let channel = world.channel("whatsapp_cloud");
    let mut ids = Vec::new();
    for n in 0..7 {
        ids.push(world.sent(&channel, text(&format!("página {n}"))).await);
    }
    let page = |url: String| {
        let world = &world;
        async move {
            let answer = world.http.json("GET", &url, world.token(), &Value::Null).await.expect("an answer");
            assert_eq!(answer.status, 200, "{}", answer.text());
            answer.json()
        }
    };
    let numbers = |page: &Value| -> Vec<i64> {
        page["items"].as_array().into_iter().flatten().filter_map(|m| m["messageId"].as_i64()).collect()
    };
    let first = page(format!("{}/contact/id:123/message/list?limit=3", world.api_url())).await;
    let second = page(first["pagination"]["next"].as_str().expect("absolute").to_owned()).await;
    let back = page(second["pagination"]["previous"].as_str().expect("absolute").to_owned()).await;
    ids.reverse();
    assert_eq!(numbers(&first), ids[..3]);
    assert_eq!(numbers(&second), ids[3..6]);
    assert_eq!(numbers(&back), ids[..3]);
    let mut last = second;
    while let Some(next) = last["pagination"]["next"].as_str().filter(|next| !next.is_empty()) {
        last = page(next.to_owned()).await;
    }
    assert_eq!(last["pagination"]["next"], "");
}
