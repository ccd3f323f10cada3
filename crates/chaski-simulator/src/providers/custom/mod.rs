//! A program behind a custom channel under `/custom`, as respond.io's protocol describes one.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::accounts::{self, AccountId, Credential, account};
use crate::call::{Call, Reply, text};
use crate::carry::Outgoing;
use crate::faults::{Act, Cut};
use crate::ids::uuid;
use crate::phones::{Button, Content, Media};
use crate::providers::meta::media::is_http;
use crate::providers::{Inbound, Said};
use crate::receipts::{Failure, Receipt, Stage, Trace};
use crate::sim::Sim;
use crate::source::Source;

fn error(status: StatusCode, message: &str) -> Reply {
    Reply::json(status, &json!({"error": {"message": message}}))
}

/// Answers a call: there is only `POST /message`.
pub(crate) fn answer(sim: &Sim, call: &Call) -> Reply {
    // Files that contacts sent are for anyone who has the link.
    if let Some(media) = call.path.strip_prefix("/files/") {
        return match sim.media.get(media) {
            Some(file) => file.reply(),
            None => error(StatusCode::NOT_FOUND, "There is no such file"),
        };
    }
    let token = call.bearer().unwrap_or_default();
    let known = |a: &accounts::Account| matches!(&a.credential, Credential::Custom { api_token } if *api_token == token);
    let Some(id) = accounts::find(known) else {
        return error(StatusCode::UNAUTHORIZED, "401: UNAUTHORIZED");
    };
    if call.method != Method::POST || call.path != "/message" {
        return error(StatusCode::NOT_FOUND, "There is only POST /message");
    }
    let Ok(body) = serde_json::from_slice::<Value>(&call.body) else {
        return error(StatusCode::BAD_REQUEST, "The body is not JSON");
    };
    let contact = text(&body, "contactId").unwrap_or_default();
    let act = sim.faults.pick(Source::Custom, contact, None);
    if let Some(reply) = act.as_ref().and_then(failing) {
        return reply.with_act(act);
    }
    let reply = match accept(sim, id, contact, &body) {
        Ok(mut outgoing) => {
            if let Some(act) = &act {
                outgoing.trace.receipts = act.receipts;
            }
            let mut reply = Reply::ok(&json!({"mId": outgoing.id}));
            reply.outgoing = Some(Box::new(outgoing));
            reply
        }
        Err(why) => error(StatusCode::BAD_REQUEST, why),
    };
    reply.with_act(act)
}

/// The answer to a fault on purpose; none for one that only delays, cuts the answer off or is about receipts.
fn failing(act: &Act) -> Option<Reply> {
    if act.cut == Some(Cut::Before) {
        return Some(Reply::ok(&Value::Null));
    }
    if act.code.is_some() {
        return Some(error(StatusCode::BAD_REQUEST, "The program refuses it on purpose"));
    }
    let status = StatusCode::from_u16(act.http_status?).ok().filter(|status| !status.is_success())?;
    Some(error(status, "A fault on purpose"))
}

fn accept(sim: &Sim, id: AccountId, contact: &str, body: &Value) -> Result<Outgoing, &'static str> {
    if text(body, "channelId").is_none_or(str::is_empty) {
        return Err("channelId is missing");
    }
    let phone = sim.phones.resolve(contact).ok_or("Nobody has this contactId")?;
    let content = content(body.get("message").unwrap_or(&Value::Null))?;
    let is_blocked = sim.phones.with(&phone, |phone| phone.settings.blocked);
    Ok(Outgoing {
        account: id,
        id: uuid(),
        phone: Some(phone),
        to: contact.to_owned(),
        content,
        trace: Trace::default(),
        failure: is_blocked.then_some(Failure::NotOnWhatsApp),
    })
}

fn content(message: &Value) -> Result<Content, &'static str> {
    let kind = text(message, "type").ok_or("message.type is missing")?;
    let mut content = Content { kind: kind.to_owned(), ..Content::default() };
    match kind {
        "text" => content.body = Some(text(message, "text").ok_or("message.text is missing")?.to_owned()),
        "attachment" => {
            let file = message.get("attachment").ok_or("message.attachment is missing")?;
            let link = text(file, "url").filter(|url| is_http(url)).ok_or("attachment.url is no link")?;
            let kind = match text(file, "type") {
                Some("file") => "document",
                Some(kind) => kind,
                None => return Err("attachment.type is missing"),
            };
            content.kind = kind.to_owned();
            content.body = text(file, "caption").map(str::to_owned);
            let filename = text(file, "fileName").map(str::to_owned);
            content.media =
                Some(Media { kind: kind.to_owned(), link: Some(link.to_owned()), filename, id: None });
        }
        "quick_reply" => {
            content.body = Some(text(message, "title").ok_or("message.title is missing")?.to_owned());
            let replies =
                message.get("replies").and_then(Value::as_array).ok_or("message.replies is missing")?;
            let button = |(index, reply): (usize, &Value)| Button {
                kind: "key".to_owned(),
                text: reply.as_str().unwrap_or_default().to_owned(),
                index,
                ..Button::default()
            };
            content.buttons = replies.iter().enumerate().map(button).collect();
        }
        _ => return Err("message.type is not known"),
    }
    Ok(content)
}

/// The channel's token goes with every call.
pub(crate) fn headers(id: AccountId, is_bad: bool) -> Vec<(String, String)> {
    let Credential::Custom { api_token } = &account(id).credential else { return Vec::new() };
    let token = if is_bad { "another-token-of-someone-else" } else { api_token };
    vec![("authorization".to_owned(), format!("Bearer {token}"))]
}

fn envelope(id: AccountId, number: &str, event: Value) -> Value {
    json!({"channelId": account(id).phone_number_id, "contactId": format!("+{number}"), "events": [event]})
}

/// What became of a message.
pub(crate) fn status(receipt: &Receipt) -> Value {
    let mut status = json!({"value": match &receipt.stage {
        Stage::Sent => "sent",
        Stage::Delivered => "delivered",
        Stage::Read => "read",
        Stage::Failed(_) => "failed",
    }});
    if let Stage::Failed(failure) = &receipt.stage {
        status["message"] = json!(match failure {
            Failure::Media(why) => why.as_str(),
            _ => "Number unreachable",
        });
    }
    let event = json!({
        "type": "message_status", "mId": receipt.message_id, "timestamp": receipt.at_ms, "status": status,
    });
    envelope(receipt.account, &receipt.phone.number, event)
}

/// What a phone wrote.
pub(crate) fn inbound(sim: &Sim, inbound: &Inbound) -> Value {
    let phone = &inbound.phone;
    let event = json!({
        "type": "message", "mId": inbound.message_id, "timestamp": inbound.at_ms,
        "message": said(sim, &inbound.said),
    });
    let mut body = envelope(inbound.account, &phone.number, event);
    let (first, last) = phone.name.split_once(' ').unwrap_or((&phone.name, ""));
    body["contact"] = json!({
        "firstName": first, "lastName": last, "phone": format!("+{}", phone.number), "language": "es",
    });
    body
}

fn said(sim: &Sim, said: &Said) -> Value {
    match said {
        Said::Text(words) => json!({"type": "text", "text": words}),
        Said::Location(place) => {
            let mut message = place.clone();
            message["type"] = json!("location");
            message
        }
        Said::Media { kind, media_id, file, filename, .. } => {
            let kind = if kind == "document" { "file" } else { kind.as_str() };
            let url = format!("{}/custom/files/{media_id}", sim.url);
            let mime = file.mime.split(';').next().unwrap_or_default();
            let mut attachment = json!({"type": kind, "url": url, "mimeType": mime});
            if let Some(name) = filename {
                attachment["fileName"] = json!(name);
            }
            json!({"type": "attachment", "attachment": attachment})
        }
        _ => json!({"type": "unsupported"}),
    }
}
