//! `chaski explain CODE`: what a code means, who can act, how to fix it.

use crate::cli::Common;
use crate::output;
use anyhow::Result;
use chaski_model::{Actor, ErrorCode, provider_codes};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Explains a code in Spanish or English; fails when nobody knows it.
pub(crate) fn run(common: &Common, code: &str, lang: Option<&str>) -> Result<ExitCode> {
    let spanish = lang
        .map_or_else(|| std::env::var("LANG").is_ok_and(|l| l.starts_with("es")), |l| l.starts_with("es"));
    let found = explanations(code.trim(), spanish);
    if found.is_empty() {
        anyhow::bail!(
            "nobody knows the code `{code}`; see docs/errors.md for ours, or the provider's own documentation"
        );
    }
    if common.json {
        output::json(&Value::Array(found));
        return Ok(ExitCode::SUCCESS);
    }
    for item in found {
        let text = |key: &str| item[key].as_str().unwrap_or("").to_owned();
        let (who, fix) =
            if spanish { ("A quién le toca", "Qué hacer") } else { ("Whose move", "What to do") };
        output::line(&format!(
            "{} · {}\n  {}\n  {who}: {}\n  {fix}: {}",
            text("of"),
            text("code"),
            text("title"),
            text("actor"),
            text("fix")
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn explanations(code: &str, spanish: bool) -> Vec<Value> {
    let own = ErrorCode::parse(code).map(|known| {
        let info = known.info();
        let (title, fix) = if spanish { info.es } else { info.en };
        json!({"of": "Chaski", "code": info.code, "title": title, "fix": fix, "actor": actor(info.actor, spanish), "retryable": info.retryable})
    });
    let number = code.parse::<i64>().ok();
    let provider = number.into_iter().flat_map(move |number| {
        provider_codes::all().filter(move |row| row.code == number).map(move |row| {
            let (title, fix) = if spanish { row.es } else { row.en };
            json!({
                "of": row.family.title(), "code": number.to_string(), "title": title, "fix": fix,
                "actor": actor(row.actor, spanish), "retryable": row.retryable,
            })
        })
    });
    own.into_iter().chain(provider).collect()
}

fn actor(actor: Actor, spanish: bool) -> &'static str {
    match (actor, spanish) {
        (Actor::You, true) => "a quien envía",
        (Actor::You, false) => "you, who send",
        (Actor::Admin, true) => "a quien administra el canal",
        (Actor::Admin, false) => "the channel's administrator",
        (Actor::Contact, true) => "al contacto",
        (Actor::Contact, false) => "the contact",
        (Actor::Nobody, true) => "a nadie: Chaski sigue solo o no hay nada que hacer",
        (Actor::Nobody, false) => "nobody: Chaski goes on by itself, or nothing can be done",
    }
}
