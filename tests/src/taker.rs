//! Takes webhooks, and keeps their bodies.

use crate::world::until;
use serde_json::json;
use std::sync::{Arc, Mutex};

/// An address of a test's own that answers 200 to everything.
pub struct Taker {
    /// The address.
    pub address: String,
    kept: Arc<Mutex<Vec<String>>>,
}

impl Taker {
    /// Starts one on a free port; it ends with the test's process.
    pub fn start() -> Self {
        let kept: Arc<Mutex<Vec<String>>> = Arc::default();
        let bodies = Arc::clone(&kept);
        let address = crate::provider::start_reading(move |_, _, body| {
            let text = String::from_utf8_lossy(body).into_owned();
            bodies.lock().expect("nobody panics").push(text);
            (200, json!({}))
        });
        Self { address: format!("{address}/hook"), kept }
    }

    /// All bodies so far, once there are so many.
    pub async fn taken(&self, count: usize) -> Vec<String> {
        until("all have come", || async {
            let kept = self.kept.lock().expect("nobody panics").clone();
            (kept.len() >= count).then_some(kept)
        })
        .await
    }
}
