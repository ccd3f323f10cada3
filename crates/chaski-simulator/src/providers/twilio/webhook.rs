//! Webhooks: status callbacks and messages from phones, as forms.

use serde_json::Value;

use super::sent::word;
use super::{problem, sid};
use crate::accounts::{Account, Credential, account};
use crate::call::text;
use crate::providers::{Inbound, Said};
use crate::receipts::{Receipt, Stage};
use crate::sim::Sim;
use crate::source::App;

type Fields = Vec<(&'static str, String)>;

fn encoded(fields: Fields) -> Vec<u8> {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
}

fn account_sid(a: &Account) -> &'static str {
    match &a.credential {
        Credential::Twilio { account_sid, .. } => account_sid,
        _ => "",
    }
}

/// A number as Twilio writes it in an app.
fn address(app: App, number: &str) -> String {
    let number = if number.contains('.') { number.to_owned() } else { format!("+{number}") };
    if app == App::Whatsapp { format!("whatsapp:{number}") } else { number }
}

/// The status callback of a message, where it named an address for it. SMS tells nothing of reading.
pub(crate) fn status(receipt: &Receipt) -> Option<Vec<u8>> {
    let a = account(receipt.account);
    receipt.trace.webhook_url.as_ref()?;
    let app = a.source.app();
    if matches!(receipt.stage, Stage::Read) && app != App::Whatsapp {
        return None;
    }
    let word = word(&receipt.stage);
    let mut fields = vec![
        ("ApiVersion", "2010-04-01".to_owned()),
        ("MessageSid", receipt.message_id.clone()),
        ("SmsSid", receipt.message_id.clone()),
        ("AccountSid", account_sid(a).to_owned()),
        ("From", address(app, a.number)),
        ("To", address(app, &receipt.phone.number)),
        ("SmsStatus", word.to_owned()),
        ("MessageStatus", word.to_owned()),
    ];
    if app == App::Whatsapp {
        fields.insert(0, ("ChannelPrefix", "whatsapp".to_owned()));
        fields.push(("ChannelToAddress", format!("+{}", receipt.phone.number)));
    }
    if let Stage::Failed(failure) = &receipt.stage {
        let code = problem::number(failure);
        fields.push(("ErrorCode", code.to_string()));
        if code == 63_016 {
            let words = "Failed to send freeform message because you are outside the allowed window. If you are using WhatsApp, please use a Message Template.";
            fields.push(("ChannelStatusMessage", words.to_owned()));
        }
    }
    Some(encoded(fields))
}

/// A message from a phone.
pub(crate) fn inbound(sim: &Sim, inbound: &Inbound) -> Vec<u8> {
    let a = account(inbound.account);
    let app = a.source.app();
    let phone = &inbound.phone;
    // Whoever has a username shows no number.
    let from = if phone.username.is_some() && app == App::Whatsapp { &phone.user_id } else { &phone.number };
    let mut fields = vec![
        ("SmsMessageSid", inbound.message_id.clone()),
        ("MessageSid", inbound.message_id.clone()),
        ("SmsSid", inbound.message_id.clone()),
        ("SmsStatus", "received".to_owned()),
        ("AccountSid", account_sid(a).to_owned()),
        ("ApiVersion", "2010-04-01".to_owned()),
        ("NumSegments", "1".to_owned()),
        ("From", address(app, from)),
        ("To", address(app, a.number)),
    ];
    if app == App::Whatsapp {
        fields.push(("ProfileName", phone.name.clone()));
        fields.push(("WaId", if phone.username.is_some() { String::new() } else { phone.number.clone() }));
        fields.push(("ExternalUserId", format!("whatsapp:{}", phone.user_id)));
        if let Some(context) = &inbound.context {
            fields.push(("OriginalRepliedMessageSid", context.clone()));
        }
    }
    said(sim, a, &inbound.said, &inbound.message_id, &mut fields);
    encoded(fields)
}

fn said(sim: &Sim, a: &Account, said: &Said, message: &str, fields: &mut Fields) {
    let is_whatsapp = a.source.app() == App::Whatsapp;
    let mut put = |name: &'static str, value: &str| fields.push((name, value.to_owned()));
    let mut kind = "text";
    let mut files = 0;
    match said {
        Said::Text(text) => {
            put("Body", text);
            let word = text.trim().to_ascii_uppercase();
            if !is_whatsapp && ["STOP", "START", "HELP"].contains(&word.as_str()) {
                put("OptOutType", &word);
            }
        }
        Said::Button { payload, text } => {
            kind = "button";
            put("Body", text);
            put("ButtonText", text);
            put("ButtonPayload", payload);
        }
        Said::Reply { is_row, id, title, .. } => {
            kind = "interactive";
            put("Body", title);
            put(if *is_row { "ListTitle" } else { "ButtonText" }, title);
            put(if *is_row { "ListId" } else { "ButtonPayload" }, id);
        }
        Said::Location(place) => {
            kind = "location";
            put("Body", "");
            let degrees = |key: &str| place.get(key).map(Value::to_string).unwrap_or_default();
            put("Latitude", &degrees("latitude"));
            put("Longitude", &degrees("longitude"));
            for (key, field) in [("name", "Label"), ("address", "Address")] {
                if let Some(value) = text(place, key) {
                    put(field, value);
                }
            }
        }
        Said::Media { kind: of, media_id, file, caption, filename } => {
            kind = of;
            files = 1;
            put("Body", filename.as_deref().or(caption.as_deref()).unwrap_or_default());
            let account = account_sid(a);
            put(
                "MediaUrl0",
                &format!(
                    "{}/twilio/2010-04-01/Accounts/{account}/Messages/{message}/Media/{media_id}",
                    sim.url
                ),
            );
            put("MediaContentType0", file.mime.split(';').next().unwrap_or_default());
        }
        Said::Contacts(cards) => {
            kind = "contacts";
            files = 1;
            let media = sim.media.put(sid("ME"), vcard(cards));
            put("Body", "");
            let account = account_sid(a);
            put(
                "MediaUrl0",
                &format!("{}/twilio/2010-04-01/Accounts/{account}/Messages/{message}/Media/{media}", sim.url),
            );
            put("MediaContentType0", "text/vcard");
        }
        Said::Edit { .. }
        | Said::Reaction { .. }
        | Said::Order(_)
        | Said::Unsend { .. }
        | Said::Mail { .. }
        | Said::Report { .. }
        | Said::Unsupported => kind = "unsupported",
    }
    put("NumMedia", &files.to_string());
    if is_whatsapp {
        put("MessageType", kind);
    }
}

/// Contact cards as the file that Twilio makes of them.
fn vcard(cards: &Value) -> crate::media::File {
    let mut lines = String::new();
    for card in cards.as_array().into_iter().flatten() {
        let name = card.pointer("/name/formatted_name").and_then(Value::as_str).unwrap_or_default();
        let phone = card.pointer("/phones/0/phone").and_then(Value::as_str).unwrap_or_default();
        lines.push_str(&format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nTEL:{phone}\r\nEND:VCARD\r\n"));
    }
    crate::media::File { mime: "text/vcard".to_owned(), bytes: lines.into() }
}
