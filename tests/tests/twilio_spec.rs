//! Every call to Twilio is valid by Twilio's own OpenAPI descriptions, and so is every answer of the simulator.
//!
//! The descriptions lie outside the project: in `CHASKI_SPECS`, else in `../shared/specs` beside the checkout.
//! Without them the tests say that they skip. They are read more strictly than they are written: no object has
//! fields that are not described, a Message and a Content have all that are, and formats count.
//! What is corrected, and why:
//!
//! 1. *A number's `SmsUrl` and `sms_url` may be empty.* They are addresses by their format, but the description's
//!    own examples have an empty one where no webhook is set.
//!
//! Not described, and so only listed here: the account's own resource, which a check reads, the bytes of a file,
//! refusals, and webhooks. Of a status callback that is the Message resource which its fields repeat.

use e2e::specs::{Api, form};
use e2e::taker::Taker;
use e2e::whatsapp::one_of_each;
use e2e::world::PHONE;
use e2e::{World, attachment, text};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::Path;

const ROOT: &str = "/twilio";
const MESSAGE: &str = "api.v2010.account.message";

struct Twilio([Api; 2]);

impl Twilio {
    fn open() -> Option<Self> {
        let mut messages = Api::open("twilio-messages-openapi-extract.json")?;
        let mut contents = Api::open("twilio_content_v1.json")?;
        let update = "/paths/~12010-04-01~1Accounts~1{AccountSid}~1IncomingPhoneNumbers~1{Sid}.json/post";
        let form = "/requestBody/content/application~1x-www-form-urlencoded/schema/properties/SmsUrl";
        let number = "/components/schemas/api.v2010.account.incoming_phone_number/properties/sms_url";
        for place in [&format!("{update}{form}"), number] {
            *messages.at(place) = json!({"anyOf": [{"type": "string", "format": "uri"}, {"const": ""}]});
        }
        whole(&mut messages, MESSAGE);
        whole(&mut contents, "content.v1.content");
        whole(&mut contents, "content.v1.content_and_approvals");
        Some(Self([messages, contents]))
    }

    /// The operation of a call that is in order; `None` where it is not described.
    fn operation(&self, root: &str, call: &Value) -> Option<String> {
        let checked = self.0.iter().find_map(|api| api.check(root, call))?;
        assert!(checked.faults.is_empty(), "{call}\n{:#?}", checked.faults);
        Some(checked.operation)
    }
}

/// Requires every field that a schema describes.
fn whole(api: &mut Api, name: &str) {
    let schema = api.at(&format!("/components/schemas/{name}"));
    schema["required"] = schema["properties"].as_object().expect("it has some").keys().cloned().collect();
}

/// Everything that is done over Twilio.
async fn do_everything(world: &World) {
    let (whatsapp, sms) = (world.channel("twilio_whatsapp"), world.channel("twilio"));
    let words: Vec<String> = (0..400).map(|n| format!("palabra{n}")).collect();
    let question = json!({"type": "quick_reply", "title": "¿Vienes?", "replies": ["Sí", "No"]});
    let by_sms =
        [text("Hola"), text(&words.join(" ")), attachment("image", "https://ejemplo.ec/a.jpg"), question];
    let service = json!({"set": {"messaging_service_sid": format!("MG{}", "0".repeat(32))}});
    for (channel, messages) in [(&whatsapp, one_of_each()), (&sms, by_sms.to_vec())] {
        let mut ids = Vec::new();
        for message in messages {
            ids.push(world.sent(channel, message).await);
        }
        for id in ids {
            world.reaches(id, "delivered").await;
        }
        world.writes(&channel.source, PHONE, json!({"type": "image"})).await;
        world.received("the picture, fetched", |m| m["attachment"]["url"].is_string()).await;
        let path = format!("/channels/{}", channel.id);
        for (verb, body) in [("check", json!({})), ("settings", service.clone())] {
            let done = world.admin("POST", &format!("{path}/{verb}"), body).await;
            assert_eq!(done.status, 200, "{}", done.text());
        }
        let id = world.sent(channel, text("por el servicio")).await;
        world.reaches(id, "delivered").await;
    }
    for source in ["twilio", "twilio_whatsapp"] {
        let path = format!("/channels/{}/remove", world.channel(source).id);
        assert_eq!(world.admin("POST", &path, json!({})).await.status, 200);
    }
}

#[tokio::test]
async fn every_call_and_its_answer_are_valid_by_twilios_descriptions() {
    let Some(twilio) = Twilio::open() else { return };
    let world = World::demo().await;
    do_everything(&world).await;
    let calls = [world.exchanges("twilio_whatsapp").await, world.exchanges("twilio").await].concat();
    let (mut seen, mut others) = (BTreeSet::new(), BTreeSet::new());
    for call in &calls {
        match twilio.operation(ROOT, call) {
            Some(operation) => drop(seen.insert(operation)),
            None => drop(
                others.insert(call["path"].as_str().expect("a path").split('/').nth(5).map(str::to_owned)),
            ),
        }
    }
    let described = [
        "CreateContent",
        "CreateMessage",
        "ListContentAndApprovals",
        "ListIncomingPhoneNumber",
        "UpdateIncomingPhoneNumber",
    ];
    assert!(seen.iter().eq(described), "{seen:?}");
    assert!(others.iter().eq(&[None, Some("Messages".to_owned())]), "accounts and files alone: {others:?}");
}

#[test]
fn every_request_of_the_fixtures_is_valid_by_twilios_descriptions() {
    let Some(twilio) = Twilio::open() else { return };
    let mut seen = 0;
    for kind in ["whatsapp", "sms"] {
        let folder =
            format!("{}/../crates/chaski-channels/src/twilio/{kind}/fixtures", env!("CARGO_MANIFEST_DIR"));
        for file in std::fs::read_dir(Path::new(&folder)).expect("the fixtures").flatten() {
            if !file.path().to_string_lossy().ends_with(".request.json") {
                continue;
            }
            let text = std::fs::read_to_string(file.path()).expect("a text");
            let request: Value = serde_json::from_str(&text).expect("JSON");
            let call = json!({"method": "POST", "path": request["url"], "body": form(&request["body"])});
            let operation = twilio.operation("https://api.twilio.com", &call);
            assert_eq!(operation.as_deref(), Some("CreateMessage"), "{text}");
            seen += 1;
        }
    }
    assert!(seen > 8);
}

/// A callback repeats the Message resource under names of its own.
#[tokio::test]
async fn status_callbacks_of_the_simulator_say_what_the_message_resource_may() {
    let Some(Twilio([messages, _])) = Twilio::open() else { return };
    let world = World::demo().await;
    let taker = Taker::start();
    let own = world.account("twilio", 0).await;
    let set = |key: &str| own[key].as_str().expect("a text").to_owned();
    let basic = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        format!("{}:{}", set("account_sid"), set("auth_token")),
    );
    let url = format!("{}/2010-04-01/Accounts/{}/Messages.json", set("base_url"), set("account_sid"));
    let fields = json!({"To": PHONE, "From": set("from"), "Body": "hola", "StatusCallback": taker.address});
    let body = form(&fields).as_str().expect("a text").to_owned();
    let headers = [
        ("authorization", format!("Basic {basic}")),
        ("content-type", "application/x-www-form-urlencoded".to_owned()),
    ];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(world.http.call("POST", &url, &headers, body).await.expect("an answer").status, 201);
    let mut described = messages.0["components"]["schemas"][MESSAGE].clone();
    described.as_object_mut().expect("an object").remove("required");
    for callback in taker.taken(2).await {
        let said: Map<String, Value> = url::form_urlencoded::parse(callback.as_bytes())
            .filter_map(|(name, value)| Some((repeated(&name)?.to_owned(), json!(value))))
            .collect();
        assert_eq!(said.len(), 6, "{callback}");
        let found = messages.faults(&described, &Value::Object(said));
        assert!(found.is_empty(), "{callback}\n{found:#?}");
    }
}

/// What a callback's field is called in the resource.
fn repeated(field: &str) -> Option<&'static str> {
    Some(match field {
        "MessageSid" => "sid",
        "AccountSid" => "account_sid",
        "From" => "from",
        "To" => "to",
        "MessageStatus" => "status",
        "ApiVersion" => "api_version",
        _ => return None,
    })
}

#[test]
fn what_is_wrong_is_refused() {
    let Some(twilio) = Twilio::open() else { return };
    let account = format!("AC{}", "0".repeat(32));
    let content = "/v1/Content";
    let messages = format!("/2010-04-01/Accounts/{account}/Messages.json");
    let message = |fields: Value| json!({"method": "POST", "path": messages, "body": form(&fields)});
    let made =
        |types: Value| json!({"method": "POST", "path": content, "body": {"language": "es", "types": types}});
    let found = |call: Value| {
        let checked = twilio.0.iter().find_map(|api| api.check("", &call)).expect("it is described");
        !checked.faults.is_empty()
    };
    assert!(!found(message(json!({"To": "+1", "Body": "x", "ValidityPeriod": "600"}))));
    assert!(!found(made(json!({"twilio/text": {"body": "x"}}))));
    for wrong in [
        message(json!({"Body": "x"})),
        message(json!({"To": "+1", "Text": "x"})),
        message(json!({"To": "+1", "ContentSid": "bug_fixed"})),
        message(json!({"To": "+1", "ValidityPeriod": "soon"})),
        message(json!({"To": "+1", "StatusCallback": "nowhere"})),
        json!({"method": "POST", "path": messages.replace("AC", "XX"), "body": "To=1"}),
        json!({"method": "GET", "path": "/v1/ContentAndApprovals", "query": "PageSize=2000"}),
        json!({"method": "GET", "path": "/v1/ContentAndApprovals", "query": "Size=20"}),
        json!({"method": "POST", "path": content, "body": {"types": {"twilio/text": {"body": "x"}}}}),
        made(json!({"twilio/list-picker": {"body": "x", "items": []}})),
        made(json!({"twilio/quick-reply": {"body": "x", "actions": [{"label": "Sí"}]}})),
        made(json!({"twilio/fax": {"body": "x"}})),
    ] {
        assert!(found(wrong.clone()), "{wrong}");
    }
}
