//! What handlers share.

use chaski_engine::Engine;
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;

/// What handlers share.
pub struct AppState {
    /// The engine.
    pub engine: Arc<Engine>,
    /// Renders the metrics.
    pub metrics: Option<PrometheusHandle>,
    /// Figures that cost something to read, kept for a few seconds.
    pub health: crate::health::Health,
    /// Where the virtual phones are, when this is the demo.
    pub simulator_url: Option<String>,
}

/// A handle on it.
pub type App = Arc<AppState>;
