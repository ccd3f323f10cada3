//! `POST /v2/contact/list`: the contacts that a filter takes, by their numbers.
//!
//! Contacts are read in stretches and asked one after the other, so that both stores answer alike. One call looks
//! at so many and no more; a page that ends there has fewer items, and its `next` goes on behind them.

use super::contact_filter::{self, Wanted};
use super::page::{self, Cursor};
use super::views;
use crate::problem::{Problem, ok};
use crate::state::App;
use crate::{auth, body};
use axum::body::Body;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_model::WorkspaceId;
use chaski_store::StoreError;
use chaski_store::contacts::{Contact, Stretch};
use serde_json::{Value, json};

/// How many contacts are read at once, and how many one call looks at.
const STRETCH: usize = 500;
const LOOK: usize = 50_000;

/// A page in the order of the numbers, with what its neighbours begin at.
#[derive(Default)]
struct Found {
    items: Vec<Contact>,
    next: Option<i64>,
    previous: Option<i64>,
}

/// `POST /v2/contact/list`.
pub(crate) async fn list(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "contacts:read").await?;
    let (limit, cursor) = page::read(&uri)?;
    let bytes = body::read(request, body::API).await?;
    let given = if bytes.is_empty() { json!({}) } else { body::json(&bytes)? };
    let snapshot = app.engine.snapshot();
    let fields = snapshot.fields_of(token.workspace);
    let wanted = contact_filter::read(&given, &fields).map_err(Problem::faults)?;
    let found = find(&app, token.workspace, &wanted, cursor, limit).await?;
    let items: Vec<Value> =
        found.items.iter().map(|contact| views::contact(contact, &fields, &snapshot.users)).collect();
    let address = format!("{}/v2/contact/list", app.engine.config().public_url);
    Ok(ok(page::page(items, &address, limit, found.next, found.previous)))
}

async fn find(
    app: &App,
    workspace: WorkspaceId,
    wanted: &Wanted,
    cursor: Cursor,
    limit: usize,
) -> Result<Found, StoreError> {
    let from = match cursor {
        Cursor::Start => Stretch::After(0),
        Cursor::After(id) => Stretch::After(id),
        Cursor::Before(id) => Stretch::Before(id),
    };
    let (mut items, more) = walk(app, workspace, wanted, from, limit).await?;
    let is_back = matches!(from, Stretch::Before(_));
    if is_back {
        items.reverse();
    }
    let (first, last) = (items.first().map(|c| c.id.0), items.last().map(|c| c.id.0));
    Ok(match from {
        Stretch::After(after) => {
            let previous = (after > 0).then_some(first.unwrap_or(after + 1));
            Found { items, next: more, previous }
        }
        Stretch::Before(before) => Found { items, next: Some(last.unwrap_or(before - 1)), previous: more },
    })
}

/// Contacts in the direction of the walk, and the number that the next walk goes on from, if there may be more.
async fn walk(
    app: &App,
    workspace: WorkspaceId,
    wanted: &Wanted,
    mut from: Stretch,
    limit: usize,
) -> Result<(Vec<Contact>, Option<i64>), StoreError> {
    let mut items: Vec<Contact> = Vec::new();
    let mut looked = 0;
    // One more than a page tells whether there is another one.
    let read = if wanted.is_everyone() { limit + 1 } else { STRETCH };
    loop {
        let stretch = app.engine.store().list_contacts(workspace, from, read).await?;
        let is_last = stretch.len() < read;
        looked += stretch.len();
        for contact in stretch {
            from = match from {
                Stretch::After(_) => Stretch::After(contact.id.0),
                Stretch::Before(_) => Stretch::Before(contact.id.0),
            };
            if !wanted.takes(&contact) {
                continue;
            }
            if items.len() == limit {
                return Ok((items.clone(), items.last().map(|last| last.id.0)));
            }
            items.push(contact);
        }
        if is_last {
            return Ok((items, None));
        }
        if looked >= LOOK {
            let (Stretch::After(place) | Stretch::Before(place)) = from;
            return Ok((items, Some(place)));
        }
    }
}
