//! Who calls: a Bearer token, by its hash, with its scopes.

use crate::problem::Problem;
use crate::state::App;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use chaski_engine::tokens::hash;
use chaski_model::ErrorCode;
use chaski_store::admin::Token;
use std::sync::Arc;

/// The token of a request, if it may do what `scope` names.
pub(crate) async fn token(app: &App, headers: &HeaderMap, scope: &str) -> Result<Arc<Token>, Problem> {
    let unauthorized = |message: &str| Problem::new(ErrorCode::Unauthorized, message);
    let value = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| unauthorized("UN_AUTHORIZED: send `Authorization: Bearer TOKEN`."))?;
    let given = value
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| {
            unauthorized("UN_AUTHORIZED: the token must be sent as `Authorization: Bearer TOKEN`.")
        })?;
    let key = hash(given);
    let mut found = app.engine.snapshot().tokens.get(&key).cloned();
    if found.is_none() && app.engine.catch_up().await {
        found = app.engine.snapshot().tokens.get(&key).cloned();
    }
    let token = found.ok_or_else(|| {
        unauthorized("UN_AUTHORIZED: this server does not know the token; it may have been revoked.")
    })?;
    if token.expires_at.is_some_and(|at| at <= app.engine.clock().now()) {
        return Err(Problem::new(ErrorCode::TokenExpired, "The token has expired; make a new one."));
    }
    if !token.scopes.iter().any(|own| own == scope) {
        let message = format!("The token \"{}\" lacks the scope `{scope}`; use one that has it.", token.name);
        return Err(Problem::new(ErrorCode::ScopeMissing, message));
    }
    Ok(token)
}
