//! Viber's bot API under `/viber`, from <https://developers.viber.com/docs/api/rest-bot-api/>.

mod content;
mod send;
pub(crate) mod webhook;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::accounts::{self, AccountId, Credential, account};
use crate::call::{Call, Reply, text};
use crate::phones::{Content, Direction, Message, Status};
use crate::receipts::Trace;
use crate::sim::{Shared, Sim};
use crate::source::Source;
use crate::webhooks::{Hook, call_now};

/// The largest body of a request.
const LARGEST: usize = 30 * 1024;
/// What Viber may be asked to tell.
const EVENTS: [&str; 6] =
    ["delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started"];

/// A message's token: larger than 2^53, as Viber's are.
pub(crate) fn token(sim: &Sim) -> u64 {
    const FIRST: u64 = 5_000_000_000_000_000_001;
    let number: u64 = sim.ids.numeric().parse().unwrap_or_default();
    FIRST + number
}

/// A refusal, under HTTP 200.
pub(super) fn refusal(status: u32, words: &str) -> Reply {
    Reply::ok(&json!({"status": status, "status_message": words, "chat_hostname": "SN-CHAT-05_"}))
}

/// The refusal that a fault on purpose names by its number.
pub(super) fn of_code(code: u32) -> Reply {
    let words = match code {
        1 => "invalidUrl",
        2 => "invalidAuthToken",
        3 => "badData",
        4 => "missingData",
        5 => "receiverNotRegistered",
        6 => "notSubscribed",
        7 => "publicAccountBlocked",
        8 => "publicAccountNotFound",
        9 => "publicAccountSuspended",
        10 => "webhookNotSet",
        11 => "receiverNoSuitableDevice",
        12 => "tooManyRequests",
        13 => "apiVersionNotSupported",
        14 => "incompatibleWithVersion",
        23 => "freeMessagesExceeded",
        24 => "noBalance",
        _ => "failure",
    };
    refusal(code, words)
}

/// Answers a call: `/pa/<method>`, or a file that a phone sent.
pub(crate) async fn answer(sim: &Shared, call: &Call) -> Reply {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let method = match parts.as_slice() {
        ["dl", id] => return sim.media.get(id).map_or_else(not_there, |file| file.reply()),
        ["pa", method] if call.method == Method::POST => *method,
        _ => return not_there(),
    };
    if call.body.len() > LARGEST {
        return refusal(3, "request size exceeds the limit of 30kb");
    }
    let body = serde_json::from_slice::<Value>(&call.body).ok().filter(Value::is_object);
    let Some(body) = body else { return refusal(3, "badData") };
    let given = call.header("x-viber-auth-token").or_else(|| text(&body, "auth_token")).unwrap_or_default();
    if given.is_empty() {
        return Reply::ok(&json!({"status": 2, "status_message": "missing_auth_token"}));
    }
    let found =
        accounts::find(|a| matches!(&a.credential, Credential::Viber { auth_token } if *auth_token == given));
    let Some(id) = found else { return of_code(2) };
    if method == "send_message" {
        return send::send(sim, id, &body);
    }
    // A token that was revoked opens nothing at all.
    let act = sim.faults.pick(Source::Viber, "", None);
    if let Some(code @ (2 | 7..=9)) = act.as_ref().and_then(|act| act.code) {
        return of_code(code);
    }
    match method {
        "set_webhook" => set_webhook(sim, id, &body).await,
        "get_account_info" => account_info(sim, id),
        "get_user_details" => user_details(sim, &body),
        _ => not_there(),
    }
}

fn not_there() -> Reply {
    Reply::raw(StatusCode::NOT_FOUND, "text/html", "<html><body><h1>404 Not Found</h1></body></html>")
}

/// Viber calls the address while the call is open; without a 200 nothing is set.
async fn set_webhook(sim: &Shared, id: AccountId, body: &Value) -> Reply {
    let Some(url) = text(body, "url") else { return of_code(4) };
    if url.is_empty() {
        sim.webhooks.set(Source::Viber, Some(id), None);
        sim.touch();
        return Reply::ok(&json!({"status": 0, "status_message": "ok"}));
    }
    if !url.starts_with("https://") && !crate::links::is_local(url) {
        return of_code(1);
    }
    let listed = body.get("event_types").and_then(Value::as_array);
    let events: Vec<String> = match listed {
        Some(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => EVENTS.map(str::to_owned).to_vec(),
    };
    if events.iter().any(|event| !EVENTS.contains(&event.as_str()) && event != "message") {
        return of_code(3);
    }
    let hook = Hook { url: url.to_owned(), updates: events.clone(), ..Hook::default() };
    let check = json!({"event": "webhook", "timestamp": sim.clock.now_ms(), "message_token": token(sim)});
    let answered = call_now(sim, id, url, serde_json::to_vec(&check).unwrap_or_default()).await;
    if !answered.is_ok_and(|(status, _)| status == StatusCode::OK) {
        return of_code(1);
    }
    sim.webhooks.set(Source::Viber, Some(id), Some(hook));
    sim.touch();
    Reply::ok(&json!({"status": 0, "status_message": "ok", "event_types": events}))
}

fn account_info(sim: &Sim, id: AccountId) -> Reply {
    let (a, hook) = (account(id), sim.webhooks.hook(id).unwrap_or_default());
    Reply::ok(&json!({
        "status": 0, "status_message": "ok", "id": a.phone_number_id, "name": a.business, "uri": a.number,
        "webhook": hook.url, "event_types": hook.updates, "subscribers_count": 1, "members": [],
    }))
}

fn user_details(sim: &Sim, body: &Value) -> Reply {
    let key = text(body, "id").and_then(|id| sim.phones.by_alias(id));
    let Some(key) = key else { return of_code(5) };
    let phone = sim.phones.with(&key, |phone| phone.identity());
    Reply::ok(
        &json!({"status": 0, "status_message": "ok", "message_token": token(sim), "user": webhook::user(&phone)}),
    )
}

/// A person opens the bot's chat without having written; the answer to the webhook may greet it.
pub(crate) async fn open(sim: &Shared, key: &str, id: AccountId) -> Result<Message, String> {
    let phone = sim.phones.with(key, |phone| phone.identity());
    let hook = sim.webhooks.hook(id).unwrap_or_default();
    let body = webhook::conversation_started(sim, &phone);
    let body = serde_json::to_vec(&body).unwrap_or_default();
    let (_, answer) = call_now(sim, id, &hook.url, body).await?;
    let greeting = serde_json::from_slice::<Value>(&answer).ok();
    let content = greeting.as_ref().and_then(|greeting| content::read(greeting).ok());
    let content = content.unwrap_or_else(|| Content { kind: "open".to_owned(), ..Content::default() });
    let message = Message {
        id: token(sim).to_string(),
        at: sim.clock.now_ms(),
        direction: Direction::Outbound,
        source: Source::Viber,
        account: id,
        content,
        status: Status::Received,
        trace: Trace::default(),
        is_read_by_business: false,
    };
    sim.phones.note_tap(key, message.clone());
    sim.touch();
    Ok(message)
}
