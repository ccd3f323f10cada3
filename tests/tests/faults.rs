//! Faults: servers killed, stopped and frozen, databases cut, restarted and lost, providers that do
//! everything wrong; nothing is lost, nothing goes out of order, nothing is sent twice.
//!
//! A few seeds run always. `cargo xtask faults --runs 200` runs as many as are asked for.

use e2e::faults::{Blow, Kind, Plan, Report, run};

async fn clean(plan: Plan) {
    let Some(report) = run(&plan).await else { return };
    assert!(report.is_clean(), "{plan}: {report}");
    assert_eq!(report.accepted, plan.contacts * plan.each, "{plan}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_the_embedded_store_is_killed_and_stopped() {
    let blows = vec![(0.2, Blow::Kill(0)), (0.5, Blow::Stop(0)), (0.8, Blow::Kill(0))];
    clean(Plan { blows, ..Plan::of_kind(1, Kind::Embedded) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_cut_and_restarted_under_one_server() {
    let blows = vec![(0.2, Blow::CutConnections), (0.4, Blow::RestartDatabase), (0.7, Blow::Kill(0))];
    clean(Plan { blows, ..Plan::of_kind(2, Kind::Postgres { nodes: 1 }) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_servers_is_killed_then_the_other_stopped() {
    let blows = vec![(0.3, Blow::Kill(0)), (0.6, Blow::Stop(1))];
    clean(Plan { blows, ..Plan::of_kind(3, Kind::Postgres { nodes: 2 }) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_servers_freezes_past_its_lease_and_thaws() {
    let blows = vec![(0.3, Blow::Freeze(0))];
    clean(Plan { blows, ..Plan::of_kind(4, Kind::Postgres { nodes: 2 }) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_is_lost_and_its_synchronous_standby_promoted() {
    let blows = vec![(0.4, Blow::Promote)];
    clean(Plan { blows, ..Plan::of_kind(5, Kind::Standby) }).await;
}

/// As many runs as `CHASKI_FAULT_RUNS` says, from the seed `CHASKI_FAULT_SEED` on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long: cargo xtask faults --runs 200"]
async fn as_many_runs_as_asked_for() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (runs, first) = (number("CHASKI_FAULT_RUNS", 20), number("CHASKI_FAULT_SEED", 1000));
    let (mut total, mut bad, mut played) = (Report::default(), Vec::new(), 0);
    for seed in first..first + runs {
        let plan = Plan::of(seed);
        let Some(report) = run(&plan).await else { continue };
        played += 1;
        println!("{plan}: {report}");
        if !report.is_clean() {
            bad.push(plan.to_string());
        }
        total += report;
    }
    println!("{played} runs: {total}");
    assert!(bad.is_empty(), "{} runs broke a promise: {bad:#?}", bad.len());
}
