//! A copy of the embedded store, and a folder made from it. Both work on files, without a server's help: the
//! copy holds every message, so no token can ask for it over the network.

use super::tell;
use crate::cli::Common;
use crate::config;
use anyhow::{Context, Result, bail};
use chaski_store::sqlite::backup::{self as store, Copied};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct BackupOptions {
    /// The new file.
    file: PathBuf,
    /// The data folder; default as configured.
    #[arg(long)]
    data: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct RestoreOptions {
    /// The backup.
    file: PathBuf,
    /// The new data folder. It may hold `secret.key`, and nothing else.
    #[arg(long)]
    data: PathBuf,
    /// Hold every channel, so that what waited at the time of the backup goes out only once each is resumed.
    #[arg(long)]
    hold: bool,
}

pub(crate) async fn backup(common: &Common, options: BackupOptions) -> Result<()> {
    let settings = config::load(common.config.as_deref())?;
    if !settings.database.url.is_empty() {
        bail!(
            "the store is in PostgreSQL (database.url): back it up there, with pg_dump or with continuous archiving \
             for point-in-time recovery, and keep secret.key apart from it; chaski backup copies only the embedded store"
        );
    }
    let data = options.data.unwrap_or(settings.storage.data);
    let file = options.file.clone();
    let copied = tokio::task::spawn_blocking(move || store::backup(&data, &file)).await??;
    tell(common, &answer(&options.file, copied), |a| {
        format!(
            "{} is a copy of the store ({} KiB). It holds no key: keep secret.key apart from it.",
            options.file.display(),
            a["bytes"].as_u64().unwrap_or(0) >> 10
        )
    });
    Ok(())
}

pub(crate) async fn restore(common: &Common, options: RestoreOptions) -> Result<()> {
    let (file, data, hold) = (options.file.clone(), options.data.clone(), options.hold);
    let copied = tokio::task::spawn_blocking(move || store::restore(&file, &data, hold)).await??;
    let key = options.data.join("secret.key");
    let has_key = key.try_exists().with_context(|| key.display().to_string())?;
    let mut told = answer(&options.data, copied);
    told["hasKey"] = json!(has_key);
    tell(common, &told, |_| {
        let mut lines =
            format!("{} is ready: chaski serve --data {}", options.data.display(), options.data.display());
        if !has_key && copied.channels > 0 {
            lines.push_str(&format!(
                "\nIts {} channels open only with the secret.key that the backup's server had: copy it to {}\n\
                 before the first start. Without it they are locked; their messages wait and do not fail.",
                copied.channels,
                key.display()
            ));
        }
        if !hold {
            lines.push_str(
                "\nWhat waited at the time of the backup goes out once the server runs, also if it went out since;\n\
                 restore with --hold to look first.",
            );
        }
        lines
    });
    Ok(())
}

fn answer(place: &std::path::Path, copied: Copied) -> Value {
    json!({"path": place, "bytes": copied.bytes, "schema": copied.schema, "channels": copied.channels})
}
