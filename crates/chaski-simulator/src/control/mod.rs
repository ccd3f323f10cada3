//! The control API under `/sim/v1`, with which tests and people steer the simulator.

mod clock;
mod fault;
pub(crate) mod phones;
mod settings;
pub(crate) mod write;

use std::time::Duration;

use axum::Json;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::accounts;
use crate::providers::vonage::PRIVATE_KEY;
use crate::server::Router;
use crate::sim::Shared;
use crate::source::Source;

/// The routes of the control API.
pub(crate) fn router() -> Router {
    axum::Router::new()
        .route("/sim/v1/accounts", get(accounts_list))
        .route("/sim/v1/webhooks", get(settings::webhooks).put(settings::put_webhook))
        .route("/sim/v1/exchanges", get(exchanges))
        .route("/sim/v1/phones", get(phones::list))
        .route("/sim/v1/phones/{address}", get(phones::one).put(phones::change))
        .route("/sim/v1/phones/{address}/open", post(phones::open))
        .route("/sim/v1/phones/{address}/messages", get(phones::messages).post(phones::write))
        .route("/sim/v1/faults", get(fault::list).put(fault::replace))
        .route("/sim/v1/mailboxes", post(settings::change_mailboxes))
        .route("/sim/v1/limits", get(settings::limits).put(settings::put_limits))
        .route("/sim/v1/templates", get(settings::templates).put(settings::put_templates))
        .route("/sim/v1/clock", get(clock::read).post(clock::advance))
        .route("/sim/v1/state", axum::routing::delete(clear))
        .route("/sim/v1/{*rest}", put(unknown).get(unknown).post(unknown).delete(unknown))
        .layer(DefaultBodyLimit::max(16 * 1024 * 1024))
        .layer(from_fn(own_origin))
}

/// A refusal in one sentence.
pub(crate) struct Refused(StatusCode, String);

impl Refused {
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, message.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"code": self.0.as_u16(), "message": self.1}))).into_response()
    }
}

/// A JSON body, refused in one sentence where it is not as expected.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body)
        .map_err(|fault| Refused::bad(format!("The body is not as expected: {fault}")))
}

/// How long a long poll waits: at most a minute.
pub(crate) fn patience(seconds: Option<f64>) -> Duration {
    let seconds = seconds.filter(|seconds| seconds.is_finite()).unwrap_or(0.0);
    Duration::from_secs_f64(seconds.clamp(0.0, 60.0))
}

/// The provider meant by a word.
pub(crate) fn source(word: &str) -> Result<Source, Refused> {
    let words: Vec<&str> = Source::ALL.iter().map(|source| source.word()).collect();
    Source::parse(word).ok_or_else(|| {
        Refused::bad(format!("There is no provider {word:?}; the simulator has {}", words.join(", ")))
    })
}

/// Refuses what another site's page makes a browser send.
pub(crate) async fn own_origin(request: Request, next: Next) -> Response {
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let is_own = origin.is_none_or(|origin| origin.split_once("://").map(|(_, rest)| rest) == host);
    if is_reading || is_own {
        return next.run(request).await;
    }
    Refused(StatusCode::FORBIDDEN, "Another site's page may not steer the simulator".to_owned())
        .into_response()
}

async fn accounts_list(State(sim): State<Shared>) -> Json<Value> {
    Json(accounts::listed(&sim.url, &sim.mail_urls, PRIVATE_KEY))
}

#[derive(Deserialize)]
struct ExchangesQuery {
    provider: Option<String>,
    after: Option<u64>,
    limit: Option<usize>,
}

async fn exchanges(
    State(sim): State<Shared>,
    Query(query): Query<ExchangesQuery>,
) -> Result<Json<Value>, Refused> {
    let provider = query.provider.as_deref().map(source).transpose()?;
    let limit = query.limit.unwrap_or(1000);
    if !(1..=1000).contains(&limit) {
        return Err(Refused::bad("`limit` must be from 1 to 1000"));
    }
    let found = sim.exchanges.list(provider, query.after, limit);
    Ok(Json(found.iter().map(crate::exchanges::Exchange::view).collect()))
}

/// Forgets phones, messages, exchanges, faults, limits and files; accounts with their webhooks,
/// templates and the clock stay.
async fn clear(State(sim): State<Shared>) -> StatusCode {
    sim.phones.clear();
    sim.exchanges.clear();
    sim.media.clear();
    sim.twilio.clear();
    sim.limits.reset();
    // An empty list of rules is always accepted.
    let _ = sim.faults.replace(Vec::new());
    sim.touch();
    StatusCode::NO_CONTENT
}

async fn unknown(request: Request) -> Refused {
    Refused::missing(format!("The control API has no {} {}", request.method(), request.uri().path()))
}
