//! The load: requests over keep-alive connections, each sent as soon as the one before it is
//! answered.

use super::wire::{Place, Wire};
use crate::machine;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// A sentence of the length of many: 110 bytes.
const TEXT: &str = "Hola Ana, su pedido 000123 va en camino y llega hoy entre las 14:00 y las 16:00. Gracias por su compra, saludos";

/// How a run of requests went.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// From the first request to the last answer.
    pub(super) took: Duration,
    /// When the first request was sent.
    pub(super) began_us: u64,
    /// One for each answer, sorted, in microseconds.
    latencies: Vec<u64>,
}

impl Told {
    /// The latency that a share of the answers kept, in milliseconds.
    pub(super) fn percentile_ms(&self, share: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.latencies.get(at).copied().unwrap_or_default() as f64 / 1000.0
    }

    /// Answers a second.
    pub(super) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64().max(1e-9)
    }
}

/// The phone number of a contact; every one is a valid mobile number.
pub(super) fn phone(contact: usize) -> String {
    format!("+59399{contact:07}")
}

/// The body of every message.
pub(super) fn body(channel: i64) -> String {
    json!({"channelId": channel, "message": {"type": "text", "text": TEXT}}).to_string()
}

/// Sends `count` requests over `connections`; the answers must all be 200.
pub(super) async fn run(
    place: &Place,
    connections: usize,
    count: usize,
    make: impl Fn(usize) -> Vec<u8> + 'static,
) -> Result<Told> {
    let (make, next, latencies) = (Rc::new(make), Rc::new(Cell::new(0)), Rc::new(RefCell::new(Vec::new())));
    latencies.borrow_mut().reserve(count);
    let mut wires = Vec::new();
    for _ in 0..connections.min(count) {
        wires.push(Wire::connect(place.address).await?);
    }
    let local = tokio::task::LocalSet::new();
    let mut tasks = JoinSet::new();
    let (began, began_us) = (Instant::now(), machine::now_us());
    for mut wire in wires {
        let (make, next, latencies) = (Rc::clone(&make), Rc::clone(&next), Rc::clone(&latencies));
        let one = async move {
            while next.get() < count {
                let request = make(next.replace(next.get() + 1));
                let sent = Instant::now();
                let status = wire.exchange(&request).await?;
                ensure!(status == 200, "answered with {status}: {}", String::from_utf8_lossy(wire.body()));
                let us = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
                latencies.borrow_mut().push(us);
            }
            anyhow::Ok(())
        };
        tasks.spawn_local_on(one, &local);
    }
    local
        .run_until(async {
            while let Some(ended) = tasks.join_next().await {
                ended??;
            }
            anyhow::Ok(())
        })
        .await?;
    let took = began.elapsed();
    let mut latencies = latencies.take();
    latencies.sort_unstable();
    Ok(Told { took, began_us, latencies })
}

/// Sends one request after another with a rest between them; (message, when it was answered).
pub(super) async fn one_by_one(
    place: &Place,
    count: usize,
    rest: Duration,
    make: impl Fn(usize) -> Vec<u8>,
) -> Result<Vec<(i64, u64)>> {
    let mut wire = Wire::connect(place.address).await?;
    let mut answered = Vec::new();
    for number in 0..count {
        let status = wire.exchange(&make(number)).await?;
        let at = machine::now_us();
        ensure!(status == 200, "answered with {status}: {}", String::from_utf8_lossy(wire.body()));
        let answer: Value = serde_json::from_slice(wire.body())?;
        answered.extend(answer["messageId"].as_i64().map(|id| (id, at)));
        tokio::time::sleep(rest).await;
    }
    Ok(answered)
}
