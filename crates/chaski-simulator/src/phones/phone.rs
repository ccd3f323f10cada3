//! One virtual phone: who it is, how it behaves, and what it has received and written.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::message::{Direction, Message, Status};
use crate::accounts::AccountId;
use crate::ids::{mixed, stable};
use crate::limits::Bucket;
use crate::providers::messaging::scoped_ids;

/// Messages kept on one phone.
const KEPT: usize = 10_000;
/// How long a message from the phone lets a business answer freely.
pub(crate) const WINDOW_MS: i64 = 24 * 3600 * 1000;

/// How a phone behaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Settings {
    pub(crate) online: bool,
    pub(crate) read_receipts: bool,
    pub(crate) blocked: bool,
    pub(crate) whatsapp: bool,
    /// With a username the phone writes without showing its number.
    pub(crate) username: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { online: true, read_receipts: true, blocked: false, whatsapp: true, username: None }
    }
}

/// Who a phone is to a business.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Identity {
    /// Digits, or the BSUID of nobody.
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) user_id: String,
    pub(crate) username: Option<String>,
}

impl Identity {
    /// Somebody who has no phone here.
    pub(crate) fn stranger(to: &str) -> Self {
        Self { number: to.to_owned(), name: String::new(), user_id: to.to_owned(), username: None }
    }

    /// The BSUID in the portfolio above the business's own.
    pub(crate) fn parent_user_id(&self) -> String {
        let (country, digits) = self.user_id.split_once('.').unwrap_or(("US", ""));
        format!("{country}.1181{:016}", mixed(stable(digits)) % 10_u64.pow(16))
    }
}

/// A phone and all it holds.
#[derive(Default)]
pub(crate) struct Phone {
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) user_id: String,
    pub(crate) settings: Settings,
    pub(crate) messages: VecDeque<Message>,
    /// The place of the first kept message among all there ever were.
    pub(crate) first: u64,
    pub(crate) unread: VecDeque<u64>,
    /// What waits at the provider until the phone is online.
    pub(crate) waiting: VecDeque<Message>,
    /// When this phone last wrote to each account.
    pub(crate) wrote_at: Vec<(AccountId, i64)>,
    pub(crate) pairs: Vec<(AccountId, Bucket)>,
    /// How many people look at it now.
    pub(crate) viewers: u32,
    pub(crate) changed: Option<watch::Sender<u64>>,
}

impl Phone {
    pub(crate) fn new(number: &str) -> Self {
        Self {
            number: number.to_owned(),
            name: name_of(number),
            user_id: user_id_of(number),
            ..Self::default()
        }
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity {
            number: self.number.clone(),
            name: self.name.clone(),
            user_id: self.user_id.clone(),
            username: self.settings.username.clone(),
        }
    }

    pub(crate) fn is_window_open(&self, account: AccountId, now_ms: i64) -> bool {
        self.wrote_at.iter().any(|(id, at)| *id == account && now_ms - at < WINDOW_MS)
    }

    pub(crate) fn note_written(&mut self, account: AccountId, at: i64) {
        self.wrote_at.retain(|(id, _)| *id != account);
        self.wrote_at.push((account, at));
    }

    pub(crate) fn pair(&mut self, account: AccountId) -> &mut Bucket {
        let place = self.pairs.iter().position(|(id, _)| *id == account).unwrap_or_else(|| {
            self.pairs.push((account, Bucket::default()));
            self.pairs.len() - 1
        });
        &mut self.pairs[place].1
    }

    /// Adds a message at the end, dropping the oldest beyond the bound.
    pub(crate) fn push(&mut self, message: Message) {
        if message.direction == Direction::Outbound && message.status == Status::Received {
            self.unread.push_back(self.first + self.messages.len() as u64);
        }
        self.messages.push_back(message);
        if self.messages.len() > KEPT {
            self.drop_oldest();
        }
        self.note_change();
    }

    /// Holds a message until the phone is online.
    pub(crate) fn wait(&mut self, message: Message) {
        self.waiting.push_back(message);
        if self.waiting.len() > KEPT {
            self.waiting.pop_front();
        }
    }

    pub(crate) fn drop_oldest(&mut self) {
        if self.messages.pop_front().is_some() {
            self.first += 1;
            while self.unread.front().is_some_and(|place| *place < self.first) {
                self.unread.pop_front();
            }
        }
    }

    /// Marks everything read and gives what was not read before.
    pub(crate) fn read_all(&mut self) -> Vec<Message> {
        let first = self.first;
        let places: Vec<u64> = self.unread.drain(..).collect();
        let mut newly = Vec::new();
        for place in places {
            let Some(message) = usize::try_from(place - first).ok().and_then(|at| self.messages.get_mut(at))
            else {
                continue;
            };
            message.status = Status::Read;
            newly.push(message.clone());
        }
        if !newly.is_empty() {
            self.note_change();
        }
        newly
    }

    pub(crate) fn find(&self, message_id: &str) -> Option<&Message> {
        self.messages.iter().rev().find(|message| message.id == message_id)
    }

    pub(crate) fn note_change(&self) {
        if let Some(changed) = &self.changed {
            changed.send_modify(|count| *count += 1);
        }
    }

    pub(crate) fn address(&self) -> String {
        if self.number.contains('@') { self.number.clone() } else { format!("+{}", self.number) }
    }

    /// As the control API shows it.
    pub(crate) fn view(&self) -> Value {
        json!({"address": self.address(), "name": self.name, "userId": self.user_id,
            "viberId": viber_id_of(&self.number), "lineId": line_id_of(&self.number),
            "scopedIds": scoped_ids(&self.number), "settings": self.settings})
    }
}

/// A name that belongs to a number for good, so that pages and tests see the same person.
fn name_of(number: &str) -> String {
    const FIRST: [&str; 12] = [
        "Ana", "Luis", "Carmen", "José", "Lucía", "Mateo", "Rosa", "Diego", "Elena", "Pablo", "Inés",
        "Andrés",
    ];
    const LAST: [&str; 12] = [
        "Torres", "Quispe", "Vega", "Morales", "Salazar", "Paredes", "Cevallos", "Rojas", "Núñez", "Andrade",
        "Mora", "Castillo",
    ];
    let hash = mixed(stable(number));
    let pick = |list: &[&'static str; 12], bits: u64| list[(bits % 12) as usize];
    format!("{} {}", pick(&FIRST, hash), pick(&LAST, hash >> 32))
}

/// The id of a number's private chat at Telegram: beyond 32 bits, and unlike the number.
pub(crate) fn chat_of(number: &str) -> i64 {
    let bits = mixed(stable(number) ^ 0x7e1e_67a3) % 4_000_000_000;
    5_000_000_000 + i64::try_from(bits).unwrap_or_default()
}

/// The id of a number's owner at Viber: base64, unlike the number.
pub(crate) fn viber_id_of(number: &str) -> String {
    STANDARD.encode(&Sha256::digest(format!("viber {number}"))[..16])
}

/// The id of a number's owner at LINE: U and 32 hexadecimal digits.
pub(crate) fn line_id_of(number: &str) -> String {
    format!("U{}", hex::encode(&Sha256::digest(format!("line {number}"))[..16]))
}

/// The BSUID of a number: the country's code and digits that do not give the number away.
fn user_id_of(number: &str) -> String {
    const COUNTRIES: [(&str, &str); 16] = [
        ("593", "EC"),
        ("52", "MX"),
        ("57", "CO"),
        ("51", "PE"),
        ("54", "AR"),
        ("56", "CL"),
        ("55", "BR"),
        ("58", "VE"),
        ("591", "BO"),
        ("34", "ES"),
        ("60", "MY"),
        ("44", "GB"),
        ("49", "DE"),
        ("33", "FR"),
        ("39", "IT"),
        ("91", "IN"),
    ];
    let country =
        COUNTRIES.iter().find(|(prefix, _)| number.starts_with(prefix)).map_or("US", |(_, country)| country);
    format!("{country}.1349{:016}", mixed(stable(number)) % 10_u64.pow(16))
}
