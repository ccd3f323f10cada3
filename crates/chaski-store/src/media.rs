//! Media of inbound messages: wanted from the commit that stores the message on, then held as a file, or
//! gone for a reason.

use crate::error::StoreError;
use async_trait::async_trait;
use chaski_model::{ChannelId, Failure, MessageId, Timestamp, WorkspaceId};

/// A file that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldFile {
    /// SHA-256 of its bytes, 64 hexadecimal digits: its name where media lie.
    pub hash: String,
    /// What it is, by its content.
    pub mime: String,
    /// Bytes.
    pub size: u64,
}

/// Where a message's media stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaState {
    /// To be fetched from the provider.
    Wanted {
        /// Tries that have failed.
        tries: u32,
        /// When the next one is due.
        next_at: Timestamp,
        /// Why the last one failed.
        failure: Option<Failure>,
    },
    /// Fetched.
    Held(HeldFile),
    /// It cannot be had, or not any more.
    Gone {
        /// Why.
        failure: Failure,
    },
}

const WANTED: i64 = 0;
const HELD: i64 = 1;

/// The columns of a row, in both stores' reading.
pub(crate) struct Columns {
    pub(crate) state: i64,
    pub(crate) tries: i64,
    pub(crate) next_at: i64,
    pub(crate) hash: Option<String>,
    pub(crate) mime: Option<String>,
    pub(crate) size: Option<i64>,
    pub(crate) failure: Option<Failure>,
}

impl Columns {
    pub(crate) fn read(self) -> MediaState {
        match (self.state, self.hash) {
            (HELD, Some(hash)) => MediaState::Held(HeldFile {
                hash,
                mime: self.mime.unwrap_or_default(),
                size: self.size.unwrap_or(0).unsigned_abs(),
            }),
            (WANTED, _) => MediaState::Wanted {
                tries: u32::try_from(self.tries).unwrap_or(u32::MAX),
                next_at: Timestamp(self.next_at),
                failure: self.failure,
            },
            _ => {
                let unsaid = || Failure::new(chaski_model::ErrorCode::MediaUnreachable, "It is not there.");
                MediaState::Gone { failure: self.failure.unwrap_or_else(unsaid) }
            }
        }
    }
}

/// Media that are to be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedMedia {
    /// The message that brought them.
    pub message: MessageId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The channel that it came by.
    pub channel: ChannelId,
    /// When it came.
    pub wanted_at: Timestamp,
    /// Tries that have failed.
    pub tries: u32,
    /// When it is due.
    pub next_at: Timestamp,
}

/// What became of a try.
#[derive(Debug, Clone)]
pub enum MediaEnd {
    /// The file is on disk.
    Held(HeldFile),
    /// Tried again then.
    Again {
        /// When.
        next_at: Timestamp,
        /// Why this one failed.
        failure: Failure,
    },
    /// Nobody tries any more.
    Gone {
        /// Why.
        failure: Failure,
    },
}

/// How much is waiting to be fetched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MediaFigures {
    /// Wanted and not there yet.
    pub wanted: u64,
    /// Since when the oldest of them is wanted.
    pub oldest: Option<Timestamp>,
}

/// Media of inbound messages. A row is made by [`Receive::inbound`](crate::Receive::inbound), in the
/// transaction that stores the message.
#[async_trait]
pub trait InboundMedia: Send + Sync {
    /// What these channels want, in the order in which it is due: the first `limit` of it, with what is due
    /// only later behind it.
    async fn wanted_media(
        &self,
        channels: Vec<ChannelId>,
        limit: usize,
    ) -> Result<Vec<WantedMedia>, StoreError>;

    /// A try has ended. False when the media were not wanted any more: another node was quicker, or the
    /// message is gone.
    async fn settle_media(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
        end: MediaEnd,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// A person wants what is gone, or what waits for its next try, now. False when there is no such thing.
    async fn want_media_again(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Which of these files a message still has, or names while its media are still wanted.
    async fn files_in_use(&self, hashes: Vec<String>) -> Result<Vec<String>, StoreError>;

    /// How much is waiting.
    async fn media_figures(&self) -> Result<MediaFigures, StoreError>;
}
