//! What is asked of Twilio that is not a delivery.

use super::{AUTH, outcome, sms as sms_kind, templates, whatsapp as whatsapp_kind};
use crate::adapter::{Answer, Auth, Call, Cx, MAX_STEPS, REGISTERED, Reply, Setting, Step, Task};
use crate::settings::{base, read};
use crate::verdict;
use crate::whatsapp::meta_media::{auth_at, gone};
use crate::whatsapp::pages::{no_list, once, too_many};
use chaski_model::message::Media;
use chaski_model::{ErrorCode, Failure};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// Hosts beside the API's that take the account's credentials.
const MEDIA_HOSTS: [&str; 1] = ["twilio.com"];

pub(super) fn whatsapp(cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Result<Step, Failure> {
    match task {
        Task::Connect { .. } => Ok(by_hand(vec![format!(
            "In the Twilio Console, under Messaging > Senders > WhatsApp senders, open the sender and set \"Webhook URL for incoming messages\" to {} with the method HTTP POST.",
            cx.hook_url
        )])),
        Task::Disconnect => Ok(Step::Done(Answer::default())),
        Task::Templates => catalogue(cx, so_far),
        _ => common(cx, whatsapp_kind::SETTINGS, task, so_far),
    }
}

pub(super) fn sms(cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Result<Step, Failure> {
    match task {
        Task::Connect { .. } => register(cx, cx.hook_url, so_far),
        Task::Disconnect if cx.setting(REGISTERED).is_some() => register(cx, "", so_far),
        Task::Disconnect | Task::Templates => Ok(Step::Done(Answer::default())),
        _ => common(cx, sms_kind::SETTINGS, task, so_far),
    }
}

fn common(cx: &Cx<'_>, settings: &'static [Setting], task: &Task, so_far: &[Reply]) -> Result<Step, Failure> {
    match (task, so_far) {
        (Task::Media { media }, _) => file(cx, settings, media),
        (_, []) => next(Call::get(format!("{}.json", account(cx, settings)?), AUTH)),
        (_, [reply, ..]) => {
            let body = good(reply)?;
            let status = body.get("status").and_then(Value::as_str).unwrap_or("active");
            if status != "active" {
                let message = format!("The Twilio account is {status}. Look into the Twilio Console.");
                return Err(Failure::new(ErrorCode::ChannelHeld, message));
            }
            let name = body.get("friendly_name").and_then(Value::as_str);
            let settings =
                name.map(|name| ("account_name".to_owned(), name.to_owned())).into_iter().collect();
            Ok(Step::Done(Answer { settings, ..Answer::default() }))
        }
    }
}

fn next(call: Call) -> Result<Step, Failure> {
    Ok(Step::Call(Box::new(call)))
}

fn by_hand(by_hand: Vec<String>) -> Step {
    Step::Done(Answer { by_hand, ..Answer::default() })
}

fn account(cx: &Cx<'_>, settings: &'static [Setting]) -> Result<String, Failure> {
    Ok(format!("{}/2010-04-01/Accounts/{}", base(cx, settings)?, read(cx, settings, "account_sid")?))
}

fn good(reply: &Reply) -> Result<Value, Failure> {
    reply.json().filter(|_| reply.is_success()).ok_or_else(|| verdict::why(outcome::outcome(reply)))
}

/// The number's own webhook. A service or a name has none that the API could set.
fn register(cx: &Cx<'_>, url: &str, so_far: &[Reply]) -> Result<Step, Failure> {
    let numbers = format!("{}/IncomingPhoneNumbers", account(cx, sms_kind::SETTINGS)?);
    let number = cx.setting("from").filter(|_| cx.setting("messaging_service_sid").is_none());
    match (number, so_far) {
        (None, _) => Ok(not_registered(cx)),
        (Some(number), []) => {
            let number = utf8_percent_encode(number, NON_ALPHANUMERIC);
            next(Call::get(format!("{numbers}.json?PhoneNumber={number}"), AUTH))
        }
        (Some(_), [list]) => {
            let list = good(list)?;
            let sid = list.pointer("/incoming_phone_numbers/0/sid").and_then(Value::as_str);
            let Some(sid) = sid.filter(|sid| sid.bytes().all(|b| b.is_ascii_alphanumeric())) else {
                return Ok(not_registered(cx));
            };
            let fields = [("SmsUrl", url.to_owned()), ("SmsMethod", "POST".to_owned())];
            next(Call::form(format!("{numbers}/{sid}.json"), AUTH, &fields))
        }
        (Some(_), [_, set, ..]) => {
            good(set)?;
            let settings = [(REGISTERED.to_owned(), "registered".to_owned())].into();
            Ok(Step::Done(Answer { settings, ..Answer::default() }))
        }
    }
}

fn not_registered(cx: &Cx<'_>) -> Step {
    by_hand(vec![format!(
        "In the Twilio Console, open the sender (the number, or the messaging service under Integration) and have incoming messages sent to {} with HTTP POST.",
        cx.hook_url
    )])
}

/// A file that a contact sent; the account's credentials go to Twilio alone.
fn file(cx: &Cx<'_>, settings: &'static [Setting], media: &Media) -> Result<Step, Failure> {
    let url = media.provider_id.as_deref().ok_or_else(|| gone("The message names no media."))?;
    let auth: Auth = auth_at(url, base(cx, settings)?, &MEDIA_HOSTS, AUTH);
    Ok(Step::Fetch(Box::new(Call::get(url, auth))))
}

/// Every approved or submitted Content, page by page.
fn catalogue(cx: &Cx<'_>, so_far: &[Reply]) -> Result<Step, Failure> {
    let root = read(cx, whatsapp_kind::SETTINGS, "content_url")?.trim_end_matches('/');
    let Some(last) = so_far.last() else {
        return next(Call::get(format!("{root}/v1/ContentAndApprovals?PageSize=100"), AUTH));
    };
    let page = good(last)?;
    // The next page is named by its whole address; credentials go nowhere else than to the first one's host.
    let more = page.pointer("/meta/next_page_url").and_then(Value::as_str).filter(|url| !url.is_empty());
    if let Some(url) = more.filter(|url| is_below(url, root)) {
        if so_far.len() >= MAX_STEPS {
            return Err(too_many());
        }
        return next(Call::get(url, AUTH));
    }
    let mut found = Vec::new();
    for page in so_far {
        let page = good(page)?;
        let contents = page.get("contents").and_then(Value::as_array).ok_or_else(no_list)?;
        found.extend(templates::objects(contents));
    }
    Ok(Step::Done(Answer { templates: once(found), ..Answer::default() }))
}

fn is_below(url: &str, root: &str) -> bool {
    let origin = |text: &str| url::Url::parse(text).ok().map(|url| url.origin());
    origin(url).is_some() && origin(url) == origin(root)
}
