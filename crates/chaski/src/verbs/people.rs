//! Workspaces, tokens, users.

use super::{list, tell};
use crate::cli::Common;
use crate::client::Client;
use crate::config::span;
use crate::output::cell;
use anyhow::{Result, anyhow};
use clap::Subcommand;
use serde_json::json;

#[derive(Subcommand)]
pub(crate) enum WorkspaceVerb {
    /// Make a workspace with a first token.
    Add {
        /// Its name.
        name: String,
        /// How numbers dialled at home are read (ISO 3166-1 alpha-2).
        #[arg(long)]
        country: Option<String>,
    },
    /// Show the token's workspace.
    List,
}

#[derive(Subcommand)]
pub(crate) enum TokenVerb {
    /// Make a token; it is shown once.
    Add {
        /// What it is for.
        #[arg(long)]
        name: String,
        /// What it may do; repeat for more.
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
        /// When it ends, for example 30d; default never.
        #[arg(long)]
        expires: Option<String>,
    },
    /// List tokens.
    List,
}

#[derive(Subcommand)]
pub(crate) enum UserVerb {
    /// Make a user; prints a link that signs in once.
    Add {
        /// The address to sign in with.
        #[arg(long)]
        email: String,
        /// owner, manager or agent.
        #[arg(long)]
        role: String,
        /// First name.
        #[arg(long)]
        first_name: Option<String>,
    },
    /// List users.
    List,
    /// Print a new link that signs a user in once.
    Link {
        /// Whose.
        #[arg(long)]
        email: String,
    },
}

pub(crate) async fn workspace(common: &Common, verb: WorkspaceVerb) -> Result<()> {
    match verb {
        WorkspaceVerb::List => list(common, "/admin/v1/workspaces", &["id", "name", "country"]).await,
        WorkspaceVerb::Add { name, country } => {
            let answer = Client::new(common)?
                .post("/admin/v1/workspaces", &json!({"name": name, "country": country}))
                .await?;
            tell(common, &answer, |a| {
                format!("workspace {}\ntoken (shown once) {}", cell(a, "id"), cell(a, "token"))
            });
            Ok(())
        }
    }
}

pub(crate) async fn token(common: &Common, verb: TokenVerb) -> Result<()> {
    match verb {
        TokenVerb::List => {
            list(common, "/admin/v1/tokens", &["id", "name", "scopes", "createdAt", "expiresAt"]).await
        }
        TokenVerb::Add { name, scopes, expires } => {
            let lives = expires.map(|text| span(&text).map_err(|why| anyhow!(why))).transpose()?;
            let body =
                json!({"name": name, "scopes": scopes, "expiresInSeconds": lives.map(|d| d.as_secs())});
            let answer = Client::new(common)?.post("/admin/v1/tokens", &body).await?;
            tell(common, &answer, |a| format!("token {} (shown once)\n{}", cell(a, "id"), cell(a, "token")));
            Ok(())
        }
    }
}

pub(crate) async fn user(common: &Common, verb: UserVerb) -> Result<()> {
    match verb {
        UserVerb::List => list(common, "/admin/v1/users", &["id", "email", "firstName", "role"]).await,
        UserVerb::Add { email, role, first_name } => {
            let body = json!({"email": email, "role": role, "firstName": first_name});
            let answer = Client::new(common)?.post("/admin/v1/users", &body).await?;
            tell(common, &answer, |a| {
                format!("user {}\nsigns in once with {}", cell(a, "id"), cell(a, "signIn"))
            });
            Ok(())
        }
        UserVerb::Link { email } => {
            let answer =
                Client::new(common)?.post("/admin/v1/sign-in-links", &json!({"email": email})).await?;
            tell(common, &answer, |a| cell(a, "signIn"));
            Ok(())
        }
    }
}
