//! A simulator, a client of it, and a receiver of its webhooks.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chaski_simulator::{Config, Simulator};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

pub(crate) const CLOUD: &str = "whatsapp_cloud";
pub(crate) const D360: &str = "360dialog_whatsapp";
pub(crate) const VONAGE: &str = "nexmo_whatsapp";
/// The phone of most tests.
pub(crate) const ANA: &str = "+593997333444";
const PATIENCE: Duration = Duration::from_secs(20);

/// What a call was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
    pub(crate) json: Value,
}

/// A simulator with the credentials of its accounts.
pub(crate) struct World {
    pub(crate) sim: Simulator,
    http: Client<HttpConnector, Full<Bytes>>,
    accounts: Value,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with_data(None).await
    }

    pub(crate) async fn with_data(data: Option<PathBuf>) -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let sim = Simulator::start(Config { listen, data }).await.unwrap();
        let http = Client::builder(TokioExecutor::new()).build_http();
        let mut world = Self { sim, http, accounts: Value::Null };
        world.accounts = world.get("/sim/v1/accounts").await.json;
        world
    }

    /// A setting of the nth account of a source.
    pub(crate) fn set_of(&self, source: &str, nth: usize, key: &str) -> String {
        let list = self.accounts.as_array().unwrap();
        let account = list.iter().filter(|a| a["source"] == source).nth(nth).unwrap();
        account["set"][key].as_str().unwrap_or_else(|| panic!("{source} has no {key}")).to_owned()
    }

    pub(crate) fn set(&self, source: &str, key: &str) -> String {
        self.set_of(source, 0, key)
    }

    pub(crate) async fn try_call(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Option<Answer> {
        let url = if url.starts_with("http") { url.to_owned() } else { format!("{}{url}", self.sim.url()) };
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).unwrap();
        let response =
            timeout(PATIENCE, self.http.request(request)).await.expect("an answer or an end in time").ok()?;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.ok()?.to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Some(Answer { status: head.status.as_u16(), headers: head.headers, bytes, json })
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        self.try_call(method, url, headers, body).await.expect("the connection was not cut")
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        self.call(Method::GET, url, &[], &Value::Null).await
    }

    pub(crate) async fn put(&self, url: &str, body: Value) -> Answer {
        let answer = self.call(Method::PUT, url, &[], &body).await;
        assert!(answer.status < 300, "{url}: {}", answer.json);
        answer
    }

    pub(crate) async fn post(&self, url: &str, body: Value) -> Answer {
        let answer = self.call(Method::POST, url, &[], &body).await;
        assert!(answer.status < 300, "{url}: {}", answer.json);
        answer
    }

    /// Credentials and address for sending at a source.
    fn sending(&self, source: &str) -> (String, Vec<(String, String)>) {
        let base = self.set(source, "base_url");
        match source {
            CLOUD => {
                let (version, number) = (self.set(source, "version"), self.set(source, "phone_number_id"));
                let token = format!("Bearer {}", self.set(source, "access_token"));
                (format!("{base}/{version}/{number}/messages"), vec![("authorization".into(), token)])
            }
            D360 => (format!("{base}/messages"), vec![("D360-API-KEY".into(), self.set(source, "api_key"))]),
            _ => (
                format!("{base}/v1/messages"),
                vec![("authorization".into(), format!("Bearer {}", self.jwt(900)))],
            ),
        }
    }

    pub(crate) async fn try_send(&self, source: &str, body: &Value) -> Option<Answer> {
        let (url, headers) = self.sending(source);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.try_call(Method::POST, &url, &headers, Bytes::from(body.to_string())).await
    }

    pub(crate) async fn send(&self, source: &str, body: &Value) -> Answer {
        self.try_send(source, body).await.expect("the connection was not cut")
    }

    /// A call to a provider's API below its base address, with its credentials.
    pub(crate) async fn api(&self, source: &str, method: Method, path: &str, body: &Value) -> Answer {
        let (_, headers) = self.sending(source);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.set(source, "base_url"))
        };
        self.call(method, &url, &headers, body).await
    }

    /// A token signed as a caller of Vonage does, that ends in so many seconds.
    #[expect(clippy::disallowed_methods, reason = "a caller of Vonage has the machine's time")]
    pub(crate) fn jwt(&self, seconds: i64) -> String {
        use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
        let now = jiff::Timestamp::now().as_second();
        let claims = json!({"application_id": self.set(VONAGE, "application_id"), "iat": now, "exp": now + seconds, "jti": "c5ba8f24"});
        let key = EncodingKey::from_rsa_pem(self.set(VONAGE, "private_key").as_bytes()).unwrap();
        encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
    }

    /// Sends a source's webhooks to a receiver.
    pub(crate) async fn hook(&self, source: &str, receiver: &Receiver) {
        self.put("/sim/v1/webhooks", json!({"source": source, "url": receiver.url, "verifyToken": "secret"}))
            .await;
    }

    /// The phone writes, which opens the window.
    pub(crate) async fn says(&self, address: &str, source: &str, text: &str) -> Answer {
        self.post(
            &format!("/sim/v1/phones/{address}/messages"),
            json!({"type": "text", "text": text, "provider": source}),
        )
        .await
    }

    /// What a phone has, as soon as a message contains a text.
    pub(crate) async fn sees(&self, address: &str, text: &str) -> Value {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("wait", "10")
            .append_pair("contains", text)
            .finish();
        let mut found = self.get(&format!("/sim/v1/phones/{address}/messages?{query}")).await.json;
        found.as_array_mut().unwrap().pop().unwrap_or_else(|| panic!("no message contains {text:?}"))
    }

    pub(crate) async fn messages(&self, address: &str) -> Vec<Value> {
        self.get(&format!("/sim/v1/phones/{address}/messages")).await.json.as_array().unwrap().clone()
    }
}

/// The nth form of a text or a template for a source.
pub(crate) fn text(source: &str, to: &str, words: &str) -> Value {
    match source {
        VONAGE => {
            json!({"channel": "whatsapp", "to": to.trim_start_matches('+'), "from": "447700900001", "message_type": "text", "text": words})
        }
        _ => {
            json!({"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": words}})
        }
    }
}

pub(crate) fn template(source: &str, to: &str, name: &str, language: &str, components: Value) -> Value {
    let mut template = json!({"name": name, "language": {"code": language}});
    if !components.is_null() {
        template["components"] = components;
    }
    match source {
        VONAGE => json!({
            "channel": "whatsapp", "to": to.trim_start_matches('+'), "from": "447700900001", "message_type": "custom",
            "custom": {"type": "template", "template": template},
        }),
        _ => {
            json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": "template", "template": template})
        }
    }
}

/// The id in an answer to a send.
pub(crate) fn id_of(answer: &Answer) -> String {
    let id = answer.json.pointer("/messages/0/id").or_else(|| answer.json.get("message_uuid"));
    id.and_then(Value::as_str).unwrap_or_else(|| panic!("no id in {}", answer.json)).to_owned()
}

/// A webhook as it came.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
    pub(crate) json: Value,
}

impl Webhook {
    /// The status it reports for a message, if it does.
    pub(crate) fn status_of(&self, id: &str) -> Option<String> {
        let meta = self.json.pointer("/entry/0/changes/0/value/statuses/0");
        let status = meta.unwrap_or(&self.json);
        let same =
            status.get("id").or_else(|| status.get("message_uuid")).and_then(Value::as_str) == Some(id);
        status.get("status").and_then(Value::as_str).filter(|_| same).map(str::to_owned)
    }

    /// Meta's status or message object, or Vonage's whole body.
    pub(crate) fn item(&self) -> Value {
        let value = self.json.pointer("/entry/0/changes/0/value");
        let item =
            value.and_then(|value| value.pointer("/statuses/0").or_else(|| value.pointer("/messages/0")));
        item.unwrap_or(&self.json).clone()
    }
}

/// Receives webhooks, answering with statuses from a list and then 200.
pub(crate) struct Receiver {
    pub(crate) url: String,
    state: Arc<State>,
}

struct State {
    got: watch::Sender<Vec<Webhook>>,
    answers: Mutex<VecDeque<u16>>,
    files: Mutex<Vec<(String, u16, String, Bytes)>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let state = Arc::new(State {
            got: watch::Sender::new(Vec::new()),
            answers: Mutex::default(),
            files: Mutex::default(),
        });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = shared.clone();
                let service = service_fn(move |request| receive(state.clone(), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, state }
    }

    /// Answers the next webhooks with these statuses.
    pub(crate) fn will_answer(&self, statuses: &[u16]) {
        self.state.answers.lock().unwrap().extend(statuses);
    }

    /// Serves a file and gives its address.
    pub(crate) fn serve(&self, path: &str, status: u16, mime: &str, bytes: impl Into<Bytes>) -> String {
        self.state.files.lock().unwrap().push((path.to_owned(), status, mime.to_owned(), bytes.into()));
        self.url.replace("/hook", path)
    }

    /// Waits until the webhooks so far satisfy a condition.
    pub(crate) async fn until<T>(&self, what: &str, condition: impl Fn(&[Webhook]) -> Option<T>) -> T {
        let mut got = self.state.got.subscribe();
        let wait = async {
            loop {
                if let Some(found) = condition(&got.borrow_and_update()) {
                    return found;
                }
                got.changed().await.unwrap();
            }
        };
        match timeout(PATIENCE, wait).await {
            Ok(found) => found,
            Err(_) => panic!(
                "{what} did not come; what came: {:?}",
                self.all().iter().map(|w| w.json.to_string()).collect::<Vec<_>>()
            ),
        }
    }

    pub(crate) fn all(&self) -> Vec<Webhook> {
        self.state.got.borrow().clone()
    }

    /// The statuses of a message once the last is the given one.
    pub(crate) async fn statuses(&self, id: &str, last: &str) -> Vec<String> {
        self.until(&format!("status {last} of {id}"), |webhooks| {
            let statuses: Vec<String> = webhooks.iter().filter_map(|webhook| webhook.status_of(id)).collect();
            (statuses.last().map(String::as_str) == Some(last)).then_some(statuses)
        })
        .await
    }

    /// The webhook that reports this status of a message.
    pub(crate) async fn status(&self, id: &str, status: &str) -> Webhook {
        self.until(&format!("status {status} of {id}"), |webhooks| {
            webhooks.iter().find(|webhook| webhook.status_of(id).as_deref() == Some(status)).cloned()
        })
        .await
    }

    /// The first webhook with an inbound message of a type.
    pub(crate) async fn inbound(&self, kind: &str) -> Webhook {
        self.until(&format!("inbound {kind}"), |webhooks| {
            let is_it = |webhook: &&Webhook| {
                let item = webhook.item();
                item.get("type").or_else(|| item.get("message_type")).and_then(Value::as_str) == Some(kind)
                    && item.get("status").is_none()
            };
            webhooks.iter().find(is_it).cloned()
        })
        .await
    }
}

async fn receive(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    if head.method == Method::GET {
        let file = state.files.lock().unwrap().iter().find(|(path, ..)| path == head.uri.path()).cloned();
        if let Some((_, status, mime, bytes)) = file {
            return Ok(Response::builder()
                .status(status)
                .header("content-type", mime)
                .body(Full::new(bytes))
                .unwrap());
        }
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let value = |name: &str| {
            query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let is_right = value("hub.mode") == "subscribe" && value("hub.verify_token") == "secret";
        let status = if is_right { StatusCode::OK } else { StatusCode::FORBIDDEN };
        return Ok(Response::builder()
            .status(status)
            .body(Full::new(Bytes::from(value("hub.challenge"))))
            .unwrap());
    }
    let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    state.got.send_modify(|got| got.push(Webhook { headers: head.headers, bytes, json }));
    let status = state.answers.lock().unwrap().pop_front().unwrap_or(200);
    Ok(Response::builder().status(status).body(Full::default()).unwrap())
}
