//! How far a message has come, and which report may follow which.

use serde::{Deserialize, Serialize};

/// How far a part or a message has come. The current status is the maximum: late, doubled and
/// reordered receipts can only raise it.
///
/// `failed` lies between sent and delivered: a delivery report after a failure (several devices)
/// is the higher truth, a failure after `sent` is normal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Rank {
    /// Accepted, queued or on its way to the provider.
    Pending = 0,
    /// The provider has taken it.
    Sent = 1,
    /// It has ended without arriving.
    Failed = 2,
    /// It is on the contact's device.
    Delivered = 3,
    /// The contact has opened it.
    Read = 4,
}

impl Rank {
    /// Every rank, lowest first.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Sent, Self::Failed, Self::Delivered, Self::Read];

    /// From the database's number.
    pub fn from_number(number: i64) -> Self {
        Self::ALL.into_iter().find(|rank| *rank as i64 == number).unwrap_or(Self::Pending)
    }

    /// The word in the public API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }

    /// The rank of a message with several parts: failed when any part failed for good and none of
    /// them got further than that; otherwise what all parts have reached.
    pub fn of_parts(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut lowest = None;
        let mut failed = false;
        for rank in parts {
            failed |= rank == Self::Failed;
            lowest = Some(lowest.map_or(rank, |low: Self| low.min(rank)));
        }
        if failed { Self::Failed } else { lowest.unwrap_or(Self::Pending) }
    }
}

/// What a provider reports about a message it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ReceiptKind {
    /// The provider has sent it on.
    Sent = 1,
    /// It could not be delivered.
    Failed = 2,
    /// It is on the contact's device.
    Delivered = 3,
    /// The contact has opened it.
    Read = 4,
}

impl ReceiptKind {
    /// The rank that this report brings a message to.
    pub fn rank(self) -> Rank {
        match self {
            Self::Sent => Rank::Sent,
            Self::Failed => Rank::Failed,
            Self::Delivered => Rank::Delivered,
            Self::Read => Rank::Read,
        }
    }

    /// From the database's number.
    pub fn from_number(number: i64) -> Option<Self> {
        [Self::Sent, Self::Failed, Self::Delivered, Self::Read]
            .into_iter()
            .find(|kind| *kind as i64 == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_failed_part_fails_the_message_and_the_slowest_part_sets_the_rest() {
        use Rank::{Delivered, Failed, Pending, Read, Sent};
        assert_eq!(Rank::of_parts([Read, Failed]), Failed);
        assert_eq!(Rank::of_parts([Read, Delivered, Sent]), Sent);
        assert_eq!(Rank::of_parts([Read, Pending]), Pending);
        assert_eq!(Rank::of_parts([]), Pending);
    }

    fn ranks(least: usize) -> impl Strategy<Value = Vec<Rank>> {
        proptest::collection::vec(proptest::sample::select(Rank::ALL.to_vec()), least..8)
    }

    proptest! {
        #[test]
        fn the_order_of_the_parts_does_not_matter(
            (parts, shuffled) in ranks(0).prop_flat_map(|parts| (Just(parts.clone()), Just(parts).prop_shuffle())),
        ) {
            prop_assert_eq!(Rank::of_parts(parts), Rank::of_parts(shuffled));
        }

        #[test]
        fn a_message_is_where_its_slowest_part_is_unless_one_has_failed(parts in ranks(1)) {
            let whole = Rank::of_parts(parts.iter().copied());
            prop_assert!(parts.contains(&whole), "a message is where one of its parts is");
            if parts.contains(&Rank::Failed) {
                prop_assert_eq!(whole, Rank::Failed);
            } else {
                prop_assert!(parts.iter().all(|part| *part >= whole), "no part is behind its message");
            }
        }

        #[test]
        fn parts_can_be_counted_together_in_groups(left in ranks(1), right in ranks(1)) {
            let of_groups = Rank::of_parts([Rank::of_parts(left.clone()), Rank::of_parts(right.clone())]);
            prop_assert_eq!(Rank::of_parts(left.into_iter().chain(right)), of_groups);
        }
    }
}
