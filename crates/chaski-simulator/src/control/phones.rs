//! `phones`: settings, what they received, and what they write.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use super::{Refused, patience, read};
use crate::phones::{Identity, Message, Phone};
use crate::providers::report_membership;
use crate::receipts::{Receipt, Stage, report};
use crate::sim::{Shared, Sim};

/// The key of the phone at an address, made on first use.
pub(crate) fn key(sim: &Sim, address: &str) -> Result<String, Refused> {
    sim.phones.resolve(address).ok_or_else(|| {
        Refused::bad(format!("{address:?} is neither an international number, for example +593997333444, nor an e-mail address, nor the BSUID of a phone here"))
    })
}

pub(super) async fn list(State(sim): State<Shared>) -> Json<Value> {
    Json(Value::Array(sim.phones.list(Phone::view)))
}

pub(super) async fn one(
    State(sim): State<Shared>,
    Path(address): Path<String>,
) -> Result<Json<Value>, Refused> {
    let key = key(&sim, &address)?;
    Ok(Json(sim.phones.with(&key, |phone| phone.view())))
}

/// Changes the settings that the body names.
pub(super) async fn change(
    State(sim): State<Shared>,
    Path(address): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refused> {
    let key = key(&sim, &address)?;
    let wanted: Map<String, Value> = read(&body)?;
    for (name, value) in &wanted {
        let is_right = match name.as_str() {
            "online" | "readReceipts" | "blocked" | "whatsapp" => value.is_boolean(),
            "username" => value.is_null() || value.is_string(),
            "name" => value.as_str().is_some_and(|name| !name.is_empty()),
            _ => {
                return Err(Refused::bad(format!(
                    "A phone has no setting {name:?}; it has online, readReceipts, blocked, whatsapp, username, name"
                )));
            }
        };
        if !is_right {
            return Err(Refused::bad(format!("`{name}` cannot be {value}")));
        }
    }
    set(&sim, &key, &wanted);
    Ok(Json(sim.phones.with(&key, |phone| phone.view())))
}

/// Applies checked settings, and reports what reached the phone because it came back.
pub(crate) fn set(sim: &Shared, key: &str, wanted: &Map<String, Value>) {
    let flag = |name: &str| wanted.get(name).and_then(Value::as_bool);
    let mut was_blocked = false;
    let (identity, arrived, is_seen) = sim.phones.change(key, |phone| {
        was_blocked = phone.settings.blocked;
        let settings = &mut phone.settings;
        settings.online = flag("online").unwrap_or(settings.online);
        settings.read_receipts = flag("readReceipts").unwrap_or(settings.read_receipts);
        settings.blocked = flag("blocked").unwrap_or(settings.blocked);
        settings.whatsapp = flag("whatsapp").unwrap_or(settings.whatsapp);
        if let Some(username) = wanted.get("username") {
            let username = username.as_str().map(|name| name.trim().trim_start_matches('@').to_owned());
            settings.username = username.filter(|name| !name.is_empty());
        }
        if let Some(name) = wanted.get("name").and_then(Value::as_str) {
            name.clone_into(&mut phone.name);
        }
    });
    if let Some(blocked) = flag("blocked").filter(|blocked| *blocked != was_blocked) {
        report_membership(sim, &identity, blocked);
    }
    let stages = if is_seen { vec![Stage::Delivered, Stage::Read] } else { vec![Stage::Delivered] };
    for message in arrived {
        report(sim, receipts(sim, &identity, &message, &stages));
    }
    sim.touch();
}

fn receipts(sim: &Sim, phone: &Identity, message: &Message, stages: &[Stage]) -> Vec<Receipt> {
    let at_ms = sim.clock.now_ms();
    let receipt = |stage: &Stage| Receipt {
        account: message.account,
        message_id: message.id.clone(),
        phone: phone.clone(),
        stage: stage.clone(),
        at_ms,
        trace: message.trace.clone(),
    };
    stages.iter().map(receipt).collect()
}

/// A person looks at the phone: everything is read, and reported if receipts are on.
pub(crate) fn open_phone(sim: &Shared, key: &str) {
    let (identity, reports, read) = sim.phones.with(key, |phone| {
        (phone.identity(), phone.settings.read_receipts && phone.settings.online, phone.read_all())
    });
    if read.is_empty() {
        return;
    }
    sim.touch();
    if reports {
        for message in read {
            report(sim, receipts(sim, &identity, &message, &[Stage::Read]));
        }
    }
}

pub(super) async fn open(
    State(sim): State<Shared>,
    Path(address): Path<String>,
) -> Result<StatusCode, Refused> {
    open_phone(&sim, &key(&sim, &address)?);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub(super) struct MessagesQuery {
    wait: Option<f64>,
    contains: Option<String>,
}

/// All messages, oldest first; with `wait`, as soon as one contains the text.
pub(super) async fn messages(
    State(sim): State<Shared>,
    Path(address): Path<String>,
    Query(query): Query<MessagesQuery>,
) -> Result<Json<Value>, Refused> {
    let key = key(&sim, &address)?;
    let wanted = query.contains.as_deref().unwrap_or_default();
    let found = || {
        sim.phones.with(&key, |phone| {
            let messages =
                phone.messages.iter().filter(|message| wanted.is_empty() || message.contains(wanted));
            messages.map(Message::view).collect::<Vec<_>>()
        })
    };
    if query.wait.is_none() {
        return Ok(Json(Value::Array(found())));
    }
    let deadline = Instant::now() + patience(query.wait);
    let mut changed = sim.phones.watch(&key);
    loop {
        changed.mark_unchanged();
        let messages = found();
        if !messages.is_empty() || timeout_at(deadline, changed.changed()).await.is_err() {
            return Ok(Json(Value::Array(messages)));
        }
    }
}

/// The person writes, taps or reacts.
pub(super) async fn write(
    State(sim): State<Shared>,
    Path(address): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let key = key(&sim, &address)?;
    let wanted: Value = read(&body)?;
    let message = super::write::write(&sim, &key, &wanted).await?;
    Ok((StatusCode::CREATED, Json(message.view())))
}
