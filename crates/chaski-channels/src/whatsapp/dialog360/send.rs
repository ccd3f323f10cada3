//! Parts → requests to 360dialog, its answers, and the tasks of a channel.

use super::webhook::HEADER;
use super::{AUTH, SETTINGS};
use crate::adapter::{Answer, Call, Cx, MAX_STEPS, Outcome, Reply, Step, Task};
use crate::settings::base;
use crate::verdict;
use crate::whatsapp::meta_media::{self, LOOKASIDE};
use crate::whatsapp::{graph, meta_messages, pages};
use chaski_model::message::Media;
use chaski_model::provider_codes::{self, Family};
use chaski_model::{Failure, PartBody};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// How many templates one page holds.
const PAGE: usize = 1000;

pub(super) fn call(cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
    let url = format!("{}/messages", base(cx, SETTINGS)?);
    Ok(Call::json(url, AUTH, &meta_messages::envelope(cx, part)?))
}

/// Meta's errors pass through; 360dialog's own have another shape.
pub(super) fn outcome(reply: &Reply) -> Outcome {
    if reply.is_success() {
        return graph::outcome(reply);
    }
    let Some(body) = reply.json() else { return graph::outcome(reply) };
    // Proxies on the way answer 502 and 504 too, some of them in JSON: they do not know whether the
    // message was taken. Only 360dialog's own shape says that it was not.
    if matches!(reply.status, 502 | 504) && body.pointer("/meta/success") != Some(&Value::Bool(false)) {
        return verdict::bare(reply);
    }
    match own_error(&body) {
        Some((code, words)) => refused(reply, code.unwrap_or_else(|| i64::from(reply.status)), &words),
        None => graph::outcome(reply),
    }
}

/// `{"meta":{"http_code","developer_message"}}`, or `{"error":"text"}` on newer endpoints.
fn own_error(body: &Value) -> Option<(Option<i64>, String)> {
    if let Some(words) = body.get("error").and_then(Value::as_str) {
        return Some((None, words.to_owned()));
    }
    let meta = body.get("meta")?;
    let words = meta.get("developer_message").and_then(Value::as_str)?;
    let details = meta.get("details").and_then(Value::as_str);
    let words = details.map_or_else(|| words.to_owned(), |details| format!("{words}: {details}"));
    Some((meta.get("http_code").and_then(Value::as_i64), words))
}

fn refused(reply: &Reply, code: i64, words: &str) -> Outcome {
    match provider_codes::find_by_words(Family::Dialog360, code, words) {
        Some(row) => verdict::outcome(row, verdict::failure(row, code, words), reply.retry_after),
        None => verdict::unlisted(reply, Some(code), words, false),
    }
}

pub(super) fn ask(cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Result<Step, Failure> {
    let url = format!("{}/v1/configs/webhook", base(cx, SETTINGS)?);
    match (task, so_far.first()) {
        (Task::Templates, _) => templates(cx, so_far),
        // WhatsApp tells names with messages and has no profiles to ask for.
        (Task::Profile { .. }, _) => Ok(Step::Done(Answer::default())),
        (Task::Media { media }, _) => media_of(cx, media, so_far),
        // Another connection of the number replaces the address.
        (Task::Disconnect, _) => Ok(Step::Done(Answer::default())),
        (Task::Check, None) => Ok(Step::Call(Box::new(Call::get(url, AUTH)))),
        (Task::Connect { hook_secret }, None) => {
            // 360dialog signs nothing: this header is how its webhooks are believed.
            let body = json!({"url": cx.hook_url, "headers": {HEADER: hook_secret}});
            Ok(Step::Call(Box::new(Call::json(url, AUTH, &body))))
        }
        (Task::Check | Task::Connect { .. }, Some(reply)) => {
            good(reply)?;
            Ok(Step::Done(Answer::default()))
        }
    }
}

/// The answer names Meta's host; the file is had from 360dialog's own, with its key.
fn media_of(cx: &Cx<'_>, media: &Media, so_far: &[Reply]) -> Result<Step, Failure> {
    let look_up = |id: &str| {
        let id = utf8_percent_encode(id, NON_ALPHANUMERIC);
        Ok(Call::get(format!("{}/{id}", base(cx, SETTINGS)?), AUTH))
    };
    let download = |url: &str| {
        let own = base(cx, SETTINGS)?;
        let url = match url.strip_prefix(LOOKASIDE) {
            Some(rest) => format!("{own}{rest}"),
            None => url.to_owned(),
        };
        let auth = meta_media::auth_at(&url, own, &[], AUTH);
        Ok(Call::get(url, auth))
    };
    meta_media::ask(media, so_far, look_up, download, outcome)
}

fn good(reply: &Reply) -> Result<Value, Failure> {
    reply.json().filter(|_| reply.is_success()).ok_or_else(|| verdict::why(outcome(reply)))
}

/// Pages by offset. A page that brings nothing, or begins like an earlier one, is the last.
fn templates(cx: &Cx<'_>, so_far: &[Reply]) -> Result<Step, Failure> {
    let mut all: Vec<Value> = Vec::new();
    let mut firsts: Vec<Value> = Vec::new();
    let mut is_last = false;
    for reply in so_far {
        let body = good(reply)?;
        let list =
            body.get("waba_templates").and_then(Value::as_array).cloned().ok_or_else(pages::no_list)?;
        let total = body.get("total").and_then(Value::as_u64).unwrap_or(0);
        let is_new = list.first().is_some_and(|first| !firsts.contains(first));
        firsts.extend(list.first().cloned());
        if is_new {
            all.extend(list);
        }
        is_last = !is_new || all.len() as u64 >= total;
    }
    if is_last {
        return Ok(Step::Done(Answer { templates: pages::once(all), ..Answer::default() }));
    }
    if so_far.len() >= MAX_STEPS {
        return Err(pages::too_many());
    }
    let url = format!(
        "{}/v1/configs/templates?limit={PAGE}&offset={}&sort=business_templates.name",
        base(cx, SETTINGS)?,
        all.len()
    );
    Ok(Step::Call(Box::new(Call::get(url, AUTH))))
}
