//! `POST /messages/{contact}/reply`: a person answers.
//!
//! The form names its rendering, and that name is the idempotency key: however often it is sent,
//! one message goes out. What could not be sent stays in the box, with the reason beside it.

use super::composer::Composer;
use super::fault::Fault;
use super::messages::{self, Options};
use super::page;
use super::session::Signed;
use super::state_of::failure_words;
use super::thread::{Part, last_channel};
use super::to;
use super::words::{Lang, Reader};
use crate::state::App;
use axum::extract::{Form, Path, State, rejection::FormRejection};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chaski_engine::directory::ChannelEntry;
use chaski_engine::plan::{Lint, Refusal, SendRequest, window_of};
use chaski_engine::tokens::hash;
use chaski_model::Content;
use chaski_model::Failure;
use chaski_model::capabilities::{AfterWindow, HUMAN_AGENT};
use chaski_model::identifier::Identifier;
use chaski_store::StoreError;
use chaski_store::contacts::Contact;
use chaski_store::outbox::{Accepted, Idempotency, Origin};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Given {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    client: String,
    #[serde(default)]
    text: String,
}

/// The handler.
pub(crate) async fn post(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    Path(id): Path<String>,
    form: Result<Form<Given>, FormRejection>,
) -> Result<Response, Fault> {
    let Form(given) = form.map_err(|_| Fault::Form)?;
    signed.check(&given.csrf)?;
    let contact = messages::find(&app, &signed, &id).await?;
    // Browsers send line breaks in pairs.
    let text = given.text.replace("\r\n", "\n").trim_end().to_owned();
    match send(&app, &signed, &contact, &text, &given.client).await? {
        Ok(()) if headers.contains_key("x-fragment") => Ok(StatusCode::NO_CONTENT.into_response()),
        Ok(()) => Ok(to(&format!("/messages/{}", contact.id))),
        Err(words) => refused(&app, &signed, contact, &text, words).await,
    }
}

/// Sends; the inner error is for the person who wrote.
async fn send(
    app: &App,
    signed: &Signed,
    contact: &Contact,
    text: &str,
    client: &str,
) -> Result<Result<(), String>, Fault> {
    let r = &signed.reader;
    if text.trim().is_empty() {
        return Ok(Err(r.t("reply-empty")));
    }
    let key = idempotency(signed, contact, text, client);
    if let Some((known, ..)) = app.engine.store().answered(key.key, app.engine.clock().now()).await? {
        return Ok(if known == key.body { Ok(()) } else { Err(r.t("reply-used")) });
    }
    let snapshot = app.engine.snapshot();
    let Some(entry) = last_channel(&snapshot, signed.workspace(), contact) else {
        return Ok(Err(r.t("nowhere")));
    };
    let origin = Origin {
        source: "user".into(),
        user: Some(signed.name()),
        user_id: Some(signed.user.id.0),
        ..Origin::default()
    };
    let request = SendRequest {
        identifier: Identifier::Id(contact.id),
        channel: Some(entry.channel.id),
        content: Content::Text { text: text.to_owned(), message_tag: tag_of(app, contact, &entry) },
        notes: Vec::new(),
        lint: Lint::Off,
        class: 1,
        origin,
    };
    let plan = match app.engine.plan(signed.workspace(), &request).await {
        Ok(plan) => plan,
        Err(Refusal::Request { failure, .. }) => return Ok(Err(sentence(r, &failure))),
        Err(Refusal::Store(error)) => return store_error(r, error),
    };
    if let Some(failure) = plan.refused.as_ref().or(plan.failed.as_ref()) {
        return Ok(Err(sentence(r, failure)));
    }
    let engine = std::sync::Arc::clone(&app.engine);
    // Once the store has it, it is finished whoever closes the page.
    let stored = tokio::spawn(async move { engine.store_plan(plan, Some(key)).await });
    match stored.await.map_err(|cause| Fault::Broken(cause.to_string()))? {
        Ok(Accepted::Stored { .. } | Accepted::Replay { .. }) => Ok(Ok(())),
        Ok(Accepted::KeyConflict) => Ok(Err(r.t("reply-used"))),
        Ok(Accepted::Stale) => store_error(r, StoreError::Busy),
        Err(error) => store_error(r, error),
    }
}

/// What passes by itself is told beside the box; the rest is a fault.
/// What a person writes may go out under Meta's tag once the window has closed.
fn tag_of(app: &App, contact: &Contact, entry: &ChannelEntry) -> Option<String> {
    let capabilities = entry.channel.kind.capabilities()?;
    let window = window_of(contact, entry, app.engine.clock().now())?;
    let by_person = matches!(capabilities.after_window, AfterWindow::HumanAgent { .. });
    (by_person && !window.open).then(|| HUMAN_AGENT.to_owned())
}

fn store_error(r: &Reader, error: StoreError) -> Result<Result<(), String>, Fault> {
    match error {
        StoreError::Busy => Ok(Err(r.t("reply-busy"))),
        StoreError::CommitUnknown => Ok(Err(r.t("reply-commit-unknown"))),
        StoreError::Unavailable(_) => Ok(Err(r.t("reply-unavailable"))),
        other => Err(other.into()),
    }
}

fn sentence(r: &Reader, failure: &Failure) -> String {
    let words = failure_words(r, failure);
    let detail = if r.lang == Lang::En { String::new() } else { format!(" ({})", words.code) };
    format!("{}. {}{detail}", words.title, words.remedy)
}

fn idempotency(signed: &Signed, contact: &Contact, text: &str, client: &str) -> Idempotency {
    Idempotency {
        key: hash(&format!("{}|user {}|reply|{client}", signed.workspace(), signed.user.id)),
        body: hash(&format!("{}|{text}", contact.id)),
        status: 200,
        answer: "{}".to_owned(),
    }
}

async fn refused(
    app: &App,
    signed: &Signed,
    contact: Contact,
    text: &str,
    words: String,
) -> Result<Response, Fault> {
    let here = format!("/messages/{}", contact.id);
    let mut view =
        messages::assemble(app, signed, here, contact, Part::default(), &Options::default()).await?;
    if let Some(thread) = &mut view.thread {
        let composer = std::mem::replace(&mut thread.composer, Composer::Nowhere);
        thread.composer = composer.with(text, words);
    }
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page::answer(messages::screen(&view))).into_response())
}
