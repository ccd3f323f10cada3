//! Templates as n8n's node reads them before it builds a message. The routes are in no public description;
//! its source says what it wants (`@respond-io/n8n-nodes-respond-io`, resourceMapping and getWhatsappTemplateMessage).

use super::space::template_page;
use super::{page, path};
use crate::auth;
use crate::problem::{Problem, ok};
use crate::state::App;
use axum::extract::{OriginalUri, Path, State, rejection::PathRejection};
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_model::{ErrorCode, TemplateId};
use serde_json::{Value, json};

/// `GET /v2/space/channel/{channelId}/mtm`.
pub(crate) async fn list(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "space:read").await?;
    let channel = page::number(&path(place)?, ErrorCode::ChannelNotFound, "Channel")?;
    Ok(ok(template_page(&app, token.workspace, (channel, "mtm"), &uri, in_lower_words)?))
}

/// `GET /v2/space/mtm/{templateId}`.
pub(crate) async fn get(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "space:read").await?;
    let id = TemplateId(page::number(&path(place)?, ErrorCode::NotFound, "Template")?);
    let snapshot = app.engine.snapshot();
    let is_own = |account| snapshot.accounts.get(account).is_some_and(|a| a.workspace == token.workspace);
    let mut all = snapshot.templates.values().flatten();
    let found = all.find(|template| template.id == id && is_own(&template.account));
    let template = found.ok_or_else(|| Problem::new(ErrorCode::NotFound, "Template not found"))?;
    let d = &template.definition;
    Ok(ok(json!({
        "status": "success", "message": "",
        "data": {
            "id": template.id, "name": d.name, "languageCode": d.language,
            "components": in_lower_words(&template.object["components"]), "catalogProducts": [],
        },
    })))
}

/// Meta's components with the words of their types and formats in lower case: the node knows them only so.
fn in_lower_words(components: &Value) -> Value {
    let mut list = components.as_array().cloned().unwrap_or_default();
    for component in &mut list {
        lower(component, &["type", "format"]);
        for button in component.get_mut("buttons").and_then(Value::as_array_mut).into_iter().flatten() {
            lower(button, &["type"]);
        }
    }
    Value::Array(list)
}

fn lower(object: &mut Value, keys: &[&str]) {
    for key in keys {
        if let Some(Value::String(word)) = object.get_mut(key) {
            *word = word.to_lowercase();
        }
    }
}
