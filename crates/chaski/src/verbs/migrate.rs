//! `chaski migrate`: a data folder into a PostgreSQL database. It speaks to no server: it reads the folder.

use crate::cli::Common;
use crate::{config, output};
use anyhow::{Result, anyhow};
use chaski_store::copy::{self, Note, Phase, Report};
use clap::Args;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How often progress is told.
const EVERY: Duration = Duration::from_millis(200);

#[derive(Args)]
pub(crate) struct MigrateOptions {
    /// The PostgreSQL database: empty, or with an unfinished migration of the same folder.
    #[arg(long, value_name = "postgres://…", env = "CHASKI_MIGRATE_TO", hide_env_values = true)]
    to: String,
    /// The data folder.
    #[arg(long)]
    data: Option<PathBuf>,
}

pub(crate) async fn migrate(common: &Common, options: MigrateOptions) -> Result<ExitCode> {
    let settings = config::load(common.config.as_deref())?;
    let data = options.data.clone().unwrap_or_else(|| settings.storage.data.clone());
    let mut teller = Teller::new(common.json);
    let report = copy::migrate(&data, &options.to, &mut |note| teller.tell(&note)).await;
    teller.clear();
    // The store speaks of the setting that usually holds the URL.
    let report = report.map_err(|e| anyhow!("{}", e.to_string().replace("database.url", "--to")))?;
    let key_file = settings.key_file_in(&data);
    let seconds = teller.began.elapsed().as_secs_f64();
    if common.json {
        output::line(&summary(&report, seconds).to_string());
    } else {
        tell_people(&report, &key_file, seconds);
    }
    let wrong: Vec<&str> = report.tables.iter().filter(|t| !t.is_same()).map(|t| t.table).collect();
    match wrong.as_slice() {
        [] => Ok(ExitCode::SUCCESS),
        wrong => Err(anyhow!(
            "not the same on both sides after copying again: {}. The migration is not finished; run it again",
            wrong.join(", ")
        )),
    }
}

fn summary(report: &Report, seconds: f64) -> Value {
    let tables: Vec<Value> = report
        .tables
        .iter()
        .map(|t| {
            json!({"table": t.table, "rows": t.rows, "hash": t.hash, "targetRows": t.target_rows,
                   "targetHash": t.target_hash, "same": t.is_same()})
        })
        .collect();
    json!({
        "finished": report.is_finished, "final": report.is_final, "written": report.written,
        "seconds": (seconds * 1000.0).round() / 1000.0, "upTo": report.up_to.map(time), "tables": tables,
    })
}

fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map(|at| at.to_string()).unwrap_or_default()
}

fn tell_people(report: &Report, key_file: &std::path::Path, seconds: f64) {
    if report.is_final {
        let row = |t: &copy::Compared| {
            let same = if t.is_same() { "same" } else { "DIFFERS" };
            [t.table, &t.rows.to_string(), &t.hash, &t.target_rows.to_string(), &t.target_hash, same]
                .map(str::to_owned)
                .to_vec()
        };
        output::table(
            &["table", "rows", "hash", "in PostgreSQL", "hash", ""],
            report.tables.iter().map(row).collect(),
        );
    }
    output::line(&format!("{} rows were written in {seconds:.1} s.", report.written));
    if report.is_finished {
        output::line(&format!(
            "The migration is finished: every table is the same on both sides.\n\
             Left to do:\n  \
             1. Copy {} to each new server (security.key_file): without it no credential can be read.\n  \
             2. Start the servers with database.url. Do not start a server on the old folder again.",
            key_file.display()
        ));
    } else if !report.is_final {
        let up_to = report.up_to.map_or_else(|| "now".to_owned(), time);
        output::line(&format!(
            "A server works on the data folder: what it did up to {up_to} is copied, and the migration is not\n\
             finished. Stop the server, then run the same command again: it copies what changed since and\n\
             compares every row. Until then no server starts on the database."
        ));
    }
}

/// Tells how far it is: one line that is written over and over for people, lines of JSON for programs.
struct Teller {
    json: bool,
    is_live: bool,
    began: Instant,
    told: Option<Instant>,
    /// Which table, and since when.
    of: Option<(Phase, &'static str, Instant)>,
}

impl Teller {
    fn new(json: bool) -> Self {
        let is_live = !json && std::io::stderr().is_terminal();
        Self { json, is_live, began: Instant::now(), told: None, of: None }
    }

    fn tell(&mut self, note: &Note) {
        match note {
            Note::Opened { target, is_final, goes_on } => {
                if self.json {
                    let told =
                        json!({"phase": "open", "target": target, "final": is_final, "goesOn": goes_on});
                    return output::line(&told.to_string());
                }
                let what = if *goes_on { "Going on with the copy to" } else { "Copying to" };
                let how = if *is_final { "no server works on the folder" } else { "while the server runs" };
                output::line(&format!("{what} {target}, {how}."));
            }
            Note::Progress { phase, table, rows, written, share, ended } => {
                if self.of.is_none_or(|(known, of, _)| (known, of) != (*phase, *table)) {
                    self.of = Some((*phase, table, Instant::now()));
                }
                let is_due = self.told.is_none_or(|told| told.elapsed() > EVERY);
                if !(*ended || is_due && self.is_live) {
                    return;
                }
                self.told = Some(Instant::now());
                let seconds = self.of.map_or(0.0, |(_, _, since)| since.elapsed().as_secs_f64());
                if self.json {
                    let told =
                        json!({"phase": phase.word(), "table": table, "rows": rows, "written": written});
                    output::line(&told.to_string());
                } else if self.is_live {
                    self.rewrite(&line(phase.word(), table, *rows, *share, seconds));
                }
            }
        }
    }

    fn rewrite(&self, text: &str) {
        let mut err = std::io::stderr().lock();
        let _ = write!(err, "\r\x1b[2K{text}");
        let _ = err.flush();
    }

    fn clear(&self) {
        if self.is_live {
            self.rewrite("");
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a bar and a rate for people"
)]
fn line(phase: &str, table: &str, rows: u64, share: Option<f64>, seconds: f64) -> String {
    let bar = share.map_or(String::new(), |share| {
        let full = (share * 20.0).round().clamp(0.0, 20.0) as usize;
        format!(" {}{} {:3.0} %", "█".repeat(full), "░".repeat(20 - full), share * 100.0)
    });
    format!("{phase:<7} {table:<18}{bar}  {rows} rows, {:.0}/s", rows as f64 / seconds.max(0.001))
}
