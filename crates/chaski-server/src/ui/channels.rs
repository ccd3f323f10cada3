//! The Channels room: each connected sender, how it is, and what brings it back.

use super::fault::Fault;
use super::icons::{Icon, icon};
use super::list::hue;
use super::page::{self, Frame, Room, Told};
use super::session::Signed;
use super::sign_in::Token;
use super::state_of::failure_words;
use super::words::Reader;
use super::{number, to};
use crate::state::App;
use axum::extract::{Form, Path, Query, State, rejection::FormRejection};
use axum::response::Response;
use chaski_engine::directory::ChannelEntry;
use chaski_model::{ChannelId, ChannelKind, Failure, Timestamp};
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;

/// One channel.
#[derive(Debug, Clone)]
pub(crate) struct ChannelRow {
    pub(crate) id: ChannelId,
    pub(crate) name: String,
    pub(crate) kind: ChannelKind,
    pub(crate) sender: String,
    /// `connecting`, `connected`, `held`, `locked`.
    pub(crate) state: String,
    pub(crate) held: Option<Failure>,
    pub(crate) held_at: Option<Timestamp>,
    pub(crate) synced_at: Option<Timestamp>,
    pub(crate) sync_error: Option<String>,
    pub(crate) mailbox_error: Option<String>,
    pub(crate) templates: usize,
}

/// The room.
pub(crate) struct Channels {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<ChannelRow>,
    pub(crate) manages: bool,
    /// What the last form did.
    pub(crate) told: Told,
}

#[derive(Deserialize, Default)]
pub(crate) struct Options {
    #[serde(default)]
    done: String,
}

/// `GET /channels`.
pub(crate) async fn index(
    State(app): State<App>,
    signed: Signed,
    Query(options): Query<Options>,
) -> Result<Response, Fault> {
    let frame = Frame::of(&app, &signed, Room::Channels, "/channels".to_owned()).await?;
    let snapshot = app.engine.snapshot();
    let rows = snapshot.channels_of(signed.workspace()).into_iter().map(|entry| {
        let account = snapshot.accounts.get(&entry.channel.account);
        ChannelRow {
            id: entry.channel.id,
            name: entry.channel.name.clone(),
            kind: entry.channel.kind,
            sender: entry.channel.sender.clone(),
            state: if entry.locked { "locked".to_owned() } else { entry.channel.state.clone() },
            held: entry.channel.held.clone(),
            held_at: entry.channel.held_at,
            synced_at: account.and_then(|a| a.synced_at),
            sync_error: account.and_then(|a| a.sync_error.clone()),
            mailbox_error: account.and_then(|a| a.mailbox_error.clone()),
            templates: snapshot.catalogue(entry.channel.account).len(),
        }
    });
    let told = told(&frame.reader, &options.done);
    let view = Channels { rows: rows.collect(), manages: signed.manages(), told, frame };
    Ok(page::answer(screen(&view)))
}

/// What a form of this room did, or one of a channel elsewhere.
pub(crate) fn told(r: &Reader, done: &str) -> Told {
    match done {
        "resumed" => Some((r.t("told-resumed"), true)),
        "not-resumed" => Some((r.t("told-not-resumed"), false)),
        "synced" => Some((r.t("told-synced"), true)),
        "not-synced" => Some((r.t("told-not-synced"), false)),
        _ => None,
    }
}

#[derive(Deserialize)]
pub(crate) struct Resume {
    #[serde(default)]
    csrf: String,
    /// Where the person is and wants to stay: `delivery`, else this room.
    #[serde(default)]
    room: String,
}

/// `POST /channels/{id}/resume`.
pub(crate) async fn resume(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    form: Result<Form<Resume>, FormRejection>,
) -> Result<Response, Fault> {
    let Form(given) = form.map_err(|_| Fault::Form)?;
    let entry = allowed(&app, &signed, &id, &given.csrf)?;
    let done = if app.engine.resume(entry.channel.id).await.is_ok() { "resumed" } else { "not-resumed" };
    let room = if given.room == "delivery" { "delivery" } else { "channels" };
    Ok(to(&format!("/{room}?done={done}")))
}

/// `POST /channels/{id}/sync`.
pub(crate) async fn sync(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    form: Result<Form<Token>, FormRejection>,
) -> Result<Response, Fault> {
    let Form(given) = form.map_err(|_| Fault::Form)?;
    let entry = allowed(&app, &signed, &id, &given.csrf)?;
    let done =
        if app.engine.sync_templates(entry.channel.account).await.is_ok() { "synced" } else { "not-synced" };
    Ok(to(&format!("/channels?done={done}")))
}

fn allowed(app: &App, signed: &Signed, id: &str, csrf: &str) -> Result<Arc<ChannelEntry>, Fault> {
    may_manage(signed, csrf)?;
    let id = ChannelId(number(id)?);
    app.engine.snapshot().channel(signed.workspace(), id).cloned().ok_or(Fault::NotFound)
}

/// Whether a form of this person's may change what the workspace shares.
pub(crate) fn may_manage(signed: &Signed, csrf: &str) -> Result<(), Fault> {
    signed.check(csrf)?;
    if signed.manages() { Ok(()) } else { Err(Fault::Forbidden) }
}

/// The room.
pub(crate) fn screen(view: &Channels) -> Markup {
    let r = &view.frame.reader;
    let inside = html! {
        @if view.rows.is_empty() {
            (page::empty(&r.t("empty-channels"), &r.t("channels-how"), view.manages.then(|| add(r))))
        } @else {
            @if view.manages { div.acts.lead { (add(r)) } }
            ul.cards { @for row in &view.rows { (card(view, row)) } }
        }
    };
    page::room(&view.frame, &view.told, inside)
}

fn add(r: &Reader) -> Markup {
    html! { a.btn.primary href="/channels/add" { (r.t("connect-channel")) } }
}

fn card(view: &Channels, row: &ChannelRow) -> Markup {
    let r = &view.frame.reader;
    let well = row.state == "connected";
    let form = |action: &str, words: String, primary: bool| {
        html! {
            form method="post" action={ "/channels/" (row.id) "/" (action) } {
                input type="hidden" name="csrf" value=(view.frame.csrf);
                button.btn.primary[primary] type="submit" { (words) }
            }
        }
    };
    html! {
        li.card data-channel=(row.id) data-state=(row.state) {
            h2 { span.{ "via-dot " (hue(row.kind)) } {} (row.name) }
            p.soft { (row.kind.title()) @if !row.sender.is_empty() { " · " span.mono { (row.sender) } } }
            p {
                span.chip.ok[well].warm[!well] { (state_words(r, &row.state)) }
                @if let Some(at) = row.held_at.filter(|_| !well) { " " span.soft { (r.with("channel-since", &[("time", &r.moment(at))])) } }
            }
            @if let Some(held) = row.held.as_ref().filter(|_| !well) { (failed(r, held)) }
            @if row.kind.is_whatsapp() { (templates(r, row)) }
            @if let Some(error) = &row.mailbox_error { p.error { (r.t("channel-mailbox-failed")) " " span lang="en" { (error) } } }
            @if view.manages && row.state != "locked" {
                div.acts {
                    @if !well { (form("resume", r.t("channel-resume"), true)) }
                    @if row.kind.is_whatsapp() { (form("sync", r.t("channel-sync"), false)) }
                }
            }
        }
    }
}

fn templates(r: &Reader, row: &ChannelRow) -> Markup {
    html! {
        p.soft {
            @match row.synced_at {
                Some(at) => { (r.count("channel-templates", i64::try_from(row.templates).unwrap_or(i64::MAX))) " · " (r.with("channel-synced", &[("time", &r.moment(at))])) },
                None => (r.t("channel-never-synced")),
            }
        }
        @if let Some(error) = &row.sync_error { p.error { (r.t("channel-sync-failed")) " " span lang="en" { (error) } } }
    }
}

/// What went wrong and what to do about it.
pub(crate) fn failed(r: &Reader, failure: &Failure) -> Markup {
    let words = failure_words(r, failure);
    html! {
        div.failure {
            p.what { (icon(Icon::Warning)) strong { (words.title) "." } }
            p { (words.remedy) }
            p.acts { span.whose { (words.whose) } span.mono { (words.code) } }
        }
    }
}

/// A channel's state in words.
pub(crate) fn state_words(r: &Reader, state: &str) -> String {
    match state {
        "connected" => r.t("channel-connected"),
        "connecting" => r.t("channel-connecting"),
        "locked" => r.t("channel-locked"),
        _ => r.t("channel-held"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;
    use crate::ui::words::Lang;

    #[test]
    fn a_held_channel_says_why_and_how_it_comes_back() {
        insta::assert_snapshot!(
            "channels_es",
            page::tests::shown(&screen(&sample::channels(Lang::Es, true)))
        );
    }

    #[test]
    fn an_agent_sees_no_form_of_a_channel() {
        let shown = screen(&sample::channels(Lang::En, false)).0;
        assert!(!shown.contains("action=\"/channels/"), "{shown}");
    }
}
