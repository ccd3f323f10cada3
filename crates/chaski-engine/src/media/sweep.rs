//! Files that no message has any more go, an hour after the rows that named them.

use crate::engine::Engine;
use chaski_store::StoreError;
use std::path::PathBuf;
use std::time::Duration;

/// Younger files are left alone: their message may be about to be told of them.
const YOUNG: Duration = Duration::from_secs(3600);
/// Files that one question to the store is about.
const STEP: usize = 200;

impl Engine {
    /// Removes files that nothing names; how many went. Every node does it, each in its own folder.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn sweep_media(&self) -> Result<u64, StoreError> {
        self.sweep_media_older_than(YOUNG).await
    }

    pub(crate) async fn sweep_media_older_than(&self, age: Duration) -> Result<u64, StoreError> {
        let folder = self.media_folder().clone();
        let listed = tokio::task::spawn_blocking(move || folder.older_than(age)).await;
        let files = match listed {
            Ok(Ok(files)) => files,
            Ok(Err(cause)) => {
                tracing::warn!(%cause, "the media folder cannot be read");
                return Ok(0);
            }
            Err(_) => return Ok(0),
        };
        let mut gone = 0;
        for step in files.chunks(STEP) {
            if self.stopping().is_cancelled() {
                break;
            }
            let hashes = step.iter().filter_map(|(_, hash)| hash.clone()).collect();
            let used = self.store.files_in_use(hashes).await?;
            let unused =
                step.iter().filter(|(_, hash)| hash.as_ref().is_none_or(|hash| !used.contains(hash)));
            let paths: Vec<PathBuf> = unused.map(|(path, _)| path.clone()).collect();
            gone += remove(paths, age).await;
        }
        metrics::counter!("chaski_media_files_removed_total").increment(gone);
        Ok(gone)
    }
}

async fn remove(paths: Vec<PathBuf>, age: Duration) -> u64 {
    let mut gone = 0;
    for path in paths {
        // The same bytes may have come again since the store was asked.
        let written = tokio::fs::metadata(&path).await.and_then(|about| about.modified());
        if !written.is_ok_and(|at| at.elapsed().is_ok_and(|passed| passed >= age)) {
            continue;
        }
        match tokio::fs::remove_file(&path).await {
            Ok(()) => gone += 1,
            // On a shared folder another node was quicker.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(cause) => tracing::warn!(%cause, "a file of the media folder cannot be removed"),
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, Config, Deadlines, Retention};
    use chaski_model::address::{Address, E164};
    use chaski_model::{ChannelId, Timestamp};
    use chaski_store::media::{HeldFile, MediaEnd};
    use chaski_store::receive::InboundIn;
    use chaski_store::sqlite::SqliteStore;
    use chaski_store::{Admin, InboundMedia, Outbox, Receive};
    use std::path::Path;
    use std::sync::Arc;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    fn config(folder: &Path) -> Config {
        let (day, second) = (Duration::from_secs(86_400), Duration::from_secs(1));
        Config {
            key_file: folder.join("secret.key"),
            public_url: "http://127.0.0.1:1".into(),
            allow_private_networks: false,
            time_to_live: day,
            order_wait: second,
            call_timeout: second,
            template_sync: day,
            language_fallback: true,
            probe_media: false,
            media_folder: folder.join("media"),
            retention: Retention::default(),
            deadlines: Deadlines::default(),
            lease: 10 * second,
        }
    }

    async fn file(engine: &Engine, bytes: &[u8]) -> String {
        let mut file = engine.media_folder().begin().await.unwrap();
        file.write(bytes).await.unwrap();
        file.finish().await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn files_go_once_no_message_has_them() {
        let folder = std::env::temp_dir().join(format!("chaski-sweep-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let store = Arc::new(SqliteStore::open(&folder, 0).unwrap());
        let engine = Engine::start(Arc::clone(&store) as _, Arc::new(Clock::default()), config(&folder));
        let engine = engine.await.unwrap();
        let workspace = store.add_workspace("W".into(), None, vec![1], NOW).await.unwrap();
        let (held, left) = (file(&engine, b"held").await, file(&engine, b"left").await);
        let id = store.next_id(NOW.0);
        let message = InboundIn {
            id,
            workspace,
            channel: ChannelId(1),
            provider_id: "wamid.1".into(),
            from: vec![Address::phone(&E164::from_digits("593997000001").unwrap())],
            profile_name: None,
            at: NOW,
            received_at: NOW,
            content: r#"{"type":"attachment","kind":"image"}"#.into(),
            origin: r#"{"source":"contact"}"#.into(),
            wants_media: true,
        };
        store.inbound(message).await.unwrap();
        let kept = HeldFile { hash: held.clone(), mime: "image/png".into(), size: 4 };
        assert!(store.settle_media(workspace, id, MediaEnd::Held(kept), NOW).await.unwrap());
        assert_eq!(engine.sweep_media().await.unwrap(), 0, "both are young");
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(engine.sweep_media_older_than(Duration::ZERO).await.unwrap(), 1);
        let is_there = |hash: &str| engine.media_folder().path(hash).is_some_and(|path| path.exists());
        assert!(is_there(&held) && !is_there(&left));
        engine.stop(Duration::from_secs(5)).await;
        let _ = std::fs::remove_dir_all(&folder);
    }
}
