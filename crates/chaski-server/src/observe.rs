//! Liveness, readiness, metrics, and a line for each request that went wrong.

use crate::problem::{Pending, json_text};
use crate::state::App;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chaski_store::StoreError;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// `/healthz`: the process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// `/readyz`: the store can be read and written.
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    let store = app.engine.store();
    let read = store.head(chaski_model::WorkspaceId(0)).await;
    let written = match read {
        Ok(_) => store.can_write().await,
        Err(cause) => Err(cause),
    };
    match written {
        // One that has much to do is ready.
        Ok(()) | Err(StoreError::Busy) => "ready\n".into_response(),
        Err(cause) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {cause}\n")).into_response(),
    }
}

/// `/metrics`, in Prometheus's text form.
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    let Some(handle) = &app.metrics else { return StatusCode::NOT_FOUND.into_response() };
    crate::health::gauges(&app).await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response()
}

/// Gives each request an id (logs name the route by its pattern: paths hold addresses), writes errors in their one shape, and logs what a person must see.
pub(crate) async fn request_id(request: Request, next: Next) -> Response {
    let id = next_id();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(Pending(problem)) = response.extensions_mut().remove::<Pending>() {
        if problem.status() >= 500 {
            tracing::error!(request.id = %id, %method, path = path.as_ref().map_or("(no route)", MatchedPath::as_str), cause = problem.cause().unwrap_or(""), "a request failed");
        }
        let (mut parts, _) = response.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        let body = json_text(problem.status(), problem.body(&id).to_string());
        let (written, body) = body.into_parts();
        parts.headers.extend(written.headers);
        response = Response::from_parts(parts, body);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// An id for a request: random for the process, then counted. Ids of people's time-ordered kind would ask
/// the system for random bytes at each request.
fn next_id() -> String {
    static START: LazyLock<u64> = LazyLock::new(|| uuid::Uuid::new_v4().as_u64_pair().0);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{:016x}{:016x}", *START, COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Starts collecting metrics for this process; `None` when another collector is installed already.
pub fn install_metrics() -> Option<metrics_exporter_prometheus::PrometheusHandle> {
    metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder().ok()
}
