//! What marks a contact: tags and the lifecycle stage, and the channels that it is known on.

use super::contacts::change_by;
use super::{contact, page, path, space};
use crate::problem::{Problem, ok};
use crate::state::App;
use crate::{auth, body};
use axum::body::Body;
use axum::extract::{OriginalUri, Path, State, rejection::PathRejection};
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_model::{ErrorCode, Fault, WorkspaceId};
use chaski_store::StoreError;
use chaski_store::admin::Token;
use chaski_store::contacts::{Contact, ContactChange};
use chaski_store::space::TagChange;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most tags of one call, and the longest tag.
const TAGS: usize = 10;
pub(crate) const TAG: usize = 255;

/// `POST /v2/contact/{identifier}/tag`.
pub(crate) async fn add_tags(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "contacts:write").await?;
    let tags = tags(request).await?;
    let place = path(place)?;
    contact(&app, token.workspace, &place).await?;
    make_known(&app, token.workspace, &tags).await?;
    change(&app, &token, &place, ContactChange { tags_added: tags, ..ContactChange::default() }).await
}

/// A tag that the workspace does not have is made.
async fn make_known(app: &App, workspace: WorkspaceId, tags: &[String]) -> Result<(), Problem> {
    let store = app.engine.store();
    let known = store.tags(workspace).await?;
    for tag in tags.iter().filter(|tag| !known.iter().any(|known| known.name == **tag)) {
        match store.add_tag(workspace, tag.clone(), TagChange::default(), app.engine.clock().now()).await {
            // Somebody else has just made it.
            Ok(_) | Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// `DELETE /v2/contact/{identifier}/tag`, with the tags in its body.
pub(crate) async fn remove_tags(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "contacts:write").await?;
    let tags = tags(request).await?;
    change(&app, &token, &path(place)?, ContactChange { tags_removed: tags, ..ContactChange::default() })
        .await
}

async fn change(app: &App, token: &Token, place: &str, change: ContactChange) -> Result<Response, Problem> {
    let too_many = |error| match error {
        StoreError::Conflict(why) => Problem::faults(vec![Fault::new("", why)]),
        other => other.into(),
    };
    change_by(app, token, place, change, too_many).await
}

/// A bare list of tags.
async fn tags(request: Body) -> Result<Vec<String>, Problem> {
    let bytes = body::read(request, body::API).await?;
    let given: Value = serde_json::from_slice(&bytes).map_err(|error| {
        Problem::new(
            ErrorCode::MalformedJson,
            format!("The body is not valid JSON: {error}. Send a list of tags, for example [\"vip\"]."),
        )
    })?;
    let fault = |pointer: String, why: String| Problem::faults(vec![Fault::new(pointer, why)]);
    let Value::Array(given) = given else {
        let why =
            format!("The body must be a list of tags, for example [\"vip\"], not {}.", body::name(&given));
        return Err(fault(String::new(), why));
    };
    if given.is_empty() || given.len() > TAGS {
        return Err(fault(String::new(), format!("Send 1 to {TAGS} tags.")));
    }
    let mut tags: Vec<String> = Vec::new();
    for (at, tag) in given.iter().enumerate() {
        let tag = tag.as_str().map(str::trim).filter(|tag| !tag.is_empty() && tag.chars().count() <= TAG);
        let Some(tag) = tag else {
            return Err(fault(format!("/{at}"), format!("A tag must be a text of 1 to {TAG} characters.")));
        };
        if tags.iter().any(|known| known == tag) {
            return Err(fault(format!("/{at}"), format!("The tag `{tag}` is there twice; give it once.")));
        }
        tags.push(tag.to_owned());
    }
    Ok(tags)
}

/// `POST /v2/contact/{identifier}/lifecycle/update`.
pub(crate) async fn lifecycle(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "contacts:write").await?;
    let bytes = body::read(request, body::API).await?;
    // Real clients clear it by the document `null` itself.
    let given = if bytes.trim_ascii() == b"null" { json!({"name": null}) } else { body::json(&bytes)? };
    let stage = match given.get("name") {
        Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name.trim().to_owned()).filter(|name| !name.is_empty()),
        Some(_) | None => {
            let why = "`name` must be the name of a stage, or null to clear it.";
            return Err(Problem::faults(vec![Fault::new("/name", why)]));
        }
    };
    let snapshot = app.engine.snapshot();
    let known =
        snapshot.workspaces.get(&token.workspace).map(|own| own.lifecycles.as_slice()).unwrap_or_default();
    if let Some(stage) = &stage
        && !known.contains(stage)
    {
        let why = match known {
            [] => {
                "This workspace has no lifecycle stages; define them with `chaski lifecycle set`.".to_owned()
            }
            known => format!("There is no stage `{stage}`; this workspace has {}.", known.join(", ")),
        };
        return Err(Problem::faults(vec![Fault::new("/name", why)]));
    }
    change(&app, &token, &path(place)?, ContactChange { lifecycle: Some(stage), ..ContactChange::default() })
        .await?;
    Ok(ok(json!({"code": 200, "message": "Contact lifecycle stage updated successfully!"})))
}

/// `GET /v2/contact/{identifier}/channels`.
pub(crate) async fn channels(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "contacts:read").await?;
    let (limit, cursor) = page::read(&uri)?;
    let found = contact(&app, token.workspace, &path(place)?).await?;
    let rows = known_on(&app, &found).into_iter().collect();
    let address = format!("{}/v2/contact/id:{}/channels", app.engine.config().public_url, found.id);
    Ok(ok(space::cut(rows, limit, cursor, &address)))
}

/// The channels that a contact has a lane on, by their numbers.
fn known_on(app: &App, contact: &Contact) -> BTreeMap<i64, Value> {
    let snapshot = app.engine.snapshot();
    let mut rows = BTreeMap::new();
    for lane in &contact.lanes {
        let Some(entry) = snapshot.channels.get(&lane.channel) else { continue };
        let c = &entry.channel;
        let row = rows.entry(c.id.0).or_insert_with(|| {
            json!({
                "id": c.id, "name": c.name, "source": c.kind.source(), "lastMessageTime": null,
                "lastIncomingMessageTime": null, "created_at": c.created_at.secs(),
            })
        });
        // A contact may be known by two addresses on one channel.
        for (key, at) in [("lastMessageTime", lane.last_at), ("lastIncomingMessageTime", lane.last_in_at)] {
            let at = at.map(|at| at.secs()).max(row[key].as_i64());
            row[key] = json!(at);
        }
    }
    rows
}
