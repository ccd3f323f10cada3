//! The pages for people: virtual phones, the wire, and the panel for faults and the clock.
//!
//! They work without JavaScript; the one script only keeps a phone live. Nothing of a caller's is
//! ever loaded by a page: media is a card with its name and link as text.

mod bubble;
mod format;
mod home;
mod lang;
mod layout;
mod panel;
mod phone;
mod wire;

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::control::own_origin;
use crate::server::Router;

const POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; object-src 'none'";

/// The routes of the pages.
pub(crate) fn router() -> Router {
    axum::Router::new()
        .route("/", get(home::page))
        .route("/phones", get(home::open))
        .route("/phones/{address}", get(phone::page))
        .route("/phones/{address}/thread", get(phone::thread))
        .route("/phones/{address}/live", get(phone::live))
        .route("/phones/{address}/reply", post(phone::reply))
        .route("/phones/{address}/tap", post(phone::tap))
        .route("/phones/{address}/settings", post(phone::settings))
        .route("/exchanges", get(wire::page))
        .route("/panel", get(panel::page))
        .route("/panel/clock", post(panel::advance))
        .route("/panel/faults", post(panel::add_fault))
        .route("/panel/faults/clear", post(panel::clear_faults))
        .route(
            "/assets/simulator.css",
            get(|| asset("text/css; charset=utf-8", include_str!("assets/simulator.css"))),
        )
        .route(
            "/assets/simulator.js",
            get(|| asset("text/javascript; charset=utf-8", include_str!("assets/simulator.js"))),
        )
        .route("/assets/simulator.svg", get(|| asset("image/svg+xml", include_str!("assets/simulator.svg"))))
        .layer(from_fn(guard))
        .layer(from_fn(own_origin))
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}

/// Headers that keep a page to itself.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}
