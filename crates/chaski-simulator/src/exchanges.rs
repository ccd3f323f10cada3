//! The last calls made to the simulator with its answers, for tests and the wire page.

use std::collections::VecDeque;
use std::sync::Mutex;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use crate::clock::rfc3339_ms;
use crate::source::Source;
use crate::sync::locked;

const KEPT: usize = 20_000;

/// One call and its answer.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) id: u64,
    pub(crate) at_ms: i64,
    pub(crate) source: Source,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// 0 where the connection was cut.
    pub(crate) status: u16,
    pub(crate) answer: Bytes,
}

/// A larger body is an upload, of which only the beginning is kept.
const UPLOAD: usize = 1 << 20;
const UPLOAD_KEPT: usize = 4096;

/// A bounded ring of exchanges.
#[derive(Default)]
pub(crate) struct Exchanges {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    last_id: u64,
    ring: VecDeque<Exchange>,
}

impl Exchanges {
    /// Keeps an exchange, giving it the next id.
    pub(crate) fn record(&self, mut exchange: Exchange) {
        // A copy is much smaller than the read buffer of the connection that a slice would keep alive.
        let kept = if exchange.body.len() > UPLOAD { UPLOAD_KEPT } else { exchange.body.len() };
        exchange.body = Bytes::copy_from_slice(&exchange.body[..kept]);
        let dropped;
        {
            let mut inner = locked(&self.inner);
            inner.last_id += 1;
            exchange.id = inner.last_id;
            dropped = if inner.ring.len() >= KEPT { inner.ring.pop_front() } else { None };
            inner.ring.push_back(exchange);
        }
        drop(dropped);
    }

    /// Exchanges after an id (else the newest), oldest first.
    pub(crate) fn list(&self, source: Option<Source>, after: Option<u64>, limit: usize) -> Vec<Exchange> {
        let inner = locked(&self.inner);
        let meant = |e: &&Exchange| source.is_none_or(|wanted| wanted == e.source);
        match after {
            Some(after) => {
                inner.ring.iter().filter(meant).filter(|e| e.id > after).take(limit).cloned().collect()
            }
            None => {
                let mut newest: Vec<_> = inner.ring.iter().rev().filter(meant).take(limit).cloned().collect();
                newest.reverse();
                newest
            }
        }
    }

    pub(crate) fn clear(&self) {
        locked(&self.inner).ring.clear();
    }
}

impl Exchange {
    /// As the control API shows it.
    pub(crate) fn view(&self) -> Value {
        json!({
            "id": self.id,
            "at": rfc3339_ms(self.at_ms),
            "provider": self.source.word(),
            "method": self.method.as_str(),
            "path": self.path,
            "query": self.query,
            "headers": self.headers_view(),
            "body": parsed(&self.body),
            "response": self.response_view(),
        })
    }

    /// The answer; `null` where the connection was cut instead.
    fn response_view(&self) -> Option<Value> {
        (self.status != 0).then(|| json!({"status": self.status, "body": parsed(&self.answer)}))
    }

    fn headers_view(&self) -> Map<String, Value> {
        let pairs = self.headers.iter().map(|(name, value)| {
            (name.as_str().to_owned(), Value::from(String::from_utf8_lossy(value.as_bytes()).into_owned()))
        });
        pairs.collect()
    }

    /// What the provider said of the request, in its own words.
    pub(crate) fn verdict(&self) -> Option<String> {
        let body = parsed(&self.answer);
        let places = [
            "/error/error_data/details",
            "/error/message",
            "/meta/developer_message",
            "/detail",
            "/description",
            "/error",
        ];
        let said = places.iter().find_map(|place| body.pointer(place).and_then(Value::as_str));
        (self.status >= 400).then(|| said.unwrap_or("").to_owned())
    }
}

/// JSON where it is JSON, else text.
pub(crate) fn parsed(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(bytes).into_owned()))
}
