//! The document's own examples, extracted from its text and run as they stand: every curl, on every
//! channel, by every way of naming the contact.

use e2e::world::PHONE;
use e2e::{on_every_whatsapp, until};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const DOCUMENT: &str = include_str!("../data/send-a-message.es.txt");

/// Every `curl …` of the document, whole.
fn examples() -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = DOCUMENT;
    while let Some(at) = rest.find("curl --request POST") {
        let from = &rest[at..];
        let data = from.find("--data '").expect("every example has data") + "--data '".len();
        let end = data + from[data..].find("}'").expect("every example's data ends") + 2;
        found.push(from[..end].to_owned());
        rest = &from[end..];
    }
    found
}

/// Runs an example with host, token and identifier put in; nothing else is changed.
fn run(example: &str, api: &str, token: &str, identifier: &str) -> Value {
    let command = example
        .replace("https://api.chatapi.net/v2", api)
        .replace("123456789012345678901234567890", token)
        .replace("/contact/identifier/", &format!("/contact/{identifier}/"));
    let output = Command::new("sh")
        .arg("-c")
        .arg(command.replacen("curl ", "curl --silent --fail-with-body ", 1))
        .output()
        .expect("sh runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{identifier}: {text}\n{command}");
    serde_json::from_str(&text).expect("the answer is JSON")
}

fn name_of(example: &str) -> &str {
    let name = example.split("\"name\": \"").nth(1).and_then(|rest| rest.split('"').next());
    name.unwrap_or("text")
}

#[test]
fn the_document_has_seven_examples() {
    let names: Vec<String> = examples().iter().map(|e| name_of(e).to_owned()).collect();
    let wanted = [
        "text",
        "bug_fixed",
        "account100",
        "account_update_en",
        "delivery_order",
        "account_update_en",
        "account_update_en",
    ];
    assert_eq!(names, wanted);
}

on_every_whatsapp! {
    async fn every_example_arrives_and_is_read(world, channel) {
        // `channelId: 0` means the last interacted channel: the contact writes here first.
        let mark = format!("ahora por {}", channel.source);
        world.simulator("POST", &format!("/phones/{PHONE}/messages"),
            json!({"type": "text", "text": mark, "provider": channel.source})).await;
        until("the contact's message is here", || async {
            let list = world.api("GET", "/contact/id:123/message/list?limit=1", Value::Null).await.json();
            (list["items"][0]["message"]["text"] == mark.as_str()).then_some(())
        }).await;
        let mut sent = Vec::new();
        for example in examples() {
            for identifier in ["id:123", &format!("phone:{PHONE}"), "email:ana@ejemplo.ec"] {
                let answer = run(&example, world.api_url(), world.token(), identifier);
                let id = answer["messageId"].as_i64().expect("messageId is a number");
                assert_eq!(answer.as_object().map(serde_json::Map::len), Some(1), "nothing else is answered: {answer}");
                sent.push((id, name_of(&example).to_owned()));
            }
        }
        for (id, name) in &sent {
            let shown = world.on_phone(*id).await;
            assert_eq!(shown["provider"], channel.source.as_str());
            if name == "text" {
                assert_eq!(shown["body"], "Message text");
            } else {
                assert_eq!(shown["template"]["name"], name.as_str());
            }
        }
        world.simulator("POST", &format!("/phones/{PHONE}/open"), json!({})).await;
        for (id, _) in &sent {
            let message = world.reaches(*id, "read").await;
            let values: Vec<_> = message["status"].as_array().into_iter().flatten().map(|s| s["value"].clone()).collect();
            assert_eq!(values, ["pending", "sent", "delivered", "read"]);
        }
    }

    async fn the_wire_bodies_are_the_documented_ones(world, channel) {
        let folder = match channel.source.as_str() {
            "360dialog_whatsapp" => "dialog360",
            "nexmo_whatsapp" => "vonage",
            // Twilio has no form of its own for a template: ContentSid and values, in its own test.
            "twilio_whatsapp" => return,
            _ => "cloud",
        };
        let cases = [
            (1, "from-seed-bug_fixed"),
            (2, "from-seed-account100-three-params"),
            (3, "from-seed-account_update_en-static-header-footer-url"),
            (4, "from-seed-delivery_order-image-cta"),
            (5, "from-seed-quick-replies"),
        ];
        let examples = examples();
        for (number, fixture) in cases {
            let path_in = |folder: &str| format!("{}/data/wire/{folder}/{fixture}.json", env!("CARGO_MANIFEST_DIR"));
            let mut path = path_in(folder);
            if !Path::new(&path).exists() {
                assert_eq!(folder, "dialog360", "360dialog's bodies equal the Cloud API's; the others are all there");
                path = path_in("cloud");
            }
            let body = examples[number].split("--data '").nth(1).and_then(|d| d.strip_suffix('\'')).expect("data");
            let mut body: Value = serde_json::from_str(body).expect("the example is JSON");
            body["channelId"] = json!(channel.id);
            let answer = world.api("POST", "/contact/id:123/message", body).await;
            let id = answer.json()["messageId"].as_i64().expect("messageId is a number");
            world.reaches(id, "delivered").await;
            let wire = world.exchanges(&channel.source).await.into_iter().rev()
                .find(|exchange| exchange["body"].to_string().contains(&id.to_string()))
                .map(|exchange| exchange["body"].clone())
                .expect("the simulator was called");
            let expected: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect("the fixture")).expect("JSON");
            assert_eq!(without_own(wire), without_own(expected), "{fixture}");
        }
    }
}

/// A body without what differs from call to call.
fn without_own(mut body: Value) -> Value {
    let own = ["to", "from", "biz_opaque_callback_data", "client_ref", "webhook_url", "webhook_version"];
    if let Some(object) = body.as_object_mut() {
        object.retain(|key, _| !own.contains(&key.as_str()));
    }
    body
}
