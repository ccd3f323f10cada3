//! Media of inbound messages. The rows are made by the writer's batch, with the messages.

use super::PgStore;
use super::background::Tx;
use super::fault::Fail;
use super::rows::{failure_json, json_or_none, limit, time, time_or_none};
use crate::error::StoreError;
use crate::media::*;
use async_trait::async_trait;
use chaski_model::{ChannelId, ContactId, MessageId, Timestamp, WorkspaceId};
use tokio_postgres::Row;

const DUE: &str = "SELECT message_id, workspace_id, channel_id, wanted_at, tries, next_at FROM media
    WHERE state = 0 AND channel_id = ANY($1::int8[]) ORDER BY next_at LIMIT $2::int8";
const HELD: &str = "UPDATE media SET state = 1, hash = $3, mime = $4, size = $5, failure = NULL
    WHERE message_id = $1 AND workspace_id = $2 AND state = 0";
const AGAIN: &str = "UPDATE media SET tries = tries + 1, next_at = $3, failure = $4
    WHERE message_id = $1 AND workspace_id = $2 AND state = 0";
const GONE: &str = "UPDATE media SET state = 2, tries = tries + 1, failure = $3
    WHERE message_id = $1 AND workspace_id = $2 AND state = 0";
const WANTED_AGAIN: &str =
    "UPDATE media SET state = 0, tries = 0, next_at = $3, wanted_at = GREATEST(wanted_at, $3), failure = NULL
    WHERE message_id = $1 AND workspace_id = $2 AND state <> 1";
const CONTACT: &str = "SELECT contact_id FROM messages WHERE id = $1";
const IN_USE: &str = "SELECT asked FROM unnest($1::text[]) asked
    WHERE EXISTS (SELECT 1 FROM media WHERE state = 1 AND hash = asked)
    OR EXISTS (SELECT 1 FROM media JOIN messages ON messages.id = media.message_id
        WHERE state = 0 AND strpos(content, asked) > 0)";
const FIGURES: &str = "SELECT COUNT(*), MIN(wanted_at) FROM media WHERE state = 0";

/// Where media stand, from their columns beginning at one; `None` where there is no row.
pub(super) fn state(r: &Row, at: usize) -> Result<Option<MediaState>, StoreError> {
    let Some(state) = r.get::<_, Option<i32>>(at) else { return Ok(None) };
    let columns = Columns {
        state: i64::from(state),
        tries: i64::from(r.get::<_, i32>(at + 1)),
        next_at: r.get(at + 2),
        hash: r.get(at + 3),
        mime: r.get(at + 4),
        size: r.get(at + 5),
        failure: json_or_none(r, at + 6)?,
    };
    Ok(Some(columns.read()))
}

/// Pages that show the message are told.
async fn tell(tx: &mut Tx, workspace: WorkspaceId, message: MessageId, now: Timestamp) -> Result<(), Fail> {
    let contact = tx.row(CONTACT, &[&message.0]).await?.map(|row| ContactId(row.get(0)));
    tx.message_event(workspace, now, "message.media", contact, message);
    Ok(())
}

async fn settle(
    tx: &mut Tx,
    workspace: WorkspaceId,
    message: MessageId,
    end: &MediaEnd,
    now: Timestamp,
) -> Result<bool, Fail> {
    let changed = match end {
        MediaEnd::Held(file) => {
            let size = file.size.cast_signed();
            tx.execute(HELD, &[&message.0, &workspace.0, &file.hash, &file.mime, &size]).await?
        }
        MediaEnd::Again { next_at, failure } => {
            tx.execute(AGAIN, &[&message.0, &workspace.0, &next_at.0, &failure_json(failure)]).await?
        }
        MediaEnd::Gone { failure } => {
            tx.execute(GONE, &[&message.0, &workspace.0, &failure_json(failure)]).await?
        }
    };
    if changed > 0 {
        tell(tx, workspace, message, now).await?;
    }
    Ok(changed > 0)
}

#[async_trait]
impl InboundMedia for PgStore {
    async fn wanted_media(
        &self,
        channels: Vec<ChannelId>,
        most: usize,
    ) -> Result<Vec<WantedMedia>, StoreError> {
        let channels: Vec<i64> = channels.into_iter().map(|id| id.0).collect();
        let rows = self.reads().rows(DUE, &[&channels, &limit(most)]).await?;
        let wanted = |row: &Row| WantedMedia {
            message: MessageId(row.get(0)),
            workspace: WorkspaceId(row.get(1)),
            channel: ChannelId(row.get(2)),
            wanted_at: time(row, 3),
            tries: row.get::<_, i32>(4).unsigned_abs(),
            next_at: time(row, 5),
        };
        Ok(rows.iter().map(wanted).collect())
    }

    async fn settle_media(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
        end: MediaEnd,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.transact(move |tx| {
            let end = end.clone();
            Box::pin(async move { settle(tx, workspace, message, &end, now).await })
        })
        .await
    }

    async fn want_media_again(
        &self,
        workspace: WorkspaceId,
        message: MessageId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.transact(move |tx| {
            Box::pin(async move {
                let changed = tx.execute(WANTED_AGAIN, &[&message.0, &workspace.0, &now.0]).await?;
                if changed > 0 {
                    tell(tx, workspace, message, now).await?;
                }
                Ok(changed > 0)
            })
        })
        .await
    }

    async fn files_in_use(&self, hashes: Vec<String>) -> Result<Vec<String>, StoreError> {
        let rows = self.reads().rows(IN_USE, &[&hashes]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    async fn media_figures(&self) -> Result<MediaFigures, StoreError> {
        let row = self.reads().row(FIGURES, &[]).await?;
        Ok(row.map_or_else(MediaFigures::default, |row| MediaFigures {
            wanted: row.get::<_, i64>(0).unsigned_abs(),
            oldest: time_or_none(&row, 1),
        }))
    }
}
