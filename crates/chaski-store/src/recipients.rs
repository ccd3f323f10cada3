//! Contacts that were written to lately, kept at hand so that the next send to them reads nothing.
//!
//! Whoever changes a contact says so by [`Recipients::forget`] once the change can be read; what was read
//! before that is not kept. The embedded store is the only writer of its file, so that what stands here
//! is what the tables say; on PostgreSQL another node may have changed a contact, which the contact's
//! version tells when the message is accepted.

use crate::contacts::Contact;
use chaski_model::address::{Address, AddressKind};
use chaski_model::identifier::Identifier;
use chaski_model::{ContactId, WorkspaceId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// Contacts of one half; when the young half is full, the old one is forgotten and it takes its place.
const HALF: usize = 2_048;
const SHARDS: usize = 64;

/// When something was read: it is kept unless its contact was forgotten since.
#[derive(Clone, Copy)]
pub(crate) struct Mark([u32; SHARDS]);

/// The contacts at hand.
pub(crate) struct Recipients(Mutex<Inner>);

struct Inner {
    young: Half,
    old: Half,
    /// How often contacts of a shard were forgotten.
    forgotten: [u32; SHARDS],
}

#[derive(Default)]
struct Half {
    contacts: HashMap<ContactId, (WorkspaceId, Arc<Contact>)>,
    names: HashMap<WorkspaceId, HashMap<String, ContactId>>,
}

impl Default for Recipients {
    fn default() -> Self {
        Self(Mutex::new(Inner { young: Half::default(), old: Half::default(), forgotten: [0; SHARDS] }))
    }
}

impl Recipients {
    /// To be taken before a contact is read.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.lock().forgotten)
    }

    /// The contact that an identifier names, if it is at hand.
    pub(crate) fn get(&self, workspace: WorkspaceId, identifier: &Identifier) -> Option<Arc<Contact>> {
        let mut inner = self.lock();
        if let Some(found) = inner.young.get(workspace, identifier) {
            return Some(found);
        }
        let found = inner.old.get(workspace, identifier)?;
        inner.keep(workspace, identifier, &found);
        Some(found)
    }

    /// Keeps a contact that was read after the mark.
    pub(crate) fn put(
        &self,
        mark: &Mark,
        workspace: WorkspaceId,
        identifier: &Identifier,
        contact: &Arc<Contact>,
    ) {
        let mut inner = self.lock();
        let shard = shard(contact.id);
        if inner.forgotten[shard] == mark.0[shard] {
            inner.keep(workspace, identifier, contact);
        }
    }

    /// These contacts have changed.
    pub(crate) fn forget(&self, contacts: impl IntoIterator<Item = ContactId>) {
        let mut inner = self.lock();
        for contact in contacts {
            let times = &mut inner.forgotten[shard(contact)];
            *times = times.wrapping_add(1);
            inner.young.contacts.remove(&contact);
            inner.old.contacts.remove(&contact);
        }
    }

    /// Any contact may have changed.
    pub(crate) fn forget_all(&self) {
        let mut inner = self.lock();
        inner.forgotten.iter_mut().for_each(|times| *times = times.wrapping_add(1));
        (inner.young, inner.old) = Default::default();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nothing here panics while it holds the lock")
    }
}

impl Inner {
    fn keep(&mut self, workspace: WorkspaceId, identifier: &Identifier, contact: &Arc<Contact>) {
        if self.young.contacts.len() >= HALF {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.contacts.insert(contact.id, (workspace, Arc::clone(contact)));
        if let Some((_, name)) = name(identifier) {
            let names = self.young.names.entry(workspace).or_default();
            names.insert(name.to_owned(), contact.id);
        }
    }
}

impl Half {
    fn get(&self, workspace: WorkspaceId, identifier: &Identifier) -> Option<Arc<Contact>> {
        let id = match (identifier, name(identifier)) {
            (Identifier::Id(id), _) => *id,
            (_, Some((_, name))) => *self.names.get(&workspace)?.get(name)?,
            (_, None) => return None,
        };
        let (of, contact) = self.contacts.get(&id)?;
        (*of == workspace && goes_by(contact, identifier)).then(|| Arc::clone(contact))
    }
}

/// Whether the contact still has the address by which it is named.
fn goes_by(contact: &Contact, identifier: &Identifier) -> bool {
    let Some((kind, name)) = name(identifier) else { return true };
    let is_it = |a: &Address| a.kind == kind && a.scope.is_empty() && a.value == name;
    contact.addresses.iter().any(|known| is_it(&known.address))
}

fn name(identifier: &Identifier) -> Option<(AddressKind, &str)> {
    match identifier {
        Identifier::Id(_) => None,
        Identifier::Email(email) => Some((AddressKind::Email, email)),
        Identifier::Phone(phone) => Some((AddressKind::Phone, phone.as_str())),
    }
}

fn shard(contact: ContactId) -> usize {
    usize::try_from(contact.0.rem_euclid(SHARDS as i64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::KnownAddress;
    use chaski_model::Timestamp;
    use std::collections::BTreeMap;

    const SPACE: WorkspaceId = WorkspaceId(1);

    fn contact(id: i64, email: &str) -> Arc<Contact> {
        let address = Address { kind: AddressKind::Email, scope: String::new(), value: email.into() };
        let known = KnownAddress { address, learned_at: Timestamp(0), learned_from: "api".into() };
        Arc::new(Contact {
            id: ContactId(id),
            first_name: String::new(),
            last_name: None,
            language: None,
            profile_pic: None,
            country_code: None,
            status: "open".into(),
            tags: Vec::new(),
            fields: BTreeMap::new(),
            lifecycle: None,
            assignee: None,
            created_at: Timestamp(0),
            addresses: vec![known],
            lanes: Vec::new(),
            version: 0,
        })
    }

    fn email(of: &str) -> Identifier {
        Identifier::Email(of.into())
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept() {
        let recipients = Recipients::default();
        let mark = recipients.mark();
        recipients.forget([ContactId(7)]);
        recipients.put(&mark, SPACE, &email("a@x.ec"), &contact(7, "a@x.ec"));
        assert!(recipients.get(SPACE, &email("a@x.ec")).is_none(), "read before, kept after");
        recipients.put(&mark, SPACE, &email("b@x.ec"), &contact(8, "b@x.ec"));
        assert!(recipients.get(SPACE, &email("b@x.ec")).is_some(), "another contact's change is no matter");
    }

    #[test]
    fn a_changed_contact_is_at_hand_by_no_name() {
        let recipients = Recipients::default();
        let mark = recipients.mark();
        let known = contact(7, "a@x.ec");
        recipients.put(&mark, SPACE, &email("a@x.ec"), &known);
        recipients.put(&mark, SPACE, &Identifier::Id(ContactId(7)), &known);
        assert!(recipients.get(SPACE, &email("a@x.ec")).is_some());
        assert!(
            recipients.get(WorkspaceId(2), &Identifier::Id(ContactId(7))).is_none(),
            "not of that workspace"
        );
        recipients.forget([ContactId(7)]);
        assert!(recipients.get(SPACE, &email("a@x.ec")).is_none());
        assert!(recipients.get(SPACE, &Identifier::Id(ContactId(7))).is_none());
    }

    #[test]
    fn an_address_that_moved_names_nobody_until_it_is_read_again() {
        let recipients = Recipients::default();
        recipients.put(&recipients.mark(), SPACE, &email("a@x.ec"), &contact(7, "a@x.ec"));
        recipients.forget([ContactId(7)]);
        // The contact is read again by its number and has another address now.
        recipients.put(&recipients.mark(), SPACE, &Identifier::Id(ContactId(7)), &contact(7, "new@x.ec"));
        assert!(recipients.get(SPACE, &email("a@x.ec")).is_none());
    }

    #[test]
    fn no_more_are_kept_than_two_halves_and_those_in_use_stay() {
        let recipients = Recipients::default();
        let most = i64::try_from(HALF).unwrap();
        for id in 1..=3 * most {
            let name = format!("{id}@x.ec");
            recipients.put(&recipients.mark(), SPACE, &email(&name), &contact(id, &name));
            if id > 1 {
                recipients.get(SPACE, &email("1@x.ec"));
            }
        }
        let inner = recipients.lock();
        assert!(inner.young.contacts.len() + inner.old.contacts.len() <= 2 * HALF);
        drop(inner);
        assert!(recipients.get(SPACE, &email("1@x.ec")).is_some(), "asked for all the time");
        assert!(recipients.get(SPACE, &email("2@x.ec")).is_none());
    }
}
