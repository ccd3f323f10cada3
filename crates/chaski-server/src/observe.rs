//! Liveness, readiness, metrics, and a line for each request that went wrong.

use crate::problem::{Pending, json_text};
use crate::state::App;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// `/healthz`: the process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// `/readyz`: the store can be read.
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    match app.engine.store().head(chaski_model::WorkspaceId(0)).await {
        Ok(_) => "ready\n".into_response(),
        Err(cause) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {cause}\n")).into_response(),
    }
}

/// `/metrics`, in Prometheus's text form.
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    let Some(handle) = &app.metrics else { return StatusCode::NOT_FOUND.into_response() };
    crate::health::gauges(&app).await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response()
}

/// Gives each request an id, writes errors in their one shape, and logs what a person must see.
pub(crate) async fn request_id(request: Request, next: Next) -> Response {
    let id = uuid::Uuid::now_v7().simple().to_string();
    let (method, path) = (request.method().clone(), route(&request));
    let mut response = next.run(request).await;
    if let Some(Pending(problem)) = response.extensions_mut().remove::<Pending>() {
        if problem.status() >= 500 {
            tracing::error!(request.id = %id, %method, path, cause = problem.cause().unwrap_or(""), "a request failed");
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

/// The route's pattern: paths hold addresses, which do not belong into logs.
fn route(request: &Request) -> String {
    let matched = request.extensions().get::<axum::extract::MatchedPath>();
    matched.map_or_else(|| "(no route)".to_owned(), |path| path.as_str().to_owned())
}

/// Starts collecting metrics for this process; `None` when another collector is installed already.
pub fn install_metrics() -> Option<metrics_exporter_prometheus::PrometheusHandle> {
    metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder().ok()
}
