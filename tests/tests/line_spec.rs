//! Every push is valid by LINE's own OpenAPI description, and so is every webhook of the simulator.
//!
//! The descriptions lie outside the project: in `CHASKI_SPECS`, else `../shared/specs` beside the checkout.
//! Without them the tests say that they skip. One thing is read as it is meant: the branch of a schema with a
//! discriminator is chosen by it, which a validator of JSON Schema does not do by itself.

use e2e::world::PHONE;
use e2e::{World, until};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn validator(file: &str, schema: &str) -> Option<jsonschema::Validator> {
    let folder = std::env::var_os("CHASKI_SPECS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs"), PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join(file)) else {
        eprintln!("skipped: {file} is not there; set CHASKI_SPECS to its folder");
        return None;
    };
    let description: Value = serde_yaml_ng::from_str(&text).expect("the description is YAML");
    let mut schemas = description["components"]["schemas"].as_object().cloned().expect("it has schemas");
    let chosen: Vec<String> = schemas
        .iter()
        .filter(|(_, schema)| schema.get("discriminator").is_some())
        .map(|(name, _)| name.clone())
        .collect();
    for name in &chosen {
        choose(&mut schemas, name);
    }
    let root = json!({"$ref": format!("#/components/schemas/{schema}"), "components": {"schemas": schemas}});
    Some(jsonschema::draft202012::new(&root).expect("the description is a schema"))
}

/// The schema that the discriminator names, instead of the base alone.
fn choose(schemas: &mut Map<String, Value>, name: &str) {
    let mut base = schemas[name].clone();
    let discriminator = base.as_object_mut().and_then(|base| base.remove("discriminator")).expect("one");
    let property = discriminator["propertyName"].as_str().unwrap_or("type").to_owned();
    let mapping = discriminator["mapping"].as_object().cloned().unwrap_or_default();
    let (own, its_base) =
        (format!("#/components/schemas/{name}"), format!("#/components/schemas/{name}__base"));
    for target in mapping.values() {
        let target = target.as_str().and_then(|t| t.rsplit('/').next()).unwrap_or_default().to_owned();
        for half in schemas[&target]["allOf"].as_array_mut().into_iter().flatten() {
            if half["$ref"] == own.as_str() {
                half["$ref"] = json!(its_base);
            }
        }
    }
    let branch = |(word, target): (&String, &Value)| {
        let is_it =
            json!({"properties": {property.as_str(): {"const": word}}, "required": [property.as_str()]});
        json!({"if": is_it, "then": {"$ref": target}})
    };
    let branches: Vec<Value> = mapping.iter().map(branch).collect();
    let words: Vec<&String> = mapping.keys().collect();
    schemas.insert(format!("{name}__base"), base);
    schemas.insert(
        name.to_owned(),
        json!({"required": [property.as_str()], "properties": {property.as_str(): {"enum": words}}, "allOf": branches}),
    );
}

fn faults(validator: &jsonschema::Validator, body: &Value) -> Vec<String> {
    validator.iter_errors(body).map(|fault| format!("{}: {fault}", fault.instance_path)).collect()
}

#[test]
fn every_push_is_valid_by_lines_description() {
    let Some(validator) = validator("line-messaging-api.yml", "PushMessageRequest") else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/chaski-channels/src/line/fixtures");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).expect("the fixtures").map(|entry| entry.expect("a file").path()) {
        if !file.to_string_lossy().ends_with(".request.json") {
            continue;
        }
        let request: Value =
            serde_json::from_str(&std::fs::read_to_string(&file).expect("a text")).expect("JSON");
        let found = faults(&validator, &request["body"]);
        assert!(found.is_empty(), "{}\n{found:#?}", file.display());
        seen += 1;
    }
    assert!(seen > 10);
    for wrong in [
        json!({"messages": [{"type": "text", "text": "x"}]}),
        json!({"to": "U1", "messages": []}),
        json!({"to": "U1", "messages": [{"type": "fax"}]}),
        json!({"to": "U1", "messages": [{"type": "image", "originalContentUrl": "https://x.ec/a.jpg"}]}),
        json!({"to": "U1", "messages": [{"type": "text"}]}),
    ] {
        assert!(!faults(&validator, &wrong).is_empty(), "{wrong}");
    }
}

/// Takes webhooks and keeps their bodies.
async fn taker() -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}/hook", listener.local_addr().expect("it is bound"));
    let kept: Arc<Mutex<Vec<Value>>> = Arc::default();
    let bodies = Arc::clone(&kept);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let bodies = Arc::clone(&bodies);
            tokio::spawn(async move {
                let mut read = Vec::new();
                let mut piece = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut piece).await {
                    read.extend_from_slice(&piece[..length]);
                    let body = read.windows(4).position(|w| w == b"\r\n\r\n").map(|at| &read[at + 4..]);
                    if let Some(body) = body.and_then(|body| serde_json::from_slice(body).ok()) {
                        bodies.lock().expect("nobody panics").push(body);
                        break;
                    }
                }
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(answer).await;
            });
        }
    });
    (address, kept)
}

#[tokio::test]
async fn every_webhook_of_the_simulator_is_valid_by_lines_description() {
    let Some(validator) = validator("line-webhook.yml", "CallbackRequest") else { return };
    let world = World::demo().await;
    let (address, kept) = taker().await;
    let accounts = world.simulator("GET", "/accounts", Value::Null).await;
    let own = accounts.as_array().into_iter().flatten().find(|a| a["source"] == "line").expect("LINE")["set"]
        .clone();
    let text = |key: &str| own[key].as_str().expect("a text").to_owned();
    let place = format!("{}/v2/bot/channel/webhook", text("base_url"));
    let (token, endpoint) = (text("access_token"), json!({"endpoint": address}));
    let set = world.http.json("PUT", &format!("{place}/endpoint"), &token, &endpoint).await;
    assert_eq!(set.expect("an answer").status, 200);
    let test = world.http.json("POST", &format!("{place}/test"), &token, &json!({})).await;
    assert_eq!(test.expect("an answer").json()["success"], true);
    let phone = format!("/phones/{PHONE}/messages");
    let first =
        world.simulator("POST", &phone, json!({"type": "text", "text": "hola", "provider": "line"})).await;
    for said in [
        json!({"type": "image"}),
        json!({"type": "video"}),
        json!({"type": "voice"}),
        json!({"type": "document", "filename": "hoja.pdf"}),
        json!({"type": "sticker"}),
        json!({"type": "location", "latitude": -0.18, "longitude": -78.46, "name": "Quito", "address": "Centro"}),
        json!({"type": "unsend", "messageId": first["id"]}),
    ] {
        let mut said = said;
        said["provider"] = json!("line");
        world.simulator("POST", &phone, said).await;
    }
    for blocked in [true, false] {
        world.simulator("PUT", &format!("/phones/{PHONE}"), json!({"blocked": blocked})).await;
    }
    let bodies = until("all have come", || async {
        let kept = kept.lock().expect("nobody panics").clone();
        (kept.len() >= 11).then_some(kept)
    })
    .await;
    for body in bodies {
        let found = faults(&validator, &body);
        assert!(found.is_empty(), "{body}\n{found:#?}");
    }
}
