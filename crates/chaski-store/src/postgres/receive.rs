//! The way in: receipts, inbound messages, unusable webhooks, signatures that were seen.

use super::batch::{WEEK_MS, part_ref, text};
use super::queue::{Done, Job};
use super::{PgStore, mismatch};
use crate::contacts::Access;
use crate::error::StoreError;
use crate::receive::*;
use async_trait::async_trait;
use chaski_model::address::Address;
use chaski_model::{ChannelId, ContactId, HookId, PartRef, Timestamp, WorkspaceId};
use tokio_postgres::types::ToSql;

/// How many unusable webhooks are kept for each workspace.
const KEPT: i64 = 1000;
/// How long a signature's id is remembered: longer than its signature is believed.
const SIGNATURE_MS: i64 = 900_000;

const BY_PROVIDER_ID: &str = "SELECT message_id, delivery, part FROM provider_ids
    WHERE week IN ($1::int8, $1::int8 - 1, $1::int8 - 2) AND channel_id = $2 AND provider_id = $3 AND delivery IS NOT NULL";
const KEEP: &str = "INSERT INTO kept_webhooks (workspace_id, hook_id, received_at, cause, query, body)
    VALUES ($1, $2, $3, $4, $5, $6)";
const FORGET_KEPT: &str = "DELETE FROM kept_webhooks WHERE workspace_id = $1 AND id <=
    (SELECT id FROM kept_webhooks WHERE workspace_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)";
const FORGET_SEEN: &str = "DELETE FROM seen_signatures WHERE (hook_id, id) IN
    (SELECT hook_id, id FROM seen_signatures WHERE expires_at < $1 ORDER BY expires_at LIMIT 10 FOR UPDATE SKIP LOCKED)";
const ACCESS: &str = "UPDATE lanes SET access = $4, access_at = $5
    WHERE workspace_id = $1 AND channel_id = $2 AND address = $3
      AND (access <> $4 OR access_at IS NULL OR access_at < $5)
      AND (access = 2 OR COALESCE(access_at, 0) <= $5) AND ($4 = 0 OR COALESCE(last_in_at, 0) <= $5)
    RETURNING contact_id";
const TOUCHED: &str = "UPDATE contacts SET version = version + 1 WHERE id = $1";
const MARK_SEEN: &str =
    "INSERT INTO seen_signatures (expires_at, hook_id, id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

#[async_trait]
impl Receive for PgStore {
    async fn receipt(&self, receipt: ReceiptIn) -> Result<ReceiptVerdict, StoreError> {
        match self.submit(Job::Receipt(Box::new(receipt))).await? {
            Done::Receipt(verdict) => Ok(verdict),
            _ => Err(mismatch()),
        }
    }

    async fn part_by_provider_id(
        &self,
        channel: ChannelId,
        provider_id: &str,
        now: Timestamp,
    ) -> Result<Option<PartRef>, StoreError> {
        let week = now.0 / WEEK_MS;
        let row = self.reads().row(BY_PROVIDER_ID, &[&week, &channel.0, &provider_id]).await?;
        Ok(row.map(|row| part_ref(&row, 0)))
    }

    async fn inbound(&self, mut message: InboundIn) -> Result<InboundVerdict, StoreError> {
        message.provider_id = text(&message.provider_id);
        match self.submit(Job::Inbound(Box::new(message))).await? {
            Done::Inbound(verdict) => Ok(verdict),
            _ => Err(mismatch()),
        }
    }

    async fn learn(
        &self,
        workspace: WorkspaceId,
        addresses: Vec<Address>,
        from: &'static str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.submit(Job::Learn { workspace, addresses, from, now }).await.map(drop)
    }

    async fn set_access(&self, access: AccessIn) -> Result<(), StoreError> {
        let wanted = if access.blocked { Access::Blocked } else { Access::Open };
        let (address, a) = (text(&access.address), access);
        let changed = self
            .transact(move |tx| {
                let (address, a) = (address.clone(), a.clone());
                Box::pin(async move {
                    let keys: [&(dyn ToSql + Sync); 5] =
                        [&a.workspace.0, &a.channel.0, &address, &wanted.number(), &a.at.0];
                    let Some(row) = tx.row(ACCESS, &keys).await? else { return Ok(None) };
                    let contact = ContactId(row.get(0));
                    tx.execute(TOUCHED, &[&contact.0]).await?;
                    tx.event(a.workspace, a.received_at, "contact.updated", Some(contact), None);
                    Ok(Some(contact))
                })
            })
            .await?;
        self.inner.recipients.forget(changed);
        Ok(())
    }

    async fn keep(&self, webhook: KeepIn) -> Result<(), StoreError> {
        let KeepIn { workspace, hook, received_at, cause, query, mut body } = webhook;
        body.truncate(KEPT_BYTES);
        let (cause, query) = (text(&cause), text(&query));
        self.transact(move |tx| {
            let (cause, query, body) = (cause.clone(), query.clone(), body.clone());
            Box::pin(async move {
                tx.execute(KEEP, &[&workspace.0, &hook.0, &received_at.0, &cause, &query, &body]).await?;
                tx.execute(FORGET_KEPT, &[&workspace.0, &KEPT]).await.map(drop)
            })
        })
        .await
    }

    async fn kept_webhooks(
        &self,
        workspace: WorkspaceId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<KeptWebhook>, StoreError> {
        let (before, limit) = (before.unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
        let sql = "SELECT id, hook_id, received_at, cause, query, body FROM kept_webhooks
            WHERE workspace_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
        let rows = self.reads().rows(sql, &[&workspace.0, &before, &limit]).await?;
        let kept = |row: &tokio_postgres::Row| KeptWebhook {
            id: row.get(0),
            hook: HookId(row.get(1)),
            received_at: Timestamp(row.get(2)),
            cause: row.get(3),
            query: row.get(4),
            body: row.get(5),
        };
        Ok(rows.iter().map(kept).collect())
    }

    async fn let_webhook_go(&self, workspace: WorkspaceId, id: i64) -> Result<bool, StoreError> {
        self.transact(move |tx| {
            Box::pin(async move {
                let sql = "DELETE FROM kept_webhooks WHERE workspace_id = $1 AND id = $2";
                Ok(tx.execute(sql, &[&workspace.0, &id]).await? > 0)
            })
        })
        .await
    }

    async fn is_seen(&self, hook: HookId, id: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM seen_signatures WHERE hook_id = $1 AND id = $2";
        Ok(self.reads().row(sql, &[&hook.0, &id]).await?.is_some())
    }

    async fn mark_seen(&self, hook: HookId, id: String, now: Timestamp) -> Result<(), StoreError> {
        let id = text(&id);
        self.transact(move |tx| {
            let id = id.clone();
            Box::pin(async move {
                tx.execute(FORGET_SEEN, &[&now.0]).await?;
                tx.execute(MARK_SEEN, &[&(now.0 + SIGNATURE_MS), &hook.0, &id]).await.map(drop)
            })
        })
        .await
    }
}
