//! Reading everything small, whole.

use crate::admin::*;
use crate::sqlite::rows::{json, json_or_none, time, time_or_none};
use chaski_model::template::TemplateStatus;
use chaski_model::{
    AccountId, ChannelId, ChannelKind, FieldId, HookId, TemplateId, TokenId, UserId, WorkspaceId,
};
use rusqlite::{Connection, Row};

pub(super) fn directory(c: &Connection) -> rusqlite::Result<Directory> {
    Ok(Directory {
        workspaces: all(c, "SELECT id, name, country, data_key, lifecycles FROM workspaces", |r| {
            Ok(Workspace {
                id: WorkspaceId(r.get(0)?),
                name: r.get(1)?,
                country: r.get(2)?,
                data_key: r.get(3)?,
                lifecycles: json(r, 4)?,
            })
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
        fields: all(c, "SELECT id, workspace_id, name, slug, data_type, allowed_values, description, created_at FROM custom_fields ORDER BY id", field)?,
        accounts: all(c, "SELECT id, workspace_id, kind, external_id, synced_at, sync_error, mailbox_error FROM accounts", account)?
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
        description: r.get(6)?,
        created_at: time(r, 7)?,
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
        mailbox_error: r.get(6)?,
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
