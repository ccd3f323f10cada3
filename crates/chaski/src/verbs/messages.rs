//! Messages: the timeline, and what a person decides.

use super::tell;
use crate::cli::Common;
use crate::client::Client;
use crate::output::{self, cell};
use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Subcommand)]
pub(crate) enum MessageVerb {
    /// Show a message's whole timeline.
    Show {
        /// Which.
        id: i64,
        /// Show each exchange with the provider too.
        #[arg(long)]
        exchanges: bool,
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
        MessageVerb::Show { id, exchanges } => {
            let answer = Client::new(common)?.get(&format!("/admin/v1/messages/{id}")).await?;
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
        "waiting" => format!("waits until {}", cell(step, "until")),
        "unknown" => "the outcome is not known: `chaski message resolve ID resend|leave`".to_owned(),
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
