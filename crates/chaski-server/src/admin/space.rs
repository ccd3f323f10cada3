//! Closing notes and tags.

use super::{object, operator};
use crate::api::{page_number, path, tags};
use crate::problem::{Problem, ok};
use crate::state::App;
use axum::body::Body;
use axum::extract::{Path, State, rejection::PathRejection};
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_model::{ClosingNoteId, ErrorCode, Fault};
use serde_json::{Value, json};

/// The most characters of a category: as many as a conversation is closed with.
const CATEGORY: usize = 128;
/// The most characters of what a note says.
const DESCRIPTION: usize = 512;

pub(crate) async fn closing_notes(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let notes = app.engine.store().closing_notes(token.workspace).await?;
    let view = |note: &chaski_store::space::ClosingNote| json!({"id": note.id, "category": note.category, "description": note.description});
    Ok(ok(json!({"items": notes.iter().map(view).collect::<Vec<Value>>()})))
}

pub(crate) async fn add_closing_note(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let body = object(request).await?;
    let (category, description) = super::fields(&body, |given, faults| {
        let category = given.required_text("category", "what kind of end it is", faults).trim().to_owned();
        if category.chars().count() > CATEGORY {
            let message = format!("`category` may have at most {CATEGORY} characters.");
            faults.push(Fault::new("/category", message));
        }
        (category, given.short_text("description", DESCRIPTION, faults))
    })?;
    let now = app.engine.clock().now();
    let id = app.engine.store().add_closing_note(token.workspace, category, description, now).await?;
    Ok(ok(json!({"id": id})))
}

pub(crate) async fn delete_closing_note(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let id = ClosingNoteId(page_number(&path(place)?, ErrorCode::NotFound, "Closing note")?);
    if !app.engine.store().delete_closing_note(token.workspace, id).await? {
        return Err(Problem::new(ErrorCode::NotFound, format!("There is no closing note {id}.")));
    }
    Ok(ok(json!({"deleted": id})))
}

pub(crate) async fn tag_list(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let tags = app.engine.store().tags(token.workspace).await?;
    Ok(ok(json!({"items": tags.iter().map(tags::view).collect::<Vec<Value>>()})))
}
