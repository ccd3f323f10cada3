//! The provider that both sides of the benchmark send to: as much of 360dialog as a channel needs
//! to be connected, and one status webhook for every message.
//!
//! It is a process of its own, the same program for both sides, so that its processor time can be
//! told apart from theirs and weighs on both alike.

use crate::{machine, say, scan};
use anyhow::{Context, Result};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};

/// Webhooks on their way at once.
const IN_FLIGHT: usize = 64;
/// How long a refused webhook waits.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Where webhooks go, and the header that makes them believed.
#[derive(Clone)]
struct Hook {
    url: http::Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// One status to report.
struct Status {
    provider_id: String,
    reference: String,
    to: String,
    kind: String,
    account: String,
}

struct Sink {
    /// By the key of the account that set them.
    hooks: RefCell<HashMap<String, Hook>>,
    /// Calls are refused as if the key were wrong, so that a gateway holds its channel.
    refuses: Cell<bool>,
    /// Statuses wait.
    holds: Cell<bool>,
    released: tokio::sync::Notify,
    /// Which statuses each message gets.
    kinds: RefCell<Vec<String>>,
    /// (message, when it arrived) of every call.
    calls: RefCell<Vec<(i64, u64)>>,
    acknowledged: Cell<u64>,
    retried: Cell<u64>,
    last_acknowledged_us: Cell<u64>,
    statuses: mpsc::UnboundedSender<Status>,
}

/// Serves until the process is killed.
pub(crate) async fn run() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no port")?;
    say(&json!({"sink": format!("http://{}", listener.local_addr()?)}));
    let (statuses, waiting) = mpsc::unbounded_channel();
    let sink = Rc::new(Sink {
        hooks: RefCell::default(),
        refuses: Cell::new(false),
        holds: Cell::new(false),
        released: tokio::sync::Notify::new(),
        kinds: RefCell::new(vec!["delivered".to_owned()]),
        calls: RefCell::default(),
        acknowledged: Cell::new(0),
        retried: Cell::new(0),
        last_acknowledged_us: Cell::new(0),
        statuses,
    });
    let tasks = tokio::task::LocalSet::new();
    tasks.spawn_local(report_all(Rc::clone(&sink), waiting));
    tasks.run_until(accept_all(sink, listener)).await
}

async fn accept_all(sink: Rc<Sink>, listener: TcpListener) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let sink = Rc::clone(&sink);
        let service = hyper::service::service_fn(move |request| answer(Rc::clone(&sink), request));
        tokio::task::spawn_local(
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
        );
    }
}

async fn answer(sink: Rc<Sink>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let (status, answer) = match (&head.method, head.uri.path()) {
        (&Method::POST, "/messages") => sink.take(account(&head.headers), &body),
        (&Method::POST, "/v1/configs/webhook") => sink.set_hook(account(&head.headers), &body),
        (_, "/v1/configs/webhook") => (StatusCode::OK, json!({"url": "", "headers": {}}).to_string()),
        (_, "/v1/configs/templates") => {
            (StatusCode::OK, json!({"count": 0, "total": 0, "waba_templates": []}).to_string())
        }
        (&Method::POST, "/sink/refuse") => {
            sink.refuses.set(true);
            (StatusCode::OK, "{}".to_owned())
        }
        (&Method::POST, "/sink/accept") => {
            sink.refuses.set(false);
            (StatusCode::OK, "{}".to_owned())
        }
        (&Method::POST, "/sink/hold") => {
            sink.holds.set(true);
            (StatusCode::OK, "{}".to_owned())
        }
        (&Method::POST, "/sink/release") => {
            sink.holds.set(false);
            sink.released.notify_one();
            (StatusCode::OK, json!({"at": machine::now_us()}).to_string())
        }
        (&Method::POST, "/sink/kinds") => {
            *sink.kinds.borrow_mut() = serde_json::from_slice(&body).unwrap_or_default();
            (StatusCode::OK, "{}".to_owned())
        }
        (_, "/sink/stats") => (StatusCode::OK, sink.stats().to_string()),
        (_, "/sink/calls") => (StatusCode::OK, json!(*sink.calls.borrow()).to_string()),
        _ => (StatusCode::NOT_FOUND, own_error(404, "Not found")),
    };
    let mut response = Response::new(Full::new(Bytes::from(answer)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// The key that names an account. The reference's address is set without one.
fn account(headers: &http::HeaderMap) -> &str {
    headers.get("d360-api-key").and_then(|key| key.to_str().ok()).unwrap_or_default()
}

fn own_error(code: u16, message: &str) -> String {
    json!({"meta": {"success": false, "http_code": code, "developer_message": message}}).to_string()
}

impl Sink {
    fn take(&self, account: &str, body: &[u8]) -> (StatusCode, String) {
        if self.refuses.get() {
            return (StatusCode::UNAUTHORIZED, own_error(401, "Invalid api_key"));
        }
        let arrived = machine::now_us();
        let (Some(to), Some(reference)) =
            (scan::text(body, "to"), scan::text(body, "biz_opaque_callback_data"))
        else {
            return (StatusCode::BAD_REQUEST, own_error(400, "The bench sends neither `to` nor a reference"));
        };
        let Some(message) = scan::message(reference) else {
            return (StatusCode::BAD_REQUEST, own_error(400, "The reference names no message"));
        };
        self.calls.borrow_mut().push((message, arrived));
        let to = to.trim_start_matches('+').to_owned();
        let provider_id = format!("wamid.HBgMNTkzOTkwMDAwMDAwFQIAERgS{:020X}AA==", message);
        let answer = format!(
            "{{\"messaging_product\":\"whatsapp\",\"contacts\":[{{\"input\":\"+{to}\",\"wa_id\":\"{to}\"}}],\
             \"messages\":[{{\"id\":\"{provider_id}\"}}]}}"
        );
        // The receiver lives as long as the sink.
        for kind in self.kinds.borrow().iter() {
            let status = Status {
                provider_id: provider_id.clone(),
                reference: reference.to_owned(),
                to: to.clone(),
                kind: kind.clone(),
                account: account.to_owned(),
            };
            let _ = self.statuses.send(status);
        }
        (StatusCode::OK, answer)
    }

    fn set_hook(&self, account: &str, body: &[u8]) -> (StatusCode, String) {
        let given: Value = serde_json::from_slice(body).unwrap_or_default();
        let url = given["url"].as_str().and_then(|url| url.parse().ok());
        let headers = given["headers"].as_object().into_iter().flatten();
        let headers = headers.filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value.as_str()?).ok()?))
        });
        let headers = headers.collect();
        let Some(url) = url else { return (StatusCode::BAD_REQUEST, own_error(400, "url is not valid")) };
        self.hooks.borrow_mut().insert(account.to_owned(), Hook { url, headers });
        (StatusCode::OK, given.to_string())
    }

    fn stats(&self) -> Value {
        json!({
            "calls": self.calls.borrow().len(), "acknowledged": self.acknowledged.get(),
            "retried": self.retried.get(), "lastAcknowledgedUs": self.last_acknowledged_us.get(),
        })
    }

    /// What is posted for a status.
    fn webhook(&self, status: &Status) -> Option<Request<Full<Bytes>>> {
        let hooks = self.hooks.borrow();
        let hook = hooks.get(&status.account).or_else(|| hooks.get(""))?.clone();
        let body = format!(
            "{{\"object\":\"whatsapp_business_account\",\"entry\":[{{\"id\":\"102290129340398\",\"changes\":[{{\"value\":{{\
             \"messaging_product\":\"whatsapp\",\"metadata\":{{\"display_phone_number\":\"593990000000\",\"phone_number_id\":\"106540352242922\"}},\
             \"statuses\":[{{\"id\":\"{}\",\"status\":\"{}\",\"timestamp\":\"{}\",\"recipient_id\":\"{}\",\
             \"biz_opaque_callback_data\":\"{}\",\"pricing\":{{\"billable\":true,\"pricing_model\":\"PMP\",\"category\":\"utility\"}}}}]}},\
             \"field\":\"messages\"}}]}}]}}",
            status.provider_id,
            status.kind,
            machine::now_us() / 1_000_000,
            status.to,
            status.reference
        );
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = hook.url;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.extend(hook.headers);
        Some(request)
    }
}

/// Reports every status, each until it is acknowledged.
async fn report_all(sink: Rc<Sink>, mut waiting: mpsc::UnboundedReceiver<Status>) {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(IN_FLIGHT).build(connector);
    let places = Arc::new(Semaphore::new(IN_FLIGHT));
    while let Some(status) = waiting.recv().await {
        while sink.holds.get() {
            sink.released.notified().await;
        }
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (sink, client) = (Rc::clone(&sink), client.clone());
        tokio::task::spawn_local(async move {
            while report(&sink, &client, &status).await.is_none() {
                sink.retried.set(sink.retried.get() + 1);
                tokio::time::sleep(AGAIN_AFTER).await;
            }
            drop(place);
        });
    }
}

async fn report(sink: &Sink, client: &Client<HttpConnector, Full<Bytes>>, status: &Status) -> Option<()> {
    let response = client.request(sink.webhook(status)?).await.ok()?;
    let taken = response.status().is_success();
    response.into_body().collect().await.ok()?;
    if !taken {
        return None;
    }
    sink.acknowledged.set(sink.acknowledged.get() + 1);
    sink.last_acknowledged_us.set(machine::now_us());
    Some(())
}
