//! The small, slowly changing things.

mod directory;
mod templates;

use super::PgStore;
use super::background::Tx;
use super::batch::text;
use super::fault::Fail;
use super::rows::{failure_json, json, to_json};
use crate::admin::*;
use crate::error::StoreError;
use async_trait::async_trait;
use chaski_model::{AccountId, ChannelId, Failure, FieldId, HookId, Timestamp, TokenId, UserId, WorkspaceId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_postgres::Row;

const ADD_WORKSPACE: &str =
    "INSERT INTO workspaces (name, country, data_key, created_at) VALUES ($1, $2, $3, $4) RETURNING id";
const NEXT_TOKEN: &str = "SELECT COALESCE(MAX(id), 0) + 1 FROM tokens";
const ADD_TOKEN: &str = "INSERT INTO tokens (id, workspace_id, name, hash, scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
const REVOKE: &str =
    "UPDATE tokens SET revoked_at = $3 WHERE workspace_id = $1 AND name = $2 AND revoked_at IS NULL";
const ADD_USER: &str = "INSERT INTO users (workspace_id, email, first_name, role, password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
const ADD_LINK: &str = "INSERT INTO sign_in_links (hash, user_id, expires_at) VALUES ($1, $2, $3)";
const USE_LINK: &str = "DELETE FROM sign_in_links WHERE hash = $1 AND expires_at > $2 RETURNING user_id";
const ADD_SESSION: &str = "INSERT INTO sessions (hash, user_id, csrf, expires_at) VALUES ($1, $2, $3, $4)";
/// Two that want one name at once come one after the other.
const FIELDS_IN_TURN: &str = "SELECT id FROM workspaces WHERE id = $1 FOR UPDATE";
const FIELD_TAKEN: &str =
    "SELECT name, slug FROM custom_fields WHERE workspace_id = $1 AND (name = $2 OR slug = $3)";
const ADD_FIELD: &str =
    "INSERT INTO custom_fields (workspace_id, name, slug, data_type, allowed_values, description, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
const DELETE_FIELD: &str = "DELETE FROM custom_fields WHERE workspace_id = $1 AND (name = $2 OR slug = $2)";
const ADD_ACCOUNT: &str = "INSERT INTO accounts (workspace_id, kind, external_id, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (workspace_id, kind, external_id) DO UPDATE SET external_id = excluded.external_id RETURNING id";
const TAKEN: &str = "SELECT name FROM channels WHERE account_id = $1 AND sender = $2 AND state <> 'removed'";
const ADD_HOOK: &str = "INSERT INTO hooks (workspace_id, kind, key_hash, key_cipher, secrets, created_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
const ADD_CHANNEL: &str = "INSERT INTO channels (workspace_id, account_id, hook_id, kind, name, sender, settings, secrets, state, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'connecting', $9) RETURNING id";
const CHANNEL: &str = "SELECT workspace_id, settings, sender FROM channels WHERE id = $1 FOR UPDATE";
const SET_CHANNEL: &str =
    "UPDATE channels SET state = $2, held = $3, held_at = $4, settings = $5, sender = $6 WHERE id = $1";
const CHANGE_CHANNEL: &str =
    "UPDATE channels SET settings = $2, secrets = $3 WHERE id = $1 RETURNING workspace_id, hook_id";
const SYNC_FAILED: &str = "UPDATE accounts SET sync_error = $2, sync_ended_at = $3 WHERE id = $1";
const TEMPLATE_STATUS: &str = "UPDATE templates SET status = $4, rejected_reason = $5, updated_at = $6 WHERE account_id = $1 AND name = $2 AND language = $3";

/// The number that an insert returned.
fn number(row: Option<Row>) -> Result<i64, Fail> {
    row.map(|row| row.get(0)).ok_or_else(|| StoreError::Fault("an insert returned no number".into()).into())
}

impl PgStore {
    /// One statement that changes what the directory is read from; how many rows.
    async fn change<P>(&self, sql: &'static str, params: P) -> Result<u64, StoreError>
    where
        P: Send + Sync + 'static + AsParams,
    {
        let params = Arc::new(params);
        self.transact(move |tx| {
            let params = Arc::clone(&params);
            Box::pin(async move {
                tx.changes_directory();
                tx.execute(sql, &params.list()).await
            })
        })
        .await
    }
}

type Param = dyn tokio_postgres::types::ToSql + Sync + Send;

/// Values for a statement, kept together.
trait AsParams {
    fn list(&self) -> Vec<&(dyn tokio_postgres::types::ToSql + Sync)>;
}

impl AsParams for Vec<Box<Param>> {
    fn list(&self) -> Vec<&(dyn tokio_postgres::types::ToSql + Sync)> {
        self.iter().map(|value| &**value as &(dyn tokio_postgres::types::ToSql + Sync)).collect()
    }
}

macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$(Box::new($value) as Box<Param>),*] };
}

#[async_trait]
impl Admin for PgStore {
    async fn directory(&self) -> Result<Directory, StoreError> {
        directory::directory(self.reads()).await
    }

    async fn add_workspace(
        &self,
        name: String,
        country: Option<String>,
        data_key: Vec<u8>,
        now: Timestamp,
    ) -> Result<WorkspaceId, StoreError> {
        self.transact(move |tx| {
            let (name, country, data_key) = (name.clone(), country.clone(), data_key.clone());
            Box::pin(async move {
                tx.changes_directory();
                let row = tx.row(ADD_WORKSPACE, &[&name, &country, &data_key, &now.0]).await?;
                Ok(WorkspaceId(number(row)?))
            })
        })
        .await
    }

    async fn add_token(&self, make: MakeToken) -> Result<TokenId, StoreError> {
        let make = Arc::new(Mutex::new(make));
        self.transact(move |tx| {
            let make = Arc::clone(&make);
            Box::pin(async move {
                // Numbers are given in turn: two tokens at once must not get the same.
                tx.execute("LOCK TABLE tokens IN SHARE ROW EXCLUSIVE MODE", &[]).await?;
                let id = TokenId(number(tx.row(NEXT_TOKEN, &[]).await?)?);
                let token = make.lock().expect("nobody panics making a token")(id);
                let (hash, scopes) = (token.hash.as_slice(), token.scopes.join(" "));
                let (made, ends) = (token.created_at.0, token.expires_at.map(|at| at.0));
                tx.changes_directory();
                tx.execute(
                    ADD_TOKEN,
                    &[&token.id.0, &token.workspace.0, &token.name, &hash, &scopes, &made, &ends],
                )
                .await?;
                Ok(token.id)
            })
        })
        .await
    }

    async fn revoke_tokens(
        &self,
        workspace: WorkspaceId,
        name: String,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let gone = self.change(REVOKE, values![workspace.0, name, now.0]).await?;
        Ok(usize::try_from(gone).unwrap_or(usize::MAX))
    }

    async fn add_user(&self, user: NewUser, now: Timestamp) -> Result<UserId, StoreError> {
        self.transact(move |tx| {
            let u = user.clone();
            Box::pin(async move {
                tx.changes_directory();
                let row = tx
                    .row(
                        ADD_USER,
                        &[&u.workspace.0, &u.email, &u.first_name, &u.role, &u.password_hash, &now.0],
                    )
                    .await?;
                Ok(UserId(number(row)?))
            })
        })
        .await
    }

    async fn set_lifecycles(&self, workspace: WorkspaceId, stages: Vec<String>) -> Result<(), StoreError> {
        let stages = text(&to_json(&stages)?);
        self.change("UPDATE workspaces SET lifecycles = $2 WHERE id = $1", values![workspace.0, stages])
            .await
            .map(drop)
    }

    async fn set_language(&self, user: UserId, language: String) -> Result<(), StoreError> {
        self.change("UPDATE users SET language = $2 WHERE id = $1", values![user.0, language]).await.map(drop)
    }

    async fn add_sign_in_link(
        &self,
        hash: [u8; 32],
        user: UserId,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.transact(move |tx| {
            Box::pin(async move {
                tx.execute(ADD_LINK, &[&hash.as_slice(), &user.0, &expires_at.0]).await.map(drop)
            })
        })
        .await
    }

    async fn use_sign_in_link(
        &self,
        hash: [u8; 32],
        machine_now: Timestamp,
    ) -> Result<Option<UserId>, StoreError> {
        self.transact(move |tx| {
            Box::pin(async move {
                let row = tx.row(USE_LINK, &[&hash.as_slice(), &machine_now.0]).await?;
                Ok(row.map(|row| UserId(row.get(0))))
            })
        })
        .await
    }

    async fn add_session(
        &self,
        hash: [u8; 32],
        session: Session,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.transact(move |tx| {
            let s = session.clone();
            Box::pin(async move {
                tx.execute(ADD_SESSION, &[&hash.as_slice(), &s.user.0, &s.csrf, &expires_at.0])
                    .await
                    .map(drop)
            })
        })
        .await
    }

    async fn session(&self, hash: [u8; 32], machine_now: Timestamp) -> Result<Option<Session>, StoreError> {
        let sql = "SELECT user_id, csrf FROM sessions WHERE hash = $1 AND expires_at > $2";
        let row = self.reads().row(sql, &[&hash.as_slice(), &machine_now.0]).await?;
        Ok(row.map(|row| Session { user: UserId(row.get(0)), csrf: row.get(1) }))
    }

    async fn end_session(&self, hash: [u8; 32]) -> Result<(), StoreError> {
        self.transact(move |tx| {
            Box::pin(async move {
                tx.execute("DELETE FROM sessions WHERE hash = $1", &[&hash.as_slice()]).await.map(drop)
            })
        })
        .await
    }

    async fn add_field(&self, field: Field, now: Timestamp) -> Result<FieldId, StoreError> {
        self.transact(move |tx| {
            let f = field.clone();
            Box::pin(async move {
                tx.changes_directory();
                let (name, slug) = (text(&f.name), text(&f.slug));
                let (values, description) = (to_json(&f.allowed_values)?, f.description.as_deref().map(text));
                tx.row(FIELDS_IN_TURN, &[&f.workspace.0]).await?;
                if let Some(row) = tx.row(FIELD_TAKEN, &[&f.workspace.0, &name, &slug]).await? {
                    return Err(Fail::Refused(field_exists(row.get(0), row.get(1))));
                }
                let row = tx
                    .row(
                        ADD_FIELD,
                        &[&f.workspace.0, &name, &slug, &f.data_type, &values, &description, &now.0],
                    )
                    .await?;
                Ok(FieldId(number(row)?))
            })
        })
        .await
    }

    async fn delete_field(&self, workspace: WorkspaceId, name: String) -> Result<bool, StoreError> {
        Ok(self.change(DELETE_FIELD, values![workspace.0, name]).await? > 0)
    }

    async fn add_channel(&self, channel: NewChannel) -> Result<(ChannelId, AccountId, HookId), StoreError> {
        let channel = Arc::new(channel);
        self.transact(move |tx| {
            let channel = Arc::clone(&channel);
            Box::pin(async move { add_channel(tx, &channel).await })
        })
        .await
    }

    async fn set_channel(
        &self,
        channel: ChannelId,
        state: &'static str,
        held: Option<Failure>,
        learned: BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.transact(move |tx| {
            let (held, learned) = (held.clone(), learned.clone());
            Box::pin(async move {
                let row = tx.row(CHANNEL, &[&channel.0]).await?.ok_or(StoreError::NotFound("channel"))?;
                let mut settings: BTreeMap<String, String> = json(&row, 1)?;
                let mut sender: String = row.get(2);
                for (key, value) in learned {
                    match key.as_str() {
                        "sender" => sender = value,
                        _ => drop(settings.insert(key, value)),
                    }
                }
                let (cause, held_at) = (held.as_ref().map(failure_json), held.as_ref().map(|_| now.0));
                let settings = to_json(&settings)?;
                tx.execute(SET_CHANNEL, &[&channel.0, &state, &cause, &held_at, &settings, &sender]).await?;
                tx.changes_directory();
                let workspace = WorkspaceId(row.get(0));
                tx.event(workspace, now, "channel.changed", None, Some(channel.to_string()));
                Ok(())
            })
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
        let settings = to_json(&settings)?;
        self.transact(move |tx| {
            let (settings, secrets, hook_secrets) = (settings.clone(), secrets.clone(), hook_secrets.clone());
            Box::pin(async move {
                let row = tx.row(CHANGE_CHANNEL, &[&channel.0, &settings, &secrets]).await?;
                let row = row.ok_or(StoreError::NotFound("channel"))?;
                let hook: i64 = row.get(1);
                tx.execute("UPDATE hooks SET secrets = $2 WHERE id = $1", &[&hook, &hook_secrets]).await?;
                tx.changes_directory();
                let workspace = WorkspaceId(row.get(0));
                tx.event(workspace, now, "channel.changed", None, Some(channel.to_string()));
                Ok(())
            })
        })
        .await
    }

    async fn remove_channel(&self, channel: ChannelId) -> Result<(), StoreError> {
        let sql = "UPDATE channels SET state = 'removed' WHERE id = $1";
        self.change(sql, values![channel.0]).await.map(drop)
    }

    async fn begin_sync(
        &self,
        account: AccountId,
        now: Timestamp,
        between: Duration,
    ) -> Result<SyncTurn, StoreError> {
        self.transact(move |tx| Box::pin(templates::begin_sync(tx, account, now, between))).await
    }

    async fn replace_templates(
        &self,
        account: AccountId,
        templates: Vec<SyncedTemplate>,
        now: Timestamp,
    ) -> Result<(usize, usize), StoreError> {
        let list = Arc::new(templates);
        self.transact(move |tx| {
            let list = Arc::clone(&list);
            Box::pin(async move { templates::replace_templates(tx, account, &list, now).await })
        })
        .await
    }

    async fn sync_failed(&self, account: AccountId, error: String, now: Timestamp) -> Result<(), StoreError> {
        self.change(SYNC_FAILED, values![account.0, error, now.0]).await.map(drop)
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
        self.transact(move |tx| {
            let (name, language) = (name.clone(), language.clone());
            let (status, reason) = (status.clone(), reason.clone());
            Box::pin(async move {
                let changed = tx
                    .execute(TEMPLATE_STATUS, &[&account.0, &name, &language, &status, &reason, &now.0])
                    .await?;
                let of = tx.row("SELECT workspace_id FROM accounts WHERE id = $1", &[&account.0]).await?;
                if let Some(row) = of {
                    let workspace = WorkspaceId(row.get(0));
                    tx.event(workspace, now, "templates.changed", None, Some(account.to_string()));
                }
                tx.changes_directory();
                Ok(changed > 0)
            })
        })
        .await
    }
}

async fn add_channel(tx: &mut Tx, n: &NewChannel) -> Result<(ChannelId, AccountId, HookId), Fail> {
    let kind = n.kind.word();
    tx.changes_directory();
    // The account's row is locked by this, so that two of one sender cannot pass each other.
    let account = tx.row(ADD_ACCOUNT, &[&n.workspace.0, &kind, &n.account_external_id, &n.now.0]).await?;
    let account = AccountId(number(account)?);
    if !n.sender.is_empty()
        && let Some(row) = tx.row(TAKEN, &[&account.0, &n.sender]).await?
    {
        let name: &str = row.get(0);
        return Err(Fail::Refused(StoreError::Conflict(format!(
            "The channel \"{name}\" is connected to this sender already."
        ))));
    }
    let hash = n.hook_key_hash.as_slice();
    let hook = tx
        .row(ADD_HOOK, &[&n.workspace.0, &kind, &hash, &n.hook_key_cipher, &n.hook_secrets, &n.now.0])
        .await?;
    let hook = HookId(number(hook)?);
    let settings = to_json(&n.settings)?;
    let channel = tx
        .row(
            ADD_CHANNEL,
            &[
                &n.workspace.0,
                &account.0,
                &hook.0,
                &kind,
                &n.name,
                &n.sender,
                &settings,
                &n.secrets,
                &n.now.0,
            ],
        )
        .await?;
    Ok((ChannelId(number(channel)?), account, hook))
}
