//! Contacts and their addresses.

use super::PgStore;
use super::background::Tx;
use super::batch::text;
use super::fault::Fail;
use super::readers::Readers;
use super::rows::{json, limit, time, time_or_none, to_json};
use crate::contacts::*;
use crate::error::StoreError;
use async_trait::async_trait;
use chaski_model::address::{Address, AddressKind};
use chaski_model::identifier::Identifier;
use chaski_model::{ChannelId, ContactId, LaneId, MessageId, Timestamp, UserId, WorkspaceId};
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio_postgres::Row;

const BY_ADDRESS: &str =
    "SELECT contact_id FROM addresses WHERE workspace_id = $1 AND kind = $2 AND scope = $3 AND value = $4";
const SOME: &str = "SELECT id, first_name, last_name, language, profile_pic, country_code, status, tags, fields, lifecycle, created_at, workspace_id, version, assignee_id
    FROM contacts WHERE id = ANY($1::int8[]) ORDER BY id";
const ADDRESSES: &str = "SELECT contact_id, kind, scope, value, learned_at, learned_from FROM addresses WHERE contact_id = ANY($1::int8[])";
const LANES: &str = "SELECT contact_id, id, channel_id, address, last_in_at, last_at, closed_at, last_id, access, access_at FROM lanes WHERE contact_id = ANY($1::int8[])";
const AFTER: &str = "SELECT id FROM contacts WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3";
const BEFORE: &str = "SELECT id FROM contacts WHERE workspace_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
const TAKE_AWAY: &str =
    "DELETE FROM addresses WHERE contact_id = $1 AND kind = $2 AND scope = '' AND learned_from = 'api'";
const INSERT: &str = "INSERT INTO contacts (id, workspace_id, first_name, country_code, created_at, updated_at)
    VALUES (COALESCE($1::int8, nextval(pg_get_serial_sequence('contacts', 'id'))), $2, $3, $4, $5, $5) RETURNING id";
/// Numbers that are given must not come up again.
const SKIP_TO: &str =
    "SELECT setval(pg_get_serial_sequence('contacts', 'id'), (SELECT MAX(id) FROM contacts))";
const LEARN: &str =
    "INSERT INTO addresses (workspace_id, kind, scope, value, contact_id, learned_at, learned_from)
    VALUES ($1, $2, $3, $4, $5, $6, 'api') ON CONFLICT DO NOTHING";
const FORGET_GIVEN: &str = "DELETE FROM addresses WHERE contact_id = $1 AND kind = $2 AND scope = $3 AND value <> $4 AND learned_from = 'api'";
const GIVEN: &str = "UPDATE addresses SET learned_from = 'api' WHERE contact_id = $1 AND kind = $2 AND scope = $3 AND value = $4";
const NEW_LANE: &str = "INSERT INTO lanes (workspace_id, channel_id, address, contact_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
const FIELDS: &str = "SELECT fields, tags, lifecycle, assignee_id FROM contacts WHERE id = $1 AND workspace_id = $2 FOR UPDATE";
const CHANGE: &str = "UPDATE contacts SET first_name = COALESCE($2::text, first_name),
      last_name = CASE WHEN $3 THEN $4 ELSE last_name END, language = CASE WHEN $5 THEN $6 ELSE language END,
      profile_pic = CASE WHEN $7 THEN $8 ELSE profile_pic END, country_code = CASE WHEN $9 THEN $10 ELSE country_code END,
      fields = $11, updated_at = $12, tags = $13, lifecycle = $14, assignee_id = $15, version = version + 1
    WHERE id = $1";

#[async_trait]
impl Contacts for PgStore {
    async fn contact(
        &self,
        workspace: WorkspaceId,
        identifier: &Identifier,
    ) -> Result<Option<Contact>, StoreError> {
        self.inner.lookups.contact(workspace, identifier).await
    }

    async fn recipient(
        &self,
        workspace: WorkspaceId,
        identifier: &Identifier,
    ) -> Result<Option<Arc<Contact>>, StoreError> {
        let recipients = &self.inner.recipients;
        if let Some(found) = recipients.get(workspace, identifier) {
            return Ok(Some(found));
        }
        let mark = recipients.mark();
        let found = self.contact(workspace, identifier).await?.map(Arc::new);
        if let Some(contact) = &found {
            recipients.put(&mark, workspace, identifier, contact);
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
        self.transact(move |tx| {
            let change = change.clone();
            Box::pin(async move {
                refuse_taken(tx, workspace, None, &change.addresses).await?;
                let contact = insert_contact(tx, workspace, id, &change, now).await?;
                apply(tx, workspace, contact, &change, now).await?;
                Ok(contact)
            })
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
        self.transact(move |tx| {
            let change = change.clone();
            Box::pin(async move {
                refuse_taken(tx, workspace, Some(id), &change.addresses).await?;
                replace_given(tx, id, &change.addresses).await?;
                for kind in &change.without {
                    tx.execute(TAKE_AWAY, &[&id.0, &kind.word()]).await?;
                }
                let events = apply(tx, workspace, id, &change, now).await?;
                for (kind, body) in events {
                    tx.event(workspace, now, kind, Some(id), Some(to_json(&body)?));
                }
                if change.is_of_profile() {
                    tx.event(workspace, now, "contact.updated", Some(id), None);
                }
                Ok(())
            })
        })
        .await?;
        self.inner.recipients.forget([id]);
        Ok(())
    }

    async fn list_contacts(
        &self,
        workspace: WorkspaceId,
        from: Stretch,
        most: usize,
    ) -> Result<Vec<Contact>, StoreError> {
        let (sql, start) = match from {
            Stretch::After(id) => (AFTER, id),
            Stretch::Before(id) => (BEFORE, id),
        };
        let rows = self.reads().rows(sql, &[&workspace.0, &start, &limit(most)]).await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        let mut found: Vec<Contact> =
            read_contacts(self.reads(), workspace, ids).await?.into_values().collect();
        found.iter_mut().for_each(|contact| contact.lanes.clear());
        if matches!(from, Stretch::Before(_)) {
            found.reverse();
        }
        Ok(found)
    }
}

/// Contacts of a workspace with their addresses and lanes, by number.
pub(super) async fn read_contacts(
    reads: &Readers,
    workspace: WorkspaceId,
    ids: Vec<i64>,
) -> Result<BTreeMap<i64, Contact>, StoreError> {
    let found = read_any(reads, ids).await?;
    Ok(found.into_iter().filter(|(_, (of, _))| *of == workspace).map(|(id, (_, c))| (id, c)).collect())
}

/// Contacts with their workspaces, addresses and lanes, by number.
pub(super) async fn read_any(
    reads: &Readers,
    ids: Vec<i64>,
) -> Result<BTreeMap<i64, (WorkspaceId, Contact)>, StoreError> {
    // Their versions first, so that what else is read is never older than they say.
    let contacts = reads.rows(SOME, &[&ids]).await?;
    let (addresses, lanes) = tokio::try_join!(async { reads.rows(ADDRESSES, &[&ids]).await }, async {
        reads.rows(LANES, &[&ids]).await
    },)?;
    let mut found = BTreeMap::new();
    for row in &contacts {
        found.insert(row.get::<_, i64>(0), (WorkspaceId(row.get(11)), contact(row)?));
    }
    for row in &addresses {
        if let Some((_, contact)) = found.get_mut(&row.get(0)) {
            contact.addresses.push(known_address(row));
        }
    }
    for row in &lanes {
        if let Some((_, contact)) = found.get_mut(&row.get(0)) {
            contact.lanes.push(lane(row));
        }
    }
    for (_, contact) in found.values_mut() {
        contact.addresses.sort_by_key(|known| {
            (
                known.learned_from != "api",
                known.learned_at,
                known.address.kind.word(),
                known.address.value.clone(),
            )
        });
        contact.lanes.sort_by_key(|lane| (Reverse(lane.last_id), lane.id));
    }
    Ok(found)
}

fn contact(row: &Row) -> Result<Contact, StoreError> {
    let fields: BTreeMap<String, Value> = json(row, 8)?;
    Ok(Contact {
        id: ContactId(row.get(0)),
        first_name: row.get(1),
        last_name: row.get(2),
        language: row.get(3),
        profile_pic: row.get(4),
        country_code: row.get(5),
        status: row.get(6),
        tags: json(row, 7)?,
        fields: fields.into_iter().filter_map(|(key, value)| Some((key.parse().ok()?, value))).collect(),
        lifecycle: row.get(9),
        created_at: time(row, 10),
        addresses: Vec::new(),
        lanes: Vec::new(),
        version: row.get(12),
        assignee: row.get::<_, Option<i64>>(13).map(UserId),
    })
}

fn known_address(row: &Row) -> KnownAddress {
    KnownAddress {
        address: Address {
            kind: AddressKind::from_word(row.get(1)).unwrap_or(AddressKind::Native),
            scope: row.get(2),
            value: row.get(3),
        },
        learned_at: time(row, 4),
        learned_from: row.get(5),
    }
}

fn lane(row: &Row) -> Lane {
    Lane {
        id: LaneId(row.get(1)),
        channel: ChannelId(row.get(2)),
        address: row.get(3),
        last_in_at: time_or_none(row, 4),
        last_at: time_or_none(row, 5),
        closed_at: time_or_none(row, 6),
        last_id: row.get::<_, Option<i64>>(7).map(MessageId),
        access: Access::from_number(row.get(8)),
        access_at: time_or_none(row, 9),
    }
}

async fn insert_contact(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: Option<ContactId>,
    change: &ContactChange,
    now: Timestamp,
) -> Result<ContactId, Fail> {
    let given = id.map(|id| id.0);
    let (name, country) =
        (text(change.first_name.as_deref().unwrap_or("")), change.country_code.clone().flatten());
    let row = tx.row(INSERT, &[&given, &workspace.0, &name, &country, &now.0]).await?;
    let contact = ContactId(row.ok_or(StoreError::NotFound("contact"))?.get(0));
    if id.is_some() {
        tx.rows(SKIP_TO, &[]).await?;
    }
    tx.event(workspace, now, "contact.created", Some(contact), None);
    Ok(contact)
}

async fn refuse_taken(
    tx: &Tx,
    workspace: WorkspaceId,
    own: Option<ContactId>,
    addresses: &[Address],
) -> Result<(), Fail> {
    for address in addresses {
        let kind = address.kind.word();
        let holder = tx.row(BY_ADDRESS, &[&workspace.0, &kind, &address.scope, &address.value]).await?;
        let holder = holder.map(|row| ContactId(row.get(0)));
        if let Some(holder) = holder
            && Some(holder) != own
        {
            let told = format!("The {kind} {} belongs to contact {holder}.", address.value);
            return Err(Fail::Refused(StoreError::Conflict(told)));
        }
    }
    Ok(())
}

/// An address that the API gives takes the place of the one that the API gave before; what the
/// contact itself wrote from stays.
async fn replace_given(tx: &Tx, id: ContactId, addresses: &[Address]) -> Result<(), Fail> {
    for address in addresses {
        let kind = address.kind.word();
        tx.execute(FORGET_GIVEN, &[&id.0, &kind, &address.scope, &address.value]).await?;
        tx.execute(GIVEN, &[&id.0, &kind, &address.scope, &address.value]).await?;
    }
    Ok(())
}

async fn apply(
    tx: &Tx,
    workspace: WorkspaceId,
    id: ContactId,
    change: &ContactChange,
    now: Timestamp,
) -> Result<Vec<(&'static str, Value)>, Fail> {
    for address in &change.addresses {
        let kind = address.kind.word();
        let new =
            tx.execute(LEARN, &[&workspace.0, &kind, &address.scope, &address.value, &id.0, &now.0]).await?;
        if new == 0 {
            // Its own already, or another step was quicker: then that is said like any other.
            refuse_taken(tx, workspace, Some(id), std::slice::from_ref(address)).await?;
        }
    }
    for (channel, address) in &change.lanes {
        tx.execute(NEW_LANE, &[&workspace.0, &channel.0, address, &id.0]).await?;
    }
    let row = tx.row(FIELDS, &[&id.0, &workspace.0]).await?.ok_or(StoreError::NotFound("contact"))?;
    let mut fields: BTreeMap<String, Value> = json(&row, 0)?;
    for (field, value) in &change.fields {
        match value {
            Value::Null => fields.remove(&field.to_string()),
            value => fields.insert(field.to_string(), value.clone()),
        };
    }
    let assignee = row.get::<_, Option<i64>>(3).map(UserId);
    let mut standing = Standing { tags: json(&row, 1)?, lifecycle: row.get(2), assignee };
    let events = standing.change(change);
    if standing.tags.len() > TAGS {
        return Err(Fail::Refused(StoreError::Conflict(too_many_tags())));
    }
    let set = |value: &Option<Option<String>>| (value.is_some(), value.clone().flatten().map(|v| text(&v)));
    let (last, language) = (set(&change.last_name), set(&change.language));
    let (pic, country) = (set(&change.profile_pic), set(&change.country_code));
    let first = change.first_name.as_deref().map(text);
    let (fields, tags) = (to_json(&fields)?, text(&to_json(&standing.tags)?));
    let (lifecycle, assignee) =
        (standing.lifecycle.as_deref().map(text), standing.assignee.map(|user| user.0));
    tx.execute(
        CHANGE,
        &[
            &id.0,
            &first,
            &last.0,
            &last.1,
            &language.0,
            &language.1,
            &pic.0,
            &pic.1,
            &country.0,
            &country.1,
            &fields,
            &now.0,
            &tags,
            &lifecycle,
            &assignee,
        ],
    )
    .await?;
    Ok(events)
}
