//! Mailboxes that are read: how far, and why not.

use crate::error::StoreError;
use async_trait::async_trait;
use chaski_model::{AccountId, Timestamp};

/// How far a mailbox has been read (RFC 3501, section 2.3.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Which mailbox: another one begins anew.
    pub place: String,
    /// What the numbers of its mails hold for.
    pub uid_validity: u32,
    /// The number of the next mail.
    pub next_uid: u32,
    /// When it was last read.
    pub read_at: Timestamp,
}

/// What reading mailboxes needs.
#[async_trait]
pub trait Mailboxes: Send + Sync {
    /// How far an account's mailbox has been read; `None` = not at all.
    async fn mailbox_mark(&self, account: AccountId) -> Result<Option<Mark>, StoreError>;

    /// Notes how far it has been read. Whoever notes it twice has read twice.
    async fn mark_mailbox(&self, account: AccountId, mark: Mark) -> Result<(), StoreError>;

    /// Notes why it cannot be read, or that it can be again.
    async fn note_mailbox_error(&self, account: AccountId, error: Option<String>) -> Result<(), StoreError>;
}
