//! From a stored message to a stored outcome: one call, with as many in flight as the product has
//! for one channel. Frozen, see [`super`].

use super::Store;
use super::store::{Done, Step};
use crate::scan;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, USER_AGENT};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

/// Calls in flight.
const IN_FLIGHT: usize = 128;

type Provider = Client<HttpConnector, Full<Bytes>>;

/// Starts the dispatcher; stored messages are handed to it by their number.
pub(super) fn start(store: Arc<Store>, sink: &str) -> mpsc::UnboundedSender<i64> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let provider = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(20))
        .pool_max_idle_per_host(IN_FLIGHT)
        .build(connector);
    let (offers, arrivals) = mpsc::unbounded_channel();
    tokio::spawn(dispatch(store, provider, format!("{sink}/messages"), arrivals));
    offers
}

async fn dispatch(
    store: Arc<Store>,
    provider: Provider,
    url: String,
    mut arrivals: mpsc::UnboundedReceiver<i64>,
) {
    let places = Arc::new(Semaphore::new(IN_FLIGHT));
    while let Some(id) = arrivals.recv().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (store, provider, url) = (Arc::clone(&store), provider.clone(), url.clone());
        tokio::spawn(async move {
            deliver(&store, &provider, &url, id).await;
            drop(place);
        });
    }
}

/// Notes the attempt, calls, notes the outcome. What fails is left as it stands: the run then does
/// not come to its end and is reported as broken.
async fn deliver(store: &Store, provider: &Provider, url: &str, id: i64) -> Option<()> {
    let Done::Began { address, body } = store.write(Step::Begin { id }).await? else { return None };
    let envelope = envelope(&address, id, &body)?;
    let mut request = http::Request::post(url).body(Full::new(Bytes::from(envelope))).ok()?;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("bare/0.0.0"));
    headers.insert("d360-api-key", HeaderValue::from_static("bench"));
    let response = provider.request(request).await.ok()?;
    let answer = response.into_body().collect().await.ok()?.to_bytes();
    let provider_id = scan::text(&answer, "id")?.to_owned();
    store.write(Step::Settle { id, provider_id }).await.map(drop)
}

/// The very body that the product sends for a text.
fn envelope(address: &str, id: i64, body: &[u8]) -> Option<String> {
    let text = scan::text(body, "text")?;
    Some(format!(
        "{{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\",\"to\":\"{address}\",\"type\":\"text\",\
         \"text\":{{\"body\":\"{text}\",\"preview_url\":false}},\"biz_opaque_callback_data\":\"{id}.1.1\"}}"
    ))
}
