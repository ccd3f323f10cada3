//! Placeholder.
use crate::state::App;
use axum::Router;
pub(crate) mod password;
pub(crate) fn routes() -> Router<App> { Router::new() }
