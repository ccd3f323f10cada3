//! What some parts need once before their call: made at the provider, and kept for parts like them.
//!
//! It stands between an attempt's begin and its call, and delivers nothing: whatever becomes of it, the
//! message has not left.

use crate::directory::ChannelEntry;
use crate::engine::Engine;
use crate::transport::{Lost, mask_failure};
use chaski_channels::{Adapter, Call, Cx, Outcome};
use chaski_model::{ChannelId, ErrorCode, Failure, PartBody};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

/// How many are kept.
const KEPT: usize = 1000;
/// How long the call may take.
const WITHIN: Duration = Duration::from_secs(10);
/// The most tries while it fails for reasons that can pass.
const TRIES: u32 = 10;

const BROKE_OFF: &str = "The provider broke off before the message was sent. Chaski retries by itself.";

/// What a part's call needs.
pub(crate) struct Prepared {
    /// The provider's name of it.
    pub(crate) value: String,
    /// It was made for an earlier part, and may be gone by now.
    pub(crate) is_old: bool,
}

/// What was prepared, by channel and call.
#[derive(Default)]
pub(crate) struct Preparations {
    known: Mutex<HashMap<[u8; 32], String>>,
}

impl Preparations {
    fn find(&self, name: &[u8; 32]) -> Option<String> {
        self.known.lock().expect("nobody panics while holding it").get(name).cloned()
    }

    fn keep(&self, name: [u8; 32], value: String) {
        let mut known = self.known.lock().expect("nobody panics while holding it");
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(name, value);
    }

    /// The provider does not know it any more.
    pub(crate) fn forget(&self, value: &str) {
        self.known.lock().expect("nobody panics while holding it").retain(|_, known| known != value);
    }
}

fn name_of(channel: ChannelId, call: &Call) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(format!("{channel}\n{}\n", call.url));
    hash.update(&call.body);
    hash.finalize().into()
}

impl Engine {
    /// What a part's call needs beforehand, where it needs anything.
    pub(crate) async fn prepare(
        &self,
        entry: &ChannelEntry,
        adapter: &dyn Adapter,
        cx: &Cx<'_>,
        body: &PartBody,
    ) -> Result<Option<Prepared>, Outcome> {
        let call = match adapter.prepare(cx, body) {
            Ok(None) => return Ok(None),
            Ok(Some(call)) => call,
            Err(failure) => return Err(Outcome::Fail { failure, marks: Vec::new() }),
        };
        let name = name_of(entry.channel.id, &call);
        if let Some(value) = self.prepared.find(&name) {
            return Ok(Some(Prepared { value, is_old: true }));
        }
        let (settings, secrets) = (&entry.channel.settings, &entry.secrets);
        let reply = match self.transport.send(&call, settings, secrets, WITHIN).await {
            Ok(reply) => reply,
            Err(Lost::NotSent(failure) | Lost::Lost(failure)) => return Err(again(entry, failure)),
        };
        match adapter.prepared(&reply) {
            Ok(value) => {
                self.prepared.keep(name, value.clone());
                Ok(Some(Prepared { value, is_old: false }))
            }
            // Nothing was delivered, whatever became of it.
            Err(Outcome::Unknown { failure }) => {
                let (code, message) = (ErrorCode::ProviderUnavailable, BROKE_OFF.to_owned());
                Err(again(entry, Failure { code, message, ..failure }))
            }
            Err(outcome) => Err(outcome),
        }
    }
}

fn again(entry: &ChannelEntry, mut failure: Failure) -> Outcome {
    mask_failure(&mut failure, &entry.hidden());
    Outcome::Retry { failure, after: None, most: Some(TRIES), learned: Vec::new() }
}
