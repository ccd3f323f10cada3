//! Whether receipts come: a few messages of each channel are followed until the first report, and the
//! time that it usually takes is remembered.
//!
//! One phone that is switched off says nothing about a channel. Receipts are missing when the provider
//! took messages longer ago than is usual, and nothing at all has been reported since.

use super::Deadlines;
use chaski_model::{ChannelId, MessageId, Timestamp};
use chaski_store::upkeep::Reported;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Messages of one channel that are followed at once, and that one look adds.
const FOLLOWED: usize = 200;
const ADDED: usize = 10;
/// The weight of the newest delivery in a channel's usual time.
const NEWEST: f64 = 0.1;
/// Delivery is waited for so long after another receipt, for the usual time's sake.
const DELIVERY: Duration = Duration::from_secs(3600);

/// How a channel's receipts come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReceiptHealth {
    /// How long it usually takes from sent to delivered, where that is known.
    pub usual: Option<Duration>,
    /// After how long receipts count as missing.
    pub deadline: Duration,
    /// Messages among those followed that wait for longer, while nothing at all is reported; 0 = all is well.
    pub overdue: u64,
    /// When the oldest of them was taken.
    pub since: Option<Timestamp>,
}

#[derive(Default)]
struct Followed {
    waiting: BTreeSet<MessageId>,
    usual_ms: Option<f64>,
    last_receipt: Option<Timestamp>,
}

/// What is followed, by channel.
pub(super) struct Receipts {
    seen_to: MessageId,
    channels: BTreeMap<ChannelId, Followed>,
}

impl Default for Receipts {
    fn default() -> Self {
        Self { seen_to: MessageId(0), channels: BTreeMap::new() }
    }
}

impl Receipts {
    /// Messages up to here were offered before.
    pub(super) fn seen_to(&self) -> MessageId {
        self.seen_to
    }

    /// Takes some of the newest messages of each channel; newest first.
    pub(super) fn add(&mut self, newest: impl Iterator<Item = (MessageId, ChannelId)>) {
        let most = if self.seen_to.0 == 0 { FOLLOWED / 2 } else { ADDED };
        let mut added: BTreeMap<ChannelId, usize> = BTreeMap::new();
        for (message, channel) in newest {
            self.seen_to = self.seen_to.max(message);
            let count = added.entry(channel).or_default();
            let followed = self.channels.entry(channel).or_default();
            if *count < most && followed.waiting.len() < FOLLOWED {
                followed.waiting.insert(message);
                *count += 1;
            }
        }
    }

    /// Forgets all channels but these.
    pub(super) fn keep(&mut self, channels: &BTreeSet<ChannelId>) {
        self.channels.retain(|channel, _| channels.contains(channel));
    }

    /// Every message that is followed.
    pub(super) fn waiting(&self) -> Vec<MessageId> {
        self.channels.values().flat_map(|followed| followed.waiting.iter().copied()).collect()
    }

    /// What the reports say about each channel.
    pub(super) fn judge(
        &mut self,
        reported: &[Reported],
        now: Timestamp,
        deadlines: Deadlines,
    ) -> BTreeMap<ChannelId, ReceiptHealth> {
        let reported: BTreeMap<MessageId, &Reported> = reported.iter().map(|r| (r.message, r)).collect();
        let channels = self.channels.iter_mut();
        channels.map(|(channel, followed)| (*channel, followed.judge(&reported, now, deadlines))).collect()
    }
}

impl Followed {
    fn judge(
        &mut self,
        reported: &BTreeMap<MessageId, &Reported>,
        now: Timestamp,
        deadlines: Deadlines,
    ) -> ReceiptHealth {
        let known: Vec<&Reported> = self.waiting.iter().filter_map(|id| reported.get(id).copied()).collect();
        for one in &known {
            self.last_receipt = self.last_receipt.max(one.receipt_at);
            if let (Some(sent), Some(delivered)) = (one.sent_at, one.delivered_at) {
                let took = delivered.since(sent).as_millis() as f64;
                let usual = self.usual_ms.unwrap_or(took);
                self.usual_ms = Some(usual + NEWEST * (took - usual));
            }
        }
        self.waiting = known.iter().filter(|one| is_waiting(one, now)).map(|one| one.message).collect();
        let usual = self.usual_ms.map(|ms| Duration::from_millis(ms as u64));
        let deadline = usual
            .map_or(Duration::ZERO, |usual| usual.saturating_mul(deadlines.receipts_factor))
            .max(deadlines.receipts_least);
        let overdue: Vec<Timestamp> = known
            .iter()
            .filter(|one| one.receipt_at.is_none())
            .filter_map(|one| one.sent_at)
            .filter(|sent| *sent + deadline <= now && self.last_receipt.is_none_or(|last| *sent > last))
            .collect();
        ReceiptHealth { usual, deadline, overdue: overdue.len() as u64, since: overdue.into_iter().min() }
    }
}

/// Whether something is still to be learned from a message.
fn is_waiting(one: &Reported, now: Timestamp) -> bool {
    match (one.sent_at, one.delivered_at, one.receipt_at) {
        (None, _, _) => one.is_pending,
        (Some(_), Some(_), _) => false,
        (Some(_), None, Some(receipt)) => receipt + DELIVERY > now,
        (Some(_), None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);
    const CHANNEL: ChannelId = ChannelId(1);

    fn at(seconds: u64) -> Timestamp {
        NOW + Duration::from_secs(seconds)
    }

    fn sent(message: i64, seconds: u64) -> Reported {
        Reported {
            message: MessageId(message),
            is_pending: false,
            sent_at: Some(at(seconds)),
            delivered_at: None,
            receipt_at: None,
        }
    }

    fn delivered(message: i64, seconds: u64, took: u64) -> Reported {
        let then = Some(at(seconds + took));
        Reported { delivered_at: then, receipt_at: then, ..sent(message, seconds) }
    }

    fn follow(receipts: &mut Receipts, list: &[Reported], now: Timestamp) -> ReceiptHealth {
        receipts.add(list.iter().rev().map(|one| (one.message, CHANNEL)));
        receipts.judge(list, now, Deadlines::default())[&CHANNEL]
    }

    #[test]
    fn messages_without_any_report_are_overdue_after_ten_minutes() {
        let mut receipts = Receipts::default();
        let list = [sent(1, 0), sent(2, 5)];
        assert_eq!(follow(&mut receipts, &list, at(599)).overdue, 0);
        let health = receipts.judge(&list, at(606), Deadlines::default())[&CHANNEL];
        assert_eq!((health.overdue, health.since), (2, Some(at(0))));
    }

    #[test]
    fn a_phone_that_is_off_is_not_a_channel_that_is_silent() {
        let mut receipts = Receipts::default();
        let list = [sent(1, 0), delivered(2, 5, 3)];
        assert_eq!(follow(&mut receipts, &list, at(4000)).overdue, 0);
    }

    #[test]
    fn a_slow_channel_has_more_time() {
        let mut receipts = Receipts::default();
        let slow: Vec<Reported> = (1..=40).map(|n| delivered(n, 0, 120)).collect();
        let health = follow(&mut receipts, &slow, at(300));
        assert_eq!(health.deadline, Duration::from_secs(2400));
        assert_eq!(follow(&mut receipts, &[sent(50, 200)], at(2500)).overdue, 0);
        let health = receipts.judge(&[sent(50, 200)], at(2600), Deadlines::default())[&CHANNEL];
        assert_eq!(health.overdue, 1);
    }

    #[test]
    fn a_channel_that_went_to_another_node_is_judged_there() {
        let mut receipts = Receipts::default();
        assert_eq!(follow(&mut receipts, &[sent(1, 0)], at(700)).overdue, 1);
        receipts.keep(&BTreeSet::new());
        assert!(receipts.waiting().is_empty());
        assert!(receipts.judge(&[sent(1, 0)], at(800), Deadlines::default()).is_empty());
    }

    #[test]
    fn what_is_followed_is_bounded_and_forgotten_once_it_is_known() {
        let mut receipts = Receipts::default();
        let many: Vec<Reported> = (1..=1000).map(|n| sent(n, 0)).collect();
        for chunk in many.chunks(50) {
            follow(&mut receipts, chunk, at(1));
            assert!(receipts.waiting().len() <= FOLLOWED);
        }
        let waiting = receipts.waiting();
        let done: Vec<Reported> = waiting.iter().map(|id| delivered(id.0, 0, 1)).collect();
        assert_eq!(follow(&mut receipts, &done, at(2)).overdue, 0);
        assert!(receipts.waiting().is_empty());
    }
}
