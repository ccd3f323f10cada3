//! The way in: receipts and messages from contacts.

use crate::error::StoreError;
use crate::outbox::Head;
use async_trait::async_trait;
use chaski_model::address::Address;
use chaski_model::{
    ChannelId, ContactId, Failure, HookId, MessageId, PartRef, ReceiptKind, Timestamp, WorkspaceId,
};

/// A provider's report about a part of ours.
#[derive(Debug, Clone)]
pub struct ReceiptIn {
    /// The part that it is about.
    pub part: PartRef,
    /// The workspace and channel that the hook may speak for.
    pub workspace: WorkspaceId,
    /// The channel.
    pub channel: ChannelId,
    /// What is reported.
    pub kind: ReceiptKind,
    /// When, by the provider's clock.
    pub provider_at: Timestamp,
    /// When it came (domain time).
    pub received_at: Timestamp,
    /// The provider's id of the message.
    pub provider_id: String,
    /// Why, for failures.
    pub failure: Option<Failure>,
    /// Addresses that the report tells.
    pub learned: Vec<Address>,
    /// The failure says that the window is closed.
    pub closes_window: bool,
    /// Later receipts for the part stand for everything up to a moment: a `sent` tells its own.
    pub follows: bool,
}

/// What became of a receipt.
#[derive(Debug, Clone, Copy)]
pub enum ReceiptVerdict {
    /// New. `next` is the lane's next head when an unknown part was holding it.
    Applied {
        /// Work that can begin.
        next: Option<Head>,
    },
    /// Known already.
    Duplicate,
    /// No such part on this channel.
    Unmatched,
}

/// A message from a contact.
#[derive(Debug, Clone)]
pub struct InboundIn {
    /// Its id here.
    pub id: MessageId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The channel it came by.
    pub channel: ChannelId,
    /// The provider's id: what doubles are told by.
    pub provider_id: String,
    /// Every address of the sender, the best to answer first.
    pub from: Vec<Address>,
    /// The name that the contact gave itself.
    pub profile_name: Option<String>,
    /// When, by the provider's clock.
    pub at: Timestamp,
    /// When it came (domain time).
    pub received_at: Timestamp,
    /// JSON of the content.
    pub content: String,
    /// JSON of the origin.
    pub origin: String,
    /// It brings media, which are to be fetched.
    pub wants_media: bool,
}

/// What became of an inbound message.
#[derive(Debug, Clone, Copy)]
pub enum InboundVerdict {
    /// New.
    Stored {
        /// The contact, possibly just created.
        contact: ContactId,
    },
    /// Known already.
    Duplicate,
}

/// A contact that shut us out or let us in again, as a provider's webhook tells it.
#[derive(Debug, Clone)]
pub struct AccessIn {
    /// The workspace and channel that the hook may speak for.
    pub workspace: WorkspaceId,
    /// The channel.
    pub channel: ChannelId,
    /// The contact's address on it.
    pub address: String,
    /// Shut out; else let in again.
    pub blocked: bool,
    /// When, by the provider's clock.
    pub at: Timestamp,
    /// When it came (domain time).
    pub received_at: Timestamp,
}

/// How many bytes of a webhook that could not be used are kept.
pub const KEPT_BYTES: usize = 256 * 1024;

/// A webhook that cannot be used.
#[derive(Debug, Clone)]
pub struct KeepIn {
    /// The workspace and hook that it came to.
    pub workspace: WorkspaceId,
    /// The hook.
    pub hook: HookId,
    /// When it came.
    pub received_at: Timestamp,
    /// Why it cannot be used, in English.
    pub cause: String,
    /// What its address said after the question mark.
    pub query: String,
    /// Its body; more than [`KEPT_BYTES`] are cut off.
    pub body: Vec<u8>,
}

/// A webhook that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptWebhook {
    /// Its number.
    pub id: i64,
    /// The hook that it came to.
    pub hook: HookId,
    /// When it came.
    pub received_at: Timestamp,
    /// Why it could not be used, in English.
    pub cause: String,
    /// What its address said after the question mark.
    pub query: String,
    /// Its body, or the beginning of it.
    pub body: Vec<u8>,
}

/// What providers tell us.
#[async_trait]
pub trait Receive: Send + Sync {
    /// Applies a receipt.
    async fn receipt(&self, receipt: ReceiptIn) -> Result<ReceiptVerdict, StoreError>;

    /// Finds the part that a provider's id belongs to, for receipts without our reference.
    async fn part_by_provider_id(
        &self,
        channel: ChannelId,
        provider_id: &str,
        now: Timestamp,
    ) -> Result<Option<PartRef>, StoreError>;

    /// Stores a message from a contact: contact, addresses, lane, window, thread, event.
    async fn inbound(&self, inbound: InboundIn) -> Result<InboundVerdict, StoreError>;

    /// Joins addresses of one person to the contact that has one of them.
    async fn learn(
        &self,
        workspace: WorkspaceId,
        addresses: Vec<Address>,
        from: &'static str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Keeps whether a contact lets us write to it. What was told or written later stands, and so does
    /// the silence about a contact that is not known on the channel.
    async fn set_access(&self, access: AccessIn) -> Result<(), StoreError>;

    /// Keeps a webhook that could not be used.
    async fn keep(&self, webhook: KeepIn) -> Result<(), StoreError>;

    /// Kept webhooks of a workspace, the newest first, below a number.
    async fn kept_webhooks(
        &self,
        workspace: WorkspaceId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<KeptWebhook>, StoreError>;

    /// Lets a kept webhook go, once it was of use after all or is of no interest; whether there was one.
    async fn let_webhook_go(&self, workspace: WorkspaceId, id: i64) -> Result<bool, StoreError>;

    /// Whether a signature's id was seen before.
    async fn is_seen(&self, hook: HookId, id: &str) -> Result<bool, StoreError>;

    /// Remembers a signature's id for as long as its signature would be believed.
    async fn mark_seen(&self, hook: HookId, id: String, now: Timestamp) -> Result<(), StoreError>;
}
