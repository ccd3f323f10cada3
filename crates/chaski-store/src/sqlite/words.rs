//! The words of a workspace: tags and closing notes.

use super::SqliteStore;
use super::batch::Batch;
use super::rows::{json, time, to_json};
use super::writer::Class;
use crate::error::StoreError;
use crate::space::*;
use async_trait::async_trait;
use chaski_model::{ClosingNoteId, ContactId, TagId, Timestamp, WorkspaceId};
use rusqlite::{Row, params};

const TAGS: &str = "SELECT id, name, description, color_code, emoji, created_at FROM tags
    WHERE workspace_id = ?1 ORDER BY id";
const TAG: &str = "SELECT id, name, description, color_code, emoji, created_at FROM tags
    WHERE workspace_id = ?1 AND name = ?2";
const ADD_TAG: &str = "INSERT INTO tags (workspace_id, name, description, color_code, emoji, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const CHANGE_TAG: &str =
    "UPDATE tags SET name = ?2, description = ?3, color_code = ?4, emoji = ?5 WHERE id = ?1";
const DELETE_TAG: &str = "DELETE FROM tags WHERE workspace_id = ?1 AND name = ?2";
const MAY_HAVE_TAG: &str = "SELECT id, tags FROM contacts
    WHERE workspace_id = ?1 AND tags <> '[]' AND instr(tags, ?2) > 0";
const SET_TAGS: &str = "UPDATE contacts SET tags = ?2, updated_at = ?3 WHERE id = ?1";
const NOTES: &str = "SELECT id, category, description, created_at FROM closing_notes
    WHERE workspace_id = ?1 ORDER BY category";
const ADD_NOTE: &str = "INSERT INTO closing_notes (workspace_id, category, description, created_at)
    VALUES (?1, ?2, ?3, ?4)";
const DELETE_NOTE: &str = "DELETE FROM closing_notes WHERE workspace_id = ?1 AND id = ?2";

#[async_trait]
impl Space for SqliteStore {
    async fn tags(&self, workspace: WorkspaceId) -> Result<Vec<Tag>, StoreError> {
        self.read_page(move |c| c.prepare_cached(TAGS)?.query_map([workspace.0], tag)?.collect()).await
    }

    async fn add_tag(
        &self,
        workspace: WorkspaceId,
        name: String,
        change: TagChange,
        now: Timestamp,
    ) -> Result<Tag, StoreError> {
        self.write(Class::Background, move |b| {
            if b.row(TAG, params![workspace.0, name], tag)?.is_some() {
                return Err(tag_exists(&name));
            }
            let TagChange { description, color_code, emoji, .. } = change.clone();
            b.execute(ADD_TAG, params![workspace.0, name, description, color_code, emoji, now.0])?;
            let id = TagId(b.inserted());
            Ok(Tag { id, name: name.clone(), description, color_code, emoji, created_at: now })
        })
        .await
    }

    async fn change_tag(
        &self,
        workspace: WorkspaceId,
        name: String,
        change: TagChange,
        now: Timestamp,
    ) -> Result<Tag, StoreError> {
        self.write(Class::Background, move |b| {
            let known = b.row(TAG, params![workspace.0, name], tag)?.ok_or(StoreError::NotFound("tag"))?;
            let after = change.clone().applied(known);
            let is_renamed = after.name != name;
            if is_renamed && b.row(TAG, params![workspace.0, after.name], tag)?.is_some() {
                return Err(tag_exists(&after.name));
            }
            let (description, color, emoji) = (&after.description, &after.color_code, &after.emoji);
            b.execute(CHANGE_TAG, params![after.id.0, after.name, description, color, emoji])?;
            if is_renamed {
                retag(b, workspace, &name, Some(&after.name), now)?;
            }
            Ok(after)
        })
        .await
    }

    async fn delete_tag(
        &self,
        workspace: WorkspaceId,
        name: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(Class::Background, move |b| {
            if b.execute(DELETE_TAG, params![workspace.0, name])? == 0 {
                return Ok(false);
            }
            retag(b, workspace, &name, None, now)?;
            Ok(true)
        })
        .await
    }

    async fn closing_notes(&self, workspace: WorkspaceId) -> Result<Vec<ClosingNote>, StoreError> {
        self.read_page(move |c| c.prepare_cached(NOTES)?.query_map([workspace.0], note)?.collect()).await
    }

    async fn add_closing_note(
        &self,
        workspace: WorkspaceId,
        category: String,
        description: Option<String>,
        now: Timestamp,
    ) -> Result<ClosingNoteId, StoreError> {
        self.write(Class::Background, move |b| {
            let added = b.execute(ADD_NOTE, params![workspace.0, category, description, now.0]);
            added.map_err(|error| match error {
                StoreError::Conflict(_) => note_exists(&category),
                other => other,
            })?;
            Ok(ClosingNoteId(b.inserted()))
        })
        .await
    }

    async fn delete_closing_note(
        &self,
        workspace: WorkspaceId,
        id: ClosingNoteId,
    ) -> Result<bool, StoreError> {
        self.write(Class::Background, move |b| Ok(b.execute(DELETE_NOTE, params![workspace.0, id.0])? > 0))
            .await
    }
}

/// Renames a tag on every contact that has it, or takes it off.
fn retag(
    b: &Batch<'_>,
    workspace: WorkspaceId,
    from: &str,
    to: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let may_have = b.rows(MAY_HAVE_TAG, params![workspace.0, in_json(from)], |r| {
        Ok((ContactId(r.get(0)?), json::<Vec<String>>(r, 1)?))
    })?;
    for (contact, tags) in may_have {
        let Some(tags) = retagged(&tags, from, to) else { continue };
        b.execute(SET_TAGS, params![contact.0, to_json(&tags)?, now.0])?;
        b.memory.touch(contact);
    }
    Ok(())
}

fn tag(r: &Row<'_>) -> rusqlite::Result<Tag> {
    Ok(Tag {
        id: TagId(r.get(0)?),
        name: r.get(1)?,
        description: r.get(2)?,
        color_code: r.get(3)?,
        emoji: r.get(4)?,
        created_at: time(r, 5)?,
    })
}

fn note(r: &Row<'_>) -> rusqlite::Result<ClosingNote> {
    Ok(ClosingNote {
        id: ClosingNoteId(r.get(0)?),
        category: r.get(1)?,
        description: r.get(2)?,
        created_at: time(r, 3)?,
    })
}
