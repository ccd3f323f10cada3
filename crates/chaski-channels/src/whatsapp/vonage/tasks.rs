//! The tasks of a Vonage channel.

use super::send::outcome;
use super::{AUTH, BASIC, SETTINGS};
use crate::adapter::{Answer, Auth, Call, Cx, Reply, Step, Task};
use crate::settings::{base, read};
use crate::verdict;
use crate::whatsapp::{meta_media, pages};
use chaski_model::Failure;
use chaski_model::message::Media;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

pub(super) fn ask(cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Result<Step, Failure> {
    match task {
        Task::Check => {
            let (auth, replies) = credentials(cx, so_far);
            match replies.first() {
                None => page(cx, auth, 1, None),
                Some(reply) if reply.is_success() => Ok(Step::Done(Answer::default())),
                Some(reply) => Err(verdict::why(outcome(reply))),
            }
        }
        Task::Connect { .. } => Ok(Step::Done(Answer { by_hand: by_hand(cx)?, ..Answer::default() })),
        // What was set by hand is taken back by hand.
        Task::Disconnect => Ok(Step::Done(Answer::default())),
        Task::Templates => templates(cx, so_far),
        // WhatsApp tells names with messages and has no profiles to ask for.
        Task::Profile { .. } => Ok(Step::Done(Answer::default())),
        Task::Media { media } => media_of(cx, media),
    }
}

/// The webhook gives the address; the token goes to Vonage alone.
fn media_of(cx: &Cx<'_>, media: &Media) -> Result<Step, Failure> {
    let url = media.link.as_deref().ok_or_else(|| meta_media::gone("The message names no media."))?;
    let auth = meta_media::auth_at(url, base(cx, SETTINGS)?, &["nexmo.com", "vonage.com"], AUTH);
    Ok(Step::Fetch(Box::new(Call::get(url, auth))))
}

/// Template management lets some accounts in only with key and secret: they are tried once the
/// application's token was refused.
fn credentials<'r>(cx: &Cx<'_>, so_far: &'r [Reply]) -> (Auth, &'r [Reply]) {
    match so_far {
        [first, rest @ ..] if first.status == 401 && cx.setting("api_key").is_some() => (BASIC, rest),
        all => (AUTH, all),
    }
}

fn page(cx: &Cx<'_>, auth: Auth, limit: usize, after: Option<&str>) -> Result<Step, Failure> {
    let waba = read(cx, SETTINGS, "waba_id")?;
    let mut url = format!("{}/v2/whatsapp-manager/wabas/{waba}/templates?limit={limit}", base(cx, SETTINGS)?);
    if let Some(after) = after {
        url.push_str(&format!("&after={}", utf8_percent_encode(after, NON_ALPHANUMERIC)));
    }
    Ok(Step::Call(Box::new(Call::get(url, auth))))
}

fn templates(cx: &Cx<'_>, so_far: &[Reply]) -> Result<Step, Failure> {
    let (auth, replies) = credentials(cx, so_far);
    let pages = pages::read(replies, "templates", outcome)?;
    if !replies.is_empty() && pages.next.is_none() {
        return Ok(Step::Done(Answer { templates: pages.templates, ..Answer::default() }));
    }
    page(cx, auth, 100, pages.next.as_deref())
}

fn by_hand(cx: &Cx<'_>) -> Result<Vec<String>, Failure> {
    let application = read(cx, SETTINGS, "application_id")?;
    Ok(vec![
        format!(
            "In the Vonage dashboard, open the application {application} and set its Inbound URL and Status URL under Messages to {} (version v1).",
            cx.hook_url
        ),
        "In the Vonage dashboard, under API settings, compare the signature secret with this channel's signature_secret.".to_owned(),
    ])
}
