//! Media of inbound messages.

use super::SqliteStore;
use super::batch::{Batch, NewEvent};
use super::rows::{failure_json, json_or_none, time};
use super::writer::Class;
use crate::error::StoreError;
use crate::media::*;
use crate::receive::InboundIn;
use async_trait::async_trait;
use chaski_model::{ChannelId, ContactId, MessageId, Timestamp, WorkspaceId};
use rusqlite::{OptionalExtension, Row, params};

/// Where media stand, from their columns beginning at one; `None` where there is no row.
pub(super) fn state(r: &Row<'_>, at: usize) -> rusqlite::Result<Option<MediaState>> {
    let Some(state) = r.get::<_, Option<i64>>(at)? else { return Ok(None) };
    let columns = Columns {
        state,
        tries: r.get(at + 1)?,
        next_at: r.get(at + 2)?,
        hash: r.get(at + 3)?,
        mime: r.get(at + 4)?,
        size: r.get(at + 5)?,
        failure: json_or_none(r, at + 6)?,
    };
    Ok(Some(columns.read()))
}

/// The media of a message that is being stored are wanted.
pub(super) fn want(b: &Batch<'_>, m: &InboundIn) -> Result<(), StoreError> {
    b.execute(
        "INSERT OR IGNORE INTO media (message_id, workspace_id, channel_id, state, wanted_at, next_at)
         VALUES (?1, ?2, ?3, 0, ?4, ?4)",
        params![m.id.0, m.workspace.0, m.channel.0, m.received_at.0],
    )
    .map(drop)
}

/// Pages that show the message are told.
pub(super) fn tell(
    b: &mut Batch<'_>,
    workspace: WorkspaceId,
    message: MessageId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "SELECT contact_id FROM messages WHERE id = ?1";
    let contact = b.row(sql, [message.0], |r| r.get(0).map(ContactId))?;
    b.event(workspace, NewEvent { at, kind: "message.media", contact, message: Some(message), body: None });
    Ok(())
}

fn settle(
    b: &mut Batch<'_>,
    workspace: WorkspaceId,
    message: MessageId,
    end: &MediaEnd,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = match end {
        MediaEnd::Held(file) => b.execute(
            "UPDATE media SET state = 1, hash = ?3, mime = ?4, size = ?5, failure = NULL
             WHERE message_id = ?1 AND workspace_id = ?2 AND state = 0",
            params![message.0, workspace.0, file.hash, file.mime, file.size.cast_signed()],
        )?,
        MediaEnd::Again { next_at, failure } => b.execute(
            "UPDATE media SET tries = tries + 1, next_at = ?3, failure = ?4
             WHERE message_id = ?1 AND workspace_id = ?2 AND state = 0",
            params![message.0, workspace.0, next_at.0, failure_json(failure)],
        )?,
        MediaEnd::Gone { failure } => b.execute(
            "UPDATE media SET state = 2, tries = tries + 1, failure = ?3
             WHERE message_id = ?1 AND workspace_id = ?2 AND state = 0",
            params![message.0, workspace.0, failure_json(failure)],
        )?,
    };
    if changed > 0 {
        tell(b, workspace, message, now)?;
    }
    Ok(changed > 0)
}

#[async_trait]
impl InboundMedia for SqliteStore {
    async fn wanted_media(
        &self,
        channels: Vec<ChannelId>,
        limit: usize,
    ) -> Result<Vec<WantedMedia>, StoreError> {
        let channels: Vec<i64> = channels.into_iter().map(|id| id.0).collect();
        self.read_page(move |c| {
            let list = serde_json::to_string(&channels).unwrap_or_default();
            let mut statement = c.prepare_cached(
                "SELECT message_id, workspace_id, channel_id, wanted_at, tries, next_at FROM media
                 WHERE state = 0 AND channel_id IN (SELECT value FROM json_each(?1)) ORDER BY next_at LIMIT ?2",
            )?;
            let rows = statement.query_map(params![list, i64::try_from(limit).unwrap_or(i64::MAX)], |r| {
                Ok(WantedMedia {
                    message: MessageId(r.get(0)?),
                    workspace: WorkspaceId(r.get(1)?),
                    channel: ChannelId(r.get(2)?),
                    wanted_at: time(r, 3)?,
                    tries: r.get(4)?,
                    next_at: time(r, 5)?,
                })
            })?;
            rows.collect()
        })
        .await
    }

    async fn settle_media(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
        end: MediaEnd,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(Class::Receive, move |b| settle(b, workspace, message, &end, now)).await
    }

    async fn want_media_again(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(Class::Receive, move |b| {
            let changed = b.execute(
                "UPDATE media SET state = 0, tries = 0, next_at = ?3, wanted_at = MAX(wanted_at, ?3), failure = NULL
                 WHERE message_id = ?1 AND workspace_id = ?2 AND state <> 1",
                params![message.0, workspace.0, now.0],
            )?;
            if changed > 0 {
                tell(b, workspace, message, now)?;
            }
            Ok(changed > 0)
        })
        .await
    }

    async fn files_in_use(&self, hashes: Vec<String>) -> Result<Vec<String>, StoreError> {
        self.read_page(move |c| {
            let mut statement = c.prepare_cached(
                "SELECT 1 FROM media WHERE state = 1 AND hash = ?1
                 UNION ALL SELECT 1 FROM media JOIN bodies USING (message_id)
                 WHERE state = 0 AND instr(content, ?1) > 0 LIMIT 1",
            )?;
            let mut used = Vec::new();
            for hash in hashes {
                if statement.exists([&hash])? {
                    used.push(hash);
                }
            }
            Ok(used)
        })
        .await
    }

    async fn media_figures(&self) -> Result<MediaFigures, StoreError> {
        self.read_page(move |c| {
            let found = c
                .prepare_cached("SELECT COUNT(*), MIN(wanted_at) FROM media WHERE state = 0")?
                .query_row([], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, Option<i64>>(1)?)))
                .optional()?;
            let (wanted, oldest) = found.unwrap_or_default();
            Ok(MediaFigures { wanted: wanted.unsigned_abs(), oldest: oldest.map(Timestamp) })
        })
        .await
    }
}
