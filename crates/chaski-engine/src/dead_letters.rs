//! Sending again what has failed: one message, those of one cause, or all, step by step.

use crate::engine::Engine;
use crate::tasks::storage;
use chaski_model::{ErrorCode, Failure, MessageId, WorkspaceId};
use chaski_store::StoreError;
use chaski_store::upkeep::{DeadLetterStep, NotReplayed, Replay, Replayed};

/// Messages that one commit takes: a replay of thousands does not hold up what is new.
const COMMIT: usize = 100;

impl Engine {
    /// Sends a failed message again, as a new delivery; `by` is the person or the token that asked.
    ///
    /// # Errors
    /// There is nothing that could be sent again, or the store cannot be written.
    pub async fn replay(&self, workspace: WorkspaceId, message: MessageId, by: &str) -> Result<(), Failure> {
        let replayed = self.store().replay(workspace, message, self.replay_by(by, 1)).await;
        match self.noted(replayed).map_err(storage)? {
            Ok(head) => {
                metrics::counter!("chaski_replays_total").increment(1);
                self.offer(head);
                Ok(())
            }
            Err(why) => Err(refusal(why)),
        }
    }

    /// Sends up to `step.limit` dead letters again, at low priority; where the step ended is in the answer.
    ///
    /// # Errors
    /// The store cannot be written; what was committed before is under way.
    pub async fn replay_step(&self, step: DeadLetterStep, by: &str) -> Result<Replayed, StoreError> {
        let mut total = Replayed::default();
        let mut next = step.clone();
        let mut left = step.limit;
        while left > 0 {
            next.limit = left.min(COMMIT);
            let done = self.store().replay_dead_letters(next.clone(), self.replay_by(by, 2)).await;
            let done = self.noted(done)?;
            metrics::counter!("chaski_replays_total").increment(done.messages as u64);
            done.heads.into_iter().for_each(|head| self.offer(Some(head)));
            let looked_at = done.messages + done.skipped.len();
            total.messages += done.messages;
            total.skipped.extend(done.skipped);
            total.last = done.last;
            next.after = done.last.or(next.after);
            if looked_at < next.limit {
                total.last = None;
                break;
            }
            left -= looked_at;
        }
        Ok(total)
    }

    fn replay_by(&self, by: &str, class: u8) -> Replay {
        let now = self.clock().now();
        Replay { by: by.to_owned(), class, now, expires_at: now + self.config().time_to_live }
    }
}

/// Why a message is not sent again, for whoever asked.
pub fn refusal(why: NotReplayed) -> Failure {
    let (code, words) = match why {
        NotReplayed::Missing => (ErrorCode::MessageNotFound, "Message not found"),
        NotReplayed::NotFailed => {
            (ErrorCode::NotReplayable, "The message has not failed; only failed messages are sent again.")
        }
        NotReplayed::UnderWay => (
            ErrorCode::NotReplayable,
            "A part of the message is still under way or its outcome is unknown; decide about that first.",
        ),
        NotReplayed::Refused => (
            ErrorCode::NotReplayable,
            "The message was refused before it was sent, and would be refused again; correct it and send a new one.",
        ),
        NotReplayed::Blanked => {
            (ErrorCode::NotReplayable, "Retention has removed what the message said; send a new one.")
        }
        NotReplayed::ChannelRemoved => (
            ErrorCode::NotReplayable,
            "The message's channel was removed; send a new one over another channel.",
        ),
    };
    Failure::new(code, words)
}
