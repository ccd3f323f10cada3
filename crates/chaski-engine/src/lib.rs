//! The engine: what happens between the API and the providers.
//!
//! Out: [`plan`] decides, [`Engine::store`] keeps, the [`dispatcher`] calls. In: [`ingest`] believes
//! a webhook and applies it. Everything else a provider is asked goes through [`tasks`].
//! There is no HTTP server and no SQL here.

pub mod channels;
pub mod clock;
mod cluster;
pub mod dead_letters;
pub mod directory;
pub mod dispatcher;
mod early;
pub mod engine;
pub mod guard;
pub mod ingest;
pub mod jobs;
mod mail_server;
mod mailbox;
pub mod media;
mod ownership;
pub mod pace;
pub mod plan;
mod prepared;
mod profiles;
mod reports;
pub mod retention;
pub mod schedule;
mod submission;
pub mod tasks;
pub mod tokens;
pub mod transport;
pub mod variables;
pub mod vault;
pub mod watch;

pub use clock::Clock;
pub use directory::Snapshot;
pub use engine::{Config, Engine};
pub use retention::Retention;
pub use watch::Deadlines;
