//! Contacts: sets of addresses, with fields, lanes and windows.

use crate::error::StoreError;
use async_trait::async_trait;
use chaski_model::address::{Address, AddressKind};
use chaski_model::identifier::Identifier;
use chaski_model::{ChannelId, ContactId, LaneId, MessageId, Timestamp, UserId, WorkspaceId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A contact as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    /// Its number.
    pub id: ContactId,
    /// First name; may be empty.
    pub first_name: String,
    /// Last name.
    pub last_name: Option<String>,
    /// ISO 639-1.
    pub language: Option<String>,
    /// A picture's address.
    pub profile_pic: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country_code: Option<String>,
    /// `open`, `close` or `blocked`.
    pub status: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Custom fields by id.
    pub fields: BTreeMap<i64, Value>,
    /// Lifecycle stage.
    pub lifecycle: Option<String>,
    /// Who sees to it.
    pub assignee: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its addresses, oldest first.
    pub addresses: Vec<KnownAddress>,
    /// Where it has been written to or has written, newest first.
    pub lanes: Vec<Lane>,
    /// Counts the changes that a send can see; 0 where a store needs no count.
    pub version: i64,
}

impl Contact {
    /// The first phone number, with the plus.
    pub fn phone(&self) -> Option<&str> {
        self.address(chaski_model::AddressKind::Phone)
    }

    /// The first e-mail address.
    pub fn email(&self) -> Option<&str> {
        self.address(chaski_model::AddressKind::Email)
    }

    /// First and last name; else phone, e-mail or another address.
    pub fn display_name(&self) -> String {
        let name = match &self.last_name {
            Some(last) if !last.is_empty() => format!("{} {last}", self.first_name).trim().to_owned(),
            _ => self.first_name.clone(),
        };
        if !name.is_empty() {
            return name;
        }
        let other = self.phone().or_else(|| self.email());
        other
            .or_else(|| self.addresses.first().map(|known| known.address.value.as_str()))
            .unwrap_or("?")
            .to_owned()
    }

    fn address(&self, kind: chaski_model::AddressKind) -> Option<&str> {
        let found = self.addresses.iter().find(|known| known.address.kind == kind)?;
        Some(&found.address.value)
    }
}

/// An address with where and when it was learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAddress {
    /// The address.
    pub address: Address,
    /// When it was learned.
    pub learned_at: Timestamp,
    /// `api`, `inbound`, `receipt`, `reply`.
    pub learned_from: String,
}

/// One lane of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Its number.
    pub id: LaneId,
    /// Its channel.
    pub channel: ChannelId,
    /// The contact's address on it.
    pub address: String,
    /// The contact's last message: opens the window.
    pub last_in_at: Option<Timestamp>,
    /// When the newest message on it was, in or out.
    pub last_at: Option<Timestamp>,
    /// The provider said that the window is closed.
    pub closed_at: Option<Timestamp>,
    /// The newest message on it, in or out; `None` when it was never used.
    pub last_id: Option<MessageId>,
    /// Whether the contact lets us write to it here, as last told.
    pub access: Access,
    /// When that was told.
    pub access_at: Option<Timestamp>,
}

/// How long a provider's refusal of a contact is believed without asking again: unlike the contact's own
/// word it can come from what was wrong on our side and has been put right since.
const REFUSAL_HOLDS: Duration = Duration::from_secs(24 * 3600);

impl Lane {
    /// Whether the contact cannot be written to on this lane, as far as is known.
    pub fn is_shut(&self, now: Timestamp) -> bool {
        match self.access {
            Access::Open => false,
            Access::Blocked => true,
            Access::Refused => self.access_at.is_some_and(|at| at + REFUSAL_HOLDS > now),
        }
    }
}

/// Whether a contact lets us write to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// As far as is known.
    #[default]
    Open,
    /// The contact has blocked or left the channel, and the provider has told it.
    Blocked,
    /// The provider has refused a message because of the contact.
    Refused,
}

impl Access {
    /// The number in the database.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Open => 0,
            Self::Blocked => 1,
            Self::Refused => 2,
        }
    }

    /// Reads the database's number.
    pub(crate) fn from_number(number: i32) -> Self {
        match number {
            1 => Self::Blocked,
            2 => Self::Refused,
            _ => Self::Open,
        }
    }
}

/// Changes to a contact. `None` leaves a thing as it is; an inner `None` clears it.
#[derive(Debug, Clone, Default)]
pub struct ContactChange {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<Option<String>>,
    /// ISO 639-1.
    pub language: Option<Option<String>>,
    /// A picture's address.
    pub profile_pic: Option<Option<String>>,
    /// ISO 3166-1 alpha-2.
    pub country_code: Option<Option<String>>,
    /// Custom fields by id; null clears one.
    pub fields: BTreeMap<i64, Value>,
    /// Addresses to add.
    pub addresses: Vec<Address>,
    /// Kinds of address to take away, as far as the API gave them.
    pub without: Vec<AddressKind>,
    /// Tags to add; one that is there stays where it is.
    pub tags_added: Vec<String>,
    /// Tags to take away.
    pub tags_removed: Vec<String>,
    /// Lifecycle stage.
    pub lifecycle: Option<Option<String>>,
    /// Who sees to it.
    pub assignee: Option<Option<UserId>>,
    /// Lanes to open without a message: (channel, native address).
    pub lanes: Vec<(ChannelId, String)>,
}

impl ContactChange {
    /// Whether it is about more than tags, lifecycle and assignee, which have events of their own.
    pub(crate) fn is_of_profile(&self) -> bool {
        let names = self.first_name.is_some() || self.last_name.is_some();
        let about = self.language.is_some() || self.profile_pic.is_some() || self.country_code.is_some();
        let reached = !(self.addresses.is_empty() && self.without.is_empty() && self.lanes.is_empty());
        names || about || reached || !self.fields.is_empty()
    }
}

/// What a change that adds too many tags is told.
pub(crate) fn too_many_tags() -> String {
    format!("A contact has at most {TAGS} tags: take some away first.")
}

/// The most tags of a contact.
pub const TAGS: usize = 100;

/// What a change finds and may change beside names and fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) tags: Vec<String>,
    pub(crate) lifecycle: Option<String>,
    pub(crate) assignee: Option<UserId>,
}

impl Standing {
    /// Makes a change; an event with its body for each thing that has become another.
    pub(crate) fn change(&mut self, change: &ContactChange) -> Vec<(&'static str, Value)> {
        let mut told = Vec::new();
        for tag in &change.tags_added {
            if !self.tags.contains(tag) {
                self.tags.push(tag.clone());
                told.push(("contact.tag.updated", json!({"tag": tag, "action": "add"})));
            }
        }
        for tag in &change.tags_removed {
            if self.tags.contains(tag) {
                self.tags.retain(|known| known != tag);
                told.push(("contact.tag.updated", json!({"tag": tag, "action": "remove"})));
            }
        }
        if let Some(lifecycle) = &change.lifecycle
            && self.lifecycle != *lifecycle
        {
            let old = std::mem::replace(&mut self.lifecycle, lifecycle.clone());
            told.push(("contact.lifecycle.updated", json!({"lifecycle": lifecycle, "oldLifecycle": old})));
        }
        if let Some(assignee) = change.assignee
            && self.assignee != assignee
        {
            let old = std::mem::replace(&mut self.assignee, assignee);
            told.push(("contact.assignee.updated", json!({"assignee": assignee, "oldAssignee": old})));
        }
        told
    }
}

/// Where a stretch of contacts begins, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch {
    /// After this one, upwards.
    After(i64),
    /// Before this one, downwards.
    Before(i64),
}

/// What contacts can be asked and told.
#[async_trait]
pub trait Contacts: Send + Sync {
    /// The contact that an identifier names; the first one if several match.
    async fn contact(
        &self,
        workspace: WorkspaceId,
        identifier: &Identifier,
    ) -> Result<Option<Contact>, StoreError>;

    /// The same for a send, perhaps as it was a moment ago: then accepting by its version says
    /// [`Stale`](crate::outbox::Accepted::Stale), and [`contact`](Self::contact) tells.
    async fn recipient(
        &self,
        workspace: WorkspaceId,
        identifier: &Identifier,
    ) -> Result<Option<Arc<Contact>>, StoreError>;

    /// Makes a contact. `id` is only given for the demo's.
    /// Fails with `Conflict` when an address belongs to another contact.
    async fn create_contact(
        &self,
        workspace: WorkspaceId,
        id: Option<ContactId>,
        change: ContactChange,
        now: Timestamp,
    ) -> Result<ContactId, StoreError>;

    /// Changes a contact.
    async fn update_contact(
        &self,
        workspace: WorkspaceId,
        id: ContactId,
        change: ContactChange,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// A stretch of contacts with their addresses, but without their lanes.
    async fn list_contacts(
        &self,
        workspace: WorkspaceId,
        from: Stretch,
        limit: usize,
    ) -> Result<Vec<Contact>, StoreError>;
}
