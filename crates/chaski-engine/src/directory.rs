//! The small, slowly changing things in memory: looked up on every request, read anew after a change.

use crate::vault::{DataKey, Vault};
use chaski_channels::twilio::is_content_sid;
use chaski_channels::{Adapter, Secrets, adapter};
use chaski_model::address::{Address, AddressKind};
use chaski_model::template::Definition;
use chaski_model::{AccountId, ChannelId, WorkspaceId};
use chaski_store::admin::{Account, Channel, Directory, Field, Hook, Template, Token, User, Workspace};
use std::collections::HashMap;
use std::sync::Arc;

/// A channel with its adapter and its opened secrets.
pub struct ChannelEntry {
    /// As stored.
    pub channel: Channel,
    /// Its adapter, where the build has one.
    pub adapter: Option<&'static dyn Adapter>,
    /// Its secrets; empty when they could not be opened.
    pub secrets: Secrets,
    /// The key file does not open its secrets: it is held until the right key is there.
    pub locked: bool,
    /// Where its provider's webhooks go.
    pub hook_url: String,
}

impl ChannelEntry {
    /// Whether receipts name a message by the provider's id alone.
    pub fn is_named_by_provider(&self) -> bool {
        self.channel.kind.capabilities().is_some_and(|kind| kind.reports() && !kind.echoes_reference)
    }

    /// Whether nothing may go out by it.
    pub fn is_held(&self) -> bool {
        self.locked || self.channel.state != "connected"
    }

    /// What must not be shown: its secrets, and the key in its webhook's address.
    pub fn hidden(&self) -> Vec<&str> {
        let key = self.hook_url.rsplit('/').next().unwrap_or_default();
        self.secrets.0.values().map(String::as_str).chain([key]).collect()
    }

    /// Addresses as an adapter names them: ids that only the provider knows are of this channel alone.
    pub fn scoped(&self, mut addresses: Vec<Address>) -> Vec<Address> {
        for address in addresses.iter_mut().filter(|a| a.kind == AddressKind::Native) {
            address.scope = self.channel.id.to_string();
        }
        addresses
    }

    /// A setting as a number.
    pub fn number(&self, key: &str, default: f64) -> f64 {
        self.channel.settings.get(key).and_then(|value| value.parse().ok()).unwrap_or(default)
    }
}

/// A hook with what verifies its webhooks.
pub struct HookEntry {
    /// As stored.
    pub hook: Hook,
    /// The adapter of its kind.
    pub adapter: Option<&'static dyn Adapter>,
    /// What verifies.
    pub secrets: Secrets,
    /// The only channels that it may speak for.
    pub channels: Vec<ChannelId>,
}

/// Everything small, at one moment.
#[derive(Default)]
pub struct Snapshot {
    /// Workspaces by number.
    pub workspaces: HashMap<WorkspaceId, Workspace>,
    /// Tokens by hash.
    pub tokens: HashMap<[u8; 32], Arc<Token>>,
    /// Users.
    pub users: Vec<User>,
    /// Custom fields.
    pub fields: Vec<Field>,
    /// Accounts by number.
    pub accounts: HashMap<AccountId, Account>,
    /// Channels by number.
    pub channels: HashMap<ChannelId, Arc<ChannelEntry>>,
    /// Hooks by the hash of their key.
    pub hooks: HashMap<[u8; 32], Arc<HookEntry>>,
    /// Templates by account and name.
    pub templates: HashMap<(AccountId, String), Vec<Arc<Template>>>,
}

/// The place that a hook's secrets are bound to.
pub fn hook_place(workspace: WorkspaceId, key_hash: &[u8; 32], field: &str) -> String {
    format!("{workspace}/hooks/{}/{field}", hex::encode(key_hash))
}

/// The place that a channel's secrets are bound to: named by its hook, which exists before it.
pub fn channel_place(workspace: WorkspaceId, key_hash: &[u8; 32]) -> String {
    format!("{workspace}/channels/{}/secrets", hex::encode(key_hash))
}

impl Snapshot {
    /// Opens what was read from the store.
    pub fn build(directory: Directory, vault: &Vault, public_url: &str) -> Self {
        let keys: HashMap<WorkspaceId, DataKey> = directory
            .workspaces
            .values()
            .filter_map(|w| Some((w.id, vault.data_key(&w.data_key).ok()?)))
            .collect();
        let mut snapshot = Self {
            workspaces: directory.workspaces.into_iter().collect(),
            tokens: directory.tokens.into_iter().map(|t| (t.hash, Arc::new(t))).collect(),
            users: directory.users,
            fields: directory.fields,
            accounts: directory.accounts.into_iter().collect(),
            ..Self::default()
        };
        for channel in directory.channels.into_values() {
            let Some(hook) = directory.hooks.get(&channel.hook) else { continue };
            let entry = channel_entry(channel, hook, &keys, public_url);
            snapshot.channels.insert(entry.channel.id, Arc::new(entry));
        }
        for hook in directory.hooks.into_values() {
            let entry = hook_entry(hook, &keys, &snapshot.channels);
            snapshot.hooks.insert(entry.hook.key_hash, Arc::new(entry));
        }
        for template in directory.templates {
            let key = (template.account, template.definition.name.clone());
            snapshot.templates.entry(key).or_default().push(Arc::new(template));
        }
        snapshot
    }

    /// A channel of a workspace.
    pub fn channel(&self, workspace: WorkspaceId, id: ChannelId) -> Option<&Arc<ChannelEntry>> {
        self.channels.get(&id).filter(|entry| entry.channel.workspace == workspace)
    }

    /// A workspace's channels, oldest first.
    pub fn channels_of(&self, workspace: WorkspaceId) -> Vec<&Arc<ChannelEntry>> {
        let mut found: Vec<_> = self.channels.values().filter(|e| e.channel.workspace == workspace).collect();
        found.sort_by_key(|entry| entry.channel.id);
        found
    }

    /// A workspace's custom fields.
    pub fn fields_of(&self, workspace: WorkspaceId) -> Vec<&Field> {
        self.fields.iter().filter(|field| field.workspace == workspace).collect()
    }

    /// An account's templates of a name, in every language; Twilio's can be named by their ContentSid too.
    pub fn definitions(&self, account: AccountId, name: &str) -> Vec<&Definition> {
        if let Some(list) = self.templates.get(&(account, name.to_owned())) {
            return list.iter().map(|template| &template.definition).collect();
        }
        if !is_content_sid(name) {
            return Vec::new();
        }
        let own = self.templates.iter().filter(|(key, _)| key.0 == account).flat_map(|(_, list)| list);
        own.map(|template| &template.definition).filter(|d| d.external_id.as_deref() == Some(name)).collect()
    }

    /// An account's whole catalogue, by name and language.
    pub fn catalogue(&self, account: AccountId) -> Vec<&Arc<Template>> {
        let mut found: Vec<_> =
            self.templates.iter().filter(|(key, _)| key.0 == account).flat_map(|(_, list)| list).collect();
        found.sort_by(|a, b| {
            (&a.definition.name, &a.definition.language).cmp(&(&b.definition.name, &b.definition.language))
        });
        found
    }
}

fn channel_entry(
    channel: Channel,
    hook: &Hook,
    keys: &HashMap<WorkspaceId, DataKey>,
    public_url: &str,
) -> ChannelEntry {
    let key = keys.get(&channel.workspace);
    let place = channel_place(channel.workspace, &hook.key_hash);
    let secrets = key.and_then(|key| key.open_secrets(&place, &channel.secrets).ok());
    let hook_key = key
        .and_then(|key| key.open(&hook_place(hook.workspace, &hook.key_hash, "key"), &hook.key_cipher).ok());
    ChannelEntry {
        adapter: adapter(channel.kind),
        locked: secrets.is_none(),
        secrets: secrets.unwrap_or_default(),
        hook_url: hook_key.map(|key| format!("{public_url}/hooks/{key}")).unwrap_or_default(),
        channel,
    }
}

fn hook_entry(
    hook: Hook,
    keys: &HashMap<WorkspaceId, DataKey>,
    channels: &HashMap<ChannelId, Arc<ChannelEntry>>,
) -> HookEntry {
    let place = hook_place(hook.workspace, &hook.key_hash, "secrets");
    let secrets = keys.get(&hook.workspace).and_then(|key| key.open_secrets(&place, &hook.secrets).ok());
    HookEntry {
        adapter: adapter(hook.kind),
        secrets: secrets.unwrap_or_default(),
        channels: channels
            .values()
            .filter(|entry| entry.channel.hook == hook.id)
            .map(|entry| entry.channel.id)
            .collect(),
        hook,
    }
}
