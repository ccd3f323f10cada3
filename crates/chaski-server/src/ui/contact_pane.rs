//! The contact beside its thread: addresses with where each was learned, channels with their
//! windows, custom fields, tags.

use super::icons::{Icon, icon};
use super::list::{avatar, hue};
use super::thread::window_chip;
use super::words::Reader;
use crate::state::App;
use chaski_engine::plan::{Window, window_of};
use chaski_model::{Address, AddressKind, ChannelKind, Timestamp, WorkspaceId};
use chaski_store::contacts::{Contact, KnownAddress};
use maud::{Markup, html};
use serde_json::Value;

/// One channel of the contact.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) kind: ChannelKind,
    pub(crate) address: String,
    pub(crate) last_at: Option<Timestamp>,
    pub(crate) window: Option<Window>,
    pub(crate) held: bool,
}

/// The contact's pane.
pub(crate) struct ContactPane {
    pub(crate) contact: Contact,
    /// (name, value) of each field that has one.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) lines: Vec<Line>,
    /// Who sees to it.
    pub(crate) assignee: Option<String>,
}

/// Reads it.
pub(crate) fn contact_pane(app: &App, r: &Reader, workspace: WorkspaceId, contact: &Contact) -> ContactPane {
    let snapshot = app.engine.snapshot();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields = snapshot.fields_of(workspace);
    let filled = fields.iter().filter_map(|field| {
        Some((field.name.clone(), text(contact.fields.get(&field.id.0).filter(|v| !v.is_null())?)))
    });
    let lines = contact.lanes.iter().filter_map(|lane| {
        let entry = snapshot.channel(workspace, lane.channel)?;
        Some(Line {
            name: entry.channel.name.clone(),
            kind: entry.channel.kind,
            address: lane.address.clone(),
            last_at: lane.last_at,
            window: window_of(contact, entry, r.now),
            held: entry.is_held(),
        })
    });
    let assignee = contact.assignee.and_then(|id| snapshot.users.iter().find(|user| user.id == id));
    let assignee = assignee.map(|user| {
        let name = format!("{} {}", user.first_name, user.last_name).trim().to_owned();
        if name.is_empty() { user.email.clone() } else { name }
    });
    ContactPane { fields: filled.collect(), lines: lines.collect(), contact: contact.clone(), assignee }
}

/// The pane.
pub(crate) fn drawer(r: &Reader, view: &ContactPane) -> Markup {
    let contact = &view.contact;
    let name = contact.display_name();
    html! {
        aside.drawer.contact id="drawer" aria-label=(r.t("thread-contact")) data-contact=(contact.id) {
            header.bar {
                h2 { (r.t("thread-contact")) }
                span.grow {}
                a.close href={ "/messages/" (contact.id) } { (icon(Icon::Close)) span.sr { (r.t("close")) } }
            }
            div.inner {
                div.who {
                    (avatar(&name, contact.id, None))
                    div { p.name { (name) } p.soft { (r.with("contact-number", &[("id", &contact.id.to_string()), ("day", &r.day(contact.created_at))])) } }
                }
                (addresses(r, &contact.addresses, &view.lines))
                (channels(r, &view.lines))
                @if contact.lifecycle.is_some() || view.assignee.is_some() {
                    h3 { (r.t("contact-standing")) }
                    dl {
                        @if let Some(stage) = &contact.lifecycle { dt { (r.t("contact-lifecycle")) } dd { (stage) } }
                        @if let Some(who) = &view.assignee { dt { (r.t("contact-assignee")) } dd { (who) } }
                    }
                }
                @if !contact.tags.is_empty() {
                    h3 { (r.t("contact-tags")) }
                    div.chips { @for tag in &contact.tags { span.chip { (tag) } } }
                }
                @if !view.fields.is_empty() {
                    h3 { (r.t("contact-fields")) }
                    dl { @for (name, value) in &view.fields { dt { (name) } dd { (value) } } }
                }
            }
        }
    }
}

fn addresses(r: &Reader, list: &[KnownAddress], lines: &[Line]) -> Markup {
    html! {
        h3 { (r.t("contact-addresses")) }
        @if list.is_empty() { p.soft { (r.t("contact-no-address")) } }
        dl {
            @for known in list {
                dt { (address_name(r, &known.address, lines)) }
                dd {
                    span.mono[matches!(known.address.kind, AddressKind::Bsuid | AddressKind::Native)] { (known.address.value) }
                    p.soft { (learned(r, &known.learned_from)) " · " time datetime=(known.learned_at.to_rfc3339()) title=(r.exact(known.learned_at)) { (r.day(known.learned_at)) } }
                }
            }
        }
    }
}

/// What an address is; one of a channel's own with the channel where it is known.
fn address_name(r: &Reader, address: &Address, lines: &[Line]) -> String {
    let line = lines.iter().find(|line| line.address == address.value);
    match address.kind {
        AddressKind::Phone => r.t("address-phone"),
        AddressKind::Email => r.t("address-email"),
        AddressKind::Bsuid => r.t("address-bsuid"),
        AddressKind::Native => match line {
            Some(line) => r.with("address-native-of", &[("channel", line.kind.title())]),
            None => r.t("address-native"),
        },
    }
}

fn learned(r: &Reader, from: &str) -> String {
    match from {
        "api" => r.t("learned-api"),
        "inbound" => r.t("learned-inbound"),
        "receipt" => r.t("learned-receipt"),
        "reply" => r.t("learned-reply"),
        other => other.to_owned(),
    }
}

fn channels(r: &Reader, lines: &[Line]) -> Markup {
    html! {
        h3 { (r.t("contact-channels")) }
        @if lines.is_empty() { p.soft { (r.t("contact-no-channel")) } }
        ul.lines {
            @for line in lines {
                li {
                    p { span.{ "via-dot " (hue(line.kind)) } {} (line.name) @if line.held { " " span.chip.warm { (r.t("channel-held")) } } }
                    p.soft { (line.kind.title()) " · " (line.address) }
                    p.soft {
                        @match line.last_at {
                            Some(at) => { (r.with("contact-last", &[("when", &r.brief(at))])) },
                            None => (r.t("contact-unused")),
                        }
                    }
                    @if line.window.is_some() { p.windowed { (unnamed(window_chip(r, line.window))) } }
                }
            }
        }
    }
}

/// The chip without its id, which belongs to the thread's own.
fn unnamed(chip: Markup) -> Markup {
    maud::PreEscaped(chip.0.replace(" id=\"window\"", ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::words::Lang;
    use crate::ui::words::tests::reader;
    use crate::ui::{page, sample};

    #[test]
    fn the_contact_with_addresses_windows_and_fields() {
        insta::assert_snapshot!(
            "contact_es",
            page::tests::shown(&drawer(&reader(Lang::Es), &sample::contact_pane()))
        );
    }
}
