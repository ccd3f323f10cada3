//! The embedded store has one process, locked in: it holds every slot, and nobody else commits.

use super::SqliteStore;
use crate::error::StoreError;
use crate::nodes::{Fence, Nodes, SLOTS, Tenure};
use async_trait::async_trait;
use std::time::Duration;
use tokio::sync::watch;

/// Slots never change hands here.
pub(super) const FENCE: i64 = 1;

#[async_trait]
impl Nodes for SqliteStore {
    fn is_shared(&self) -> bool {
        false
    }

    fn node(&self) -> u8 {
        0
    }

    async fn tend(&self, _lease: Duration) -> Result<Tenure, StoreError> {
        let held = (0..SLOTS).filter_map(|slot| u8::try_from(slot).ok());
        Ok(Tenure {
            held: held.map(|slot| Fence { slot, number: FENCE }).collect(),
            to_give_up: Vec::new(),
            nodes: 1,
        })
    }

    async fn release(&self, _slots: Vec<Fence>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn leave(&self) -> Result<(), StoreError> {
        let log = self.exchanges.clone();
        // What is not written by then is only for people to look at.
        let _ = tokio::task::spawn_blocking(move || log.flush()).await;
        Ok(())
    }

    fn others(&self) -> watch::Receiver<u64> {
        // A sender that is gone never ticks.
        watch::channel(0).1
    }

    async fn directory_version(&self) -> Result<i64, StoreError> {
        Ok(0)
    }
}
