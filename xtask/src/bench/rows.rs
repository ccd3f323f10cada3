//! The rows of the report: what each figure is, what it should be, and whether it is.

use super::median;
use super::scenario::{Run, Scenario};
use serde_json::{Value, json};

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
enum Target {
    /// Product / bare is at least this.
    RatioFrom(f64),
    /// Product / bare is at most this.
    RatioTo(f64),
    /// The product's own figure is at most this.
    UpTo(f64),
    /// The product's own figure is at most one commit and this many milliseconds.
    CommitAnd(f64),
    /// Reported only.
    None,
}

/// What a row shows.
struct Kind {
    name: &'static str,
    unit: &'static str,
    scenario: Scenario,
    target: Target,
    /// The last limit of the reference itself: beyond it the reference is to be mended first.
    bare_up_to: Option<f64>,
}

const fn kind(name: &'static str, unit: &'static str, scenario: Scenario, target: Target) -> Kind {
    Kind { name, unit, scenario, target, bare_up_to: None }
}

const KINDS: &[Kind] = &[
    kind("accepts_per_second", "1/s", Scenario::Accept, Target::RatioFrom(0.6)),
    kind("p99_64", "ms", Scenario::Accept, Target::RatioTo(1.5)),
    kind("messages_per_second", "1/s", Scenario::Pipeline, Target::RatioFrom(0.6)),
    Kind {
        bare_up_to: Some(0.15),
        ..kind("cpu_seconds_per_1000", "s", Scenario::Pipeline, Target::RatioTo(1.7))
    },
    Kind { bare_up_to: Some(0.25), ..kind("commits_per_message", "", Scenario::Pipeline, Target::UpTo(0.4)) },
    kind("p99_64_pipeline", "ms", Scenario::Pipeline, Target::RatioTo(1.5)),
    kind("written_kb_per_message", "KiB", Scenario::Pipeline, Target::None),
    kind("private_mb_pipeline", "MB", Scenario::Pipeline, Target::None),
    kind("p50_1", "ms", Scenario::Single, Target::RatioTo(1.5)),
    kind("accepted_to_called", "ms", Scenario::Single, Target::CommitAnd(2.0)),
    kind("commit_idle", "ms", Scenario::Single, Target::None),
    kind("receipts_per_second", "1/s", Scenario::Receipts, Target::None),
    kind("mixed_per_second", "1/s", Scenario::Mixed, Target::None),
    kind("private_mb_queued", "MB", Scenario::Queued, Target::UpTo(170.0)),
    kind("peak_rss_mb_queued", "MB", Scenario::Queued, Target::None),
    kind("accepts_per_second_queued", "1/s", Scenario::Queued, Target::None),
    kind("volume_cpu_small", "s", Scenario::Volume, Target::None),
    kind("volume_cpu_large", "s", Scenario::Volume, Target::None),
    kind("volume_cost", "", Scenario::Volume, Target::UpTo(1.2)),
    kind("volume_speed", "", Scenario::Volume, Target::None),
    kind("start_large", "s", Scenario::Volume, Target::UpTo(2.0)),
    kind("two_nodes_per_second", "1/s", Scenario::Nodes, Target::RatioFrom(1.0)),
];

/// A bare run and a product run, one after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Pair {
    pub(super) bare: Option<Run>,
    pub(super) product: Run,
}

/// Whether `name` is a scenario or one of its rows.
pub(super) fn is_of(scenario: Scenario, name: &str) -> bool {
    scenario.name() == name || KINDS.iter().any(|kind| kind.scenario == scenario && kind.name == name)
}

/// The names that `--only` takes.
pub(super) fn names() -> String {
    let scenarios = Scenario::ALL.map(Scenario::name);
    let rows = KINDS.iter().map(|kind| kind.name);
    scenarios.into_iter().chain(rows).collect::<Vec<_>>().join(", ")
}

/// The rows that a scenario's pairs make on a store.
pub(super) fn of(
    scenario: Scenario,
    (store, connections): (&str, usize),
    pairs: &[Pair],
    discarded: usize,
) -> Vec<Value> {
    let rows = KINDS.iter().filter(|kind| kind.scenario == scenario).map(|kind| {
        let mut row = kind.row(pairs, discarded);
        (row["store"], row["connections"]) = (json!(store), json!(connections));
        row
    });
    rows.collect()
}

/// Rows in the form that other programs read: one short name for each, the figure, the limit, the ratio.
pub(super) fn summary(rows: &[Value]) -> Vec<Value> {
    const NAMES: [(&str, &str); 11] = [
        ("accepts_per_second", "accept"),
        ("messages_per_second", "end_to_end"),
        ("receipts_per_second", "receipts"),
        ("mixed_per_second", "mixed"),
        ("private_mb_queued", "queued_million"),
        ("start_large", "start_large"),
        ("volume_cost", "stored_volume"),
        ("cpu_seconds_per_1000", "cpu_per_1000"),
        ("commits_per_message", "commits_per_message"),
        ("p50_1", "p50_one"),
        ("p99_64", "p99"),
    ];
    let short = |row: &Value| {
        let (_, name) = NAMES.iter().find(|(long, _)| row["name"] == *long)?;
        Some(json!({
            "name": name, "store": row["store"], "connections": row["connections"], "value": row["product"],
            "bare": row["bare"], "ratio": row["ratio"], "unit": row["unit"],
        }))
    };
    rows.iter().filter_map(short).collect()
}

impl Kind {
    fn row(&self, pairs: &[Pair], discarded: usize) -> Value {
        let of_bare = |pair: &Pair| pair.bare.as_ref().and_then(|run| run.figures.get(self.name)).copied();
        let of_product = |pair: &Pair| pair.product.figures.get(self.name).copied();
        let of_both = |pair: &Pair| of_bare(pair).filter(|bare| *bare > 0.0).zip(of_product(pair));
        let bare = middle(pairs.iter().filter_map(of_bare));
        let product = middle(pairs.iter().filter_map(of_product));
        let ratio = middle(pairs.iter().filter_map(of_both).map(|(bare, product)| product / bare));
        let shown = |pair: &Pair| {
            json!({
                "bare": rounded(of_bare(pair)), "product": rounded(of_product(pair)),
                "ratio": rounded(of_both(pair).map(|(bare, product)| product / bare)),
                "steal": rounded(Some(pair.stolen())), "others": rounded(Some(pair.others())),
            })
        };
        let commit = middle(pairs.iter().filter_map(|pair| pair.product.figures.get("commit_idle").copied()));
        let (target, met) = self.target.judge(ratio, product, commit);
        json!({
            "name": self.name, "unit": self.unit, "bare": rounded(bare), "product": rounded(product),
            "ratio": rounded(ratio), "target": target, "met": met,
            "bareWithinItsLimit": self.bare_up_to.zip(bare).map(|(limit, bare)| bare <= limit),
            "pairs": pairs.iter().map(shown).collect::<Vec<_>>(), "discarded": discarded,
            "disturbed": pairs.iter().any(|pair| pair.lost() > super::LOST),
        })
    }
}

impl Target {
    fn judge(
        self,
        ratio: Option<f64>,
        product: Option<f64>,
        commit: Option<f64>,
    ) -> (Option<String>, Option<bool>) {
        match self {
            Self::RatioFrom(least) => (Some(format!("ratio ≥ {least}")), ratio.map(|ratio| ratio >= least)),
            Self::RatioTo(most) => (Some(format!("ratio ≤ {most}")), ratio.map(|ratio| ratio <= most)),
            Self::UpTo(most) => (Some(format!("≤ {most}")), product.map(|product| product <= most)),
            Self::CommitAnd(more) => (
                Some(format!("≤ commit + {more} ms")),
                product.zip(commit).map(|(product, commit)| product <= commit + more),
            ),
            Self::None => (None, None),
        }
    }
}

impl Pair {
    fn runs(&self) -> impl Iterator<Item = &Run> {
        self.bare.iter().chain(std::iter::once(&self.product))
    }

    /// The larger share of the machine's time that either run lost.
    pub(super) fn lost(&self) -> f64 {
        self.runs().map(|run| run.stolen + run.others).fold(0.0, f64::max)
    }

    /// The larger share that its host took.
    fn stolen(&self) -> f64 {
        self.runs().map(|run| run.stolen).fold(0.0, f64::max)
    }

    /// The larger share that processes other than the run's took.
    fn others(&self) -> f64 {
        self.runs().map(|run| run.others).fold(0.0, f64::max)
    }
}

fn middle(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut all: Vec<f64> = figures.collect();
    (!all.is_empty()).then(|| median(&mut all))
}

/// Four significant digits are more than a run can promise.
fn rounded(figure: Option<f64>) -> Option<f64> {
    let figure = figure.filter(|figure| figure.is_finite())?;
    format!("{figure:.3e}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::scenario::Figures;

    fn pair(bare: f64, product: f64) -> Pair {
        let run = |figure| Run { figures: Figures::from([("accepts_per_second", figure)]), ..Run::default() };
        Pair { bare: Some(run(bare)), product: run(product) }
    }

    #[test]
    fn a_ratio_is_the_median_of_the_pairs_ratios() {
        let rows = of(
            Scenario::Accept,
            ("sqlite", 64),
            &[pair(100.0, 50.0), pair(10.0, 7.0), pair(1000.0, 900.0)],
            2,
        );
        assert_eq!(rows[0]["ratio"], 0.7);
        assert_eq!((&rows[0]["bare"], &rows[0]["product"]), (&json!(100.0), &json!(50.0)));
        assert_eq!((&rows[0]["met"], &rows[0]["discarded"]), (&json!(true), &json!(2)));
    }

    #[test]
    fn a_row_is_found_by_its_name_and_by_its_scenarios() {
        assert!(is_of(Scenario::Pipeline, "pipeline") && is_of(Scenario::Pipeline, "commits_per_message"));
        assert!(!is_of(Scenario::Accept, "commits_per_message"));
    }

    #[test]
    fn a_figure_that_is_not_there_is_judged_neither_way() {
        let rows = of(Scenario::Single, ("sqlite", 1), &[Pair::default()], 0);
        assert!(rows.iter().all(|row| row["met"].is_null() && row["ratio"].is_null()));
    }
}
