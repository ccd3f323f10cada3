//! Speaking to a running server.

use crate::cli::Common;
use anyhow::{Result, anyhow, bail};
use chaski_channels::{Auth, Call, Secrets, Settings};
use chaski_engine::Clock;
use chaski_engine::guard::Guard;
use chaski_engine::transport::{Lost, Transport};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Connecting a channel walks through several provider calls.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A running server with a token.
pub(crate) struct Client {
    transport: Transport,
    base: String,
    secrets: Secrets,
}

/// Nothing listens at the address.
#[derive(Debug)]
pub(crate) struct NoServer(String);

impl std::fmt::Display for NoServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoServer {}

impl Client {
    /// The server and token of the command line.
    pub(crate) fn new(common: &Common) -> Result<Self> {
        let token =
            common.token.clone().ok_or_else(|| anyhow!("no token: give --token or set CHASKI_TOKEN"))?;
        Ok(Self::with_token(&common.url, token))
    }

    /// A server without a token: for the simulator.
    pub(crate) fn open(base: &str) -> Self {
        Self::with_token(base, String::new())
    }

    fn with_token(base: &str, token: String) -> Self {
        Self {
            transport: Transport::new(Guard { allow_private: true }, Arc::new(Clock::default())),
            base: base.trim_end_matches('/').trim_end_matches("/v2").to_owned(),
            secrets: Secrets([("token".to_owned(), token)].into()),
        }
    }

    /// A GET.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.call(http::Method::GET, path, None).await
    }

    /// A POST of JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(http::Method::POST, path, Some(body)).await
    }

    /// A PUT of JSON.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(http::Method::PUT, path, Some(body)).await
    }

    /// A DELETE.
    pub(crate) async fn delete(&self, path: &str) -> Result<Value> {
        self.call(http::Method::DELETE, path, None).await
    }

    async fn call(&self, method: http::Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let auth =
            if self.secrets.get("token").is_some() { Auth::Bearer { secret: "token" } } else { Auth::None };
        let url = format!("{}{path}", self.base);
        let mut call = match body {
            Some(body) => Call::json(url, auth, body),
            None => Call::get(url, auth),
        };
        call.method = method;
        let reply =
            self.transport.send(&call, &Settings::new(), &self.secrets, TIMEOUT).await.map_err(|lost| {
                match lost {
                    Lost::NotSent(failure) => {
                        NoServer(format!("no server answers at {}: {}", self.base, failure.message)).into()
                    }
                    Lost::Lost(failure) => anyhow!("the server's answer was lost: {}", failure.message),
                }
            })?;
        let answer = reply.json().unwrap_or(Value::Null);
        if reply.is_success() {
            return Ok(answer);
        }
        let message = answer["message"].as_str().unwrap_or("no explanation was given");
        let faults: Vec<String> = answer["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|fault| fault["message"].as_str() != Some(message))
            .map(|fault| {
                format!(
                    "\n  {}: {}",
                    fault["pointer"].as_str().unwrap_or(""),
                    fault["message"].as_str().unwrap_or("")
                )
            })
            .collect();
        let recorded =
            answer["messageId"].as_i64().map(|id| format!(" (recorded as message {id})")).unwrap_or_default();
        bail!("{message}{recorded} [HTTP {}]{}", reply.status, faults.concat())
    }
}
