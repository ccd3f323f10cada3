//! A copy of the embedded store, and a folder made from it.

use super::support::*;
use chaski_store::sqlite::SqliteStore;
use chaski_store::sqlite::backup::{backup, restore};
use chaski_store::{Admin, Outbox, StoreError};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

fn open(folder: &std::path::Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(folder, 0).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_while_messages_flow_holds_all_that_was_accepted_before_it() {
    let (data, away, fresh) = (Scratch::new(), Scratch::new(), Scratch::new());
    std::fs::create_dir_all(&away.0).unwrap();
    let bench = Bench::new(open(&data.0)).await;
    for _ in 0..50 {
        bench.accept(1).await;
    }
    let flowing = async {
        for _ in 0..200 {
            bench.accept(1).await;
        }
    };
    let (folder, file) = (data.0.clone(), away.0.join("copy.db"));
    let to = file.clone();
    let copying = tokio::task::spawn_blocking(move || backup(&folder, &to));
    let (copied, ()) = tokio::join!(copying, flowing);
    let copied = copied.unwrap().unwrap();
    assert_eq!((copied.channels, copied.bytes), (1, std::fs::metadata(&file).unwrap().len()));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(backup(&data.0, &file), Err(StoreError::Conflict(_))), "nothing is overwritten");
    restore(&file, &fresh.0, false).unwrap();
    let restored = open(&fresh.0);
    let queued = restored.depths().await.unwrap()[0].messages;
    assert!((50..=250).contains(&queued), "{queued}");
    assert!(restored.due(bench.channel, None, 10).await.unwrap().len() == 1, "one lane has work");
    let last = bench.store.next_id(NOW.0);
    assert!(restored.next_id(last.0 >> 12).0 > 0);
}

#[tokio::test]
async fn a_restore_wants_an_empty_folder_and_a_sound_file() {
    let (data, away, fresh) = (Scratch::new(), Scratch::new(), Scratch::new());
    std::fs::create_dir_all(&away.0).unwrap();
    let bench = Bench::new(open(&data.0)).await;
    bench.store.set_channel(bench.channel, "connected", None, [].into(), NOW).await.unwrap();
    let file = away.0.join("copy.db");
    backup(&data.0, &file).unwrap();
    assert!(matches!(restore(&file, &data.0, false), Err(StoreError::Conflict(_))));
    let stranger = away.0.join("notes.txt");
    std::fs::write(&stranger, "not a store at all, but longer than a header").unwrap();
    let refused = restore(&stranger, &fresh.0, false).unwrap_err().to_string();
    assert!(refused.contains("another kind of file"), "{refused}");
    let damaged = away.0.join("damaged.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[4096..middle].fill(0x5a);
    std::fs::write(&damaged, bytes).unwrap();
    assert!(restore(&damaged, &fresh.0, false).is_err());
    let newer = away.0.join("newer.db");
    std::fs::copy(&file, &newer).unwrap();
    rusqlite::Connection::open(&newer).unwrap().execute_batch("PRAGMA user_version = 9999").unwrap();
    let refused = restore(&newer, &fresh.0, false).unwrap_err().to_string();
    assert!(refused.contains("newer chaski"), "{refused}");
    assert!(
        !fresh.0.exists() || std::fs::read_dir(&fresh.0).unwrap().next().is_none(),
        "nothing is left behind"
    );
    std::fs::create_dir_all(&fresh.0).unwrap();
    std::fs::write(fresh.0.join("secret.key"), "k").unwrap();
    restore(&file, &fresh.0, true).unwrap();
    let directory = open(&fresh.0).directory().await.unwrap();
    let channel = &directory.channels[&bench.channel];
    assert_eq!(channel.state, "held");
    assert!(channel.held.is_some());
    assert!(backup(&away.0, &away.0.join("none.db")).is_err(), "there is no store here");
}
