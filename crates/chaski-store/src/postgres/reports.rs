//! Receipts that stand for everything up to a moment, and messages that a contact took back.

use super::batch::{WEEK_MS, part_ref, text};
use super::upkeep::blank;
use super::{PgStore, Tx};
use crate::error::StoreError;
use crate::postgres::fault::Fail;
use crate::reports::*;
use async_trait::async_trait;
use chaski_model::{ChannelId, ContactId, MessageId, ReceiptKind, Timestamp, WorkspaceId};

/// The lane's lock orders this with what is settled: either it is found below, or it finds this.
const LANE: &str = "SELECT id, delivered_up_to, read_up_to FROM lanes
    WHERE channel_id = $1 AND address = $2 AND workspace_id = $3 FOR UPDATE";
const DELIVERED: &str =
    "UPDATE lanes SET delivered_up_to = GREATEST(COALESCE(delivered_up_to, 0), $2) WHERE id = $1";
const READ: &str = "UPDATE lanes SET read_up_to = GREATEST(COALESCE(read_up_to, 0), $2) WHERE id = $1";
const COVERED: &str = "SELECT message_id, delivery, part, COALESCE(provider_id, '') FROM parts
    WHERE lane_id = $1 AND followed_at > $2 AND followed_at <= $3 AND state = 5 AND rank < $4 AND rank IN (1, 3)
    ORDER BY followed_at DESC LIMIT $5";
const MOMENT: &str = "SELECT followed_at FROM (SELECT followed_at, provider_id FROM parts
      WHERE lane_id = $1 AND followed_at IS NOT NULL ORDER BY followed_at DESC LIMIT $3) newest
    WHERE provider_id = $2 LIMIT 1";
const WROTE: &str = "SELECT m.id, m.contact_id FROM provider_ids p JOIN messages m ON m.id = p.message_id
    WHERE p.week = ANY($1::int8[]) AND p.channel_id = $2 AND p.provider_id = ANY($3::text[])
      AND m.workspace_id = $4 AND m.direction = 0 ORDER BY m.id";
const KEEP_OUT: &str = "INSERT INTO provider_ids (week, channel_id, provider_id) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING";

const KEEP_EARLY: &str =
    "INSERT INTO early_receipts (workspace_id, channel_id, receipt, received_at, next_at, tries)
    VALUES ($1, $2, $3, $4, $5, $6)";
const MAKE_ROOM: &str = "DELETE FROM early_receipts WHERE id = (
      SELECT id FROM early_receipts WHERE channel_id = $1 ORDER BY tries DESC, id LIMIT 1)
    AND (SELECT COUNT(*) FROM early_receipts WHERE channel_id = $1) >= $2";
const EARLIEST: &str =
    "SELECT id, workspace_id, channel_id, receipt, received_at, next_at, tries FROM early_receipts
    ORDER BY next_at LIMIT $1";
const PUT_OFF: &str = "UPDATE early_receipts SET next_at = $2, tries = tries + 1 WHERE id = ANY($1::int8[])";
const LET_GO: &str = "DELETE FROM early_receipts WHERE id = ANY($1::int8[])";

#[async_trait]
impl Reports for PgStore {
    async fn report_up_to(&self, report: UpToIn) -> Result<Vec<Covered>, StoreError> {
        self.transact(move |tx| {
            let report = report.clone();
            Box::pin(async move { report_up_to(tx, &report).await })
        })
        .await
    }

    async fn keep_early(&self, early: Early) -> Result<(), StoreError> {
        let receipt = text(&early.receipt);
        self.transact(move |tx| {
            let (early, receipt) = (early.clone(), receipt.clone());
            Box::pin(async move {
                let (workspace, channel) = (early.workspace.0, early.channel.0);
                let (came, next) = (early.received_at.0, early.next_at.0);
                let tries = i32::try_from(early.tries).unwrap_or(i32::MAX);
                tx.execute(MAKE_ROOM, &[&channel, &EARLY]).await?;
                tx.execute(KEEP_EARLY, &[&workspace, &channel, &receipt, &came, &next, &tries])
                    .await
                    .map(drop)
            })
        })
        .await
    }

    async fn early_receipts(&self, limit: usize) -> Result<Vec<Early>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.reads().rows(EARLIEST, &[&limit]).await?;
        let early = |row: &tokio_postgres::Row| Early {
            id: row.get(0),
            workspace: WorkspaceId(row.get(1)),
            channel: ChannelId(row.get(2)),
            receipt: row.get(3),
            received_at: Timestamp(row.get(4)),
            next_at: Timestamp(row.get(5)),
            tries: u32::try_from(row.get::<_, i32>(6)).unwrap_or(0),
        };
        Ok(rows.iter().map(early).collect())
    }

    async fn put_off_early(&self, ids: Vec<i64>, until: Option<Timestamp>) -> Result<(), StoreError> {
        self.transact(move |tx| {
            let ids = ids.clone();
            Box::pin(async move {
                match until {
                    Some(until) => tx.execute(PUT_OFF, &[&ids, &until.0]).await.map(drop),
                    None => tx.execute(LET_GO, &[&ids]).await.map(drop),
                }
            })
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
        let ids: Vec<String> = provider_ids.iter().map(|id| text(id)).collect();
        self.transact(move |tx| {
            let ids = ids.clone();
            Box::pin(async move { remove(tx, workspace, channel, &ids, now).await })
        })
        .await
    }
}

async fn report_up_to(tx: &Tx, r: &UpToIn) -> Result<Vec<Covered>, Fail> {
    let address = text(&r.address);
    let Some(lane) = tx.row(LANE, &[&r.channel.0, &address, &r.workspace.0]).await? else {
        return Ok(Vec::new());
    };
    let (lane, delivered, read) =
        (lane.get::<_, i64>(0), lane.get::<_, Option<i64>>(1), lane.get::<_, Option<i64>>(2));
    let named = match &r.provider_id {
        Some(id) => tx.row(MOMENT, &[&lane, &text(id), &NEWEST]).await?.map(|row| Timestamp(row.get(0))),
        None => None,
    };
    let up_to = named.unwrap_or(r.up_to);
    let (note, before) = if r.kind == ReceiptKind::Read { (READ, read) } else { (DELIVERED, delivered) };
    let from = before.map_or(Timestamp(i64::MIN), |before| Timestamp(before.min(up_to.0)) - OVERLAP);
    let rows = tx.rows(COVERED, &[&lane, &from.0, &up_to.0, &(r.kind.rank() as i32), &PAGE]).await?;
    if rows.is_empty() {
        tx.execute(note, &[&lane, &up_to.0]).await?;
    }
    Ok(rows.iter().map(|row| Covered { part: part_ref(row, 0), provider_id: row.get(3) }).collect())
}

async fn remove(
    tx: &mut Tx,
    workspace: WorkspaceId,
    channel: ChannelId,
    ids: &[String],
    now: Timestamp,
) -> Result<Vec<MessageId>, Fail> {
    let week = now.0 / WEEK_MS;
    let weeks: Vec<i64> = (week - WEEKS_BACK..=week).collect();
    let mut rows = tx.rows(WROTE, &[&weeks, &channel.0, &ids, &workspace.0]).await?;
    if let (Some(id), true) = (ids.first(), rows.is_empty()) {
        // It may come after all, later than its end; or it has come just now.
        if tx.execute(KEEP_OUT, &[&week, &channel.0, id]).await? > 0 {
            return Ok(Vec::new());
        }
        rows = tx.rows(WROTE, &[&weeks, &channel.0, &ids, &workspace.0]).await?;
    }
    let found: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    blank(tx, &found, now).await?;
    for row in &rows {
        let contact = Some(ContactId(row.get(1)));
        tx.message_event(workspace, now, "message.media", contact, MessageId(row.get(0)));
    }
    Ok(found.into_iter().map(MessageId).collect())
}
