//! Reports about mails of ours: bounces and their like (RFC 3464).

use super::names::reference_of;
use super::outcome::row;
use crate::verdict;
use chaski_model::event::{Event, Receipt};
use chaski_model::provider_codes::Action;
use chaski_model::status::ReceiptKind;
use chaski_model::{ErrorCode, Failure, Timestamp};
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

/// The most recipients of a report that are looked at.
const RECIPIENTS: usize = 100;

pub(super) fn is_report(mail: &Message<'_>) -> bool {
    mail.content_type().is_some_and(|kind| {
        kind.ctype().eq_ignore_ascii_case("multipart")
            && kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("report"))
            && kind.attribute("report-type").is_some_and(|of| of.eq_ignore_ascii_case("delivery-status"))
    })
}

pub(super) fn events(mail: &Message<'_>, hook_url: &str) -> Vec<Event> {
    let ignored = |what: &str| vec![Event::Ignored { what: what.to_owned() }];
    let Some(original) = original(mail) else { return ignored("a report without its mail") };
    let Some(reference) = reference_of(&original.id, hook_url) else {
        return ignored("a report about a mail that is not ours");
    };
    let at = mail.date().map_or(Timestamp(0), |date| Timestamp::from_secs(date.to_timestamp()));
    let told = status_text(mail);
    let mut recipients = groups(&told).filter(|group| field(group, "Action").is_some()).take(RECIPIENTS);
    // A copy's fate is not the contact's.
    let own = recipients.find(|group| original.is_to(group));
    let Some(own) = own else { return ignored("a report about a copy") };
    let (kind, failure) = match field(&own, "Action").unwrap_or_default().to_ascii_lowercase().as_str() {
        "failed" => (ReceiptKind::Failed, Some(failure(&own))),
        "delivered" => (ReceiptKind::Delivered, None),
        "delayed" => return ignored("a mail is delayed"),
        _ => return ignored("a mail was passed on"),
    };
    vec![Event::Receipt(Receipt {
        reference: Some(reference.to_owned()),
        provider_id: original.id.clone(),
        kind,
        at,
        failure,
        learned: Vec::new(),
    })]
}

/// What the returned mail says of itself.
struct Original {
    id: String,
    to: Vec<String>,
}

impl Original {
    fn is_to(&self, group: &Group) -> bool {
        let told =
            ["Original-Recipient", "Final-Recipient"].into_iter().filter_map(|name| field(group, name));
        let told: Vec<String> = told.map(|text| plain(&text)).collect();
        self.to.is_empty() || told.is_empty() || told.iter().any(|address| self.to.contains(address))
    }
}

/// `rfc822; Ana@x.ec` → `ana@x.ec`.
fn plain(recipient: &str) -> String {
    let address = recipient.split_once(';').map_or(recipient, |(_, address)| address);
    address.trim().trim_matches(['<', '>']).to_lowercase()
}

fn original(mail: &Message<'_>) -> Option<Original> {
    let of = |returned: &Message<'_>| {
        let to = returned.to().into_iter().flat_map(mail_parser::Address::iter);
        Some(Original {
            id: format!("<{}>", returned.message_id()?.trim()),
            to: to.filter_map(|one| one.address.as_deref().map(str::to_lowercase)).collect(),
        })
    };
    mail.parts.iter().find_map(|part| match &part.body {
        PartType::Message(returned) => of(returned),
        _ => {
            let kind = part.content_type()?;
            let is_headers =
                kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("rfc822-headers"));
            is_headers.then(|| MessageParser::default().parse(part.contents())).flatten().and_then(|m| of(&m))
        }
    })
}

fn status_text(mail: &Message<'_>) -> String {
    let is_status = |subtype: &str| {
        ["delivery-status", "global-delivery-status"].iter().any(|of| subtype.eq_ignore_ascii_case(of))
    };
    let part = mail
        .parts
        .iter()
        .find(|part| part.content_type().and_then(|kind| kind.subtype()).is_some_and(is_status));
    part.map(|part| String::from_utf8_lossy(part.contents()).into_owned()).unwrap_or_default()
}

/// One group of fields: names in lower case, and values without folds.
type Group = Vec<(String, String)>;

fn groups(text: &str) -> impl Iterator<Item = Group> {
    let mut all = vec![Group::new()];
    for line in text.lines() {
        let group = all.last_mut().expect("there is a group from the start");
        if line.trim().is_empty() {
            all.push(Group::new());
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = group.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            group.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    all.into_iter().filter(|group| !group.is_empty())
}

fn field(group: &Group, name: &str) -> Option<String> {
    let found = group.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
}

/// Why a mail came back, by the same table as a refusal at once.
fn failure(group: &Group) -> Failure {
    let status = field(group, "Status").unwrap_or_default();
    let said = field(group, "Diagnostic-Code").unwrap_or_default();
    let words = format!("{status} {said}");
    let code = said
        .split([' ', ';'])
        .find_map(|word| word.parse::<i64>().ok().filter(|code| (400..600).contains(code)))
        .unwrap_or(if status.starts_with('4') { 451 } else { 550 });
    let message = "The mail came back: it could not be delivered.";
    match row(code, &words) {
        Some(row) if !matches!(row.action, Action::Retry { .. } | Action::Channel) => {
            verdict::failure(row, code, &words)
        }
        _ => {
            verdict::with_words(Failure::new(ErrorCode::RecipientUnreachable, message).provider(code), &words)
        }
    }
}
