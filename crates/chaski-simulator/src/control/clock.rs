//! `clock`: reads simulated time and moves it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Refused, patience, read as read_body};
use crate::clock::{parse_span, rfc3339_ms};
use crate::sim::{Shared, Sim};

#[derive(Deserialize)]
pub(super) struct ClockQuery {
    after: Option<i64>,
    wait: Option<f64>,
}

fn view(sim: &Sim) -> Json<Value> {
    Json(json!({"offsetMs": sim.clock.offset_ms(), "now": rfc3339_ms(sim.clock.now_ms())}))
}

/// Answers at once if the offset is another one, else when it changes or the wait is over.
pub(super) async fn read(State(sim): State<Shared>, Query(query): Query<ClockQuery>) -> Json<Value> {
    let mut moved = sim.clock.watch();
    if let Some(_follower) = query.after.and_then(|offset| sim.clock.follow(offset)) {
        let _ = timeout(patience(query.wait), moved.changed()).await;
    }
    view(&sim)
}

#[derive(Deserialize)]
struct Advance {
    advance: String,
}

pub(super) async fn advance(State(sim): State<Shared>, body: Bytes) -> Result<Json<Value>, Refused> {
    let Advance { advance } = read_body(&body)?;
    let span = parse_span(&advance).ok_or_else(|| {
        Refused::bad(format!("`advance` must be a span such as 90s, 15m, 25h, 2d or 1h30m, not {advance:?}"))
    })?;
    sim.clock.advance(span).await;
    sim.touch();
    Ok(view(&sim))
}
