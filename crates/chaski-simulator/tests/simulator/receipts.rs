//! What is reported after a message was accepted, in order and in the documented form.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{ANA, CLOUD, D360, Receiver, VONAGE, World, id_of, template, text};

#[tokio::test]
async fn statuses_come_in_order_on_every_provider() {
    let world = World::start().await;
    for (source, first) in [(CLOUD, "sent"), (D360, "sent"), (VONAGE, "submitted")] {
        let receiver = Receiver::start().await;
        world.hook(source, &receiver).await;
        let id = id_of(&world.send(source, &template(source, ANA, "bug_fixed", "es", Value::Null)).await);
        assert_eq!(receiver.statuses(&id, "delivered").await, [first, "delivered"], "{source}");
        world.post(&format!("/sim/v1/phones/{ANA}/open"), Value::Null).await;
        assert_eq!(receiver.statuses(&id, "read").await, [first, "delivered", "read"], "{source}");
    }
}

#[tokio::test]
async fn a_status_of_meta_has_the_documented_form_and_signature() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(CLOUD, &receiver).await;
    let mut body = template(CLOUD, ANA, "bug_fixed", "es", Value::Null);
    body["biz_opaque_callback_data"] = json!("1744434060");
    let id = id_of(&world.send(CLOUD, &body).await);
    let webhook = receiver.status(&id, "delivered").await;
    let timestamp = webhook.item()["timestamp"].clone();
    assert!(timestamp.as_str().unwrap().parse::<i64>().unwrap() > 1_700_000_000);
    let expected = json!({"object": "whatsapp_business_account", "entry": [{"id": world.set(CLOUD, "waba_id"), "changes": [{"value": {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": world.set(CLOUD, "phone_number_id")},
        "statuses": [{
            "id": id, "status": "delivered", "timestamp": timestamp, "recipient_id": "593997333444",
            "pricing": {"billable": true, "pricing_model": "PMP", "type": "regular", "category": "utility"},
            "biz_opaque_callback_data": "1744434060",
        }],
    }, "field": "messages"}]}]});
    assert_eq!(webhook.json, expected);
    let mut mac = Hmac::<Sha256>::new_from_slice(world.set(CLOUD, "app_secret").as_bytes()).unwrap();
    mac.update(&webhook.bytes);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    assert_eq!(webhook.headers["x-hub-signature-256"].to_str().unwrap(), signature);
}

#[tokio::test]
async fn a_status_of_vonage_has_the_documented_form_and_token() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(VONAGE, &receiver).await;
    let mut body = template(VONAGE, ANA, "bug_fixed", "es", Value::Null);
    body["client_ref"] = json!("abc123");
    let id = id_of(&world.send(VONAGE, &body).await);
    let webhook = receiver.status(&id, "submitted").await;
    let timestamp = webhook.json["timestamp"].clone();
    assert_eq!(timestamp.as_str().unwrap().len(), "2025-02-03T12:14:25Z".len());
    let expected = json!({
        "message_uuid": id, "to": "593997333444", "from": "447700900001", "timestamp": timestamp,
        "status": "submitted", "channel": "whatsapp", "client_ref": "abc123",
    });
    assert_eq!(webhook.json, expected);
    let token = webhook.headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(world.set(VONAGE, "signature_secret").as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    assert_eq!(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()), signature);
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap()).unwrap();
    assert_eq!(claims["payload_hash"], hex::encode(Sha256::digest(&webhook.bytes)));
    assert_eq!((claims["iss"].as_str(), claims["api_key"].as_str()), (Some("Vonage"), Some("a1b2c3d4")));
}

#[tokio::test]
async fn a_message_can_have_its_own_status_address_at_vonage() {
    let world = World::start().await;
    let (common, own) = (Receiver::start().await, Receiver::start().await);
    world.hook(VONAGE, &common).await;
    let mut body = template(VONAGE, ANA, "bug_fixed", "es", Value::Null);
    body["webhook_url"] = json!(own.url);
    let id = id_of(&world.send(VONAGE, &body).await);
    own.statuses(&id, "delivered").await;
    assert!(common.all().is_empty());
}

#[tokio::test]
async fn an_offline_phone_reports_when_it_comes_back() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(CLOUD, &receiver).await;
    let phone = format!("/sim/v1/phones/{ANA}");
    world.put(&phone, json!({"online": false})).await;
    let id = id_of(&world.send(CLOUD, &template(CLOUD, ANA, "bug_fixed", "es", Value::Null)).await);
    assert_eq!(receiver.statuses(&id, "sent").await, ["sent"]);
    assert!(world.messages(ANA).await.is_empty());
    world.put(&phone, json!({"online": true})).await;
    assert_eq!(receiver.statuses(&id, "delivered").await, ["sent", "delivered"]);
    assert_eq!(world.messages(ANA).await[0]["id"], id.as_str());
}

#[tokio::test]
async fn without_read_receipts_nothing_says_read() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(CLOUD, &receiver).await;
    let phone = format!("/sim/v1/phones/{ANA}");
    world.put(&phone, json!({"readReceipts": false})).await;
    let silent = id_of(&world.send(CLOUD, &template(CLOUD, ANA, "bug_fixed", "es", Value::Null)).await);
    receiver.statuses(&silent, "delivered").await;
    world.post(&format!("{phone}/open"), Value::Null).await;
    assert_eq!(world.messages(ANA).await[0]["status"], "read");
    world.put(&phone, json!({"readReceipts": true})).await;
    let told = id_of(&world.send(CLOUD, &template(CLOUD, ANA, "bug_fixed", "es", Value::Null)).await);
    receiver.statuses(&told, "delivered").await;
    world.post(&format!("{phone}/open"), Value::Null).await;
    receiver.statuses(&told, "read").await;
    assert_eq!(receiver.statuses(&silent, "delivered").await, ["sent", "delivered"]);
}

#[tokio::test]
async fn failures_are_reported_by_webhook_in_the_providers_codes() {
    let world = World::start().await;
    for (source, gone, window) in [
        (CLOUD, json!(131_026), json!(131_047)),
        (D360, json!(131_026), json!(131_047)),
        (VONAGE, json!("1300"), json!("1340")),
    ] {
        let receiver = Receiver::start().await;
        world.hook(source, &receiver).await;
        let code = async |id: &str| {
            let status = if source == VONAGE { "rejected" } else { "failed" };
            let item = receiver.status(id, status).await.item();
            item.pointer("/errors/0/code").or_else(|| item.pointer("/error/title")).cloned().unwrap()
        };
        let id = id_of(&world.send(source, &text(source, ANA, "sin ventana")).await);
        assert_eq!(code(&id).await, window, "{source}");
        for setting in [json!({"whatsapp": false}), json!({"blocked": true})] {
            let other = "+593990000002";
            world.put(&format!("/sim/v1/phones/{other}"), json!({"whatsapp": true, "blocked": false})).await;
            world.put(&format!("/sim/v1/phones/{other}"), setting).await;
            let id =
                id_of(&world.send(source, &template(source, other, "bug_fixed", "es", Value::Null)).await);
            assert_eq!(code(&id).await, gone, "{source}");
        }
    }
}

#[tokio::test]
async fn the_clock_closes_the_window() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(CLOUD, &receiver).await;
    world.says(ANA, CLOUD, "hola").await;
    let id = id_of(&world.send(CLOUD, &text(CLOUD, ANA, "dentro")).await);
    assert_eq!(receiver.statuses(&id, "delivered").await, ["sent", "delivered"]);
    world.post("/sim/v1/clock", json!({"advance": "25h"})).await;
    let id = id_of(&world.send(CLOUD, &text(CLOUD, ANA, "fuera")).await);
    let failed = receiver.status(&id, "failed").await.item();
    let details = "Message failed to send because more than 24 hours have passed since the customer last replied to this number.";
    let expected = json!([{
        "code": 131_047, "title": "Re-engagement message", "message": "Re-engagement message",
        "error_data": {"details": details}, "href": "/documentation/business-messaging/whatsapp/support/error-codes",
    }]);
    assert_eq!(failed["errors"], expected);
    assert_eq!(receiver.statuses(&id, "failed").await, ["failed"]);
}

#[tokio::test]
async fn a_failed_webhook_is_repeated() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(CLOUD, &receiver).await;
    receiver.will_answer(&[500, 500]);
    world.says(ANA, CLOUD, "repíteme").await;
    receiver.until("the first try", |got| (!got.is_empty()).then_some(())).await;
    // The gaps are in simulated time, so that nobody has to wait for them.
    world.post("/sim/v1/clock", json!({"advance": "1s"})).await;
    receiver.until("the second try", |got| (got.len() > 1).then_some(())).await;
    world.post("/sim/v1/clock", json!({"advance": "5s"})).await;
    let tries = receiver.until("the third try", |got| (got.len() > 2).then(|| got.to_vec())).await;
    assert!(tries.iter().all(|webhook| webhook.bytes == tries[0].bytes));
}
