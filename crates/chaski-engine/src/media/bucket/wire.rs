//! How requests travel to the bucket's store: over the same TLS as calls to providers, and never along a
//! redirect, since what is signed is for the named store alone.

use crate::guard::Guard;
use crate::transport::{Connector, causes, connector};
use async_trait::async_trait;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
    HttpResponseBody, HttpService,
};
use std::io;
use std::time::Duration;

/// How long a store may take to begin its answer, and how long where it takes a part of a file first.
const ANSWER: Duration = Duration::from_secs(30);
const STORED: Duration = Duration::from_secs(90);
const CONNECT: Duration = Duration::from_secs(5);
/// Connections that are kept for later.
const IDLE: usize = 16;

/// The connections to the store.
#[derive(Debug, Clone)]
pub(super) struct Wire(Client<Connector, HttpRequestBody>);

impl Wire {
    pub(super) fn new() -> Self {
        // The operator names the store, so it may be in a network of their own.
        let own = Guard { allow_private: true };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(IDLE)
            .build(connector(own, CONNECT));
        Self(client)
    }
}

impl HttpConnector for Wire {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let most = if request.body().is_empty() { ANSWER } else { STORED };
        let answer = tokio::time::timeout(most, self.0.request(request)).await;
        let late = |_| HttpError::new(HttpErrorKind::Timeout, io::Error::from(io::ErrorKind::TimedOut));
        let response = answer.map_err(late)?.map_err(|error| {
            let kind = if error.is_connect() { HttpErrorKind::Connect } else { HttpErrorKind::Interrupted };
            HttpError::new(kind, io::Error::other(causes(&error)))
        })?;
        let (parts, body) = response.into_parts();
        let body = body.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error));
        Ok(HttpResponse::from_parts(parts, HttpResponseBody::new(body)))
    }
}
