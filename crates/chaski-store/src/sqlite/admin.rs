//! The small, slowly changing things.

use super::SqliteStore;
use super::batch::{Batch, NewEvent};
use super::rows::{failure_json, json, json_or_none, time, time_or_none, to_json};
use super::writer::Class;
use crate::admin::*;
use crate::error::StoreError;
use async_trait::async_trait;
use chaski_model::template::TemplateStatus;
use chaski_model::{
    AccountId, ChannelId, ChannelKind, Failure, FieldId, HookId, TemplateId, Timestamp, TokenId, UserId,
    WorkspaceId,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::{BTreeMap, BTreeSet};

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
            Ok(WorkspaceId(b.connection().last_insert_rowid()))
        })
        .await
    }

    async fn next_token_id(&self) -> Result<TokenId, StoreError> {
        self.read(|c| c.query_row("SELECT IFNULL(MAX(id), 0) + 1 FROM tokens", [], |r| r.get(0).map(TokenId)))
    }

    async fn add_token(&self, token: Token) -> Result<(), StoreError> {
        self.write(Class::Background, move |b| {
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
            Ok(())
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
            Ok(UserId(b.connection().last_insert_rowid()))
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
            b.execute(
                "INSERT INTO custom_fields (workspace_id, name, slug, data_type, allowed_values, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![field.workspace.0, field.name, field.slug, field.data_type, to_json(&field.allowed_values)?, now.0],
            )
            .map_err(|error| match error {
                StoreError::Conflict(_) => StoreError::Conflict(format!("A field `{}` exists already.", field.slug)),
                other => other,
            })?;
            Ok(FieldId(b.connection().last_insert_rowid()))
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

    async fn remove_channel(&self, channel: ChannelId) -> Result<(), StoreError> {
        self.write(Class::Background, move |b| {
            b.execute("UPDATE channels SET state = 'removed' WHERE id = ?1", [channel.0]).map(|_| ())
        })
        .await
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
                "UPDATE accounts SET sync_error = ?2, sync_started_at = ?3 WHERE id = ?1",
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
    let hook = HookId(b.connection().last_insert_rowid());
    b.execute(
        "INSERT INTO channels (workspace_id, account_id, hook_id, kind, name, sender, settings, secrets, state, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'connecting', ?9)",
        params![n.workspace.0, account.0, hook.0, n.kind.word(), n.name, n.sender, to_json(&n.settings)?, n.secrets, n.now.0],
    )?;
    Ok((ChannelId(b.connection().last_insert_rowid()), account, hook))
}

fn replace_templates(
    b: &mut Batch<'_>,
    account: AccountId,
    templates: &[SyncedTemplate],
    now: Timestamp,
) -> Result<(usize, usize), StoreError> {
    let workspace: i64 = b
        .row("SELECT workspace_id FROM accounts WHERE id = ?1", [account.0], |r| r.get(0))?
        .ok_or(StoreError::NotFound("account"))?;
    let mut changed = 0;
    let mut seen = BTreeSet::new();
    for template in templates {
        let d = &template.definition;
        seen.insert((d.name.clone(), d.language.clone()));
        changed += usize::from(upsert_template(b, workspace, account, template, now)?);
    }
    let known =
        b.rows("SELECT id, name, language FROM templates WHERE account_id = ?1", [account.0], |r| {
            Ok((r.get::<_, i64>(0)?, (r.get::<_, String>(1)?, r.get::<_, String>(2)?)))
        })?;
    let gone: Vec<i64> = known.into_iter().filter(|(_, key)| !seen.contains(key)).map(|(id, _)| id).collect();
    for id in &gone {
        b.execute("DELETE FROM templates WHERE id = ?1", [id])?;
        b.execute("DELETE FROM template_versions WHERE template_id = ?1", [id])?;
    }
    b.execute(
        "UPDATE accounts SET synced_at = ?2, sync_error = NULL WHERE id = ?1",
        params![account.0, now.0],
    )?;
    templates_event(b, account, now)?;
    Ok((changed, gone.len()))
}

fn upsert_template(
    b: &mut Batch<'_>,
    workspace: i64,
    account: AccountId,
    t: &SyncedTemplate,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let d = &t.definition;
    let definition = to_json(d)?;
    let known = b.row(
        "SELECT t.id, t.version, v.definition FROM templates t JOIN template_versions v ON v.template_id = t.id AND v.version = t.version
         WHERE t.account_id = ?1 AND t.name = ?2 AND t.language = ?3",
        params![account.0, d.name, d.language],
        |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, String>(2)?)),
    )?;
    let (id, version) = match known {
        Some((id, _, same)) if same == definition => {
            b.execute(
                "UPDATE templates SET status = ?2, rejected_reason = ?3 WHERE id = ?1",
                params![id, d.status.word(), d.rejected_reason],
            )?;
            return Ok(false);
        }
        Some((id, version, _)) => {
            b.execute(
                "UPDATE templates SET status = ?2, category = ?3, version = ?4, external_id = ?5, rejected_reason = ?6, updated_at = ?7 WHERE id = ?1",
                params![id, d.status.word(), d.category, version + 1, d.external_id, d.rejected_reason, now.0],
            )?;
            (id, version + 1)
        }
        None => {
            b.execute(
                "INSERT INTO templates (workspace_id, account_id, name, language, status, category, version, external_id, rejected_reason, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8, ?9)",
                params![workspace, account.0, d.name, d.language, d.status.word(), d.category, d.external_id, d.rejected_reason, now.0],
            )?;
            (b.connection().last_insert_rowid(), 1)
        }
    };
    b.execute(
        "INSERT INTO template_versions (template_id, version, definition, object, seen_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id, version, definition, to_json(&t.object)?, now.0],
    )?;
    Ok(true)
}

fn templates_event(b: &mut Batch<'_>, account: AccountId, now: Timestamp) -> Result<(), StoreError> {
    let workspace =
        b.row("SELECT workspace_id FROM accounts WHERE id = ?1", [account.0], |r| r.get(0).map(WorkspaceId))?;
    if let Some(workspace) = workspace {
        b.event(
            workspace,
            NewEvent {
                at: now,
                kind: "templates.changed",
                contact: None,
                message: None,
                body: Some(account.to_string()),
            },
        );
    }
    Ok(())
}

fn directory(c: &Connection) -> rusqlite::Result<Directory> {
    Ok(Directory {
        workspaces: all(c, "SELECT id, name, country, data_key FROM workspaces", |r| {
            Ok(Workspace { id: WorkspaceId(r.get(0)?), name: r.get(1)?, country: r.get(2)?, data_key: r.get(3)? })
        })?
        .into_iter()
        .map(|w| (w.id, w))
        .collect(),
        tokens: all(
            c,
            "SELECT id, workspace_id, name, hash, scopes, created_at, expires_at FROM tokens WHERE revoked_at IS NULL ORDER BY id",
            token,
        )?,
        users: all(
            c,
            "SELECT id, workspace_id, email, first_name, last_name, role, password_hash, language FROM users ORDER BY id",
            user,
        )?,
        fields: all(c, "SELECT id, workspace_id, name, slug, data_type, allowed_values FROM custom_fields ORDER BY id", field)?,
        accounts: all(c, "SELECT id, workspace_id, kind, external_id, synced_at, sync_error FROM accounts", account)?
            .into_iter()
            .map(|a| (a.id, a))
            .collect(),
        hooks: all(c, "SELECT id, workspace_id, kind, key_hash, key_cipher, secrets FROM hooks", hook)?
            .into_iter()
            .map(|h| (h.id, h))
            .collect(),
        channels: all(
            c,
            "SELECT id, workspace_id, account_id, hook_id, kind, name, sender, settings, secrets, state, held, held_at, created_at
             FROM channels WHERE state <> 'removed'",
            channel,
        )?
        .into_iter()
        .map(|ch| (ch.id, ch))
        .collect(),
        templates: all(
            c,
            "SELECT t.id, t.account_id, v.definition, t.status, t.rejected_reason, t.version, v.object, t.updated_at FROM templates t
             JOIN template_versions v ON v.template_id = t.id AND v.version = t.version ORDER BY t.name, t.language",
            template,
        )?,
    })
}

fn all<T>(
    c: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    c.prepare_cached(sql)?.query_map([], read)?.collect()
}

fn kind(r: &Row<'_>, column: usize) -> rusqlite::Result<ChannelKind> {
    let word: String = r.get(column)?;
    ChannelKind::from_word(&word).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Text,
            format!("no kind {word}").into(),
        )
    })
}

fn token(r: &Row<'_>) -> rusqlite::Result<Token> {
    let scopes: String = r.get(4)?;
    Ok(Token {
        id: TokenId(r.get(0)?),
        workspace: WorkspaceId(r.get(1)?),
        name: r.get(2)?,
        hash: r.get(3)?,
        scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        created_at: time(r, 5)?,
        expires_at: time_or_none(r, 6)?,
    })
}

fn user(r: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(r.get(0)?),
        workspace: WorkspaceId(r.get(1)?),
        email: r.get(2)?,
        first_name: r.get(3)?,
        last_name: r.get(4)?,
        role: r.get(5)?,
        password_hash: r.get(6)?,
        language: r.get(7)?,
    })
}

fn field(r: &Row<'_>) -> rusqlite::Result<Field> {
    Ok(Field {
        id: FieldId(r.get(0)?),
        workspace: WorkspaceId(r.get(1)?),
        name: r.get(2)?,
        slug: r.get(3)?,
        data_type: r.get(4)?,
        allowed_values: json_or_none(r, 5)?.unwrap_or_default(),
    })
}

fn account(r: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: AccountId(r.get(0)?),
        workspace: WorkspaceId(r.get(1)?),
        kind: kind(r, 2)?,
        external_id: r.get(3)?,
        synced_at: time_or_none(r, 4)?,
        sync_error: r.get(5)?,
    })
}

fn hook(r: &Row<'_>) -> rusqlite::Result<Hook> {
    Ok(Hook {
        id: HookId(r.get(0)?),
        workspace: WorkspaceId(r.get(1)?),
        kind: kind(r, 2)?,
        key_hash: r.get(3)?,
        key_cipher: r.get(4)?,
        secrets: r.get(5)?,
    })
}

fn channel(r: &Row<'_>) -> rusqlite::Result<Channel> {
    Ok(Channel {
        id: ChannelId(r.get(0)?),
        workspace: WorkspaceId(r.get(1)?),
        account: AccountId(r.get(2)?),
        hook: HookId(r.get(3)?),
        kind: kind(r, 4)?,
        name: r.get(5)?,
        sender: r.get(6)?,
        settings: json(r, 7)?,
        secrets: r.get(8)?,
        state: r.get(9)?,
        held: json_or_none(r, 10)?,
        held_at: time_or_none(r, 11)?,
        created_at: time(r, 12)?,
    })
}

fn template(r: &Row<'_>) -> rusqlite::Result<Template> {
    let mut definition: chaski_model::template::Definition = json(r, 2)?;
    let status: String = r.get(3)?;
    definition.status = TemplateStatus::parse(&status);
    definition.rejected_reason = r.get(4)?;
    Ok(Template {
        id: TemplateId(r.get(0)?),
        account: AccountId(r.get(1)?),
        definition,
        version: r.get(5)?,
        object: json(r, 6)?,
        updated_at: time(r, 7)?,
    })
}
