//! Placeholder.
use crate::state::App;
use axum::Router;
pub(crate) fn routes() -> Router<App> {
    Router::new()
}

/// The OpenAPI document.
pub fn document() -> serde_json::Value {
    serde_json::json!({})
}
