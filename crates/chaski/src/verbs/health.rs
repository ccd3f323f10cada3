//! What nobody knows, what waits, what is old.

use super::{list, tell};
use crate::cli::Common;
use crate::client::Client;
use crate::output::{self, cell};
use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

#[derive(Subcommand)]
pub(crate) enum UnknownVerb {
    /// List messages whose outcome nobody knows, and what is known.
    List,
    /// Decide: send it again (it may arrive twice), or leave it as failed.
    Resolve {
        /// Which.
        id: i64,
        /// What to do.
        choice: Choice,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Choice {
    Resend,
    Leave,
}

#[derive(Args)]
pub(crate) struct RetentionOptions {
    /// Only tell how much would go.
    #[arg(long)]
    dry_run: bool,
    #[command(subcommand)]
    verb: Option<RetentionVerb>,
}

#[derive(Subcommand)]
enum RetentionVerb {
    /// Remove what is old now.
    Run,
}

pub(crate) async fn unknown(common: &Common, verb: UnknownVerb) -> Result<()> {
    match verb {
        UnknownVerb::List => {
            let answer = Client::new(common)?.get("/admin/v1/unknown").await?;
            if common.json {
                output::json(&answer);
                return Ok(());
            }
            let keys = ["messageId", "contactId", "channelId", "begunAt", "since", "why"];
            rows(&answer["messages"], &keys);
        }
        UnknownVerb::Resolve { id, choice } => {
            let word = if matches!(choice, Choice::Resend) { "resend" } else { "leave" };
            let path = format!("/admin/v1/messages/{id}/resolve");
            let answer = Client::new(common)?.post(&path, &json!({"choice": word})).await?;
            tell(common, &answer, |_| format!("message {id}: {word}"));
        }
    }
    Ok(())
}

pub(crate) async fn health(common: &Common) -> Result<()> {
    let mut answer = Client::new(common)?.get("/admin/v1/health").await?;
    if common.json {
        output::json(&answer);
        return Ok(());
    }
    for item in answer["items"].as_array_mut().into_iter().flatten() {
        let missing = item["receipts"]["missing"] == true;
        item["receipts"] = json!(if missing { "missing" } else { "ok" });
    }
    let keys =
        ["channelId", "name", "state", "queued", "oldestSeconds", "unknown", "deadLetters", "receipts"];
    rows(&answer["items"], &keys);
    Ok(())
}

pub(crate) async fn retention(common: &Common, options: RetentionOptions) -> Result<()> {
    let keys = ["kind", "before", "rows"];
    match options.verb {
        Some(RetentionVerb::Run) if !options.dry_run => {
            let answer = Client::new(common)?.post("/admin/v1/retention/run", &json!({})).await?;
            if common.json {
                output::json(&answer)
            } else {
                rows(&answer["items"], &keys)
            }
            Ok(())
        }
        _ => list(common, "/admin/v1/retention", &keys).await,
    }
}

fn rows(items: &Value, keys: &[&str]) {
    let items = items.as_array().cloned().unwrap_or_default();
    output::table(keys, items.iter().map(|item| keys.iter().map(|key| cell(item, key)).collect()).collect());
}
