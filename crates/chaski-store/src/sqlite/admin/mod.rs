//! The small, slowly changing things.

mod directory;
mod templates;

use super::SqliteStore;
use super::batch::{Batch, NewEvent};
use super::rows::{failure_json, json, to_json};
use super::writer::Class;
use crate::admin::*;
use crate::error::StoreError;
use async_trait::async_trait;
use chaski_model::{AccountId, ChannelId, Failure, FieldId, HookId, Timestamp, TokenId, UserId, WorkspaceId};
use directory::directory;
use rusqlite::{OptionalExtension, params};
use std::collections::BTreeMap;
use std::time::Duration;
use templates::{begin_sync, replace_templates, templates_event};

#[async_trait]
impl Admin for SqliteStore {
    async fn directory(&self) -> Result<Directory, StoreError> {
        self.read_page(directory).await
    }

    async fn add_workspace(
        &self,
        name: String,
        country: Option<String>,
        data_key: Vec<u8>,
        now: Timestamp,
    ) -> Result<WorkspaceId, StoreError> {
        self.write(Class::Background, move |b| {
            b.execute(
                "INSERT INTO workspaces (name, country, data_key, created_at) VALUES (?1, ?2, ?3, ?4)",
                params![name, country, data_key, now.0],
            )?;
            Ok(WorkspaceId(b.inserted()))
        })
        .await
    }

    async fn add_token(&self, mut make: MakeToken) -> Result<TokenId, StoreError> {
        self.write(Class::Background, move |b| {
            let id = b.row("SELECT IFNULL(MAX(id), 0) + 1 FROM tokens", [], |r| r.get(0).map(TokenId))?;
            let token = make(id.unwrap_or(TokenId(1)));
            b.execute(
                "INSERT INTO tokens (id, workspace_id, name, hash, scopes, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    token.id.0,
                    token.workspace.0,
                    token.name,
                    token.hash,
                    token.scopes.join(" "),
                    token.created_at.0,
                    token.expires_at.map(|t| t.0)
                ],
            )?;
            Ok(token.id)
        })
        .await
    }

    async fn revoke_tokens(
        &self,
        workspace: WorkspaceId,
        name: String,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.write(Class::Background, move |b| {
            b.execute(
                "UPDATE tokens SET revoked_at = ?3 WHERE workspace_id = ?1 AND name = ?2 AND revoked_at IS NULL",
                params![workspace.0, name, now.0],
            )
        })
        .await
    }

    async fn add_user(&self, user: NewUser, now: Timestamp) -> Result<UserId, StoreError> {
        self.write(Class::Background, move |b| {
            b.execute(
                "INSERT INTO users (workspace_id, email, first_name, role, password_hash, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![user.workspace.0, user.email, user.first_name, user.role, user.password_hash, now.0],
            )?;
            Ok(UserId(b.inserted()))
        })
        .await
    }

    async fn set_lifecycles(&self, workspace: WorkspaceId, stages: Vec<String>) -> Result<(), StoreError> {
        self.write(Class::Background, move |b| {
            let stages = to_json(&stages)?;
            b.execute("UPDATE workspaces SET lifecycles = ?2 WHERE id = ?1", params![workspace.0, stages])
                .map(drop)
        })
        .await
    }

    async fn set_language(&self, user: UserId, language: String) -> Result<(), StoreError> {
        self.write(Class::Background, move |b| {
            b.execute("UPDATE users SET language = ?2 WHERE id = ?1", params![user.0, language]).map(|_| ())
        })
        .await
    }

    async fn add_sign_in_link(
        &self,
        hash: [u8; 32],
        user: UserId,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Class::Background, move |b| {
            b.execute(
                "INSERT INTO sign_in_links (hash, user_id, expires_at) VALUES (?1, ?2, ?3)",
                params![hash, user.0, expires_at.0],
            )
            .map(|_| ())
        })
        .await
    }

    async fn use_sign_in_link(
        &self,
        hash: [u8; 32],
        machine_now: Timestamp,
    ) -> Result<Option<UserId>, StoreError> {
        self.write(Class::Background, move |b| {
            b.row(
                "DELETE FROM sign_in_links WHERE hash = ?1 AND expires_at > ?2 RETURNING user_id",
                params![hash, machine_now.0],
                |r| r.get(0).map(UserId),
            )
        })
        .await
    }

    async fn add_session(
        &self,
        hash: [u8; 32],
        session: Session,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Class::Background, move |b| {
            b.execute(
                "INSERT INTO sessions (hash, user_id, csrf, expires_at) VALUES (?1, ?2, ?3, ?4)",
                params![hash, session.user.0, session.csrf, expires_at.0],
            )
            .map(|_| ())
        })
        .await
    }

    async fn session(&self, hash: [u8; 32], machine_now: Timestamp) -> Result<Option<Session>, StoreError> {
        self.read(|c| {
            c.prepare_cached("SELECT user_id, csrf FROM sessions WHERE hash = ?1 AND expires_at > ?2")?
                .query_row(params![hash, machine_now.0], |r| {
                    Ok(Session { user: UserId(r.get(0)?), csrf: r.get(1)? })
                })
                .optional()
        })
    }

    async fn end_session(&self, hash: [u8; 32]) -> Result<(), StoreError> {
        self.write(Class::Background, move |b| {
            b.execute("DELETE FROM sessions WHERE hash = ?1", [hash]).map(|_| ())
        })
        .await
    }

    async fn add_field(&self, field: Field, now: Timestamp) -> Result<FieldId, StoreError> {
        self.write(Class::Background, move |b| {
            let taken = b.row(
                "SELECT name, slug FROM custom_fields WHERE workspace_id = ?1 AND (name = ?2 OR slug = ?3)",
                params![field.workspace.0, field.name, field.slug],
                |r| Ok((r.get(0)?, r.get(1)?)),
            )?;
            if let Some((name, slug)) = taken {
                return Err(field_exists(name, slug));
            }
            b.execute(
                "INSERT INTO custom_fields (workspace_id, name, slug, data_type, allowed_values, description, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    field.workspace.0,
                    field.name,
                    field.slug,
                    field.data_type,
                    to_json(&field.allowed_values)?,
                    field.description,
                    now.0
                ],
            )?;
            Ok(FieldId(b.inserted()))
        })
        .await
    }

    async fn delete_field(&self, workspace: WorkspaceId, name: String) -> Result<bool, StoreError> {
        self.write(Class::Background, move |b| {
            let gone = b.execute(
                "DELETE FROM custom_fields WHERE workspace_id = ?1 AND (name = ?2 OR slug = ?2)",
                params![workspace.0, name],
            )?;
            Ok(gone > 0)
        })
        .await
    }

    async fn add_channel(&self, channel: NewChannel) -> Result<(ChannelId, AccountId, HookId), StoreError> {
        self.write(Class::Background, move |b| add_channel(b, &channel)).await
    }

    async fn set_channel(
        &self,
        channel: ChannelId,
        state: &'static str,
        held: Option<Failure>,
        learned: BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Class::Background, move |b| {
            let found = b.row("SELECT workspace_id, settings, sender FROM channels WHERE id = ?1", [channel.0], |r| {
                Ok((WorkspaceId(r.get(0)?), json::<BTreeMap<String, String>>(r, 1)?, r.get::<_, String>(2)?))
            })?;
            let Some((workspace, mut settings, mut sender)) = found else { return Err(StoreError::NotFound("channel")) };
            for (key, value) in &learned {
                if key == "sender" { sender.clone_from(value) } else { settings.insert(key.clone(), value.clone()).map_or((), drop) }
            }
            b.execute(
                "UPDATE channels SET state = ?2, held = ?3, held_at = ?4, settings = ?5, sender = ?6 WHERE id = ?1",
                params![
                    channel.0,
                    state,
                    held.as_ref().map(failure_json),
                    held.as_ref().map(|_| now.0),
                    to_json(&settings)?,
                    sender
                ],
            )?;
            b.event(workspace, NewEvent { at: now, kind: "channel.changed", contact: None, message: None, body: Some(channel.to_string()) });
            Ok(())
        })
        .await
    }

    async fn change_channel(
        &self,
        channel: ChannelId,
        settings: BTreeMap<String, String>,
        secrets: Vec<u8>,
        hook_secrets: Vec<u8>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Class::Background, move |b| {
            let found = b.row(
                "UPDATE channels SET settings = ?2, secrets = ?3 WHERE id = ?1 RETURNING workspace_id, hook_id",
                params![channel.0, to_json(&settings)?, secrets],
                |r| Ok((WorkspaceId(r.get(0)?), r.get::<_, i64>(1)?)),
            )?;
            let Some((workspace, hook)) = found else { return Err(StoreError::NotFound("channel")) };
            b.execute("UPDATE hooks SET secrets = ?2 WHERE id = ?1", params![hook, hook_secrets])?;
            let body = Some(channel.to_string());
            b.event(workspace, NewEvent { at: now, kind: "channel.changed", contact: None, message: None, body });
            Ok(())
        })
        .await
    }

    async fn remove_channel(&self, channel: ChannelId) -> Result<(), StoreError> {
        self.write(Class::Background, move |b| {
            b.execute("UPDATE channels SET state = 'removed' WHERE id = ?1", [channel.0]).map(|_| ())
        })
        .await
    }

    async fn begin_sync(
        &self,
        account: AccountId,
        now: Timestamp,
        between: Duration,
    ) -> Result<SyncTurn, StoreError> {
        self.write(Class::Background, move |b| begin_sync(b, account, now, between)).await
    }

    async fn replace_templates(
        &self,
        account: AccountId,
        templates: Vec<SyncedTemplate>,
        now: Timestamp,
    ) -> Result<(usize, usize), StoreError> {
        self.write(Class::Background, move |b| replace_templates(b, account, &templates, now)).await
    }

    async fn sync_failed(&self, account: AccountId, error: String, now: Timestamp) -> Result<(), StoreError> {
        self.write(Class::Background, move |b| {
            b.execute(
                "UPDATE accounts SET sync_error = ?2, sync_ended_at = ?3 WHERE id = ?1",
                params![account.0, error, now.0],
            )
            .map(|_| ())
        })
        .await
    }

    async fn set_template_status(
        &self,
        account: AccountId,
        name: String,
        language: String,
        status: String,
        reason: Option<String>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(Class::Background, move |b| {
            let changed = b.execute(
                "UPDATE templates SET status = ?4, rejected_reason = ?5, updated_at = ?6 WHERE account_id = ?1 AND name = ?2 AND language = ?3",
                params![account.0, name, language, status, reason, now.0],
            )?;
            templates_event(b, account, now)?;
            Ok(changed > 0)
        })
        .await
    }
}

fn add_channel(b: &mut Batch<'_>, n: &NewChannel) -> Result<(ChannelId, AccountId, HookId), StoreError> {
    let account = b
        .row(
            "INSERT INTO accounts (workspace_id, kind, external_id, created_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (workspace_id, kind, external_id) DO UPDATE SET external_id = external_id RETURNING id",
            params![n.workspace.0, n.kind.word(), n.account_external_id, n.now.0],
            |r| r.get(0).map(AccountId),
        )?
        .ok_or(StoreError::NotFound("account"))?;
    if !n.sender.is_empty() {
        let taken = b.row(
            "SELECT name FROM channels WHERE account_id = ?1 AND sender = ?2 AND state <> 'removed'",
            params![account.0, n.sender],
            |r| r.get::<_, String>(0),
        )?;
        if let Some(name) = taken {
            return Err(StoreError::Conflict(format!(
                "The channel \"{name}\" is connected to this sender already."
            )));
        }
    }
    b.execute(
        "INSERT INTO hooks (workspace_id, kind, key_hash, key_cipher, secrets, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![n.workspace.0, n.kind.word(), n.hook_key_hash, n.hook_key_cipher, n.hook_secrets, n.now.0],
    )?;
    let hook = HookId(b.inserted());
    b.execute(
        "INSERT INTO channels (workspace_id, account_id, hook_id, kind, name, sender, settings, secrets, state, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'connecting', ?9)",
        params![n.workspace.0, account.0, hook.0, n.kind.word(), n.name, n.sender, to_json(&n.settings)?, n.secrets, n.now.0],
    )?;
    Ok((ChannelId(b.inserted()), account, hook))
}
