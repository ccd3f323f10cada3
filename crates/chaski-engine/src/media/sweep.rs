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
            gone += remove(paths).await;
        }
        metrics::counter!("chaski_media_files_removed_total").increment(gone);
        Ok(gone)
    }
}

async fn remove(paths: Vec<PathBuf>) -> u64 {
    let mut gone = 0;
    for path in paths {
        match tokio::fs::remove_file(&path).await {
            Ok(()) => gone += 1,
            // On a shared folder another node was quicker.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(cause) => tracing::warn!(%cause, "a file of the media folder cannot be removed"),
        }
    }
    gone
}
