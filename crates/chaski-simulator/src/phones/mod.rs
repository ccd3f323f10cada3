//! The virtual phones: every number has one on first use.
//!
//! One lock guards them all; it is held for a few map look-ups and never while anything waits.

mod message;
mod phone;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

pub(crate) use self::message::{Button, Content, Direction, Media, Message, Status, TemplateName};
pub(crate) use self::phone::{Identity, Phone, Settings, chat_of, line_id_of, viber_id_of};
use crate::accounts::AccountId;
use crate::limits::Limit;
use crate::receipts::Failure;
use crate::source::{App, Source};
use crate::sync::locked;

/// Messages kept on all phones together.
const KEPT: usize = 200_000;
/// Ids of written messages kept, so that a business can mark them read.
const WRITTEN: usize = 100_000;

/// What became of a message at a phone.
pub(crate) enum Landed {
    Refused(Failure),
    /// The phone is offline: it waits.
    Waiting,
    Received,
    /// A person was looking, with read receipts on.
    Seen,
}

/// All phones.
pub(crate) struct Phones {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    phones: HashMap<Arc<str>, Phone>,
    by_user_id: HashMap<String, Arc<str>>,
    /// Whose private chat at Telegram this is.
    by_chat: HashMap<i64, Arc<str>>,
    /// Who goes by this id at Viber or LINE.
    by_alias: HashMap<String, Arc<str>>,
    /// Whose message is the oldest, over all phones.
    order: VecDeque<Arc<str>>,
    /// Whose message an id is, for what phones wrote.
    written: HashMap<String, Arc<str>>,
    written_order: VecDeque<String>,
}

impl Inner {
    fn key(&mut self, number: &str) -> Arc<str> {
        if let Some((key, _)) = self.phones.get_key_value(number) {
            return key.clone();
        }
        let key: Arc<str> = Arc::from(number);
        let phone = Phone::new(number);
        self.by_user_id.insert(phone.user_id.clone(), key.clone());
        self.by_chat.insert(chat_of(number), key.clone());
        for alias in [viber_id_of(number), line_id_of(number)] {
            self.by_alias.insert(alias, key.clone());
        }
        self.phones.insert(key.clone(), phone);
        key
    }

    fn phone(&mut self, number: &str) -> &mut Phone {
        let key = self.key(number);
        self.phones.entry(key).or_default()
    }

    fn note_id(&mut self, number: &str, message_id: &str) {
        let key = self.key(number);
        self.written.insert(message_id.to_owned(), key);
        self.written_order.push_back(message_id.to_owned());
        if self.written_order.len() > WRITTEN
            && let Some(oldest) = self.written_order.pop_front()
        {
            self.written.remove(&oldest);
        }
    }

    fn push(&mut self, number: &str, message: Message) {
        let key = self.key(number);
        self.order.push_back(key.clone());
        if let Some(phone) = self.phones.get_mut(&key) {
            phone.push(message);
        }
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front().and_then(|key| self.phones.get_mut(&key))
        {
            oldest.drop_oldest();
        }
    }
}

impl Phones {
    pub(crate) fn new(kept: Vec<KeptPhone>) -> Self {
        let mut inner = Inner::default();
        for kept in kept {
            let phone = inner.phone(&kept.number);
            phone.settings = kept.settings;
            phone.name = kept.name;
            phone.wrote_at = kept.wrote_at;
            phone.waiting = kept.waiting;
            for message in kept.messages {
                if message.direction == Direction::Inbound {
                    inner.note_id(&kept.number, &message.id);
                }
                inner.push(&kept.number, message);
            }
        }
        Self { inner: Mutex::new(inner) }
    }

    /// Everything that a snapshot keeps; phones are copied one by one, so that nobody waits long.
    pub(crate) fn keep(&self) -> Vec<KeptPhone> {
        let keys: Vec<Arc<str>> = locked(&self.inner).phones.keys().cloned().collect();
        let kept = keys.iter().filter_map(|key| locked(&self.inner).phones.get(key).map(KeptPhone::of));
        kept.filter(KeptPhone::is_worth_keeping).collect()
    }

    pub(crate) fn clear(&self) {
        let mut inner = locked(&self.inner);
        for phone in inner.phones.values_mut() {
            let (changed, viewers) = (phone.changed.take(), phone.viewers);
            *phone = Phone { changed, viewers, ..Phone::new(&phone.number) };
            phone.note_change();
        }
        inner.order.clear();
        inner.written.clear();
        inner.written_order.clear();
        inner.phones.retain(|_, phone| phone.changed.is_some());
        let (phones, by_user_id) = (&inner.phones, &inner.by_user_id);
        let left = by_user_id
            .iter()
            .filter(|(_, key)| phones.contains_key(*key))
            .map(|(id, key)| (id.clone(), key.clone()))
            .collect();
        inner.by_user_id = left;
    }

    /// The key of the phone with this number or BSUID, or of the mailbox with this address, made on first use.
    pub(crate) fn resolve(&self, address: &str) -> Option<String> {
        match parse_number(address).or_else(|| parse_mailbox(address)) {
            Some(key) => Some(key),
            None => locked(&self.inner).by_user_id.get(address).map(|key| key.to_string()),
        }
    }

    /// The key of the phone whose private chat at Telegram this is.
    pub(crate) fn by_chat(&self, chat: i64) -> Option<String> {
        locked(&self.inner).by_chat.get(&chat).map(|key| key.to_string())
    }

    /// The key of the phone that goes by this id at Viber or LINE.
    pub(crate) fn by_alias(&self, id: &str) -> Option<String> {
        locked(&self.inner).by_alias.get(id).map(|key| key.to_string())
    }

    /// Works on a phone.
    pub(crate) fn with<T>(&self, number: &str, work: impl FnOnce(&mut Phone) -> T) -> T {
        work(locked(&self.inner).phone(number))
    }

    /// Reads all phones, those with the newest messages first.
    pub(crate) fn list<T>(&self, view: impl Fn(&Phone) -> T) -> Vec<T> {
        let inner = locked(&self.inner);
        let mut phones: Vec<&Phone> = inner.phones.values().collect();
        phones.sort_by_key(|phone| {
            (std::cmp::Reverse(phone.messages.back().map_or(0, |message| message.at)), phone.number.clone())
        });
        phones.into_iter().map(view).collect()
    }

    /// Gives a phone a message from a business, if it can have it.
    pub(crate) fn receive(
        &self,
        number: &str,
        mut message: Message,
        is_template: bool,
        failure: Option<Failure>,
    ) -> (Identity, Landed) {
        let mut inner = locked(&self.inner);
        let phone = inner.phone(number);
        let identity = phone.identity();
        let refused = failure.or_else(|| {
            if message.source.app() != App::Whatsapp {
                // The others refuse before they accept.
                None
            } else if !phone.settings.whatsapp || phone.settings.blocked {
                Some(Failure::NotOnWhatsApp)
            } else if !is_template && !phone.is_window_open(message.account, message.at) {
                Some(Failure::WindowClosed)
            } else {
                None
            }
        });
        if let Some(failure) = refused {
            return (identity, Landed::Refused(failure));
        }
        if !phone.settings.online {
            phone.wait(message);
            phone.note_change();
            return (identity, Landed::Waiting);
        }
        let is_seen = phone.viewers > 0;
        if is_seen {
            message.status = Status::Read;
        }
        let reports = is_seen && phone.settings.read_receipts;
        inner.push(number, message);
        (identity, if reports { Landed::Seen } else { Landed::Received })
    }

    /// Adds a message that the phone wrote; it opens the window.
    pub(crate) fn write(&self, number: &str, message: Message) {
        let mut inner = locked(&self.inner);
        let phone = inner.phone(number);
        phone.note_written(message.account, message.at);
        if message.source == Source::Viber {
            // An answer begins the count of Viber's hour anew.
            phone.pairs.retain(|(id, _)| *id != message.account);
        }
        inner.note_id(number, &message.id);
        inner.push(number, message);
    }

    /// Adds a tap of which the business is told nothing; it opens no window.
    pub(crate) fn note_tap(&self, number: &str, message: Message) {
        locked(&self.inner).push(number, message);
    }

    /// Changes settings; gives the messages that reached the phone because it came back.
    pub(crate) fn change(
        &self,
        number: &str,
        change: impl FnOnce(&mut Phone),
    ) -> (Identity, Vec<Message>, bool) {
        let mut inner = locked(&self.inner);
        let phone = inner.phone(number);
        change(phone);
        phone.note_change();
        let identity = phone.identity();
        let is_seen = phone.viewers > 0;
        let reports = is_seen && phone.settings.read_receipts;
        let arrived: Vec<Message> =
            if phone.settings.online { phone.waiting.drain(..).collect() } else { Vec::new() };
        for message in &arrived {
            let status = if is_seen { Status::Read } else { Status::Received };
            inner.push(number, Message { status, ..message.clone() });
        }
        (identity, arrived, reports)
    }

    /// Notes that the business read what a phone wrote; `false` where there is no such message.
    pub(crate) fn mark_read(&self, message_id: &str) -> bool {
        let mut inner = locked(&self.inner);
        let Some(key) = inner.written.get(message_id).cloned() else {
            return false;
        };
        let Some(phone) = inner.phones.get_mut(&key) else {
            return false;
        };
        if let Some(message) = phone.messages.iter_mut().rev().find(|message| message.id == message_id) {
            message.is_read_by_business = true;
        }
        phone.note_change();
        true
    }

    /// Takes one permit of the pair limit.
    pub(crate) fn has_room(&self, number: &str, id: AccountId, now_ms: i64, limit: Limit) -> bool {
        let Some(pair) = limit.pair else { return true };
        if pair.seconds <= 0.0 {
            return true;
        }
        self.with(number, |phone| {
            phone.pair(id).take(now_ms, 1.0 / (pair.seconds * 1000.0), pair.burst.max(1.0))
        })
    }

    pub(crate) fn forget_pairs(&self) {
        locked(&self.inner).phones.values_mut().for_each(|phone| phone.pairs.clear());
    }

    /// Sees every later change of one phone.
    pub(crate) fn watch(&self, number: &str) -> watch::Receiver<u64> {
        self.with(number, |phone| phone.changed.get_or_insert_with(|| watch::Sender::new(0)).subscribe())
    }

    /// The account of a source that last wrote to this phone, else the first.
    pub(crate) fn last_account(&self, number: &str, source: Source) -> AccountId {
        let wrote = |message: &&Message| message.source == source && message.direction == Direction::Outbound;
        self.with(number, |phone| {
            let last = phone.messages.iter().rev().find(wrote);
            last.map_or_else(|| crate::accounts::first(source), |message| message.account)
        })
    }
}

/// What a snapshot keeps of a phone.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct KeptPhone {
    number: String,
    name: String,
    settings: Settings,
    messages: VecDeque<Message>,
    #[serde(default)]
    waiting: VecDeque<Message>,
    #[serde(default)]
    wrote_at: Vec<(AccountId, i64)>,
}

impl KeptPhone {
    fn of(phone: &Phone) -> Self {
        Self {
            number: phone.number.clone(),
            name: phone.name.clone(),
            settings: phone.settings.clone(),
            messages: phone.messages.clone(),
            waiting: phone.waiting.clone(),
            wrote_at: phone.wrote_at.clone(),
        }
    }

    /// Whether it says anything that a new phone would not say.
    fn is_worth_keeping(&self) -> bool {
        !self.messages.is_empty()
            || !self.waiting.is_empty()
            || self.settings != Settings::default()
            || !self.wrote_at.is_empty()
    }
}

/// The digits of an international number, in the writings people use.
pub(crate) fn parse_number(address: &str) -> Option<String> {
    let trimmed = address.trim();
    let rest = trimmed.strip_prefix('+').or_else(|| trimmed.strip_prefix("00")).unwrap_or(trimmed);
    if !rest.chars().all(|sign| sign.is_ascii_digit() || matches!(sign, ' ' | '-' | '(' | ')' | '.')) {
        return None;
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    (5..=15).contains(&digits.len()).then_some(digits)
}

/// An e-mail address as its mailbox is named.
fn parse_mailbox(address: &str) -> Option<String> {
    let address = address.trim();
    let (local, domain) = address.rsplit_once('@')?;
    let is_plain =
        |sign: char| !sign.is_whitespace() && !sign.is_control() && !"<>()[],;:\\\"/".contains(sign);
    let is_right = !local.is_empty() && domain.contains('.') && address.len() <= 254;
    (is_right && address.chars().all(is_plain)).then(|| address.to_lowercase())
}

/// Whether a text has the form of a BSUID: a country and letters or digits.
pub(crate) fn is_user_id(text: &str) -> bool {
    text.split_once('.').is_some_and(|(country, rest)| {
        country.len() == 2
            && country.bytes().all(|b| b.is_ascii_uppercase())
            && !rest.is_empty()
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
    })
}
