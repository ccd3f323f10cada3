//! The Messages room: list, thread and drawer put together, and what its forms do.

use super::contact_pane::{self, ContactPane};
use super::fault::Fault;
use super::life::{self, LifeView};
use super::list::{self, List, Wanted, filter_of};
use super::page::{self, Frame, Room};
use super::session::Signed;
use super::sign_in::Token;
use super::thread::{self, Part, Thread};
use super::{number, to};
use crate::state::App;
use axum::extract::{Form, OriginalUri, Path, Query, State, rejection::FormRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chaski_model::identifier::Identifier;
use chaski_model::message::Direction;
use chaski_model::{ContactId, MessageId};
use chaski_store::StoreError;
use chaski_store::contacts::Contact;
use maud::{Markup, html};
use serde::Deserialize;

/// How far back the newest message from the contact is looked for.
const LOOK_BACK: usize = 50;

/// The room.
pub(crate) struct Screen {
    pub(crate) frame: Frame,
    pub(crate) list: List,
    pub(crate) thread: Option<Thread>,
    pub(crate) drawer: Drawer,
}

/// What stands beside the thread.
pub(crate) enum Drawer {
    /// Nothing.
    None,
    /// The contact; asked for, it also shows where there is little room.
    Contact { pane: Box<ContactPane>, asked: bool },
    /// One message's life.
    Message(Box<LifeView>),
}

#[derive(Deserialize, Default, Clone)]
pub(crate) struct Options {
    #[serde(default)]
    filter: String,
    #[serde(default)]
    before: String,
    #[serde(default)]
    pane: String,
}

/// `GET /messages`.
pub(crate) async fn index(
    State(app): State<App>,
    signed: Signed,
    OriginalUri(uri): OriginalUri,
    Query(options): Query<Options>,
) -> Result<Response, Fault> {
    let frame = Frame::of(&app, &signed, Room::Messages, uri.to_string()).await?;
    let wanted = Wanted { filter: filter_of(&options.filter), before: &options.before, open: None };
    let list = list::list(&app, signed.workspace(), wanted).await?;
    Ok(page::answer(screen(&Screen { frame, list, thread: None, drawer: Drawer::None })))
}

/// `GET /messages/{contact}`.
pub(crate) async fn contact(
    State(app): State<App>,
    signed: Signed,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    Query(options): Query<Options>,
) -> Result<Response, Fault> {
    let contact = find(&app, &signed, &id).await?;
    let part = Part { before: options.before.parse().ok().map(MessageId), around: None };
    let view = assemble(&app, &signed, uri.to_string(), contact, part, &options).await?;
    see(&app, &signed, &view).await?;
    Ok(page::answer(screen(&view)))
}

/// `GET /messages/{contact}/{message}`: a message's own address.
pub(crate) async fn message(
    State(app): State<App>,
    signed: Signed,
    OriginalUri(uri): OriginalUri,
    Path((id, message)): Path<(String, String)>,
    Query(options): Query<Options>,
) -> Result<Response, Fault> {
    let contact = find(&app, &signed, &id).await?;
    let message = MessageId(number(&message)?);
    let life = life::life(&app, signed.workspace(), message)
        .await?
        .filter(|view| view.life.message.contact == contact.id);
    let life = life.ok_or(Fault::NotFound)?;
    let part = Part { before: None, around: Some(message) };
    let mut view = assemble(&app, &signed, uri.to_string(), contact, part, &options).await?;
    view.drawer = Drawer::Message(Box::new(life));
    see(&app, &signed, &view).await?;
    Ok(page::answer(screen(&view)))
}

/// The contact that a path names, if it is the workspace's.
pub(crate) async fn find(app: &App, signed: &Signed, id: &str) -> Result<Contact, Fault> {
    let identifier = Identifier::Id(ContactId(number(id)?));
    app.engine.store().contact(signed.workspace(), &identifier).await?.ok_or(Fault::NotFound)
}

/// The message that a path names, if it is of the contact that the path names.
async fn find_message(
    app: &App,
    signed: &Signed,
    contact: &str,
    message: &str,
) -> Result<(ContactId, MessageId), Fault> {
    let contact = find(app, signed, contact).await?.id;
    let message = MessageId(number(message)?);
    let known = app.engine.store().message(signed.workspace(), message).await?;
    known.filter(|known| known.contact == contact).ok_or(Fault::NotFound)?;
    Ok((contact, message))
}

/// Reads the whole room around a contact.
pub(crate) async fn assemble(
    app: &App,
    signed: &Signed,
    here: String,
    contact: Contact,
    part: Part,
    options: &Options,
) -> Result<Screen, StoreError> {
    let frame = Frame::of(app, signed, Room::Messages, here).await?;
    let filter = filter_of(&options.filter);
    let list =
        list::list(app, signed.workspace(), Wanted { filter, before: "", open: Some(contact.id) }).await?;
    let pane = contact_pane::contact_pane(app, &signed.reader, signed.workspace(), &contact);
    let drawer = Drawer::Contact { pane: Box::new(pane), asked: options.pane == "contact" };
    let thread = thread::thread(app, signed, contact, part, filter).await?;
    Ok(Screen { frame, list, thread: Some(thread), drawer })
}

/// Opening a thread at its end marks it seen.
async fn see(app: &App, signed: &Signed, view: &Screen) -> Result<(), StoreError> {
    let Some(thread) = view.thread.as_ref().filter(|thread| !thread.newer) else { return Ok(()) };
    let Some(newest) = thread::newest_inbound(thread) else { return Ok(()) };
    app.engine.store().seen(signed.workspace(), thread.contact.id, newest, app.engine.clock().now()).await
}

/// `POST /messages/{contact}/seen`: the open thread got a message while somebody looked at it.
pub(crate) async fn seen(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    form: Result<Form<Token>, FormRejection>,
) -> Result<Response, Fault> {
    let Form(given) = form.map_err(|_| Fault::Form)?;
    signed.check(&given.csrf)?;
    let contact = find(&app, &signed, &id).await?;
    let newest = app.engine.store().thread(signed.workspace(), contact.id, None, LOOK_BACK).await?;
    if let Some(newest) = newest.iter().find(|message| message.direction == Direction::Inbound) {
        app.engine.store().seen(signed.workspace(), contact.id, newest.id, app.engine.clock().now()).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize)]
pub(crate) struct Choice {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    choice: String,
    /// Where the person is and wants to stay: `delivery`, else the thread.
    #[serde(default)]
    room: String,
}

/// `POST /messages/{contact}/{message}/resolve`: a person has looked, and decides.
pub(crate) async fn resolve(
    State(app): State<App>,
    signed: Signed,
    Path((id, message)): Path<(String, String)>,
    form: Result<Form<Choice>, FormRejection>,
) -> Result<Response, Fault> {
    let Form(given) = form.map_err(|_| Fault::Form)?;
    signed.check(&given.csrf)?;
    let (contact, message) = find_message(&app, &signed, &id, &message).await?;
    let resend = match given.choice.as_str() {
        "resend" => true,
        "leave" => false,
        _ => return Err(Fault::Form),
    };
    let done = match app.engine.resolve_unknown(signed.workspace(), message, resend).await {
        Ok(()) => "resolved",
        // Somebody else decided first, or a receipt told it: the thread shows what became of it.
        Err(StoreError::NotFound(_) | StoreError::Conflict(_)) => "not-resolved",
        Err(error) => return Err(error.into()),
    };
    match given.room.as_str() {
        "delivery" => Ok(to(&format!("/delivery?done={done}"))),
        _ => Ok(to(&format!("/messages/{contact}#m{message}"))),
    }
}

/// `POST /messages/{contact}/{message}/media`: what a contact sent is fetched once more, now.
pub(crate) async fn fetch_media(
    State(app): State<App>,
    signed: Signed,
    Path((id, message)): Path<(String, String)>,
    form: Result<Form<Token>, FormRejection>,
) -> Result<Response, Fault> {
    let Form(given) = form.map_err(|_| Fault::Form)?;
    signed.check(&given.csrf)?;
    let (contact, message) = find_message(&app, &signed, &id, &message).await?;
    // Where there is nothing to fetch any more, it has come meanwhile: the thread shows it.
    let now = app.engine.clock().now();
    app.engine.store().want_media_again(signed.workspace(), message, now).await?;
    Ok(to(&format!("/messages/{contact}#m{message}")))
}

/// `POST /messages/{contact}/{message}/replay`: a failed message is sent again.
pub(crate) async fn replay(
    State(app): State<App>,
    signed: Signed,
    Path((id, message)): Path<(String, String)>,
    form: Result<Form<Token>, FormRejection>,
) -> Result<Response, Fault> {
    let Form(given) = form.map_err(|_| Fault::Form)?;
    signed.check(&given.csrf)?;
    let (contact, message) = find_message(&app, &signed, &id, &message).await?;
    // Where it cannot be, somebody else was first: the thread shows what became of it.
    let _ = app.engine.replay(signed.workspace(), message, &signed.name()).await;
    Ok(to(&format!("/messages/{contact}#m{message}")))
}

/// The room.
pub(crate) fn screen(view: &Screen) -> Markup {
    let r = &view.frame.reader;
    let name = view.thread.as_ref().map(|thread| thread.contact.display_name());
    let title =
        name.map_or_else(|| r.t("room-messages"), |name| format!("{name} · {}", r.t("room-messages")));
    let place = match (&view.thread, &view.drawer) {
        (None, _) => "at-list",
        (Some(_), Drawer::Message(_) | Drawer::Contact { asked: true, .. }) => "at-drawer",
        (Some(_), _) => "at-thread",
    };
    page::framed(
        &view.frame,
        &title,
        place,
        html! {
            (list::pane(r, &view.list))
            @match &view.thread {
                Some(thread) => (thread::pane(r, thread)),
                None => main.thread.none id="main" { (page::empty(&r.t("choose"), &r.t("choose-words"), None)) },
            }
            @match &view.drawer {
                Drawer::None => {},
                Drawer::Contact { pane, .. } => (contact_pane::drawer(r, pane)),
                Drawer::Message(life) => (life::drawer(r, life)),
            }
        },
    )
}
