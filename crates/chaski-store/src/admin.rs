//! The small, slowly changing things: workspaces, tokens, users, fields, accounts, channels, hooks,
//! templates. They are read whole into a [`Directory`] that the engine keeps in memory.

use crate::error::StoreError;
use async_trait::async_trait;
use chaski_model::template::Definition;
use chaski_model::{
    AccountId, ChannelId, ChannelKind, Failure, FieldId, HookId, TemplateId, Timestamp, TokenId, UserId,
    WorkspaceId,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// A workspace.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Its number.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// How numbers dialled at home are read (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    /// Its data key, wrapped.
    pub data_key: Vec<u8>,
    /// The stages of its contacts' lifecycle, in their order.
    pub lifecycles: Vec<String>,
}

/// An API token, without the token.
#[derive(Debug, Clone)]
pub struct Token {
    /// Its number.
    pub id: TokenId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A person who signs in.
#[derive(Debug, Clone)]
pub struct User {
    /// Its number.
    pub id: UserId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The e-mail address to sign in with.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// owner, manager, agent.
    pub role: String,
    /// argon2id, if a password was set.
    pub password_hash: Option<String>,
    /// The saved choice of language.
    pub language: Option<String>,
}

/// A custom field of contacts.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its number.
    pub id: FieldId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// What `@field.SLUG` names it by.
    pub slug: String,
    /// text, list, checkbox, email, number, url, date, time.
    pub data_type: String,
    /// The values of a list.
    pub allowed_values: Vec<String>,
    /// What it is for.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An account at a provider.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The kind of its channels.
    pub kind: ChannelKind,
    /// The provider's id of it.
    pub external_id: String,
    /// When its templates were last synced; `None` = never.
    pub synced_at: Option<Timestamp>,
    /// Why the last sync failed.
    pub sync_error: Option<String>,
    /// Why its mailbox cannot be read.
    pub mailbox_error: Option<String>,
}

/// A webhook address at a provider.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Its number.
    pub id: HookId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The kind of channel that it serves.
    pub kind: ChannelKind,
    /// SHA-256 of its key.
    pub key_hash: [u8; 32],
    /// Its key, encrypted.
    pub key_cipher: Vec<u8>,
    /// What verifies webhooks, encrypted.
    pub secrets: Vec<u8>,
}

/// A connected sender.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Its number.
    pub id: ChannelId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its account.
    pub account: AccountId,
    /// Its hook.
    pub hook: HookId,
    /// Its kind.
    pub kind: ChannelKind,
    /// Its name.
    pub name: String,
    /// The provider's id of the sender; empty where it names none.
    pub sender: String,
    /// Settings, never secrets.
    pub settings: BTreeMap<String, String>,
    /// Secrets, encrypted.
    pub secrets: Vec<u8>,
    /// connecting, connected, held.
    pub state: String,
    /// Why it is held.
    pub held: Option<Failure>,
    /// Since when.
    pub held_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A template of an account's catalogue.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its number.
    pub id: TemplateId,
    /// Its account.
    pub account: AccountId,
    /// What is approved now.
    pub definition: Definition,
    /// Counts the changes of its content, from 1.
    pub version: i64,
    /// The provider's own object.
    pub object: Value,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A template as a sync brought it.
#[derive(Debug, Clone)]
pub struct SyncedTemplate {
    /// What it says.
    pub definition: Definition,
    /// The provider's own object.
    pub object: Value,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// Workspaces by number.
    pub workspaces: BTreeMap<WorkspaceId, Workspace>,
    /// Tokens that have not been revoked.
    pub tokens: Vec<Token>,
    /// Users.
    pub users: Vec<User>,
    /// Custom fields.
    pub fields: Vec<Field>,
    /// Accounts by number.
    pub accounts: BTreeMap<AccountId, Account>,
    /// Hooks by number.
    pub hooks: BTreeMap<HookId, Hook>,
    /// Channels that have not been removed, by number.
    pub channels: BTreeMap<ChannelId, Channel>,
    /// Templates.
    pub templates: Vec<Template>,
}

/// A new channel with its account and hook, stored as `connecting` before the provider is called.
#[derive(Debug, Clone)]
pub struct NewChannel {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its kind.
    pub kind: ChannelKind,
    /// Its name.
    pub name: String,
    /// The provider's id of its account.
    pub account_external_id: String,
    /// The provider's id of the sender.
    pub sender: String,
    /// Settings.
    pub settings: BTreeMap<String, String>,
    /// Secrets, encrypted.
    pub secrets: Vec<u8>,
    /// SHA-256 of the hook's key.
    pub hook_key_hash: [u8; 32],
    /// The hook's key, encrypted.
    pub hook_key_cipher: Vec<u8>,
    /// What verifies webhooks, encrypted.
    pub hook_secrets: Vec<u8>,
    /// Domain time.
    pub now: Timestamp,
}

/// A new user.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The e-mail address.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// owner, manager, agent.
    pub role: String,
    /// argon2id.
    pub password_hash: Option<String>,
}

/// A session that is signed in.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who.
    pub user: UserId,
    /// The token that forms carry.
    pub csrf: String,
}

/// How long a sync of a catalogue is waited for: whoever began it has died when it takes longer.
pub const SYNC_TAKES: Duration = Duration::from_secs(30);

/// As the stores count.
pub(crate) fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 2)
}

/// Whether to sync an account's catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncTurn {
    /// Yes: nobody else does.
    Yours,
    /// Somebody does it just now: its end is worth waiting for.
    UnderWay,
    /// It was done a moment ago.
    TooSoon,
}

/// A custom field's name or slug is taken.
pub(crate) fn field_exists(name: String, slug: String) -> StoreError {
    StoreError::Conflict(format!("A field `{name}` with the slug `{slug}` exists already."))
}

/// Makes a token's row once its number is known. It may be called twice.
pub type MakeToken = Box<dyn FnMut(TokenId) -> Token + Send>;

/// What administration asks and tells.
#[async_trait]
pub trait Admin: Send + Sync {
    /// Everything small.
    async fn directory(&self) -> Result<Directory, StoreError>;

    /// Makes a workspace.
    async fn add_workspace(
        &self,
        name: String,
        country: Option<String>,
        data_key: Vec<u8>,
        now: Timestamp,
    ) -> Result<WorkspaceId, StoreError>;

    /// Makes a token: `make` is given its number, which the token itself carries, and returns the row.
    async fn add_token(&self, make: MakeToken) -> Result<TokenId, StoreError>;
    /// Ends every token of this name.
    async fn revoke_tokens(
        &self,
        workspace: WorkspaceId,
        name: String,
        now: Timestamp,
    ) -> Result<usize, StoreError>;

    /// Sets the stages of the contacts' lifecycle. A contact keeps the one it has.
    async fn set_lifecycles(&self, workspace: WorkspaceId, stages: Vec<String>) -> Result<(), StoreError>;
    /// Makes a user.
    async fn add_user(&self, user: NewUser, now: Timestamp) -> Result<UserId, StoreError>;
    /// Saves a user's choice of language.
    async fn set_language(&self, user: UserId, language: String) -> Result<(), StoreError>;
    /// Stores a link that signs in once.
    async fn add_sign_in_link(
        &self,
        hash: [u8; 32],
        user: UserId,
        expires_at: Timestamp,
    ) -> Result<(), StoreError>;
    /// Uses a link up; `None` when it is unknown, used or over.
    async fn use_sign_in_link(
        &self,
        hash: [u8; 32],
        machine_now: Timestamp,
    ) -> Result<Option<UserId>, StoreError>;
    /// Starts a session.
    async fn add_session(
        &self,
        hash: [u8; 32],
        session: Session,
        expires_at: Timestamp,
    ) -> Result<(), StoreError>;
    /// Finds a session.
    async fn session(&self, hash: [u8; 32], machine_now: Timestamp) -> Result<Option<Session>, StoreError>;
    /// Ends a session.
    async fn end_session(&self, hash: [u8; 32]) -> Result<(), StoreError>;

    /// Makes a custom field; its number and its time are given here.
    /// Fails with `Conflict` when another one has its name or its slug.
    async fn add_field(&self, field: Field, now: Timestamp) -> Result<FieldId, StoreError>;
    /// Deletes a custom field by name or slug.
    async fn delete_field(&self, workspace: WorkspaceId, name: String) -> Result<bool, StoreError>;

    /// Stores a channel as `connecting`, with its account and hook.
    async fn add_channel(&self, channel: NewChannel) -> Result<(ChannelId, AccountId, HookId), StoreError>;
    /// Changes a channel's state, and merges settings that were learned.
    async fn set_channel(
        &self,
        channel: ChannelId,
        state: &'static str,
        held: Option<Failure>,
        learned: BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Replaces a channel's settings and secrets, and what verifies its hook (both encrypted).
    async fn change_channel(
        &self,
        channel: ChannelId,
        settings: BTreeMap<String, String>,
        secrets: Vec<u8>,
        hook_secrets: Vec<u8>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Removes a channel that could not be connected, or is wanted no more.
    async fn remove_channel(&self, channel: ChannelId) -> Result<(), StoreError>;

    /// Asks for the right to sync an account's catalogue because of an absent or refused template. One
    /// node gets it, once in `between`; whoever asks meanwhile is told what to do instead.
    async fn begin_sync(
        &self,
        account: AccountId,
        now: Timestamp,
        between: Duration,
    ) -> Result<SyncTurn, StoreError>;
    /// Replaces an account's catalogue, which ends a sync. Returns (added or changed, gone).
    async fn replace_templates(
        &self,
        account: AccountId,
        templates: Vec<SyncedTemplate>,
        now: Timestamp,
    ) -> Result<(usize, usize), StoreError>;
    /// Notes that a sync has ended without a catalogue.
    async fn sync_failed(&self, account: AccountId, error: String, now: Timestamp) -> Result<(), StoreError>;
    /// Changes one template's status, as its webhook says.
    async fn set_template_status(
        &self,
        account: AccountId,
        name: String,
        language: String,
        status: String,
        reason: Option<String>,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}
