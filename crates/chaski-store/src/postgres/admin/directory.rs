//! Reading everything small, whole.

use crate::admin::*;
use crate::error::StoreError;
use crate::postgres::readers::Readers;
use crate::postgres::rows::{json, json_or_none, time, time_or_none};
use chaski_model::template::TemplateStatus;
use chaski_model::{
    AccountId, ChannelId, ChannelKind, FieldId, HookId, TemplateId, TokenId, UserId, WorkspaceId,
};
use tokio_postgres::Row;

const WORKSPACES: &str = "SELECT id, name, country, data_key, lifecycles FROM workspaces";
const TOKENS: &str = "SELECT id, workspace_id, name, hash, scopes, created_at, expires_at FROM tokens WHERE revoked_at IS NULL ORDER BY id";
const USERS: &str = "SELECT id, workspace_id, email, first_name, last_name, role, password_hash, language FROM users ORDER BY id";
const FIELDS: &str = "SELECT id, workspace_id, name, slug, data_type, allowed_values, description, created_at FROM custom_fields ORDER BY id";
const ACCOUNTS: &str =
    "SELECT id, workspace_id, kind, external_id, synced_at, sync_error, mailbox_error FROM accounts";
const HOOKS: &str = "SELECT id, workspace_id, kind, key_hash, key_cipher, secrets FROM hooks";
const CHANNELS: &str = "SELECT id, workspace_id, account_id, hook_id, kind, name, sender, settings, secrets, state, held, held_at, created_at
    FROM channels WHERE state <> 'removed'";
const TEMPLATES: &str = "SELECT t.id, t.account_id, v.definition, t.status, t.rejected_reason, t.version, v.object, t.updated_at FROM templates t
    JOIN template_versions v ON v.template_id = t.id AND v.version = t.version ORDER BY t.name COLLATE \"C\", t.language COLLATE \"C\"";

pub(super) async fn directory(reads: &Readers) -> Result<Directory, StoreError> {
    Ok(Directory {
        workspaces: all(reads, WORKSPACES, workspace).await?.into_iter().map(|w| (w.id, w)).collect(),
        tokens: all(reads, TOKENS, token).await?,
        users: all(reads, USERS, user).await?,
        fields: all(reads, FIELDS, field).await?,
        accounts: all(reads, ACCOUNTS, account).await?.into_iter().map(|a| (a.id, a)).collect(),
        hooks: all(reads, HOOKS, hook).await?.into_iter().map(|h| (h.id, h)).collect(),
        channels: all(reads, CHANNELS, channel).await?.into_iter().map(|c| (c.id, c)).collect(),
        templates: all(reads, TEMPLATES, template).await?,
    })
}

async fn all<T>(
    reads: &Readers,
    sql: &'static str,
    read: fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    reads.rows(sql, &[]).await?.iter().map(read).collect()
}

fn kind(r: &Row, column: usize) -> Result<ChannelKind, StoreError> {
    let word: &str = r.get(column);
    ChannelKind::from_word(word).ok_or_else(|| StoreError::Fault(format!("no kind {word}")))
}

/// A SHA-256.
fn hash(r: &Row, column: usize) -> Result<[u8; 32], StoreError> {
    let bytes: &[u8] = r.get(column);
    bytes.try_into().map_err(|_| StoreError::Fault("a stored hash is not a SHA-256".into()))
}

fn workspace(r: &Row) -> Result<Workspace, StoreError> {
    Ok(Workspace {
        id: WorkspaceId(r.get(0)),
        name: r.get(1),
        country: r.get(2),
        data_key: r.get(3),
        lifecycles: json(r, 4)?,
    })
}

fn token(r: &Row) -> Result<Token, StoreError> {
    let scopes: &str = r.get(4);
    Ok(Token {
        id: TokenId(r.get(0)),
        workspace: WorkspaceId(r.get(1)),
        name: r.get(2),
        hash: hash(r, 3)?,
        scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        created_at: time(r, 5),
        expires_at: time_or_none(r, 6),
    })
}

fn user(r: &Row) -> Result<User, StoreError> {
    Ok(User {
        id: UserId(r.get(0)),
        workspace: WorkspaceId(r.get(1)),
        email: r.get(2),
        first_name: r.get(3),
        last_name: r.get(4),
        role: r.get(5),
        password_hash: r.get(6),
        language: r.get(7),
    })
}

fn field(r: &Row) -> Result<Field, StoreError> {
    Ok(Field {
        id: FieldId(r.get(0)),
        workspace: WorkspaceId(r.get(1)),
        name: r.get(2),
        slug: r.get(3),
        data_type: r.get(4),
        allowed_values: json_or_none(r, 5)?.unwrap_or_default(),
        description: r.get(6),
        created_at: time(r, 7),
    })
}

fn account(r: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: AccountId(r.get(0)),
        workspace: WorkspaceId(r.get(1)),
        kind: kind(r, 2)?,
        external_id: r.get(3),
        synced_at: time_or_none(r, 4),
        sync_error: r.get(5),
        mailbox_error: r.get(6),
    })
}

fn hook(r: &Row) -> Result<Hook, StoreError> {
    Ok(Hook {
        id: HookId(r.get(0)),
        workspace: WorkspaceId(r.get(1)),
        kind: kind(r, 2)?,
        key_hash: hash(r, 3)?,
        key_cipher: r.get(4),
        secrets: r.get(5),
    })
}

fn channel(r: &Row) -> Result<Channel, StoreError> {
    Ok(Channel {
        id: ChannelId(r.get(0)),
        workspace: WorkspaceId(r.get(1)),
        account: AccountId(r.get(2)),
        hook: HookId(r.get(3)),
        kind: kind(r, 4)?,
        name: r.get(5),
        sender: r.get(6),
        settings: json(r, 7)?,
        secrets: r.get(8),
        state: r.get(9),
        held: json_or_none(r, 10)?,
        held_at: time_or_none(r, 11),
        created_at: time(r, 12),
    })
}

fn template(r: &Row) -> Result<Template, StoreError> {
    let mut definition: chaski_model::template::Definition = json(r, 2)?;
    definition.status = TemplateStatus::parse(r.get(3));
    definition.rejected_reason = r.get(4);
    Ok(Template {
        id: TemplateId(r.get(0)),
        account: AccountId(r.get(1)),
        definition,
        version: r.get(5),
        object: json(r, 6)?,
        updated_at: time(r, 7),
    })
}
