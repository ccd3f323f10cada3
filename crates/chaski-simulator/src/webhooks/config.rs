//! Where each provider's webhooks go: one address for a source, or another one for a single account.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::accounts::{AccountId, account};
use crate::source::Source;

/// One configured webhook.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hook {
    pub(crate) url: String,
    /// Vonage has a second address for receipts; else they go to the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status_url: Option<String>,
    /// Headers that 360dialog and Telegram add to every POST.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, String>,
    /// The kinds of updates that a bot of Telegram asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) updates: Vec<String>,
}

/// All configured webhooks.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Hooks {
    #[serde(default)]
    by_source: HashMap<Source, Hook>,
    #[serde(default)]
    by_account: HashMap<AccountId, Hook>,
}

impl Hooks {
    pub(crate) fn of(&self, id: AccountId) -> Option<&Hook> {
        self.by_account.get(&id).or_else(|| self.by_source.get(&account(id).source))
    }

    pub(crate) fn set(&mut self, source: Source, only: Option<AccountId>, hook: Option<Hook>) {
        match (only, hook) {
            (Some(id), Some(hook)) => drop(self.by_account.insert(id, hook)),
            (Some(id), None) => drop(self.by_account.remove(&id)),
            (None, Some(hook)) => drop(self.by_source.insert(source, hook)),
            (None, None) => drop(self.by_source.remove(&source)),
        }
    }
}
