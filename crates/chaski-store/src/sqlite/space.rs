//! Free space: accepting stops while there is too little of it, so that outcomes, receipts and what
//! contacts write still find room.

use crate::error::StoreError;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long a look at the file system is believed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The file system of a folder.
pub(super) struct Space {
    folder: PathBuf,
    least: u64,
    looked: Mutex<Option<(Instant, u64)>>,
}

impl Space {
    /// `least` bytes must be free, 0 = never mind.
    pub(super) fn new(folder: &Path, least: u64) -> Self {
        Self { folder: folder.to_owned(), least, looked: Mutex::default() }
    }

    /// Whether something may be accepted.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.least == 0 {
            return Ok(());
        }
        let mut looked = self.looked.lock().expect("nobody panics while looking");
        let free = match *looked {
            Some((at, free)) if at.elapsed() < LOOK_EVERY => free,
            _ => {
                // What cannot be looked at shows itself when it is written to.
                let free = rustix::fs::statvfs(&self.folder).map_or(u64::MAX, |s| s.f_bavail * s.f_frsize);
                *looked = Some((Instant::now(), free));
                free
            }
        };
        if free >= self.least {
            return Ok(());
        }
        Err(StoreError::Unavailable(format!(
            "only {} MiB are free on the disk of {}, and accepting needs {}; free some space",
            free >> 20,
            self.folder.display(),
            self.least >> 20
        )))
    }
}
