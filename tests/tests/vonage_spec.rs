//! Every call to Vonage's SMS API is valid by Vonage's own OpenAPI description, and so is every answer and every
//! webhook of the simulator.
//!
//! The description lies outside the project: in `CHASKI_SPECS`, else in `../shared/specs` beside the checkout.
//! Without it the tests say that they skip. It is read more strictly than it is written: no object has fields that
//! are not described, a webhook has all that an account which signs gets, and a reference has at most the 40 signs
//! of which only its words tell. What is corrected, and why:
//!
//! 1. *An answer is one of its two forms by its first `status`.* Nothing is required of either form, so that
//!    both are valid at once, which `oneOf` refuses.
//! 2. *An inbound message may have `sig`.* It is signed as a report is, of which alone the description says so.
//! 3. *`status` and `type` of webhooks are one of the values listed in words*, which bind nobody as they stand.
//!
//! Messages that go by the Messages API have no such description.

use e2e::specs::{Api, form};
use e2e::taker::Taker;
use e2e::world::PHONE;
use e2e::{Channel, World, text};
use serde_json::{Value, json};

const SOURCE: &str = "nexmo";
const ROOT: &str = "/vonage/sms";
const SCHEMAS: &str = "/components/schemas";

fn described() -> Option<Api> {
    let mut api = Api::open("vonage-sms-api.yml")?;
    let reference = api.at(&format!("{SCHEMAS}/NewMessage/properties/client-ref"));
    reference["maxLength"] = json!(40);
    let taken = json!({"properties": {"messages": {"contains": {"properties": {"status": {"const": "0"}}}}}});
    *api.at("/paths/~1{format}/post/responses/200/content/application~1json/schema") = json!({
        "required": ["message-count", "messages"], "if": taken,
        "then": {"$ref": "#/components/schemas/SMS"}, "else": {"$ref": "#/components/schemas/Error"},
    });
    let words = api.at(&format!("{SCHEMAS}/DeliveryReceipt/properties/status"));
    words["enum"] = words["x-possible-values"].clone();
    let report = api.at(&format!("{SCHEMAS}/DeliveryReceipt"));
    let all = report["properties"].as_object().expect("it has some").keys();
    report["required"] = all.filter(|name| *name != "client-ref").cloned().collect();
    let sig = report["properties"]["sig"].clone();
    let inbound = api.at(&format!("{SCHEMAS}/InboundMessage"));
    inbound["properties"]["sig"] = sig;
    inbound["properties"]["type"]["enum"] = json!(["text", "unicode", "binary"]);
    let signed = ["timestamp", "nonce", "sig"].map(|name| json!(name));
    inbound["required"].as_array_mut().expect("a list").extend(signed);
    Some(api)
}

/// The second account, connected by the SMS API, and how it is connected.
async fn classic(world: &World) -> (Channel, Value) {
    let set = world.account(SOURCE, 1).await;
    let body = json!({"source": SOURCE, "name": "SMS viejo", "set": set});
    let answer = world.admin("POST", "/channels", body).await;
    assert!(answer.status < 300, "{}", answer.text());
    (Channel { id: answer.json()["id"].as_i64().expect("a number"), source: SOURCE.to_owned() }, set)
}

#[tokio::test]
async fn every_call_and_its_answer_are_valid_by_vonages_description() {
    let Some(api) = described() else { return };
    let world = World::demo().await;
    let (channel, _) = classic(&world).await;
    let question = json!({"type": "quick_reply", "title": "¿Vienes?", "replies": ["Sí", "No"]});
    for message in [text("Hola"), text("Mañana 👍"), text(&"largo ".repeat(700)), question] {
        let id = world.sent(&channel, message).await;
        world.reaches(id, "delivered").await;
    }
    world.fault(SOURCE, json!({"code": 3})).await;
    let id = world.sent(&channel, text("mal")).await;
    world.reaches(id, "failed").await;
    let (mut sends, mut checks) = (0, 0);
    for call in world.exchanges(SOURCE).await {
        let Some(checked) = api.check(ROOT, &call) else { continue };
        // A check names nobody on purpose: what is said against it tells whether the credentials are good.
        if call["body"].as_str().is_some_and(|body| !body.contains("to=")) {
            assert_eq!(checked.faults, [": \"to\" is a required property"], "{call}");
            checks += 1;
        } else {
            assert!(checked.faults.is_empty(), "{call}\n{:#?}", checked.faults);
            sends += 1;
        }
    }
    assert!(sends > 4 && checks > 0, "{sends} {checks}");
}

#[tokio::test]
async fn every_webhook_of_the_simulator_is_valid_by_vonages_description() {
    let Some(api) = described() else { return };
    let world = World::demo().await;
    let (_, set) = classic(&world).await;
    let (reports, messages) = (Taker::start(), Taker::start());
    let hook = json!({"source": SOURCE, "account": "nexmo-2", "url": messages.address});
    world.simulator("PUT", "/webhooks", hook).await;
    let url = format!("{}/sms/json", set["sms_url"].as_str().expect("an address"));
    let fields = json!({
        "api_key": set["api_key"], "api_secret": set["api_secret"], "from": set["from"], "text": "hola",
        "to": PHONE.trim_start_matches('+'), "client-ref": "1.1.1", "callback": reports.address,
    });
    let body = form(&fields).as_str().expect("a text").to_owned();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    for failure in [json!([]), json!([{"when": {"provider": SOURCE}, "do": {"code": 1240}}])] {
        world.simulator("PUT", "/faults", failure).await;
        let answer = world.http.call("POST", &url, &headers, body.clone()).await.expect("an answer");
        assert_eq!(answer.json()["messages"][0]["status"], "0");
    }
    for words in ["hola", "Mañana 👍"] {
        world.writes(SOURCE, PHONE, json!({"type": "text", "text": words, "account": "nexmo-2"})).await;
    }
    for (taker, count, schema) in [(reports, 3, "DeliveryReceipt"), (messages, 2, "InboundMessage")] {
        for body in taker.taken(count).await {
            let found = api.faults_by(schema, &serde_json::from_str(&body).expect("JSON"));
            assert!(found.is_empty(), "{body}\n{found:#?}");
        }
    }
}

#[test]
fn what_is_wrong_is_refused() {
    let Some(api) = described() else { return };
    let right = json!({"api_key": "abcd1234", "api_secret": "abcdef0123456789", "from": "AcmeInc", "to": "447700900000", "text": "x"});
    let faults = |changed: Value, answer: Value| {
        let mut fields = right.clone();
        for (name, value) in changed.as_object().into_iter().flatten() {
            fields[name] = value.clone();
        }
        let response = json!({"status": 200, "body": answer});
        let call = json!({"method": "POST", "path": "/json", "body": form(&fields), "response": response});
        api.check("", &call).expect("it is described").faults
    };
    let taken = json!({"message-count": "1", "messages": [{"to": "447700900000", "message-id": "0A", "status": "0"}]});
    assert!(faults(json!({}), taken.clone()).is_empty());
    for changed in [
        json!({"api_key": "short"}),
        json!({"to": "Ana"}),
        json!({"type": "emoji"}),
        json!({"ttl": "1"}),
        json!({"status-report-req": "often"}),
        json!({"client_ref": "x"}),
        json!({"client-ref": "x".repeat(41)}),
    ] {
        assert!(!faults(changed.clone(), taken.clone()).is_empty(), "{changed}");
    }
    for answer in [
        json!({}),
        json!({"message-count": "1", "messages": [{"status": "2", "message-id": "0A"}]}),
        json!({"message-count": "1", "messages": [{"status": 0}]}),
    ] {
        assert!(!faults(json!({}), answer.clone()).is_empty(), "{answer}");
    }
}
