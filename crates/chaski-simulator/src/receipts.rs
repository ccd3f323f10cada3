//! Receipts: what a provider reports of a message after it accepted it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::accounts::AccountId;
use crate::faults::Receipts;
use crate::phones::Identity;
use crate::providers;
use crate::sim::Shared;

/// How long a late receipt waits, in machine time.
const LATE: Duration = Duration::from_secs(3);

/// What a message carries so that its receipts can be reported.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Trace {
    /// The caller's own word, echoed (`biz_opaque_callback_data`, `client_ref`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
    /// Where this message's receipts go instead of the configured address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) webhook_url: Option<String>,
    /// The category that pricing names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<String>,
    #[serde(default)]
    pub(crate) receipts: Receipts,
    /// Whether it was sent to a BSUID instead of a number.
    #[serde(default)]
    pub(crate) by_user_id: bool,
}

/// How far a message came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stage {
    Sent,
    Delivered,
    Read,
    Failed(Failure),
}

/// Why a message failed after it was accepted; each provider has its own code for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failure {
    NotOnWhatsApp,
    WindowClosed,
    /// The linked media could not be fetched, in words.
    Media(String),
    /// A fault in the content that only shows later, in words.
    Content {
        code: u32,
        details: String,
    },
    /// A fault on purpose.
    Code(u32),
}

/// One report about one message.
#[derive(Debug, Clone)]
pub(crate) struct Receipt {
    pub(crate) account: AccountId,
    pub(crate) message_id: String,
    pub(crate) phone: Identity,
    pub(crate) stage: Stage,
    pub(crate) at_ms: i64,
    pub(crate) trace: Trace,
}

/// Reports stages of one message in their order, unless a fault on purpose says otherwise.
pub(crate) fn report(sim: &Shared, mut receipts: Vec<Receipt>) {
    let Some(mode) = receipts.first().map(|receipt| receipt.trace.receipts) else {
        return;
    };
    match mode {
        Receipts::None => return,
        Receipts::Reorder => receipts.reverse(),
        Receipts::Double => {
            receipts = receipts.into_iter().flat_map(|receipt| [receipt.clone(), receipt]).collect()
        }
        Receipts::Late => {
            let late = sim.clone();
            sim.tasks.spawn(async move {
                tokio::select! {
                    () = late.stopping.cancelled() => {}
                    () = sleep(LATE) => receipts.iter().for_each(|receipt| providers::report(&late, receipt)),
                }
            });
            return;
        }
        Receipts::Normal | Receipts::BadSignature | Receipts::Early => {}
    }
    receipts.iter().for_each(|receipt| providers::report(sim, receipt));
}
