//! Who is signed in: the session's cookie, stored as a hash, and the token that its forms carry.

use super::cookies::{self, Jar};
use super::fault::Fault;
use super::words::Reader;
use crate::state::App;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chaski_engine::clock::machine_now;
use chaski_engine::tokens::{hash, new_key};
use chaski_model::{UserId, WorkspaceId};
use chaski_store::StoreError;
use chaski_store::admin::{Session, User};
use std::time::Duration;
use subtle::ConstantTimeEq;

const COOKIE: &str = "chaski";
/// How long a session lives.
const LIVES: Duration = Duration::from_secs(14 * 86_400);

/// Somebody who is signed in, and how pages are written for them.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) user: User,
    pub(crate) csrf: String,
    pub(crate) reader: Reader,
    /// The hash of the session's key.
    pub(crate) session: [u8; 32],
}

impl Signed {
    pub(crate) fn workspace(&self) -> WorkspaceId {
        self.user.workspace
    }

    /// The name under which this person writes.
    pub(crate) fn name(&self) -> String {
        let name = format!("{} {}", self.user.first_name, self.user.last_name).trim().to_owned();
        if name.is_empty() { self.user.email.clone() } else { name }
    }

    /// Whether this person may change channels.
    pub(crate) fn manages(&self) -> bool {
        self.user.role != "agent"
    }

    /// Refuses a form that does not carry the session's token.
    pub(crate) fn check(&self, given: &str) -> Result<(), Fault> {
        if same(&self.csrf, given) { Ok(()) } else { Err(Fault::Csrf) }
    }
}

/// Compares two secrets in constant time.
pub(crate) fn same(known: &str, given: &str) -> bool {
    !known.is_empty() && bool::from(known.as_bytes().ct_eq(given.as_bytes()))
}

/// How this server's cookies are marked.
pub(crate) fn jar(app: &App) -> Jar {
    Jar::of(&app.engine.config().public_url)
}

/// Starts a session; returns its cookie.
pub(crate) async fn start(app: &App, user: UserId) -> Result<header::HeaderValue, StoreError> {
    let key = new_key();
    let session = Session { user, csrf: new_key() };
    app.engine.store().add_session(hash(&key), session, machine_now() + LIVES).await?;
    Ok(jar(app).secret(COOKIE, &key, LIVES))
}

/// Ends a session; returns the cookie that clears it.
pub(crate) async fn end(app: &App, signed: &Signed) -> Result<header::HeaderValue, StoreError> {
    app.engine.store().end_session(signed.session).await?;
    Ok(jar(app).secret(COOKIE, "", Duration::ZERO))
}

/// Whether a session still lives.
pub(crate) async fn lives(app: &App, session: [u8; 32]) -> bool {
    matches!(app.engine.store().session(session, machine_now()).await, Ok(Some(_)))
}

async fn signed(app: &App, headers: &HeaderMap) -> Result<Option<Signed>, StoreError> {
    let Some(key) = cookies::get(headers, &jar(app).name(COOKIE)) else { return Ok(None) };
    let session = hash(key);
    let Some(found) = app.engine.store().session(session, machine_now()).await? else { return Ok(None) };
    let user = app.engine.snapshot().users.iter().find(|user| user.id == found.user).cloned();
    Ok(user.map(|user| {
        let reader = Reader::of(headers, user.language.as_deref(), app.engine.clock().now());
        Signed { user, csrf: found.csrf, reader, session }
    }))
}

impl FromRequestParts<App> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        match signed(app, &parts.headers).await {
            Ok(Some(signed)) => Ok(signed),
            Ok(None) => Err(to_sign_in(parts)),
            Err(error) => Err(Fault::from(error).into_response()),
        }
    }
}

/// A page leads to the sign-in and back; what the script asks for just says no.
fn to_sign_in(parts: &Parts) -> Response {
    let path = parts.uri.path();
    let of_script = path.starts_with("/messages/fragments/")
        || path == "/messages/events"
        || parts.headers.contains_key("x-fragment");
    if of_script {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let back = if parts.method == Method::GET {
        parts.uri.path_and_query().map_or("/", |p| p.as_str())
    } else {
        "/"
    };
    let query: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("next", back).finish();
    super::to(&if back == "/" { "/sign-in".to_owned() } else { format!("/sign-in?{query}") })
}
