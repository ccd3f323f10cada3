//! `webhooks`, `limits` and `templates`: what a business or a reviewer would set at the provider.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Refused, read, source};
use crate::accounts::{self, ACCOUNTS, AccountId, Credential, account};
use crate::limits::Pair;
use crate::providers::{email::Bad, meta::media::is_http, report_template};
use crate::sim::{Shared, Sim};
use crate::source::Source;
use crate::webhooks::{Hook, challenge};

pub(super) async fn webhooks(State(sim): State<Shared>) -> Json<Value> {
    let view = |id: usize| {
        let hook = sim.webhooks.hook(id).unwrap_or_default();
        let a = account(id);
        json!({"source": a.source.word(), "account": a.name, "url": hook.url, "statusUrl": hook.status_url, "headers": hook.headers})
    };
    Json((0..ACCOUNTS.len()).map(view).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutWebhook {
    source: String,
    url: String,
    account: Option<String>,
    verify_token: Option<String>,
    status_url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

pub(super) async fn put_webhook(State(sim): State<Shared>, body: Bytes) -> Result<Json<Value>, Refused> {
    let wanted: PutWebhook = read(&body)?;
    let provider = source(&wanted.source)?;
    let only = only(provider, wanted.account.as_deref())?;
    for url in [Some(&wanted.url), wanted.status_url.as_ref()].into_iter().flatten() {
        if !is_http(url) {
            return Err(Refused::bad(format!("`url` must be an http(s) address, not {url:?}")));
        }
    }
    let by_api = match provider {
        Source::Telegram => Some("A bot's webhook is set by setWebhook"),
        Source::TwilioSms => Some("A number's webhook is set by POST IncomingPhoneNumbers/{PN}.json"),
        _ => None,
    };
    if let Some(why) = by_api {
        return Err(Refused::bad(why));
    }
    if provider == Source::Viber {
        return Err(Refused::bad("A bot's webhook is set by set_webhook"));
    }
    if matches!(provider, Source::Cloud | Source::Messenger | Source::Instagram) {
        let id = only.unwrap_or_else(|| accounts::first(provider));
        let token = wanted.verify_token.as_deref().unwrap_or(match &account(id).credential {
            Credential::Cloud { verify_token, .. } | Credential::Messaging { verify_token, .. } => {
                verify_token
            }
            _ => "",
        });
        challenge(&sim, &wanted.url, token).await.map_err(Refused::bad)?;
    }
    let hook =
        Hook { url: wanted.url, status_url: wanted.status_url, headers: wanted.headers, updates: Vec::new() };
    sim.webhooks.set(provider, only, Some(hook.clone()));
    sim.touch();
    Ok(Json(
        json!({"source": provider.word(), "account": wanted.account, "url": hook.url, "statusUrl": hook.status_url, "headers": hook.headers}),
    ))
}

/// The one account meant, if one is named.
pub(super) fn only(provider: Source, name: Option<&str>) -> Result<Option<AccountId>, Refused> {
    let Some(name) = name else { return Ok(None) };
    let found = accounts::named(provider, name);
    found.map(Some).ok_or_else(|| Refused::missing(format!("{} has no account {name:?}", provider.name())))
}

fn limit_view(sim: &Sim, provider: Source) -> Value {
    let limit = sim.limits.get(provider);
    json!({"provider": provider.word(), "perSecond": limit.per_second, "pair": limit.pair})
}

/// What happens to the mailboxes of businesses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToMailboxes {
    /// Every connection is closed.
    #[serde(default)]
    cut: bool,
    /// Mails get other numbers, and every connection is closed.
    #[serde(default)]
    renumber: bool,
    /// Commands that go wrong, each the next time that it is said: `{"FETCH": "no"}` or `"bye"`.
    #[serde(default)]
    spoil: BTreeMap<String, Bad>,
    /// A raw message comes into the first mailbox.
    put: Option<String>,
    /// The size that it is said to have, in bytes.
    size: Option<usize>,
    /// Its bytes are never given.
    #[serde(default)]
    withheld: bool,
    /// When it came, in milliseconds; now.
    at: Option<i64>,
}

pub(super) async fn change_mailboxes(State(sim): State<Shared>, body: Bytes) -> Result<Json<Value>, Refused> {
    let wanted: ToMailboxes = read(&body)?;
    for (command, bad) in wanted.spoil {
        sim.boxes.spoil(command, bad);
    }
    if let Some(raw) = wanted.put {
        let id = accounts::find(|a| a.source == Source::Email)
            .ok_or_else(|| Refused::missing("There is no mailbox"))?;
        sim.boxes.put(
            id,
            raw.into_bytes(),
            wanted.at.unwrap_or(sim.clock.now_ms()),
            wanted.size,
            wanted.withheld,
        );
    }
    if wanted.renumber {
        sim.boxes.renumber();
    } else if wanted.cut {
        sim.boxes.cut();
    }
    Ok(Json(json!({})))
}

pub(super) async fn limits(State(sim): State<Shared>) -> Json<Value> {
    Json(Source::ALL.into_iter().map(|provider| limit_view(&sim, provider)).collect())
}

/// Sets what the body names; `null` lifts a limit; without a provider it is meant for all.
pub(super) async fn put_limits(State(sim): State<Shared>, body: Bytes) -> Result<Json<Value>, Refused> {
    let wanted: Map<String, Value> = read(&body)?;
    let providers = match wanted.get("provider") {
        None | Some(Value::Null) => Source::ALL.to_vec(),
        Some(word) => vec![source(word.as_str().unwrap_or_default())?],
    };
    let mut changed = Vec::new();
    for provider in providers {
        let mut limit = sim.limits.get(provider);
        match wanted.get("perSecond") {
            None => {}
            Some(Value::Null) => limit.per_second = None,
            Some(number) => {
                let number = number.as_f64().filter(|n| *n > 0.0);
                limit.per_second = Some(
                    number.ok_or_else(|| Refused::bad("`perSecond` must be a number above 0, or null"))?,
                );
            }
        }
        match wanted.get("pair") {
            None => {}
            Some(Value::Null) => limit.pair = None,
            Some(pair) => {
                let pair: Result<Pair, _> = serde_json::from_value(pair.clone());
                let pair = pair.ok().filter(|pair| pair.seconds >= 0.0 && pair.burst >= 1.0);
                limit.pair = Some(pair.ok_or_else(|| {
                    Refused::bad("`pair` must be {\"seconds\": n, \"burst\": n ≥ 1}, or null")
                })?);
            }
        }
        sim.limits.set(provider, limit);
        changed.push(limit_view(&sim, provider));
    }
    sim.phones.forget_pairs();
    Ok(Json(if changed.len() == 1 { changed.remove(0) } else { Value::Array(changed) }))
}

#[derive(Deserialize)]
pub(super) struct TemplatesQuery {
    source: Option<String>,
    account: Option<String>,
}

pub(super) async fn templates(
    State(sim): State<Shared>,
    Query(query): Query<TemplatesQuery>,
) -> Result<Json<Value>, Refused> {
    let meant = meant(query.source.as_deref(), query.account.as_deref())?;
    let view = |id: &AccountId| {
        let templates: Vec<Value> =
            sim.templates.list(*id).iter().map(|template| template.object.clone()).collect();
        json!({"source": account(*id).source.word(), "account": account(*id).name, "wabaId": account(*id).waba_id, "templates": templates})
    };
    Ok(Json(meant.iter().map(view).collect()))
}

/// The accounts meant by a source and a name, all where nothing is named.
fn meant(provider: Option<&str>, name: Option<&str>) -> Result<Vec<AccountId>, Refused> {
    let provider = provider.map(source).transpose()?;
    let only = match (provider, name) {
        (Some(provider), name) => only(provider, name)?,
        (None, Some(_)) => return Err(Refused::bad("`account` needs `source` beside it")),
        (None, None) => None,
    };
    let all =
        (0..ACCOUNTS.len()).filter(|id| provider.is_none_or(|provider| account(*id).source == provider));
    Ok(only.map_or_else(|| all.collect(), |id| vec![id]))
}

#[derive(Deserialize)]
struct PutTemplates {
    source: Option<String>,
    account: Option<String>,
    templates: Vec<Value>,
}

/// Adds or replaces templates by name and language; a new status is reported by webhook.
pub(super) async fn put_templates(State(sim): State<Shared>, body: Bytes) -> Result<Json<Value>, Refused> {
    let wanted: PutTemplates = read(&body)?;
    let meant = meant(wanted.source.as_deref(), wanted.account.as_deref())?;
    let mut listed = Vec::new();
    for object in &wanted.templates {
        for id in &meant {
            let (template, before) = sim.templates.put(*id, object).map_err(Refused::bad)?;
            if before.as_deref() != Some(template.status.as_str()) {
                report_template(&sim, *id, &template);
            }
            listed.push(json!({"source": account(*id).source.word(), "account": account(*id).name, "id": template.id, "name": template.name, "language": template.language, "status": template.status}));
        }
    }
    sim.touch();
    Ok(Json(json!({"templates": listed})))
}
