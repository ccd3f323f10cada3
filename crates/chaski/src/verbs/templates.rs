//! Template catalogues.

use super::{list, read_json, tell};
use crate::cli::Common;
use crate::client::Client;
use crate::output::cell;
use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Subcommand)]
pub(crate) enum TemplateVerb {
    /// Sync a channel's catalogue from its provider.
    Sync {
        /// The channel.
        channel: i64,
    },
    /// Take a catalogue from a file, as the provider's API gives it.
    Import {
        /// The channel.
        channel: i64,
        /// The file.
        file: PathBuf,
    },
    /// List templates.
    List,
    /// Check a request body against the catalogue. Exits with 1 when it would not be sent.
    Lint {
        /// The request body, as for the send call; - reads standard input.
        file: PathBuf,
    },
}

pub(crate) async fn template(common: &Common, verb: TemplateVerb) -> Result<ExitCode> {
    let synced = |a: &Value| {
        format!(
            "{} templates, {} new or changed, {} gone",
            cell(a, "templates"),
            cell(a, "changed"),
            cell(a, "gone")
        )
    };
    match verb {
        TemplateVerb::List => {
            list(
                common,
                "/admin/v1/templates",
                &["source", "name", "language", "status", "category", "version"],
            )
            .await?
        }
        TemplateVerb::Sync { channel } => {
            let answer = Client::new(common)?
                .post(&format!("/admin/v1/channels/{channel}/templates/sync"), &json!({}))
                .await?;
            tell(common, &answer, synced);
        }
        TemplateVerb::Import { channel, file } => {
            let list = read_json(&file)?;
            let answer = Client::new(common)?
                .post(&format!("/admin/v1/channels/{channel}/templates/import"), &list)
                .await?;
            tell(common, &answer, synced);
        }
        TemplateVerb::Lint { file } => {
            let answer = Client::new(common)?.post("/admin/v1/templates/lint", &read_json(&file)?).await?;
            let would_send = answer["wouldSend"] == true;
            tell(common, &answer, |a| lint_text(a, would_send));
            return Ok(if would_send { ExitCode::SUCCESS } else { ExitCode::from(1) });
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn lint_text(answer: &Value, would_send: bool) -> String {
    let findings: Vec<String> = answer["lint"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|f| {
            format!(
                "\n  {} [{}] {} {}",
                cell(f, "component"),
                cell(f, "code"),
                cell(f, "message"),
                cell(f, "fix")
            )
        })
        .collect();
    format!("{}{}", if would_send { "would be sent" } else { "would be refused" }, findings.concat())
}
