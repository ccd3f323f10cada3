//! The web: rendered on the server, usable without a script except for live updates.
//!
//! One file for each screen with three parts: what it shows (a struct), how that is read, and the
//! markup, which never touches the store. `fragments` are the same markup in pieces, which the
//! script fetches when `live` says that something changed. There is no provider's field name
//! here, and nothing is loaded from elsewhere.

mod assets;
mod attempts;
mod bubble;
mod channels;
mod composer;
mod connect;
mod contact_pane;
mod contents;
mod cookies;
mod delivery;
mod diff;
mod fault;
mod fragments;
mod icons;
mod life;
mod list;
mod live;
mod messages;
mod page;
pub(crate) mod password;
mod received;
mod reply;
mod rich;
#[cfg(test)]
pub(crate) mod sample;
mod session;
mod settings;
mod sign_in;
mod state_of;
mod template_bubble;
mod templates;
#[cfg(test)]
mod tests;
mod thread;
mod words;

use crate::state::App;
use attempts::Attempts;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use fault::Fault;
use std::sync::Arc;

pub(crate) use fault::nothing_here;

/// Forms are small; a reply is the largest.
const FORM_LIMIT: usize = 256 * 1024;

/// The routes of the web.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(|| async { to("/messages") }))
        .route("/assets/{version}/{name}", get(assets::serve))
        .route("/sign-in", get(sign_in::form).post(sign_in::submit))
        .route("/sign-in/{key}", get(sign_in::link).post(sign_in::use_link))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/settings/appearance", post(settings::choose))
        .route("/messages", get(messages::index))
        .route("/messages/events", get(live::events))
        .route("/messages/{contact}", get(messages::contact))
        .route("/messages/{contact}/reply", post(reply::post))
        .route("/messages/{contact}/seen", post(messages::seen))
        .route("/messages/{contact}/{message}", get(messages::message))
        .route("/messages/{contact}/{message}/resolve", post(messages::resolve))
        .route("/messages/{contact}/{message}/replay", post(messages::replay))
        .route("/messages/{contact}/{message}/media", post(messages::fetch_media))
        .route("/messages/fragments/rows", get(fragments::rows))
        .route("/messages/fragments/tabs", get(fragments::tabs))
        .route("/messages/fragments/row/{contact}", get(fragments::row))
        .route("/messages/fragments/message/{message}", get(fragments::message))
        .route("/messages/fragments/thread/{contact}", get(fragments::after))
        .route("/messages/fragments/older/{contact}", get(fragments::older))
        .route("/messages/fragments/foot/{contact}", get(fragments::foot))
        .route("/messages/fragments/drawer/{message}", get(fragments::drawer))
        .route("/messages/fragments/contact/{contact}", get(fragments::contact))
        .route("/channels", get(channels::index))
        .route("/channels/add", get(connect::kinds))
        .route("/channels/add/{kind}", get(connect::form).post(connect::submit))
        .route("/channels/{id}/resume", post(channels::resume))
        .route("/channels/{id}/sync", post(channels::sync))
        .route("/templates", get(templates::index))
        .route("/delivery", get(delivery::index))
        .route("/delivery/dead-letters", post(delivery::dead_letters))
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(Extension(Arc::new(Attempts::default())))
        .layer(axum::middleware::from_fn(fault::dress))
}

/// A page that leads on to another, after a form or to sign in.
fn to(path: &str) -> Response {
    match HeaderValue::from_str(path) {
        Ok(place) => (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response(),
        Err(_) => Fault::NotFound.into_response(),
    }
}

/// Whether a browser asks, outside of what is for programs.
pub(crate) fn is_for_people(request: &Request) -> bool {
    let path = request.uri().path();
    let of_programs = ["/v2", "/admin", "/hooks"].iter().any(|place| path.starts_with(place));
    let accepts =
        request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    !of_programs && accepts.contains("text/html")
}

/// A number in a path.
fn number(text: &str) -> Result<i64, Fault> {
    text.parse().ok().filter(|n| *n > 0).ok_or(Fault::NotFound)
}
