//! What conversations are closed with.

use super::page::{self, Cursor};
use crate::auth;
use crate::problem::{Problem, ok};
use crate::state::App;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_model::Fault;
use chaski_store::space::ClosingNote;
use serde_json::{Value, json};

/// `GET /v2/space/closing_notes`.
pub(crate) async fn list(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "space:read").await?;
    let (limit, cursor) = page::read(&uri)?;
    let notes = app.engine.store().closing_notes(token.workspace).await?;
    let address = format!("{}/v2/space/closing_notes", app.engine.config().public_url);
    Ok(ok(cut(&notes, limit, cursor, &address)?))
}

/// `content` and `timestamp` are what n8n's type calls them.
fn view(note: &ClosingNote) -> Value {
    json!({
        "category": note.category, "description": note.description, "content": note.description,
        "timestamp": note.created_at.secs(),
    })
}

/// One page. A cursor is the number of a note, behind or before which a page stands in the order of categories.
fn cut(notes: &[ClosingNote], limit: usize, cursor: Cursor, address: &str) -> Result<Value, Problem> {
    let place = |id: i64| {
        notes.iter().position(|note| note.id.0 == id).ok_or_else(|| {
            let message = "The closing note of this `cursorId` is gone; begin again without it.";
            Problem::faults(vec![Fault::new("?cursorId", message)])
        })
    };
    let (from, to) = match cursor {
        Cursor::Start => (0, limit),
        Cursor::After(id) => {
            let from = place(id)? + 1;
            (from, from + limit)
        }
        Cursor::Before(id) => {
            let to = place(id)?;
            (to.saturating_sub(limit), to)
        }
    };
    let inside = &notes[from..to.min(notes.len())];
    let last = inside.last().filter(|_| to < notes.len());
    let first = inside.first().filter(|_| from > 0);
    let items = inside.iter().map(view).collect();
    Ok(page::page(items, address, limit, last.map(|note| note.id.0), first.map(|note| note.id.0)))
}
