//! Stored things in the API's own form.

use chaski_engine::media::sniff::ending;
use chaski_model::message::{Content, Direction, Mail, Media, MediaKind};
use chaski_model::provider_codes::{self, Family, ProviderCode};
use chaski_model::template::{ButtonKind, Parameter, RequestBody, RequestButton, TemplateRequest};
use chaski_model::{ErrorCode, Failure, Rank};
use chaski_store::admin::{Field, User};
use chaski_store::contacts::Contact;
use chaski_store::inbox::Message;
use chaski_store::media::MediaState;
use chaski_store::outbox::Resolved;
use serde_json::{Map, Value, json};

/// A contact, as `GET /v2/contact/{identifier}` has it.
pub(crate) fn contact(contact: &Contact, fields: &[&Field], users: &[User]) -> Value {
    let custom: Vec<Value> = fields
        .iter()
        .map(|field| json!({"name": field.name, "value": contact.fields.get(&field.id.0).cloned().unwrap_or(Value::Null)}))
        .collect();
    let assignee = contact.assignee.and_then(|id| users.iter().find(|user| user.id == id));
    let assignee = assignee.map(|user| {
        json!({"id": user.id, "firstName": user.first_name, "lastName": user.last_name, "email": user.email})
    });
    json!({
        "id": contact.id,
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "phone": contact.phone(),
        "email": contact.email(),
        "language": contact.language,
        "profilePic": contact.profile_pic,
        "countryCode": contact.country_code,
        "custom_fields": custom,
        "status": contact.status,
        "tags": contact.tags,
        "assignee": assignee,
        "lifecycle": contact.lifecycle,
        "created_at": contact.created_at.secs(),
    })
}

/// A message, as it is read back. `media` is where what it brought can be fetched.
pub(crate) fn message(message: &Message, media: Option<String>) -> Value {
    let outgoing = message.direction == Direction::Outbound;
    let mut view = Map::new();
    view.insert("messageId".into(), json!(message.id));
    view.insert("channelMessageId".into(), json!(message.provider_id));
    view.insert("contactId".into(), json!(message.contact));
    view.insert("channelId".into(), json!(message.channel));
    view.insert("traffic".into(), json!(if outgoing { "outgoing" } else { "incoming" }));
    view.insert("timestamp".into(), json!(message.created_at.secs()));
    view.insert("message".into(), content(&message.content));
    if let (Some(state), Some(given)) = (&message.media, view.get_mut("message")) {
        put_media(&mut given["attachment"], state, media);
    }
    if outgoing {
        view.insert("status".into(), statuses(message));
    }
    view.insert("sender".into(), sender(message));
    if let Some(resolved) = &message.resolved {
        if let Some(rendered) = &resolved.rendered {
            view.insert("rendered".into(), json!(rendered));
            view.insert("mark".into(), json!(resolved.mark));
            view.insert("difference".into(), json!(resolved.difference));
        }
        view.insert("notes".into(), json!(resolved.notes));
    }
    if message.rank == Rank::Failed
        && let Some(failure) = &message.error
    {
        view.insert("error".into(), error(failure));
    }
    if message.blanked_at.is_some() {
        let words = "What the message said was removed by retention.";
        view.insert("notes".into(), json!([{"code": "deleted_by_retention", "message": words}]));
    }
    if message.unknown {
        view.insert("outcome".into(), json!("unknown"));
    }
    Value::Object(view)
}

fn sender(message: &Message) -> Value {
    json!({
        "source": message.origin.source,
        "userId": message.origin.user_id,
        "teamId": Value::Null,
        "workflowId": Value::Null,
        "broadcastHistoryId": Value::Null,
    })
}

/// Each status at most once, lowest first, so that the last is the current one.
fn statuses(message: &Message) -> Value {
    let mut list = vec![json!({"value": "pending", "timestamp": message.created_at.secs()})];
    let reached = [
        (Rank::Sent, message.sent_at),
        (Rank::Failed, message.failed_at),
        (Rank::Delivered, message.delivered_at),
        (Rank::Read, message.read_at),
    ];
    for (rank, at) in reached {
        let Some(at) = at else { continue };
        let mut status = json!({"value": rank.word(), "timestamp": at.secs()});
        if rank == Rank::Failed
            && let Some(failure) = &message.error
        {
            status["message"] = json!(failure_line(failure));
        }
        list.push(status);
    }
    Value::Array(list)
}

/// `132000: <sentence>`; without a provider's code our own word stands there.
fn failure_line(failure: &Failure) -> String {
    match (failure.code, failure.provider_code) {
        (ErrorCode::Expired | ErrorCode::Canceled, _) => {
            format!("{}: {}", failure.code.info().code, failure.message)
        }
        (_, Some(code)) => format!("{code}: {}", failure.message),
        (code, None) => format!("{}: {}", code.info().code, failure.message),
    }
}

/// Why a message failed, for programs and people.
pub(crate) fn error(failure: &Failure) -> Value {
    let info = failure.code.info();
    let known = known_code(failure);
    json!({
        "code": failure.code,
        "providerCode": failure.provider_code,
        "title": known.map_or(info.en.0, |k| k.en.0),
        "cause": failure.message,
        "fix": known.map_or(info.en.1, |k| k.en.1),
        "actor": known.map_or(info.actor, |k| k.actor),
        "retryable": known.map_or(info.retryable, |k| k.retryable),
        "providerText": failure.provider_text,
    })
}

/// What the lint found.
pub(crate) fn findings(resolved: &Resolved) -> Value {
    let list: Vec<Value> = resolved
        .findings
        .iter()
        .map(|f| json!({"component": f.component, "parameter": f.parameter, "code": f.code, "message": f.message, "fix": f.fix}))
        .collect();
    Value::Array(list)
}

/// A content in the API's words.
pub(crate) fn content(content: &Content) -> Value {
    match content {
        Content::Text { text, message_tag } => match message_tag {
            Some(tag) => json!({"type": "text", "text": text, "messageTag": tag}),
            None => json!({"type": "text", "text": text}),
        },
        Content::Attachment(media) => json!({"type": "attachment", "attachment": attachment(media)}),
        Content::QuickReply { title, replies } => {
            json!({"type": "quick_reply", "title": title, "replies": replies})
        }
        Content::WhatsappTemplate(request) => {
            json!({"type": "whatsapp_template", "template": template(request)})
        }
        Content::CustomPayload { payload } => json!({"type": "custom_payload", "payload": payload}),
        Content::Email(mail) => email(mail),
        Content::Location { latitude, longitude, name, address } => {
            json!({"type": "location", "latitude": latitude, "longitude": longitude, "name": name, "address": address})
        }
        Content::Contacts { cards } => json!({"type": "contacts", "contacts": cards}),
        Content::Reply { source, title, payload } => {
            json!({"type": "whatsapp_interactive", "source": source, "text": title, "payload": payload})
        }
        Content::Reaction { emoji, target } => {
            json!({"type": "reaction", "emoji": emoji, "channelMessageId": target})
        }
        Content::Order { catalog_id, text, items } => {
            json!({"type": "whatsapp_order", "catalogId": catalog_id, "text": text, "items": items})
        }
        Content::Unsupported { what, detail } => {
            json!({"type": "unsupported", "what": what, "detail": detail})
        }
    }
}

fn email(mail: &Mail) -> Value {
    let files = mail.attachments.iter().map(attachment).collect::<Vec<_>>();
    json!({
        "type": "email", "subject": mail.subject, "text": mail.text, "cc": mail.cc, "bcc": mail.bcc,
        "replyToMessageId": mail.reply_to_message, "attachments": files,
    })
}

fn attachment(media: &Media) -> Value {
    let kind = match media.kind {
        MediaKind::Sticker => "image",
        other => other.word(),
    };
    json!({
        "type": kind, "url": media.link, "isPending": media.link.is_none(), "fileName": media.filename, "mime": media.mime,
        "caption": media.caption,
    })
}

/// Where a contact's media stand: the provider's own address is of no use to anybody else.
fn put_media(attachment: &mut Value, state: &MediaState, url: Option<String>) {
    attachment["url"] = Value::Null;
    attachment["isPending"] = json!(matches!(state, MediaState::Wanted { .. }));
    match state {
        MediaState::Held(held) => {
            attachment["url"] = json!(url);
            attachment["mime"] = json!(held.mime);
            attachment["size"] = json!(held.size);
            attachment["ext"] = json!(ending(&held.mime));
        }
        MediaState::Wanted { failure, .. } => {
            if let Some(failure) = failure {
                attachment["error"] = error(failure);
            }
        }
        MediaState::Gone { failure } => attachment["error"] = error(failure),
    }
}

fn template(request: &TemplateRequest) -> Value {
    let components: Vec<Value> =
        request.components.iter().map(|component| request_body(&component.body)).collect();
    json!({"name": request.name, "languageCode": request.language, "components": components})
}

fn request_body(body: &RequestBody) -> Value {
    let mut view = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() && value != json!([]) {
            view.insert(key.to_owned(), value);
        }
    };
    match body {
        RequestBody::Header { format, text, parameters } => {
            put("type", json!("header"));
            put("format", json!(format));
            put("text", json!(text));
            put("parameters", self::parameters(parameters));
        }
        RequestBody::Body { text, parameters } => {
            put("type", json!("body"));
            put("text", json!(text));
            put("parameters", self::parameters(parameters));
        }
        RequestBody::Footer { text } => {
            put("type", json!("footer"));
            put("text", json!(text));
        }
        RequestBody::Buttons { buttons } => {
            put("type", json!("buttons"));
            put("buttons", Value::Array(buttons.iter().map(button).collect()));
        }
    }
    Value::Object(view)
}

fn button(button: &RequestButton) -> Value {
    let mut view = json!({"type": button_word(&button.kind), "text": button.text});
    for (key, value) in [("url", &button.url), ("phone_number", &button.phone_number)] {
        if let Some(value) = value {
            view[key] = json!(value);
        }
    }
    if !button.parameters.is_empty() {
        view["parameters"] = parameters(&button.parameters);
    }
    view
}

/// A button's type in the API's word.
pub(crate) fn button_word(kind: &ButtonKind) -> &str {
    match kind {
        ButtonKind::Url => "url",
        ButtonKind::PhoneNumber => "phone_number",
        ButtonKind::QuickReply => "quick_reply",
        ButtonKind::Catalog => "catalog",
        ButtonKind::Mpm => "mpm",
        ButtonKind::CopyCode => "copy_code",
        ButtonKind::Flow => "flow",
        ButtonKind::Otp => "otp",
        ButtonKind::Other(word) => word,
    }
}

fn parameters(list: &[Parameter]) -> Value {
    Value::Array(list.iter().map(parameter).collect())
}

fn parameter(parameter: &Parameter) -> Value {
    match parameter {
        Parameter::Text { text, name: None } => json!({"type": "text", "text": text}),
        Parameter::Text { text, name: Some(name) } => {
            json!({"type": "text", "parameter_name": name, "text": text})
        }
        Parameter::Media { kind, link, filename } => {
            let word = if *kind == MediaKind::File { "document" } else { kind.word() };
            let mut media = json!({"link": link});
            if let Some(filename) = filename {
                media["filename"] = json!(filename);
            }
            json!({"type": word, word: media})
        }
        Parameter::Location { latitude, longitude, name, address } => json!({
            "type": "location",
            "location": {"latitude": latitude, "longitude": longitude, "name": name, "address": address},
        }),
        Parameter::Payload { payload } => json!({"type": "payload", "payload": payload}),
        Parameter::Action { action } => json!({"type": "action", "action": action}),
        Parameter::Native { value } => value.clone(),
    }
}

/// The row of a failure's provider code. A failure made from a row says that row's sentence, which tells
/// families apart that use the same numbers. Otherwise the number decides: Vonage's own lie between 1000
/// and 1999, and what is decided here carries Meta's numbers on every WhatsApp kind.
pub(crate) fn known_code(failure: &Failure) -> Option<&'static ProviderCode> {
    let code = failure.provider_code?;
    let says = |row: &&ProviderCode| row.code == code && row.sentence() == failure.message;
    if let Some(row) = provider_codes::all().find(says) {
        return Some(row);
    }
    let first = if (1000..2000).contains(&code) { Family::Vonage } else { Family::Meta };
    [first, Family::Vonage, Family::Dialog360, Family::Messaging]
        .into_iter()
        .find_map(|family| provider_codes::find(family, code))
}
