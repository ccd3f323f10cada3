//! Tags of contacts, and what conversations are closed with.

use super::{list, tell};
use crate::cli::Common;
use crate::client::Client;
use crate::output::cell;
use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

#[derive(Subcommand)]
pub(crate) enum TagVerb {
    /// List tags.
    List,
}

#[derive(Subcommand)]
pub(crate) enum ClosingNoteVerb {
    /// Make a closing note.
    Add {
        /// Its category, for example Resolved.
        category: String,
        /// What it says.
        #[arg(long)]
        description: Option<String>,
    },
    /// Remove a closing note.
    Remove {
        /// Its number.
        id: i64,
    },
    /// List closing notes.
    List,
}

pub(crate) async fn tag(common: &Common, verb: TagVerb) -> Result<()> {
    match verb {
        TagVerb::List => {
            list(common, "/admin/v1/tags", &["id", "name", "description", "emoji", "colorCode"]).await
        }
    }
}

pub(crate) async fn closing_note(common: &Common, verb: ClosingNoteVerb) -> Result<()> {
    match verb {
        ClosingNoteVerb::List => {
            list(common, "/admin/v1/closing-notes", &["id", "category", "description"]).await
        }
        ClosingNoteVerb::Add { category, description } => {
            let body = json!({"category": category, "description": description});
            let answer = Client::new(common)?.post("/admin/v1/closing-notes", &body).await?;
            tell(common, &answer, |a| format!("closing note {}", cell(a, "id")));
            Ok(())
        }
        ClosingNoteVerb::Remove { id } => {
            let answer = Client::new(common)?.delete(&format!("/admin/v1/closing-notes/{id}")).await?;
            tell(common, &answer, |_| format!("closing note {id} removed"));
            Ok(())
        }
    }
}
