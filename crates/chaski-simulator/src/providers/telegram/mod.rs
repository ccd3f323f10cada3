//! Telegram's Bot API under `/telegram`, from <https://core.telegram.org/bots/api>.

mod content;
mod files;
mod markup;
mod problem;
mod send;
mod text;
mod updates;
mod webhook;

use std::sync::atomic::{AtomicI64, Ordering};

use http::Method;
use serde_json::{Value, json};

use self::problem::Problem;
pub(crate) use self::updates::{answered, inbound, report_membership};
pub(crate) use self::webhook::webhook_headers;
use crate::accounts::{self, Account, AccountId, Credential, account};
use crate::call::Call;
use crate::call::Reply;
use crate::clock::machine_ms;
use crate::media::read_multipart;
use crate::sim::Shared;
use crate::source::Source;

/// Where the name of an uploaded file stands among the parameters.
const UPLOADED: &str = "(uploaded)";

/// The parameters of type String, which stay text in a form even where they look like JSON.
const TEXTS: [&str; 14] = [
    "text",
    "caption",
    "parse_mode",
    "url",
    "secret_token",
    "callback_query_id",
    "file_id",
    "title",
    "address",
    "performer",
    "phone_number",
    "first_name",
    "last_name",
    "vcard",
];

/// The numbers that a bot counts up.
pub(crate) struct Counters {
    message: AtomicI64,
    update: AtomicI64,
}

impl Counters {
    /// They start at the time, so that they go on growing after a restart.
    pub(crate) fn new() -> Self {
        const YEAR_2024: i64 = 1_704_067_200;
        let seconds = machine_ms() / 1000 - YEAR_2024;
        Self { message: AtomicI64::new(seconds), update: AtomicI64::new(seconds * 5) }
    }

    /// A message's number.
    pub(crate) fn message(&self) -> i64 {
        self.message.fetch_add(1, Ordering::Relaxed)
    }

    fn update(&self) -> i64 {
        self.update.fetch_add(1, Ordering::Relaxed)
    }
}

/// The bot's own number: the first part of its token.
fn bot_id(a: &Account) -> i64 {
    a.phone_number_id.parse().unwrap_or_default()
}

/// The bot as Telegram names it.
fn bot(id: AccountId) -> Value {
    let a = account(id);
    json!({"id": bot_id(a), "is_bot": true, "first_name": a.business, "username": a.number})
}

/// The name of a message among all: its number is unique only within its chat.
pub(crate) fn message_name(chat: i64, message: i64) -> String {
    format!("{chat}:{message}")
}

/// Answers a call: `/bot<token>/<method>`, or a file.
pub(crate) async fn answer(sim: &Shared, call: &Call) -> Reply {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let (token, rest) = match parts.as_slice() {
        ["file", bot, rest @ ..] => (bot.strip_prefix("bot"), Err(rest)),
        [bot, method] => (bot.strip_prefix("bot"), Ok(*method)),
        _ => (None, Ok("")),
    };
    let Some(token) = token.filter(|token| token.contains(':')) else {
        return Problem::not_found().reply();
    };
    let found =
        accounts::find(|a| matches!(&a.credential, Credential::Telegram { token: known } if *known == token));
    let Some(id) = found else { return Problem::unauthorized().reply() };
    match rest {
        Ok(method) => self::method(sim, id, method, call).await,
        Err(path) => files::download(sim, path),
    }
}

async fn method(sim: &Shared, id: AccountId, method: &str, call: &Call) -> Reply {
    let body = match fields(sim, call) {
        Ok(body) => body,
        Err(problem) => return problem.reply(),
    };
    if send::is_sending(method) {
        return send::send(sim, id, method, &body).await;
    }
    // A token that was revoked opens nothing at all.
    let act = sim.faults.pick(Source::Telegram, "", None);
    if let Some(code @ (401 | 404)) = act.as_ref().and_then(|act| act.code) {
        return Problem::of_code(code).reply();
    }
    let result = match method {
        "getMe" => {
            let mut me = bot(id);
            me["can_join_groups"] = json!(true);
            me["can_read_all_group_messages"] = json!(false);
            me["supports_inline_queries"] = json!(false);
            Ok(json!({"ok": true, "result": me}))
        }
        "setWebhook" => webhook::set(sim, id, &body),
        "deleteWebhook" => Ok(webhook::delete(sim, id)),
        "getWebhookInfo" => Ok(webhook::info(sim, id)),
        "getUpdates" => webhook::updates(sim, id),
        "answerCallbackQuery" => updates::answer_query(sim, &body),
        "getFile" => files::get(sim, &body),
        other if other.starts_with("send") => {
            Err(Problem::bad(format!("Bad Request: this simulator does not have the method {other}")))
        }
        _ => Err(Problem::not_found()),
    };
    result.map_or_else(Problem::reply, |answer| Reply::ok(&answer))
}

/// The parameters: JSON or a form of either kind in a POST, else the query.
fn fields(sim: &Shared, call: &Call) -> Result<Value, Problem> {
    let content_type = call.header("content-type").unwrap_or_default();
    if content_type.starts_with("multipart/form-data") {
        return multipart(sim, content_type, &call.body);
    }
    if content_type.starts_with("application/x-www-form-urlencoded") && !call.body.is_empty() {
        return Ok(form(url::form_urlencoded::parse(&call.body).into_owned()));
    }
    if call.method == Method::POST && !call.body.is_empty() {
        let body = serde_json::from_slice::<Value>(&call.body).ok().filter(Value::is_object);
        return body.ok_or_else(|| Problem::bad("Bad Request: can't parse JSON object"));
    }
    let query = call.query.as_deref().unwrap_or_default();
    Ok(form(url::form_urlencoded::parse(query.as_bytes()).into_owned()))
}

/// A form: every value is text, read as JSON where the parameter is something else.
fn form(pairs: impl IntoIterator<Item = (String, String)>) -> Value {
    let read = |(key, value): (String, String)| {
        let is_text = TEXTS.contains(&key.as_str());
        let parsed = serde_json::from_str(&value).ok().filter(|read: &Value| !is_text && !read.is_string());
        (key, parsed.unwrap_or(Value::from(value)))
    };
    pairs.into_iter().map(read).collect()
}

/// A form in parts: a file in it becomes one that is kept here.
fn multipart(sim: &Shared, content_type: &str, body: &[u8]) -> Result<Value, Problem> {
    let fields = read_multipart(content_type, body)
        .ok_or_else(|| Problem::bad("Bad Request: can't parse the multipart form"))?;
    let mut read = form(fields.texts);
    if let Some(file) = fields.file {
        read[UPLOADED] = Value::from(fields.filename.unwrap_or_default());
        read[fields.file_field] = Value::from(sim.media.put(format!("BQAC{}", sim.ids.numeric()), file));
    }
    Ok(read)
}
