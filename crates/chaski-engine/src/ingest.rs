//! Webhooks in: verified over the raw bytes, understood by the adapter, stored before the answer.

use crate::directory::{ChannelEntry, HookEntry};
use crate::engine::Engine;
use crate::tasks::storage;
use crate::tokens::hash;
use chaski_channels::{Adapter, Challenge, FailureMark, Incoming, Settings};
use chaski_model::event::{Event, Inbound, Receipt, Sender};
use chaski_model::message::Content;
use chaski_model::{Address, ChannelKind, ErrorCode, Failure, PartRef, Timestamp, WorkspaceId};
use chaski_store::StoreError;
use chaski_store::outbox::Origin;
use chaski_store::receive::{
    AccessIn, InboundIn, InboundVerdict, KEPT_BYTES, KeepIn, ReceiptIn, ReceiptVerdict,
};
use futures_util::future::try_join_all;
use std::sync::Arc;
use std::time::Duration;

/// The most of a kept webhook's address that is kept.
const QUERY: usize = 2048;
/// How far ahead of ours a provider's clock may be.
const AHEAD: Duration = Duration::from_secs(300);

/// Why a webhook is not answered with 200.
#[derive(Debug)]
pub enum Refused {
    /// No hook has this key.
    UnknownKey,
    /// The signature is missing or wrong.
    Unauthorized(Failure),
    /// It could not be stored; the provider sends it again.
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What is said of a webhook for nobody here.
pub(crate) fn stranger(sender: &Sender) -> String {
    format!("no channel of this hook has the sender {}", sender.0)
}

impl Engine {
    async fn hook(&self, key: &str) -> Result<(Arc<HookEntry>, &'static dyn Adapter), Refused> {
        let key = hash(key);
        let mut found = self.snapshot().hooks.get(&key).cloned();
        // Providers call back while another node still registers the address.
        if found.is_none() && self.catch_up().await {
            found = self.snapshot().hooks.get(&key).cloned();
        }
        let hook = found.ok_or(Refused::UnknownKey)?;
        let adapter = hook.adapter.ok_or(Refused::UnknownKey)?;
        Ok((hook, adapter))
    }

    /// The kind of channel that a hook serves, where one has this key.
    pub async fn hook_kind(&self, key: &str) -> Option<ChannelKind> {
        self.hook(key).await.ok().map(|(hook, _)| hook.hook.kind)
    }

    /// Answers a provider's GET check of a hook's address.
    ///
    /// # Errors
    /// No hook has this key, or its kind makes no such check.
    pub async fn challenge(&self, key: &str, query: &str) -> Result<Challenge, Refused> {
        let (hook, adapter) = self.hook(key).await?;
        adapter.challenge(query, &hook.secrets).ok_or(Refused::UnknownKey)
    }

    /// Takes in a webhook that came as GET: everything that it says stands in its query.
    ///
    /// # Errors
    /// As [`Self::ingest`]; a kind without such webhooks knows no such address.
    pub async fn ingest_query(
        &self,
        key: &str,
        query: &str,
        headers: &http::HeaderMap,
    ) -> Result<Option<serde_json::Value>, Refused> {
        let (_, adapter) = self.hook(key).await?;
        if query.is_empty() || !adapter.takes_get() {
            return Err(Refused::UnknownKey);
        }
        self.ingest(key, Some(query), headers, query.as_bytes()).await
    }

    /// The public address of a hook as it was called.
    fn hook_address(&self, key: &str, query: Option<&str>) -> String {
        let address = format!("{}/hooks/{key}", self.config.public_url);
        query.map_or_else(|| address.clone(), |query| format!("{address}?{query}"))
    }

    /// Takes a webhook in. Once this returns, everything it said is on disk; with it comes the body of the
    /// answer, where the provider reads one.
    ///
    /// # Errors
    /// Whatever must not be answered with 200.
    pub async fn ingest(
        &self,
        key: &str,
        query: Option<&str>,
        headers: &http::HeaderMap,
        body: &[u8],
    ) -> Result<Option<serde_json::Value>, Refused> {
        let (hook, adapter) = self.hook(key).await?;
        let url = self.hook_address(key, query);
        let now = self.clock.now();
        let incoming = Incoming { url: &url, at: now, headers, body };
        adapter.verify(&incoming, &hook.secrets, now).map_err(Refused::Unauthorized)?;
        let signature = adapter.replay_key(&incoming);
        if let Some(id) = &signature
            && self.store.is_seen(hook.hook.id, id).await?
        {
            metrics::counter!("chaski_webhooks_repeated_total").increment(1);
            return Ok(None);
        }
        self.take_in(&hook, adapter, &incoming, now).await?;
        // Only what is stored counts as seen: a webhook that was cut off comes again.
        if let Some(id) = signature {
            self.store.mark_seen(hook.hook.id, id, now).await?;
        }
        let entry = self.channel_of(&hook, &Sender(String::new()));
        let settings = entry.as_ref().map(|entry| &entry.channel.settings);
        Ok(adapter.acknowledge(&incoming, settings.unwrap_or(&Settings::new())))
    }

    /// Takes in a mail that was found in a channel's mailbox, as if its hook had been handed it. The login to
    /// the mailbox stands for the proof that a hook asks for.
    /// `at` is when it is taken to have come.
    pub(crate) async fn ingest_mail(
        &self,
        entry: &ChannelEntry,
        raw: &[u8],
        at: Timestamp,
    ) -> Result<(), Refused> {
        let snapshot = self.snapshot();
        let own = snapshot.hooks.values().find(|hook| hook.hook.id == entry.channel.hook);
        let hook = own.cloned().ok_or(Refused::UnknownKey)?;
        let adapter = hook.adapter.ok_or(Refused::UnknownKey)?;
        let headers = http::HeaderMap::new();
        let incoming = Incoming { url: &entry.hook_url, at, headers: &headers, body: raw };
        self.take_in(&hook, adapter, &incoming, at).await
    }

    async fn take_in(
        &self,
        hook: &HookEntry,
        adapter: &dyn Adapter,
        incoming: &Incoming<'_>,
        now: Timestamp,
    ) -> Result<(), Refused> {
        match self.apply_all(hook, adapter, incoming, now).await? {
            Some(cause) => self.keep(hook, cause, incoming, now).await,
            None => Ok(()),
        }
    }

    /// Applies what a webhook says; why some of it was of no use, if so.
    async fn apply_all(
        &self,
        hook: &HookEntry,
        adapter: &dyn Adapter,
        incoming: &Incoming<'_>,
        now: Timestamp,
    ) -> Result<Option<String>, Refused> {
        let mut events = match adapter.events(incoming) {
            Ok(events) => events,
            Err(failure) => return Ok(Some(failure.message)),
        };
        self.keep_brought(adapter, incoming, &mut events).await?;
        let unmatched =
            try_join_all(events.into_iter().map(|(sender, event)| self.apply(hook, sender, event, now)))
                .await?;
        Ok(unmatched.into_iter().flatten().next())
    }

    /// Takes a kept webhook in again, as after a mended setting or a newer version. It goes once it was of
    /// use; what it says was believed when it came.
    ///
    /// # Errors
    /// Why it is still of no use, or the store cannot be reached.
    pub async fn replay_webhook(&self, workspace: WorkspaceId, id: i64) -> Result<(), Failure> {
        let kept =
            self.store.kept_webhooks(workspace, Some(id.saturating_add(1)), 1).await.map_err(storage)?;
        let kept = kept.into_iter().find(|kept| kept.id == id);
        let missing = |message: &str| Failure::new(ErrorCode::NotFound, message);
        let kept = kept.ok_or_else(|| missing("There is no such kept webhook."))?;
        let snapshot = self.snapshot();
        let hook = snapshot.hooks.values().find(|entry| entry.hook.id == kept.hook);
        let gone = || missing("Its channel is gone; nothing can be made of it.");
        let hook = hook.cloned().ok_or_else(gone)?;
        let adapter = hook.adapter.ok_or_else(gone)?;
        let own = hook.channels.iter().find_map(|id| snapshot.channels.get(id)).ok_or_else(gone)?;
        let hook_url = own.hook_url.clone();
        if kept.body.len() >= KEPT_BYTES {
            return Err(Failure::new(ErrorCode::Conflict, "It was too long: only its beginning was kept."));
        }
        let headers = http::HeaderMap::new();
        let url = match &*kept.query {
            "" => hook_url,
            query => format!("{hook_url}?{query}"),
        };
        let incoming = Incoming { url: &url, at: kept.received_at, headers: &headers, body: &kept.body };
        // It is looked for among what came at its own time, so that nothing of it is stored twice.
        match self.apply_all(&hook, adapter, &incoming, kept.received_at).await {
            Ok(None) => self.store.let_webhook_go(workspace, id).await.map(drop).map_err(storage),
            Ok(Some(cause)) => {
                Err(Failure::new(ErrorCode::Conflict, format!("It is still of no use: {cause}")))
            }
            Err(Refused::Store(error)) => Err(storage(error)),
            Err(Refused::UnknownKey | Refused::Unauthorized(_)) => Err(gone()),
        }
    }

    async fn keep(
        &self,
        hook: &HookEntry,
        cause: String,
        incoming: &Incoming<'_>,
        now: Timestamp,
    ) -> Result<(), Refused> {
        metrics::counter!("chaski_webhooks_kept_total").increment(1);
        let webhook = KeepIn {
            workspace: hook.hook.workspace,
            hook: hook.hook.id,
            received_at: now,
            cause,
            query: incoming.query().chars().take(QUERY).collect(),
            body: incoming.body.to_vec(),
        };
        Ok(self.store.keep(webhook).await?)
    }

    /// Applies one event; what cannot be placed is said, so that the webhook is kept.
    async fn apply(
        &self,
        hook: &HookEntry,
        sender: Sender,
        event: Event,
        now: Timestamp,
    ) -> Result<Option<String>, Refused> {
        match event {
            Event::Receipt(receipt) => self.receipt(hook, &sender, receipt, now).await,
            Event::UpTo(report) => self.report_up_to(hook, &sender, report, now).await,
            Event::Removed { provider_ids } => {
                let Some(entry) = self.channel_of(hook, &sender) else { return Ok(Some(stranger(&sender))) };
                let channel = &entry.channel;
                self.store.remove_inbound(channel.workspace, channel.id, provider_ids, now).await?;
                Ok(None)
            }
            Event::Inbound(inbound) => self.inbound(hook, &sender, *inbound, now).await,
            Event::Access { of, blocked, at } => self.access(hook, &sender, of, blocked, at, now).await,
            Event::Learned { addresses } => {
                self.store.learn(hook.hook.workspace, addresses, "receipt", now).await?;
                Ok(None)
            }
            Event::TemplateChanged { account, name, language, status, reason } => {
                self.template_changed(hook, &account, name, language, status, reason, now).await
            }
            Event::Odd { what } => Ok(Some(what)),
            Event::Ignored { what } => {
                metrics::counter!("chaski_webhook_events_ignored_total").increment(1);
                tracing::debug!(what, "a webhook event of no consequence");
                Ok(None)
            }
        }
    }

    /// The channel that a hook may speak for by this sender. An app of Meta's has one webhook address for all
    /// its numbers, Pages and accounts of a kind: its secret, which has signed, tells that they belong together.
    pub(crate) fn channel_of(&self, hook: &HookEntry, sender: &Sender) -> Option<Arc<ChannelEntry>> {
        let snapshot = self.snapshot();
        let mut own = hook.channels.iter().filter_map(|id| snapshot.channels.get(id));
        let found = own.find(|entry| {
            let known = &entry.channel.sender;
            known.is_empty() || sender.0.is_empty() || *known == sender.0
        });
        let of_app = || {
            let app = hook.secrets.get("app_secret").filter(|_| !sender.0.is_empty())?;
            snapshot.channels.values().find(|entry| {
                let channel = &entry.channel;
                channel.sender == sender.0
                    && (channel.workspace, channel.kind) == (hook.hook.workspace, hook.hook.kind)
                    && entry.secrets.get("app_secret") == Some(app)
            })
        };
        found.or_else(of_app).cloned()
    }

    async fn receipt(
        &self,
        hook: &HookEntry,
        sender: &Sender,
        receipt: Receipt,
        now: Timestamp,
    ) -> Result<Option<String>, Refused> {
        let Some(entry) = self.channel_of(hook, sender) else {
            return Ok(Some(stranger(sender)));
        };
        let part = match receipt.reference.as_deref().and_then(PartRef::parse) {
            Some(part) => Some(part),
            None => self.store.part_by_provider_id(entry.channel.id, &receipt.provider_id, now).await?,
        };
        match part {
            Some(part) => self.apply_receipt(&entry, part, receipt, now).await,
            // The report can come before the answer that gives the id.
            None if entry.is_named_by_provider() => {
                self.keep_early(&entry, &receipt, now).await?;
                Ok(None)
            }
            None => Ok(Some("a receipt for a message that is not ours".to_owned())),
        }
    }

    /// Applies a receipt to its part.
    pub(crate) async fn apply_receipt(
        &self,
        entry: &ChannelEntry,
        part: PartRef,
        receipt: Receipt,
        now: Timestamp,
    ) -> Result<Option<String>, Refused> {
        let marks = match (&receipt.failure, entry.adapter) {
            (Some(failure), Some(adapter)) => adapter.marks(failure),
            _ => Vec::new(),
        };
        let closes_window = marks.contains(&FailureMark::WindowClosed);
        let stale = marks.contains(&FailureMark::TemplateStale);
        let provider_at = if receipt.at.0 > 0 { receipt.at } else { now };
        let receipt = ReceiptIn {
            part,
            workspace: entry.channel.workspace,
            channel: entry.channel.id,
            kind: receipt.kind,
            provider_at,
            received_at: now,
            provider_id: receipt.provider_id,
            failure: receipt.failure,
            learned: entry.scoped(receipt.learned),
            closes_window,
            follows: entry.channel.kind.capabilities().is_some_and(|c| c.reports_up_to),
        };
        let verdict = self.noted(self.store.receipt(receipt).await)?;
        metrics::counter!("chaski_receipts_total").increment(1);
        if stale {
            self.mark_stale(entry.channel.account);
        }
        match verdict {
            ReceiptVerdict::Applied { next } => {
                self.offer(next);
                Ok(None)
            }
            ReceiptVerdict::Duplicate => Ok(None),
            ReceiptVerdict::Unmatched => {
                Ok(Some(format!("a receipt for {part}, which is not on this channel")))
            }
        }
    }

    async fn inbound(
        &self,
        hook: &HookEntry,
        sender: &Sender,
        inbound: Inbound,
        now: Timestamp,
    ) -> Result<Option<String>, Refused> {
        let Some(entry) = self.channel_of(hook, sender) else {
            return Ok(Some(stranger(sender)));
        };
        if inbound.from.is_empty() {
            return Ok(Some("a message without a sender".to_owned()));
        }
        let wants_media = matches!(&inbound.content, Content::Attachment(media) if media.link.is_some() || media.provider_id.is_some());
        let json = |result: serde_json::Result<String>| {
            result.map_err(|e| Refused::Store(StoreError::Fault(e.to_string())))
        };
        let has_profile = entry.channel.kind.capabilities().is_some_and(|c| c.profiles);
        let nameless =
            inbound.from.first().filter(|_| has_profile && inbound.profile_name.is_none()).cloned();
        let origin = Origin { source: "contact".into(), context: inbound.context, ..Origin::default() };
        let verdict = self
            .store
            .inbound(InboundIn {
                id: self.store.next_id(crate::clock::machine_now().0),
                workspace: entry.channel.workspace,
                channel: entry.channel.id,
                provider_id: inbound.provider_id,
                from: entry.scoped(inbound.from),
                profile_name: inbound.profile_name,
                at: if inbound.at.0 > 0 { inbound.at.min(now + AHEAD) } else { now },
                received_at: now,
                content: json(serde_json::to_string(&inbound.content))?,
                origin: json(serde_json::to_string(&origin))?,
                wants_media,
            })
            .await?;
        if let (InboundVerdict::Stored { contact }, Some(address)) = (verdict, nameless) {
            self.profiles.want(entry.channel.id, contact, address, now);
        }
        let word = if matches!(verdict, InboundVerdict::Duplicate) { "duplicate" } else { "stored" };
        metrics::counter!("chaski_inbound_total", "verdict" => word).increment(1);
        Ok(None)
    }

    /// A contact that shut us out or let us in again.
    async fn access(
        &self,
        hook: &HookEntry,
        sender: &Sender,
        of: Address,
        blocked: bool,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<String>, Refused> {
        let Some(entry) = self.channel_of(hook, sender) else {
            return Ok(Some(stranger(sender)));
        };
        let access = AccessIn {
            workspace: entry.channel.workspace,
            channel: entry.channel.id,
            address: of.value,
            blocked,
            at: if at.0 > 0 { at } else { now },
            received_at: now,
        };
        self.store.set_access(access).await?;
        Ok(None)
    }

    #[expect(clippy::too_many_arguments, reason = "the event's fields, taken apart once")]
    async fn template_changed(
        &self,
        hook: &HookEntry,
        account: &str,
        name: String,
        language: String,
        status: String,
        reason: Option<String>,
        now: Timestamp,
    ) -> Result<Option<String>, Refused> {
        let snapshot = self.snapshot();
        let own = hook
            .channels
            .iter()
            .filter_map(|id| snapshot.channels.get(id))
            .map(|entry| entry.channel.account);
        let found = own.into_iter().find(|id| {
            let known = snapshot.accounts.get(id);
            known.is_some_and(|a| a.external_id == account || account.is_empty()) || hook.channels.len() == 1
        });
        let Some(found) = found else {
            return Ok(Some(format!("a template of the unknown account {account}")));
        };
        let known = !status.is_empty()
            && self.store.set_template_status(found, name, language, status, reason, now).await?;
        if known {
            self.reload().await?;
        } else {
            self.mark_stale(found);
        }
        Ok(None)
    }
}
