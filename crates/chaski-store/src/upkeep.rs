//! The engine's own health: what failed and can be sent again, what has stood still for too long,
//! what is old enough to go.

use crate::error::StoreError;
use crate::outbox::Head;
use async_trait::async_trait;
use chaski_model::{ChannelId, ContactId, Failure, MessageId, Timestamp, WorkspaceId};

/// What messages failed of: the channel, our code and the provider's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// The channel.
    pub channel: ChannelId,
    /// Our stable code.
    pub code: String,
    /// The provider's own code, where it gave one.
    pub provider_code: Option<i64>,
}

/// The dead letters of one cause.
#[derive(Debug, Clone)]
pub struct DeadLetterGroup {
    /// Whose they are.
    pub workspace: WorkspaceId,
    /// What they failed of.
    pub cause: Cause,
    /// How many.
    pub messages: u64,
    /// When the oldest message failed.
    pub first_at: Timestamp,
    /// When the newest message failed.
    pub last_at: Timestamp,
    /// The newest message.
    pub sample: MessageId,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// One message that failed and can be sent again.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// Which.
    pub message: MessageId,
    /// Whom it was for.
    pub contact: ContactId,
    /// What it failed of.
    pub cause: Cause,
    /// When.
    pub failed_at: Timestamp,
    /// Why.
    pub failure: Option<Failure>,
}

/// Which dead letters a step takes: those of one cause or all, that failed before a moment, from the
/// old end.
#[derive(Debug, Clone)]
pub struct DeadLetterStep {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Only these.
    pub cause: Option<Cause>,
    /// Only newer messages than this one: where the step before ended.
    pub after: Option<MessageId>,
    /// Only what failed before then: what fails again during a run is not taken twice.
    pub failed_before: Timestamp,
    /// How many at most.
    pub limit: usize,
}

/// How a replay is opened.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The person or the token that asked for it.
    pub by: String,
    /// 0 high, 1 normal, 2 low.
    pub class: u8,
    /// Domain time.
    pub now: Timestamp,
    /// When trying ends.
    pub expires_at: Timestamp,
}

/// Why a message is not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReplayed {
    /// There is no such message of ours.
    Missing,
    /// It has not failed.
    NotFailed,
    /// A part of it is still under way, or its outcome is unknown.
    UnderWay,
    /// It was refused before it was accepted for delivery: a replay would be refused again.
    Refused,
    /// Retention has removed what it said.
    Blanked,
    /// Its channel was removed.
    ChannelRemoved,
}

/// What became of a step over dead letters.
#[derive(Debug, Clone, Default)]
pub struct Replayed {
    /// Messages that are sent again.
    pub messages: usize,
    /// Messages that are not, and why.
    pub skipped: Vec<(MessageId, NotReplayed)>,
    /// Work that can begin.
    pub heads: Vec<Head>,
    /// The last message that was looked at; `None` when there was none.
    pub last: Option<MessageId>,
}

/// A delivery after the first.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Its number, from 2.
    pub delivery: u16,
    /// `replay`.
    pub cause: String,
    /// When.
    pub at: Timestamp,
    /// Who asked for it.
    pub by: Option<String>,
    /// What the delivery before it had failed of.
    pub withdrawn: Option<Failure>,
}

/// Messages that failed for good: grouped, listed, sent again.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// Every cause with its number, of one workspace or of all; never counts messages.
    async fn dead_letter_groups(
        &self,
        workspace: Option<WorkspaceId>,
    ) -> Result<Vec<DeadLetterGroup>, StoreError>;

    /// Dead letters of a cause or of all, newest first, older than `before`.
    async fn dead_letters(
        &self,
        workspace: WorkspaceId,
        cause: Option<Cause>,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError>;

    /// Opens a new delivery of a failed message: the parts that failed stand in the lane again.
    async fn replay(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
        replay: Replay,
    ) -> Result<Result<Option<Head>, NotReplayed>, StoreError>;

    /// The same for many, in one step.
    async fn replay_dead_letters(&self, step: DeadLetterStep, replay: Replay)
    -> Result<Replayed, StoreError>;

    /// Takes dead letters off the list; the messages stay failed. Returns how many.
    async fn dismiss_dead_letters(&self, step: DeadLetterStep) -> Result<usize, StoreError>;

    /// The deliveries of a message after the first.
    async fn deliveries(&self, workspace: WorkspaceId, message: MessageId)
    -> Result<Vec<Opened>, StoreError>;
}

/// An outcome that nobody knows, and what is known.
#[derive(Debug, Clone)]
pub struct UnknownOutcome {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Which message.
    pub message: MessageId,
    /// Whom it was for.
    pub contact: ContactId,
    /// By which channel.
    pub channel: ChannelId,
    /// When the call began.
    pub begun_at: Option<Timestamp>,
    /// Since when the outcome is unknown.
    pub since: Timestamp,
    /// What happened to the answer.
    pub failure: Option<Failure>,
}

/// What has been reported about a message that the provider took.
#[derive(Debug, Clone, Copy)]
pub struct Reported {
    /// Which.
    pub message: MessageId,
    /// It is still on its way to the provider.
    pub is_pending: bool,
    /// When the provider took it.
    pub sent_at: Option<Timestamp>,
    /// When it arrived.
    pub delivered_at: Option<Timestamp>,
    /// When the newest receipt about it came.
    pub receipt_at: Option<Timestamp>,
}

/// How far somebody who follows the feed is behind.
#[derive(Debug, Clone, Copy)]
pub struct Lag {
    /// Whose feed.
    pub workspace: WorkspaceId,
    /// `inbox`.
    pub follower: &'static str,
    /// How far it has come.
    pub position: i64,
    /// How many events it is behind.
    pub events: i64,
}

/// What has stood still for too long. Every look is bounded.
#[async_trait]
pub trait Watch: Send + Sync {
    /// Which of these channels have attempts that were begun, never settled, and had to leave before
    /// `call_by_before` (machine time).
    async fn with_open_attempts(
        &self,
        channels: Vec<ChannelId>,
        call_by_before: Timestamp,
    ) -> Result<Vec<ChannelId>, StoreError>;

    /// The newest messages of ours, newer than `after`, with their channels; `limit` bounds the rows that
    /// are looked at, in and out.
    async fn newest_sent(
        &self,
        after: MessageId,
        limit: usize,
    ) -> Result<Vec<(MessageId, ChannelId)>, StoreError>;

    /// What has been reported about these messages.
    async fn reported(&self, messages: Vec<MessageId>) -> Result<Vec<Reported>, StoreError>;

    /// Messages with an unknown outcome, newest first, older than `before`.
    async fn unknown_outcomes(
        &self,
        workspace: Option<WorkspaceId>,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<UnknownOutcome>, StoreError>;

    /// Whether something can be stored just now: reading goes on where a disk has turned read-only.
    async fn can_write(&self) -> Result<(), StoreError>;

    /// Steps that wait for the writer just now.
    fn writer_waiting(&self) -> usize;

    /// How far each follower of a feed is behind.
    async fn lag(&self) -> Result<Vec<Lag>, StoreError>;
}

/// A kind of data that goes by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kept {
    /// What messages said: blanked, not deleted, so that threads keep working.
    Contents,
    /// Attempts and receipts.
    History,
    /// Parts and deliveries of messages that were blanked, with what came after their history went.
    Deliveries,
    /// Media of inbound messages: what is known of them; their files go with the next sweep of the folder.
    Media,
    /// Events of the feed that every follower has seen.
    Events,
    /// What was said to and by providers; the embedded store keeps it in whole weeks.
    Exchanges,
    /// Dead letters; their messages stay.
    DeadLetters,
    /// Webhooks that could not be used.
    Webhooks,
    /// Providers' ids, by which doubled webhooks are told.
    ProviderIds,
    /// Answers to Idempotency-Keys.
    Idempotency,
    /// Sessions and sign-in links whose time is over (machine time).
    Sessions,
    /// Ids of signatures whose time is over.
    Signatures,
}

impl Kept {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Contents,
        Self::History,
        Self::Deliveries,
        Self::Media,
        Self::Events,
        Self::Exchanges,
        Self::DeadLetters,
        Self::Webhooks,
        Self::ProviderIds,
        Self::Idempotency,
        Self::Sessions,
        Self::Signatures,
    ];

    /// The word in metrics and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Contents => "messages",
            Self::History => "history",
            Self::Deliveries => "deliveries",
            Self::Media => "media",
            Self::Events => "events",
            Self::Exchanges => "exchanges",
            Self::DeadLetters => "dead_letters",
            Self::Webhooks => "webhooks",
            Self::ProviderIds => "provider_ids",
            Self::Idempotency => "idempotency",
            Self::Sessions => "sessions",
            Self::Signatures => "signatures",
        }
    }
}

/// What is left of a message's content.
pub(crate) const BLANK: &str = r#"{"type":"text","text":""}"#;
const DAY_MS: i64 = 86_400_000;
const WEEK_MS: i64 = 7 * DAY_MS;

/// A failure without anybody's words, as its column has it.
pub(crate) fn bare(json: &str) -> Option<String> {
    let failure: Failure = serde_json::from_str(json).ok()?;
    let mut bare = Failure::new(failure.code, failure.code.info().en.0);
    bare.provider_code = failure.provider_code;
    Some(serde_json::to_string(&bare).expect("a failure is plain data"))
}

/// A moment as the kind's tables keep it: whole weeks and days go as such.
pub(crate) fn bound(kind: Kept, before: Timestamp) -> i64 {
    match kind {
        Kept::ProviderIds => before.0.div_euclid(WEEK_MS),
        Kept::Idempotency => before.0.div_euclid(DAY_MS),
        _ => before.0,
    }
}

/// A message in a stretch from the old end.
pub(crate) struct Old {
    pub(crate) id: i64,
    pub(crate) created_at: i64,
    pub(crate) has_ended: bool,
    pub(crate) is_blanked: bool,
}

impl Old {
    /// Whether a stretch ends before it. A provider's clock that runs years ahead must not stop
    /// everything behind it.
    pub(crate) fn is_young(&self, before: Timestamp, now: Timestamp) -> bool {
        (before.0..=now.0 + DAY_MS).contains(&self.created_at)
    }
}

/// What a step of retention did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Rows that went, or messages that were blanked.
    pub rows: u64,
    /// There is more to do.
    pub more: bool,
}

/// Removing what is old, from the old end.
#[async_trait]
pub trait Retention: Send + Sync {
    /// One step: what is older than `before` goes, looking at no more than `limit` rows.
    async fn sweep(
        &self,
        kind: Kept,
        before: Timestamp,
        now: Timestamp,
        limit: usize,
    ) -> Result<Swept, StoreError>;

    /// How much [`sweep`](Retention::sweep) would remove, step after step. For people: it looks at all of
    /// it, page by page.
    async fn removable(&self, kind: Kept, before: Timestamp, now: Timestamp) -> Result<u64, StoreError>;

    /// Gives up to `pages` free pages back to the file system; how many went.
    async fn compact(&self, pages: u32) -> Result<u32, StoreError>;
}
