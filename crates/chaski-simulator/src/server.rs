//! The HTTP side: connections, the split between providers and our own pages, and cutting a
//! connection on purpose.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request as AxumRequest;
use axum::response::IntoResponse as _;
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tower::ServiceExt as _;

use crate::call::{Call, Reply};
use crate::carry::{Outgoing, carry};
use crate::exchanges::Exchange;
use crate::faults::{Cut, Receipts};
use crate::providers;
use crate::sim::Shared;
use crate::source::Source;
use crate::{control, pages};

/// The largest request body: an uploaded document.
const LARGEST: usize = 100 * 1024 * 1024 + 64 * 1024;

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut on purpose")]
struct Cutting;

/// Accepts connections until the simulator stops.
pub(crate) async fn run(sim: Shared, listener: TcpListener) {
    let own = control::router().merge(pages::router()).with_state(sim.clone());
    loop {
        let accepted = tokio::select! {
            () = sim.stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => drop(sim.tasks.spawn(connection(sim.clone(), own.clone(), stream))),
            // Too many open files, for example: a pause lets connections end.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection(sim: Shared, own: axum::Router, stream: TcpStream) {
    // Without it small answers would wait for the caller's acknowledgment.
    let _ = stream.set_nodelay(true);
    let stopping = sim.stopping.clone();
    let service = service_fn(move |request| serve(sim.clone(), own.clone(), request));
    let served =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = stopping.cancelled() => {}
        // A fault here is the caller's leaving, or a cut on purpose.
        _ = served => {}
    }
}

async fn serve(
    sim: Shared,
    own: axum::Router,
    request: Request<Incoming>,
) -> Result<Response<Body>, Cutting> {
    match Source::of_path(request.uri().path()) {
        Some((source, _)) => provider(sim, source, request).await,
        None => {
            let request: AxumRequest = request.map(Body::new);
            let response: Result<_, Infallible> = own.oneshot(request).await;
            Ok(response.into_response())
        }
    }
}

async fn provider(
    sim: Shared,
    source: Source,
    request: Request<Incoming>,
) -> Result<Response<Body>, Cutting> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST).collect().await else {
        let refused =
            Response::builder().status(StatusCode::PAYLOAD_TOO_LARGE).header(header::CONNECTION, "close");
        return Ok(refused.body(Body::empty()).unwrap_or_default());
    };
    let path = head.uri.path().to_owned();
    let below = path.strip_prefix(source.prefix()).unwrap_or_default().to_owned();
    let query = head.uri.query().map(str::to_owned);
    let call = Call { method: head.method, path: below, query, headers: head.headers, body: body.to_bytes() };
    let source = providers::meant(source, &call);
    sim.webhooks.room().await;
    let at_ms = sim.clock.now_ms();
    let mut reply = providers::answer(&sim, source, &call).await;
    let mut release = Release { sim: sim.clone(), outgoing: reply.outgoing.take() };
    let act = reply.act.take();
    if act.as_ref().is_some_and(|act| act.receipts == Receipts::Early) {
        // The message goes its way now, and its receipts are ahead of the answer.
        release = Release { sim: sim.clone(), outgoing: None };
    }
    let cut = act.as_ref().and_then(|act| act.cut);
    let Call { method, query, headers, body, .. } = call;
    let (status, answer) =
        if cut.is_some() { (0, Bytes::new()) } else { (reply.status.as_u16(), reply.body.clone()) };
    sim.exchanges.record(Exchange {
        id: 0,
        at_ms,
        source,
        method,
        path,
        query,
        headers,
        body,
        status,
        answer,
    });
    if let Some(delay) = act.as_ref().and_then(|act| act.delay_ms) {
        sleep(Duration::from_millis(delay)).await;
    }
    match cut {
        Some(Cut::Before | Cut::After) => Err(Cutting),
        None => Ok(response(reply, release)),
    }
}

fn response(reply: Reply, release: Release) -> Response<Body> {
    let mut response =
        Response::builder().status(reply.status).header(header::CONTENT_TYPE, reply.content_type.as_ref());
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let body = match &release.outgoing {
        Some(_) => Body::new(Released { data: Some(reply.body), _release: release }),
        None => Body::from(reply.body),
    };
    response.body(body).unwrap_or_default()
}

/// Lets an accepted message go its way when it is dropped: after the answer was written, or when
/// the caller left before that.
struct Release {
    sim: Shared,
    outgoing: Option<Box<Outgoing>>,
}

impl Drop for Release {
    fn drop(&mut self) {
        if let Some(outgoing) = self.outgoing.take() {
            carry(&self.sim, *outgoing);
        }
    }
}

/// A body of one piece that holds a message back until it is written.
struct Released {
    data: Option<Bytes>,
    _release: Release,
}

impl hyper::body::Body for Released {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.data.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}

/// A router with the state of a simulator.
pub(crate) type Router = axum::Router<Arc<crate::sim::Sim>>;
