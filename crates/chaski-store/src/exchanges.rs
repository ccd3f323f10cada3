//! What was said to and by providers, redacted.
//!
//! These are for people to look at, so they are written with less care than messages: by a task or a
//! thread of their own, without waiting for the disk, and dropped (and counted) when it cannot keep up.
//! What came within a moment is compressed together, in a block that each of its exchanges points to.
//! The embedded store keeps a file for each week; on PostgreSQL the blocks are rows, so that every
//! node reads what any of them has said.

use crate::error::StoreError;
use async_trait::async_trait;
use chaski_model::{PartRef, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Exchanges that may wait to be written.
pub(crate) const WAITING: usize = 2048;
/// How long a block gathers, and the most exchanges in it.
pub(crate) const GATHER: Duration = Duration::from_millis(20);
pub(crate) const BLOCK: usize = 64;
/// How long a reader waits for what has not been written yet.
pub(crate) const FLUSH_WITHIN: Duration = Duration::from_secs(2);
/// The most of one body that is kept.
pub const BODY_KEPT: usize = 16 * 1024;

/// One call to a provider and its answer, secrets masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// GET, POST, …
    pub method: String,
    /// The address.
    pub url: String,
    /// Headers as sent; credentials are masked.
    pub headers: Vec<(String, String)>,
    /// The body as sent.
    pub body: String,
    /// The HTTP status; absent when no answer came.
    pub status: Option<u16>,
    /// The body of the answer, or why there was none.
    pub response: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// The log of exchanges. Its age is [`Kept::Exchanges`](crate::upkeep::Kept::Exchanges).
#[async_trait]
pub trait ExchangeLog: Send + Sync {
    /// Notes the exchange of an attempt that began at a time; never waits.
    fn note_exchange(&self, part: PartRef, attempt: u16, at: Timestamp, exchange: Exchange);

    /// Reads the exchange of an attempt that began at a time, what this node has just noted included.
    async fn exchange(
        &self,
        part: PartRef,
        attempt: u16,
        at: Timestamp,
    ) -> Result<Option<Exchange>, StoreError>;
}

/// What waits to be written.
pub(crate) struct Entry {
    pub(crate) part: PartRef,
    pub(crate) attempt: u16,
    pub(crate) at: Timestamp,
    pub(crate) exchange: Exchange,
}

/// Counts exchanges that nobody will read.
pub(crate) fn dropped(exchanges: usize) {
    metrics::counter!("chaski_exchanges_dropped_total").increment(exchanges as u64);
}

/// The block of some exchanges.
pub(crate) fn pack(entries: &[Entry]) -> Vec<u8> {
    let exchanges: Vec<&Exchange> = entries.iter().map(|entry| &entry.exchange).collect();
    lz4_flex::compress_prepend_size(&serde_json::to_vec(&exchanges).unwrap_or_default())
}

/// The exchange at a place in a block.
pub(crate) fn unpack(block: &[u8], place: usize) -> Result<Option<Exchange>, StoreError> {
    let json = lz4_flex::decompress_size_prepended(block).map_err(|e| StoreError::Fault(e.to_string()))?;
    let mut block: Vec<Exchange> =
        serde_json::from_slice(&json).map_err(|e| StoreError::Fault(e.to_string()))?;
    Ok((place < block.len()).then(|| block.swap_remove(place)))
}
