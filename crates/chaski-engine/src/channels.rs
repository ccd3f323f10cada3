//! Connecting, checking, holding and resuming channels.

use crate::directory::{ChannelEntry, channel_place, hook_place};
use crate::engine::Engine;
use crate::tasks::storage;
use crate::tokens::{hash, new_key};
use chaski_channels::{Adapter, REGISTERED, Secrets, Task, adapter};
use chaski_model::{ChannelId, ChannelKind, ErrorCode, Failure, Fault, WorkspaceId};
use chaski_store::admin::NewChannel;
use std::collections::BTreeMap;
use std::sync::Arc;

/// (settings, secrets) by key.
type Sorted = (BTreeMap<String, String>, BTreeMap<String, String>);

/// Secrets that verify webhooks and are therefore kept with the hook.
const VERIFYING: [&str; 12] = [
    "app_secret",
    "app_secret_2",
    "verify_token",
    "signature_secret",
    "signature_secret_2",
    "hook_secret",
    "channel_secret",
    "auth_token",
    "auth_token_2",
    "signature_method",
    "api_token",
    "inbound_token",
];

/// The token that a provider shows instead of calling an address of its own: it is the hook's key.
const TOKEN: &str = "api_token";

/// A connected channel.
#[derive(Debug, Clone)]
pub struct Connected {
    /// Its number.
    pub id: ChannelId,
    /// Where its provider's webhooks go.
    pub webhook_url: String,
    /// The last part of that address.
    pub key: String,
    /// What is left to do by hand.
    pub by_hand: Vec<String>,
    /// Templates found by the first sync.
    pub templates: usize,
}

/// Why a channel was not connected.
#[derive(Debug)]
pub struct Refused {
    /// What and why.
    pub failure: Failure,
    /// Every setting at fault.
    pub faults: Vec<Fault>,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        // What is about one setting stands beside it.
        let of_setting = failure.pointer.clone().filter(|pointer| pointer.starts_with("/set/"));
        let faults = of_setting.map(|pointer| Fault::new(pointer, failure.message.clone()));
        Self { faults: faults.into_iter().collect(), failure }
    }
}

impl Engine {
    /// Checks the credentials, registers the webhook where an API exists, syncs the templates.
    ///
    /// # Errors
    /// What the settings or the provider said against it; nothing is left behind.
    pub async fn connect(
        &self,
        workspace: WorkspaceId,
        kind: ChannelKind,
        name: &str,
        given: BTreeMap<String, String>,
    ) -> Result<Connected, Refused> {
        let adapter = adapter(kind).ok_or_else(|| {
            Failure::new(
                ErrorCode::NotSupported,
                format!("Channels of the kind {} cannot be connected yet.", kind.title()),
            )
        })?;
        let (settings, mut secrets) = self.sort_settings(adapter, given)?;
        // One after the other: the same form can be sent twice at once.
        let _alone = self.connecting.lock().await;
        let given = secrets.clone();
        let wants_token = adapter.settings().iter().any(|s| s.key == "verify_token");
        let made = (wants_token && !secrets.contains_key("verify_token")).then(new_key);
        secrets.extend(made.clone().map(|token| ("verify_token".to_owned(), token)));
        secrets.insert("hook_secret".into(), new_key());
        let shows_key = adapter.settings().iter().any(|s| s.key == TOKEN);
        let own_key = shows_key && secrets.get(TOKEN).is_none_or(|token| token.trim().is_empty());
        let key = self.hook_key(adapter, &mut secrets)?;
        self.refuse_twin(workspace, kind, &settings, &given)?;
        let new = self.seal(workspace, kind, name, settings, &secrets, &key)?;
        let (id, account, _) = self.store.add_channel(new).await.map_err(storage)?;
        self.reload().await.map_err(storage)?;
        let mut by_hand = match self.introduce(id, &secrets["hook_secret"]).await {
            Ok(by_hand) => by_hand,
            Err(failure) => {
                let _ = self.store.remove_channel(id).await;
                let _ = self.reload().await;
                return Err(failure.into());
            }
        };
        // What was made up is shown this once: the provider asks for it.
        by_hand.extend(made.map(|token| format!("The channel's verify_token is {token}")));
        by_hand.extend(own_key.then(|| format!("The channel's key (api_token) is {key}")));
        let mut connected = Connected {
            id,
            webhook_url: format!("{}/hooks/{key}", self.config.public_url),
            key,
            by_hand,
            templates: 0,
        };
        match self.sync_templates(account).await {
            Ok(synced) => connected.templates = synced.templates,
            Err(failure) => {
                connected.by_hand.push(format!("The templates could not be synced yet: {}", failure.message))
            }
        }
        Ok(connected)
    }

    /// What is connected by these very settings need not be connected again: the provider would be told of
    /// another address, and the channel that is there would hear nothing more.
    fn refuse_twin(
        &self,
        workspace: WorkspaceId,
        kind: ChannelKind,
        settings: &BTreeMap<String, String>,
        secrets: &BTreeMap<String, String>,
    ) -> Result<(), Failure> {
        let snapshot = self.snapshot();
        let holds = |of: &BTreeMap<String, String>, all: &BTreeMap<String, String>| {
            of.iter().all(|(key, value)| all.get(key) == Some(value))
        };
        // Without a secret of its own it gets one that is made up, and is another channel by it.
        let twin = snapshot.channels_of(workspace).into_iter().find(|entry| {
            entry.channel.kind == kind
                && !secrets.is_empty()
                && holds(settings, &entry.channel.settings)
                && holds(secrets, &entry.secrets.0)
        });
        let Some(twin) = twin else { return Ok(()) };
        let message = format!(
            "Channel {} ({}) has these very settings already: use it, or change it with `chaski channel set`.",
            twin.channel.id, twin.channel.name
        );
        Err(Failure::new(ErrorCode::Conflict, message))
    }

    /// The unguessable part of a hook's address. Where the provider shows a token of ours instead of calling
    /// an address of its own, the token is that part.
    fn hook_key(
        &self,
        adapter: &dyn Adapter,
        secrets: &mut BTreeMap<String, String>,
    ) -> Result<String, Refused> {
        if !adapter.settings().iter().any(|setting| setting.key == TOKEN) {
            return Ok(new_key());
        }
        let given = secrets.get(TOKEN).map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        let key = given.unwrap_or_else(new_key);
        let is_plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b));
        let message = match key.len() {
            24..=512 if !is_plain => "`api_token` may hold letters, digits and -._~+/= alone.",
            24..=512 if self.snapshot().hooks.contains_key(&hash(&key)) => {
                "Another channel has this `api_token`; leave it out to have one made."
            }
            24..=512 => {
                secrets.insert(TOKEN.to_owned(), key.clone());
                return Ok(key);
            }
            _ => "`api_token` must have 24 to 512 characters; leave it out to have one made.",
        };
        let faults = vec![Fault::new("/set/api_token", message)];
        Err(Refused { failure: Failure::new(ErrorCode::ValidationFailed, message), faults })
    }

    fn sort_settings(
        &self,
        adapter: &dyn Adapter,
        given: BTreeMap<String, String>,
    ) -> Result<Sorted, Refused> {
        let known = adapter.settings();
        let mut faults = Vec::new();
        let (mut settings, mut secrets) = (BTreeMap::new(), BTreeMap::new());
        for (key, value) in given {
            match known.iter().find(|setting| setting.key == key) {
                None => {
                    let keys: Vec<&str> = known.iter().map(|setting| setting.key).collect();
                    faults.push(Fault::new(
                        format!("/set/{key}"),
                        format!("`{key}` is not a setting of this kind; it has {}.", keys.join(", ")),
                    ));
                }
                Some(setting) if setting.secret => drop(secrets.insert(key, value)),
                Some(_) => drop(settings.insert(key, value)),
            }
        }
        for setting in known {
            let target = if setting.secret { &mut secrets } else { &mut settings };
            let missing = target.get(setting.key).is_none_or(|value| value.trim().is_empty());
            if missing && setting.required {
                faults.push(Fault::new(
                    format!("/set/{}", setting.key),
                    format!("`{}` is missing: {}", setting.key, setting.help),
                ));
            } else if missing && !setting.default.is_empty() {
                target.insert(setting.key.into(), setting.default.into());
            }
        }
        let is_address = |key: &str, value: &str| key.ends_with("_url") && !value.is_empty();
        for (key, address) in settings.iter_mut().filter(|(key, value)| is_address(key, value)) {
            *address = address.trim_end_matches('/').to_owned();
            if let Err(failure) = self.guard.check_setting(key, address) {
                faults.push(Fault::new(format!("/set/{key}"), failure.message));
            }
        }
        if let Err(failure) = adapter.accepts(&settings) {
            let pointer = failure.pointer.unwrap_or_else(|| "/set".to_owned());
            faults.push(Fault::new(pointer, failure.message));
        }
        for key in ["pace", "pair_pace"] {
            if settings
                .get(key)
                .is_some_and(|value| value.parse::<f64>().is_ok_and(|n| n >= 0.0 && n.is_finite()).eq(&false))
            {
                faults
                    .push(Fault::new(format!("/set/{key}"), format!("`{key}` must be a number, 0 or more.")));
            }
        }
        if faults.is_empty() {
            return Ok((settings, secrets));
        }
        let message = faults.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join(" ");
        Err(Refused { failure: Failure::new(ErrorCode::ValidationFailed, message), faults })
    }

    fn seal(
        &self,
        workspace: WorkspaceId,
        kind: ChannelKind,
        name: &str,
        settings: BTreeMap<String, String>,
        secrets: &BTreeMap<String, String>,
        key: &str,
    ) -> Result<NewChannel, Failure> {
        let snapshot = self.snapshot();
        let owner = snapshot
            .workspaces
            .get(&workspace)
            .ok_or_else(|| Failure::new(ErrorCode::NotFound, "There is no such workspace."))?;
        let data_key = self
            .vault
            .data_key(&owner.data_key)
            .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
        let key_hash = hash(key);
        let adapter = adapter(kind);
        let account = adapter.and_then(|a| a.account(&settings, &Secrets(secrets.clone())));
        Ok(NewChannel {
            workspace,
            kind,
            name: name.to_owned(),
            account_external_id: account.unwrap_or_default(),
            sender: adapter.map(|a| a.sender(&settings)).unwrap_or_default(),
            secrets: data_key.seal_secrets(&channel_place(workspace, &key_hash), secrets),
            hook_key_cipher: data_key.seal(&hook_place(workspace, &key_hash, "key"), key),
            hook_secrets: data_key
                .seal_secrets(&hook_place(workspace, &key_hash, "secrets"), &verifying(secrets)),
            hook_key_hash: key_hash,
            settings,
            now: self.clock.now(),
        })
    }

    async fn introduce(&self, id: ChannelId, hook_secret: &str) -> Result<Vec<String>, Failure> {
        let entry = self.entry(id)?;
        let mut learned = self.ask(&entry, &Task::Check).await?.settings;
        let answer = self.ask(&entry, &Task::Connect { hook_secret: hook_secret.to_owned() }).await?;
        learned.extend(answer.settings);
        self.store.set_channel(id, "connected", None, learned, self.clock.now()).await.map_err(storage)?;
        self.reload().await.map_err(storage)?;
        Ok(answer.by_hand)
    }

    /// Changes settings and secrets of a channel, once the provider has accepted them.
    ///
    /// # Errors
    /// What the settings or the provider said against it; nothing is changed then.
    pub async fn change(&self, id: ChannelId, given: BTreeMap<String, String>) -> Result<(), Refused> {
        let entry = self.entry(id)?;
        let adapter = entry.adapter.ok_or_else(|| {
            Failure::new(ErrorCode::NotSupported, "This build has no adapter for the kind.")
        })?;
        let known = |key: &str| adapter.settings().iter().any(|setting| setting.key == key);
        stays(&entry, adapter, &given)?;
        let current = entry.channel.settings.iter().chain(&entry.secrets.0);
        let mut wanted: BTreeMap<String, String> =
            current.clone().filter(|(key, _)| known(key)).map(|(k, v)| (k.clone(), v.clone())).collect();
        wanted.extend(given);
        let (mut settings, mut secrets) = self.sort_settings(adapter, wanted)?;
        // What was learned or made up here is kept beside what the kind names.
        for (key, value) in &entry.channel.settings {
            settings.entry(key.clone()).or_insert_with(|| value.clone());
        }
        for (key, value) in &entry.secrets.0 {
            secrets.entry(key.clone()).or_insert_with(|| value.clone());
        }
        let mut channel = entry.channel.clone();
        channel.settings.clone_from(&settings);
        let is_registered = channel.settings.remove(REGISTERED).is_some();
        let tried = ChannelEntry {
            channel,
            adapter: entry.adapter,
            secrets: Secrets(secrets.clone()),
            locked: false,
            hook_url: entry.hook_url.clone(),
        };
        self.ask(&tried, &Task::Check).await?;
        if is_registered {
            let hook_secret = tried.secrets.get("hook_secret").unwrap_or_default().to_owned();
            self.ask(&tried, &Task::Connect { hook_secret }).await?;
        }
        let (channel_secrets, hook_secrets) = self.reseal(&entry, &secrets)?;
        let now = self.clock.now();
        self.store.change_channel(id, settings, channel_secrets, hook_secrets, now).await.map_err(storage)?;
        Ok(self.reload().await.map_err(storage)?)
    }

    /// Encrypts a channel's secrets anew, for its row and for its hook's.
    fn reseal(
        &self,
        entry: &ChannelEntry,
        secrets: &BTreeMap<String, String>,
    ) -> Result<(Vec<u8>, Vec<u8>), Failure> {
        let snapshot = self.snapshot();
        let workspace = entry.channel.workspace;
        let missing = || Failure::new(ErrorCode::NotFound, "The channel's workspace or webhook is gone.");
        let owner = snapshot.workspaces.get(&workspace).ok_or_else(missing)?;
        let data_key = self
            .vault
            .data_key(&owner.data_key)
            .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
        let hook =
            snapshot.hooks.values().find(|hook| hook.hook.id == entry.channel.hook).ok_or_else(missing)?;
        let key_hash = &hook.hook.key_hash;
        Ok((
            data_key.seal_secrets(&channel_place(workspace, key_hash), secrets),
            data_key.seal_secrets(&hook_place(workspace, key_hash, "secrets"), &verifying(secrets)),
        ))
    }

    /// Changes settings of a channel and registers its webhook anew.
    ///
    /// # Errors
    /// What the provider says against it, or the store cannot be written.
    pub async fn reconnect(&self, id: ChannelId, settings: BTreeMap<String, String>) -> Result<(), Failure> {
        self.store.set_channel(id, "connected", None, settings, self.clock.now()).await.map_err(storage)?;
        self.reload().await.map_err(storage)?;
        let entry = self.entry(id)?;
        let hook_secret = entry.secrets.get("hook_secret").unwrap_or_default().to_owned();
        self.ask(&entry, &Task::Connect { hook_secret }).await.map(drop)
    }

    fn entry(&self, id: ChannelId) -> Result<Arc<ChannelEntry>, Failure> {
        let found = self.snapshot().channels.get(&id).cloned();
        found.ok_or_else(|| Failure::new(ErrorCode::ChannelNotFound, "Channel not found"))
    }

    /// Asks the provider whether the channel's credentials are good.
    ///
    /// # Errors
    /// What the provider says against them.
    pub async fn check(&self, id: ChannelId) -> Result<(), Failure> {
        let entry = self.entry(id)?;
        if entry.locked {
            return Err(Failure::new(
                ErrorCode::ChannelHeld,
                "The key file does not open this channel's credentials; put the right secret.key back.",
            ));
        }
        self.ask(&entry, &Task::Check).await.map(drop)
    }

    /// Takes the webhook back where an API exists, and lets the channel go. Its messages stay.
    ///
    /// # Errors
    /// Messages still wait on it, the provider says something against it, or the store cannot be written.
    pub async fn disconnect(&self, id: ChannelId) -> Result<(), Failure> {
        let entry = self.entry(id)?;
        let depths = self.store.depths().await.map_err(storage)?;
        let waiting = depths.iter().find(|depth| depth.channel == id).map_or(0, |depth| depth.messages);
        if waiting > 0 {
            let message =
                format!("{waiting} messages still wait on this channel; let them go out or end first.");
            return Err(Failure::new(ErrorCode::Conflict, message));
        }
        match self.ask(&entry, &Task::Disconnect).await {
            Ok(_) => {}
            // A provider that does not let the channel in any more calls nobody for it.
            Err(failure) if failure.code == ErrorCode::CredentialsRefused => {}
            Err(failure) => return Err(failure),
        }
        self.store.remove_channel(id).await.map_err(storage)?;
        self.reload().await.map_err(storage)
    }

    /// Lets a held channel go on.
    ///
    /// # Errors
    /// There is no such channel, or the store cannot be written.
    pub async fn resume(&self, id: ChannelId) -> Result<(), Failure> {
        self.entry(id)?;
        self.store
            .set_channel(id, "connected", None, BTreeMap::new(), self.clock.now())
            .await
            .map_err(storage)?;
        self.reload().await.map_err(storage)
    }
}

/// The secrets that verify webhooks.
/// What names a channel cannot be changed: its messages and webhooks are told by it.
fn stays(
    entry: &ChannelEntry,
    adapter: &dyn Adapter,
    given: &BTreeMap<String, String>,
) -> Result<(), Refused> {
    let refused = |key: &str, message: String| {
        let faults = vec![Fault::new(format!("/set/{key}"), message.as_str())];
        Err(Refused { failure: Failure::new(ErrorCode::ValidationFailed, message), faults })
    };
    let has_token = adapter.settings().iter().any(|setting| setting.key == TOKEN);
    if has_token && given.get(TOKEN).is_some_and(|token| entry.secrets.get(TOKEN) != Some(token)) {
        let message =
            format!("`{TOKEN}` cannot be changed: add the channel anew and remove this one afterwards.");
        return refused(TOKEN, message);
    }
    let sender = &entry.channel.sender;
    for (key, value) in given {
        let mut settings = entry.channel.settings.clone();
        settings.insert(key.clone(), value.clone());
        if !sender.is_empty() && adapter.sender(&settings) != *sender {
            let message =
                format!("`{key}` names the channel's sender, {sender}: add another channel for another.");
            return refused(key, message);
        }
    }
    Ok(())
}

fn verifying(secrets: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let verifies = |key: &str| VERIFYING.contains(&key);
    secrets.iter().filter(|(key, _)| verifies(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second secret is of use only where webhooks are verified.
    #[test]
    fn every_second_secret_is_kept_with_the_hook() {
        let adapters = ChannelKind::all().filter_map(adapter);
        let second: Vec<&str> = adapters
            .flat_map(Adapter::settings)
            .filter(|setting| setting.secret && setting.key.ends_with("_2"))
            .map(|setting| setting.key)
            .collect();
        assert!(second.contains(&"signature_secret_2") && second.contains(&"auth_token_2"));
        for key in second {
            let pair = [key, key.trim_end_matches("_2")].map(|key| (key.to_owned(), "x".to_owned()));
            assert_eq!(verifying(&pair.into()).len(), 2, "{key}");
        }
    }
}
