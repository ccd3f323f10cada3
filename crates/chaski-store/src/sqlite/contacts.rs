//! Contacts and their addresses.

use super::SqliteStore;
use super::batch::{Batch, NewEvent};
use super::outbox::make_lane;
use super::rows::{json, time, time_or_none, to_json};
use super::writer::Class;
use crate::contacts::*;
use crate::error::StoreError;
use async_trait::async_trait;
use chaski_model::address::{Address, AddressKind};
use chaski_model::identifier::Identifier;
use chaski_model::{ChannelId, ContactId, LaneId, MessageId, Timestamp, UserId, WorkspaceId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The columns that [`contact_row`] reads.
macro_rules! contact_columns {
    () => {
        "c.id, c.first_name, c.last_name, c.language, c.profile_pic, c.country_code, c.status, c.tags, c.fields, \
         c.lifecycle, c.created_at, c.assignee_id"
    };
}

#[async_trait]
impl Contacts for SqliteStore {
    async fn contact(
        &self,
        workspace: WorkspaceId,
        identifier: &Identifier,
    ) -> Result<Option<Contact>, StoreError> {
        self.read(|c| {
            let by_address = |kind: AddressKind, value: &str| {
                let found = c
                    .prepare_cached(concat!(
                        "SELECT ",
                        contact_columns!(),
                        " FROM addresses a JOIN contacts c ON c.id = a.contact_id
                         WHERE a.workspace_id = ?1 AND a.kind = ?2 AND a.scope = '' AND a.value = ?3"
                    ))?
                    .query_row(params![workspace.0, kind.word(), value], contact_row)
                    .optional()?;
                found.map(|contact| whole(c, contact)).transpose()
            };
            match identifier {
                Identifier::Id(id) => read_contact(c, workspace, *id),
                Identifier::Email(email) => by_address(AddressKind::Email, email),
                Identifier::Phone(phone) => by_address(AddressKind::Phone, phone.as_str()),
            }
        })
    }

    async fn recipient(
        &self,
        workspace: WorkspaceId,
        identifier: &Identifier,
    ) -> Result<Option<Arc<Contact>>, StoreError> {
        if let Some(found) = self.recipients.get(workspace, identifier) {
            return Ok(Some(found));
        }
        let mark = self.recipients.mark();
        let found = self.contact(workspace, identifier).await?.map(Arc::new);
        if let Some(contact) = &found {
            self.recipients.put(&mark, workspace, identifier, contact);
        }
        Ok(found)
    }

    async fn create_contact(
        &self,
        workspace: WorkspaceId,
        id: Option<ContactId>,
        change: ContactChange,
        now: Timestamp,
    ) -> Result<ContactId, StoreError> {
        self.write(Class::Background, move |b| {
            refuse_taken(b, workspace, None, &change.addresses)?;
            let contact = insert_contact(b, workspace, id, &change, now)?;
            apply(b, workspace, contact, &change, now)?;
            Ok(contact)
        })
        .await
    }

    async fn update_contact(
        &self,
        workspace: WorkspaceId,
        id: ContactId,
        change: ContactChange,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(Class::Background, move |b| {
            refuse_taken(b, workspace, Some(id), &change.addresses)?;
            replace_given(b, id, &change.addresses)?;
            take_away(b, id, &change.without)?;
            let events = apply(b, workspace, id, &change, now)?;
            for (kind, body) in events {
                let body = Some(to_json(&body)?);
                b.event(workspace, NewEvent { at: now, kind, contact: Some(id), message: None, body });
            }
            if change.is_of_profile() {
                b.event(
                    workspace,
                    NewEvent {
                        at: now,
                        kind: "contact.updated",
                        contact: Some(id),
                        message: None,
                        body: None,
                    },
                );
            }
            Ok(())
        })
        .await
    }

    async fn list_contacts(
        &self,
        workspace: WorkspaceId,
        from: Stretch,
        limit: usize,
    ) -> Result<Vec<Contact>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read_page(move |c| stretch(c, workspace, from, limit)).await
    }
}

fn stretch(
    c: &Connection,
    workspace: WorkspaceId,
    from: Stretch,
    limit: i64,
) -> rusqlite::Result<Vec<Contact>> {
    let (sql, start) = match from {
        Stretch::After(id) => (
            concat!(
                "SELECT ",
                contact_columns!(),
                " FROM contacts c WHERE c.workspace_id = ?1 AND c.id > ?2 ORDER BY c.id LIMIT ?3"
            ),
            id,
        ),
        Stretch::Before(id) => (
            concat!(
                "SELECT ",
                contact_columns!(),
                " FROM contacts c WHERE c.workspace_id = ?1 AND c.id < ?2 ORDER BY c.id DESC LIMIT ?3"
            ),
            id,
        ),
    };
    let mut found: Vec<Contact> = c
        .prepare_cached(sql)?
        .query_map(params![workspace.0, start, limit], contact_row)?
        .collect::<Result<_, _>>()?;
    for contact in &mut found {
        contact.addresses = addresses_of(c, contact.id)?;
    }
    Ok(found)
}

fn contact_row(r: &Row<'_>) -> rusqlite::Result<Contact> {
    let fields: BTreeMap<String, Value> = json(r, 8)?;
    Ok(Contact {
        id: ContactId(r.get(0)?),
        first_name: r.get(1)?,
        last_name: r.get(2)?,
        language: r.get(3)?,
        profile_pic: r.get(4)?,
        country_code: r.get(5)?,
        status: r.get(6)?,
        tags: json(r, 7)?,
        fields: fields.into_iter().filter_map(|(key, value)| Some((key.parse().ok()?, value))).collect(),
        lifecycle: r.get(9)?,
        created_at: time(r, 10)?,
        assignee: r.get::<_, Option<i64>>(11)?.map(UserId),
        addresses: Vec::new(),
        lanes: Vec::new(),
        version: 0,
    })
}

/// One contact with its addresses and lanes.
pub(super) fn read_contact(
    c: &Connection,
    workspace: WorkspaceId,
    id: ContactId,
) -> rusqlite::Result<Option<Contact>> {
    let found = c
        .prepare_cached(concat!(
            "SELECT ",
            contact_columns!(),
            " FROM contacts c WHERE c.id = ?1 AND c.workspace_id = ?2"
        ))?
        .query_row(params![id.0, workspace.0], contact_row)
        .optional()?;
    found.map(|contact| whole(c, contact)).transpose()
}

/// Reads a contact's addresses and lanes.
fn whole(c: &Connection, mut contact: Contact) -> rusqlite::Result<Contact> {
    let id = contact.id;
    contact.addresses = addresses_of(c, id)?;
    contact.lanes = c
        .prepare_cached(
            "SELECT l.id, l.channel_id, l.address, l.last_in_at, IIF(t.lane_id = l.id, t.last_at, l.last_at), l.closed_at,
                    IIF(t.lane_id = l.id, t.last_id, l.last_id), l.access, l.access_at
             FROM lanes l LEFT JOIN threads t ON t.contact_id = l.contact_id WHERE l.contact_id = ?1",
        )?
        .query_map([id.0], |r| {
            Ok(Lane {
                id: LaneId(r.get(0)?),
                channel: ChannelId(r.get(1)?),
                address: r.get(2)?,
                last_in_at: time_or_none(r, 3)?,
                last_at: time_or_none(r, 4)?,
                closed_at: time_or_none(r, 5)?,
                last_id: r.get::<_, Option<i64>>(6)?.map(MessageId),
                access: Access::from_number(r.get(7)?),
                access_at: time_or_none(r, 8)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    contact.lanes.sort_by_key(|lane| std::cmp::Reverse(lane.last_id));
    Ok(contact)
}

/// What was given first, then in the order in which it was learned.
fn addresses_of(c: &Connection, id: ContactId) -> rusqlite::Result<Vec<KnownAddress>> {
    c.prepare_cached("SELECT kind, scope, value, learned_at, learned_from FROM addresses WHERE contact_id = ?1 ORDER BY learned_from <> 'api', learned_at, kind")?
        .query_map([id.0], |r| {
            let kind: String = r.get(0)?;
            Ok(KnownAddress {
                address: Address {
                    kind: AddressKind::from_word(&kind).unwrap_or(AddressKind::Native),
                    scope: r.get(1)?,
                    value: r.get(2)?,
                },
                learned_at: time(r, 3)?,
                learned_from: r.get(4)?,
            })
        })?
        .collect()
}

/// The contact that has one of these addresses; the best address first.
pub(super) fn find_by_addresses(
    b: &Batch<'_>,
    workspace: WorkspaceId,
    addresses: &[Address],
) -> Result<Option<ContactId>, StoreError> {
    for address in addresses {
        let found = b.row(
            "SELECT contact_id FROM addresses WHERE workspace_id = ?1 AND kind = ?2 AND scope = ?3 AND value = ?4",
            params![workspace.0, address.kind.word(), address.scope, address.value],
            |r| r.get(0).map(ContactId),
        )?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Adds addresses to a contact; one that belongs to another contact stays there.
pub(super) fn learn(
    b: &mut Batch<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    addresses: &[Address],
    from: &'static str,
    now: Timestamp,
) -> Result<(), StoreError> {
    for address in addresses {
        if b.memory.is_known(workspace, address) {
            continue;
        }
        b.execute(
            "INSERT OR IGNORE INTO addresses (workspace_id, kind, scope, value, contact_id, learned_at, learned_from)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![workspace.0, address.kind.word(), address.scope, address.value, contact.0, now.0, from],
        )?;
        b.memory.touch(contact);
        b.memory.remember(workspace, address);
    }
    Ok(())
}

/// A new row, without addresses.
pub(super) fn insert_contact(
    b: &mut Batch<'_>,
    workspace: WorkspaceId,
    id: Option<ContactId>,
    change: &ContactChange,
    now: Timestamp,
) -> Result<ContactId, StoreError> {
    b.execute(
        "INSERT INTO contacts (id, workspace_id, first_name, country_code, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        params![
            id.map(|id| id.0),
            workspace.0,
            change.first_name.as_deref().unwrap_or(""),
            change.country_code.clone().flatten(),
            now.0
        ],
    )?;
    let contact = ContactId(b.inserted());
    b.event(
        workspace,
        NewEvent { at: now, kind: "contact.created", contact: Some(contact), message: None, body: None },
    );
    Ok(contact)
}

fn refuse_taken(
    b: &Batch<'_>,
    workspace: WorkspaceId,
    own: Option<ContactId>,
    addresses: &[Address],
) -> Result<(), StoreError> {
    for address in addresses {
        let holder = find_by_addresses(b, workspace, std::slice::from_ref(address))?;
        if let Some(holder) = holder
            && Some(holder) != own
        {
            let kind = address.kind.word();
            return Err(StoreError::Conflict(format!(
                "The {kind} {} belongs to contact {holder}.",
                address.value
            )));
        }
    }
    Ok(())
}

/// An address that the API gives takes the place of the one that the API gave before; what the
/// contact itself wrote from stays.
fn replace_given(b: &Batch<'_>, id: ContactId, addresses: &[Address]) -> Result<(), StoreError> {
    b.memory.forget_addresses();
    b.memory.touch(id);
    for address in addresses {
        b.execute(
            "DELETE FROM addresses WHERE contact_id = ?1 AND kind = ?2 AND scope = ?3 AND value <> ?4 AND learned_from = 'api'",
            params![id.0, address.kind.word(), address.scope, address.value],
        )?;
        b.execute(
            "UPDATE addresses SET learned_from = 'api' WHERE contact_id = ?1 AND kind = ?2 AND scope = ?3 AND value = ?4",
            params![id.0, address.kind.word(), address.scope, address.value],
        )?;
    }
    Ok(())
}

fn take_away(b: &Batch<'_>, id: ContactId, kinds: &[AddressKind]) -> Result<(), StoreError> {
    for kind in kinds {
        b.execute(
            "DELETE FROM addresses WHERE contact_id = ?1 AND kind = ?2 AND scope = '' AND learned_from = 'api'",
            params![id.0, kind.word()],
        )?;
    }
    Ok(())
}

/// Makes a change, apart from addresses that are to go; what is to be told of it.
fn apply(
    b: &mut Batch<'_>,
    workspace: WorkspaceId,
    id: ContactId,
    change: &ContactChange,
    now: Timestamp,
) -> Result<Vec<(&'static str, Value)>, StoreError> {
    b.memory.touch(id);
    let (mut fields, mut standing) = b
        .row(
            "SELECT fields, tags, lifecycle, assignee_id FROM contacts WHERE id = ?1 AND workspace_id = ?2",
            params![id.0, workspace.0],
            |r| {
                let fields = json::<BTreeMap<String, Value>>(r, 0)?;
                let assignee = r.get::<_, Option<i64>>(3)?.map(UserId);
                Ok((fields, Standing { tags: json(r, 1)?, lifecycle: r.get(2)?, assignee }))
            },
        )?
        .ok_or(StoreError::NotFound("contact"))?;
    let events = standing.change(change);
    if standing.tags.len() > TAGS {
        return Err(StoreError::Conflict(too_many_tags()));
    }
    for (field, value) in &change.fields {
        match value {
            Value::Null => fields.remove(&field.to_string()),
            value => fields.insert(field.to_string(), value.clone()),
        };
    }
    let set = |value: &Option<Option<String>>| (value.is_some(), value.clone().flatten());
    let (last, language, pic, country) =
        (set(&change.last_name), set(&change.language), set(&change.profile_pic), set(&change.country_code));
    b.execute(
        "UPDATE contacts SET first_name = IFNULL(?2, first_name),
            last_name = CASE WHEN ?3 THEN ?4 ELSE last_name END,
            language = CASE WHEN ?5 THEN ?6 ELSE language END,
            profile_pic = CASE WHEN ?7 THEN ?8 ELSE profile_pic END,
            country_code = CASE WHEN ?9 THEN ?10 ELSE country_code END,
            fields = ?11, updated_at = ?12, tags = ?13, lifecycle = ?14, assignee_id = ?15
         WHERE id = ?1",
        params![
            id.0,
            change.first_name,
            last.0,
            last.1,
            language.0,
            language.1,
            pic.0,
            pic.1,
            country.0,
            country.1,
            to_json(&fields)?,
            now.0,
            to_json(&standing.tags)?,
            standing.lifecycle,
            standing.assignee.map(|user| user.0)
        ],
    )?;
    learn(b, workspace, id, &change.addresses, "api", now)?;
    for (channel, address) in &change.lanes {
        let known = b.row(
            "SELECT 1 FROM lanes WHERE channel_id = ?1 AND address = ?2",
            params![channel.0, address],
            |_| Ok(()),
        )?;
        if known.is_none() {
            make_lane(b, workspace, *channel, id, address)?;
        }
    }
    Ok(events)
}
