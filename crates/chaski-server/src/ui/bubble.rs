//! One message in the thread: the bubble, what is said under it, and what can be done about it.
//! The page and live updates render it with the same function.

use super::contents;
use super::icons::{Icon, icon};
use super::state_of::{State, failure_words};
use super::words::Reader;
use crate::state::App;
use chaski_model::message::{Content, Direction};
use chaski_model::template::{Mark, Note};
use chaski_model::{ErrorCode, MessageId, Rank, WorkspaceId};
use chaski_store::StoreError;
use chaski_store::inbox::Message;
use chaski_store::media::MediaState;
use maud::{Markup, html};
use std::time::Duration;

/// Messages of one sender within this time join.
const JOINS_WITHIN: Duration = Duration::from_secs(120);
/// How far back the message that another one answers is looked for.
const LOOK_BACK: usize = 60;

/// A message in the thread.
#[derive(Debug, Clone)]
pub(crate) struct Bubble {
    pub(crate) message: Message,
    pub(crate) state: State,
    /// The contact's name.
    pub(crate) contact: String,
    /// It follows another one of the same sender closely.
    pub(crate) joined: bool,
    /// Its drawer is open.
    pub(crate) selected: bool,
    /// The message that it answers, in one line.
    pub(crate) answers: Option<String>,
    /// Where what a contact sent is shown from.
    pub(crate) media: Option<String>,
    /// The token of its forms.
    pub(crate) csrf: String,
}

/// The bubbles of a stretch of the thread, oldest first, as the store gave it: newest first.
pub(crate) async fn bubbles(
    app: &App,
    r: &Reader,
    workspace: WorkspaceId,
    mut messages: Vec<Message>,
    (contact, csrf, selected): (&str, &str, Option<MessageId>),
) -> Result<Vec<Bubble>, StoreError> {
    messages.reverse();
    let mut list: Vec<Bubble> = Vec::with_capacity(messages.len());
    for message in messages {
        let pending = message.direction == Direction::Outbound && message.rank == Rank::Pending;
        let parts = if pending { app.engine.store().life(workspace, message.id).await? } else { Vec::new() };
        let known = |id: &str| {
            list.iter()
                .rev()
                .find(|b| b.message.provider_id.as_deref() == Some(id))
                .map(|b| contents::line(r, &b.message))
        };
        list.push(Bubble {
            state: State::of(&message, &parts),
            contact: contact.to_owned(),
            joined: list.last().is_some_and(|before| joins(&before.message, &message)),
            selected: selected == Some(message.id),
            answers: about(&message).and_then(known),
            media: matches!(message.media, Some(MediaState::Held(_)))
                .then(|| app.engine.media_path(workspace, message.id)),
            csrf: csrf.to_owned(),
            message,
        });
    }
    Ok(list)
}

/// One bubble by itself, as it stands in its thread.
pub(crate) async fn bubble_of(
    app: &App,
    r: &Reader,
    message: Message,
    workspace: WorkspaceId,
    about: (&str, &str),
) -> Result<Option<Bubble>, StoreError> {
    let before = if self::about(&message).is_some() { LOOK_BACK } else { 1 };
    let mut stretch = app.engine.store().thread(workspace, message.contact, Some(message.id), before).await?;
    stretch.insert(0, message);
    let list = bubbles(app, r, workspace, stretch, (about.0, about.1, None)).await?;
    Ok(list.into_iter().next_back())
}

/// The provider's id of the message that this one is about.
fn about(message: &Message) -> Option<&str> {
    match &message.content {
        Content::Reaction { target, .. } => target.as_deref(),
        _ => message.origin.context.as_deref(),
    }
}

/// Whether `next` joins `before`: both plain text, of the same sender, soon after, on the same channel.
fn joins(before: &Message, next: &Message) -> bool {
    let plain =
        |message: &Message| matches!(message.content, Content::Text { .. }) && message.rank != Rank::Failed;
    plain(before)
        && plain(next)
        && before.direction == next.direction
        && before.channel == next.channel
        && before.origin.source == next.origin.source
        && before.origin.user_id == next.origin.user_id
        && next.created_at.since(before.created_at) <= JOINS_WITHIN
}

/// Where a message's own page is.
pub(crate) fn place(message: &Message) -> String {
    format!("/messages/{}/{}", message.contact, message.id)
}

/// The bubble.
pub(crate) fn bubble(r: &Reader, view: &Bubble) -> Markup {
    let message = &view.message;
    let outbound = message.direction == Direction::Outbound;
    let mark = message.resolved.as_ref().and_then(|resolved| resolved.mark);
    html! {
        article.msg.out[outbound].in[!outbound].join[view.joined].selected[view.selected]
            id={ "m" (message.id) } tabindex="-1"
            data-message-id=(message.id) data-status=(view.state.word()) data-mark=[mark.map(Mark::word)]
            data-direction=(if outbound { "outbound" } else { "inbound" })
            data-day=(r.date(message.created_at)) data-channel=(message.channel)
            aria-label=(label(r, view))
        {
            div.{ "b b-" (message.content.word()) } { (contents::inside(r, view)) }
            (meta(r, view, mark))
            @if let Some(by) = sender(r, message) { div.by { (by) } }
            (notes(r, message))
            @if view.state == State::Failed { (failure(r, view)) }
            @if view.state == State::Unknown { (unknown(r, view)) }
        }
    }
}

/// What a screen reader says of it, in one breath.
fn label(r: &Reader, view: &Bubble) -> String {
    let message = &view.message;
    let mut what = contents::line(r, message);
    if let Content::WhatsappTemplate(request) = &message.content {
        what = format!("{}: {what}", r.with("line-template", &[("name", &request.name)]));
    }
    // The sentence around it brings its own full stop.
    what.truncate(what.trim_end_matches(['.', '…']).len());
    let time = r.time(message.created_at);
    match message.direction {
        Direction::Inbound => {
            r.with("label-inbound", &[("who", &view.contact), ("what", &what), ("time", &time)])
        }
        Direction::Outbound => {
            let by = sender(r, message).unwrap_or_default();
            let state = view.state.told(r);
            r.with(
                "label-outbound",
                &[("who", &view.contact), ("what", &what), ("by", &by), ("state", &state), ("time", &time)],
            )
        }
    }
}

/// Who sent it.
fn sender(r: &Reader, message: &Message) -> Option<String> {
    match message.origin.source.as_str() {
        "api" => Some(r.t("sent-by-api")),
        "user" => message.origin.user.clone(),
        _ => None,
    }
}

fn meta(r: &Reader, view: &Bubble, mark: Option<Mark>) -> Markup {
    let message = &view.message;
    html! {
        div.meta {
            @if let Some(mark) = mark {
                a.chip.warm href={ (place(message)) "#difference" } { (mark_words(r, mark)) }
            }
            @if let Content::WhatsappTemplate(request) = &message.content {
                span.of { (request.name) " · " (request.language) }
            }
            a.when href=(place(message)) { (r.stamp(message.created_at)) }
            (view.state.glyph(r))
        }
    }
}

/// A mark in words.
pub(crate) fn mark_words(r: &Reader, mark: Mark) -> String {
    match mark {
        Mark::ApiTextDiffered => r.t("mark-api-text-differed"),
        Mark::TextOmitted => r.t("mark-text-omitted"),
        Mark::NotVerified => r.t("mark-not-verified"),
    }
}

/// What was done silently, said aloud.
fn notes(r: &Reader, message: &Message) -> Markup {
    let list = message.resolved.as_ref().map(|resolved| resolved.notes.as_slice()).unwrap_or_default();
    html! {
        @if !list.is_empty() {
            details.notes {
                summary { (r.count("notes", i64::try_from(list.len()).unwrap_or(i64::MAX))) }
                ul { @for note in list { li { (note_words(r, note)) " " span.soft lang="en" { (note.message) } } } }
            }
        }
    }
}

fn note_words(r: &Reader, note: &Note) -> String {
    match note.code.as_str() {
        "unknown_field" => r.t("note-unknown-field"),
        "alias" => r.t("note-alias"),
        "language_fallback" | "language_normalised" => r.t("note-language"),
        "value_normalised" => r.t("note-value"),
        "filename_defaulted" => r.t("note-filename"),
        "autofixed" => r.t("note-autofixed"),
        "url_prefix_cut" | "url_not_of_button" | "button_value_left_out" => r.t("note-button"),
        "numbered_replies" => r.t("note-numbered"),
        "sent_as_file" | "file_as_link" => r.t("note-as-other"),
        "recipient_replaced" => r.t("note-recipient"),
        _ => r.t("note-other"),
    }
}

/// Whether a failed message could go out as it is: what was refused at once could not.
fn can_be_replayed(message: &Message) -> bool {
    let parts = message.resolved.as_ref().map_or(0, |resolved| resolved.parts.len());
    parts > 0 && message.blanked_at.is_none()
}

fn failure(r: &Reader, view: &Bubble) -> Markup {
    let message = &view.message;
    let Some(failure) = &message.error else { return html! {} };
    let words = failure_words(r, failure);
    let begun = match failure.code {
        ErrorCode::OutcomeUnknown => r.t("failure-not-known"),
        _ if message.sent_at.is_some() => r.t("failure-not-delivered"),
        _ => r.t("failure-not-sent"),
    };
    html! {
        div.failure {
            p.what { (icon(Icon::Warning)) strong { (begun) " " (words.title) "." } }
            p {
                @if let Some(place) = &words.place { (place) " " }
                (words.remedy)
            }
            p.acts {
                a.btn href=(place(message)) { (r.t("failure-show")) }
                @if can_be_replayed(message) {
                    form method="post" action={ (place(message)) "/replay" } {
                        input type="hidden" name="csrf" value=(view.csrf);
                        button.btn type="submit" { (r.t("unknown-resend")) }
                    }
                }
                span.whose { (words.whose) }
                span.mono { (words.code) }
            }
        }
    }
}

fn unknown(r: &Reader, view: &Bubble) -> Markup {
    let message = &view.message;
    let choice = |value: &str, words: String, primary: bool| {
        html! {
            form method="post" action={ (place(message)) "/resolve" } {
                input type="hidden" name="csrf" value=(view.csrf);
                button.btn.primary[primary] type="submit" name="choice" value=(value) { (words) }
            }
        }
    };
    html! {
        div.unknown {
            p { strong { (r.t("unknown-title")) } " " (r.t("unknown-words")) }
            div.acts {
                (choice("resend", r.t("unknown-resend"), true))
                (choice("leave", r.t("unknown-leave"), false))
            }
        }
    }
}
