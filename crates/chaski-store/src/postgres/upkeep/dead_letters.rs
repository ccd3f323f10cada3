//! The list of dead letters: read, sent again, dismissed.

use crate::error::StoreError;
use crate::outbox::Head;
use crate::postgres::background::Tx;
use crate::postgres::batch::{DEAD, NO_CODE};
use crate::postgres::connect::Params;
use crate::postgres::fault::Fail;
use crate::postgres::queue::{Done, Job};
use crate::postgres::rows::{json_or_none, limit, small, time};
use crate::postgres::{PgStore, mismatch};
use crate::upkeep::*;
use async_trait::async_trait;
use chaski_model::{ChannelId, ContactId, MessageId, WorkspaceId};
use std::sync::Arc;
use tokio_postgres::Row;

/// The most causes that are told at once; there are as many as channels times codes.
const CAUSES: i64 = 500;

const GROUPS: &str = "SELECT g.workspace_id, g.channel_id, g.code, g.provider_code, g.messages, oldest.failed_at, newest.failed_at,
      newest.message_id, m.error
    FROM dead_letter_causes g
    JOIN dead_letters oldest ON oldest.message_id =
      (SELECT MIN(message_id) FROM dead_letters d WHERE d.workspace_id = g.workspace_id AND d.channel_id = g.channel_id
         AND d.code = g.code AND d.provider_code = g.provider_code)
    JOIN dead_letters newest ON newest.message_id =
      (SELECT MAX(message_id) FROM dead_letters d WHERE d.workspace_id = g.workspace_id AND d.channel_id = g.channel_id
         AND d.code = g.code AND d.provider_code = g.provider_code)
    JOIN messages m ON m.id = newest.message_id
    WHERE g.messages > 0 AND (g.workspace_id = $1::int8 OR $1::int8 IS NULL)
    ORDER BY g.messages DESC, g.channel_id, g.code LIMIT $2::int8";

macro_rules! letters {
    ($only:literal) => {
        concat!(
            "SELECT d.message_id, m.contact_id, d.channel_id, d.code, d.provider_code, d.failed_at, m.error
             FROM dead_letters d JOIN messages m ON m.id = d.message_id
             WHERE d.workspace_id = $1 AND d.message_id < $2 ",
            $only,
            " ORDER BY d.message_id DESC LIMIT $3::int8"
        )
    };
}
const LETTERS: &str = letters!("");
const LETTERS_OF: &str = letters!("AND d.channel_id = $4 AND d.code = $5 AND d.provider_code = $6");

macro_rules! chosen {
    ($only:literal) => {
        concat!(
            "SELECT message_id FROM dead_letters WHERE workspace_id = $1 AND message_id > $2 AND failed_at < $3 ",
            $only,
            " ORDER BY message_id LIMIT $4::int8"
        )
    };
}
const CHOSEN: &str = chosen!("");
const CHOSEN_OF: &str = chosen!("AND channel_id = $5 AND code = $6 AND provider_code = $7");

const DELIVERIES: &str = "SELECT delivery, cause, opened_at, opened_by, withdrawn FROM deliveries
    WHERE message_id = $1 AND workspace_id = $2 ORDER BY delivery";

/// Takes messages off the list, without putting any onto it.
pub(super) async fn exhume(tx: &Tx, messages: &[i64]) -> Result<(), Fail> {
    if messages.is_empty() {
        return Ok(());
    }
    let (none, no_codes): (Vec<i64>, Vec<&str>) = (vec![], vec![]);
    tx.execute(DEAD, &[&messages, &none, &none, &none, &no_codes, &none, &none]).await.map(drop)
}

fn ids(rows: &[Row]) -> Vec<i64> {
    rows.iter().map(|row| row.get(0)).collect()
}

/// The messages that a step takes, from the old end: a statement and its values, wherever it runs.
macro_rules! choose {
    ($on:expr, $step:expr) => {{
        let (step, on) = ($step, $on);
        let (after, most) = (step.after.map_or(0, |id| id.0), limit(step.limit));
        match &step.cause {
            None => {
                let values: Params<'_> = &[&step.workspace.0, &after, &step.failed_before.0, &most];
                on.rows(CHOSEN, values).await
            }
            Some(cause) => {
                let provider_code = cause.provider_code.unwrap_or(NO_CODE);
                let values: Params<'_> = &[
                    &step.workspace.0,
                    &after,
                    &step.failed_before.0,
                    &most,
                    &cause.channel.0,
                    &cause.code,
                    &provider_code,
                ];
                on.rows(CHOSEN_OF, values).await
            }
        }
        .map(|rows| ids(&rows))
    }};
}

fn cause(r: &Row, from: usize) -> Cause {
    let provider_code: i64 = r.get(from + 2);
    Cause {
        channel: ChannelId(r.get(from)),
        code: r.get(from + 1),
        provider_code: (provider_code != NO_CODE).then_some(provider_code),
    }
}

fn group(r: &Row) -> Result<DeadLetterGroup, StoreError> {
    Ok(DeadLetterGroup {
        workspace: WorkspaceId(r.get(0)),
        cause: cause(r, 1),
        messages: r.get::<_, i64>(4).unsigned_abs(),
        first_at: time(r, 5),
        last_at: time(r, 6),
        sample: MessageId(r.get(7)),
        failure: json_or_none(r, 8)?,
    })
}

fn letter(r: &Row) -> Result<DeadLetter, StoreError> {
    Ok(DeadLetter {
        message: MessageId(r.get(0)),
        contact: ContactId(r.get(1)),
        cause: cause(r, 2),
        failed_at: time(r, 5),
        failure: json_or_none(r, 6)?,
    })
}

impl PgStore {
    async fn replay_these(
        &self,
        workspace: WorkspaceId,
        messages: Vec<MessageId>,
        how: Replay,
    ) -> Result<Vec<(MessageId, Result<Option<Head>, NotReplayed>)>, StoreError> {
        match self.submit(Job::Replay { workspace, messages, how }).await? {
            Done::Replayed(told) => Ok(told),
            _ => Err(mismatch()),
        }
    }
}

#[async_trait]
impl DeadLetters for PgStore {
    async fn dead_letter_groups(
        &self,
        workspace: Option<WorkspaceId>,
    ) -> Result<Vec<DeadLetterGroup>, StoreError> {
        let rows = self.reads().rows(GROUPS, &[&workspace.map(|id| id.0), &CAUSES]).await?;
        rows.iter().map(group).collect()
    }

    async fn dead_letters(
        &self,
        workspace: WorkspaceId,
        cause: Option<Cause>,
        before: Option<MessageId>,
        most: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let (before, most) = (before.map_or(i64::MAX, |id| id.0), limit(most));
        let rows = match cause {
            None => self.reads().rows(LETTERS, &[&workspace.0, &before, &most]).await?,
            Some(only) => {
                let provider_code = only.provider_code.unwrap_or(NO_CODE);
                let values: Params<'_> =
                    &[&workspace.0, &before, &most, &only.channel.0, &only.code, &provider_code];
                self.reads().rows(LETTERS_OF, values).await?
            }
        };
        rows.iter().map(letter).collect()
    }

    async fn replay(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
        how: Replay,
    ) -> Result<Result<Option<Head>, NotReplayed>, StoreError> {
        let told = self.replay_these(workspace, vec![message], how).await?;
        told.into_iter().next().map(|(_, told)| told).ok_or_else(mismatch)
    }

    async fn replay_dead_letters(&self, step: DeadLetterStep, how: Replay) -> Result<Replayed, StoreError> {
        let chosen: Vec<MessageId> = choose!(self.reads(), &step)?.into_iter().map(MessageId).collect();
        let mut done = Replayed { last: chosen.last().copied(), ..Replayed::default() };
        if chosen.is_empty() {
            return Ok(done);
        }
        for (message, told) in self.replay_these(step.workspace, chosen, how).await? {
            match told {
                Ok(head) => {
                    done.messages += 1;
                    done.heads.extend(head);
                }
                Err(why) => done.skipped.push((message, why)),
            }
        }
        Ok(done)
    }

    async fn dismiss_dead_letters(&self, step: DeadLetterStep) -> Result<usize, StoreError> {
        let step = Arc::new(step);
        self.transact(move |tx| {
            let step = Arc::clone(&step);
            Box::pin(async move {
                let chosen = choose!(&*tx, &step)?;
                exhume(tx, &chosen).await?;
                Ok(chosen.len())
            })
        })
        .await
    }

    async fn deliveries(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
    ) -> Result<Vec<Opened>, StoreError> {
        let opened = |r: &Row| {
            Ok(Opened {
                delivery: small(r, 0),
                cause: r.get(1),
                at: time(r, 2),
                by: r.get(3),
                withdrawn: json_or_none(r, 4)?,
            })
        };
        self.reads().rows(DELIVERIES, &[&message.0, &workspace.0]).await?.iter().map(opened).collect()
    }
}
