//! Who sees to a contact's conversation.

use super::contacts::change_by;
use super::path;
use crate::problem::Problem;
use crate::state::App;
use crate::{auth, body};
use axum::body::Body;
use axum::extract::{Path, State, rejection::PathRejection};
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_model::{Fault, UserId, WorkspaceId};
use chaski_store::contacts::ContactChange;
use serde_json::Value;

/// `POST /v2/contact/{identifier}/conversation/assignee`.
pub(crate) async fn assign(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "contacts:write").await?;
    let bytes = body::read(request, body::API).await?;
    let given = body::json(&bytes)?;
    let assignee = assignee(&app, token.workspace, given.get("assignee"))?;
    let change = ContactChange { assignee: Some(assignee), ..ContactChange::default() };
    change_by(&app, &token, &path(place)?, change, Problem::from).await
}

/// A user by number, by its number as a text, or by e-mail address; null takes the conversation from whoever has it.
fn assignee(app: &App, workspace: WorkspaceId, given: Option<&Value>) -> Result<Option<UserId>, Problem> {
    let fault = |why: String| Problem::faults(vec![Fault::new("/assignee", why)]);
    let named = match given {
        None => {
            return Err(fault(
                "`assignee` is missing: a user's number or e-mail address, or null.".to_owned(),
            ));
        }
        Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) if !text.trim().is_empty() => text.trim().to_lowercase(),
        Some(other) => {
            let what = body::name(other);
            return Err(fault(format!(
                "`assignee` must be a user's number or e-mail address, or null, not {what}."
            )));
        }
    };
    let snapshot = app.engine.snapshot();
    let mut own = snapshot.users.iter().filter(|user| user.workspace == workspace);
    let found = own.find(|user| user.id.to_string() == named || user.email.to_lowercase() == named);
    found.map(|user| Some(user.id)).ok_or_else(|| fault(format!("This workspace has no user `{named}`.")))
}
