//! What a message says, by its type: the inside of a bubble, and the one line that stands for it.
//!
//! A caller's or contact's link is never loaded: media shows as a card with its name and link. What a contact
//! sent is fetched first, and shown from our own folder by `received`.

use super::bubble::Bubble;
use super::icons::{Icon, icon};
use super::received;
use super::rich::{link, rich};
use super::state_of::component_name;
use super::template_bubble;
use super::words::Reader;
use chaski_model::message::{ContactCard, Content, Mail, Media, MediaKind, OrderItem, ReplySource};
use chaski_store::inbox::Message;
use maud::{Markup, html};

/// One line that stands for a message: in the list, in quotes, for screen readers.
pub(crate) fn line(r: &Reader, message: &Message) -> String {
    if message.blanked_at.is_some() {
        return r.t("blanked");
    }
    let text = match message.shown() {
        Content::Text { text, .. } => text.clone(),
        Content::Attachment(media) => {
            let kind = media_name(r, media);
            match media.caption.as_ref().or(media.filename.as_ref()) {
                Some(more) => format!("{kind}: {more}"),
                None => kind,
            }
        }
        Content::QuickReply { title, .. } => title.clone(),
        Content::WhatsappTemplate(request) => {
            let body =
                message.resolved.as_ref().and_then(|resolved| resolved.rendered.as_ref()?.body.clone());
            body.unwrap_or_else(|| r.with("line-template", &[("name", &request.name)]))
        }
        Content::CustomPayload { .. } => r.t("line-custom"),
        Content::Email(mail) => match &mail.subject {
            Some(subject) => format!("{subject}: {}", mail.text),
            None => mail.text.clone(),
        },
        Content::Location { name, .. } => name.clone().unwrap_or_else(|| r.t("line-location")),
        Content::Contacts { cards } => cards
            .first()
            .map_or_else(|| r.t("line-contacts"), |card| r.with("line-contact", &[("name", &card.name)])),
        Content::Reply { title, .. } => r.with("line-reply", &[("title", title)]),
        Content::Reaction { emoji: Some(emoji), .. } => r.with("line-reaction", &[("emoji", emoji)]),
        Content::Reaction { emoji: None, .. } => r.t("line-reaction-gone"),
        Content::Order { items, .. } => r.count("line-order", i64::try_from(items.len()).unwrap_or(i64::MAX)),
        Content::Unsupported { .. } => r.t("line-unsupported"),
    };
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() > 160 { flat.chars().take(159).chain(['…']).collect() } else { flat }
}

/// The inside of a bubble.
pub(crate) fn inside(r: &Reader, view: &Bubble) -> Markup {
    let message = &view.message;
    html! {
        @if let Some(quoted) = &view.answers { div.quote { (quoted) } }
        @match message.shown() {
            _ if message.blanked_at.is_some() => p.soft { (r.t("blanked")) },
            Content::Text { text, .. } => div.text { (rich(text)) },
            Content::Attachment(media) => {
                @match &message.media {
                    Some(state) => (received::received(r, view, media, state)),
                    None => (attachment(r, media)),
                }
                @if let Some(caption) = &media.caption { div.text { (rich(caption)) } }
            },
            Content::QuickReply { title, replies } if is_numbered(message) => (numbered(title, replies)),
            Content::QuickReply { title, replies } => (question(title, replies)),
            Content::WhatsappTemplate(request) => {
                @match message.resolved.as_ref().and_then(|resolved| resolved.rendered.as_ref()) {
                    Some(rendered) => (template_bubble::template(r, rendered)),
                    None => div.text { (r.with("line-template", &[("name", &request.name)])) },
                }
            },
            Content::Email(mail) => (email(r, mail)),
            Content::CustomPayload { payload } => {
                p.kind { (r.t("line-custom")) }
                pre { (serde_json::to_string_pretty(payload).unwrap_or_default()) }
            },
            Content::Location { latitude, longitude, name, address } => (location(r, *latitude, *longitude, name.as_deref(), address.as_deref())),
            Content::Contacts { cards } => { @for card in cards { (contact_card(card)) } },
            Content::Reply { source, title, .. } => (reply(r, *source, title)),
            Content::Reaction { emoji, .. } => (reaction(r, emoji.as_deref())),
            Content::Order { text, items, .. } => (order(r, text.as_deref(), items)),
            Content::Unsupported { what, detail } => (unsupported(r, what, detail.as_deref())),
        }
    }
}

pub(crate) fn media_name(r: &Reader, media: &Media) -> String {
    match media.kind {
        MediaKind::Image => r.t("media-image"),
        MediaKind::Video => r.t("media-video"),
        MediaKind::Audio if media.voice => r.t("media-voice"),
        MediaKind::Audio => r.t("media-audio"),
        MediaKind::File => r.t("media-file"),
        MediaKind::Sticker => r.t("media-sticker"),
    }
}

pub(crate) fn media_icon(kind: MediaKind) -> Icon {
    match kind {
        MediaKind::Image | MediaKind::Sticker => Icon::Image,
        MediaKind::Video => Icon::Video,
        MediaKind::Audio => Icon::Audio,
        MediaKind::File => Icon::File,
    }
}

fn email(r: &Reader, mail: &Mail) -> Markup {
    html! {
        @if let Some(subject) = &mail.subject { p.kind { (subject) } }
        @if !mail.cc.is_empty() { p.soft { "Cc: " (mail.cc.join(", ")) } }
        @if !mail.bcc.is_empty() { p.soft { (r.t("mail-bcc")) ": " (mail.bcc.join(", ")) } }
        div.text { (rich(&mail.text)) }
        @for media in &mail.attachments { (attachment(r, media)) }
    }
}

fn attachment(r: &Reader, media: &Media) -> Markup {
    html! {
        div.media-card {
            (icon(media_icon(media.kind)))
            div {
                p.name { (media.filename.clone().unwrap_or_else(|| media_name(r, media))) }
                p.soft {
                    @if media.filename.is_some() { (media_name(r, media)) " " }
                    @if let Some(mime) = &media.mime { "· " (mime) }
                }
                @match &media.link {
                    Some(address) => p.address { (link(address, address)) },
                    None => p.soft { (r.t("media-without-link")) },
                }
            }
        }
    }
}

/// Whether the contact got lines of text instead of buttons.
fn is_numbered(message: &Message) -> bool {
    let notes = message.resolved.iter().flat_map(|resolved| &resolved.notes);
    notes.into_iter().any(|note| note.code == "numbered_replies")
}

fn numbered(title: &str, replies: &[String]) -> Markup {
    html! {
        div.text { (rich(title)) }
        ol.numbered { @for reply in replies { li { (reply) } } }
    }
}

fn question(title: &str, replies: &[String]) -> Markup {
    html! {
        div.text { (rich(title)) }
        ul.answers { @for reply in replies { li { (icon(Icon::Answer)) (reply) } } }
    }
}

fn location(r: &Reader, latitude: f64, longitude: f64, name: Option<&str>, address: Option<&str>) -> Markup {
    html! {
        div.media-card {
            (icon(Icon::Place))
            div {
                p.name { (name.map_or_else(|| r.t("line-location"), str::to_owned)) }
                @if let Some(address) = address { p { (address) } }
                p.mono { (format!("{latitude:.6}, {longitude:.6}")) }
            }
        }
    }
}

fn contact_card(card: &ContactCard) -> Markup {
    html! {
        div.media-card {
            (icon(Icon::Person))
            div {
                p.name { (card.name) }
                @for line in card.phones.iter().chain(&card.emails) { p.soft { (line) } }
            }
        }
    }
}

fn reply(r: &Reader, source: ReplySource, title: &str) -> Markup {
    let what = match source {
        ReplySource::Template => r.t("reply-template"),
        ReplySource::Button => r.t("reply-button"),
        ReplySource::List => r.t("reply-list"),
    };
    html! {
        p.kind { (what) }
        div.text.tapped { (icon(Icon::Answer)) (title) }
    }
}

fn reaction(r: &Reader, emoji: Option<&str>) -> Markup {
    html! {
        @match emoji {
            Some(emoji) => { p.kind { (r.t("reaction")) } div.emoji { (emoji) } },
            None => div.text { (r.t("line-reaction-gone")) },
        }
    }
}

fn order(r: &Reader, text: Option<&str>, items: &[OrderItem]) -> Markup {
    html! {
        p.kind { (icon(Icon::Cart)) (r.count("line-order", i64::try_from(items.len()).unwrap_or(i64::MAX))) }
        ul.order {
            @for item in items {
                li { span { (item.quantity) " × " span.mono { (item.product) } } span { (item.price) " " (item.currency) } }
            }
        }
        @if let Some(text) = text { div.text { (rich(text)) } }
    }
}

fn unsupported(r: &Reader, what: &str, detail: Option<&str>) -> Markup {
    html! {
        div.text { (r.t("line-unsupported")) }
        p.soft { span.mono { (what) } @if let Some(detail) = detail { " · " (detail) } }
    }
}

/// The name of a template's component, for those that have one.
pub(crate) fn component(r: &Reader, word: &str, index: Option<usize>) -> String {
    component_name(r, word, index).unwrap_or_else(|| word.to_owned())
}
