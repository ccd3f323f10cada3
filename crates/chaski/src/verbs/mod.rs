//! The operator's verbs: each is one call to the running server's admin API, except `migrate`.

mod backup;
mod channels;
mod contacts;
mod dead_letters;
mod health;
mod messages;
mod migrate;
mod people;
mod send;
mod space;
mod templates;
mod webhooks;

pub(crate) use backup::{BackupOptions, RestoreOptions, backup, restore};
pub(crate) use channels::{ChannelVerb, channel, check};
pub(crate) use contacts::{ContactVerb, FieldVerb, LifecycleVerb, contact, field, lifecycle};
pub(crate) use dead_letters::{DeadLetterVerb, dead_letter};
pub(crate) use health::{RetentionOptions, UnknownVerb, health, retention, unknown};
pub(crate) use messages::{MessageVerb, message};
pub(crate) use migrate::{MigrateOptions, migrate};
pub(crate) use people::{TokenVerb, UserVerb, WorkspaceVerb, token, user, workspace};
pub(crate) use send::{SendOptions, send};
pub(crate) use space::{ClosingNoteVerb, TagVerb, closing_note, tag};
pub(crate) use templates::{TemplateVerb, template};
pub(crate) use webhooks::{WebhookVerb, webhook};

use crate::cli::Common;
use crate::client::Client;
use crate::output::{self, cell};
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::Path;

/// Prints a list: a table of some keys, or the JSON.
async fn list(common: &Common, path: &str, keys: &[&str]) -> Result<()> {
    let answer = Client::new(common)?.get(path).await?;
    if common.json {
        output::json(&answer);
        return Ok(());
    }
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    output::table(keys, items.iter().map(|item| keys.iter().map(|key| cell(item, key)).collect()).collect());
    Ok(())
}

/// Prints an answer: its JSON, or one line for people.
fn tell(common: &Common, answer: &Value, line: impl FnOnce(&Value) -> String) {
    if common.json { output::json(answer) } else { output::line(&line(answer)) }
}

fn read_json(file: &Path) -> Result<Value> {
    let text = if file.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())?
    } else {
        std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?
    };
    serde_json::from_str(&text).with_context(|| format!("{} is not valid JSON", file.display()))
}

fn percent_encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
