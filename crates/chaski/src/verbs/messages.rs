//! Messages: the timeline, and what a person decides.

use super::tell;
use crate::cli::Common;
use crate::client::{Client, NoServer};
use crate::config;
use crate::output::{self, cell};
use anyhow::{Context, Result, bail};
use chaski_model::MessageId;
use chaski_server::timeline;
use chaski_store::Admin;
use chaski_store::sqlite::SqliteStore;
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum MessageVerb {
    /// Show a message's whole timeline.
    Show {
        /// Which.
        id: i64,
        /// Show each exchange with the provider too.
        #[arg(long)]
        exchanges: bool,
        /// The data folder that is read when no server runs; default as configured.
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Send a failed message again.
    Replay {
        /// Which.
        id: i64,
    },
    /// Decide about an unknown outcome.
    Resolve {
        /// Which.
        id: i64,
        /// resend or leave.
        choice: String,
    },
}

pub(crate) async fn message(common: &Common, verb: MessageVerb) -> Result<()> {
    match verb {
        MessageVerb::Resolve { id, choice } => {
            let answer = Client::new(common)?
                .post(&format!("/admin/v1/messages/{id}/resolve"), &json!({"choice": choice}))
                .await?;
            tell(common, &answer, |_| format!("message {id}: {choice}"));
        }
        MessageVerb::Replay { id } => {
            let answer =
                Client::new(common)?.post(&format!("/admin/v1/messages/{id}/replay"), &json!({})).await?;
            tell(common, &answer, |_| format!("message {id} is sent again"));
        }
        MessageVerb::Show { id, exchanges, data } => {
            let answer = show(common, id, data).await?;
            if common.json {
                output::json(&answer);
            } else {
                for step in answer["timeline"].as_array().into_iter().flatten() {
                    output::line(&step_line(step, exchanges));
                }
            }
        }
    }
    Ok(())
}

/// From the running server; where none runs, from the store itself.
async fn show(common: &Common, id: i64, data: Option<PathBuf>) -> Result<Value> {
    if common.token.is_some() && data.is_none() {
        let asked = Client::new(common)?.get(&format!("/admin/v1/messages/{id}")).await;
        match asked {
            Err(cause) if cause.is::<NoServer>() => {}
            other => return other,
        }
    }
    let settings = config::load(common.config.as_deref())?;
    let data = data.unwrap_or(settings.storage.data);
    let file = data.join("chaski.db");
    if !file.exists() {
        bail!("no server answers at {}, and there is no store in {}", common.url, data.display());
    }
    let store = SqliteStore::open(&data, 0).context("a server has the store: give --token to ask it")?;
    let directory = store.directory().await?;
    let name = |id| directory.channels.get(&id).map(|channel| channel.name.clone()).unwrap_or_default();
    let from = timeline::Reading { store: &store, name: &name };
    for workspace in directory.workspaces.keys() {
        if let Some(life) = timeline::read(from, *workspace, MessageId(id)).await? {
            return Ok(life.json());
        }
    }
    bail!("there is no message {id} in {}", data.display())
}

/// One step of a timeline for a terminal.
fn step_line(step: &Value, exchanges: bool) -> String {
    let what = match step["step"].as_str().unwrap_or("") {
        "accepted" => format!("accepted, by {}", cell(step, "by")),
        "received" => "received from the contact".to_owned(),
        "routed" => format!("channel {} ({})", cell(step, "channel"), cell(step, "route").replace('_', " ")),
        "not_sent" => format!("not sent: {}", cell(&step["failure"], "message")),
        "attempt" => {
            let failure = cell(&step["failure"], "message");
            let next = if step["nextAt"].is_null() {
                String::new()
            } else {
                format!(", next try {}", cell(step, "nextAt"))
            };
            let http = if step["httpStatus"].is_null() {
                String::new()
            } else {
                format!(" HTTP {}", cell(step, "httpStatus"))
            };
            format!("attempt {}: {}{http} {failure}{next}", cell(step, "attempt"), cell(step, "outcome"))
        }
        "provider_id" => format!("the provider's id {}", cell(step, "providerId")),
        "receipt" => {
            let order = if step["outOfOrder"] == true { " (out of order)" } else { "" };
            format!("{}{order} {}", cell(step, "kind"), cell(&step["failure"], "message"))
        }
        "replayed" => {
            let failure = &step["withdrawn"];
            let before = if failure.is_null() {
                String::new()
            } else {
                format!("; it had failed: {}", cell(failure, "message"))
            };
            format!("sent again, by {}{before}", cell(step, "by"))
        }
        "blanked" => "what it said was deleted by retention".to_owned(),
        "waiting" => format!("waits until {}", cell(step, "until")),
        "unknown" => "the outcome is not known: `chaski unknown resolve ID resend|leave`".to_owned(),
        other => other.to_owned(),
    };
    let mut line = format!("{}  {}", cell(step, "at"), what.trim_end());
    if exchanges && step["exchange"].is_object() {
        let e = &step["exchange"];
        line.push_str(&format!(
            "\n    {} {}\n    {}\n    -> {} {}",
            cell(e, "method"),
            cell(e, "url"),
            cell(e, "body"),
            cell(e, "status"),
            cell(e, "response")
        ));
    }
    line
}
