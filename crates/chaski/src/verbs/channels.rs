//! Channels, and the check of everything.

use super::{list, tell};
use crate::cli::Common;
use crate::client::Client;
use crate::output::{self, cell};
use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::{Map, Value, json};
use std::process::ExitCode;

#[derive(Subcommand)]
pub(crate) enum ChannelVerb {
    /// Connect a channel: checks the credentials, registers the webhook, syncs the templates.
    Add {
        /// What it is, for example whatsapp_cloud, 360dialog_whatsapp, nexmo_whatsapp, telegram.
        #[arg(long)]
        source: String,
        /// Its name.
        #[arg(long)]
        name: String,
        /// A setting; `KEY=@FILE` reads the value from a file. Keys are in docs/channels.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        set: Vec<String>,
    },
    /// Change settings or renew credentials; the provider is asked first.
    Set {
        /// Which.
        id: i64,
        /// A setting; `KEY=@FILE` reads the value from a file.
        #[arg(long = "set", value_name = "KEY=VALUE", required = true)]
        set: Vec<String>,
    },
    /// List channels.
    List,
    /// Ask the provider whether a channel's credentials are good.
    Check {
        /// Which.
        id: i64,
    },
    /// Let a held channel go on.
    Resume {
        /// Which.
        id: i64,
    },
    /// Disconnect a channel: its webhook is taken back where an API exists; its messages stay.
    Remove {
        /// Which.
        id: i64,
    },
}

pub(crate) async fn channel(common: &Common, verb: ChannelVerb) -> Result<()> {
    match verb {
        ChannelVerb::List => {
            list(common, "/admin/v1/channels", &["id", "name", "source", "state", "templatesSyncedAt"]).await
        }
        ChannelVerb::Add { source, name, set } => {
            let set = settings(&set)?;
            let answer = Client::new(common)?
                .post("/admin/v1/channels", &json!({"source": source, "name": name, "set": set}))
                .await?;
            tell(common, &answer, |a| {
                let todo: Vec<String> = a["toDo"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|t| format!("\n  - {}", t.as_str().unwrap_or("")))
                    .collect();
                let left = if todo.is_empty() {
                    String::new()
                } else {
                    format!("\nleft to do by hand:{}", todo.concat())
                };
                format!(
                    "channel {}, {} templates\nwebhook {}{left}",
                    cell(a, "id"),
                    cell(a, "templates"),
                    cell(a, "webhookUrl")
                )
            });
            Ok(())
        }
        ChannelVerb::Set { id, set } => {
            let body = json!({"set": settings(&set)?});
            let answer =
                Client::new(common)?.post(&format!("/admin/v1/channels/{id}/settings"), &body).await?;
            tell(common, &answer, |_| format!("channel {id} is changed"));
            Ok(())
        }
        ChannelVerb::Check { id } => {
            let answer =
                Client::new(common)?.post(&format!("/admin/v1/channels/{id}/check"), &json!({})).await?;
            tell(common, &answer, |_| format!("channel {id}: the provider accepts its credentials"));
            Ok(())
        }
        ChannelVerb::Remove { id } => {
            let answer =
                Client::new(common)?.post(&format!("/admin/v1/channels/{id}/remove"), &json!({})).await?;
            tell(common, &answer, |_| format!("channel {id} is disconnected"));
            Ok(())
        }
        ChannelVerb::Resume { id } => {
            let answer =
                Client::new(common)?.post(&format!("/admin/v1/channels/{id}/resume"), &json!({})).await?;
            tell(common, &answer, |_| format!("channel {id} goes on"));
            Ok(())
        }
    }
}

fn settings(given: &[String]) -> Result<Map<String, Value>> {
    given
        .iter()
        .map(|pair| {
            let (key, value) = pair.split_once('=').with_context(|| format!("`{pair}`: write KEY=VALUE"))?;
            let value = match value.strip_prefix('@') {
                Some(file) => {
                    std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))?
                }
                None => value.to_owned(),
            };
            Ok((key.to_owned(), json!(value)))
        })
        .collect()
}

pub(crate) async fn check(common: &Common) -> Result<ExitCode> {
    crate::config::load(common.config.as_deref())?;
    let answer = Client::new(common)?.get("/admin/v1/check").await?;
    if common.json {
        output::json(&answer);
    } else {
        for item in answer["items"].as_array().into_iter().flatten() {
            let name = format!("{} {}", cell(item, "what"), cell(item, "name"));
            match item["ok"] == true {
                true => output::line(&format!("ok    {name}")),
                false => {
                    output::line(&format!("FAIL  {name}: {} {}", cell(item, "cause"), cell(item, "remedy")))
                }
            }
        }
    }
    Ok(if answer["ok"] == true { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
