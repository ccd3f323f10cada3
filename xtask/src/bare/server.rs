//! The product's HTTP stack around three routes. Frozen, see [`super`].

use super::Store;
use super::store::Step;
use crate::scan;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// How long a caller may take to send its headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(15);

struct Bare {
    store: Arc<Store>,
    offers: Option<mpsc::UnboundedSender<i64>>,
    last_id: AtomicI64,
}

impl Bare {
    /// Time-ordered, and never the same twice.
    fn next_id(&self) -> i64 {
        let tick = i64::try_from(crate::machine::now_us() / 1000).unwrap_or(i64::MAX >> 12) << 12;
        let last = self
            .last_id
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(tick.max(last + 1)))
            .unwrap_or_default();
        tick.max(last + 1)
    }
}

pub(super) fn router(store: Arc<Store>, offers: Option<mpsc::UnboundedSender<i64>>) -> Router {
    Router::new()
        .route("/v2/contact/{identifier}/message", post(accept))
        .route("/hooks/{key}", post(receive))
        .route("/stats", get(stats))
        .with_state(Arc::new(Bare { store, offers, last_id: AtomicI64::new(0) }))
}

async fn accept(State(bare): State<Arc<Bare>>, Path(identifier): Path<String>, body: Bytes) -> Response {
    let id = bare.next_id();
    let address = identifier.trim_start_matches("phone:").to_owned();
    if bare.store.write(Step::Accept { id, address, body }).await.is_none() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    if let Some(offers) = &bare.offers {
        let _ = offers.send(id);
    }
    ([(CONTENT_TYPE, "application/json")], format!("{{\"messageId\":{id}}}")).into_response()
}

async fn receive(State(bare): State<Arc<Bare>>, body: Bytes) -> StatusCode {
    let Some(id) = scan::text(&body, "biz_opaque_callback_data").and_then(scan::message) else {
        return StatusCode::BAD_REQUEST;
    };
    match bare.store.write(Step::Receipt { id }).await {
        Some(_) => StatusCode::OK,
        None => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn stats(State(bare): State<Arc<Bare>>) -> Response {
    let (commits, seconds) = bare.store.commits();
    axum::Json(json!({"commits": commits, "commitSeconds": seconds})).into_response()
}

/// Serves until the process ends.
pub(super) async fn serve(listener: TcpListener, router: Router) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN).pipeline_flush(true);
    let service = TowerToHyperService::new(router);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let connection = builder.serve_connection(TokioIo::new(stream), service.clone()).into_owned();
        tokio::spawn(connection);
    }
}
