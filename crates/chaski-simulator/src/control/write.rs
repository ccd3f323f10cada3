//! What a person does on a phone: it becomes a message on the phone and a webhook to the business.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Refused, source};
use crate::accounts::{AccountId, account};
use crate::call::text;
use crate::ids::uuid;
use crate::media::{File, placeholder};
use crate::phones::{Button, Content, Direction, Media, Message, Status, chat_of};
use crate::providers::telegram::message_name;
use crate::providers::{Inbound, Said, messaging, report_inbound};
use crate::providers::{email, twilio, viber};
use crate::receipts::Trace;
use crate::sim::{Shared, Sim};
use crate::source::{App, Source};
use crate::{accounts, links};

/// The largest file that a phone sends.
const LARGEST: usize = 100 << 20;

/// An act that is about to be written down.
struct Act {
    account: AccountId,
    content: Content,
    /// `None` where the business is told nothing, as with a tap on a link.
    said: Option<Said>,
}

/// Writes a message as the person at this phone.
pub(crate) async fn write(sim: &Shared, key: &str, wanted: &Value) -> Result<Message, Refused> {
    let kind = text(wanted, "type").unwrap_or("text");
    let act = match kind {
        "button" => tap(sim, key, wanted)?,
        "reaction" => react(sim, key, wanted)?,
        "edit" => change(sim, key, wanted)?,
        "unsend" => unsend(sim, key, wanted)?,
        "image" | "video" | "audio" | "voice" | "document" | "sticker" | "share" | "story_mention" => {
            send_file(sim, sender(sim, key, wanted)?, kind, wanted).await?
        }
        "report" => mail_report(sim, key, wanted)?,
        _ => say(sender(sim, key, wanted)?, kind, wanted)?,
    };
    let act = if account(act.account).source == Source::Email { mailed(sim, key, act, wanted) } else { act };
    let source = account(act.account).source;
    if kind == "open" {
        return viber::open(sim, key, act.account).await.map_err(Refused::bad);
    }
    if !is_told(source, act.said.as_ref()) {
        return Err(Refused::bad(format!("{} tells a business nothing of the type {kind:?}", source.name())));
    }
    let message_id = match (source, &act.said) {
        (Source::Vonage | Source::VonageSms, _) => uuid(),
        (Source::Cloud | Source::Dialog360, _) => sim.ids.inbound_wamid(key),
        // A tap is not a message, and a change is the same one.
        (Source::Telegram, Some(Said::Reply { .. })) => sim.ids.numeric(),
        (Source::Telegram, Some(Said::Edit { .. })) => act.content.reply_to.clone().unwrap_or_default(),
        (Source::Telegram, _) => message_name(chat_of(key), sim.telegram.message()),
        (Source::TwilioWhatsapp | Source::TwilioSms, _) => twilio::message_sid(&act.content),
        (Source::Custom, _) => uuid(),
        (Source::Viber, _) => viber::token(sim).to_string(),
        // Its bytes are asked for by the message's own id.
        (Source::Line, Some(Said::Media { media_id, .. })) => media_id.clone(),
        (Source::Line, _) => sim.ids.numeric(),
        (Source::Messenger | Source::Instagram, Some(Said::Edit { .. } | Said::Unsend { .. })) => {
            act.content.reply_to.clone().unwrap_or_default()
        }
        (Source::Messenger | Source::Instagram, _) => messaging::written(source),
        (Source::Email, _) => email::message_id(key),
    };
    let message = Message {
        id: message_id.clone(),
        at: sim.clock.now_ms(),
        direction: Direction::Inbound,
        source,
        account: act.account,
        content: act.content,
        status: Status::Sent,
        trace: Trace::default(),
        is_read_by_business: false,
    };
    let Some(said) = act.said else {
        sim.phones.note_tap(key, message.clone());
        return Ok(message);
    };
    let phone = sim.phones.with(key, |phone| phone.identity());
    let context = message
        .content
        .reply_to
        .clone()
        .filter(|_| !matches!(said, Said::Reaction { .. } | Said::Edit { .. } | Said::Unsend { .. }));
    sim.phones.write(key, message.clone());
    sim.touch();
    report_inbound(
        sim,
        &Inbound { account: act.account, message_id, at_ms: message.at, phone, context, said },
    );
    Ok(message)
}

/// Whether a provider has a webhook for what was said.
fn is_told(source: Source, said: Option<&Said>) -> bool {
    let Some(said) = said else { return true };
    match source.app() {
        App::Whatsapp => {
            source != Source::TwilioWhatsapp || !matches!(said, Said::Reaction { .. } | Said::Order(_))
        }
        App::Telegram => !matches!(said, Said::Reaction { .. } | Said::Order(_)),
        App::Sms => {
            matches!(said, Said::Text(_))
                || (source == Source::TwilioSms && matches!(said, Said::Media { .. }))
        }
        App::Custom => {
            matches!(said, Said::Text(_) | Said::Media { .. } | Said::Location(_) | Said::Unsupported)
        }
        App::Viber => !matches!(said, Said::Reaction { .. } | Said::Order(_) | Said::Reply { .. }),
        App::Messenger | App::Instagram => !matches!(said, Said::Contacts(_) | Said::Order(_)),
        App::Email => matches!(said, Said::Mail { .. } | Said::Media { .. } | Said::Report { .. }),
        App::Line => !matches!(said, Said::Contacts(_) | Said::Reaction { .. } | Said::Order(_)),
    }
}

/// Which of our numbers the person writes to.
fn sender(sim: &Sim, key: &str, wanted: &Value) -> Result<AccountId, Refused> {
    let provider = text(wanted, "provider").ok_or_else(|| {
        Refused::bad("`provider` is missing: which of our numbers does the phone write to?")
    })?;
    let provider = source(provider)?;
    let name = text(wanted, "account").or_else(|| text(wanted, "to"));
    Ok(super::settings::only(provider, name)?.unwrap_or_else(|| sim.phones.last_account(key, provider)))
}

fn required<'a>(wanted: &'a Value, name: &str) -> Result<&'a str, Refused> {
    text(wanted, name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Refused::bad(format!("`{name}` is missing")))
}

fn optional(wanted: &Value, name: &str) -> Option<String> {
    text(wanted, name).map(str::to_owned)
}

/// Text and everything that is sent as it is given.
fn say(account: AccountId, kind: &str, wanted: &Value) -> Result<Act, Refused> {
    let mut content =
        Content { kind: kind.to_owned(), reply_to: optional(wanted, "replyTo"), ..Content::default() };
    let said = match kind {
        "text" => {
            let words = required(wanted, "text")?;
            content.body = Some(words.to_owned());
            Said::Text(words.to_owned())
        }
        "location" => {
            let location = wanted.get("location").unwrap_or(wanted);
            let mut place = json!({});
            for name in ["latitude", "longitude"] {
                let degrees = location.get(name).filter(|value| value.is_number());
                place[name] =
                    degrees.cloned().ok_or_else(|| Refused::bad(format!("`{name}` must be a number")))?;
            }
            for name in ["name", "address", "url"] {
                if let Some(value) = text(location, name) {
                    place[name] = json!(value);
                }
            }
            content.body = optional(location, "name");
            content.location = Some(place.clone());
            Said::Location(place)
        }
        "contacts" => {
            let contacts =
                wanted.get("contacts").filter(|list| list.as_array().is_some_and(|list| !list.is_empty()));
            let contacts = contacts
                .cloned()
                .ok_or_else(|| Refused::bad("`contacts` must be a list of contact cards"))?;
            content.body =
                contacts.pointer("/0/name/formatted_name").and_then(Value::as_str).map(str::to_owned);
            content.raw = Some(contacts.clone());
            Said::Contacts(contacts)
        }
        "order" => {
            let order = wanted.get("order").filter(|order| order.is_object());
            let order = order.cloned().ok_or_else(|| Refused::bad("`order` must be an object"))?;
            content.body = optional(&order, "text");
            content.raw = Some(order.clone());
            Said::Order(order)
        }
        "unsupported" => Said::Unsupported,
        // The person opens a bot's chat and has not written yet.
        "open" if crate::accounts::account(account).source == Source::Viber => Said::Unsupported,
        other => {
            return Err(Refused::bad(format!(
                "A phone cannot write the type {other:?}; it can text, button, reaction, location, image, video, audio, voice, document, sticker, contacts, order, edit and unsupported"
            )));
        }
    };
    Ok(Act { account, content, said: Some(said) })
}

/// A file of the caller's own: `content` in base64, `size` to fill it up to, `mime` as the phone declares it.
fn given_file(kind: &str, wanted: &Value) -> Result<Option<File>, Refused> {
    let (content, size) = (text(wanted, "content"), wanted.get("size").and_then(Value::as_u64));
    if content.is_none() && size.is_none() {
        return Ok(None);
    }
    let mut file = placeholder(kind);
    let mut bytes = match content {
        Some(content) => {
            STANDARD.decode(content).map_err(|_| Refused::bad("`content` must be a file in base64"))?
        }
        None => file.bytes.to_vec(),
    };
    if let Some(size) = size {
        let size = usize::try_from(size).ok().filter(|size| *size <= LARGEST);
        let size = size.ok_or_else(|| Refused::bad("`size` must be at most 100 MiB"))?;
        bytes.resize(bytes.len().max(size), 0);
    }
    file.bytes = bytes.into();
    file.mime = optional(wanted, "mime").unwrap_or(file.mime);
    Ok(Some(file))
}

async fn send_file(sim: &Shared, account: AccountId, kind: &str, wanted: &Value) -> Result<Act, Refused> {
    let link = optional(wanted, "link");
    let source = crate::accounts::account(account).source;
    let is_telegram = source == Source::Telegram;
    if kind == "voice" && source.app() == App::Whatsapp {
        return Err(Refused::bad("On WhatsApp a voice note is an `audio`"));
    }
    let wire = if kind == "voice" { "audio" } else { kind };
    let given = given_file(wire, wanted)?;
    let file = match &link {
        _ if given.is_some() => given.unwrap_or_else(|| placeholder(wire)),
        Some(link) if links::is_local(link) => links::fetch(sim, link, wire)
            .await
            .map_err(|fault| Refused::bad(format!("`link` cannot be sent: {fault}")))?,
        // A link elsewhere is never fetched: a small file stands for it.
        _ if is_telegram && kind == "audio" => placeholder("music"),
        _ => placeholder(wire),
    };
    let last = link
        .as_deref()
        .and_then(|link| url::Url::parse(link).ok())
        .and_then(|url| url.path_segments()?.next_back().map(str::to_owned));
    let filename = (kind == "document").then(|| {
        optional(wanted, "filename")
            .or(last)
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "document.pdf".to_owned())
    });
    let caption = optional(wanted, "caption");
    let media_id = match crate::accounts::account(account).source {
        Source::Vonage | Source::VonageSms => uuid(),
        Source::Cloud | Source::Dialog360 | Source::Messenger | Source::Instagram => sim.ids.numeric(),
        Source::Telegram => format!("AgACAgQAAxkB{}", sim.ids.numeric()),
        Source::TwilioWhatsapp | Source::TwilioSms => twilio::sid("ME"),
        Source::Viber | Source::Line | Source::Custom | Source::Email => sim.ids.numeric(),
    };
    sim.media.put(media_id.clone(), file.clone());
    let media = Media { kind: kind.to_owned(), link, filename: filename.clone(), id: Some(media_id.clone()) };
    let content = Content {
        kind: kind.to_owned(),
        body: caption.clone(),
        media: Some(media),
        reply_to: optional(wanted, "replyTo"),
        ..Content::default()
    };
    let said = Said::Media { kind: kind.to_owned(), media_id, file: Arc::new(file), caption, filename };
    Ok(Act { account, content, said: Some(said) })
}

/// The message that is answered, which must be on this phone.
fn target(sim: &Sim, key: &str, wanted: &Value) -> Result<Message, Refused> {
    let message_id = required(wanted, "messageId")?;
    let found = sim.phones.with(key, |phone| phone.find(message_id).cloned());
    found.ok_or_else(|| Refused::missing(format!("This phone has no message {message_id:?}")))
}

fn react(sim: &Sim, key: &str, wanted: &Value) -> Result<Act, Refused> {
    let target = target(sim, key, wanted)?;
    let emoji = optional(wanted, "emoji").filter(|emoji| !emoji.is_empty());
    let body = Some(emoji.clone().unwrap_or_default());
    let content = Content {
        kind: "reaction".to_owned(),
        body,
        reply_to: Some(target.id.clone()),
        ..Content::default()
    };
    Ok(Act { account: target.account, content, said: Some(Said::Reaction { message_id: target.id, emoji }) })
}

fn tap(sim: &Sim, key: &str, wanted: &Value) -> Result<Act, Refused> {
    let target = target(sim, key, wanted)?;
    let index = wanted
        .get("index")
        .and_then(Value::as_u64)
        .and_then(|index| usize::try_from(index).ok())
        .unwrap_or(0);
    let button = target.content.buttons.iter().find(|button| button.index == index);
    let button =
        button.cloned().ok_or_else(|| Refused::missing(format!("That message has no button {index}")))?;
    if button.kind == "key" {
        // A key of a bot's keyboard writes its label, or what stands behind it.
        let words = button.payload.unwrap_or(button.text);
        let content = Content { kind: "text".to_owned(), body: Some(words.clone()), ..Content::default() };
        return Ok(Act { account: target.account, content, said: Some(Said::Text(words)) });
    }
    let content = Content {
        kind: "button".to_owned(),
        body: Some(button.text.clone()),
        reply_to: Some(target.id.clone()),
        ..Content::default()
    };
    Ok(Act { account: target.account, content, said: said_by(&target, button) })
}

/// What a tap tells the business: nothing for links and calls, which open on the phone.
fn said_by(target: &Message, button: Button) -> Option<Said> {
    let payload = button.payload.unwrap_or_else(|| button.text.clone());
    match button.kind.as_str() {
        "postback" => Some(Said::Button { payload, text: button.text }),
        "quick_reply" if target.content.template.is_some() => {
            Some(Said::Button { payload, text: button.text })
        }
        "reply" | "row" | "inline" => Some(Said::Reply {
            is_row: button.kind == "row",
            id: payload,
            title: button.text,
            description: button.description,
        }),
        _ => None,
    }
}

/// The person changes what it wrote.
fn change(sim: &Sim, key: &str, wanted: &Value) -> Result<Act, Refused> {
    let target = target(sim, key, wanted)?;
    let is_changed = matches!(target.source, Source::Telegram | Source::Messenger);
    if !is_changed || target.direction != Direction::Inbound {
        return Err(Refused::bad("Only what the phone itself wrote by Telegram or Messenger can be changed"));
    }
    let words = required(wanted, "text")?.to_owned();
    let content = Content {
        kind: "text".to_owned(),
        body: Some(words.clone()),
        reply_to: Some(target.id),
        ..Content::default()
    };
    Ok(Act {
        account: target.account,
        content,
        said: Some(Said::Edit { text: words, written_ms: target.at }),
    })
}

/// The person takes back what it wrote.
fn unsend(sim: &Sim, key: &str, wanted: &Value) -> Result<Act, Refused> {
    let target = target(sim, key, wanted)?;
    let is_told = matches!(target.source, Source::Line | Source::Instagram);
    if !is_told || target.direction != Direction::Inbound {
        return Err(Refused::bad("Only what the phone itself wrote by LINE or Instagram can be taken back"));
    }
    let content =
        Content { kind: "unsend".to_owned(), reply_to: Some(target.id.clone()), ..Content::default() };
    Ok(Act { account: target.account, content, said: Some(Said::Unsend { message_id: target.id }) })
}

/// Words written in a mailbox are a mail, which answers the newest one there unless it says which.
fn mailed(sim: &Sim, key: &str, mut act: Act, wanted: &Value) -> Act {
    if matches!(act.said, Some(Said::Report { .. })) {
        return act;
    }
    let is_theirs =
        |message: &&Message| message.direction == Direction::Outbound && message.account == act.account;
    let answered = sim.phones.with(key, |phone| match &act.content.reply_to {
        Some(id) => phone.find(id).cloned(),
        None => phone.messages.iter().rev().find(is_theirs).cloned(),
    });
    act.content.reply_to = answered.as_ref().map(|answered| answered.id.clone());
    if let Some(Said::Text(text)) = &act.said {
        let before = answered.and_then(|answered| answered.content.header);
        let before = before
            .map(|subject| if subject.starts_with("Re: ") { subject } else { format!("Re: {subject}") });
        let subject = optional(wanted, "subject").or(before).unwrap_or_else(|| "Hola".to_owned());
        let flag = |name: &str| wanted.get(name).and_then(Value::as_bool).unwrap_or_default();
        act.content.header = Some(subject.clone());
        let (html, is_automatic) = (flag("html"), flag("automatic"));
        act.said = Some(Said::Mail { subject, text: text.clone(), html, is_automatic });
    }
    act
}

/// A mail server tells what became of a mail: `failed`, `delayed` or `delivered`.
fn mail_report(sim: &Sim, key: &str, wanted: &Value) -> Result<Act, Refused> {
    let target = target(sim, key, wanted)?;
    if target.source != Source::Email {
        return Err(Refused::bad("Only mails are reported about by mail servers"));
    }
    let action = optional(wanted, "action").unwrap_or_else(|| "failed".to_owned());
    let status = optional(wanted, "status").unwrap_or_else(|| "5.1.1".to_owned());
    let content = Content {
        kind: "report".to_owned(),
        body: Some(format!("{action} {status}")),
        reply_to: Some(target.id.clone()),
        ..Content::default()
    };
    let said = Said::Report { about: target.id, action, status };
    Ok(Act { account: target.account, content, said: Some(said) })
}

/// The accounts that a person can choose from, with the one that is meant by default first.
pub(crate) fn choices(sim: &Sim, key: &str) -> Vec<AccountId> {
    let newest = sim.phones.with(key, |phone| phone.messages.back().map(|message| message.account));
    let others = (0..accounts::ACCOUNTS.len()).filter(|id| Some(*id) != newest);
    newest.into_iter().chain(others).collect()
}
