//! What is asked of the Graph API that is not a delivery.

use super::outcome::numbers;
use super::send::{address, root};
use super::{AUTH, Kind, outcome};
use crate::adapter::{Answer, Auth, Call, Cx, Profile, Reply, Step, Task};
use crate::settings::read;
use crate::verdict;
use chaski_model::message::Media;
use chaski_model::{Address, ErrorCode, Failure};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// The webhook fields that Chaski understands, of a Page and of an Instagram account.
const PAGE_FIELDS: &str = "messages,messaging_postbacks,message_deliveries,message_reads,message_echoes,message_reactions,message_edits,messaging_referrals,messaging_policy_enforcement";
const INSTAGRAM_FIELDS: &str =
    "messages,messaging_postbacks,messaging_seen,message_reactions,messaging_referral";

/// Meta's ways of saying that there is no profile, or no such person.
const NO_PROFILE: [i64; 4] = [2_018_218, 2_018_001, 2_534_014, 33];

pub(super) fn ask(kind: &Kind, cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Result<Step, Failure> {
    match task {
        Task::Templates => Ok(Step::Done(Answer::default())),
        Task::Check => check(kind, cx, so_far),
        Task::Connect { .. } => connect(kind, cx, so_far),
        Task::Disconnect => disconnect(kind, cx, so_far),
        Task::Media { media } => media_of(media),
        Task::Profile { of } => profile(kind, cx, of, so_far),
    }
}

fn next(call: Call) -> Result<Step, Failure> {
    Ok(Step::Call(Box::new(call)))
}

fn good(reply: &Reply) -> Result<Value, Failure> {
    let body = reply.json().filter(|_| reply.is_success());
    let body = body.filter(|body| body.get("error").is_none());
    body.ok_or_else(|| verdict::why(outcome::outcome(reply)))
}

/// Whether a channel is called by its Page. Instagram also works by itself.
fn has_page(kind: &Kind, cx: &Cx<'_>) -> bool {
    kind.own_id == "page_id" || cx.setting("page_id").is_some()
}

/// Whom the token is of. A token of another Page would write in its name.
fn check(kind: &Kind, cx: &Cx<'_>, so_far: &[Reply]) -> Result<Step, Failure> {
    let is_instagram = kind.own_id == "instagram_id";
    let Some(reply) = so_far.first() else {
        let fields = match (is_instagram, has_page(kind, cx)) {
            (false, _) => "id,name",
            (true, true) => "id,name,instagram_business_account%7Bid,username%7D",
            (true, false) => "user_id,username",
        };
        return next(Call::get(format!("{}/me?fields={fields}", root(cx, kind.settings)?), AUTH));
    };
    let body = good(reply)?;
    let account = if is_instagram && has_page(kind, cx) {
        body.get("instagram_business_account").unwrap_or(&Value::Null)
    } else {
        &body
    };
    let text = |key: &str| account.get(key).and_then(Value::as_str);
    let id = text("user_id").or_else(|| text("id")).unwrap_or_default();
    let own = read(cx, kind.settings, kind.own_id)?;
    if id != own {
        let whose = if id.is_empty() { "no such account" } else { id };
        let message = format!(
            "The token is for {whose}, but `{}` is {own}: use that one's token, or its id.",
            kind.own_id
        );
        return Err(Failure::new(ErrorCode::CredentialsRefused, message));
    }
    let mut answer = Answer::default();
    for (key, value) in [("name", text("name")), ("username", text("username"))] {
        answer.settings.extend(value.map(|value| (format!("account_{key}"), value.to_owned())));
    }
    Ok(Step::Done(answer))
}

fn subscriptions(kind: &Kind, cx: &Cx<'_>) -> Result<String, Failure> {
    let ids: &[&str] = if has_page(kind, cx) { &["page_id"] } else { &["instagram_id"] };
    address(cx, kind.settings, ids, "subscribed_apps")
}

/// The Page is subscribed by API; the app's callback address only its owner can set.
fn connect(kind: &Kind, cx: &Cx<'_>, so_far: &[Reply]) -> Result<Step, Failure> {
    let Some(reply) = so_far.first() else {
        let fields = if has_page(kind, cx) { PAGE_FIELDS } else { INSTAGRAM_FIELDS };
        let url = format!("{}?subscribed_fields={fields}", subscriptions(kind, cx)?);
        return next(Call::json(url, AUTH, &json!({})));
    };
    good(reply)?;
    let fields = if kind.own_id == "page_id" { PAGE_FIELDS } else { INSTAGRAM_FIELDS }.replace(',', ", ");
    let by_hand = vec![
        format!(
            "In the Meta app, under Webhooks for the object {}, set the callback URL to {}. The address serves every other channel of the same kind and app_secret too; where one of them is set already, leave it.",
            kind.object, cx.hook_url
        ),
        "There, set the verify token to this channel's verify_token and press Verify and save.".to_owned(),
        format!("There, subscribe to the webhook fields {fields}."),
    ];
    Ok(Step::Done(Answer { by_hand, ..Answer::default() }))
}

/// A Page's subscription is taken back; an Instagram account leaves its Page's alone, which Messenger may use.
fn disconnect(kind: &Kind, cx: &Cx<'_>, so_far: &[Reply]) -> Result<Step, Failure> {
    let is_of_another = kind.own_id != "page_id" && has_page(kind, cx);
    match so_far.first() {
        None if !is_of_another => {
            let mut call = Call::get(subscriptions(kind, cx)?, AUTH);
            call.method = http::Method::DELETE;
            next(call)
        }
        None => Ok(Step::Done(Answer::default())),
        Some(reply) => good(reply).map(|_| Step::Done(Answer::default())),
    }
}

/// Meta's addresses are signed and die by themselves; nobody else may have the token.
fn media_of(media: &Media) -> Result<Step, Failure> {
    let link = media.link.as_deref().ok_or_else(|| {
        let message = "The message names no media. Ask the contact to send it again.";
        Failure::new(ErrorCode::MediaUnreachable, message)
    })?;
    Ok(Step::Fetch(Box::new(Call::get(link, Auth::None))))
}

fn profile(kind: &Kind, cx: &Cx<'_>, of: &Address, so_far: &[Reply]) -> Result<Step, Failure> {
    let Some(reply) = so_far.first() else {
        let fields = match kind.own_id {
            "page_id" => "first_name,last_name,profile_pic",
            _ => "name,username,profile_pic",
        };
        let id = utf8_percent_encode(&of.value, NON_ALPHANUMERIC);
        return next(Call::get(format!("{}/{id}?fields={fields}", root(cx, kind.settings)?), AUTH));
    };
    if has_none(reply) {
        return Ok(Step::Done(Answer::default()));
    }
    let body = good(reply)?;
    let text = |key: &str| body.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let profile = Profile {
        first_name: text("first_name").or_else(|| text("name")).or_else(|| text("username")),
        last_name: text("last_name"),
        picture: text("profile_pic"),
        language: text("locale").map(|locale| locale.split('_').next().unwrap_or_default().to_owned()),
    };
    Ok(Step::Done(Answer { profile: Some(profile), ..Answer::default() }))
}

fn has_none(reply: &Reply) -> bool {
    let Some(body) = reply.json() else { return false };
    body.get("error").is_some_and(|error| NO_PROFILE.contains(&numbers(error).1))
}
