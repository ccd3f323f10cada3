//! `/{waba_id}/message_templates`: list, create and delete, and a template by its id.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::selected;
use crate::accounts::{AccountId, account};
use crate::call::{Call, Reply, text};
use crate::sim::Sim;
use crate::templates::Template;

/// The templates that a business may have before it is verified.
const TEMPLATES: usize = 250;

/// One page of a list with cursors.
pub(crate) struct Page {
    pub(crate) templates: Vec<Arc<Template>>,
    pub(crate) cursors: Option<(String, String)>,
    pub(crate) has_next: bool,
    pub(crate) limit: usize,
    /// How many there are after the filters.
    total: usize,
}

/// The page that a query asks for, after its filters.
pub(crate) fn page(sim: &Sim, id: AccountId, call: &Call) -> Page {
    let limit = call.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(25).clamp(1, 1000);
    let is_equal =
        |name: &str, value: &str| call.query(name).is_none_or(|wanted| wanted.eq_ignore_ascii_case(value));
    let part = call.query("name_or_content").map(|part| part.to_lowercase());
    let kept = sim.templates.list(id).into_iter().filter(|template| {
        is_equal("name", &template.name)
            && is_equal("status", &template.status)
            && is_equal("language", &template.language)
            && is_equal("category", &template.category)
            && part.as_ref().is_none_or(|part| {
                template.name.contains(part) || template.body.text.to_lowercase().contains(part)
            })
    });
    let all: Vec<_> = kept.collect();
    let after = call.query("after").and_then(|cursor| read_cursor(&cursor)).unwrap_or(0);
    let end = (after + limit).min(all.len());
    let templates = all.get(after.min(all.len())..end).unwrap_or_default().to_vec();
    let cursors = (!templates.is_empty()).then(|| (cursor(after), cursor(end)));
    Page { templates, cursors, has_next: end < all.len(), limit, total: all.len() }
}

fn cursor(place: usize) -> String {
    STANDARD.encode(format!("QVFIU:{place}")).trim_end_matches('=').to_owned()
}

fn read_cursor(cursor: &str) -> Option<usize> {
    let raw = base64::engine::general_purpose::STANDARD_NO_PAD.decode(cursor).ok()?;
    String::from_utf8(raw).ok()?.strip_prefix("QVFIU:")?.parse().ok()
}

impl Page {
    /// `paging` with the absolute address of the next page, as long as there is one.
    pub(crate) fn paging(&self, address: &str, call: &Call) -> Option<Value> {
        let (before, after) = self.cursors.as_ref()?;
        let mut paging = json!({"cursors": {"before": before, "after": after}});
        if self.has_next {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for (key, value) in
                url::form_urlencoded::parse(call.query.as_deref().unwrap_or_default().as_bytes())
            {
                if !matches!(&*key, "after" | "limit" | "access_token") {
                    query.append_pair(&key, &value);
                }
            }
            query.append_pair("limit", &self.limit.to_string()).append_pair("after", after);
            paging["next"] = json!(format!("{address}?{}", query.finish()));
        }
        Some(paging)
    }
}

/// Answers a call to the collection.
pub(crate) fn answer(sim: &Sim, id: AccountId, call: &Call) -> Reply {
    match call.method.as_str() {
        "GET" => list(sim, id, call),
        "POST" => match create(sim, id, &call.body) {
            Ok(template) => Reply::ok(&created(&template)),
            Err(refusal) => refusal.reply(),
        },
        "DELETE" => {
            let name = call.query("name").unwrap_or_default();
            if sim.templates.delete(id, &name, call.query("hsm_id").as_deref()) {
                sim.touch();
                return Reply::ok(&json!({"success": true}));
            }
            Refusal::invalid(format!("Message template {name} was not found")).reply()
        }
        _ => Reply::json(StatusCode::METHOD_NOT_ALLOWED, &Refusal::invalid("Unsupported method").body()),
    }
}

fn list(sim: &Sim, id: AccountId, call: &Call) -> Reply {
    let page = page(sim, id, call);
    let mut body =
        json!({"data": page.templates.iter().map(|template| shown(template, call)).collect::<Vec<_>>()});
    let address = format!("{}/meta{}", sim.url, call.path);
    if let Some(paging) = page.paging(&address, call) {
        body["paging"] = paging;
    }
    if let Some(wanted) = call.query("summary") {
        body["summary"] = summary(sim, id, page.total, &wanted);
    }
    Reply::ok(&body)
}

/// The counts that `summary` asks for.
fn summary(sim: &Sim, id: AccountId, total: usize, wanted: &str) -> Value {
    let all = json!({
        "total_count": total, "message_template_count": sim.templates.list(id).len(),
        "message_template_limit": TEMPLATES, "are_translations_complete": true,
    });
    let wanted: Vec<&str> = wanted.split(',').map(str::trim).collect();
    let all = all.as_object().cloned().unwrap_or_default();
    all.into_iter().filter(|(key, _)| wanted.contains(&key.as_str())).collect()
}

/// A template with the default fields, or those asked for.
fn shown(template: &Template, call: &Call) -> Value {
    selected(template.object.clone(), call)
}

/// What creation answers.
pub(crate) fn created(template: &Template) -> Value {
    json!({"id": template.id, "status": template.status, "category": template.category})
}

/// Adds a template for review: it is PENDING until somebody decides.
pub(crate) fn create(sim: &Sim, id: AccountId, body: &[u8]) -> Result<Arc<Template>, Refusal> {
    let mut object: Value =
        serde_json::from_slice(body).map_err(|_| Refusal::invalid("The request body is not valid JSON."))?;
    let name = super::shape::text(&object, "name", "body")?.to_owned();
    let language = super::shape::text(&object, "language", "body")?.to_owned();
    let category = super::shape::text(&object, "category", "body")?.to_ascii_uppercase();
    if name.len() > 512 || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err(Refusal::invalid("Param name can only have lower case letters, digits and underscores."));
    }
    if !matches!(category.as_str(), "MARKETING" | "UTILITY" | "AUTHENTICATION") {
        return Err(Refusal::invalid("Param category must be one of {MARKETING, UTILITY, AUTHENTICATION}."));
    }
    if sim.templates.find(id, &name, &language).is_ok() {
        return Err(Refusal::invalid(format!(
            "There is already content in this language for the template {name}"
        )));
    }
    check_components(&object)?;
    object["status"] = json!("PENDING");
    if let Some(fields) = object.as_object_mut() {
        fields.remove("id");
        fields.remove("allow_category_change");
    }
    let (template, _) = sim.templates.put(id, &object).map_err(Refusal::invalid)?;
    sim.touch();
    Ok(template)
}

fn check_components(object: &Value) -> Result<(), Refusal> {
    let components = super::shape::list(object, "components", "body")?;
    let longest = |kind: &str| match kind {
        "HEADER" | "FOOTER" => 60,
        _ => 1024,
    };
    for component in components {
        let kind = super::shape::text(component, "type", "components")?.to_ascii_uppercase();
        super::shape::optional_text(component, "text", &format!("components['{kind}']"), longest(&kind))?;
        if kind == "FOOTER" && text(component, "text").is_some_and(|text| text.contains("{{")) {
            return Err(Refusal::new(2_388_073, "The footer cannot have variables."));
        }
    }
    if !components.iter().any(|c| text(c, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("BODY"))) {
        return Err(Refusal::invalid("A template needs a component of type BODY."));
    }
    Ok(())
}

/// `GET` or `POST /{template_id}`.
pub(crate) fn one(sim: &Sim, owner: AccountId, template: &Template, call: &Call) -> Reply {
    if call.method == http::Method::GET {
        return Reply::ok(&shown(template, call));
    }
    if !matches!(template.status.as_str(), "APPROVED" | "REJECTED" | "PAUSED") {
        return Refusal::invalid(format!(
            "A template with the status {} of {} cannot be edited",
            template.status,
            account(owner).name
        ))
        .reply();
    }
    let Ok(Value::Object(changes)) = serde_json::from_slice(&call.body) else {
        return Refusal::invalid("The request body is not valid JSON.").reply();
    };
    let mut object = template.object.clone();
    for (key, value) in changes
        .into_iter()
        .filter(|(key, _)| matches!(key.as_str(), "components" | "category" | "parameter_format"))
    {
        object[key] = value;
    }
    object["status"] = json!("PENDING");
    match check_components(&object).and_then(|()| sim.templates.put(owner, &object).map_err(Refusal::invalid))
    {
        Ok(_) => {
            sim.touch();
            Reply::ok(&json!({"success": true}))
        }
        Err(refusal) => refusal.reply(),
    }
}
