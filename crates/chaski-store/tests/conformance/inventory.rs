//! Every method of every trait of the store is tried by the suite.

/// The traits, and what tries them on both stores.
const TRAITS: &[(&str, &str)] = &[
    ("outbox", include_str!("../../src/outbox.rs")),
    ("receive", include_str!("../../src/receive.rs")),
    ("contacts", include_str!("../../src/contacts.rs")),
    ("admin", include_str!("../../src/admin.rs")),
    ("feed", include_str!("../../src/feed.rs")),
    ("inbox", include_str!("../../src/inbox.rs")),
    ("reports", include_str!("../../src/reports.rs")),
    ("media", include_str!("../../src/media.rs")),
    ("mailboxes", include_str!("../../src/mailboxes.rs")),
    ("space", include_str!("../../src/space.rs")),
    ("nodes", include_str!("../../src/nodes.rs")),
    ("upkeep", include_str!("../../src/upkeep.rs")),
    ("exchanges", include_str!("../../src/exchanges.rs")),
];
const CASES: &[&str] = &[
    include_str!("cases.rs"),
    include_str!("lanes.rs"),
    include_str!("media.rs"),
    include_str!("more_cases.rs"),
    include_str!("recipients.rs"),
    include_str!("reports.rs"),
    include_str!("space.rs"),
    include_str!("support.rs"),
    include_str!("upkeep.rs"),
];

/// The names of the methods that a file's traits declare.
fn methods(source: &str) -> Vec<&str> {
    source.split("pub trait ").skip(1).flat_map(methods_of).collect()
}

fn methods_of(declared: &str) -> Vec<&str> {
    let (declared, _) = declared.split_once("\n}").expect("the trait ends");
    let after_fn = declared.lines().filter_map(|line| line.trim_start().split_once("fn "));
    after_fn
        .filter_map(|(before, rest)| (before.is_empty() || before == "async ").then_some(rest))
        .map(name)
        .collect()
}

fn name(rest: &str) -> &str {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    &rest[..end]
}

#[test]
fn every_method_of_the_store_is_tried_on_both_stores() {
    let mut missing = Vec::new();
    for (module, source) in TRAITS {
        let methods = methods(source);
        assert!(methods.len() >= 2, "{module}: {methods:?}");
        let is_tried = |method: &&str| CASES.iter().any(|cases| cases.contains(&format!(".{method}(")));
        missing.extend(methods.into_iter().filter(|m| !is_tried(m)).map(|m| format!("{module}::{m}")));
    }
    assert!(missing.is_empty(), "no case of the suite calls {missing:?}");
}
