//! The list of dead letters, kept with each failure, and the number of each cause.

use super::limit;
use super::replay::{replay, replay_many};
use crate::error::StoreError;
use crate::outbox::Head;
use crate::sqlite::SqliteStore;
use crate::sqlite::batch::Batch;
use crate::sqlite::rows::{json_or_none, time};
use crate::sqlite::writer::Class;
use crate::upkeep::*;
use async_trait::async_trait;
use chaski_model::{ChannelId, ContactId, ErrorCode, Failure, MessageId, Rank, Timestamp, WorkspaceId};
use rusqlite::{Connection, Row, params};

/// In a column that is part of a key: no code of a provider's.
const NO_CODE: i64 = -1;

/// The most causes that are told at once; there are as many as channels times codes.
const CAUSES: i64 = 500;

/// What a message has come to.
pub(in crate::sqlite) struct Raised {
    /// What its parts have reached together.
    pub(in crate::sqlite) whole: Rank,
    /// What is stored: the highest so far.
    pub(in crate::sqlite) rank: Rank,
    /// It has failed, now or before.
    pub(in crate::sqlite) had_failed: bool,
}

/// A message's rank was raised: it joins the dead letters, or was none after all.
pub(in crate::sqlite) fn follow(
    b: &Batch<'_>,
    workspace: WorkspaceId,
    message: MessageId,
    raised: Raised,
    failure: Option<&Failure>,
    now: Timestamp,
) -> Result<(), StoreError> {
    // What a person has left as unknown was decided; it is not to be sent again with the others.
    let is_left = failure.is_some_and(|failure| failure.code == ErrorCode::OutcomeUnknown);
    match (raised.whole, raised.rank) {
        (Rank::Failed, Rank::Failed) if !is_left => bury(b, workspace, message, failure, now),
        (Rank::Delivered | Rank::Read, _) if raised.had_failed => exhume(b, message).map(drop),
        _ => Ok(()),
    }
}

/// Puts a message on the list.
pub(in crate::sqlite) fn bury(
    b: &Batch<'_>,
    workspace: WorkspaceId,
    message: MessageId,
    failure: Option<&Failure>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let code = failure.map_or(ErrorCode::Internal, |failure| failure.code).info().code;
    let provider_code = failure.and_then(|failure| failure.provider_code).unwrap_or(NO_CODE);
    let channel = b.row(
        "INSERT OR IGNORE INTO dead_letters (message_id, workspace_id, channel_id, code, provider_code, failed_at)
         SELECT id, ?2, channel_id, ?3, ?4, ?5 FROM messages WHERE id = ?1 RETURNING channel_id",
        params![message.0, workspace.0, code, provider_code, now.0],
        |r| r.get::<_, i64>(0),
    )?;
    if let Some(channel) = channel {
        b.execute(
            "INSERT INTO dead_letter_causes (workspace_id, channel_id, code, provider_code, messages) VALUES (?1, ?2, ?3, ?4, 1)
             ON CONFLICT (workspace_id, channel_id, code, provider_code) DO UPDATE SET messages = messages + 1",
            params![workspace.0, channel, code, provider_code],
        )?;
    }
    Ok(())
}

/// Takes a message off the list; whether it was on it.
pub(in crate::sqlite) fn exhume(b: &Batch<'_>, message: MessageId) -> Result<bool, StoreError> {
    let gone = b.row(
        "DELETE FROM dead_letters WHERE message_id = ?1 RETURNING workspace_id, channel_id, code, provider_code",
        [message.0],
        |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, String>(2)?, r.get::<_, i64>(3)?)),
    )?;
    let Some((workspace, channel, code, provider_code)) = gone else { return Ok(false) };
    let place = params![workspace, channel, code, provider_code];
    let left = b.row(
        "UPDATE dead_letter_causes SET messages = messages - 1
         WHERE workspace_id = ?1 AND channel_id = ?2 AND code = ?3 AND provider_code = ?4 RETURNING messages",
        place,
        |r| r.get::<_, i64>(0),
    )?;
    if left.is_some_and(|left| left <= 0) {
        b.execute(
            "DELETE FROM dead_letter_causes WHERE workspace_id = ?1 AND channel_id = ?2 AND code = ?3 AND provider_code = ?4",
            params![workspace, channel, code, provider_code],
        )?;
    }
    Ok(true)
}

/// The messages that a step takes, from the old end.
pub(super) fn chosen(b: &Batch<'_>, step: &DeadLetterStep) -> Result<Vec<MessageId>, StoreError> {
    let after = step.after.map_or(0, |id| id.0);
    let id = |r: &Row<'_>| r.get(0).map(MessageId);
    match &step.cause {
        Some(cause) => b.rows(
            "SELECT message_id FROM dead_letters INDEXED BY dead_letters_cause
             WHERE workspace_id = ?1 AND channel_id = ?2 AND code = ?3 AND provider_code = ?4
               AND message_id > ?5 AND failed_at < ?6 ORDER BY message_id LIMIT ?7",
            params![
                step.workspace.0,
                cause.channel.0,
                cause.code,
                cause.provider_code.unwrap_or(NO_CODE),
                after,
                step.failed_before.0,
                limit(step.limit)
            ],
            id,
        ),
        None => b.rows(
            "SELECT message_id FROM dead_letters WHERE workspace_id = ?1 AND message_id > ?2 AND failed_at < ?3
             ORDER BY message_id LIMIT ?4",
            params![step.workspace.0, after, step.failed_before.0, limit(step.limit)],
            id,
        ),
    }
}

fn cause(r: &Row<'_>, from: usize) -> rusqlite::Result<Cause> {
    let provider_code: i64 = r.get(from + 2)?;
    Ok(Cause {
        channel: ChannelId(r.get(from)?),
        code: r.get(from + 1)?,
        provider_code: (provider_code != NO_CODE).then_some(provider_code),
    })
}

fn groups(c: &Connection, workspace: Option<WorkspaceId>) -> rusqlite::Result<Vec<DeadLetterGroup>> {
    c.prepare_cached(
        "SELECT g.workspace_id, g.channel_id, g.code, g.provider_code, g.messages, first.failed_at, last.failed_at,
                last.message_id, m.error
         FROM dead_letter_causes g
         JOIN dead_letters first ON first.message_id =
           (SELECT MIN(message_id) FROM dead_letters d WHERE d.workspace_id = g.workspace_id AND d.channel_id = g.channel_id
              AND d.code = g.code AND d.provider_code = g.provider_code)
         JOIN dead_letters last ON last.message_id =
           (SELECT MAX(message_id) FROM dead_letters d WHERE d.workspace_id = g.workspace_id AND d.channel_id = g.channel_id
              AND d.code = g.code AND d.provider_code = g.provider_code)
         JOIN messages m ON m.id = last.message_id
         WHERE g.workspace_id = ?1 OR ?1 IS NULL ORDER BY g.messages DESC, g.channel_id, g.code LIMIT ?2",
    )?
    .query_map(params![workspace.map(|id| id.0), CAUSES], |r| {
        Ok(DeadLetterGroup {
            workspace: WorkspaceId(r.get(0)?),
            cause: cause(r, 1)?,
            messages: r.get::<_, i64>(4)?.unsigned_abs(),
            first_at: time(r, 5)?,
            last_at: time(r, 6)?,
            sample: MessageId(r.get(7)?),
            failure: json_or_none(r, 8)?,
        })
    })?
    .collect()
}

const LETTER: &str =
    "SELECT d.message_id, m.contact_id, d.channel_id, d.code, d.provider_code, d.failed_at, m.error
    FROM dead_letters d JOIN messages m ON m.id = d.message_id";

fn letter(r: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        message: MessageId(r.get(0)?),
        contact: ContactId(r.get(1)?),
        cause: cause(r, 2)?,
        failed_at: time(r, 5)?,
        failure: json_or_none(r, 6)?,
    })
}

fn letters(
    c: &Connection,
    workspace: WorkspaceId,
    only: Option<&Cause>,
    before: i64,
    rows: usize,
) -> rusqlite::Result<Vec<DeadLetter>> {
    match only {
        Some(only) => c
            .prepare_cached(&format!(
                "{LETTER} WHERE d.workspace_id = ?1 AND d.channel_id = ?2 AND d.code = ?3 AND d.provider_code = ?4
                   AND d.message_id < ?5 ORDER BY d.message_id DESC LIMIT ?6"
            ))?
            .query_map(
                params![
                    workspace.0,
                    only.channel.0,
                    only.code,
                    only.provider_code.unwrap_or(NO_CODE),
                    before,
                    limit(rows)
                ],
                letter,
            )?
            .collect(),
        None => c
            .prepare_cached(&format!(
                "{LETTER} WHERE d.workspace_id = ?1 AND d.message_id < ?2 ORDER BY d.message_id DESC LIMIT ?3"
            ))?
            .query_map(params![workspace.0, before, limit(rows)], letter)?
            .collect(),
    }
}

#[async_trait]
impl DeadLetters for SqliteStore {
    async fn dead_letter_groups(
        &self,
        workspace: Option<WorkspaceId>,
    ) -> Result<Vec<DeadLetterGroup>, StoreError> {
        self.read_page(move |c| groups(c, workspace)).await
    }

    async fn dead_letters(
        &self,
        workspace: WorkspaceId,
        cause: Option<Cause>,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let before = before.map_or(i64::MAX, |id| id.0);
        self.read_page(move |c| letters(c, workspace, cause.as_ref(), before, limit)).await
    }

    async fn replay(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
        how: Replay,
    ) -> Result<Result<Option<Head>, NotReplayed>, StoreError> {
        self.write(Class::Settle, move |b| replay(b, workspace, message, &how)).await
    }

    async fn replay_dead_letters(&self, step: DeadLetterStep, how: Replay) -> Result<Replayed, StoreError> {
        self.write(Class::Background, move |b| replay_many(b, &step, &how)).await
    }

    async fn dismiss_dead_letters(&self, step: DeadLetterStep) -> Result<usize, StoreError> {
        self.write(Class::Background, move |b| {
            let chosen = chosen(b, &step)?;
            for message in &chosen {
                exhume(b, *message)?;
            }
            Ok(chosen.len())
        })
        .await
    }

    async fn deliveries(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
    ) -> Result<Vec<Opened>, StoreError> {
        self.read_page(move |c| {
            c.prepare_cached(
                "SELECT delivery, cause, opened_at, opened_by, withdrawn FROM deliveries
                 WHERE message_id = ?1 AND workspace_id = ?2 ORDER BY delivery",
            )?
            .query_map(params![message.0, workspace.0], |r| {
                Ok(Opened {
                    delivery: r.get(0)?,
                    cause: r.get(1)?,
                    at: time(r, 2)?,
                    by: r.get(3)?,
                    withdrawn: json_or_none(r, 4)?,
                })
            })?
            .collect()
        })
        .await
    }
}
