//! `/hooks/{key}`: what providers call.

use crate::body;
use crate::finish::finish;
use crate::problem::Problem;
use crate::state::App;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chaski_engine::ingest::Refused;
use chaski_model::{ChannelKind, ErrorCode};

/// A provider's check that the address is ours, or a webhook that came as GET.
pub(crate) async fn check(
    State(app): State<App>,
    Path(key): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    match app.engine.challenge(&key, &query).await {
        Ok(challenge) => {
            let status = StatusCode::from_u16(challenge.status).unwrap_or(StatusCode::FORBIDDEN);
            (status, challenge.body).into_response()
        }
        Err(Refused::UnknownKey) => {
            let engine = std::sync::Arc::clone(&app.engine);
            taken(finish(async move { engine.ingest_query(&key, &query, &headers).await }).await)
        }
        Err(refused) => answer(refused),
    }
}

/// A webhook. The answer comes after the commit; the work goes on even if the provider hangs up.
pub(crate) async fn receive(State(app): State<App>, Path(key): Path<String>, request: Request) -> Response {
    let (Parts { headers, uri, .. }, content) = request.into_parts();
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_mail = kind.trim().to_ascii_lowercase().starts_with("message/rfc822");
    // Nobody fills the memory who does not know the key of a channel that takes mails.
    let takes_mail = is_mail && app.engine.hook_kind(&key).await == Some(ChannelKind::Email);
    let limit = if takes_mail { body::MAIL } else { body::HOOK };
    let bytes = match body::read(content, limit).await {
        Ok(bytes) => bytes,
        Err(problem) => return problem.into_response(),
    };
    let engine = std::sync::Arc::clone(&app.engine);
    taken(finish(async move { engine.ingest(&key, uri.query(), &headers, &bytes).await }).await)
}

/// The webhook of custom channels: one address for all, told apart by the token that each one shows.
pub(crate) async fn custom(State(app): State<App>, request: Request) -> Response {
    let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = shown.and_then(|value| value.split_once(' ')).map(|(_, token)| token.trim().to_owned());
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        let message = "The header Authorization is missing: send `Bearer` and the channel's token.";
        return Problem::new(ErrorCode::WebhookUnauthorized, message).into_response();
    };
    let answer = receive(State(app), Path(token), request).await;
    if answer.status() == StatusCode::NOT_FOUND {
        let message = "No channel has this token; take the one that was shown when the channel was added.";
        return Problem::new(ErrorCode::WebhookUnauthorized, message).into_response();
    }
    answer
}

fn taken(result: Result<Option<serde_json::Value>, Refused>) -> Response {
    match result {
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
