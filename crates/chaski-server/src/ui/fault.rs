//! What goes wrong on a page, and the page that says so.
//!
//! A handler answers with a [`Fault`]; [`dress`], the outermost layer of the web, turns it into a
//! page in the reader's language and gives every answer its security headers.

use super::page;
use super::words::Reader;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chaski_engine::clock::machine_now;
use chaski_store::StoreError;

const POLICY: &str = "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is nothing here, or it is another workspace's.
    NotFound,
    /// The form was not ours, or too old.
    Csrf,
    /// This role may not do that.
    Forbidden,
    /// The form could not be read.
    Form,
    /// Something broke; the cause is logged.
    Broken(String),
}

impl Fault {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Csrf | Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Form => StatusCode::BAD_REQUEST,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(_) => Self::NotFound,
            other => Self::Broken(other.to_string()),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Renders faults, and gives every answer of the web its security headers.
pub(crate) async fn dress(request: Request, next: Next) -> Response {
    let reader = Reader::stranger(request.headers(), machine_now());
    let method = request.method().clone();
    let mut response = next.run(request).await;
    if let Some(fault) = response.extensions_mut().remove::<Fault>() {
        if let Fault::Broken(cause) = &fault {
            tracing::error!(%method, cause, "a page could not be shown");
        }
        response = (fault.status(), page::fault(&reader, &fault)).into_response();
    }
    secure(&mut response);
    response
}

/// The page for an address where there is nothing.
pub(crate) fn nothing_here(headers: &axum::http::HeaderMap) -> Response {
    let reader = Reader::stranger(headers, machine_now());
    let mut response = (StatusCode::NOT_FOUND, page::fault(&reader, &Fault::NotFound)).into_response();
    secure(&mut response);
    response
}

fn secure(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
