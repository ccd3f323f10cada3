//! The binary: commands, configuration, wiring. No logic of its own.

mod cli;
mod client;
mod clock_follower;
mod config;
mod demo;
mod explain;
mod output;
mod serve;
mod verbs;

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => return output::failed(&anyhow::anyhow!("the runtime cannot start: {cause}")),
    };
    match runtime.block_on(cli::run(arguments)) {
        Ok(code) => code,
        Err(cause) => output::failed(&cause),
    }
}
