//! Receipts that stand for everything up to a moment, receipts that come too early, and messages that a contact
//! took back.

use crate::error::StoreError;
use async_trait::async_trait;
use chaski_model::{ChannelId, MessageId, PartRef, ReceiptKind, Timestamp, WorkspaceId};
use std::time::Duration;

/// How far behind what was reported before a report is still applied: it may have come twice because the
/// first time was cut off.
pub(crate) const OVERLAP: Duration = Duration::from_secs(2 * 86_400);
/// The most parts that one look tells.
pub(crate) const PAGE: i64 = 200;
/// The newest parts of a lane among which a provider's id is looked for.
pub(crate) const NEWEST: i64 = 500;
/// How many weeks back a message that was taken back is looked for.
pub(crate) const WEEKS_BACK: i64 = 5;

/// A provider's report about everything that it brought to one contact.
#[derive(Debug, Clone)]
pub struct UpToIn {
    /// The workspace and channel that the hook may speak for.
    pub workspace: WorkspaceId,
    /// The channel.
    pub channel: ChannelId,
    /// The contact's address there.
    pub address: String,
    /// What is reported.
    pub kind: ReceiptKind,
    /// Up to when, by the provider's clock.
    pub up_to: Timestamp,
    /// The message up to which, where the provider names one; `up_to` holds while it is not known.
    pub provider_id: Option<String>,
}

/// A part that a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// The part.
    pub part: PartRef,
    /// The provider's id of it.
    pub provider_id: String,
}

/// The most early receipts of one channel that wait; beyond them the ones go that have waited in vain the most:
/// an answer that is still on its way comes soon.
pub(crate) const EARLY: i64 = 2_000;

/// A receipt that names an id which no message has yet: the answer that gives it is still on its way, or the
/// message is none of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Early {
    /// Its number; 0 before it is kept.
    pub id: i64,
    /// The workspace and channel that its hook may speak for.
    pub workspace: WorkspaceId,
    /// The channel.
    pub channel: ChannelId,
    /// The receipt as the adapter understood it, in JSON.
    pub receipt: String,
    /// When it came.
    pub received_at: Timestamp,
    /// When it is to be held against what was sent again.
    pub next_at: Timestamp,
    /// How often it was.
    pub tries: u32,
}

/// What such reports need.
#[async_trait]
pub trait Reports: Send + Sync {
    /// Tells the parts that a report is news for: at most a page, the newest first. Whoever asks applies a
    /// receipt to each and asks again until there are none; only then is it noted how far the provider has
    /// reported, so that what is settled later counts too.
    async fn report_up_to(&self, report: UpToIn) -> Result<Vec<Covered>, StoreError>;

    /// Keeps a receipt that came too early.
    async fn keep_early(&self, early: Early) -> Result<(), StoreError>;

    /// Tells the early receipts that are due first, at most so many.
    async fn early_receipts(&self, limit: usize) -> Result<Vec<Early>, StoreError>;

    /// Puts early receipts off until a moment, or lets them go.
    async fn put_off_early(&self, ids: Vec<i64>, until: Option<Timestamp>) -> Result<(), StoreError>;

    /// Removes what a contact took back, by the provider's ids, and keeps it from being stored later. The
    /// messages that it was found in.
    async fn remove_inbound(
        &self,
        workspace: WorkspaceId,
        channel: ChannelId,
        provider_ids: Vec<String>,
        now: Timestamp,
    ) -> Result<Vec<MessageId>, StoreError>;
}
