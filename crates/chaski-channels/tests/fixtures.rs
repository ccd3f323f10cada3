//! The adapters against their fixtures: one named test for each pair of files.
//!
//! `X.part.json` → `X.request.json`, `X.response-NNN.json` (or `.html`) → `X.outcome.json`,
//! `X.webhook.json` (or `.eml`) → `X.events.json`. The expected files are written from the providers'
//! documentation, never recorded from what the code says.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

use chaski_channels::custom::Custom;
use chaski_channels::email::Email;
use chaski_channels::line::Line;
use chaski_channels::meta::{instagram::Instagram, messenger::Messenger};
use chaski_channels::telegram::Telegram;
use chaski_channels::template::{Catalogue, Options, definition, resolve};
use chaski_channels::twilio::{TwilioSms, TwilioWhatsapp};
use chaski_channels::viber::Viber;
use chaski_channels::vonage_sms::VonageSms;
use chaski_channels::whatsapp::{cloud::Cloud, dialog360::Dialog360, vonage::Vonage};
use chaski_channels::{Adapter, Call, Cx, FileFacts, Incoming, Outcome, Reply, Scope, Settings};
use chaski_model::{Address, Content, Failure, PartBody, Timestamp};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn adapter_of(path: &Path) -> &'static dyn Adapter {
    let folder = path.parent().and_then(Path::parent);
    let above = folder.and_then(Path::parent).and_then(Path::file_name).and_then(|name| name.to_str());
    match folder.and_then(Path::file_name).and_then(|name| name.to_str()) {
        Some("whatsapp") if above == Some("twilio") => &TwilioWhatsapp,
        Some("sms") if above == Some("twilio") => &TwilioSms,
        Some("cloud") => &Cloud,
        Some("dialog360") => &Dialog360,
        Some("vonage") => &Vonage,
        Some("telegram") => &Telegram,
        Some("custom") => &Custom,
        Some("vonage_sms") => &VonageSms,
        Some("viber") => &Viber,
        Some("line") => &Line,
        Some("messenger") => &Messenger,
        Some("instagram") => &Instagram,
        Some("email") => &Email,
        other => panic!("no adapter for {other:?}"),
    }
}

/// The settings of the channel in the fixtures, whatever its kind.
fn settings() -> Settings {
    let pairs = [
        ("phone_number_id", "106540352242922"),
        ("waba_id", "102290129340398"),
        ("application_id", "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"),
        ("from", "447700900001"),
        ("page_id", "682498302938465"),
        ("instagram_id", "17841405793187218"),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The same with settings of the case's own.
fn with(more: &Value) -> Settings {
    let own = more.as_object().into_iter().flatten();
    settings()
        .into_iter()
        .chain(own.map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())))
        .collect()
}

fn sibling(path: &Path, from: &str, to: &str) -> PathBuf {
    let name = path.file_name().unwrap().to_str().unwrap();
    path.with_file_name(name.strip_suffix(from).unwrap().to_owned() + to)
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The part of a case: as it is, or of a content, or of a template held against its approved form.
fn part(adapter: &dyn Adapter, case: &Value) -> PartBody {
    if let Some(part) = case.get("part") {
        return serde_json::from_value(part.clone()).unwrap();
    }
    let content: Content = serde_json::from_value(case["content"].clone()).unwrap();
    let template = match &content {
        Content::WhatsappTemplate(request) => {
            let approved = definition::parse(&case["approved"]).unwrap();
            let resolution = resolve(request, Catalogue::Synced(&[&approved]), Options::default());
            assert_eq!(resolution.refused, None);
            resolution.template
        }
        _ => None,
    };
    adapter.split(&content, template.as_ref()).unwrap().remove(0)
}

/// What was found out about the files of a case.
fn files(case: &Value) -> Vec<FileFacts> {
    let text = |file: &Value, key: &str| file[key].as_str().unwrap().to_owned();
    let files = case["files"].as_array().into_iter().flatten();
    let facts = |file: &Value| FileFacts {
        size: file["size"].as_u64().unwrap(),
        mime: text(file, "mime"),
        name: text(file, "name"),
        duration: file["duration_ms"].as_u64().map(Duration::from_millis),
        bytes: file["bytes"].as_str().map(|text| text.to_owned().into()),
    };
    files.map(facts).collect()
}

fn request(path: &Path, expected: String) -> datatest_stable::Result<()> {
    let adapter = adapter_of(path);
    let case = read(&sibling(path, ".request.json", ".part.json"));
    let to: Vec<Address> = serde_json::from_value(case["to"].clone())?;
    let text = |key: &str| case[key].as_str().unwrap_or_default();
    let cx = Cx {
        settings: &with(&case["settings"]),
        to: &to,
        reference: text("reference"),
        hook_url: text("hook_url"),
        files: &files(&case),
        prepared: None,
        now: Timestamp(0),
    };
    let call = adapter.call(&cx, &part(adapter, &case)).unwrap();
    assert_eq!(told(&call), serde_json::from_str::<Value>(&expected)?);
    Ok(())
}

fn told(call: &Call) -> Value {
    if call.url.starts_with("smtp") {
        let lines: Vec<&str> = std::str::from_utf8(&call.body).unwrap().trim_end().split("\r\n").collect();
        return json!({
            "method": call.method.as_str(),
            "url": call.url,
            "auth": format!("{:?}", call.auth),
            "headers": call.headers,
            "body": lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>(),
        });
    }
    json!({
        "method": call.method.as_str(),
        "url": call.url,
        "auth": format!("{:?}", call.auth),
        "body": serde_json::from_slice::<Value>(&call.body).unwrap_or_else(|_| form(&call.body)),
    })
}

/// A form as an object.
fn form(body: &[u8]) -> Value {
    url::form_urlencoded::parse(body).map(|(key, value)| (key.into_owned(), json!(value))).collect()
}

fn outcome(path: &Path, expected: String) -> datatest_stable::Result<()> {
    let name = path.file_name().unwrap().to_str().unwrap().strip_suffix(".outcome.json").unwrap().to_owned();
    let prefix = format!("{name}.response-");
    let files = fs::read_dir(path.parent().unwrap())?.map(|entry| entry.unwrap().path());
    let reply = files
        .filter_map(|file| {
            let rest = file.file_name()?.to_str()?.strip_prefix(&prefix)?.to_owned();
            let status = rest.split('.').next()?.parse().ok()?;
            Some(Reply { status, body: fs::read(&file).unwrap(), ..Reply::default() })
        })
        .next()
        .unwrap();
    assert_eq!(said(&adapter_of(path).outcome(&reply)), serde_json::from_str::<Value>(&expected)?);
    Ok(())
}

/// An outcome without what is absent or empty. Sentences are the code table's own and not repeated.
fn said(outcome: &Outcome) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() && value != json!([]) {
            out.insert(key.to_owned(), value);
        }
    };
    let seconds = |after: &Option<std::time::Duration>| json!(after.map(|after| after.as_secs()));
    let (word, failure) = match outcome {
        Outcome::Sent { ids, learned } => {
            put("ids", json!(ids));
            put("learned", json!(learned));
            ("sent", None)
        }
        Outcome::Retry { failure, after, most, learned } => {
            put("learned", json!(learned));
            put("after_s", seconds(after));
            put("most", json!(most));
            ("retry", Some(failure))
        }
        Outcome::Unknown { failure } => ("unknown", Some(failure)),
        Outcome::SlowDown { scope, failure, after } => {
            put("scope", json!(format!("{scope:?}").to_lowercase()));
            put("after_s", seconds(after));
            ("slow_down", Some(failure))
        }
        Outcome::Fail { failure, marks } => {
            put("marks", json!(marks.iter().map(|mark| format!("{mark:?}")).collect::<Vec<_>>()));
            ("fail", Some(failure))
        }
        Outcome::Hold { scope, failure } => {
            assert_eq!(*scope, Scope::Channel);
            ("hold", Some(failure))
        }
    };
    put("outcome", json!(word));
    if let Some(failure) = failure {
        put("failure", without_sentence(failure));
    }
    Value::Object(out)
}

fn without_sentence(failure: &Failure) -> Value {
    assert!(failure.message.ends_with('.'), "{}", failure.message);
    let mut failure = json!(failure);
    failure.as_object_mut().unwrap().remove("message");
    failure
}

fn events(path: &Path, expected: String) -> datatest_stable::Result<()> {
    let raw = sibling(path, ".events.json", ".webhook.eml");
    let raw = if raw.exists() { raw } else { sibling(path, ".events.json", ".webhook.json") };
    let mut body = fs::read(raw)?;
    let mut url = "https://chat.example.com/hooks/key".to_owned();
    // A webhook that is a form is written as an object, with the address where its query matters.
    let case: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(fields) = case["form"].as_object() {
        let pairs = fields.iter().map(|(key, value)| (key, value.as_str().unwrap()));
        body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into_bytes();
        url = case["url"].as_str().map_or(url, str::to_owned);
    }
    let headers = http::HeaderMap::new();
    let events = adapter_of(path)
        .events(&Incoming { url: &url, at: Timestamp(0), headers: &headers, body: &body })
        .unwrap();
    let mut events = json!(events);
    for event in events.as_array_mut().unwrap() {
        if let Some(failure) = event.pointer_mut("/1/failure").and_then(Value::as_object_mut) {
            assert!(failure.remove("message").is_some());
        }
    }
    assert_eq!(events, serde_json::from_str::<Value>(&expected)?);
    Ok(())
}

datatest_stable::harness! {
    { test = request, root = "src", pattern = r".*\.request\.json$" },
    { test = outcome, root = "src", pattern = r".*\.outcome\.json$" },
    { test = events, root = "src", pattern = r".*\.events\.json$" },
}
