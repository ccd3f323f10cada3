//! A step whose commit failed half-way, and had taken effect, runs again: it is answered as it would have
//! been the first time, so that the work which it made possible is known.

use super::batch::Batch;
use super::memory::Memory;
use super::outbox::steps::{accept, begin, recover, resolve_unknown, settle, step_aside};
use super::receive::receipt;
use super::rows::fault;
use super::statements::Statements;
use super::upkeep::replay::replay;
use super::{SqliteStore, open};
use crate::error::StoreError;
use crate::outbox::*;
use crate::receive::ReceiptIn;
use crate::upkeep::Replay;
use chaski_model::{
    ChannelId, ContactId, ErrorCode, Failure, MessageId, PartRef, ReceiptKind, Timestamp, WorkspaceId,
};
use rusqlite::Connection;
use std::fmt::Debug;
use std::path::PathBuf;

const NOW: Timestamp = Timestamp(1_795_000_000_000);
const LATER: Timestamp = Timestamp(NOW.0 + 30_000);

/// A store's file and its writer's memory, without the writer.
struct Bench {
    connection: Connection,
    memory: Memory,
    folder: PathBuf,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Bench {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("chaski-rerun-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        drop(SqliteStore::open(&folder, 0).unwrap());
        let connection = open::connect(&folder).unwrap();
        let memory = Memory::load(&connection).unwrap();
        Self { connection, memory, folder }
    }

    fn run<T>(&self, again: bool, step: impl Fn(&mut Batch<'_>) -> Result<T, StoreError>) -> T {
        let statements = Statements::new(&self.connection);
        let mut batch = Batch::new(&statements, &self.memory, again);
        self.connection.execute_batch("BEGIN").map_err(fault).unwrap();
        let result = step(&mut batch).unwrap();
        batch.write_events().unwrap();
        self.connection.execute_batch("COMMIT").map_err(fault).unwrap();
        self.memory.committed();
        result
    }

    fn once<T>(&self, step: impl Fn(&mut Batch<'_>) -> Result<T, StoreError>) -> T {
        self.run(false, step)
    }

    /// Commits the step, and runs it again on the file opened anew: it says the same.
    fn twice<T: Debug>(&mut self, step: impl Fn(&mut Batch<'_>) -> Result<T, StoreError>) -> T {
        let first = self.run(false, &step);
        self.connection = open::connect(&self.folder).unwrap();
        self.memory = Memory::load(&self.connection).unwrap();
        let second = self.run(true, &step);
        assert_eq!(format!("{first:?}"), format!("{second:?}"));
        second
    }

    /// Stores a message to the one contact; its head, if the lane was idle.
    fn accept(&self, id: i64, parts: u16) -> Option<Head> {
        let bodies: Vec<_> =
            (0..parts).map(|n| serde_json::json!({"type": "text", "text": n.to_string()})).collect();
        let plan = Accept {
            id: MessageId(id),
            workspace: WorkspaceId(1),
            contact: ContactId(1),
            channel: ChannelId(1),
            address: "a".into(),
            lane: None,
            version: None,
            call: None,
            now: NOW,
            expires_at: LATER,
            class: 1,
            content: "{}".into(),
            resolved: serde_json::json!({"parts": bodies}).to_string(),
            origin: "{}".into(),
            parts,
            failed: None,
            idempotency: None,
        };
        match self.once(|b| accept(b, &plan)) {
            Accepted::Stored { head, .. } => head,
            other => panic!("{other:?}"),
        }
    }

    /// The first of three parts, before another message; begun.
    fn begun(&self) -> Head {
        let head = self.accept(1, 3).expect("the lane is idle");
        self.accept(2, 1);
        self.once(|b| begin(b, head, NOW, NOW).map(drop));
        head
    }

    /// The same, and nobody knows what came of it; the head that holds the lane.
    fn unknown(&self) -> Head {
        let head = self.begun();
        self.once(|b| settle(b, &settled(head, lost()))).again.expect("it holds its lane")
    }
}

fn failure() -> Failure {
    Failure::new(ErrorCode::ProviderUnavailable, "it is down")
}

fn sent() -> End {
    End::Sent { provider_id: "w".into() }
}

fn lost() -> End {
    End::Unknown { failure: failure(), let_go_at: LATER }
}

fn retry() -> End {
    End::Retry { at: LATER, keep_lane_ms: 9, outcome: "retry", failure: failure(), backoff: false }
}

fn settled(head: Head, end: End) -> Settle {
    Settle {
        head,
        attempt: 1,
        begun_at: NOW,
        ended_at: NOW,
        http_status: None,
        end,
        learned: vec![],
        names: vec![],
        follows: false,
    }
}

fn report(part: PartRef, kind: ReceiptKind) -> ReceiptIn {
    ReceiptIn {
        part,
        workspace: WorkspaceId(1),
        channel: ChannelId(1),
        kind,
        provider_at: NOW,
        received_at: NOW,
        provider_id: "w".into(),
        failure: None,
        learned: vec![],
        closes_window: false,
        follows: false,
    }
}

fn place(head: Option<Head>) -> Option<(i64, u16)> {
    head.map(|head| (head.part.message.0, head.part.part))
}

#[test]
fn an_outcome() {
    let refused = End::Failed { failure: failure(), closes_window: false, shuts: false };
    for (n, end, next) in [
        (1, sent(), Some((1, 2))),
        (2, refused, Some((2, 1))),
        (3, retry(), None),
        (4, lost(), None),
        (5, End::Unsent { at: LATER }, None),
    ] {
        let mut bench = Bench::new(&format!("outcome{n}"));
        let head = bench.begun();
        let told = bench.twice(|b| settle(b, &settled(head, end.clone())));
        assert_eq!((place(told.next), told.again.is_some()), (next, n > 2), "{told:?}");
    }
}

#[test]
fn a_step_aside() {
    let mut bench = Bench::new("aside");
    let head = bench.begun();
    let again = bench.once(|b| settle(b, &settled(head, retry()))).again.expect("it is tried again");
    let told = bench.twice(|b| step_aside(b, again, NOW));
    assert_eq!((place(told.again), place(told.next)), (Some((1, 1)), Some((1, 2))));
    let mut bench = Bench::new("let-go");
    let held = bench.unknown();
    let told = bench.twice(|b| step_aside(b, held, NOW));
    assert_eq!((place(told.again), place(told.next)), (None, Some((1, 2))));
}

#[test]
fn a_begin_that_comes_too_late() {
    for (name, ended) in [("expired", false), ("gone", true)] {
        let mut bench = Bench::new(name);
        let head = bench.accept(1, 1).expect("the lane is idle");
        bench.accept(2, 1);
        if ended {
            let sql = "UPDATE parts SET state = 5 WHERE message_id = 1";
            bench.connection.execute_batch(sql).expect("it is changed");
        }
        let told = bench.twice(|b| match begin(b, head, LATER, NOW)?.verdict()? {
            Verdict::Gone { next } | Verdict::Expired { next } => Ok(place(next)),
            other => panic!("{other:?}"),
        });
        assert_eq!(told, Some((2, 1)));
    }
}

#[test]
fn a_receipt_that_frees_the_lane() {
    let mut bench = Bench::new("receipt");
    let held = bench.unknown();
    let told = bench.twice(|b| receipt(b, &report(held.part, ReceiptKind::Delivered)));
    assert!(format!("{told:?}").contains("part: 2"), "{told:?}");
    let mut bench = Bench::new("failed-receipt");
    let head = bench.begun();
    bench.once(|b| settle(b, &settled(head, sent())));
    let told = bench.twice(|b| receipt(b, &report(head.part, ReceiptKind::Failed)));
    assert!(format!("{told:?}").contains("MessageId(2)"), "{told:?}");
}

#[test]
fn a_persons_choice_about_an_unknown_outcome() {
    for (name, resend, again, next) in
        [("resend", true, Some((1, 1)), Some((1, 2))), ("leave", false, None, Some((2, 1)))]
    {
        let mut bench = Bench::new(name);
        bench.unknown();
        let told = bench.twice(|b| resolve_unknown(b, WorkspaceId(1), MessageId(1), resend, LATER));
        assert_eq!((place(told.again), place(told.next)), (again, next));
    }
}

#[test]
fn a_recovery() {
    let mut bench = Bench::new("recovery");
    bench.begun();
    let found = bench.twice(|b| recover(b, &[ChannelId(1)], LATER, NOW, LATER));
    assert_eq!(found.unknown.len(), 1);
}

#[test]
fn a_replay_of_the_parts_that_failed() {
    let mut bench = Bench::new("replay");
    let head = bench.accept(1, 2).expect("the lane is idle");
    bench.once(|b| begin(b, head, NOW, NOW).map(drop));
    let second = bench.once(|b| settle(b, &settled(head, sent()))).next.expect("the second part");
    bench.once(|b| begin(b, second, NOW, NOW).map(drop));
    let refused = End::Failed { failure: failure(), closes_window: false, shuts: false };
    bench.once(|b| settle(b, &settled(second, refused.clone())));
    bench
        .connection
        .execute_batch("INSERT INTO channels (id, workspace_id, account_id, hook_id, kind, name, sender, settings, secrets, state, created_at) VALUES (1, 1, 1, 1, 'custom', 'C', 's', '{}', '', 'connected', 0)")
        .expect("there is a channel");
    let how = Replay { by: "Carla".into(), class: 2, now: LATER, expires_at: LATER };
    let head = bench.twice(|b| replay(b, WorkspaceId(1), MessageId(1), &how)).expect("it goes out again");
    assert_eq!(place(head), Some((1, 2)));
}
