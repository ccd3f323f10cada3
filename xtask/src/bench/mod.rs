//! `cargo xtask bench`: the product against its bare reference, as ratios of pairs of runs.
//!
//! It never fails because of a figure: it reports. How to read it: `docs/performance.md`.

mod fill;
mod load;
mod rows;
mod scenario;
mod table;
mod wire;
mod world;

use crate::{machine, say};
use anyhow::{Context, Result, ensure};
use clap::Args;
use e2e::postgres::Cluster;
use rows::Pair;
use scenario::{Scenario, Setting, Size};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use world::{CONNECTIONS, Side};

/// The share of the machine's time that a run may lose before it is repeated.
const LOST: f64 = 0.10;

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// One pair of short runs: to see that it works, not to read figures from.
    #[arg(long)]
    quick: bool,
    /// Only the runs that a row, or one of accept, pipeline, single and queued, comes from.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// No table on standard error.
    #[arg(long)]
    json: bool,
    /// The product's program; without it the workspace's is built.
    #[arg(long, value_name = "FILE")]
    chaski: Option<PathBuf>,
    /// Messages queued for the row about memory.
    #[arg(long, default_value_t = 1_000_000)]
    queued: usize,
    /// Messages stored before the cost of one is measured.
    #[arg(long)]
    stored: Option<usize>,
    /// Pairs of runs.
    #[arg(long)]
    pairs: Option<usize>,
    /// sqlite, postgres (needs its programs installed), or both.
    #[arg(long, default_value = "both", value_parser = ["sqlite", "postgres", "both"])]
    store: String,
    /// Connections of the load generator, one after the other; other than 64 one pair is run.
    #[arg(long, value_delimiter = ',', default_values_t = [64_usize])]
    connections: Vec<usize>,
}

/// Measures and reports.
pub(crate) async fn run(options: Options) -> Result<()> {
    let mut size = if options.quick { Size::quick() } else { Size::full(options.queued) };
    size.pairs = options.pairs.unwrap_or(size.pairs).max(1);
    size.stored = options.stored.unwrap_or(size.stored);
    let chosen: Vec<Scenario> = Scenario::ALL
        .into_iter()
        .filter(|scenario| options.only.as_deref().is_none_or(|name| rows::is_of(*scenario, name)))
        .collect();
    ensure!(!chosen.is_empty(), "--only takes one of {}", rows::names());
    let chaski = match &options.chaski {
        Some(chaski) => chaski.clone(),
        None => build()?,
    };
    // Beside the programs: on a disk, where a temporary folder may be in memory.
    let folder = beside(&std::env::current_exe()?, "bench")?;
    if folder.exists() {
        // What a run that was broken off left behind.
        std::fs::remove_dir_all(&folder)?;
    }
    let mut all = Vec::new();
    for setting in settings(&options, chaski, folder) {
        for scenario in chosen.iter().filter(|scenario| scenario.is_run_on(&setting)) {
            let (pairs, discarded) = pairs(*scenario, &size, &setting).await?;
            let connections = scenario.connections(&setting);
            let rows = rows::of(*scenario, (setting.store(), connections), &pairs, discarded);
            if !options.json {
                table::print(&rows);
            }
            all.extend(rows);
        }
    }
    let discarded: u64 = all.iter().filter_map(|row: &Value| row["discarded"].as_u64()).max().unwrap_or(0);
    let pairs_of = |row: &Value| row["pairs"].as_array().cloned().unwrap_or_default();
    let steal = all.iter().flat_map(pairs_of).filter_map(|pair| pair["steal"].as_f64()).fold(0.0, f64::max);
    if !options.json {
        say(&json!({
            "machine": machine::describe(), "quick": options.quick, "pairs": size.pairs,
            "mostDiscarded": discarded, "rows": all,
        }));
    }
    say(&json!({
        "machine": machine::describe(), "quick": options.quick, "pairs": size.pairs, "mostDiscarded": discarded,
        "steal": steal, "scenarios": rows::summary(&all), "rows": all,
    }));
    Ok(())
}

/// Each store with each number of connections.
fn settings(options: &Options, chaski: PathBuf, folder: PathBuf) -> Vec<Setting> {
    let cluster = match options.store.as_str() {
        "sqlite" => None,
        _ => Cluster::private("on").map(Rc::new),
    };
    let mut stores: Vec<Option<Rc<Cluster>>> = Vec::new();
    if options.store != "postgres" {
        stores.push(None);
    }
    stores.extend(cluster.map(Some));
    let mut settings = Vec::new();
    for cluster in stores {
        for connections in &options.connections {
            settings.push(Setting {
                chaski: chaski.clone(),
                folder: folder.clone(),
                cluster: cluster.clone(),
                connections: (*connections).max(1),
            });
        }
    }
    settings
}

/// Pairs of runs; those that lost too much of the machine are repeated, within bounds, and then the
/// least disturbed are taken. Also how many were discarded.
async fn pairs(scenario: Scenario, size: &Size, setting: &Setting) -> Result<(Vec<Pair>, usize)> {
    // Filling a queue takes minutes and has no bare side: once is enough.
    let (wanted, most) = match scenario {
        Scenario::Queued | Scenario::Volume => (1, 1),
        _ if setting.connections != CONNECTIONS => (1, 2),
        _ => (size.pairs, size.pairs * 3),
    };
    let mut pairs: Vec<Pair> = Vec::new();
    while pairs.len() < most && pairs.iter().filter(|pair| pair.lost() <= LOST).count() < wanted {
        let bare = match scenario.has_bare() {
            true => Some(scenario.run(Side::Bare, size, setting).await.context("the bare reference")?),
            false => None,
        };
        let product = scenario.run(Side::Product, size, setting).await.context("the product")?;
        pairs.push(Pair { bare, product });
    }
    let discarded = pairs.len().saturating_sub(wanted);
    pairs.sort_by(|a, b| a.lost().total_cmp(&b.lost()));
    pairs.truncate(wanted);
    Ok((pairs, discarded))
}

/// Builds the product as it is shipped.
fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = std::process::Command::new(cargo).args(["build", "--release", "-p", "chaski"]).status()?;
    ensure!(status.success(), "the product cannot be built");
    beside(&std::env::current_exe()?, "chaski")
}

fn beside(program: &Path, name: &str) -> Result<PathBuf> {
    Ok(program.parent().context("a program without a folder")?.join(name))
}

/// The middle one.
fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    let half = figures.len() / 2;
    match figures.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => figures[half],
        _ => f64::midpoint(figures[half - 1], figures[half]),
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_of_an_even_number_lies_between_two() {
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&mut [9.0, 1.0, 3.0]), 3.0);
        assert_eq!(median(&mut []), 0.0);
    }
}
