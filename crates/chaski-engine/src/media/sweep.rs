//! Files that no message has any more go, an hour after the rows that named them.

use super::place::Aged;
use crate::engine::Engine;
use chaski_store::StoreError;
use futures_util::StreamExt;
use std::time::Duration;

/// Younger files are left alone: their message may be about to be told of them.
const YOUNG: Duration = Duration::from_secs(3600);

impl Engine {
    /// Removes files that nothing names; how many went. Every node does it in its own folder, one in a bucket.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn sweep_media(&self) -> Result<u64, StoreError> {
        self.sweep_media_older_than(YOUNG).await
    }

    pub(crate) async fn sweep_media_older_than(&self, age: Duration) -> Result<u64, StoreError> {
        let mut steps = self.media().older_than(age, self.leads()).await;
        let mut gone = 0;
        while let Some(step) = steps.next().await {
            if self.stopping().is_cancelled() {
                break;
            }
            match step {
                Ok(step) => gone += self.remove_unused(step, age).await?,
                Err(cause) => {
                    tracing::warn!(%cause, "media cannot be listed; it is tried again in an hour");
                    break;
                }
            }
        }
        metrics::counter!("chaski_media_files_removed_total").increment(gone);
        Ok(gone)
    }

    async fn remove_unused(&self, step: Vec<Aged>, age: Duration) -> Result<u64, StoreError> {
        let hashes = step.iter().filter_map(|file| file.hash.clone()).collect();
        let used = self.store.files_in_use(hashes).await?;
        let mut gone = 0;
        for file in step {
            if file.hash.as_ref().is_some_and(|hash| used.contains(hash)) {
                continue;
            }
            match self.media().remove(&file, age).await {
                Ok(went) => gone += u64::from(went),
                Err(cause) => tracing::warn!(%cause, "a media file cannot be removed"),
            }
        }
        Ok(gone)
    }
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
            media_bucket: None,
            retention: Retention::default(),
            deadlines: Deadlines::default(),
            lease: 10 * second,
        }
    }

    async fn file(engine: &Engine, bytes: &[u8]) -> String {
        let mut file = engine.media().begin().await.unwrap();
        file.write(bytes).await.unwrap();
        engine.media().keep(file).await.unwrap()
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
        assert!(engine.media().look(&held).await.is_ok() && engine.media().look(&left).await.is_err());
        engine.stop(Duration::from_secs(5)).await;
        let _ = std::fs::remove_dir_all(&folder);
    }
}
