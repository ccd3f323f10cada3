//! The reply box: open while free text may be sent, else a plain word on why not.

use super::words::Reader;
use chaski_engine::directory::ChannelEntry;
use chaski_engine::plan::Window;
use chaski_engine::tokens::new_key;
use chaski_model::Timestamp;
use chaski_model::capabilities::AfterWindow;
use chaski_store::contacts::Contact;
use maud::{Markup, html};

/// What can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Composer {
    /// Free text, on a channel.
    Open {
        /// The channel's name.
        channel: String,
        /// The most characters.
        limit: usize,
        /// The window has closed, and only what a person writes still goes out.
        late: bool,
        /// What is in the box.
        draft: String,
        /// Names this rendering of the form: sending it twice sends once.
        client: String,
        /// What went wrong with the last try.
        error: Option<String>,
    },
    /// Only an approved template.
    Closed {
        /// The contact has written before.
        was_open: bool,
        /// What was being written.
        draft: String,
    },
    /// The contact has shut us out of the channel.
    Shut {
        /// The channel's name.
        channel: String,
        /// What was being written.
        draft: String,
    },
    /// No channel reaches the contact.
    Nowhere,
}

/// What can be written by the channel that was last used.
pub(crate) fn of(
    contact: &Contact,
    last: Option<&ChannelEntry>,
    window: Option<Window>,
    now: Timestamp,
) -> Composer {
    let Some(entry) = last else { return Composer::Nowhere };
    let lane = contact.lanes.iter().find(|lane| lane.channel == entry.channel.id);
    if lane.is_some_and(|lane| lane.is_shut(now)) {
        return Composer::Shut { channel: entry.channel.name.clone(), draft: String::new() };
    }
    let capabilities = entry.channel.kind.capabilities();
    let by_person = capabilities.is_some_and(|c| matches!(c.after_window, AfterWindow::HumanAgent { .. }));
    let late = window.is_some_and(|window| !window.open);
    if let Some(Window { open: false, closes_at }) = window.filter(|_| !by_person) {
        return Composer::Closed { was_open: closes_at.is_some(), draft: String::new() };
    }
    Composer::Open {
        channel: entry.channel.name.clone(),
        limit: capabilities.map_or(4096, |c| c.text_limit),
        late,
        draft: String::new(),
        client: new_key(),
        error: None,
    }
}

impl Composer {
    /// The same with what was written and what went wrong.
    pub(crate) fn with(mut self, text: &str, words: String) -> Self {
        match &mut self {
            Self::Open { draft, error, .. } => {
                text.clone_into(draft);
                *error = Some(words);
            }
            Self::Closed { draft, .. } | Self::Shut { draft, .. } => text.clone_into(draft),
            Self::Nowhere => {}
        }
        self
    }
}

/// The pane's foot.
pub(crate) fn composer(r: &Reader, contact: &Contact, composer: &Composer, csrf: &str) -> Markup {
    let name =
        if contact.first_name.is_empty() { contact.display_name() } else { contact.first_name.clone() };
    match composer {
        Composer::Open { channel, limit, late, draft, client, error } => html! {
            form.composer id="reply" method="post" action={ "/messages/" (contact.id) "/reply" } data-open="true" {
                input type="hidden" name="csrf" value=(csrf);
                input type="hidden" name="client" value=(client);
                label.sr for="text" { (r.with("reply-to", &[("who", &name)])) }
                textarea id="text" name="text" rows="2" maxlength=(limit) required placeholder={ (r.with("reply-to", &[("who", &name)])) "…" }
                    aria-describedby="reply-help" aria-invalid=[error.as_ref().map(|_| "true")] { (draft) }
                div.foot {
                    @match error {
                        Some(error) => p.error id="reply-help" role="alert" { (error) },
                        None => p.help id="reply-help" { (r.with("reply-by", &[("channel", channel)])) @if *late { " " (r.t("reply-late")) } },
                    }
                    button.btn.primary type="submit" { (r.t("reply-do")) }
                }
            }
        },
        Composer::Closed { was_open, draft } => html! {
            section.composer.closed id="reply-closed" data-open="false" {
                p { strong { (r.t("closed-title")) } " " (if *was_open { r.t("closed-words") } else { r.t("closed-never-wrote") }) }
                p.soft { (r.t("closed-how")) }
                @if !draft.is_empty() { label.help for="draft" { (r.t("closed-draft")) } textarea id="draft" rows="2" readonly { (draft) } }
            }
        },
        Composer::Shut { channel, draft } => html! {
            section.composer.closed id="reply-closed" data-open="false" data-shut="true" {
                p { strong { (r.t("shut-title")) } " " (r.with("shut-words", &[("channel", channel)])) }
                @if !draft.is_empty() { label.help for="draft" { (r.t("closed-draft")) } textarea id="draft" rows="2" readonly { (draft) } }
            }
        },
        Composer::Nowhere => html! {
            section.composer.closed id="reply-closed" data-open="false" { p { (r.t("nowhere")) } }
        },
    }
}
