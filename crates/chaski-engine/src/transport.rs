//! The way to providers: applies credentials, talks HTTP, says whether a lost answer could have
//! been a taken message.

use crate::clock::{Clock, machine_now};
use crate::guard::{Guard, GuardedResolver};
use crate::mailbox::{self, is_mailbox};
use crate::submission::{Submissions, is_submission};
use crate::tokens::hash;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chaski_channels::{Auth, Call, Reply, Secrets, Settings, TOKEN_PLACE};
use chaski_model::{ErrorCode, Failure, Timestamp};
use chaski_store::exchanges::{BODY_KEPT, Exchange};
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, USER_AGENT,
};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::json;
use std::borrow::Cow;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// The most of a provider's answer that is read.
const ANSWER_LIMIT: usize = 8 << 20;
/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_secs(10);
/// The longest that a provider's Retry-After is followed.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// Addresses that are remembered as checked.
const ADDRESSES: usize = 1000;
/// How long a JWT made for Vonage is used; it is good for fifteen minutes.
const JWT_USED_SECS: i64 = 600;

/// Why there is no reply.
#[derive(Debug)]
pub enum Lost {
    /// The request never left: it can be tried again.
    NotSent(Failure),
    /// It may have been taken.
    Lost(Failure),
}

/// The machine time until which a call could leave was over before its first byte was written.
#[derive(Debug)]
pub struct TooLate;

/// Opens connections: to where the guard lets them, with TLS where the address says so.
pub(crate) type Connector = HttpsConnector<HttpConnector<GuardedResolver>>;

pub(crate) fn connector(guard: Guard, within: Duration) -> Connector {
    let mut http = HttpConnector::new_with_resolver(GuardedResolver::new(guard));
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(within));
    hyper_rustls::HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(http)
}

/// The connections to providers, warm and shared.
pub struct Transport {
    client: Client<Connector, Timely>,
    guard: Guard,
    submissions: Submissions,
    clock: Arc<Clock>,
    jwts: Mutex<HashMap<[u8; 32], (i64, String)>>,
    /// Addresses that the guard has let through.
    addresses: RwLock<HashMap<String, http::Uri>>,
}

impl Transport {
    /// A transport behind a guard.
    pub fn new(guard: Guard, clock: Arc<Clock>) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            // As many as one channel may have in flight, so that a full house opens no new ones.
            .pool_max_idle_per_host(128)
            .build(connector(guard, CONNECT));
        Self {
            client,
            guard,
            submissions: Submissions::new(guard),
            clock,
            jwts: Mutex::default(),
            addresses: RwLock::default(),
        }
    }

    /// Makes a call, with the whole of it bounded by `timeout`.
    ///
    /// # Errors
    /// No reply, and whether the request can have been acted upon.
    pub async fn send(
        &self,
        call: &Call,
        settings: &Settings,
        secrets: &Secrets,
        timeout: Duration,
    ) -> Result<Reply, Lost> {
        if is_submission(call) {
            let answer = self.submissions.submit(call, settings, secrets, timeout, None).await;
            let late = |TooLate| Err(Lost::NotSent(late(timeout)));
            return answer.unwrap_or_else(late).map(|reply| without_secrets(reply, secrets));
        }
        if is_mailbox(call) {
            let checked = mailbox::check(self.guard, call, settings, secrets).await;
            return checked.map(|reply| without_secrets(reply, secrets)).map_err(Lost::NotSent);
        }
        let body = full_body(call, settings, secrets).map_err(Lost::NotSent)?;
        let body = Timely { body, call_by: None };
        self.exchange_within(call, body, settings, secrets, timeout).await
    }

    /// The same for a call that may only leave until `call_by` (machine time).
    ///
    /// # Errors
    /// It was too late, and nothing has left.
    pub async fn send_by(
        &self,
        call: &Call,
        settings: &Settings,
        secrets: &Secrets,
        timeout: Duration,
        call_by: Timestamp,
    ) -> Result<Result<Reply, Lost>, TooLate> {
        if is_submission(call) {
            let answer = self.submissions.submit(call, settings, secrets, timeout, Some(call_by)).await?;
            return Ok(answer.map(|reply| without_secrets(reply, secrets)));
        }
        let late = Arc::new(AtomicBool::new(false));
        let body = match full_body(call, settings, secrets) {
            Ok(body) => body,
            Err(failure) => return Ok(Err(Lost::NotSent(failure))),
        };
        let body = Timely { body, call_by: Some((call_by, Arc::clone(&late))) };
        let answer = self.exchange_within(call, body, settings, secrets, timeout).await;
        if late.load(Ordering::Relaxed) { Err(TooLate) } else { Ok(answer) }
    }

    /// Makes a call whose body is a file: up to its first byte bounded by `timeout`. Whoever reads the body
    /// bounds the rest. Every address is checked, as each is used once.
    ///
    /// # Errors
    /// No answer.
    pub async fn fetch(
        &self,
        call: &Call,
        settings: &Settings,
        secrets: &Secrets,
        timeout: Duration,
    ) -> Result<Fetched, Lost> {
        let address = with_token(call, secrets).and_then(|url| self.checked(&url)).map_err(Lost::NotSent)?;
        let body = Timely { body: Full::new(call.body.clone()), call_by: None };
        let request = self.request(call, address, body, settings, secrets).map_err(Lost::NotSent)?;
        let answer = tokio::time::timeout(timeout, self.client.request(request)).await;
        let response = answer.map_err(|_| Lost::Lost(late(timeout)))?.map_err(|error| {
            Lost::Lost(unavailable(format!("The connection failed: {}.", causes(&error))))
        })?;
        let text = |name| response.headers().get(name).and_then(|v| v.to_str().ok());
        Ok(Fetched {
            status: response.status().as_u16(),
            retry_after: text(RETRY_AFTER).and_then(|value| wait_of(value, self.clock.now())),
            location: text(LOCATION).map(str::to_owned),
            content_type: text(CONTENT_TYPE).map(str::to_owned),
            length: text(CONTENT_LENGTH).and_then(|value| value.parse().ok()),
            body: response.into_body(),
        })
    }

    async fn exchange_within(
        &self,
        call: &Call,
        body: Timely,
        settings: &Settings,
        secrets: &Secrets,
        timeout: Duration,
    ) -> Result<Reply, Lost> {
        let address = self.address_of(call, secrets).map_err(Lost::NotSent)?;
        let request = self.request(call, address, body, settings, secrets).map_err(Lost::NotSent)?;
        let answer = tokio::time::timeout(timeout, self.exchange(request))
            .await
            .unwrap_or_else(|_| Err(Lost::Lost(late(timeout))));
        answer.map(|reply| without_secrets(reply, secrets))
    }

    fn request(
        &self,
        call: &Call,
        address: http::Uri,
        body: Timely,
        settings: &Settings,
        secrets: &Secrets,
    ) -> Result<http::Request<Timely>, Failure> {
        let bad =
            |what: &str| Failure::new(ErrorCode::Internal, format!("The request could not be made: {what}."));
        let mut request = http::Request::new(body);
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = address;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("chaski/", env!("CARGO_PKG_VERSION"))));
        for (name, value) in &call.headers {
            let value = HeaderValue::from_str(value).map_err(|_| bad("a header is not valid"))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        if let Some((name, value)) = self.credentials(call.auth, settings, secrets)? {
            let mut value = HeaderValue::from_str(&value).map_err(|_| {
                Failure::new(
                    ErrorCode::CredentialsRefused,
                    "The channel's credentials hold characters that cannot be sent.",
                )
            })?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(request)
    }

    fn address_of(&self, call: &Call, secrets: &Secrets) -> Result<http::Uri, Failure> {
        self.address(&with_token(call, secrets)?)
    }

    /// The address of a call, past the guard. A channel calls few addresses, so that each is checked and
    /// read once; names are checked again whenever they are resolved.
    fn address(&self, url: &str) -> Result<http::Uri, Failure> {
        if let Some(known) = self.addresses.read().ok().and_then(|known| known.get(url).cloned()) {
            return Ok(known);
        }
        let uri = self.checked(url)?;
        if let Ok(mut known) = self.addresses.write() {
            if known.len() >= ADDRESSES {
                known.clear();
            }
            known.insert(url.to_owned(), uri.clone());
        }
        Ok(uri)
    }

    fn checked(&self, url: &str) -> Result<http::Uri, Failure> {
        self.guard.check(url)?;
        url.parse().map_err(|_| Failure::new(ErrorCode::UrlRefused, "The address is not valid."))
    }

    fn credentials(
        &self,
        auth: Auth,
        settings: &Settings,
        secrets: &Secrets,
    ) -> Result<Option<(HeaderName, String)>, Failure> {
        let secret = |key: &str| {
            secrets.get(key).ok_or_else(|| {
                Failure::new(
                    ErrorCode::CredentialsRefused,
                    format!("The channel has no `{key}`; set it and resume the channel."),
                )
            })
        };
        let setting = |key: &str| settings.get(key).map_or("", String::as_str);
        Ok(match auth {
            // They stand in the address, or in the body.
            Auth::None | Auth::PathToken { .. } | Auth::Fields { .. } => None,
            Auth::Bearer { secret: key } => Some((AUTHORIZATION, format!("Bearer {}", secret(key)?))),
            Auth::Header { name, secret: key } => {
                let name = HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| Failure::new(ErrorCode::Internal, "A header's name is not valid."))?;
                Some((name, secret(key)?.to_owned()))
            }
            Auth::Basic { user, secret: key } => {
                let pair = STANDARD.encode(format!("{}:{}", setting(user), secret(key)?));
                Some((AUTHORIZATION, format!("Basic {pair}")))
            }
            Auth::Jwt { application, secret: key } => {
                Some((AUTHORIZATION, format!("Bearer {}", self.jwt(setting(application), secret(key)?)?)))
            }
        })
    }

    /// Vonage's application JWT, made anew every ten minutes.
    fn jwt(&self, application: &str, private_key: &str) -> Result<String, Failure> {
        let now = self.clock.now().secs();
        // Named by the key too: an application's id alone is no secret, and keys are renewed.
        let name = hash(&format!("{application}\n{private_key}"));
        let cached = self.jwts.lock().ok().and_then(|jwts| jwts.get(&name).cloned());
        if let Some((made, jwt)) = cached
            && (0..JWT_USED_SECS).contains(&(now - made))
        {
            return Ok(jwt);
        }
        let refuse =
            |_| Failure::new(ErrorCode::CredentialsRefused, "The private key is not an RSA key in PEM form.");
        let key = jsonwebtoken::EncodingKey::from_rsa_pem(private_key.as_bytes()).map_err(refuse)?;
        let claims = json!({
            "application_id": application, "iat": now, "exp": now + 900, "jti": uuid::Uuid::new_v4().to_string(),
        });
        let head = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
        let jwt = jsonwebtoken::encode(&head, &claims, &key).map_err(refuse)?;
        if let Ok(mut jwts) = self.jwts.lock() {
            jwts.retain(|_, (made, _)| (0..JWT_USED_SECS).contains(&(now - *made)));
            jwts.insert(name, (now, jwt.clone()));
        }
        Ok(jwt)
    }

    async fn exchange(&self, request: http::Request<Timely>) -> Result<Reply, Lost> {
        let response = self.client.request(request).await.map_err(|error| {
            let why = unavailable(format!("The connection to the provider failed: {}.", causes(&error)));
            if error.is_connect() { Lost::NotSent(why) } else { Lost::Lost(why) }
        })?;
        let status = response.status().as_u16();
        let now = self.clock.now();
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|value| wait_of(value.to_str().ok()?, now));
        let location = response.headers().get(LOCATION).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let body = Limited::new(response.into_body(), ANSWER_LIMIT).collect().await.map_err(|error| {
            Lost::Lost(unavailable(format!("The provider's answer was cut off: {error}.")))
        })?;
        Ok(Reply { status, retry_after, location, body: body.to_bytes().to_vec() })
    }
}

/// An answer whose body is still to be read.
pub struct Fetched {
    /// HTTP status.
    pub status: u16,
    /// The provider's wish to wait.
    pub retry_after: Option<Duration>,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// What it says that it is.
    pub content_type: Option<String>,
    /// How many bytes it says that there are.
    pub length: Option<u64>,
    /// The rest.
    pub body: hyper::body::Incoming,
}

/// A body that lets a request go only in time. hyper asks for it once it has a connection, and writes
/// nothing before it has it: so this is the last moment at which a call that was begun can be given back.
struct Timely {
    body: Full<Bytes>,
    call_by: Option<(Timestamp, Arc<AtomicBool>)>,
}

impl http_body::Body for Timely {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        if let Some((call_by, late)) = self.call_by.take()
            && machine_now() > call_by
        {
            late.store(true, Ordering::Relaxed);
            return Poll::Ready(Some(Err(std::io::Error::other("the call came too late"))));
        }
        Pin::new(&mut self.body).poll_frame(cx).map_err(|never| match never {})
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// A call's body with its credentials in it, where the provider wants them there.
fn full_body(call: &Call, settings: &Settings, secrets: &Secrets) -> Result<Full<Bytes>, Failure> {
    let Auth::Fields { user, secret } = call.auth else { return Ok(Full::new(call.body.clone())) };
    let password = secrets.get(secret).ok_or_else(|| {
        let message = format!("The channel has no `{secret}`; set it and resume the channel.");
        Failure::new(ErrorCode::CredentialsRefused, message)
    })?;
    let name = settings.get(user).map_or("", String::as_str);
    let more = url::form_urlencoded::Serializer::new(String::new())
        .append_pair(user, name)
        .append_pair(secret, password)
        .finish();
    let mut body = call.body.to_vec();
    body.push(b'&');
    body.extend_from_slice(more.as_bytes());
    Ok(Full::new(Bytes::from(body)))
}

/// The address of a call with its token in it, where the provider wants it there.
fn with_token<'a>(call: &'a Call, secrets: &Secrets) -> Result<Cow<'a, str>, Failure> {
    let Auth::PathToken { secret } = call.auth else { return Ok(Cow::Borrowed(&call.url)) };
    let refused = |message: String| Failure::new(ErrorCode::CredentialsRefused, message);
    let token = secrets
        .get(secret)
        .map(str::trim)
        .ok_or_else(|| refused(format!("The channel has no `{secret}`; set it and resume the channel.")))?;
    // Anything else could lead to another address.
    if !token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'_' | b'-')) {
        return Err(refused(format!("The channel's `{secret}` holds characters that no token has.")));
    }
    Ok(Cow::Owned(call.url.replacen(TOKEN_PLACE, token, 1)))
}

/// A provider's wish to wait: seconds or a date, never longer than we believe it.
fn wait_of(text: &str, now: Timestamp) -> Option<Duration> {
    let wish = match text.trim().parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => Timestamp::parse_http_date(text)?.since(now),
    };
    Some(wish.min(LONGEST_WAIT))
}

fn late(timeout: Duration) -> Failure {
    unavailable(format!("The provider did not answer within {} s.", timeout.as_secs()))
}

fn unavailable(message: String) -> Failure {
    Failure::new(ErrorCode::ProviderUnavailable, message)
}

pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Masks every secret in a text that people may see.
fn mask(text: String, secrets: &[&str]) -> String {
    secrets
        .iter()
        .filter(|secret| secret.len() >= 6)
        .fold(text, |text, secret| if text.contains(secret) { text.replace(secret, "***") } else { text })
}

/// A refusal may repeat a secret, and its words are cut and shown: they are masked before anyone reads.
fn without_secrets(mut reply: Reply, secrets: &Secrets) -> Reply {
    let hidden: Vec<&str> = secrets.0.values().map(String::as_str).collect();
    if reply.status >= 400 {
        reply.body = match String::from_utf8(reply.body) {
            Ok(text) => mask(text, &hidden).into_bytes(),
            Err(odd) => odd.into_bytes(),
        };
    }
    reply
}

/// Masks every secret in a failure's words.
pub fn mask_failure(failure: &mut Failure, secrets: &[&str]) {
    failure.message = mask(std::mem::take(&mut failure.message), secrets);
    failure.provider_text = failure.provider_text.take().map(|text| mask(text, secrets));
}

/// A call and its answer in a form that people may see: credentials are masked, wherever they stand.
pub fn exchange_of(call: &Call, reply: Result<&Reply, &Lost>, began: Instant, secrets: &[&str]) -> Exchange {
    let (status, response) = match reply {
        Ok(reply) => (Some(reply.status), text(&reply.body, secrets)),
        Err(Lost::NotSent(failure) | Lost::Lost(failure)) => (None, mask(failure.message.clone(), secrets)),
    };
    Exchange {
        method: call.method.to_string(),
        url: mask(call.url.clone(), secrets),
        headers: shown_headers(call),
        body: match &call.shown {
            Some(shown) => text(shown.as_bytes(), secrets),
            None => text(&call.body, secrets),
        },
        status,
        response,
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

/// The headers of a call as people may see them.
pub fn shown_headers(call: &Call) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> =
        call.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    match call.auth {
        Auth::None | Auth::PathToken { .. } | Auth::Fields { .. } => {}
        Auth::Bearer { .. } | Auth::Jwt { .. } => headers.push(("authorization".into(), "Bearer ***".into())),
        Auth::Basic { .. } => headers.push(("authorization".into(), "Basic ***".into())),
        Auth::Header { name, .. } => headers.push((name.to_owned(), "***".into())),
    }
    headers
}

/// A body as text, masked before it is cut, so that no secret is cut in two and survives.
fn text(body: &[u8], secrets: &[&str]) -> String {
    let mut text = mask(String::from_utf8_lossy(body).into_owned(), secrets);
    if text.len() > BODY_KEPT {
        let end = (0..=BODY_KEPT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_wait_is_read_in_both_forms_and_bounded() {
        let now = Timestamp::parse_rfc3339("2026-11-22T10:00:00Z").unwrap();
        assert_eq!(wait_of("7", now), Some(Duration::from_secs(7)));
        assert_eq!(wait_of("Sun, 22 Nov 2026 10:00:30 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(wait_of("18446744073709551615", now), Some(LONGEST_WAIT));
        assert_eq!(wait_of("soon", now), None);
    }

    /// A call that comes too late leaves nothing that a provider could act upon, and is told apart from a
    /// lost one.
    #[tokio::test]
    async fn a_call_after_its_time_never_leaves() {
        use tokio::io::AsyncReadExt;
        let provider = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/messages", provider.local_addr().unwrap());
        let transport = Transport::new(Guard { allow_private: true }, Arc::new(Clock::default()));
        let call = Call::json(url, Auth::None, &json!({"text": "hola"}));
        let (settings, secrets, minute) = (Settings::new(), Secrets::default(), Duration::from_secs(60));
        let read = async {
            let (mut stream, _) = provider.accept().await.unwrap();
            let mut bytes = Vec::new();
            let _ = stream.read_to_end(&mut bytes).await;
            bytes
        };
        let past = machine_now() - Duration::from_secs(1);
        let sent = transport.send_by(&call, &settings, &secrets, minute, past);
        let (sent, arrived) = tokio::join!(sent, read);
        assert!(sent.is_err(), "{sent:?}");
        assert_eq!(String::from_utf8_lossy(&arrived), "", "not a byte has left");
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands_even_at_the_cut() {
        let secret = "sekretkey123";
        let body = format!("{}{secret}", "x".repeat(BODY_KEPT - 5));
        assert!(!text(body.as_bytes(), &[secret]).contains("sekre"));
        let mut failure = Failure::new(ErrorCode::ProviderRefused, format!("bad key {secret}")).words(secret);
        mask_failure(&mut failure, &[secret]);
        assert_eq!(
            (failure.message.as_str(), failure.provider_text.as_deref()),
            ("bad key ***", Some("***"))
        );
    }
}
