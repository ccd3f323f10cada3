//! The pieces that live updates fetch: the same functions as the pages'.

use super::bubble;
use super::composer;
use super::contact_pane;
use super::fault::Fault;
use super::life;
use super::list::{self, Wanted, belongs, filter_of};
use super::messages::find;
use super::number;
use super::session::Signed;
use super::thread::{self, Part};
use crate::state::App;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chaski_model::{ContactId, MessageId};
use chaski_store::inbox::Filter;
use maud::html;
use serde::Deserialize;

/// New messages that one fetch brings at most; with more the script loads the page.
const AT_ONCE: usize = 100;

#[derive(Deserialize, Default)]
pub(crate) struct Options {
    #[serde(default)]
    filter: String,
    #[serde(default)]
    open: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    before: String,
}

impl Options {
    fn open(&self) -> Option<ContactId> {
        self.open.parse().ok().map(ContactId)
    }
}

/// `row/{contact}`: 204 when it does not belong under the filter.
pub(crate) async fn row(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(options): Query<Options>,
) -> Result<Response, Fault> {
    let contact = ContactId(number(&id)?);
    let filter = filter_of(&options.filter);
    let found = app.engine.store().conversation(signed.workspace(), contact).await?;
    let Some(conversation) = found.filter(|conversation| belongs(filter, conversation)) else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let mut row = list::row_of(&app, signed.workspace(), conversation).await?;
    row.selected = options.open() == Some(contact);
    Ok(list::row(&signed.reader, &row, filter).into_response())
}

/// `rows`: the whole first page of the list, after many changes.
pub(crate) async fn rows(
    State(app): State<App>,
    signed: Signed,
    Query(options): Query<Options>,
) -> Result<Response, Fault> {
    let wanted = Wanted { filter: filter_of(&options.filter), before: "", open: options.open() };
    let list = list::list(&app, signed.workspace(), wanted).await?;
    Ok(list::rows(&signed.reader, &list).into_response())
}

/// `tabs`: the filters with their numbers.
pub(crate) async fn tabs(
    State(app): State<App>,
    signed: Signed,
    Query(options): Query<Options>,
) -> Result<Response, Fault> {
    let counts = app.engine.store().counts(signed.workspace()).await?;
    Ok(list::tabs(&signed.reader, filter_of(&options.filter), counts).into_response())
}

/// `message/{id}`: one bubble.
pub(crate) async fn message(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let found = app
        .engine
        .store()
        .message(signed.workspace(), MessageId(number(&id)?))
        .await?
        .ok_or(Fault::NotFound)?;
    let contact = find(&app, &signed, &found.contact.to_string()).await?;
    let about = (&*contact.display_name(), &*signed.csrf);
    let view = bubble::bubble_of(&app, &signed.reader, found, signed.workspace(), about)
        .await?
        .ok_or(Fault::NotFound)?;
    Ok(bubble::bubble(&signed.reader, &view).into_response())
}

/// `thread/{contact}?after=`: what came after a message; 205 when that is too much to append.
pub(crate) async fn after(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(options): Query<Options>,
) -> Result<Response, Fault> {
    let contact = find(&app, &signed, &id).await?;
    let store = app.engine.store();
    let known = match options.after.parse().ok().map(MessageId) {
        Some(after) => store.message(signed.workspace(), after).await?.filter(|m| m.contact == contact.id),
        None => None,
    };
    let newer = match &known {
        Some(known) => store.thread_after(signed.workspace(), contact.id, known.id, AT_ONCE).await?,
        None => store.thread(signed.workspace(), contact.id, None, AT_ONCE).await?,
    };
    if newer.len() >= AT_ONCE {
        return Ok(StatusCode::RESET_CONTENT.into_response());
    }
    let mut stretch = newer;
    stretch.extend(known.clone());
    let about = (&*contact.display_name(), &*signed.csrf, None);
    let mut bubbles = bubble::bubbles(&app, &signed.reader, signed.workspace(), stretch, about).await?;
    if known.is_some() {
        bubbles.remove(0);
    }
    let names = thread::names(&app.engine.snapshot(), signed.workspace());
    Ok(thread::items(&signed.reader, &bubbles, &names, known.as_ref()).into_response())
}

/// `older/{contact}?before=`: the page before a message, with the link to the one before that.
pub(crate) async fn older(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(options): Query<Options>,
) -> Result<Response, Fault> {
    let contact = find(&app, &signed, &id).await?;
    let part = Part { before: Some(MessageId(number(&options.before)?)), around: None };
    let view = thread::thread(&app, &signed, contact, part, Filter::All).await?;
    Ok(thread::earlier(&signed.reader, &view).into_response())
}

/// `foot/{contact}`: the window's chip and the reply box.
pub(crate) async fn foot(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let contact = find(&app, &signed, &id).await?;
    let last = thread::last_channel(&app.engine.snapshot(), signed.workspace(), &contact);
    let window =
        last.as_ref().and_then(|entry| chaski_engine::plan::window_of(&contact, entry, signed.reader.now));
    let box_of = composer::of(&contact, last.as_deref(), window, signed.reader.now);
    let r = &signed.reader;
    Ok(html! { (thread::window_chip(r, window)) (composer::composer(r, &contact, &box_of, &signed.csrf)) }
        .into_response())
}

/// `drawer/{message}`: the life of a message.
pub(crate) async fn drawer(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let view = life::life(&app, signed.workspace(), MessageId(number(&id)?)).await?.ok_or(Fault::NotFound)?;
    Ok(life::drawer(&signed.reader, &view).into_response())
}

/// `contact/{contact}`: the contact beside its thread.
pub(crate) async fn contact(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let contact = find(&app, &signed, &id).await?;
    let pane = contact_pane::contact_pane(&app, &signed.reader, signed.workspace(), &contact);
    Ok(contact_pane::drawer(&signed.reader, &pane).into_response())
}
