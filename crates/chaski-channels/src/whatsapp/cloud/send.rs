//! Parts → requests to the Cloud API, and the tasks of a channel.

use super::{AUTH, SETTINGS};
use crate::adapter::{Answer, Call, Cx, Reply, Step, Task};
use crate::settings::{base, read};
use crate::verdict;
use crate::whatsapp::{graph, meta_media, meta_messages, pages};
use chaski_model::message::Media;
use chaski_model::{E164, Failure, PartBody};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// What is asked of each template; without it Meta leaves most of it out.
const FIELDS: &str =
    "id,name,language,status,category,parameter_format,components,quality_score,rejected_reason";

/// The webhook fields that Chaski understands.
const SUBSCRIPTIONS: &str = "messages, message_template_status_update, message_template_components_update and message_template_quality_update";

/// Where Meta keeps media, beside the host of its API.
const MEDIA_HOSTS: [&str; 3] = ["fbsbx.com", "facebook.com", "whatsapp.net"];

pub(super) fn call(cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
    let url = format!("{}/{}/messages", root(cx)?, read(cx, SETTINGS, "phone_number_id")?);
    Ok(Call::json(url, AUTH, &meta_messages::envelope(cx, part)?))
}

fn root(cx: &Cx<'_>) -> Result<String, Failure> {
    Ok(format!("{}/{}", base(cx, SETTINGS)?, read(cx, SETTINGS, "version")?))
}

pub(super) fn ask(cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Result<Step, Failure> {
    match task {
        Task::Check => check(cx, so_far),
        Task::Connect { .. } => connect(cx, so_far),
        // What was set by hand is taken back by hand.
        Task::Disconnect => Ok(Step::Done(Answer::default())),
        Task::Templates => templates(cx, so_far),
        // WhatsApp tells names with messages and has no profiles to ask for.
        Task::Profile { .. } => Ok(Step::Done(Answer::default())),
        Task::Media { media } => media_of(cx, media, so_far),
    }
}

fn next(call: Call) -> Result<Step, Failure> {
    Ok(Step::Call(Box::new(call)))
}

fn good(reply: &Reply) -> Result<Value, Failure> {
    reply.json().filter(|_| reply.is_success()).ok_or_else(|| verdict::why(graph::outcome(reply)))
}

fn check(cx: &Cx<'_>, so_far: &[Reply]) -> Result<Step, Failure> {
    let Some(reply) = so_far.first() else {
        let fields = "fields=display_phone_number,verified_name,quality_rating";
        return next(Call::get(
            format!("{}/{}?{fields}", root(cx)?, read(cx, SETTINGS, "phone_number_id")?),
            AUTH,
        ));
    };
    let body = good(reply)?;
    let mut answer = Answer::default();
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    if let Some(number) = text("display_phone_number").and_then(|number| E164::parse(number, None)) {
        answer.settings.insert("phone_number".to_owned(), number.as_str().to_owned());
    }
    for key in ["verified_name", "quality_rating"] {
        if let Some(value) = text(key) {
            answer.settings.insert(key.to_owned(), value.to_owned());
        }
    }
    Ok(Step::Done(answer))
}

/// The account is subscribed by API; the app's callback address only its owner can set.
fn connect(cx: &Cx<'_>, so_far: &[Reply]) -> Result<Step, Failure> {
    let Some(reply) = so_far.first() else {
        let url = format!("{}/{}/subscribed_apps", root(cx)?, read(cx, SETTINGS, "waba_id")?);
        return next(Call::json(url, AUTH, &json!({})));
    };
    good(reply)?;
    let by_hand = vec![
        format!("In the Meta app, under WhatsApp > Configuration, set the callback URL to {}", cx.hook_url),
        "There, set the verify token to this channel's verify_token and press Verify and save.".to_owned(),
        format!("There, subscribe to the webhook fields {SUBSCRIPTIONS}."),
    ];
    Ok(Step::Done(Answer { by_hand, ..Answer::default() }))
}

/// Meta checks that the id belongs to the number that the query names.
fn media_of(cx: &Cx<'_>, media: &Media, so_far: &[Reply]) -> Result<Step, Failure> {
    let look_up = |id: &str| {
        let id = utf8_percent_encode(id, NON_ALPHANUMERIC);
        let number = read(cx, SETTINGS, "phone_number_id")?;
        Ok(Call::get(format!("{}/{id}?phone_number_id={number}", root(cx)?), AUTH))
    };
    let download = |url: &str| {
        let auth = meta_media::auth_at(url, base(cx, SETTINGS)?, &MEDIA_HOSTS, AUTH);
        Ok(Call::get(url, auth))
    };
    meta_media::ask(media, so_far, look_up, download, graph::outcome)
}

fn templates(cx: &Cx<'_>, so_far: &[Reply]) -> Result<Step, Failure> {
    let pages = pages::read(so_far, "data", graph::outcome)?;
    if !so_far.is_empty() && pages.next.is_none() {
        return Ok(Step::Done(Answer { templates: pages.templates, ..Answer::default() }));
    }
    let mut url = format!(
        "{}/{}/message_templates?fields={FIELDS}&limit=200",
        root(cx)?,
        read(cx, SETTINGS, "waba_id")?
    );
    if let Some(after) = pages.next {
        url.push_str(&format!("&after={}", utf8_percent_encode(&after, NON_ALPHANUMERIC)));
    }
    next(Call::get(url, AUTH))
}
