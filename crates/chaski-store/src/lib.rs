//! Durable storage: one set of traits by intent, SQLite and PostgreSQL behind it.
//!
//! One method is one atomic durable step, answered after its commit; many callers share a commit.
//! This is the only crate that may contain SQL. [`outbox`] is the heart: accept, begin, settle.

pub mod admin;
pub mod contacts;
pub mod copy;
pub mod error;
pub mod exchanges;
pub mod feed;
mod fresh;
pub mod inbox;
pub mod mailboxes;
pub mod media;
pub mod nodes;
pub mod outbox;
pub mod postgres;
pub mod receive;
mod recipients;
pub mod reports;
pub mod space;
pub mod sqlite;
pub mod upkeep;

pub use admin::Admin;
pub use contacts::Contacts;
pub use error::StoreError;
pub use exchanges::ExchangeLog;
pub use feed::Feed;
pub use inbox::Inbox;
pub use mailboxes::Mailboxes;
pub use media::InboundMedia;
pub use nodes::Nodes;
pub use outbox::Outbox;
pub use receive::Receive;
pub use reports::Reports;
pub use space::Space;
pub use upkeep::{DeadLetters, Retention, Watch};

/// Everything that a store can do.
pub trait Store:
    Outbox
    + Receive
    + Contacts
    + Admin
    + Feed
    + Inbox
    + Nodes
    + DeadLetters
    + Watch
    + Retention
    + ExchangeLog
    + InboundMedia
    + Mailboxes
    + Reports
    + Space
{
}
impl<T> Store for T where
    T: Outbox
        + Receive
        + Contacts
        + Admin
        + Feed
        + Inbox
        + Nodes
        + DeadLetters
        + Watch
        + Retention
        + ExchangeLog
        + InboundMedia
        + Mailboxes
        + Reports
        + Space
{
}
