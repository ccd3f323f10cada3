//! What the inbox and the API read: conversations, threads, one message with its whole life.

use crate::contacts::Contact;
use crate::error::StoreError;
use crate::media::MediaState;
use crate::outbox::{Origin, Resolved};
use async_trait::async_trait;
use chaski_model::message::{Content, Direction};
use chaski_model::{ChannelId, ContactId, Failure, MessageId, Rank, ReceiptKind, Timestamp, WorkspaceId};

/// One message as stored.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its number.
    pub id: MessageId,
    /// Its contact.
    pub contact: ContactId,
    /// The channel of the current delivery.
    pub channel: ChannelId,
    /// In or out.
    pub direction: Direction,
    /// When it was accepted or written.
    pub created_at: Timestamp,
    /// As the caller or the contact wrote it.
    pub content: Content,
    /// What accepting found out (outbound).
    pub resolved: Option<Resolved>,
    /// Where it came from.
    pub origin: Origin,
    /// How far it has come.
    pub rank: Rank,
    /// The outcome of a part is unknown.
    pub unknown: bool,
    /// When the provider took it.
    pub sent_at: Option<Timestamp>,
    /// When it failed.
    pub failed_at: Option<Timestamp>,
    /// When it arrived.
    pub delivered_at: Option<Timestamp>,
    /// When it was read.
    pub read_at: Option<Timestamp>,
    /// The provider's id of its first part.
    pub provider_id: Option<String>,
    /// Why it failed.
    pub error: Option<Failure>,
    /// When retention removed what it said.
    pub blanked_at: Option<Timestamp>,
    /// Where the media of an inbound message stand.
    pub media: Option<MediaState>,
}

impl Message {
    /// The content with variables filled in.
    pub fn shown(&self) -> &Content {
        self.resolved.as_ref().and_then(|resolved| resolved.content.as_ref()).unwrap_or(&self.content)
    }
}

/// What happened to one part.
#[derive(Debug, Clone)]
pub struct PartLife {
    /// Which delivery, from 1.
    pub delivery: u16,
    /// Which part, from 1.
    pub part: u16,
    /// 0 waiting, 1 queued, 2 begun, 3 retry, 4 unknown, 5 ended.
    pub state: i64,
    /// When it is due again (retry).
    pub due_at: Option<Timestamp>,
    /// Whether it stepped aside.
    pub aside: bool,
    /// The provider's id.
    pub provider_id: Option<String>,
    /// Its attempts.
    pub attempts: Vec<Attempt>,
    /// Its receipts, as they came.
    pub receipts: Vec<ReceiptRow>,
}

/// One attempt.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// From 1.
    pub number: u16,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// sent, retry, unknown, slow_down, fail, hold, not_sent.
    pub outcome: String,
    /// The provider's HTTP status.
    pub http_status: Option<u16>,
    /// Why.
    pub failure: Option<Failure>,
    /// When the next one is due.
    pub next_at: Option<Timestamp>,
}

/// One receipt.
#[derive(Debug, Clone)]
pub struct ReceiptRow {
    /// What was reported.
    pub kind: ReceiptKind,
    /// The provider's time.
    pub provider_at: Timestamp,
    /// When it came.
    pub received_at: Timestamp,
    /// Why, for failures.
    pub failure: Option<Failure>,
}

/// One row of the inbox's list.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// The contact.
    pub contact: Contact,
    /// The newest message.
    pub last: Message,
    /// When the newest message was.
    pub last_at: Timestamp,
    /// Inbound messages that nobody has seen.
    pub unread: i64,
    /// The newest message of ours failed.
    pub failed: bool,
}

/// Which conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// All of them.
    All,
    /// With unseen inbound messages.
    Unread,
    /// Whose newest message of ours failed.
    Failed,
}

/// The inbox's numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Conversations.
    pub all: i64,
    /// Conversations with unseen messages.
    pub unread: i64,
    /// Conversations with a failure.
    pub failed: i64,
}

/// Reading.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// One message.
    async fn message(&self, workspace: WorkspaceId, id: MessageId) -> Result<Option<Message>, StoreError>;
    /// A contact's messages, newest first, older than `before`.
    async fn thread(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError>;
    /// A contact's messages next newer than `after`, newest first.
    async fn thread_after(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        after: MessageId,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError>;
    /// What happened to each part of a message.
    async fn life(&self, workspace: WorkspaceId, id: MessageId) -> Result<Vec<PartLife>, StoreError>;
    /// Conversations, newest first, older than `before`.
    async fn conversations(
        &self,
        workspace: WorkspaceId,
        filter: Filter,
        before: Option<(Timestamp, ContactId)>,
        limit: usize,
    ) -> Result<Vec<Conversation>, StoreError>;
    /// The conversation of one contact.
    async fn conversation(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
    ) -> Result<Option<Conversation>, StoreError>;
    /// The numbers beside the filters.
    async fn counts(&self, workspace: WorkspaceId) -> Result<Counts, StoreError>;
    /// A person has seen a thread up to a message.
    async fn seen(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        up_to: MessageId,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Messages with an unknown outcome, newest first.
    async fn unknown(&self, workspace: WorkspaceId, limit: usize) -> Result<Vec<MessageId>, StoreError>;
}
