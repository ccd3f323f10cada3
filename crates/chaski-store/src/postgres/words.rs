//! The words of a workspace: tags and closing notes.

use super::PgStore;
use super::background::Tx;
use super::batch::text;
use super::fault::Fail;
use super::rows::{json, time, to_json};
use crate::error::StoreError;
use crate::space::*;
use async_trait::async_trait;
use chaski_model::{ClosingNoteId, ContactId, TagId, Timestamp, WorkspaceId};
use tokio_postgres::Row;

const TAGS: &str = "SELECT id, name, description, color_code, emoji, created_at FROM tags
    WHERE workspace_id = $1 ORDER BY id";
const TAG: &str = "SELECT id, name, description, color_code, emoji, created_at FROM tags
    WHERE workspace_id = $1 AND name = $2 FOR UPDATE";
const ADD_TAG: &str = "INSERT INTO tags (workspace_id, name, description, color_code, emoji, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) RETURNING id, name, description, color_code, emoji, created_at";
const CHANGE_TAG: &str =
    "UPDATE tags SET name = $2, description = $3, color_code = $4, emoji = $5 WHERE id = $1";
const DELETE_TAG: &str = "DELETE FROM tags WHERE workspace_id = $1 AND name = $2";
/// In one order, so that two of these do not wait for each other.
const MAY_HAVE_TAG: &str = "SELECT id, tags FROM contacts
    WHERE workspace_id = $1 AND tags <> '[]' AND strpos(tags, $2) > 0 ORDER BY id FOR UPDATE";
const SET_TAGS: &str = "UPDATE contacts c SET tags = n.tags, updated_at = $3, version = c.version + 1
    FROM unnest($1::int8[], $2::text[]) AS n (id, tags) WHERE c.id = n.id";
const NOTES: &str = "SELECT id, category, description, created_at FROM closing_notes
    WHERE workspace_id = $1 ORDER BY category COLLATE \"C\"";
const ADD_NOTE: &str = "INSERT INTO closing_notes (workspace_id, category, description, created_at)
    VALUES ($1, $2, $3, $4) RETURNING id";
const DELETE_NOTE: &str = "DELETE FROM closing_notes WHERE workspace_id = $1 AND id = $2";

#[async_trait]
impl Space for PgStore {
    async fn tags(&self, workspace: WorkspaceId) -> Result<Vec<Tag>, StoreError> {
        Ok(self.reads().rows(TAGS, &[&workspace.0]).await?.iter().map(tag).collect())
    }

    async fn add_tag(
        &self,
        workspace: WorkspaceId,
        name: String,
        change: TagChange,
        now: Timestamp,
    ) -> Result<Tag, StoreError> {
        let (name, change) = (text(&name), plain(change));
        let named = name.clone();
        let added = self.transact(move |tx| {
            let (name, t) = (name.clone(), change.clone());
            Box::pin(async move {
                let row = tx
                    .row(ADD_TAG, &[&workspace.0, &name, &t.description, &t.color_code, &t.emoji, &now.0])
                    .await?;
                Ok(tag(&row.ok_or(StoreError::NotFound("tag"))?))
            })
        });
        added.await.map_err(|error| match error {
            StoreError::Conflict(_) => tag_exists(&named),
            other => other,
        })
    }

    async fn change_tag(
        &self,
        workspace: WorkspaceId,
        name: String,
        change: TagChange,
        now: Timestamp,
    ) -> Result<Tag, StoreError> {
        let (name, change) = (text(&name), plain(change));
        let wanted = change.name.clone().unwrap_or_default();
        let changed = self.transact(move |tx| {
            let (name, change) = (name.clone(), change.clone());
            Box::pin(async move {
                let row = tx.row(TAG, &[&workspace.0, &name]).await?;
                let after = change.applied(tag(&row.ok_or(StoreError::NotFound("tag"))?));
                tx.execute(
                    CHANGE_TAG,
                    &[&after.id.0, &after.name, &after.description, &after.color_code, &after.emoji],
                )
                .await?;
                let contacts = match after.name != name {
                    true => retag(tx, workspace, &name, Some(&after.name), now).await?,
                    false => Vec::new(),
                };
                Ok((after, contacts))
            })
        });
        let (after, contacts) = changed.await.map_err(|error| match error {
            StoreError::Conflict(_) => tag_exists(&wanted),
            other => other,
        })?;
        self.inner.recipients.forget(contacts);
        Ok(after)
    }

    async fn delete_tag(
        &self,
        workspace: WorkspaceId,
        name: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let name = text(&name);
        let deleted = self.transact(move |tx| {
            let name = name.clone();
            Box::pin(async move {
                if tx.execute(DELETE_TAG, &[&workspace.0, &name]).await? == 0 {
                    return Ok(None);
                }
                retag(tx, workspace, &name, None, now).await.map(Some)
            })
        });
        let contacts = deleted.await?;
        let was_there = contacts.is_some();
        self.inner.recipients.forget(contacts.into_iter().flatten());
        Ok(was_there)
    }

    async fn closing_notes(&self, workspace: WorkspaceId) -> Result<Vec<ClosingNote>, StoreError> {
        Ok(self.reads().rows(NOTES, &[&workspace.0]).await?.iter().map(note).collect())
    }

    async fn add_closing_note(
        &self,
        workspace: WorkspaceId,
        category: String,
        description: Option<String>,
        now: Timestamp,
    ) -> Result<ClosingNoteId, StoreError> {
        let (category, description) = (text(&category), description.as_deref().map(text));
        let named = category.clone();
        let added = self.transact(move |tx| {
            let (category, description) = (category.clone(), description.clone());
            Box::pin(async move {
                let row = tx.row(ADD_NOTE, &[&workspace.0, &category, &description, &now.0]).await?;
                Ok(ClosingNoteId(row.ok_or(StoreError::NotFound("closing note"))?.get(0)))
            })
        });
        added.await.map_err(|error| match error {
            StoreError::Conflict(_) => note_exists(&named),
            other => other,
        })
    }

    async fn delete_closing_note(
        &self,
        workspace: WorkspaceId,
        id: ClosingNoteId,
    ) -> Result<bool, StoreError> {
        self.transact(move |tx| {
            Box::pin(async move { Ok(tx.execute(DELETE_NOTE, &[&workspace.0, &id.0]).await? > 0) })
        })
        .await
    }
}

/// Renames a tag on every contact that has it, or takes it off. Returns these contacts.
async fn retag(
    tx: &Tx,
    workspace: WorkspaceId,
    from: &str,
    to: Option<&str>,
    now: Timestamp,
) -> Result<Vec<ContactId>, Fail> {
    let (mut ids, mut lists) = (Vec::new(), Vec::new());
    for row in tx.rows(MAY_HAVE_TAG, &[&workspace.0, &in_json(from)]).await? {
        if let Some(tags) = retagged(&json::<Vec<String>>(&row, 1)?, from, to) {
            ids.push(row.get::<_, i64>(0));
            lists.push(to_json(&tags)?);
        }
    }
    tx.execute(SET_TAGS, &[&ids, &lists, &now.0]).await?;
    Ok(ids.into_iter().map(ContactId).collect())
}

/// Texts that the database takes.
fn plain(change: TagChange) -> TagChange {
    let plain = |value: Option<String>| value.as_deref().map(text);
    TagChange {
        name: plain(change.name),
        description: plain(change.description),
        color_code: plain(change.color_code),
        emoji: plain(change.emoji),
    }
}

fn tag(row: &Row) -> Tag {
    Tag {
        id: TagId(row.get(0)),
        name: row.get(1),
        description: row.get(2),
        color_code: row.get(3),
        emoji: row.get(4),
        created_at: time(row, 5),
    }
}

fn note(row: &Row) -> ClosingNote {
    ClosingNote {
        id: ClosingNoteId(row.get(0)),
        category: row.get(1),
        description: row.get(2),
        created_at: time(row, 3),
    }
}
