//! A template as the contact got it, in the proportions of the app that it was shown in.

use super::icons::{Icon, icon};
use super::rich::{link, rich};
use super::words::Reader;
use chaski_model::template::{ButtonKind, HeaderFormat, Rendered, RenderedButton, RenderedHeader};
use maud::{Markup, html};

/// The whole template.
pub(crate) fn template(r: &Reader, rendered: &Rendered) -> Markup {
    html! {
        div.template {
            @if let Some(header) = &rendered.header { (self::header(r, header)) }
            @if let Some(body) = &rendered.body { div.body { (rich(body)) } }
            @if let Some(footer) = &rendered.footer { div.footer { (footer) } }
            @if !rendered.buttons.is_empty() {
                ul.buttons { @for button in &rendered.buttons { (self::button(r, button)) } }
            }
        }
    }
}

fn header(r: &Reader, header: &RenderedHeader) -> Markup {
    match header.format {
        HeaderFormat::Text => html! { div.header { (header.text.as_deref().unwrap_or_default()) } },
        HeaderFormat::Image => media(Icon::Image, &r.t("media-image"), header),
        HeaderFormat::Video => media(Icon::Video, &r.t("media-video"), header),
        HeaderFormat::Document => document(r, header),
        HeaderFormat::Location => html! {
            div.document { (icon(Icon::Place)) div { p.name { (header.location.clone().unwrap_or_else(|| r.t("line-location"))) } } }
        },
    }
}

fn media(picture: Icon, what: &str, header: &RenderedHeader) -> Markup {
    html! {
        div.media {
            (icon(picture))
            p { (what) }
            @if let Some(address) = &header.link { p.address { (link(address, address)) } }
        }
    }
}

fn document(r: &Reader, header: &RenderedHeader) -> Markup {
    let address = header.link.as_deref().unwrap_or_default();
    html! {
        div.document {
            (icon(Icon::File))
            div {
                p.name { (header.filename.clone().unwrap_or_else(|| r.t("media-file"))) }
                @if !address.is_empty() { p.address { (link(address, address)) } }
            }
        }
    }
}

fn button(r: &Reader, button: &RenderedButton) -> Markup {
    let (sign, more) = match &button.kind {
        ButtonKind::Url => (Icon::Link, button.url.as_deref()),
        ButtonKind::PhoneNumber => (Icon::Phone, button.phone_number.as_deref()),
        ButtonKind::Catalog | ButtonKind::Mpm => (Icon::Cart, None),
        ButtonKind::QuickReply
        | ButtonKind::CopyCode
        | ButtonKind::Flow
        | ButtonKind::Otp
        | ButtonKind::Other(_) => (Icon::Answer, None),
    };
    let word = match &button.kind {
        ButtonKind::Url => r.t("button-url"),
        ButtonKind::PhoneNumber => r.t("button-phone"),
        ButtonKind::QuickReply => r.t("button-reply"),
        _ => r.t("button-other"),
    };
    html! {
        li title=[more] {
            (icon(sign))
            span.sr { (word) ": " }
            @match more {
                Some(address) => (link(address, &button.text)),
                None => (button.text),
            }
        }
    }
}
