//! Receipts that stand for everything up to a moment, and messages that a contact took back.

use super::SqliteStore;
use super::batch::Batch;
use super::media::tell;
use super::receive::{WEEK_MS, receipt};
use super::upkeep::blank;
use super::writer::Class;
use crate::error::StoreError;
use crate::receive::ReceiptIn;
use crate::reports::*;
use async_trait::async_trait;
use chaski_model::{ChannelId, LaneId, MessageId, PartRef, Rank, ReceiptKind, Timestamp, WorkspaceId};
use rusqlite::params;

#[async_trait]
impl Reports for SqliteStore {
    async fn report_up_to(&self, report: UpToIn) -> Result<Vec<Covered>, StoreError> {
        self.write(Class::Receive, move |b| report_up_to(b, &report)).await
    }

    async fn keep_early(&self, early: Early) -> Result<(), StoreError> {
        self.write(Class::Receive, move |b| {
            b.execute(
                "DELETE FROM early_receipts WHERE id = (
                   SELECT id FROM early_receipts WHERE channel_id = ?1 ORDER BY tries DESC, id LIMIT 1)
                 AND (SELECT COUNT(*) FROM early_receipts WHERE channel_id = ?1) >= ?2",
                params![early.channel.0, EARLY],
            )?;
            b.execute(
                "INSERT INTO early_receipts (workspace_id, channel_id, receipt, received_at, next_at, tries)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    early.workspace.0,
                    early.channel.0,
                    early.receipt,
                    early.received_at.0,
                    early.next_at.0,
                    early.tries
                ],
            )
            .map(drop)
        })
        .await
    }

    async fn early_receipts(&self, limit: usize) -> Result<Vec<Early>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read_page(move |c| {
            let mut query = c.prepare_cached(
                "SELECT id, workspace_id, channel_id, receipt, received_at, next_at, tries FROM early_receipts
                 ORDER BY next_at LIMIT ?1",
            )?;
            let rows = query.query_map([limit], |row| {
                Ok(Early {
                    id: row.get(0)?,
                    workspace: WorkspaceId(row.get(1)?),
                    channel: ChannelId(row.get(2)?),
                    receipt: row.get(3)?,
                    received_at: Timestamp(row.get(4)?),
                    next_at: Timestamp(row.get(5)?),
                    tries: row.get(6)?,
                })
            })?;
            rows.collect()
        })
        .await
    }

    async fn put_off_early(&self, ids: Vec<i64>, until: Option<Timestamp>) -> Result<(), StoreError> {
        self.write(Class::Background, move |b| {
            for id in &ids {
                match until {
                    Some(until) => b.execute(
                        "UPDATE early_receipts SET next_at = ?2, tries = tries + 1 WHERE id = ?1",
                        params![id, until.0],
                    )?,
                    None => b.execute("DELETE FROM early_receipts WHERE id = ?1", params![id])?,
                };
            }
            Ok(())
        })
        .await
    }

    async fn remove_inbound(
        &self,
        workspace: WorkspaceId,
        channel: ChannelId,
        provider_ids: Vec<String>,
        now: Timestamp,
    ) -> Result<Vec<MessageId>, StoreError> {
        self.write(Class::Receive, move |b| remove(b, workspace, channel, &provider_ids, now)).await
    }
}

fn report_up_to(b: &mut Batch<'_>, r: &UpToIn) -> Result<Vec<Covered>, StoreError> {
    let lane = b.row(
        "SELECT id, delivered_up_to, read_up_to FROM lanes WHERE channel_id = ?1 AND address = ?2 AND workspace_id = ?3",
        params![r.channel.0, r.address, r.workspace.0],
        |row| Ok((LaneId(row.get(0)?), row.get::<_, Option<i64>>(1)?, row.get::<_, Option<i64>>(2)?)),
    )?;
    let Some((lane, delivered, read)) = lane else { return Ok(Vec::new()) };
    let up_to = moment(b, lane, r)?;
    let (note, before) = match r.kind {
        ReceiptKind::Read => {
            ("UPDATE lanes SET read_up_to = MAX(IFNULL(read_up_to, 0), ?2) WHERE id = ?1", read)
        }
        _ => (
            "UPDATE lanes SET delivered_up_to = MAX(IFNULL(delivered_up_to, 0), ?2) WHERE id = ?1",
            delivered,
        ),
    };
    let from = before.map_or(Timestamp(i64::MIN), |before| Timestamp(before.min(up_to.0)) - OVERLAP);
    let covered = b.rows(
        "SELECT message_id, delivery, part, IFNULL(provider_id, '') FROM parts
         WHERE lane_id = ?1 AND followed_at > ?2 AND followed_at <= ?3 AND state = 5 AND rank < ?4 AND rank IN (1, 3)
         ORDER BY followed_at DESC LIMIT ?5",
        params![lane.0, from.0, up_to.0, r.kind.rank() as i64, PAGE],
        |row| {
            let part = PartRef { message: MessageId(row.get(0)?), delivery: row.get(1)?, part: row.get(2)? };
            Ok(Covered { part, provider_id: row.get(3)? })
        },
    )?;
    if covered.is_empty() {
        b.execute(note, params![lane.0, up_to.0])?;
    }
    Ok(covered)
}

/// The moment of the message that the report names, else the one that it names itself.
fn moment(b: &Batch<'_>, lane: LaneId, r: &UpToIn) -> Result<Timestamp, StoreError> {
    let Some(id) = &r.provider_id else { return Ok(r.up_to) };
    let found = b.row(
        "SELECT followed_at FROM (SELECT followed_at, provider_id FROM parts
           WHERE lane_id = ?1 AND followed_at IS NOT NULL ORDER BY followed_at DESC LIMIT ?3)
         WHERE provider_id = ?2 LIMIT 1",
        params![lane.0, id, NEWEST],
        |row| row.get(0).map(Timestamp),
    )?;
    Ok(found.unwrap_or(r.up_to))
}

/// A part was sent then: whatever was reported beyond that moment before holds for it.
pub(super) fn follow(
    b: &mut Batch<'_>,
    (part, lane): (PartRef, LaneId),
    at: Timestamp,
    by_provider: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sent = b.row(
        "UPDATE parts SET followed_at = CASE WHEN ?5 THEN ?4 ELSE IFNULL(followed_at, ?4) END
         WHERE message_id = ?1 AND delivery = ?2 AND part = ?3
         RETURNING followed_at, workspace_id, channel_id, IFNULL(provider_id, ''), state = 5 AND rank IN (1, 3), rank",
        params![part.message.0, part.delivery, part.part, at.0, by_provider],
        |r| {
            let place = (WorkspaceId(r.get(1)?), ChannelId(r.get(2)?));
            Ok((r.get::<_, i64>(0)?, place, r.get::<_, String>(3)?, r.get::<_, bool>(4)?, r.get::<_, i64>(5)?))
        },
    )?;
    let Some((at, (workspace, channel), provider_id, true, rank)) = sent else { return Ok(()) };
    let reported = b.row("SELECT delivered_up_to, read_up_to FROM lanes WHERE id = ?1", [lane.0], |r| {
        Ok((r.get::<_, Option<i64>>(0)?, r.get::<_, Option<i64>>(1)?))
    })?;
    let (delivered, read) = reported.unwrap_or_default();
    for (kind, up_to) in [(ReceiptKind::Delivered, delivered), (ReceiptKind::Read, read)] {
        let Some(up_to) = up_to.filter(|up_to| *up_to >= at) else { continue };
        if Rank::from_number(rank) >= kind.rank() {
            continue;
        }
        let told = ReceiptIn {
            part,
            workspace,
            channel,
            kind,
            provider_at: Timestamp(up_to),
            received_at: now,
            provider_id: provider_id.clone(),
            failure: None,
            learned: Vec::new(),
            closes_window: false,
            follows: false,
        };
        receipt(b, &told)?;
    }
    Ok(())
}

fn remove(
    b: &mut Batch<'_>,
    workspace: WorkspaceId,
    channel: ChannelId,
    ids: &[String],
    now: Timestamp,
) -> Result<Vec<MessageId>, StoreError> {
    let week = now.0 / WEEK_MS;
    let mut removed = Vec::new();
    for id in ids {
        let found = b.row(
            "SELECT p.message_id FROM provider_ids p JOIN messages m ON m.id = p.message_id
             WHERE p.week BETWEEN ?1 - ?5 AND ?1 AND p.channel_id = ?2 AND p.provider_id = ?3
               AND m.workspace_id = ?4 AND m.direction = 0",
            params![week, channel.0, id, workspace.0, WEEKS_BACK],
            |r| r.get(0).map(MessageId),
        )?;
        if let Some(message) = found {
            blank(b, message.0, now)?;
            tell(b, workspace, message, now)?;
            removed.push(message);
        }
    }
    if let (Some(id), true) = (ids.first(), removed.is_empty()) {
        // It may come after all, later than its end.
        b.execute(
            "INSERT OR IGNORE INTO provider_ids (week, channel_id, provider_id) VALUES (?1, ?2, ?3)",
            params![week, channel.0, id],
        )?;
    }
    Ok(removed)
}
