//! What a person does on a phone, as the providers report it.

use http::Method;
use serde_json::{Value, json};

use crate::support::{ANA, CLOUD, D360, Receiver, VONAGE, World, id_of, template, text};

async fn writes(world: &World, body: Value) -> Value {
    world.post(&format!("/sim/v1/phones/{ANA}/messages"), body).await.json
}

#[tokio::test]
async fn a_text_has_the_documented_form() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(CLOUD, &receiver).await;
    world.put(&format!("/sim/v1/phones/{ANA}"), json!({"name": "Ana Torres"})).await;
    let written = world.says(ANA, CLOUD, "¿Tienen otro color?").await.json;
    let webhook = receiver.inbound("text").await;
    let value = &webhook.json["entry"][0]["changes"][0]["value"];
    let user_id = value["contacts"][0]["user_id"].as_str().unwrap();
    assert!(user_id.starts_with("EC.1349") && user_id.len() == 23, "{user_id}");
    assert_eq!(
        value["contacts"],
        json!([{"profile": {"name": "Ana Torres"}, "wa_id": "593997333444", "user_id": user_id}])
    );
    let message = &value["messages"][0];
    let expected = json!({
        "from": "593997333444", "from_user_id": user_id, "id": written["id"], "timestamp": message["timestamp"],
        "type": "text", "text": {"body": "¿Tienen otro color?"},
    });
    assert_eq!(message, &expected);
    let receiver = Receiver::start().await;
    world.hook(VONAGE, &receiver).await;
    let written = world.says(ANA, VONAGE, "hola").await.json;
    let got = receiver.inbound("text").await.json;
    let expected = json!({
        "channel": "whatsapp", "message_uuid": written["id"], "to": "447700900001", "from": "593997333444", "timestamp": got["timestamp"],
        "profile": {"name": "Ana Torres"}, "message_type": "text", "text": "hola", "context_status": "none",
        "whatsapp": {"sender": {"user_id": user_id, "wa_id": "593997333444"}}, "_self": got["_self"],
    });
    assert_eq!(got, expected);
}

#[tokio::test]
async fn a_quick_reply_is_a_button_with_its_context() {
    let world = World::start().await;
    for source in [CLOUD, D360, VONAGE] {
        let receiver = Receiver::start().await;
        world.hook(source, &receiver).await;
        let components = json!([{"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [{"type": "payload", "payload": "visita-si"}]}]);
        let id = id_of(&world.send(source, &template(source, ANA, "confirm_visit", "es", components)).await);
        receiver.statuses(&id, "delivered").await;
        writes(&world, json!({"type": "button", "messageId": id, "index": 0, "provider": source})).await;
        let item = receiver.inbound("button").await.item();
        assert_eq!(item["button"], json!({"payload": "visita-si", "text": "Si"}), "{source}");
        let context = item["context"].get("id").or_else(|| item["context"].get("message_uuid")).unwrap();
        assert_eq!(context, id.as_str());
        writes(&world, json!({"type": "button", "messageId": id, "index": 2, "provider": source})).await;
        receiver
            .until("the text as payload", |got| {
                got.iter()
                    .find(|webhook| webhook.item()["button"]["payload"] == "Confirmaré más tarde")
                    .map(|_| ())
            })
            .await;
    }
}

#[tokio::test]
async fn a_tap_on_a_link_stays_on_the_phone() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(CLOUD, &receiver).await;
    let id = id_of(&world.send(CLOUD, &template(CLOUD, ANA, "account_update_en", "es", Value::Null)).await);
    receiver.statuses(&id, "delivered").await;
    writes(&world, json!({"type": "button", "messageId": id, "index": 0, "provider": CLOUD})).await;
    world.says(ANA, CLOUD, "después").await;
    receiver.inbound("text").await;
    assert_eq!(receiver.all().len(), 3);
    assert_eq!(world.messages(ANA).await.len(), 3);
}

#[tokio::test]
async fn a_reply_to_buttons_and_lists_is_interactive() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    world.hook(CLOUD, &receiver).await;
    world.says(ANA, CLOUD, "hola").await;
    let send = async |interactive: Value| {
        let body = json!({"messaging_product": "whatsapp", "to": ANA, "type": "interactive", "interactive": interactive});
        let id = id_of(&world.send(CLOUD, &body).await);
        receiver.statuses(&id, "delivered").await;
        id
    };
    let buttons = json!({"type": "button", "body": {"text": "¿Cuándo?"}, "action": {"buttons": [{"type": "reply", "reply": {"id": "hoy", "title": "Hoy"}}]}});
    let id = send(buttons).await;
    writes(&world, json!({"type": "button", "messageId": id, "index": 0})).await;
    let item = receiver.inbound("interactive").await.item();
    assert_eq!(
        item["interactive"],
        json!({"type": "button_reply", "button_reply": {"id": "hoy", "title": "Hoy"}})
    );
    let list = json!({"type": "list", "body": {"text": "Elige"}, "action": {"button": "Ver", "sections": [{"rows": [
        {"id": "a", "title": "Uno"}, {"id": "b", "title": "Dos", "description": "El segundo"},
    ]}]}});
    let id = send(list).await;
    writes(&world, json!({"type": "button", "messageId": id, "index": 1})).await;
    let row =
        json!({"type": "list_reply", "list_reply": {"id": "b", "title": "Dos", "description": "El segundo"}});
    receiver
        .until("the row", |got| got.iter().any(|webhook| webhook.item()["interactive"] == row).then_some(()))
        .await;
}

#[tokio::test]
async fn every_other_form_is_reported() {
    let world = World::start().await;
    let (cloud, vonage) = (Receiver::start().await, Receiver::start().await);
    world.hook(CLOUD, &cloud).await;
    world.hook(VONAGE, &vonage).await;
    for (source, receiver) in [(CLOUD, &cloud), (VONAGE, &vonage)] {
        let id = id_of(&world.send(source, &template(source, ANA, "bug_fixed", "es", Value::Null)).await);
        receiver.statuses(&id, "delivered").await;
        writes(&world, json!({"type": "reaction", "messageId": id, "emoji": "👍", "provider": source})).await;
        writes(&world, json!({"type": "location", "latitude": -0.18, "longitude": -78.46, "name": "Quito", "provider": source})).await;
        writes(&world, json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "Luis"}}], "provider": source})).await;
        let order = json!({"catalog_id": "1", "product_items": [{"product_retailer_id": "p", "quantity": 2, "item_price": 30, "currency": "USD"}]});
        writes(&world, json!({"type": "order", "order": order, "provider": source})).await;
        for kind in ["unsupported", "audio", "sticker", "video"] {
            writes(&world, json!({"type": kind, "provider": source})).await;
            receiver.inbound(kind).await;
        }
        receiver.inbound("contacts").await;
    }
    assert_eq!(
        cloud.inbound("location").await.item()["location"],
        json!({"latitude": -0.18, "longitude": -78.46, "name": "Quito"})
    );
    assert_eq!(
        vonage.inbound("location").await.json["location"],
        json!({"lat": -0.18, "long": -78.46, "name": "Quito"})
    );
    assert_eq!(cloud.inbound("reaction").await.item()["reaction"]["emoji"], "👍");
    assert_eq!(vonage.inbound("reaction").await.json["reaction"], json!({"action": "react", "emoji": "👍"}));
    assert_eq!(vonage.inbound("order").await.json["order"]["product_items"][0]["quantity"], "2");
    assert_eq!(cloud.inbound("order").await.item()["order"]["product_items"][0]["quantity"], 2);
    assert_eq!(cloud.inbound("unsupported").await.item()["errors"][0]["code"], 131_051);
    assert_eq!(cloud.inbound("audio").await.item()["audio"]["voice"], true);
}

#[tokio::test]
async fn a_phone_with_a_username_shows_no_number_and_is_reached_by_its_bsuid() {
    let world = World::start().await;
    let (cloud, vonage) = (Receiver::start().await, Receiver::start().await);
    world.hook(CLOUD, &cloud).await;
    world.hook(VONAGE, &vonage).await;
    let phone = world.put(&format!("/sim/v1/phones/{ANA}"), json!({"username": "anatorres"})).await.json;
    let user_id = phone["userId"].as_str().unwrap().to_owned();
    world.says(ANA, CLOUD, "sin número").await;
    let webhook = cloud.inbound("text").await;
    let value = &webhook.json["entry"][0]["changes"][0]["value"];
    let contact = value["contacts"][0].as_object().unwrap();
    assert_eq!(contact.keys().collect::<Vec<_>>(), ["profile", "user_id", "parent_user_id"]);
    assert_eq!(contact["profile"]["username"], "@anatorres");
    let message = value["messages"][0].as_object().unwrap();
    assert_eq!(
        message.keys().collect::<Vec<_>>(),
        ["from_user_id", "from_parent_user_id", "id", "timestamp", "type", "text"]
    );
    assert!(
        !String::from_utf8_lossy(&webhook.bytes)
            .replace(message["id"].as_str().unwrap(), "")
            .contains("593997333444")
    );
    let mut body = text(CLOUD, ANA, "por BSUID");
    body.as_object_mut().unwrap().shift_remove("to");
    body["recipient"] = json!(user_id);
    let answer = world.send(CLOUD, &body).await;
    assert_eq!(answer.json["contacts"], json!([{"input": user_id, "user_id": user_id}]));
    assert_eq!(
        cloud.status(&id_of(&answer), "delivered").await.item()["recipient_user_id"],
        user_id.as_str()
    );
    assert_eq!(world.sees(&user_id, "por BSUID").await["id"], id_of(&answer).as_str());
    world.says(ANA, VONAGE, "sin número").await;
    let got = vonage.inbound("text").await.json;
    assert_eq!(
        (got["from"].as_str(), &got["whatsapp"]["sender"]),
        (Some(user_id.as_str()), &json!({"user_id": user_id}))
    );
    let mut body = text(VONAGE, ANA, "a su BSUID");
    body["to"] = json!(user_id);
    let id = id_of(&world.send(VONAGE, &body).await);
    assert_eq!(vonage.status(&id, "delivered").await.json["to"], user_id.as_str());
    let mut nobody = text(CLOUD, ANA, "x");
    nobody.as_object_mut().unwrap().shift_remove("to");
    nobody["recipient"] = json!("US.13491208655302741918");
    let id = id_of(&world.send(CLOUD, &nobody).await);
    assert_eq!(cloud.status(&id, "failed").await.item()["errors"][0]["code"], 131_026);
}

#[tokio::test]
async fn an_address_is_one_phone_in_every_writing() {
    let world = World::start().await;
    world.says(ANA, CLOUD, "hola").await;
    for writing in ["593997333444", "%2B593997333444", "+593%20997333444"] {
        assert_eq!(world.messages(writing).await.len(), 1, "{writing}");
    }
    let answer = world.call(Method::GET, "/sim/v1/phones/nobody/messages", &[], &Value::Null).await;
    assert_eq!(answer.status, 400);
    assert_eq!(world.get("/sim/v1/phones").await.json.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_business_marks_messages_read_at_meta() {
    let world = World::start().await;
    let written = world.says(ANA, CLOUD, "hola").await.json;
    let read = |id: &str| json!({"messaging_product": "whatsapp", "status": "read", "message_id": id, "typing_indicator": {"type": "text"}});
    assert_eq!(
        world.send(CLOUD, &read(written["id"].as_str().unwrap())).await.json,
        json!({"success": true})
    );
    assert_eq!(world.send(CLOUD, &read("wamid.nobody")).await.status, 400);
}
