//! Content resources: the approved templates in Twilio's form, and those that were made for sessions.

use serde_json::{Map, Value, json};

use super::problem::Problem;
use super::{created, sender, sid};
use crate::accounts::AccountId;
use crate::call::{Call, Reply, text};
use crate::clock::rfc3339;
use crate::ids::{mixed, stable};
use crate::phones::{Button, Content, Media, TemplateName};
use crate::receipts::Failure;
use crate::sim::Sim;
use crate::source::App;
use crate::templates::{Header, Pattern, Template};

/// What Twilio's reviewers look at: it can also open a conversation.
const PAGE: usize = 50;

/// The ContentSid of a template: the same on every start.
fn sid_of(template: &Template) -> String {
    let half = |salt: &str| mixed(stable(&format!("{salt}{}", template.id)));
    format!("HX{:016x}{:016x}", half("a"), half("b"))
}

fn shelf(account_sid: &str) -> Option<AccountId> {
    sender(account_sid, App::Whatsapp, None)
}

fn find(sim: &Sim, account_sid: &str, sid: &str) -> Option<std::sync::Arc<Template>> {
    sim.templates.list(shelf(account_sid)?).into_iter().find(|template| sid_of(template) == sid)
}

/// The name of the template behind a ContentSid.
pub(super) fn name(sim: &Sim, account_sid: &str, sid: &str) -> Option<String> {
    find(sim, account_sid, sid).map(|template| template.name.clone())
}

/// A variable's name in the one space of a Content: numbers go on from component to component, names stay.
struct Space {
    next: usize,
    samples: Map<String, Value>,
}

impl Space {
    fn name(&mut self, own: &str, sample: &str) -> String {
        let name = if own.parse::<u32>().is_ok() { self.next.to_string() } else { own.to_owned() };
        self.next += usize::from(own.parse::<u32>().is_ok());
        self.samples.insert(name.clone(), Value::from(sample));
        name
    }

    /// A text with its variables in the one space, and what each of its own is called there.
    fn put(&mut self, pattern: &Pattern) -> (String, Vec<(String, String)>) {
        let mut names: Vec<String> = pattern.names.clone();
        names.sort_by_key(|name| name.parse::<u32>().unwrap_or(0));
        let pairs: Vec<(String, String)> = names
            .into_iter()
            .map(|own| {
                let flat = self.name(&own, "x");
                (own, flat)
            })
            .collect();
        let braced: Vec<(String, String)> =
            pairs.iter().map(|(own, flat)| (own.clone(), format!("{{{{{flat}}}}}"))).collect();
        let new = |own: &str| braced.iter().find(|(known, _)| known == own).map(|(_, flat)| flat.as_str());
        (pattern.fill(new), pairs)
    }
}

/// A template as a Content, with the name of each of its variables.
struct Shaped {
    kind: &'static str,
    body: Value,
    samples: Map<String, Value>,
    header: Vec<(String, String)>,
    texts: Vec<(String, String)>,
    buttons: Vec<(String, String)>,
}

fn shaped(template: &Template) -> Shaped {
    let mut space = Space { next: 1, samples: Map::new() };
    let mut body = json!({});
    let mut header = Vec::new();
    match &template.header {
        Header::None => {}
        Header::Text(pattern) => {
            let (words, pairs) = space.put(pattern);
            body["header_text"] = json!(words);
            header = pairs;
        }
        Header::Media(format) => {
            let sample = match format.as_str() {
                "VIDEO" => "https://example.com/sample.mp4",
                "DOCUMENT" => "https://example.com/sample.pdf",
                _ => "https://example.com/sample.jpg",
            };
            let name = space.name("1", sample);
            body["media"] = json!([format!("{{{{{name}}}}}")]);
            header = vec![("1".to_owned(), name)];
        }
    }
    let (words, texts) = space.put(&template.body);
    body["body"] = json!(words);
    if let Some(footer) = &template.footer {
        body["footer"] = json!(footer);
    }
    let mut buttons = Vec::new();
    let mut actions = Vec::new();
    for button in &template.buttons {
        let mut action = json!({"type": button.kind, "title": button.text});
        let mut name = (String::new(), String::new());
        if let Some(url) = &button.url {
            let (url, pairs) = space.put(url);
            action["url"] = json!(url);
            name = pairs.into_iter().next().unwrap_or_default();
        }
        if let Some(phone) = &button.phone_number {
            action["phone"] = json!(phone);
        }
        if button.kind == "QUICK_REPLY" {
            action["id"] = json!(button.text);
        }
        buttons.push(name);
        actions.push(action);
    }
    let is_plain = body.as_object().is_some_and(|body| body.len() == 1);
    let kind = match () {
        () if is_plain && actions.is_empty() => "twilio/text",
        () if is_plain && template.buttons.iter().all(|button| button.kind == "QUICK_REPLY") => {
            "twilio/quick-reply"
        }
        () => "whatsapp/card",
    };
    if !actions.is_empty() {
        body["actions"] = json!(actions);
    }
    Shaped { kind, body, samples: space.samples, header, texts, buttons }
}

/// A Content with what its review said.
fn listed(account_sid: &str, template: &Template) -> Value {
    let Shaped { kind, body, samples, .. } = shaped(template);
    let status = match template.status.as_str() {
        "PENDING" => "pending".to_owned(),
        other => other.to_lowercase(),
    };
    json!({
        "sid": sid_of(template), "account_sid": account_sid, "friendly_name": template.name,
        "language": template.language, "variables": samples, "types": {kind: body},
        "date_created": "2026-01-01T00:00:00Z", "date_updated": "2026-01-01T00:00:00Z",
        "approval_requests": {
            "name": template.name, "category": template.category, "content_type": kind, "status": status,
            "rejection_reason": text(&template.object, "rejected_reason").unwrap_or_default(), "allow_category_change": true,
        },
    })
}

/// `GET /v1/ContentAndApprovals`, in pages.
pub(super) fn list(sim: &Sim, account_sid: &str, call: &Call) -> Reply {
    let number = |name: &str| call.query(name).and_then(|value| value.parse::<usize>().ok());
    let (page, size) = (number("Page").unwrap_or(0), number("PageSize").unwrap_or(PAGE).clamp(1, 500));
    let all = shelf(account_sid).map(|id| sim.templates.list(id)).unwrap_or_default();
    let contents: Vec<Value> = all
        .iter()
        .skip(page.saturating_mul(size))
        .take(size)
        .map(|template| listed(account_sid, template))
        .collect();
    let url = |page: usize| format!("{}/twilio/v1/ContentAndApprovals?PageSize={size}&Page={page}", sim.url);
    let next = ((page + 1).saturating_mul(size) < all.len()).then(|| url(page + 1));
    Reply::ok(&json!({
        "contents": contents,
        "meta": {"page": page, "page_size": size, "first_page_url": url(0), "url": url(page), "next_page_url": next,
            "previous_page_url": page.checked_sub(1).map(url), "key": "contents"},
    }))
}

/// `GET /v1/Content/{sid}`.
pub(super) fn one(sim: &Sim, account_sid: &str, sid: &str) -> Result<Reply, Problem> {
    let found = sim.twilio.get(sid).or_else(|| find(sim, account_sid, sid).map(|t| listed(account_sid, &t)));
    let found = found.ok_or_else(|| Problem::not_found(&format!("/v1/Content/{sid}")))?;
    Ok(Reply::ok(&found))
}

/// `POST /v1/Content`: without a review it is good for sessions.
pub(super) fn create(sim: &Sim, account_sid: &str, call: &Call) -> Result<Reply, Problem> {
    let bad = |why: &str| Problem::bad(20_001, format!("Invalid request: {why}"));
    let mut content: Value =
        serde_json::from_slice(&call.body).map_err(|_| bad("the body is no JSON object"))?;
    let types = content.get("types").and_then(Value::as_object).filter(|types| !types.is_empty());
    let types = types.ok_or_else(|| bad("'types' is required"))?;
    if text(&content, "language").is_none_or(str::is_empty) {
        return Err(bad("'language' is required"));
    }
    for (kind, body) in types {
        check(kind, body).map_err(|why| bad(&format!("{kind}: {why}")))?;
    }
    let sid = sid("HX");
    let url = format!("{}/twilio/v1/Content/{sid}", sim.url);
    let now = rfc3339(sim.clock.now_ms());
    let approval = format!("{url}/ApprovalRequests");
    content["links"] = json!({"approval_fetch": approval, "approval_create": format!("{approval}/whatsapp")});
    for (key, value) in [("sid", sid.as_str()), ("account_sid", account_sid), ("url", &url)] {
        content[key] = json!(value);
    }
    for key in ["date_created", "date_updated"] {
        content[key] = json!(now);
    }
    if content.get("variables").is_none() {
        content["variables"] = json!({});
    }
    sim.twilio.put(sid, content.clone());
    Ok(created(&content))
}

/// The limits of the kinds that a session can use.
fn check(kind: &str, body: &Value) -> Result<(), String> {
    let words = text(body, "body").unwrap_or_default();
    let list = |key: &str| body.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let (entries, most, label, longest) = match kind {
        "twilio/quick-reply" => (list("actions"), 10, "title", 20),
        "twilio/list-picker" => (list("items"), 10, "item", 24),
        "twilio/text" => return if words.is_empty() { Err("'body' is required".to_owned()) } else { Ok(()) },
        _ => return Ok(()),
    };
    if words.is_empty() || words.chars().count() > 1024 {
        return Err("'body' must have 1 to 1024 characters".to_owned());
    }
    if entries.is_empty() || entries.len() > most {
        return Err(format!("there must be 1 to {most} entries"));
    }
    if kind == "twilio/list-picker" && text(body, "button").is_none_or(|label| label.chars().count() > 20) {
        return Err("'button' must have 1 to 20 characters".to_owned());
    }
    let fits = |entry: &Value| {
        text(entry, label).is_some_and(|title| (1..=longest).contains(&title.chars().count()))
    };
    if !entries.iter().all(fits) {
        return Err(format!("'{label}' must have 1 to {longest} characters"));
    }
    Ok(())
}

/// What the person gets of a Content with values, or the failure that is reported later.
pub(super) fn fill(
    sim: &Sim,
    account_sid: &str,
    sid: &str,
    values: &Map<String, Value>,
) -> Result<(Content, Option<Failure>), Problem> {
    if let Some(made) = sim.twilio.get(sid) {
        return Ok((of_session(&made, values), None));
    }
    let template =
        find(sim, account_sid, sid).ok_or_else(|| Problem::bad(21_655, "The ContentSid is Invalid"))?;
    let failure = match template.status.as_str() {
        "APPROVED" => None,
        "PAUSED" => Some(63_041),
        "DISABLED" => Some(63_042),
        _ => Some(63_040),
    };
    let shaped = shaped(&template);
    let is_missing = shaped.samples.keys().any(|name| !values.contains_key(name));
    let is_extra = values.keys().any(|name| !shaped.samples.contains_key(name));
    let failure = failure.or((is_missing || is_extra).then_some(63_028));
    Ok((of_template(&template, &shaped, values), failure.map(Failure::Code)))
}

fn value_at<'a>(pairs: &[(String, String)], values: &'a Map<String, Value>, own: &str) -> Option<&'a str> {
    let (_, flat) = pairs.iter().find(|(known, _)| known == own)?;
    values.get(flat)?.as_str()
}

fn of_template(template: &Template, shaped: &Shaped, values: &Map<String, Value>) -> Content {
    let mut content = Content {
        kind: "template".to_owned(),
        body: Some(template.body.fill(|own| value_at(&shaped.texts, values, own))),
        footer: template.footer.clone(),
        template: Some(TemplateName { name: template.name.clone(), language: template.language.clone() }),
        ..Content::default()
    };
    match &template.header {
        Header::None => {}
        Header::Text(pattern) => {
            content.header = Some(pattern.fill(|own| value_at(&shaped.header, values, own)))
        }
        Header::Media(format) => {
            let link = value_at(&shaped.header, values, "1");
            content.media = Some(Media {
                kind: format.to_lowercase(),
                link: link.map(str::to_owned),
                filename: link.filter(|_| format == "DOCUMENT").and_then(file_name),
                id: None,
            });
        }
    }
    let button = |(index, button): (usize, &crate::templates::ButtonDefinition)| Button {
        kind: button.kind.to_lowercase(),
        text: button.text.clone(),
        url: button
            .url
            .as_ref()
            .map(|url| url.fill(|own| value_at(&shaped.buttons[index..=index], values, own))),
        phone_number: button.phone_number.clone(),
        index,
        ..Button::default()
    };
    content.buttons = template.buttons.iter().enumerate().map(button).collect();
    content
}

/// A document is shown under the last part of its address.
fn file_name(link: &str) -> Option<String> {
    let path = link.split(['?', '#']).next()?;
    let name = percent_encoding::percent_decode_str(path.rsplit('/').next()?).decode_utf8_lossy();
    Some(name.into_owned())
}

/// Text, buttons or a list, made for this conversation.
fn of_session(made: &Value, values: &Map<String, Value>) -> Content {
    let empty = Map::new();
    let types = made.get("types").and_then(Value::as_object).unwrap_or(&empty);
    let Some((kind, body)) = types.iter().next() else { return Content::default() };
    let words = Pattern::new(text(body, "body").unwrap_or_default());
    let (key, label, sort) = match kind.as_str() {
        "twilio/list-picker" => ("items", "item", "row"),
        _ => ("actions", "title", "reply"),
    };
    let entries = body.get(key).and_then(Value::as_array).into_iter().flatten();
    let button = |(index, entry): (usize, &Value)| Button {
        kind: sort.to_owned(),
        text: text(entry, label).unwrap_or_default().to_owned(),
        payload: text(entry, "id").map(str::to_owned),
        index,
        ..Button::default()
    };
    Content {
        kind: "interactive".to_owned(),
        body: Some(words.fill(|name| values.get(name)?.as_str())),
        buttons: entries.enumerate().map(button).collect(),
        ..Content::default()
    }
}
