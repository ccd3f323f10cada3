//! One folder for each provider's API. A provider knows its wire form; what happens to a message
//! after it was accepted is the same for all and lives outside.

pub(crate) mod custom;
pub(crate) mod dialog360;
pub(crate) mod email;
mod inbound;
pub(crate) mod line;
pub(crate) mod messaging;
pub(crate) mod meta;
pub(crate) mod telegram;
pub(crate) mod twilio;
pub(crate) mod viber;
pub(crate) mod vonage;

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, StatusCode, Uri};

pub(crate) use self::inbound::{Inbound, Said};
use crate::accounts::{AccountId, account};
use crate::call::{Call, Reply};
use crate::faults::Receipts;
use crate::ids::stable;
use crate::phones::Identity;
use crate::receipts::Receipt;
use crate::sim::{Shared, Sim};
use crate::source::Source;
use crate::templates::Template;
use crate::webhooks::Post;

/// Which of the providers that share a prefix a call is for.
pub(crate) fn meant(source: Source, call: &Call) -> Source {
    match source {
        Source::TwilioWhatsapp => twilio::source_of(call),
        Source::Vonage => vonage::source_of(call),
        Source::Cloud => messaging::source_of(call).unwrap_or(source),
        _ => source,
    }
}

/// Answers a call to a provider.
pub(crate) async fn answer(sim: &Shared, source: Source, call: &Call) -> Reply {
    let act = if is_of_media(sim, source, call) { sim.faults.pick_of_media(source) } else { None };
    if let Some(status) = act.as_ref().and_then(|act| StatusCode::from_u16(act.http_status?).ok()) {
        return Reply::raw(status, "text/plain", status.canonical_reason().unwrap_or_default()).with_act(act);
    }
    let reply = match source {
        Source::Cloud => meta::answer(sim, call).await,
        Source::Dialog360 => dialog360::answer(sim, call),
        Source::Vonage | Source::VonageSms => vonage::answer(sim, call),
        Source::Telegram => telegram::answer(sim, call).await,
        Source::TwilioWhatsapp | Source::TwilioSms => twilio::answer(sim, call),
        Source::Custom => custom::answer(sim, call),
        Source::Viber => viber::answer(sim, call).await,
        Source::Line => line::answer(sim, call).await,
        Source::Messenger | Source::Instagram => messaging::answer(sim, call).await,
        Source::Email => email::answer(),
    };
    if act.is_some() { reply.with_act(act) } else { reply }
}

/// Whether a call looks up or downloads media.
fn is_of_media(sim: &Sim, source: Source, call: &Call) -> bool {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    call.method == Method::GET
        && match (source, parts.as_slice()) {
            (Source::Cloud, ["lookaside", ..])
            | (Source::Dialog360, ["whatsapp_business", ..])
            | (Source::Vonage, ["v3", "media", _])
            | (Source::Telegram, ["file", ..])
            | (
                Source::TwilioWhatsapp | Source::TwilioSms,
                ["2010-04-01", "Accounts", _, "Messages", _, "Media", _],
            )
            | (Source::Custom, ["files", _])
            | (Source::Viber, ["dl", _])
            | (Source::Line, ["v2", "bot", "message", _, "content", ..])
            | (Source::Messenger | Source::Instagram, ["cdn", ..]) => true,
            (Source::Cloud, [_, id]) | (Source::Dialog360, [id]) => sim.media.get(id).is_some(),
            _ => false,
        }
}

/// Reports a receipt by webhook.
pub(crate) fn report(sim: &Shared, receipt: &Receipt) {
    let body = match account(receipt.account).source {
        Source::Cloud | Source::Dialog360 => json(&meta::webhook::status(receipt)),
        Source::Vonage => json(&vonage::webhook::status(receipt)),
        Source::VonageSms => {
            match vonage::sms::status(sim, receipt, receipt.trace.receipts == Receipts::BadSignature) {
                Some(status) => json(&status),
                None => return,
            }
        }
        // They report nothing, and Twilio nothing without an address of the message's own.
        Source::Telegram | Source::Line | Source::Email => return,
        Source::Custom => json(&custom::status(receipt)),
        Source::Viber => match viber::webhook::receipt(sim, receipt) {
            Some(body) => json(&body),
            None => return,
        },
        Source::TwilioWhatsapp | Source::TwilioSms => {
            sim.twilio.sent.note(receipt);
            match twilio::webhook::status(receipt) {
                Some(form) => form,
                None => return,
            }
        }
        Source::Messenger | Source::Instagram => match messaging::receipt(receipt) {
            Some(body) => body,
            None => return,
        },
    };
    let post = Post {
        account: receipt.account,
        is_status: true,
        url: receipt.trace.webhook_url.clone(),
        body,
        key: stable(&receipt.message_id),
        has_bad_signature: receipt.trace.receipts == Receipts::BadSignature,
    };
    sim.webhooks.post(sim, post);
}

/// Reports by webhook what a phone wrote.
pub(crate) fn report_inbound(sim: &Shared, inbound: &Inbound) {
    let body = match account(inbound.account).source {
        Source::Cloud | Source::Dialog360 => json(&meta::webhook::inbound(sim, inbound)),
        Source::Vonage => json(&vonage::webhook::inbound(sim, inbound)),
        Source::VonageSms => json(&vonage::sms::inbound(sim, inbound)),
        Source::Telegram => match telegram::inbound(sim, inbound) {
            Some(update) => json(&update),
            None => return,
        },
        Source::Custom => json(&custom::inbound(sim, inbound)),
        Source::Viber => json(&viber::webhook::inbound(sim, inbound)),
        Source::Line => json(&line::webhook::inbound(sim, inbound)),
        Source::Email => email::inbound(sim, inbound),
        Source::TwilioWhatsapp | Source::TwilioSms => twilio::webhook::inbound(sim, inbound),
        Source::Messenger | Source::Instagram => messaging::inbound(sim, inbound),
    };
    let post = Post {
        account: inbound.account,
        is_status: false,
        url: None,
        body,
        key: stable(&inbound.phone.number),
        has_bad_signature: false,
    };
    sim.webhooks.post(sim, post);
}

/// Reports by webhook that a template's review came to another result, where the provider does so.
pub(crate) fn report_template(sim: &Shared, id: AccountId, template: &Arc<Template>) {
    match account(id).source {
        Source::Cloud | Source::Dialog360 => {}
        _ => return,
    }
    let body = meta::webhook::template_status(id, template, sim.clock.now_seconds());
    let body = serde_json::to_vec(&body).unwrap_or_default();
    let key = stable(&template.id);
    sim.webhooks
        .post(sim, Post { account: id, is_status: false, url: None, body, key, has_bad_signature: false });
}

fn json(body: &serde_json::Value) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}

/// What a provider's webhooks are written in.
pub(crate) fn webhook_type(id: AccountId) -> &'static str {
    match account(id).source {
        Source::TwilioWhatsapp | Source::TwilioSms => "application/x-www-form-urlencoded; charset=utf-8",
        Source::Email => "message/rfc822",
        _ => "application/json",
    }
}

/// The headers by which a business knows that a webhook is the provider's.
pub(crate) fn webhook_headers(
    sim: &Sim,
    id: AccountId,
    url: &Uri,
    body: &[u8],
    is_bad: bool,
) -> Vec<(String, String)> {
    match account(id).source {
        Source::TwilioWhatsapp | Source::TwilioSms => twilio::signature::headers(id, url, body, is_bad),
        Source::Cloud | Source::Messenger | Source::Instagram => meta::signature::headers(id, body, is_bad),
        Source::Dialog360 => dialog360::webhook_headers(sim, id, is_bad),
        // The older form has its signature among its fields.
        Source::VonageSms if body.windows(6).any(|bytes| bytes == b"\"sig\":") => Vec::new(),
        Source::Vonage | Source::VonageSms => {
            vonage::signature::headers(id, body, is_bad, sim.clock.now_seconds())
        }
        Source::Telegram => telegram::webhook_headers(sim, id, is_bad),
        Source::Custom => custom::headers(id, is_bad),
        Source::Viber => viber::webhook::headers(id, body, is_bad),
        Source::Line => line::webhook::headers(id, body, is_bad),
        Source::Email => email::webhook_headers(id, is_bad),
    }
}

/// The body of a webhook as it goes out; LINE says when it is repeated.
pub(crate) fn webhook_body(id: AccountId, body: &Bytes, is_repeat: bool) -> Bytes {
    if is_repeat && account(id).source == Source::Line {
        line::webhook::redelivered(body)
    } else {
        body.clone()
    }
}

/// A person blocked the businesses that it has written to, or let them in again.
pub(crate) fn report_membership(sim: &Shared, phone: &Identity, blocked: bool) {
    telegram::report_membership(sim, phone, blocked);
    let wrote: Vec<AccountId> =
        sim.phones.with(&phone.number, |phone| phone.wrote_at.iter().map(|(id, _)| *id).collect());
    for id in wrote {
        let body = match account(id).source {
            Source::Viber => viber::webhook::membership(sim, phone, blocked),
            Source::Line => line::webhook::membership(sim, id, phone, blocked),
            _ => continue,
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let key = stable(&phone.number);
        sim.webhooks.post(
            sim,
            Post { account: id, is_status: false, url: None, body, key, has_bad_signature: false },
        );
    }
}

/// The business's answer to a webhook, where the provider reads it.
pub(crate) fn webhook_answered(sim: &Sim, id: AccountId, body: &[u8]) {
    if account(id).source == Source::Telegram {
        telegram::answered(sim, body);
    }
}

/// A business has read what a phone wrote.
pub(crate) fn mark_read(sim: &Sim, message_id: &str) -> bool {
    sim.phones.mark_read(message_id)
}
