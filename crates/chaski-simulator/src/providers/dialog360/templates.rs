//! `/v1/configs/templates`: offset paging, lower-case statuses, `submitted` for what is under review.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::own_error;
use crate::accounts::{AccountId, account};
use crate::call::{Call, Reply};
use crate::clock::rfc3339;
use crate::ids::{mixed, stable};
use crate::providers::meta::templates as meta;
use crate::sim::Sim;
use crate::templates::Template;

/// A status as 360dialog writes it.
fn status_word(status: &str) -> String {
    if status == "PENDING" { "submitted".to_owned() } else { status.to_lowercase() }
}

fn shown(id: AccountId, template: &Template) -> Value {
    const LETTERS: &[u8; 52] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = mixed(stable(&template.id));
    let own_id: String = (0..22)
        .map(|_| {
            let letter = LETTERS[(rest % 52) as usize];
            rest = mixed(rest);
            char::from(letter)
        })
        .collect();
    let by = json!({"user_id": "system", "user_name": "system"});
    let created = rfc3339(1_677_764_367_000);
    let mut shown = json!({
        "id": own_id,
        "external_id": template.id,
        "name": template.name,
        "namespace": "092819ec_f801_461b_b975_3a2d464f50a8",
        "language": template.language,
        "category": template.category,
        "status": status_word(&template.status),
        "rejected_reason": template.object.get("rejected_reason").cloned().unwrap_or_else(|| json!("NONE")),
        "partner_id": "9Mg0AiPA",
        "waba_account_id": account(id).waba_id,
        "created_at": created,
        "created_by": by,
        "modified_at": created,
        "modified_by": by,
        "components": template.object.get("components").cloned().unwrap_or_default(),
    });
    if template.is_named {
        shown["parameter_format"] = json!("NAMED");
    }
    shown
}

/// The list after filters, in order, cut by offset and limit.
pub(super) fn list(sim: &Sim, id: AccountId, call: &Call) -> Reply {
    let number =
        |name: &str, default: usize| call.query(name).map_or(Some(default), |text| text.parse().ok());
    let (Some(limit), Some(offset)) = (number("limit", 1000), number("offset", 0)) else {
        return own_error(StatusCode::BAD_REQUEST, "limit and offset must be numbers");
    };
    let filters: Map<String, Value> = match call.query("filters").map(|text| serde_json::from_str(&text)) {
        None => Map::new(),
        Some(Ok(Value::Object(filters))) => filters,
        Some(_) => return own_error(StatusCode::BAD_REQUEST, "filters must be a JSON object"),
    };
    let sort = call.query("sort").unwrap_or_else(|| "id".to_owned());
    let all = sim.templates.list(id).into_iter().map(|template| shown(id, &template));
    let is_kept = |template: &Value| {
        filters.iter().all(|(field, wanted)| {
            let field = field.strip_prefix("business_templates.").unwrap_or(field);
            template.get(field) == Some(wanted)
        })
    };
    let mut kept: Vec<Value> = all.filter(is_kept).collect();
    let (field, is_descending) = sort.strip_prefix('-').map_or((sort.as_str(), false), |field| (field, true));
    let field = field.strip_prefix("business_templates.").unwrap_or(field).to_owned();
    kept.sort_by_key(|template| template.get(&field).and_then(Value::as_str).map(str::to_owned));
    if is_descending {
        kept.reverse();
    }
    let total = kept.len();
    let page: Vec<Value> = kept.into_iter().skip(offset).take(limit.clamp(1, 1000)).collect();
    Reply::ok(&json!({
        "count": page.len(),
        "filters": filters,
        "limit": limit,
        "offset": offset,
        "sort": [sort],
        "total": total,
        "waba_templates": page,
    }))
}

pub(super) fn create(sim: &Sim, id: AccountId, call: &Call) -> Reply {
    match meta::create(sim, id, &call.body) {
        Ok(template) => Reply::json(StatusCode::CREATED, &shown(id, &template)),
        Err(refusal) => own_error(StatusCode::BAD_REQUEST, &refusal.details),
    }
}

pub(super) fn delete(sim: &Sim, id: AccountId, name: &str) -> Reply {
    if !sim.templates.delete(id, name, None) {
        return own_error(StatusCode::NOT_FOUND, &format!("template name={name} was not found"));
    }
    sim.touch();
    let message = format!("template name={name} was deleted");
    Reply::ok(&json!({"meta": {"developer_message": message, "http_code": 200, "success": true}}))
}
