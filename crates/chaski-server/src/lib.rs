//! HTTP: the public API under `/v2`, the providers' webhooks under `/hooks`, the operator's API
//! under `/admin/v1`, the web, and what watches over it.
//!
//! There is no SQL here and no provider's field name. The API's own field names live here alone.

pub mod admin;
pub mod api;
mod auth;
mod body;
mod finish;
mod health;
mod hooks;
mod media;
mod observe;
mod problem;
mod server;
pub mod setup;
mod state;
pub mod timeline;
pub mod ui;

pub use api::openapi::document as openapi;
pub use health::Health;
pub use observe::install_metrics;
pub use server::{router, serve};
pub use state::{App, AppState};
