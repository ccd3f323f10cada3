//! What waits for the writer: commands as plain data, bounded, with the place where the answer goes.

use crate::error::StoreError;
use crate::fresh::FreshCall;
use crate::nodes::Fence;
use crate::outbox::{Accept, Accepted, Head, Settle, Settled, Verdict};
use crate::receive::{InboundIn, InboundVerdict, ReceiptIn, ReceiptVerdict};
use crate::upkeep::{NotReplayed, Replay};
use chaski_model::address::Address;
use chaski_model::{ContactId, MessageId, Timestamp, WorkspaceId};
use std::collections::VecDeque;
use std::sync::Mutex;
use tokio::sync::{Notify, oneshot};

/// The most commands that wait; accepts are turned away at half of it.
const QUEUE: usize = 4096;
/// The most bytes that wait; accepts are turned away at half of it.
const BYTES: usize = 32 << 20;
/// What a command weighs beside its texts.
const COMMAND_BYTES: usize = 1024;
/// The most commands of one commit.
const BATCH: usize = 2000;

/// One durable step.
#[derive(Debug)]
pub(super) enum Job {
    Settle(Box<Settle>),
    StepAside(Head, Timestamp),
    /// An attempt found open, to be settled as unknown if it had to leave before this machine time.
    Recover(Box<Settle>, Timestamp),
    Resolve {
        workspace: WorkspaceId,
        message: MessageId,
        resend: bool,
        now: Timestamp,
    },
    Receipt(Box<ReceiptIn>),
    Inbound(Box<InboundIn>),
    Learn {
        workspace: WorkspaceId,
        addresses: Vec<Address>,
        from: &'static str,
        now: Timestamp,
    },
    Begin {
        head: Head,
        /// What its call is made from, if that is still at hand.
        fresh: Option<Box<FreshCall>>,
        fence: Fence,
        now: Timestamp,
        call_by: Timestamp,
    },
    Accept(Box<Accept>),
    /// Failed messages that are to go out again.
    Replay {
        workspace: WorkspaceId,
        messages: Vec<MessageId>,
        how: Replay,
    },
    Seen {
        workspace: WorkspaceId,
        contact: ContactId,
        up_to: MessageId,
        now: Timestamp,
    },
}

impl Job {
    /// About how many bytes it keeps in memory.
    fn weight(&self) -> usize {
        COMMAND_BYTES
            + match self {
                Self::Accept(plan) => plan.content.len() + plan.resolved.len() + plan.origin.len(),
                Self::Inbound(message) => message.content.len() + message.origin.len(),
                _ => 0,
            }
    }

    /// The order in which a batch is served: ends before beginnings, so that outcomes always find room.
    pub(super) fn class(&self) -> u8 {
        match self {
            Self::Settle(_) | Self::StepAside(..) | Self::Recover(..) | Self::Resolve { .. } => 0,
            Self::Receipt(_) | Self::Inbound(_) | Self::Learn { .. } => 1,
            Self::Begin { .. } => 2,
            Self::Accept(_) => 3,
            // What it adds to a lane stands behind what was loaded of it: nothing is taken from a lane after it.
            Self::Replay { .. } | Self::Seen { .. } => 4,
        }
    }
}

/// What became of a step.
#[derive(Debug)]
pub(super) enum Done {
    Settled(Settled),
    Recovered(Option<Head>),
    Receipt(ReceiptVerdict),
    Inbound(InboundVerdict),
    Begun(Verdict),
    Accepted(Accepted),
    Replayed(Vec<(MessageId, Result<Option<Head>, NotReplayed>)>),
    Noted,
}

pub(super) struct Command {
    pub(super) job: Job,
    reply: oneshot::Sender<Result<Done, StoreError>>,
}

impl Command {
    pub(super) fn answer(self, answer: Result<Done, StoreError>) {
        // Nobody may be waiting any more; the step is done all the same.
        let _ = self.reply.send(answer);
    }
}

#[derive(Default)]
struct Inner {
    commands: VecDeque<Command>,
    bytes: usize,
    closed: bool,
    /// Why the database cannot be reached just now.
    down: Option<String>,
}

/// The way to the writer.
#[derive(Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    filled: Notify,
}

impl Queue {
    pub(super) async fn submit(&self, job: Job) -> Result<Done, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.push(Command { job, reply })?;
        answer.await.unwrap_or(Err(StoreError::CommitUnknown))
    }

    fn push(&self, command: Command) -> Result<(), StoreError> {
        let mut inner = self.inner.lock().expect("nobody panics with the queue");
        if let Some(cause) = &inner.down {
            return Err(StoreError::Unavailable(cause.clone()));
        }
        if inner.closed {
            return Err(StoreError::Unavailable("the store is closing".into()));
        }
        let share = if matches!(command.job, Job::Accept(_)) { 2 } else { 1 };
        if inner.commands.len() >= QUEUE / share || inner.bytes >= BYTES / share {
            return Err(StoreError::Busy);
        }
        inner.bytes += command.job.weight();
        inner.commands.push_back(command);
        drop(inner);
        self.filled.notify_one();
        Ok(())
    }

    /// Whatever waits, in the order of classes; `None` when the store was closed and nothing waits.
    pub(super) async fn next(&self) -> Option<Vec<Command>> {
        loop {
            {
                let mut inner = self.inner.lock().expect("nobody panics with the queue");
                if !inner.commands.is_empty() {
                    let many = inner.commands.len().min(BATCH);
                    let mut batch: Vec<Command> = inner.commands.drain(..many).collect();
                    let bytes: usize = batch.iter().map(|command| command.job.weight()).sum();
                    inner.bytes = inner.bytes.saturating_sub(bytes);
                    batch.sort_by_key(|command| command.job.class());
                    return Some(batch);
                }
                if inner.closed {
                    return None;
                }
            }
            self.filled.notified().await;
        }
    }

    /// The database is gone: whatever waits and comes is told so at once. `None`: it is back.
    pub(super) fn set_down(&self, cause: Option<String>) {
        let waiting = {
            let mut inner = self.inner.lock().expect("nobody panics with the queue");
            inner.down.clone_from(&cause);
            if cause.is_some() {
                inner.bytes = 0;
            }
            if cause.is_some() { std::mem::take(&mut inner.commands) } else { VecDeque::new() }
        };
        for command in waiting {
            command.answer(Err(StoreError::Unavailable(cause.clone().unwrap_or_default())));
        }
    }

    /// How many commands wait.
    pub(super) fn waiting(&self) -> usize {
        self.inner.lock().expect("nobody panics with the queue").commands.len()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.inner.lock().expect("nobody panics with the queue").closed
    }

    /// No more commands; what waits is still served.
    pub(super) fn close(&self) {
        self.inner.lock().expect("nobody panics with the queue").closed = true;
        self.filled.notify_one();
    }
}
