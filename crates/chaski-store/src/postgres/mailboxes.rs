//! Mailboxes that are read: how far, and why not.

use super::PgStore;
use super::batch::text;
use crate::error::StoreError;
use crate::mailboxes::{Mailboxes, Mark};
use async_trait::async_trait;
use chaski_model::{AccountId, Timestamp};

const MARK: &str = "SELECT mailbox_place, mailbox_validity, mailbox_next, mailbox_read_at FROM accounts
    WHERE id = $1 AND mailbox_place IS NOT NULL";
const SET: &str =
    "UPDATE accounts SET mailbox_place = $2, mailbox_validity = $3, mailbox_next = $4, mailbox_read_at = $5
    WHERE id = $1";
const ERROR: &str = "UPDATE accounts SET mailbox_error = $2 WHERE id = $1";

#[async_trait]
impl Mailboxes for PgStore {
    async fn mailbox_mark(&self, account: AccountId) -> Result<Option<Mark>, StoreError> {
        self.transact(move |tx| {
            Box::pin(async move {
                let row = tx.row(MARK, &[&account.0]).await?;
                Ok(row.map(|row| Mark {
                    place: row.get(0),
                    uid_validity: number(row.get(1)),
                    next_uid: number(row.get(2)),
                    read_at: Timestamp(row.get(3)),
                }))
            })
        })
        .await
    }

    async fn mark_mailbox(&self, account: AccountId, mark: Mark) -> Result<(), StoreError> {
        self.transact(move |tx| {
            let mark = mark.clone();
            Box::pin(async move {
                let (validity, next) = (i64::from(mark.uid_validity), i64::from(mark.next_uid));
                tx.execute(SET, &[&account.0, &text(&mark.place), &validity, &next, &mark.read_at.0])
                    .await
                    .map(drop)
            })
        })
        .await
    }

    async fn note_mailbox_error(&self, account: AccountId, error: Option<String>) -> Result<(), StoreError> {
        let error = error.as_deref().map(text);
        self.transact(move |tx| {
            let error = error.clone();
            Box::pin(async move {
                tx.changes_directory();
                tx.execute(ERROR, &[&account.0, &error]).await.map(drop)
            })
        })
        .await
    }
}

fn number(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(u32::MAX)
}
