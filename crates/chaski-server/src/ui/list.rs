//! The list of conversations: filters with their numbers, and a row for each person.

use super::contents;
use super::icons::{Icon, icon};
use super::page;
use super::state_of::{State, failure_words};
use super::words::Reader;
use crate::state::App;
use chaski_model::message::Direction;
use chaski_model::{ChannelKind, ContactId, Timestamp, WorkspaceId};
use chaski_store::StoreError;
use chaski_store::inbox::{Conversation, Counts, Filter};
use maud::{Markup, html};

/// Rows on a page.
const ROWS: usize = 50;

/// The filters, with their words in addresses.
pub(crate) const FILTERS: [(Filter, &str); 3] =
    [(Filter::All, "all"), (Filter::Unread, "unread"), (Filter::Failed, "failed")];

/// Reads a filter's word.
pub(crate) fn filter_of(word: &str) -> Filter {
    FILTERS.iter().find(|(_, known)| *known == word).map_or(Filter::All, |(filter, _)| *filter)
}

fn word_of(filter: Filter) -> &'static str {
    FILTERS.iter().find(|(known, _)| *known == filter).map_or("all", |(_, word)| word)
}

/// What addresses carry along to keep a filter.
pub(crate) fn query_of(filter: Filter) -> String {
    if filter == Filter::All { String::new() } else { format!("?filter={}", word_of(filter)) }
}

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) conversation: Conversation,
    /// The newest message's channel.
    pub(crate) kind: Option<ChannelKind>,
    pub(crate) state: State,
    pub(crate) selected: bool,
}

/// The list.
pub(crate) struct List {
    pub(crate) filter: Filter,
    pub(crate) counts: Counts,
    pub(crate) rows: Vec<Row>,
    /// Where the next page begins.
    pub(crate) more: Option<String>,
    /// Whether there is any channel yet.
    pub(crate) connected: bool,
}

/// Which part of the list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) filter: Filter,
    pub(crate) before: &'a str,
    pub(crate) open: Option<ContactId>,
}

/// Reads the list.
pub(crate) async fn list(app: &App, workspace: WorkspaceId, wanted: Wanted<'_>) -> Result<List, StoreError> {
    let store = app.engine.store();
    let mut found = store.conversations(workspace, wanted.filter, cursor(wanted.before), ROWS + 1).await?;
    let more = (found.len() > ROWS).then(|| {
        found.truncate(ROWS);
        found.last().map(|last| format!("{}-{}", last.last_at.0, last.contact.id)).unwrap_or_default()
    });
    let mut counts = store.counts(workspace).await?;
    let mut rows = Vec::with_capacity(found.len());
    for conversation in found {
        let mut row = row_of(app, workspace, conversation).await?;
        row.selected = wanted.open == Some(row.conversation.contact.id);
        if row.selected && row.conversation.unread > 0 {
            // Opening the thread has just made it seen; the projection follows in a moment.
            row.conversation.unread = 0;
            counts.unread = (counts.unread - 1).max(0);
        }
        rows.push(row);
    }
    let connected = !app.engine.snapshot().channels_of(workspace).is_empty();
    Ok(List { filter: wanted.filter, counts, rows, more, connected })
}

/// Reads what a row needs beside its conversation.
pub(crate) async fn row_of(
    app: &App,
    workspace: WorkspaceId,
    conversation: Conversation,
) -> Result<Row, StoreError> {
    let last = &conversation.last;
    let pending = last.direction == Direction::Outbound && last.rank == chaski_model::Rank::Pending;
    let parts = if pending { app.engine.store().life(workspace, last.id).await? } else { Vec::new() };
    let kind = app.engine.snapshot().channel(workspace, last.channel).map(|entry| entry.channel.kind);
    Ok(Row { state: State::of(last, &parts), kind, selected: false, conversation })
}

fn cursor(text: &str) -> Option<(Timestamp, ContactId)> {
    let (at, contact) = text.split_once('-')?;
    Some((Timestamp(at.parse().ok()?), ContactId(contact.parse().ok()?)))
}

/// Whether a conversation belongs under a filter.
pub(crate) fn belongs(filter: Filter, conversation: &Conversation) -> bool {
    match filter {
        Filter::All => true,
        Filter::Unread => conversation.unread > 0,
        Filter::Failed => conversation.failed,
    }
}

/// The pane.
pub(crate) fn pane(r: &Reader, list: &List) -> Markup {
    html! {
        section.list aria-labelledby="list-title" data-filter=(word_of(list.filter)) {
            header.head { h1 id="list-title" { (r.t("room-messages")) } }
            (tabs(r, list.filter, list.counts))
            @if list.rows.is_empty() { (nothing(r, list)) }
            (rows(r, list))
            @if let Some(more) = &list.more {
                a.more href={ "/messages?filter=" (word_of(list.filter)) "&before=" (more) } { (r.t("list-more")) }
            }
        }
    }
}

/// The rows alone.
pub(crate) fn rows(r: &Reader, list: &List) -> Markup {
    html! {
        ul.rows id="rows" aria-label=(r.t("list-rows")) {
            @for entry in &list.rows { (row(r, entry, list.filter)) }
        }
    }
}

/// The filters with their numbers.
pub(crate) fn tabs(r: &Reader, filter: Filter, counts: Counts) -> Markup {
    html! {
        nav.tabs id="tabs" aria-label=(r.t("filters")) {
            @for (known, word) in FILTERS {
                @let (name, count) = match known {
                    Filter::All => (r.t("filter-all"), counts.all),
                    Filter::Unread => (r.t("filter-unread"), counts.unread),
                    Filter::Failed => (r.t("filter-failed"), counts.failed),
                };
                a.bad[known == Filter::Failed && count > 0] href={ "/messages" (query_of(known)) } data-filter=(word)
                    aria-current=[(known == filter).then_some("true")] {
                    (name) " " span.n { (r.number(count)) }
                }
            }
        }
    }
}

fn nothing(r: &Reader, list: &List) -> Markup {
    match list.filter {
        _ if !list.connected => {
            let action = html! { a.btn.primary href="/channels" { (r.t("empty-channels-do")) } };
            page::empty(&r.t("empty-channels"), &r.t("empty-channels-words"), Some(action))
        }
        Filter::All => page::empty(&r.t("empty-inbox"), &r.t("empty-inbox-words"), None),
        Filter::Unread => page::empty(&r.t("empty-unread"), &r.t("empty-unread-words"), Some(show_all(r))),
        Filter::Failed => page::empty(&r.t("empty-failed"), &r.t("empty-failed-words"), Some(show_all(r))),
    }
}

fn show_all(r: &Reader) -> Markup {
    html! { a.btn href="/messages" { (r.t("empty-show-all")) } }
}

/// One row; live updates swap it.
pub(crate) fn row(r: &Reader, row: &Row, filter: Filter) -> Markup {
    let conversation = &row.conversation;
    let contact = &conversation.contact;
    let name = contact.display_name();
    let unread = conversation.unread;
    html! {
        li.row.unread[unread > 0].on[row.selected] id={ "c" (contact.id) } data-contact=(contact.id) data-at=(conversation.last_at.0) {
            a href={ "/messages/" (contact.id) (query_of(filter)) } aria-current=[row.selected.then_some("true")] {
                (avatar(&name, contact.id, row.kind))
                span.name { (name) }
                span.at { time datetime=(conversation.last_at.to_rfc3339()) title=(r.exact(conversation.last_at)) { (r.brief(conversation.last_at)) } }
                (last_line(r, row))
                @if unread > 0 { span.badge { (r.number(unread)) span.sr { (r.count("row-unread", unread)) } } }
            }
        }
    }
}

fn last_line(r: &Reader, row: &Row) -> Markup {
    let last = &row.conversation.last;
    if let (State::Failed, Some(failure)) = (row.state, &last.error) {
        let words = failure_words(r, failure);
        return html! { span.last.failed { (icon(Icon::Warning)) (words.title) " · " (words.code) } };
    }
    html! {
        span.last {
            @if row.conversation.failed { span.failed { (icon(Icon::Warning)) span.sr { (r.t("row-failed")) } } }
            (row.state.glyph(r))
            @if !matches!(row.state, State::Unknown | State::Retrying(_)) { (contents::line(r, last)) }
        }
    }
}

/// Initials on a calm colour, and the channel's glyph.
pub(crate) fn avatar(name: &str, contact: ContactId, kind: Option<ChannelKind>) -> Markup {
    html! {
        span.{ "avatar a" (contact.0.rem_euclid(6)) } aria-hidden="true" {
            (initials(name))
            @if let Some(kind) = kind { span.{ "via-dot " (hue(kind)) } title=(kind.title()) {} }
        }
    }
}

/// The class that gives a channel its hue.
pub(crate) fn hue(kind: ChannelKind) -> &'static str {
    match kind {
        _ if kind.is_whatsapp() => "k-whatsapp",
        ChannelKind::TwilioSms | ChannelKind::VonageSms => "k-sms",
        ChannelKind::Messenger => "k-messenger",
        ChannelKind::Instagram => "k-instagram",
        ChannelKind::Telegram => "k-telegram",
        ChannelKind::Viber => "k-viber",
        ChannelKind::Line => "k-line",
        ChannelKind::Email => "k-email",
        _ => "k-custom",
    }
}

fn initials(name: &str) -> String {
    if name.starts_with('+') {
        return name.chars().take(2).collect();
    }
    name.split_whitespace()
        .filter_map(|word| word.chars().next())
        .take(2)
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;
    use crate::ui::words::Lang;
    use crate::ui::words::tests::reader;

    #[test]
    fn the_list_in_both_languages() {
        let list = sample::list();
        insta::assert_snapshot!("list_es", page::tests::shown(&pane(&reader(Lang::Es), &list)));
        insta::assert_snapshot!("list_en", page::tests::shown(&pane(&reader(Lang::En), &list)));
    }

    #[test]
    fn an_empty_list_says_what_to_do() {
        let list = List {
            filter: Filter::All,
            counts: Counts::default(),
            rows: Vec::new(),
            more: None,
            connected: false,
        };
        let shown = pane(&reader(Lang::Es), &list).0;
        assert!(shown.contains("Todavía no hay canales") && shown.contains("href=\"/channels\""), "{shown}");
    }

    #[test]
    fn initials_are_told_from_names_and_numbers() {
        assert_eq!(initials("Ana Torres Paz"), "AT");
        assert_eq!(initials("ñusta"), "Ñ");
        assert_eq!(initials("+593 98 555 0134"), "+5");
    }

    #[test]
    fn a_place_in_the_list_reads_back() {
        assert_eq!(cursor("1795356151000-123"), Some((Timestamp(1_795_356_151_000), ContactId(123))));
        assert_eq!(cursor("x-1"), None);
    }
}
