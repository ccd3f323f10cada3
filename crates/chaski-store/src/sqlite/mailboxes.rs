//! Mailboxes that are read: how far, and why not.

use super::SqliteStore;
use super::writer::Class;
use crate::error::StoreError;
use crate::mailboxes::{Mailboxes, Mark};
use async_trait::async_trait;
use chaski_model::{AccountId, Timestamp};
use rusqlite::params;

#[async_trait]
impl Mailboxes for SqliteStore {
    async fn mailbox_mark(&self, account: AccountId) -> Result<Option<Mark>, StoreError> {
        self.read(move |c| {
            let mut query = c.prepare_cached(
                "SELECT mailbox_place, mailbox_validity, mailbox_next, mailbox_read_at FROM accounts
                 WHERE id = ?1 AND mailbox_place IS NOT NULL",
            )?;
            let mut rows = query.query_map([account.0], |r| {
                Ok(Mark {
                    place: r.get(0)?,
                    uid_validity: r.get(1)?,
                    next_uid: r.get(2)?,
                    read_at: Timestamp(r.get(3)?),
                })
            })?;
            rows.next().transpose()
        })
    }

    async fn mark_mailbox(&self, account: AccountId, mark: Mark) -> Result<(), StoreError> {
        self.write(Class::Receive, move |b| {
            b.execute(
                "UPDATE accounts SET mailbox_place = ?2, mailbox_validity = ?3, mailbox_next = ?4, mailbox_read_at = ?5
                 WHERE id = ?1",
                params![account.0, mark.place, mark.uid_validity, mark.next_uid, mark.read_at.0],
            )
            .map(drop)
        })
        .await
    }

    async fn note_mailbox_error(&self, account: AccountId, error: Option<String>) -> Result<(), StoreError> {
        self.write(Class::Background, move |b| {
            b.execute("UPDATE accounts SET mailbox_error = ?2 WHERE id = ?1", params![account.0, error])
                .map(drop)
        })
        .await
    }
}
