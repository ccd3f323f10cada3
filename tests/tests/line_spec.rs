//! Every push is valid by LINE's own OpenAPI description, and so is every webhook of the simulator.
//!
//! The descriptions lie outside the project: in `CHASKI_SPECS`, else `../shared/specs` beside the checkout.
//! Without them the tests say that they skip. One thing is read as it is meant: the branch of a schema with a
//! discriminator is chosen by it, which a validator of JSON Schema does not do by itself.

use e2e::World;
use e2e::specs::{assert_valid, choose_by_discriminator, faults, read, schemas};
use e2e::taker::Taker;
use e2e::world::PHONE;
use serde_json::{Value, json};
use std::path::Path;

fn validator(file: &str, schema: &str) -> Option<jsonschema::Validator> {
    let mut schemas = schemas(&read(file)?);
    choose_by_discriminator(&mut schemas);
    Some(e2e::specs::validator(schemas, schema))
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

#[tokio::test]
async fn every_webhook_of_the_simulator_is_valid_by_lines_description() {
    let Some(validator) = validator("line-webhook.yml", "CallbackRequest") else { return };
    let world = World::demo().await;
    let taker = Taker::start();
    let own = world.account("line", 0).await;
    let text = |key: &str| own[key].as_str().expect("a text").to_owned();
    let place = format!("{}/v2/bot/channel/webhook", text("base_url"));
    let (token, endpoint) = (text("access_token"), json!({"endpoint": taker.address}));
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
    for body in taker.taken(11).await {
        assert_valid(&validator, &serde_json::from_str(&body).expect("JSON"));
    }
}
