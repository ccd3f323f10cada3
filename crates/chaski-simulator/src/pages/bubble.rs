//! One message on a phone, as WhatsApp or Telegram shows it.

use maud::{Markup, html};

use super::format::formatted;
use super::lang::Lang;
use super::layout::time;
use crate::phones::{Button, Content, Direction, Media, Message};

/// The bubble of a message; `address` is the phone's own.
pub(super) fn bubble(
    lang: Lang,
    address: &str,
    message: &Message,
    quoted: Option<&Message>,
    reactions: &[String],
) -> Markup {
    let content = &message.content;
    let is_own = message.direction == Direction::Inbound;
    html! {
        article.bubble.own[is_own].sticker[content.kind == "sticker"] data-message-id=(message.id)
            data-status=(message.status.word()) data-direction=(message.direction.word()) data-type=(content.kind) {
            div.paper {
                @if let Some(quoted) = quoted { (quote(quoted)) }
                @if let Some(media) = &content.media { (media_card(lang, media)) }
                @if let Some(mail) = content.raw.as_ref().filter(|_| content.kind == "email") { (envelope(lang, mail)) }
                @if let Some(location) = &content.location { (map_card(lang, location)) }
                @if let Some(header) = &content.header { p.head { (formatted(header)) } }
                @if let Some(body) = body(lang, content) { p.words { (formatted(&body)) } }
                @if let Some(footer) = &content.footer { p.foot { (footer) } }
                p.meta { (time(message.at)) @if is_own { (ticks(lang, message)) } }
            }
            (buttons(lang, address, message))
            @if !reactions.is_empty() {
                p.reactions { @for emoji in reactions { span { (emoji) } } }
            }
        }
    }
}

/// What stands in the middle of a bubble.
fn body(lang: Lang, content: &Content) -> Option<String> {
    match content.kind.as_str() {
        "unsupported" => Some(
            lang.say("Este mensaje no se puede mostrar aquí.", "This message cannot be shown here.")
                .to_owned(),
        ),
        "contacts" => content.body.as_ref().map(|names| format!("👤 {names}")),
        "order" => Some(format!(
            "🛒 {}",
            content.body.clone().unwrap_or_else(|| lang.say("Pedido", "Order").to_owned())
        )),
        _ => content.body.clone(),
    }
}

fn quote(quoted: &Message) -> Markup {
    let content = &quoted.content;
    let words = content.body.as_deref().or(content.header.as_deref()).unwrap_or(&content.kind);
    let short: String = words.chars().take(80).collect();
    html! { blockquote { (short) } }
}

/// A file as a card: its kind, name and link as text; the page never loads it.
fn media_card(lang: Lang, media: &Media) -> Markup {
    let (sign, word) = match media.kind.as_str() {
        "image" => ("🖼", lang.say("Imagen", "Image")),
        "video" | "gif" => ("▶", lang.say("Video", "Video")),
        "voice" => ("🎤", lang.say("Nota de voz", "Voice note")),
        "audio" => ("🎤", lang.say("Audio", "Audio")),
        "sticker" => ("🌟", lang.say("Sticker", "Sticker")),
        "location" => return html! {},
        _ => ("📄", lang.say("Documento", "Document")),
    };
    let name = media.filename.as_deref().unwrap_or(word);
    html! {
        div.media data-media=(media.kind) {
            span.sign aria-hidden="true" { (sign) }
            span.name { (name) }
            @if let Some(link) = &media.link { span.link { (link) } }
        }
    }
}

/// Sender, recipients and files of a mail.
fn envelope(lang: Lang, mail: &serde_json::Value) -> Markup {
    let list = |key: &str| {
        let all = mail.get(key).and_then(|list| list.as_array()).into_iter().flatten();
        all.filter_map(|one| one.as_str()).collect::<Vec<_>>().join(", ")
    };
    let files = mail.get("attachments").and_then(|list| list.as_array()).into_iter().flatten();
    html! {
        p.envelope {
            (lang.say("De", "From")) ": " (list("from")) " · " (lang.say("Para", "To")) ": " (list("to"))
            @if !list("cc").is_empty() { " · Cc: " (list("cc")) }
            @for file in files { " · 📎 " (file.get("filename").and_then(|name| name.as_str()).unwrap_or("?")) }
        }
    }
}

fn map_card(lang: Lang, location: &serde_json::Value) -> Markup {
    let number = |key: &str| {
        location.get(key).map(|value| value.to_string().trim_matches('"').to_owned()).unwrap_or_default()
    };
    let words = |key: &str| location.get(key).and_then(|value| value.as_str()).unwrap_or_default();
    html! {
        div.media data-media="location" {
            span.sign aria-hidden="true" { "📍" }
            span.name { @if words("name").is_empty() { (lang.say("Ubicación", "Location")) } @else { (words("name")) } }
            span.link { (words("address")) " " (number("latitude")) ", " (number("longitude")) }
        }
    }
}

fn ticks(lang: Lang, message: &Message) -> Markup {
    let (class, name) = if message.is_read_by_business {
        ("ticks read", lang.say("Leído", "Read"))
    } else {
        ("ticks", lang.say("Enviado", "Sent"))
    };
    html! { span class=(class) role="img" aria-label=(name) title=(name) { @if message.is_read_by_business { "✓✓" } @else { "✓" } } }
}

/// The keys in the place of the phone's keyboard: those of the bot's newest message, until one is used.
pub(super) fn keyboard(lang: Lang, address: &str, messages: &[Message]) -> Markup {
    let newest = messages.iter().rev().take_while(|message| message.direction == Direction::Outbound);
    let with_keys = |message: &&Message| message.content.buttons.iter().any(|button| button.kind == "key");
    html! {
        @if let Some(message) = newest.filter(|message| !message.content.buttons.is_empty()).take(1).find(with_keys) {
            form.keyboard method="post" action=(format!("/phones/{address}/tap")) data-quiet aria-label=(lang.say("Teclado del bot", "The bot's keyboard")) {
                input type="hidden" name="messageId" value=(message.id);
                @for button in &message.content.buttons { (one_button(button)) }
            }
        }
    }
}

fn buttons(lang: Lang, address: &str, message: &Message) -> Markup {
    let buttons: Vec<&Button> =
        message.content.buttons.iter().filter(|button| button.kind != "key").collect();
    let is_list = buttons.iter().any(|button| button.kind == "row");
    let form = html! {
        form.buttons method="post" action=(format!("/phones/{address}/tap")) data-quiet {
            input type="hidden" name="messageId" value=(message.id);
            @for button in &buttons { (one_button(button)) }
        }
    };
    html! {
        @if buttons.is_empty() {
        } @else if is_list {
            details.list { summary { "☰ " (lang.say("Ver opciones", "See options")) } (form) }
        } @else {
            (form)
        }
    }
}

fn one_button(button: &Button) -> Markup {
    let sign = match button.kind.as_str() {
        "url" => "↗",
        "phone_number" => "☎",
        "copy_code" => "⧉",
        "flow" | "catalog" | "mpm" | "product" | "product_list" => "▤",
        "row" | "inline" | "key" => "",
        _ => "↩",
    };
    let hint = button.url.as_deref().or(button.phone_number.as_deref());
    html! {
        button type="submit" name="index" value=(button.index) data-button-index=(button.index) data-button-type=(button.kind) title=[hint] {
            @if !sign.is_empty() { span aria-hidden="true" { (sign) } " " }
            (button.text)
            @if let Some(description) = &button.description { small { (description) } }
        }
    }
}
