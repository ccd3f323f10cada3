//! The routes, and serving them.

use crate::problem::Problem;
use crate::state::App;
use crate::{admin, api, hooks, media, observe, ui};
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chaski_model::ErrorCode;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long a caller may take to send its headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(15);

/// Every route.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/healthz", get(observe::healthz))
        .route("/readyz", get(observe::readyz))
        .route("/metrics", get(observe::metrics))
        .route("/hooks/{key}", get(hooks::check).post(hooks::receive))
        .route("/custom/channel/webhook", post(hooks::custom))
        .route("/custom/channel/webhook/", post(hooks::custom))
        .route("/media/{id}", get(media::get))
        .route("/media/preview.png", get(media::preview))
        .merge(api::routes())
        .nest("/admin/v1", admin::routes())
        .merge(ui::routes())
        .merge(api::openapi::routes())
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(axum::middleware::from_fn(observe::request_id))
        .with_state(app)
}

async fn no_route(request: Request) -> Response {
    if ui::is_for_people(&request) {
        return ui::nothing_here(request.headers());
    }
    let message = format!("There is nothing at {} {}; see /docs.", request.method(), request.uri().path());
    Problem::new(ErrorCode::RouteNotFound, message).into_response()
}

async fn wrong_method(request: Request) -> Response {
    let message = format!("{} is not taken here; the Allow header names what is.", request.method());
    Problem::new(ErrorCode::MethodNotAllowed, message).into_response()
}

/// Serves until `stop`, then lets open requests end within `grace`.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken, grace: Duration) {
    let graceful = GracefulShutdown::new();
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN).pipeline_flush(true);
    let service = TowerToHyperService::new(router);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely: others must end first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let connection = builder.serve_connection(TokioIo::new(stream), service.clone()).into_owned();
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(cause) = watched.await {
                tracing::debug!(%cause, "a connection ended");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still open at the end of the grace time");
    }
}
