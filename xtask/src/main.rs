//! `cargo xtask`: work on the project itself. Never part of what is shipped.

mod bare;
mod bench;
mod machine;
mod scan;
mod sink;

use anyhow::Result;
use clap::{Parser, Subcommand};
use serde_json::Value;
use std::io::Write;
use std::process::ExitCode;

/// The same allocator as the product's, for the bare reference runs in this binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Work on the project itself.
#[derive(Parser)]
#[command(name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure the product against its bare reference; JSON on standard output, a table on standard error.
    Bench(bench::Options),
    /// Play random faults (kills, freezes, lost databases) from seeds and count what broke.
    Faults {
        /// How many runs.
        #[arg(long, default_value_t = 20)]
        runs: u32,
        /// The first seed; the others follow it.
        #[arg(long, default_value_t = 1000)]
        seed: u64,
    },
    /// The bare reference as a process of its own (started by `bench`).
    #[command(hide = true)]
    Bare(bare::Options),
    /// The provider that both sides send to (started by `bench`).
    #[command(hide = true)]
    Sink,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            // Nobody may be looking.
            let _ = writeln!(std::io::stderr(), "xtask: {cause:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    // Load and sink take little of the machine; the reference has the product's runtime.
    let mut one = tokio::runtime::Builder::new_current_thread();
    let mut many = tokio::runtime::Builder::new_multi_thread();
    match command {
        Command::Faults { runs, seed } => faults(runs, seed),
        Command::Bench(options) => one.enable_all().build()?.block_on(bench::run(options)),
        Command::Bare(options) => many.enable_all().build()?.block_on(bare::run(options)),
        Command::Sink => one.enable_all().build()?.block_on(sink::run()),
    }
}

/// Builds the server and plays the runs; each tells a line, the last one the sum.
fn faults(runs: u32, seed: u64) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let test = ["test", "-p", "e2e", "--test", "faults", "--", "--ignored", "--nocapture"];
    for arguments in [&["build", "-p", "chaski"][..], &test] {
        let status = std::process::Command::new(&cargo)
            .args(arguments)
            .env("CHASKI_FAULT_RUNS", runs.to_string())
            .env("CHASKI_FAULT_SEED", seed.to_string())
            .status()?;
        anyhow::ensure!(status.success(), "a promise was broken, or the runs could not be played");
    }
    Ok(())
}

/// One line on standard output: where a program that started us reads it.
fn say(line: &Value) {
    let mut out = std::io::stdout().lock();
    // A closed pipe is the reader's wish.
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
