//! Template management: Meta's objects in a page of Vonage's.

use http::StatusCode;
use serde_json::{Value, json};

use super::problem::Problem;
use crate::accounts::{ACCOUNTS, AccountId};
use crate::call::{Call, Reply};
use crate::providers::meta::templates as meta;
use crate::sim::Sim;
use crate::source::Source;

/// Answers a call below `/v2/whatsapp-manager/wabas/{waba_id}/templates`.
pub(super) fn answer(sim: &Sim, id: AccountId, rest: &[&str], call: &Call) -> Reply {
    match (call.method.as_str(), rest) {
        ("GET", []) => list(sim, id, call),
        ("POST", []) => match meta::create(sim, id, &call.body) {
            Ok(template) => Reply::json(StatusCode::CREATED, &meta::created(&template)),
            Err(refusal) => Problem::param("template", &refusal.details).reply(),
        },
        ("GET" | "PUT" | "DELETE", [template_id]) => one(sim, id, template_id, call),
        ("DELETE", []) => {
            let name = call.query("name").unwrap_or_default();
            if sim.templates.delete(id, &name, None) {
                Reply::raw(StatusCode::NO_CONTENT, "application/json", "")
            } else {
                Problem::not_found().reply()
            }
        }
        _ => Problem::not_found().reply(),
    }
}

fn list(sim: &Sim, id: AccountId, call: &Call) -> Reply {
    let page = meta::page(sim, id, call);
    let mut body =
        json!({"templates": page.templates.iter().map(|template| &template.object).collect::<Vec<_>>()});
    if let Some(paging) = page.paging(&format!("{}/vonage{}", sim.url, call.path), call) {
        body["paging"] = paging;
    }
    Reply::ok(&body)
}

fn one(sim: &Sim, id: AccountId, template_id: &str, call: &Call) -> Reply {
    let Some((owner, template)) = sim.templates.by_id(template_id).filter(|(owner, _)| *owner == id) else {
        return Problem::not_found().reply();
    };
    match call.method.as_str() {
        "GET" => Reply::ok(&template.object),
        "PUT" => meta::one(sim, owner, &template, call),
        _ => {
            sim.templates.delete(id, &template.name, Some(&template.id));
            sim.touch();
            Reply::raw(StatusCode::NO_CONTENT, "application/json", "")
        }
    }
}

/// The WABAs that the account can see.
pub(super) fn wabas() -> Reply {
    let wabas: Vec<Value> = ACCOUNTS
        .iter()
        .filter(|a| a.source == Source::Vonage)
        .map(|a| json!({"id": a.waba_id, "name": a.business, "numbers": [{"number": a.number, "name": a.business}]}))
        .collect();
    Reply::ok(&json!({"wabas": wabas}))
}
