//! The way out: accept a message, begin its parts, settle what became of them.

use crate::error::StoreError;
use crate::nodes::Fence;
use async_trait::async_trait;
use chaski_model::address::Address;
use chaski_model::message::{Content, PartBody};
use chaski_model::template::{Difference, Finding, Mark, Note, Rendered};
use chaski_model::{
    ChannelId, ChannelKind, ContactId, ErrorCode, Failure, LaneId, MessageId, PartRef, Timestamp, WorkspaceId,
};
use serde::{Deserialize, Serialize};

/// What accepting found out: frozen with the message, so that a later change of a template or a
/// field does not change what was accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Resolved {
    /// The parts, in order. Empty when the message was refused.
    #[serde(default)]
    pub parts: Vec<PartBody>,
    /// The content with variables filled in, where it differs from what the caller wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// For templates: what the contact gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered: Option<Rendered>,
    /// For templates: the glance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// For templates: how the request differed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub difference: Vec<Difference>,
    /// What was done silently, said aloud.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// What the lint found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// One part of the JSON of [`Resolved`]; or that it cannot be read, which ends the part and nothing else.
pub(crate) fn body_of(resolved: &str, part: PartRef) -> Result<PartBody, Failure> {
    #[derive(Deserialize)]
    struct Parts {
        #[serde(default)]
        parts: Vec<PartBody>,
    }
    let unreadable = |cause: String| {
        tracing::error!(%part, cause, "what is stored of a message cannot be read");
        Failure::new(
            ErrorCode::Internal,
            "What is stored of the message cannot be read; it was not sent. Send it as a new message.",
        )
    };
    let read: Parts = serde_json::from_str(resolved).map_err(|cause| unreadable(cause.to_string()))?;
    let place = usize::from(part.part).saturating_sub(1);
    read.parts.into_iter().nth(place).ok_or_else(|| unreadable("it has no such part".into()))
}

/// Where a message came from and why it goes this way: the first lines of its timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Origin {
    /// `api`, `user`, `contact`.
    pub source: String,
    /// The API token's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The person who wrote it in the inbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<i64>,
    /// That person's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Whether an Idempotency-Key was given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idempotent: bool,
    /// Why this channel: `given`, `last_interacted`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub route: String,
    /// When the free-text window closes, as known when the message was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_closes_at: Option<Timestamp>,
    /// For inbound: the provider's id of the message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The request that brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// One message to store, with everything decided.
#[derive(Debug, Clone)]
pub struct Accept {
    /// Its id.
    pub id: MessageId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Whom it is for.
    pub contact: ContactId,
    /// The channel it takes.
    pub channel: ChannelId,
    /// The contact's address on it: names the lane.
    pub address: String,
    /// That lane, where it is known.
    pub lane: Option<LaneId>,
    /// The version of the contact that all this was decided by, if it may have changed since.
    pub version: Option<i64>,
    /// What the first call is made from: its body, and the contact's addresses on the channel, the lane's
    /// own first. A store may keep it at hand; without it, it reads what it stored.
    pub call: Option<(PartBody, Vec<Address>)>,
    /// Domain time.
    pub now: Timestamp,
    /// When trying ends.
    pub expires_at: Timestamp,
    /// 0 high, 1 normal, 2 low.
    pub class: u8,
    /// JSON of [`Content`].
    pub content: String,
    /// JSON of [`Resolved`].
    pub resolved: String,
    /// JSON of [`Origin`].
    pub origin: String,
    /// How many parts; none are queued when `failed` is set.
    pub parts: u16,
    /// Recorded as failed without calling the provider.
    pub failed: Option<Failure>,
    /// The Idempotency-Key, if given.
    pub idempotency: Option<Idempotency>,
}

/// A request's Idempotency-Key and what will be answered to it again.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// SHA-256 of workspace, token, route and key.
    pub key: [u8; 32],
    /// SHA-256 of the body.
    pub body: [u8; 32],
    /// The HTTP status of the answer.
    pub status: u16,
    /// The answer's JSON.
    pub answer: String,
}

/// What became of an accept.
#[derive(Debug, Clone)]
pub enum Accepted {
    /// Stored. `head` is set when the message's first part heads its lane and can go out.
    Stored {
        /// The work that can begin.
        head: Option<Head>,
        /// Else the lane in which it waits: what heads that is as urgent as it is, from now on.
        behind: Option<LaneId>,
    },
    /// The key was used with the same body: answer this again.
    Replay {
        /// HTTP status.
        status: u16,
        /// JSON.
        answer: String,
    },
    /// The key was used with another body.
    KeyConflict,
    /// Nothing was stored: the contact has changed since the version that was given.
    Stale,
}

/// Work that can begin: the head of a lane, or a part that stepped aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Which part.
    pub part: PartRef,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its channel.
    pub channel: ChannelId,
    /// Its lane.
    pub lane: LaneId,
    /// 0 high, 1 normal, 2 low.
    pub class: u8,
    /// Not before.
    pub due_at: Timestamp,
    /// A retry steps aside then; `None` = it has not failed yet, or has stepped aside already.
    pub keep_until: Option<Timestamp>,
    /// The outcome is unknown: it is not called again, only its lane waits until `due_at`.
    pub held: bool,
    /// When trying ends.
    pub expires_at: Timestamp,
}

impl Head {
    /// When something is to be done about it.
    pub fn look_at(&self) -> Timestamp {
        let wanted = self.keep_until.map_or(self.due_at, |keep| keep.min(self.due_at));
        // A held part only waits to let its lane go; any other must not wait past its time to live.
        if self.held { wanted } else { wanted.min(self.expires_at) }
    }
}

/// Whether a part may be called.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Yes: the attempt is on disk.
    Began(Box<Work>),
    /// No: it has ended meanwhile. The lane goes on with the given head.
    Gone {
        /// The lane's next head.
        next: Option<Head>,
    },
    /// No: its time was up; it is recorded as expired.
    Expired {
        /// The lane's next head.
        next: Option<Head>,
    },
    /// No: another node has taken the slot over and sends it.
    Fenced,
}

/// Everything that a call is made from.
#[derive(Debug, Clone)]
pub struct Work {
    /// The attempt's number, from 1.
    pub attempt: u16,
    /// What is sent; or why what was stored of it cannot be read, so that nothing can be sent.
    pub body: Result<PartBody, Failure>,
    /// The contact.
    pub contact: ContactId,
    /// The contact's addresses, the lane's own first.
    pub to: Vec<Address>,
    /// How many back-offs this lane has had in a row.
    pub backoffs: u32,
}

/// What became of an attempt.
#[derive(Debug, Clone)]
pub struct Settle {
    /// The part that was called.
    pub head: Head,
    /// The attempt's number.
    pub attempt: u16,
    /// When it began (domain time).
    pub begun_at: Timestamp,
    /// When it ended (domain time).
    pub ended_at: Timestamp,
    /// The provider's HTTP status, if it answered.
    pub http_status: Option<u16>,
    /// The end.
    pub end: End,
    /// Addresses learned from the answer.
    pub learned: Vec<Address>,
    /// The provider's ids by which later receipts name the part, where they do not echo our reference.
    pub names: Vec<String>,
    /// Receipts for it will stand for everything up to a moment.
    pub follows: bool,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub enum End {
    /// The provider took it.
    Sent {
        /// Its id there.
        provider_id: String,
    },
    /// Try again then.
    Retry {
        /// When.
        at: Timestamp,
        /// How long the part keeps its lane meanwhile, counted from its first failure.
        keep_lane_ms: i64,
        /// `retry`, `slow_down`, `hold`, `not_sent`.
        outcome: &'static str,
        /// Why.
        failure: Failure,
        /// The whole lane waits too (per-recipient back-off).
        backoff: bool,
    },
    /// Refused for good.
    Failed {
        /// Why.
        failure: Failure,
        /// The provider says that the window is closed.
        closes_window: bool,
        /// The provider says that the contact cannot be written to.
        shuts: bool,
    },
    /// Nobody knows.
    Unknown {
        /// Why.
        failure: Failure,
        /// When the lane goes on without it.
        let_go_at: Timestamp,
    },
    /// Given back without having left: no attempt took place.
    Unsent {
        /// When to try.
        at: Timestamp,
    },
}

/// What can go on after a settle.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settled {
    /// This part again (retry, unknown, unsent).
    pub again: Option<Head>,
    /// The lane's next head.
    pub next: Option<Head>,
}

/// What a recovery found.
#[derive(Debug, Clone, Default)]
pub struct Recovered {
    /// Parts whose outcome is unknown from now on, as they stand in the queue (held).
    pub unknown: Vec<Head>,
    /// Attempts that are open and may still be settled by whoever made them.
    pub open: usize,
}

/// The outbox. One method is one durable step.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// The next message id at machine time `machine_ms` (Unix milliseconds).
    fn next_id(&self, machine_ms: i64) -> MessageId;

    /// Stores a message, its parts, the `accepted` event and the idempotency answer.
    async fn accept(&self, accept: Accept) -> Result<Accepted, StoreError>;

    /// Looks a stored answer up without storing anything.
    async fn answered(
        &self,
        key: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<([u8; 32], u16, String)>, StoreError>;

    /// Records that an attempt is about to leave, if `fence` still holds. `call_by` is the machine time
    /// until which its first byte may leave.
    async fn begin(
        &self,
        head: Head,
        fence: Fence,
        now: Timestamp,
        call_by: Timestamp,
    ) -> Result<Verdict, StoreError>;

    /// Writes what became of an attempt (compare-and-set) and moves the lane on.
    async fn settle(&self, settle: Settle) -> Result<Settled, StoreError>;

    /// A retry has kept its lane long enough, or an unknown one has waited: the lane goes on.
    async fn step_aside(&self, head: Head, now: Timestamp) -> Result<Settled, StoreError>;

    /// Work of a channel that is to be looked at by `until` (`None` = ever), oldest first: it is due, has
    /// kept its lane long enough, or its time is up.
    async fn due(
        &self,
        channel: ChannelId,
        until: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Head>, StoreError>;

    /// When the first work of a channel is to be looked at after that moment.
    async fn next_due(&self, channel: ChannelId, after: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// Work of several channels as [`Self::due`] tells it, of messages newer than `after`: what other nodes
    /// have queued for the channels of this one.
    async fn due_among(
        &self,
        channels: Vec<ChannelId>,
        after: MessageId,
        until: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Head>, StoreError>;

    /// Attempts of these channels that were begun and never settled, and had to leave before
    /// `call_by_before` (machine time), are unknown from now on: whoever made them is gone. Their lanes
    /// go on at `let_go_at`.
    async fn recover(
        &self,
        channels: Vec<ChannelId>,
        call_by_before: Timestamp,
        now: Timestamp,
        let_go_at: Timestamp,
    ) -> Result<Recovered, StoreError>;

    /// Queue depth and oldest waiting message per channel.
    async fn depths(&self) -> Result<Vec<Depth>, StoreError>;

    /// Ends an unknown part by a person's choice: `resend` queues it again, else it is left as it is
    /// and counts as failed with `outcome_unknown`.
    async fn resolve_unknown(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
        resend: bool,
        now: Timestamp,
    ) -> Result<Settled, StoreError>;
}

/// How much waits on a channel.
#[derive(Debug, Clone)]
pub struct Depth {
    /// The channel.
    pub channel: ChannelId,
    /// Its kind.
    pub kind: ChannelKind,
    /// Parts queued and waiting.
    pub messages: u64,
    /// When the oldest was accepted.
    pub oldest: Option<Timestamp>,
}
