//! `/hooks/{key}`: what providers call.

use crate::body;
use crate::finish::finish;
use crate::problem::Problem;
use crate::state::App;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use chaski_engine::ingest::Refused;
use chaski_model::ErrorCode;

/// A provider's check that the address is ours.
pub(crate) async fn check(
    State(app): State<App>,
    Path(key): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    match app.engine.challenge(&key, query.as_deref().unwrap_or("")).await {
        Ok(challenge) => {
            let status = StatusCode::from_u16(challenge.status).unwrap_or(StatusCode::FORBIDDEN);
            (status, challenge.body).into_response()
        }
        Err(refused) => answer(refused),
    }
}

/// A webhook. The answer comes after the commit; the work goes on even if the provider hangs up.
pub(crate) async fn receive(State(app): State<App>, Path(key): Path<String>, request: Request) -> Response {
    let (Parts { headers, .. }, content) = request.into_parts();
    let bytes = match body::read(content, body::HOOK).await {
        Ok(bytes) => bytes,
        Err(problem) => return problem.into_response(),
    };
    let engine = std::sync::Arc::clone(&app.engine);
    match finish(async move { engine.ingest(&key, &headers, &bytes).await }).await {
        Ok(None) => StatusCode::OK.into_response(),
        Ok(Some(body)) => axum::Json(body).into_response(),
        Err(refused) => answer(refused),
    }
}

fn answer(refused: Refused) -> Response {
    match refused {
        Refused::UnknownKey => {
            Problem::new(ErrorCode::RouteNotFound, "No webhook has this address.").into_response()
        }
        Refused::Unauthorized(failure) => {
            metrics::counter!("chaski_webhooks_refused_total").increment(1);
            tracing::warn!(cause = %failure.message, "a webhook was refused");
            Problem::new(ErrorCode::WebhookUnauthorized, failure.message).into_response()
        }
        Refused::Store(error) => Problem::from(error).into_response(),
    }
}
