//! The workspace's tags: made, changed and deleted by name.

use crate::body::Fields;
use crate::problem::{Problem, ok};
use crate::state::App;
use crate::{auth, body};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_model::{ErrorCode, Fault};
use chaski_store::StoreError;
use chaski_store::space::{Tag, TagChange};
use serde_json::{Value, json};

/// The most characters of a name or a description.
const TEXT: usize = 255;
/// The most characters of a color or an emoji.
const SIGN: usize = 64;

/// `POST /v2/space/tag`.
pub(crate) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "space:write").await?;
    let (name, change) = read(request, "name").await?;
    let now = app.engine.clock().now();
    Ok(ok(view(&app.engine.store().add_tag(token.workspace, name, change, now).await?)))
}

/// `PUT /v2/space/tag`.
pub(crate) async fn change(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "space:write").await?;
    let (name, change) = read(request, "currentName").await?;
    let now = app.engine.clock().now();
    let changed = app.engine.store().change_tag(token.workspace, name.clone(), change, now).await;
    Ok(ok(view(&changed.map_err(|error| match error {
        StoreError::NotFound(_) => not_found(&name),
        other => other.into(),
    })?)))
}

/// `DELETE /v2/space/tag`, with the name in the body.
pub(crate) async fn delete(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "space:write").await?;
    let (name, _) = read(request, "name").await?;
    let now = app.engine.clock().now();
    if !app.engine.store().delete_tag(token.workspace, name.clone(), now).await? {
        return Err(not_found(&name));
    }
    Ok(ok(json!({"code": 200, "message": "Tag deleted successfully!"})))
}

/// A tag as the API shows it.
pub(crate) fn view(tag: &Tag) -> Value {
    json!({
        "id": tag.id, "name": tag.name, "description": tag.description, "emoji": tag.emoji,
        "colorCode": tag.color_code,
    })
}

/// The tag that `key` names, and what it is to be; blank fields are as good as absent.
async fn read(request: Body, key: &str) -> Result<(String, TagChange), Problem> {
    let body = body::json(&body::read(request, body::API).await?)?;
    let mut faults = Vec::new();
    let given = Fields::new(&body, "");
    let name = given.required_text(key, "the tag's name", &mut faults).trim().to_owned();
    if name.chars().count() > TEXT {
        faults.push(Fault::new(given.pointer(key), format!("`{key}` may have at most {TEXT} characters.")));
    }
    let renamed = match key {
        "name" => None,
        _ => given.short_text("name", TEXT, &mut faults),
    };
    let change = TagChange {
        name: renamed,
        description: given.short_text("description", TEXT, &mut faults),
        color_code: given.short_text("colorCode", SIGN, &mut faults),
        emoji: given.short_text("emoji", SIGN, &mut faults),
    };
    if faults.is_empty() { Ok((name, change)) } else { Err(Problem::faults(faults)) }
}

fn not_found(name: &str) -> Problem {
    Problem::new(ErrorCode::NotFound, format!("Tag not found: there is no tag `{name}`."))
}
