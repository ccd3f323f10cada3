//! The feed: what changed, in commit order, numbered densely per workspace.

use crate::error::StoreError;
use async_trait::async_trait;
use chaski_model::{ContactId, MessageId, Timestamp, WorkspaceId};
use tokio::sync::watch;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEvent {
    /// Its place.
    pub seq: i64,
    /// Domain time.
    pub at: Timestamp,
    /// `message.accepted`, `message.status`, `message.received`, `contact.created`, `contact.updated`,
    /// `contact.tag.updated`, `contact.lifecycle.updated`, `contact.assignee.updated`, `conversation.seen`,
    /// `channel.changed`, `templates.changed`.
    pub kind: String,
    /// The contact concerned.
    pub contact: Option<ContactId>,
    /// The message concerned.
    pub message: Option<MessageId>,
    /// JSON, where the kind needs more.
    pub body: Option<String>,
}

/// Following the changes.
#[async_trait]
pub trait Feed: Send + Sync {
    /// The newest seq of a workspace.
    async fn head(&self, workspace: WorkspaceId) -> Result<i64, StoreError>;
    /// Changes after a seq, oldest first.
    async fn events(
        &self,
        workspace: WorkspaceId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<FeedEvent>, StoreError>;
    /// Ticks after each commit that changed a feed.
    fn ticks(&self) -> watch::Receiver<u64>;
    /// Brings conversations and counters up to the feed; true while there is more to do.
    async fn project(&self, limit: usize) -> Result<bool, StoreError>;
}
