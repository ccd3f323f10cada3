//! The bare reference: the least that a durable gateway can do on the product's own HTTP stack,
//! allocator, SQLite pragmas and checkpointing. It accepts a body, stores it, notes the attempt,
//! makes one call, stores the outcome and one reported status: nothing else. No tokens, contacts,
//! templates, validation, timeline, feed or logs.
//!
//! **Frozen.** The product's figures are ratios to it, and a ratio can be won by slowing the
//! reference. Whoever changes anything under `bare/` writes an ADR with both figures, before and
//! after. It therefore shares no code with the product.

mod pg;
mod pipeline;
mod server;
mod store;

use crate::say;
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;

/// How the reference is started.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder of its database.
    #[arg(long)]
    data: PathBuf,
    /// Into PostgreSQL instead.
    #[arg(long)]
    database: Option<String>,
    /// Where its one provider listens.
    #[arg(long)]
    sink: String,
    /// Accept and store only; nothing is sent.
    #[arg(long)]
    held: bool,
}

/// Serves until the process is killed.
pub(crate) async fn run(options: Options) -> Result<()> {
    let store = Arc::new(match &options.database {
        Some(url) => Store::Postgres(pg::PgStore::open(url).await?),
        None => Store::Sqlite(store::Store::open(&options.data)?),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no port")?;
    let offers = (!options.held).then(|| pipeline::start(Arc::clone(&store), &options.sink));
    say(&json!({"api": format!("http://{}", listener.local_addr()?)}));
    server::serve(listener, server::router(store, offers)).await;
    Ok(())
}

/// Either store.
enum Store {
    Sqlite(store::Store),
    Postgres(pg::PgStore),
}

impl Store {
    async fn write(&self, step: store::Step) -> Option<store::Done> {
        match self {
            Self::Sqlite(store) => store.write(step).await,
            Self::Postgres(store) => store.write(step).await,
        }
    }

    fn commits(&self) -> (u64, f64) {
        match self {
            Self::Sqlite(store) => store.commits(),
            Self::Postgres(store) => store.commits(),
        }
    }
}
