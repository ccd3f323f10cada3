//! Receipts that stand for everything up to a moment: each part that they are news for gets its own.

use crate::directory::HookEntry;
use crate::engine::Engine;
use crate::ingest::{Refused, stranger};
use chaski_model::Timestamp;
use chaski_model::event::{Reported, Sender, UpTo};
use chaski_store::receive::{ReceiptIn, ReceiptVerdict};
use chaski_store::reports::{Covered, UpToIn};
use futures_util::future::try_join_all;

/// The most pages that one report is followed through; a later one takes what is left.
const PAGES: usize = 100;

impl Engine {
    /// The store notes the report once it covers nothing more, so that what is settled meanwhile is covered
    /// too; and until every receipt is stored the webhook is not answered.
    pub(crate) async fn report_up_to(
        &self,
        hook: &HookEntry,
        sender: &Sender,
        report: UpTo,
        now: Timestamp,
    ) -> Result<Option<String>, Refused> {
        let Some(entry) = self.channel_of(hook, sender) else { return Ok(Some(stranger(sender))) };
        let provider_at = if report.at.0 > 0 { report.at } else { now };
        let (up_to, provider_id) = match report.reported {
            Reported::Moment { at } => (at, None),
            Reported::Message { provider_id } => (provider_at, Some(provider_id)),
        };
        let (workspace, channel, kind) = (entry.channel.workspace, entry.channel.id, report.kind);
        let wanted = UpToIn { workspace, channel, address: report.to.value, kind, up_to, provider_id };
        metrics::counter!("chaski_receipts_total").increment(1);
        let receipt = |Covered { part, provider_id }| ReceiptIn {
            part,
            workspace,
            channel,
            kind,
            provider_at,
            received_at: now,
            provider_id,
            failure: None,
            learned: Vec::new(),
            closes_window: false,
            follows: true,
        };
        for _ in 0..PAGES {
            let covered = self.store.report_up_to(wanted.clone()).await?;
            if covered.is_empty() {
                break;
            }
            let receipts = covered.into_iter().map(|covered| self.store.receipt(receipt(covered)));
            for verdict in self.noted(try_join_all(receipts).await)? {
                if let ReceiptVerdict::Applied { next } = verdict {
                    self.offer(next);
                }
            }
        }
        Ok(None)
    }
}
