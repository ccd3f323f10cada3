//! Random faults: real processes that die, freeze and lose their database while messages flow, and a
//! checker that compares what callers were told with what the phones and the store have.
//!
//! A run is decided by its seed: which store, how many nodes, which blows fall when, and what the
//! providers do wrong. [`run`] plays one and returns what was counted.

mod balancer;
mod check;
mod nodes;
mod plan;
mod traffic;

pub use check::Report;
pub use plan::{Blow, Kind, Plan};

use crate::http_client::Http;
use crate::until;
use nodes::Site;
use std::time::{Duration, Instant};
use traffic::Traffic;

/// How long a run may take; only one that goes wrong takes so long.
const DEADLINE: Duration = Duration::from_secs(180);

/// Plays a run. `None` when it needs PostgreSQL and that is not installed.
pub async fn run(plan: &Plan) -> Option<Report> {
    let mut site = Site::start(plan).await?;
    let http = Http::default();
    let traffic = Traffic::begin(plan, &site, &http).await;
    for (share, blow) in &plan.blows {
        until("the run has come so far", || async { (traffic.share() >= *share).then_some(()) }).await;
        site.strike(*blow).await;
    }
    let accepted = traffic.end().await;
    site.mend().await;
    let began = Instant::now();
    let report = loop {
        let report = check::check(&accepted, &site, &http).await;
        if report.open == 0 || began.elapsed() > DEADLINE {
            break report;
        }
        // Lanes behind an unknown outcome go on after half a minute of domain time.
        site.move_clock("31s").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    site.end().await;
    Some(report)
}
