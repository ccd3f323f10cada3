//! Carries an accepted message to its phone and reports what becomes of it.
//!
//! It starts when the answer to the caller has been written, so that a receipt does not overtake it
//! without a reason.

use crate::accounts::{AccountId, account};
use crate::links;
use crate::phones::{Content, Direction, Landed, Message, Status};
use crate::receipts::{Failure, Receipt, Stage, Trace, report};
use crate::sim::Shared;
use crate::source::App;

/// A message that a provider accepted.
pub(crate) struct Outgoing {
    pub(crate) account: AccountId,
    pub(crate) id: String,
    /// The key of the phone; `None` where nobody has that BSUID.
    pub(crate) phone: Option<String>,
    /// The recipient as the caller wrote it.
    pub(crate) to: String,
    pub(crate) content: Content,
    pub(crate) trace: Trace,
    /// What was found wrong with it, to be reported by webhook.
    pub(crate) failure: Option<Failure>,
}

/// Brings a message to its phone, fetching a link to this machine first.
pub(crate) fn carry(sim: &Shared, message: Outgoing) {
    let link = message
        .content
        .media
        .as_ref()
        .and_then(|media| media.link.clone().map(|link| (media.kind.clone(), link)));
    // Some have looked at the link before they answered; LINE leaves that to the phones and reports nothing.
    let app = account(message.account).source.app();
    let link = link.filter(|_| matches!(app, App::Whatsapp | App::Sms | App::Viber));
    let Some((kind, link)) = link else {
        return land(sim, message);
    };
    if let Some(fault) = links::fault_without_fetching(&link) {
        return land(sim, failed(message, fault));
    }
    if !links::is_local(&link) {
        return land(sim, message);
    }
    let task_sim = sim.clone();
    sim.tasks.spawn(async move {
        let fetched = tokio::select! {
            () = task_sim.stopping.cancelled() => return,
            fetched = links::fetch(&task_sim, &link, &kind) => fetched,
        };
        match fetched {
            Ok(_) => land(&task_sim, message),
            Err(fault) => land(&task_sim, failed(message, fault)),
        }
    });
}

fn failed(mut message: Outgoing, fault: String) -> Outgoing {
    message.failure.get_or_insert(Failure::Media(fault));
    message
}

/// Decides whether the phone can have the message, gives it, and reports.
fn land(sim: &Shared, message: Outgoing) {
    let now = sim.clock.now_ms();
    let Outgoing { account: id, id: message_id, phone, to, content, trace, failure } = message;
    let is_template = content.template.is_some();
    let Some(key) = phone else {
        let phone = crate::phones::Identity::stranger(&to);
        let stage = Stage::Failed(failure.unwrap_or(Failure::NotOnWhatsApp));
        return report(sim, vec![Receipt { account: id, message_id, phone, stage, at_ms: now, trace }]);
    };
    let kept = Message {
        id: message_id.clone(),
        at: now,
        direction: Direction::Outbound,
        source: account(id).source,
        account: id,
        content,
        status: Status::Received,
        trace: trace.clone(),
        is_read_by_business: false,
    };
    let (identity, landed) = sim.phones.receive(&key, kept, is_template, failure);
    let stages = match landed {
        Landed::Refused(failure) => vec![Stage::Failed(failure)],
        Landed::Waiting => vec![Stage::Sent],
        Landed::Received => vec![Stage::Sent, Stage::Delivered],
        Landed::Seen => vec![Stage::Sent, Stage::Delivered, Stage::Read],
    };
    sim.touch();
    let receipt = |stage| Receipt {
        account: id,
        message_id: message_id.clone(),
        phone: identity.clone(),
        stage,
        at_ms: now,
        trace: trace.clone(),
    };
    report(sim, stages.into_iter().map(receipt).collect());
}
