//! Identifiers: one newtype for each thing, and the source of time-ordered message ids.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(/// A workspace: the tenant that owns everything below it.
    WorkspaceId);
id!(/// A contact: one person, with a set of addresses.
    ContactId);
id!(/// A channel: one connected sender.
    ChannelId);
id!(/// An account at a provider: owns channels, templates and credentials.
    AccountId);
id!(/// A hook: one webhook address that a provider calls.
    HookId);
id!(/// A lane: (channel, contact address), where order is kept.
    LaneId);
id!(/// A message, in or out. Below 2^53, growing with time.
    MessageId);
id!(/// An API token.
    TokenId);
id!(/// A person who signs in to the web.
    UserId);
id!(/// A custom field of contacts.
    FieldId);
id!(/// A template in the catalogue.
    TemplateId);
id!(/// A tag of contacts.
    TagId);
id!(/// What a conversation can be closed with.
    ClosingNoteId);

/// Names one part of a message: `message.delivery.part`, as it is echoed by providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PartRef {
    /// The message.
    pub message: MessageId,
    /// Which delivery of it, from 1.
    pub delivery: u16,
    /// Which part of the delivery, from 1.
    pub part: u16,
}

impl PartRef {
    /// The text given to a provider as our reference, and read back from its receipts.
    pub fn reference(self) -> String {
        format!("{}.{}.{}", self.message.0, self.delivery, self.part)
    }

    /// Reads a reference back; `None` when it is not one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split('.');
        let message = MessageId(fields.next()?.parse().ok().filter(|n| *n > 0)?);
        let delivery = fields.next()?.parse().ok()?;
        let part = fields.next()?.parse().ok()?;
        fields.next().is_none().then_some(Self { message, delivery, part })
    }
}

impl fmt::Display for PartRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.message, self.delivery, self.part)
    }
}

/// 2020-01-01T00:00:00Z in Unix milliseconds: where message ids start to count.
const EPOCH_MS: i64 = 1_577_836_800_000;
const COUNTER_BITS: u32 = 6;
const SLOT_BITS: u32 = 6;

/// Makes message ids: (milliseconds since 2020) « 12 | node slot « 6 | counter.
///
/// 64 nodes of 64,000 ids a second until 2089, all below 2^53. An id never repeats and never goes
/// back: when a millisecond's counter is used up, or the clock steps back, the source runs ahead.
#[derive(Debug)]
pub struct IdSource {
    slot: i64,
    last: i64,
}

impl IdSource {
    /// A source for one node slot (0 to 63) that starts above `floor`, the slot's last reservation.
    pub fn new(slot: u8, floor: i64) -> Self {
        Self { slot: i64::from(slot & 0x3f), last: floor }
    }

    /// The next id at machine time `now_ms` (Unix milliseconds).
    pub fn next(&mut self, now_ms: i64) -> MessageId {
        let tick = now_ms.saturating_sub(EPOCH_MS).max(0);
        let last_tick = self.last >> (SLOT_BITS + COUNTER_BITS);
        let counter = self.last & ((1 << COUNTER_BITS) - 1);
        self.last = if tick > last_tick {
            self.compose(tick, 0)
        } else if counter + 1 < (1 << COUNTER_BITS)
            && self.last & self.slot_mask() == self.slot << COUNTER_BITS
        {
            self.last + 1
        } else {
            self.compose(last_tick + 1, 0)
        };
        MessageId(self.last)
    }

    /// The first id that a source at machine time `now_ms` could give: a floor for reservations.
    pub const fn at(now_ms: i64) -> i64 {
        (now_ms - EPOCH_MS) << (SLOT_BITS + COUNTER_BITS)
    }

    fn compose(&self, tick: i64, counter: i64) -> i64 {
        (tick << (SLOT_BITS + COUNTER_BITS)) | (self.slot << COUNTER_BITS) | counter
    }

    fn slot_mask(&self) -> i64 {
        ((1 << SLOT_BITS) - 1) << COUNTER_BITS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000_000;

    #[test]
    fn ids_grow_even_when_the_clock_steps_back() {
        let mut ids = IdSource::new(3, 0);
        let mut last = MessageId(0);
        for step in [0, 0, 5, -40, 2, 0, 0] {
            let id = ids.next(NOW + step);
            assert!(id > last);
            last = id;
        }
    }

    #[test]
    fn more_than_64_ids_in_a_millisecond_run_ahead_without_repeating() {
        let mut ids = IdSource::new(63, 0);
        let made: std::collections::BTreeSet<_> = (0..1000).map(|_| ids.next(NOW)).collect();
        assert_eq!(made.len(), 1000);
        assert!(made.iter().all(|id| id.0 < (1 << 53) && (id.0 >> 6) & 63 == 63));
    }

    #[test]
    fn a_new_holder_starts_above_the_reservation() {
        let floor = IdSource::at(NOW + 10_000);
        assert!(IdSource::new(0, floor).next(NOW).0 > floor);
    }

    #[test]
    fn a_reference_reads_back_and_strangers_do_not() {
        let part = PartRef { message: MessageId(889_478_455_296_001), delivery: 1, part: 2 };
        assert_eq!(PartRef::parse(&part.reference()), Some(part));
        for bad in ["", "x", "1.1", "1.1.1.1", "-4.1.1", "1.70000.1", "order-17"] {
            assert_eq!(PartRef::parse(bad), None, "{bad}");
        }
    }
}
