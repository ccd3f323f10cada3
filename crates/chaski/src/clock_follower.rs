//! Domain time that follows a simulator's clock, for the demo and for tests.

use crate::client::Client;
use chaski_engine::Clock;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long one look at the simulator's clock waits for a change.
const WAIT_SECS: u64 = 30;

/// Reads the simulator's clock once.
pub(crate) async fn read_once(simulator: &str, clock: &Clock) -> anyhow::Result<()> {
    let answer = Client::open(simulator).get("/sim/v1/clock").await?;
    clock.set_offset_ms(answer["offsetMs"].as_i64().unwrap_or(0));
    Ok(())
}

/// Follows the simulator's clock until `stop`.
pub(crate) async fn follow(simulator: String, clock: Arc<Clock>, stop: CancellationToken) {
    let client = Client::open(&simulator);
    loop {
        let path = format!("/sim/v1/clock?after={}&wait={WAIT_SECS}", clock.offset_ms());
        tokio::select! {
            () = stop.cancelled() => return,
            answer = client.get(&path) => match answer {
                Ok(answer) => {
                    let offset = answer["offsetMs"].as_i64().unwrap_or_else(|| clock.offset_ms());
                    if offset != clock.offset_ms() {
                        tracing::info!(offset_ms = offset, "the clock was moved");
                        clock.set_offset_ms(offset);
                    }
                }
                Err(cause) => {
                    tracing::debug!(%cause, "the simulator's clock cannot be read");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}
