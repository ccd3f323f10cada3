//! The whole life of a message, as one list: for the inbox, the command line and the API alike.

use crate::api::views;
use chaski_engine::Engine;
use chaski_model::{ChannelId, Failure, MessageId, PartRef, Rank, ReceiptKind, Timestamp, WorkspaceId};
use chaski_store::exchanges::Exchange;
use chaski_store::inbox::{Attempt, Message, PartLife};
use chaski_store::{Store, StoreError};
use serde_json::{Value, json};

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Domain time.
    pub at: Timestamp,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum What {
    /// Accepted by the API, or written in the inbox.
    Accepted {
        /// The token's or the person's name.
        by: String,
        /// An Idempotency-Key was given.
        idempotent: bool,
        /// How many notes accepting left.
        notes: usize,
    },
    /// Received from the contact.
    Received,
    /// Which channel, and why.
    Routed {
        /// The channel's name.
        channel: String,
        /// `given`, `last_interacted`.
        route: String,
        /// When the window closes, as known then.
        window_closes_at: Option<Timestamp>,
    },
    /// Ended without calling the provider.
    NotSent {
        /// Why.
        failure: Failure,
    },
    /// One try.
    Attempt {
        /// Which part, from 1.
        part: u16,
        /// The try.
        attempt: Attempt,
        /// What was said, redacted.
        exchange: Option<Box<Exchange>>,
    },
    /// The provider's id of it.
    Taken {
        /// The id.
        provider_id: String,
    },
    /// A report.
    Receipt {
        /// What.
        kind: ReceiptKind,
        /// The provider's time.
        provider_at: Timestamp,
        /// It told less than was known already.
        out_of_order: bool,
        /// Why, for failures.
        failure: Option<Failure>,
    },
    /// A new delivery after a failure.
    Replayed {
        /// Who asked for it.
        by: String,
        /// What the delivery before it had failed of.
        withdrawn: Option<Failure>,
    },
    /// Retention has removed what it said.
    Blanked,
    /// It waits for its next try.
    Waiting {
        /// Until then.
        until: Timestamp,
        /// Its lane went on without it.
        aside: bool,
    },
    /// The outcome is not known.
    Unknown,
}

/// A message with its life.
pub struct Life {
    /// The message.
    pub message: Message,
    /// Its steps, oldest first.
    pub steps: Vec<Step>,
}

impl Life {
    /// For programs.
    pub fn json(&self) -> Value {
        let steps: Vec<Value> = self.steps.iter().map(Step::json).collect();
        json!({"message": views::message(&self.message, None), "timeline": steps})
    }
}

/// Where a life is read from: a running engine, or a store by itself.
#[derive(Clone, Copy)]
pub struct Reading<'r> {
    /// The store.
    pub store: &'r dyn Store,
    /// The name of a channel.
    pub name: &'r (dyn Fn(ChannelId) -> String + Sync),
}

/// Reads a message's life; `None` when there is no such message.
///
/// # Errors
/// The store cannot be read.
pub async fn life(
    engine: &Engine,
    workspace: WorkspaceId,
    id: MessageId,
) -> Result<Option<Life>, StoreError> {
    let snapshot = engine.snapshot();
    let name = |id| snapshot.channels.get(&id).map(|entry| entry.channel.name.clone()).unwrap_or_default();
    let from = Reading { store: engine.store(), name: &name };
    read(from, workspace, id).await
}

/// Reads a message's life from a store.
///
/// # Errors
/// The store cannot be read.
pub async fn read(
    from: Reading<'_>,
    workspace: WorkspaceId,
    id: MessageId,
) -> Result<Option<Life>, StoreError> {
    let Some(message) = from.store.message(workspace, id).await? else { return Ok(None) };
    let parts = from.store.life(workspace, id).await?;
    let mut steps = beginning(&message, (from.name)(message.channel));
    for opened in from.store.deliveries(workspace, id).await? {
        let what = What::Replayed { by: opened.by.unwrap_or_default(), withdrawn: opened.withdrawn };
        steps.push(Step { at: opened.at, what });
    }
    for part in &parts {
        of_part(from.store, &message, part, &mut steps).await;
    }
    // Of a message that was blanked the parts may be gone.
    if parts.is_empty()
        && message.blanked_at.is_none()
        && message.rank == Rank::Failed
        && let Some(failure) = &message.error
    {
        steps.push(Step {
            at: message.failed_at.unwrap_or(message.created_at),
            what: What::NotSent { failure: failure.clone() },
        });
    }
    steps.sort_by_key(|step| step.at);
    if let Some(at) = message.blanked_at {
        steps.push(Step { at, what: What::Blanked });
    }
    Ok(Some(Life { message, steps }))
}

fn beginning(message: &Message, channel: String) -> Vec<Step> {
    let origin = &message.origin;
    let at = message.created_at;
    if origin.source == "contact" {
        return vec![Step { at, what: What::Received }];
    }
    let by = origin.token.clone().or_else(|| origin.user.clone()).unwrap_or_default();
    let notes = message.resolved.as_ref().map_or(0, |resolved| resolved.notes.len());
    vec![
        Step { at, what: What::Accepted { by, idempotent: origin.idempotent, notes } },
        Step {
            at,
            what: What::Routed {
                channel,
                route: origin.route.clone(),
                window_closes_at: origin.window_closes_at,
            },
        },
    ]
}

async fn of_part(store: &dyn Store, message: &Message, part: &PartLife, steps: &mut Vec<Step>) {
    let reference = PartRef { message: message.id, delivery: part.delivery, part: part.part };
    for attempt in &part.attempts {
        // A life without its calls is better than none.
        let exchange = store.exchange(reference, attempt.number, attempt.begun_at).await.ok().flatten();
        let what =
            What::Attempt { part: part.part, attempt: attempt.clone(), exchange: exchange.map(Box::new) };
        steps.push(Step { at: attempt.begun_at, what });
        if attempt.outcome == "sent"
            && let Some(provider_id) = part.provider_id.clone()
        {
            steps.push(Step { at: attempt.ended_at, what: What::Taken { provider_id } });
        }
    }
    let mut highest = Rank::Pending;
    for receipt in &part.receipts {
        let rank = receipt.kind.rank();
        let what = What::Receipt {
            kind: receipt.kind,
            provider_at: receipt.provider_at,
            out_of_order: rank < highest,
            failure: receipt.failure.clone(),
        };
        highest = highest.max(rank);
        steps.push(Step { at: receipt.received_at, what });
    }
    let last = steps.last().map_or(message.created_at, |step| step.at);
    match (part.state, part.due_at) {
        (3, Some(until)) => steps.push(Step { at: last, what: What::Waiting { until, aside: part.aside } }),
        (4, _) => steps.push(Step { at: last, what: What::Unknown }),
        _ => {}
    }
}

impl Step {
    /// For programs.
    pub fn json(&self) -> Value {
        let mut view = match &self.what {
            What::Accepted { by, idempotent, notes } => {
                json!({"step": "accepted", "by": by, "idempotent": idempotent, "notes": notes})
            }
            What::Received => json!({"step": "received"}),
            What::Routed { channel, route, window_closes_at } => json!({
                "step": "routed", "channel": channel, "route": route,
                "windowClosesAt": window_closes_at.map(Timestamp::to_rfc3339),
            }),
            What::NotSent { failure } => json!({"step": "not_sent", "failure": failure}),
            What::Attempt { part, attempt, exchange } => json!({
                "step": "attempt", "part": part, "attempt": attempt.number, "outcome": attempt.outcome,
                "httpStatus": attempt.http_status, "failure": attempt.failure, "endedAt": attempt.ended_at.to_rfc3339(),
                "nextAt": attempt.next_at.map(Timestamp::to_rfc3339), "exchange": exchange,
            }),
            What::Taken { provider_id } => json!({"step": "provider_id", "providerId": provider_id}),
            What::Receipt { kind, provider_at, out_of_order, failure } => json!({
                "step": "receipt", "kind": kind, "providerAt": provider_at.to_rfc3339(), "outOfOrder": out_of_order, "failure": failure,
            }),
            What::Waiting { until, aside } => {
                json!({"step": "waiting", "until": until.to_rfc3339(), "aside": aside})
            }
            What::Unknown => json!({"step": "unknown"}),
            What::Replayed { by, withdrawn } => json!({"step": "replayed", "by": by, "withdrawn": withdrawn}),
            What::Blanked => json!({"step": "blanked"}),
        };
        view["at"] = json!(self.at.to_rfc3339());
        view
    }
}
