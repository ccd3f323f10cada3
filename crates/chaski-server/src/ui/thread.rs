//! The thread of one contact, across its channels, oldest first.

use super::bubble::{Bubble, bubble, bubbles};
use super::composer::{self, Composer};
use super::icons::{Icon, icon};
use super::list::query_of;
use super::page;
use super::session::Signed;
use super::state_of::failure_words;
use super::words::Reader;
use crate::state::App;
use chaski_engine::directory::{ChannelEntry, Snapshot};
use chaski_engine::plan::{Window, window_of};
use chaski_model::message::Direction;
use chaski_model::{ChannelId, ChannelKind, Failure, MessageId, WorkspaceId};
use chaski_store::StoreError;
use chaski_store::contacts::Contact;
use chaski_store::inbox::{Filter, Message};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Messages on a page.
const PAGE: usize = 40;

/// Names of channels, for separators.
pub(crate) type Names = BTreeMap<ChannelId, (String, ChannelKind)>;

/// The thread's pane.
pub(crate) struct Thread {
    pub(crate) contact: Contact,
    pub(crate) bubbles: Vec<Bubble>,
    pub(crate) names: Names,
    /// There are older messages than the first one shown.
    pub(crate) older: bool,
    /// There are newer messages than the last one shown.
    pub(crate) newer: bool,
    pub(crate) window: Option<Window>,
    pub(crate) composer: Composer,
    /// Channels of this contact that are held, with the cause.
    pub(crate) held: Vec<(String, Option<Failure>)>,
    pub(crate) filter: Filter,
    pub(crate) csrf: String,
}

/// Which part of a thread.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Part {
    /// Older than this one.
    pub(crate) before: Option<MessageId>,
    /// With this one, and its drawer open.
    pub(crate) around: Option<MessageId>,
}

/// Reads a thread.
pub(crate) async fn thread(
    app: &App,
    signed: &Signed,
    contact: Contact,
    part: Part,
    filter: Filter,
) -> Result<Thread, StoreError> {
    let workspace = signed.workspace();
    let stretch = stretch(app, workspace, &contact, part).await?;
    let snapshot = app.engine.snapshot();
    let last = last_channel(&snapshot, workspace, &contact);
    let window = last.as_ref().and_then(|entry| window_of(&contact, entry, signed.reader.now));
    let composer = composer::of(&contact, last.as_deref(), window, signed.reader.now);
    let about = (&*contact.display_name(), &*signed.csrf, part.around);
    let bubbles = bubbles(app, &signed.reader, workspace, stretch.messages, about).await?;
    Ok(Thread {
        names: names(&snapshot, workspace),
        held: held(&snapshot, workspace, &contact),
        older: stretch.older,
        newer: stretch.newer,
        csrf: signed.csrf.clone(),
        contact,
        bubbles,
        window,
        composer,
        filter,
    })
}

struct Stretch {
    /// Newest first.
    messages: Vec<Message>,
    older: bool,
    newer: bool,
}

async fn stretch(
    app: &App,
    workspace: WorkspaceId,
    contact: &Contact,
    part: Part,
) -> Result<Stretch, StoreError> {
    let store = app.engine.store();
    let mut messages = store.thread(workspace, contact.id, part.before, PAGE + 1).await?;
    let shown = |id: MessageId, page: &[Message]| page.iter().take(PAGE).any(|message| message.id == id);
    if let Some(id) = part.around.filter(|id| !shown(*id, &messages)) {
        let newer = store.thread_after(workspace, contact.id, id, PAGE / 2).await?;
        let older = store.thread(workspace, contact.id, Some(id), PAGE / 2 + 1).await?;
        let more = older.len() > PAGE / 2;
        let itself = store.message(workspace, id).await?;
        let messages = newer.into_iter().chain(itself).chain(older.into_iter().take(PAGE / 2)).collect();
        return Ok(Stretch { messages, older: more, newer: true });
    }
    let older = messages.len() > PAGE;
    messages.truncate(PAGE);
    Ok(Stretch { messages, older, newer: part.before.is_some() })
}

/// The channel that the contact last used, or was last written to on.
pub(crate) fn last_channel(
    snapshot: &Snapshot,
    workspace: WorkspaceId,
    contact: &Contact,
) -> Option<Arc<ChannelEntry>> {
    let used = contact.lanes.iter().filter(|lane| lane.last_id.is_some()).chain(&contact.lanes);
    used.filter_map(|lane| snapshot.channel(workspace, lane.channel)).next().cloned()
}

pub(crate) fn names(snapshot: &Snapshot, workspace: WorkspaceId) -> Names {
    snapshot
        .channels_of(workspace)
        .into_iter()
        .map(|e| (e.channel.id, (e.channel.name.clone(), e.channel.kind)))
        .collect()
}

fn held(snapshot: &Snapshot, workspace: WorkspaceId, contact: &Contact) -> Vec<(String, Option<Failure>)> {
    let mut channels: Vec<ChannelId> = contact.lanes.iter().map(|lane| lane.channel).collect();
    channels.sort_unstable();
    channels.dedup();
    let entries = channels.into_iter().filter_map(|id| snapshot.channel(workspace, id));
    entries
        .filter(|entry| entry.is_held())
        .map(|entry| (entry.channel.name.clone(), entry.channel.held.clone()))
        .collect()
}

/// The newest message from the contact on a page: what opening it has seen.
pub(crate) fn newest_inbound(thread: &Thread) -> Option<MessageId> {
    let inbound = thread.bubbles.iter().rev().find(|b| b.message.direction == Direction::Inbound);
    inbound.map(|b| b.message.id)
}

/// The pane.
pub(crate) fn pane(r: &Reader, view: &Thread) -> Markup {
    let contact = &view.contact;
    let name = contact.display_name();
    html! {
        main.thread id="main" data-contact=(contact.id) data-newer=[view.newer.then_some("true")] {
            header.bar {
                a.back href={ "/messages" (query_of(view.filter)) } { (icon(Icon::Back)) span.sr { (r.t("back-to-list")) } }
                a.title href={ "/messages/" (contact.id) "?pane=contact" } { h2 { (name) } }
                @if let Some(phone) = contact.phone().filter(|phone| *phone != name) { span.phone.soft.hide { (phone) } }
                (window_chip(r, view.window))
                span.grow {}
                a.btn.contact-link href={ "/messages/" (contact.id) "?pane=contact" } { (icon(Icon::Person)) span.hide { (r.t("thread-contact")) } }
            }
            @for (channel, cause) in &view.held { (held_banner(r, channel, cause.as_ref())) }
            div.scroll id="scroll" tabindex="0" {
                div.log id="log" role="log" aria-live="polite" aria-relevant="additions" aria-label=(r.with("thread-log", &[("who", &name)])) {
                    (earlier(r, view))
                    @if view.bubbles.is_empty() { (page::empty(&r.t("thread-empty"), &r.t("thread-empty-words"), None)) }
                }
            }
            @if view.newer {
                a.to-latest href={ "/messages/" (contact.id) } { (r.t("thread-latest")) " ↓" }
            }
            button.pill type="button" id="pill" hidden { (r.t("thread-new")) " ↓" }
            (composer::composer(r, contact, &view.composer, &view.csrf))
        }
    }
}

/// The messages of a page, under the link to the page before.
pub(crate) fn earlier(r: &Reader, view: &Thread) -> Markup {
    html! {
        @if view.older { (older(r, view)) }
        (items(r, &view.bubbles, &view.names, None))
    }
}

fn older(r: &Reader, view: &Thread) -> Markup {
    let Some(first) = view.bubbles.first() else { return html! {} };
    html! {
        a.older id="older" href={ "/messages/" (view.contact.id) "?before=" (first.message.id) } { (r.t("thread-older")) }
    }
}

fn held_banner(r: &Reader, channel: &str, cause: Option<&Failure>) -> Markup {
    html! {
        div.banner role="status" {
            (icon(Icon::Warning))
            p {
                strong { (r.with("held-title", &[("channel", channel)])) } " "
                @if let Some(cause) = cause { @let words = failure_words(r, cause); (words.title) ". " (words.remedy) }
            }
            a.btn href="/channels" { (r.t("held-do")) }
        }
    }
}

/// Bubbles with the separators between them. `after` is the message that stands before the first.
pub(crate) fn items(r: &Reader, bubbles: &[Bubble], names: &Names, after: Option<&Message>) -> Markup {
    let before = std::iter::once(after).chain(bubbles.iter().map(|view| Some(&view.message)));
    html! {
        @for (before, view) in before.zip(bubbles) {
            @let message = &view.message;
            @if before.is_none_or(|last| r.date(last.created_at) != r.date(message.created_at)) {
                div.day data-day=(r.date(message.created_at)) { time datetime=(r.date(message.created_at)) { (r.day(message.created_at)) } }
            }
            @if before.is_none_or(|last| last.channel != message.channel) { (via(r, names.get(&message.channel), before.is_some())) }
            (bubble(r, view))
        }
    }
}

fn via(r: &Reader, name: Option<&(String, ChannelKind)>, changed: bool) -> Markup {
    html! {
        @if let Some((name, kind)) = name {
            div.via title=(kind.title()) {
                span.{ "via-dot " (super::list::hue(*kind)) } {}
                @let key = if changed { r.with("via-now", &[("channel", name)]) } else { r.with("via", &[("channel", name)]) };
                (key)
            }
        }
    }
}

/// How long free text may still be sent.
pub(crate) fn window_chip(r: &Reader, window: Option<Window>) -> Markup {
    html! {
        @match window {
            None => span id="window" {},
            Some(Window { open: true, closes_at: Some(at) }) => {
                @let left = at.since(r.now);
                span.chip.ok.warm[left.as_secs() < 2 * 3600] id="window" data-left=(left.as_secs()) title=(r.exact(at)) {
                    (icon(Icon::Clock)) span.hide { (r.t("window-open")) " · " } span.left { (r.stretch(left)) }
                }
            },
            Some(_) => span.chip id="window" data-closed="true" { (icon(Icon::Clock)) (r.t("window-closed")) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;
    use crate::ui::words::Lang;
    use crate::ui::words::tests::{NOW, reader};
    use std::time::Duration;

    #[test]
    fn the_thread_with_every_kind_of_message() {
        insta::assert_snapshot!("thread_es", page::tests::shown(&pane(&reader(Lang::Es), &sample::thread())));
    }

    #[test]
    fn the_thread_in_english_has_the_same_bubbles() {
        let thread = sample::thread();
        let shown = pane(&reader(Lang::En), &thread).0;
        assert_eq!(shown.matches("<article").count(), thread.bubbles.len());
        assert!(
            shown.contains("API text differed") && shown.contains("Sent from the messaging API"),
            "{shown}"
        );
    }

    #[test]
    fn the_window_tells_how_long_it_stays_open() {
        let r = reader(Lang::Es);
        let open = |left| {
            window_chip(&r, Some(Window { open: true, closes_at: Some(NOW + Duration::from_secs(left)) })).0
        };
        assert!(open(11_520).contains("3 h 12 m") && !open(11_520).contains("warm"));
        assert!(open(600).contains("warm"));
        assert!(window_chip(&r, Some(Window { open: false, closes_at: None })).0.contains("Ventana cerrada"));
    }

    #[test]
    fn links_of_callers_are_never_loaded() {
        let shown = pane(&reader(Lang::Es), &sample::thread()).0;
        for tag in ["<img", "<video", "<audio", "<iframe", "<object"] {
            assert!(!shown.contains(tag), "{tag}");
        }
    }
}
