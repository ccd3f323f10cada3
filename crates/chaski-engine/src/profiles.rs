//! Who a contact is, asked of providers whose messages do not say it: behind the webhook's answer, bounded in
//! memory and in tries. What is lost with a restart is asked for again when the contact writes next.

use crate::directory::ChannelEntry;
use crate::engine::Engine;
use chaski_channels::{Profile, Task};
use chaski_model::identifier::Identifier;
use chaski_model::{Address, ChannelId, ContactId, ErrorCode, Failure, Timestamp};
use chaski_store::StoreError;
use chaski_store::contacts::{Contact, ContactChange};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// The most that wait; beyond them nobody is asked for.
const WAITING: usize = 1000;
/// The most contacts remembered as asked for.
const ASKED: usize = 10_000;
/// Delays before another try, in seconds.
const DELAYS: [u64; 3] = [5, 60, 600];
/// How long a name may be here.
const NAME: usize = 100;

/// A contact whose profile is wanted.
#[derive(Debug, Clone)]
struct Wanted {
    channel: ChannelId,
    contact: ContactId,
    of: Address,
    tries: usize,
    due_at: Timestamp,
}

/// What waits, in the order in which it came.
#[derive(Default)]
pub(crate) struct Profiles {
    inner: Mutex<Inner>,
    wake: Notify,
}

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Wanted>,
    asked: HashSet<(ChannelId, ContactId)>,
}

impl Profiles {
    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics while holding the list")
    }

    /// A contact has written by a channel; it is asked for once.
    pub(crate) fn want(&self, channel: ChannelId, contact: ContactId, of: Address, now: Timestamp) {
        let mut inner = self.inner();
        if inner.waiting.len() >= WAITING {
            return;
        }
        if inner.asked.len() >= ASKED {
            inner.asked.clear();
        }
        if inner.asked.insert((channel, contact)) {
            inner.waiting.push_back(Wanted { channel, contact, of, tries: 0, due_at: now });
            self.wake.notify_one();
        }
    }

    /// What is due, else when something will be.
    fn next(&self, now: Timestamp) -> Result<Wanted, Option<Timestamp>> {
        let mut inner = self.inner();
        match inner.waiting.iter().position(|wanted| wanted.due_at <= now) {
            Some(place) => inner.waiting.remove(place).ok_or(None),
            None => Err(inner.waiting.iter().map(|wanted| wanted.due_at).min()),
        }
    }

    /// It is tried again, as often as there are delays; then the contact may ask again by writing.
    fn again(&self, wanted: Wanted, now: Timestamp) {
        let mut inner = self.inner();
        match DELAYS.get(wanted.tries) {
            Some(seconds) => {
                let due_at = now + Duration::from_secs(*seconds);
                inner.waiting.push_back(Wanted { tries: wanted.tries + 1, due_at, ..wanted });
            }
            None => drop(inner.asked.remove(&(wanted.channel, wanted.contact))),
        }
    }
}

/// Asks for one after the other until the engine stops.
pub(crate) async fn run(engine: Arc<Engine>) {
    let stop = engine.stopping();
    loop {
        let now = engine.clock.now();
        match engine.profiles.next(now) {
            Ok(wanted) => {
                let asked = tokio::select! {
                    () = stop.cancelled() => return,
                    asked = engine.ask_profile(&wanted) => asked,
                };
                if let Err(cause) = asked {
                    tracing::debug!(cause = %cause.message, "a contact's profile could not be had");
                    if passes(&cause) {
                        engine.profiles.again(wanted, engine.clock.now());
                    }
                }
            }
            Err(due_at) => {
                let due_at = due_at.unwrap_or(now + Duration::from_secs(3600));
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = engine.profiles.wake.notified() => {}
                    () = engine.clock.sleep_until(due_at) => {}
                }
            }
        }
    }
}

/// Whether another try can end otherwise.
fn passes(cause: &Failure) -> bool {
    matches!(
        cause.code,
        ErrorCode::ProviderUnavailable
            | ErrorCode::ProviderThrottled
            | ErrorCode::OutcomeUnknown
            | ErrorCode::Busy
            | ErrorCode::StorageUnavailable
            | ErrorCode::CommitUnknown
    )
}

impl Engine {
    async fn ask_profile(&self, wanted: &Wanted) -> Result<(), Failure> {
        let Some(entry) = self.snapshot().channels.get(&wanted.channel).cloned() else { return Ok(()) };
        let storage = crate::tasks::storage;
        let Some(contact) = self.contact_of(&entry, wanted).await.map_err(storage)? else { return Ok(()) };
        if is_named(&contact) || entry.locked {
            return Ok(());
        }
        let answer = self.ask(&entry, &Task::Profile { of: wanted.of.clone() }).await?;
        let Some(profile) = answer.profile else { return Ok(()) };
        // A person may have named the contact meanwhile.
        let Some(contact) = self.contact_of(&entry, wanted).await.map_err(storage)? else { return Ok(()) };
        let Some(change) = missing(&contact, profile) else { return Ok(()) };
        let (workspace, now) = (entry.channel.workspace, self.clock.now());
        self.store.update_contact(workspace, contact.id, change, now).await.map_err(storage)
    }

    async fn contact_of(&self, entry: &ChannelEntry, wanted: &Wanted) -> Result<Option<Contact>, StoreError> {
        self.store.contact(entry.channel.workspace, &Identifier::Id(wanted.contact)).await
    }
}

fn is_named(contact: &Contact) -> bool {
    !contact.first_name.is_empty() || contact.last_name.is_some()
}

/// What a profile adds to a contact; a name that is there stays.
fn missing(contact: &Contact, profile: Profile) -> Option<ContactChange> {
    let bounded = |text: Option<String>, most: usize| {
        let text: String = text?.trim().chars().take(most).collect();
        (!text.is_empty()).then_some(text)
    };
    let is_nameless = !is_named(contact);
    let language = bounded(profile.language, 2).filter(|word| word.chars().all(|c| c.is_ascii_lowercase()));
    let picture = profile.picture.filter(|link| link.len() <= 2048 && link.starts_with("https://"));
    let change = ContactChange {
        first_name: bounded(profile.first_name, NAME).filter(|_| is_nameless),
        last_name: bounded(profile.last_name, NAME).filter(|_| is_nameless).map(Some),
        language: language.filter(|_| contact.language.is_none()).map(Some),
        profile_pic: picture.filter(|_| contact.profile_pic.is_none()).map(Some),
        ..ContactChange::default()
    };
    let is_new = change.first_name.is_some()
        || change.last_name.is_some()
        || change.language.is_some()
        || change.profile_pic.is_some();
    is_new.then_some(change)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    fn want(profiles: &Profiles, contact: i64) {
        profiles.want(ChannelId(1), ContactId(contact), Address::native("5"), NOW);
    }

    #[test]
    fn a_contact_is_asked_for_once_and_tried_a_few_times() {
        let profiles = Profiles::default();
        want(&profiles, 1);
        want(&profiles, 1);
        let mut wanted = profiles.next(NOW).unwrap();
        assert_eq!(profiles.next(NOW).unwrap_err(), None, "once");
        for seconds in DELAYS {
            profiles.again(wanted, NOW);
            let due_at = NOW + Duration::from_secs(seconds);
            assert_eq!(profiles.next(NOW).unwrap_err(), Some(due_at));
            wanted = profiles.next(due_at).unwrap();
        }
        profiles.again(wanted, NOW);
        assert_eq!(profiles.next(NOW + Duration::from_secs(99_999)).unwrap_err(), None, "given up");
        want(&profiles, 1);
        assert!(profiles.next(NOW).is_ok(), "until the contact writes again");
    }

    #[test]
    fn what_waits_is_bounded() {
        let profiles = Profiles::default();
        (0..5000).for_each(|contact| want(&profiles, contact));
        assert_eq!(profiles.inner().waiting.len(), WAITING);
    }
}
