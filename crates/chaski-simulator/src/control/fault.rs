//! `faults`: the rules in force.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;

use super::{Refused, read};
use crate::faults::Rule;
use crate::sim::Shared;

pub(super) async fn list(State(sim): State<Shared>) -> Json<Vec<Rule>> {
    Json(sim.faults.list())
}

pub(super) async fn replace(State(sim): State<Shared>, body: Bytes) -> Result<Json<Vec<Rule>>, Refused> {
    sim.faults.replace(read(&body)?).map_err(Refused::bad)?;
    Ok(Json(sim.faults.list()))
}
