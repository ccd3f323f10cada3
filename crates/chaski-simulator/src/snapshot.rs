//! The snapshot in the data folder: what outlives a restart.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::Error;
use crate::phones::KeptPhone;
use crate::sim::{Shared, Sim};
use crate::webhooks::Hooks;

/// At most one write in this time.
const PAUSE: Duration = Duration::from_secs(3);
/// Writing may take at most one part in so many of the time, however much there is to write.
const SHARE: u32 = 50;

/// Everything that is kept.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Snapshot {
    pub(crate) offset_ms: i64,
    #[serde(default)]
    pub(crate) phones: Vec<KeptPhone>,
    #[serde(default)]
    pub(crate) webhooks: Hooks,
    /// The template objects of each account.
    #[serde(default)]
    pub(crate) templates: Option<Vec<Vec<Value>>>,
}

fn file(folder: &Path) -> PathBuf {
    folder.join("simulator.json")
}

/// Reads the snapshot, if there is one, and makes the folder, if there is none.
pub(crate) fn read(folder: &Path) -> Result<Option<Snapshot>, Error> {
    let path = file(folder);
    let data_error = |source| Error::Data { path: path.clone(), source };
    std::fs::create_dir_all(folder).map_err(data_error)?;
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|source| Error::Snapshot { path: path.clone(), source }),
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(data_error(fault)),
    }
}

/// Writes the snapshot when something changed, and once more at the end.
pub(crate) async fn keep(sim: Shared, folder: PathBuf) {
    let mut written = sim.changes();
    let mut pause = PAUSE;
    loop {
        let is_over = tokio::select! {
            () = sim.stopping.cancelled() => true,
            () = sleep(pause) => false,
        };
        let changes = sim.changes();
        if is_over || changes != written {
            written = changes;
            let begun = Instant::now();
            let (sim, folder) = (sim.clone(), folder.clone());
            let outcome = tokio::task::spawn_blocking(move || write(&sim, &folder)).await;
            if let Ok(Err(fault)) = outcome {
                tracing::warn!(error = %fault, "The simulator could not write its snapshot");
            }
            pause = PAUSE.max(begun.elapsed() * SHARE);
        }
        if is_over {
            return;
        }
    }
}

/// Writes another file and puts it in place, so that a reader never sees half of it.
fn write(sim: &Sim, folder: &Path) -> std::io::Result<()> {
    let snapshot = Snapshot {
        offset_ms: sim.clock.offset_ms(),
        phones: sim.phones.keep(),
        webhooks: sim.webhooks.keep(),
        templates: Some(sim.templates.keep()),
    };
    let new = folder.join("simulator.json.new");
    std::fs::write(&new, serde_json::to_vec(&snapshot)?)?;
    std::fs::rename(new, file(folder))
}
