//! Connections: accepted, served, and closed when they idle or dawdle.

mod activity;
mod rest;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, EXPECT, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::sys::socket::{setsockopt, sockopt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use crate::api::RequestId;
use crate::config::Config;
use crate::gateway::{Connections, PEER, REQUEST_ID};
use activity::{Activity, Seen, Verdict, Watched};

/// A pooled client that finds its connection closed loses a request, so idle ones are kept for long.
const KEEP_ALIVE: Duration = Duration::from_secs(90);
/// A year: longer than any server runs.
const FOR_EVER: Duration = Duration::from_hours(24 * 365);
/// A request's head must arrive within this of its first byte.
const HEAD: Duration = Duration::from_secs(20);
/// A client that takes nothing of its answer for so long is left: a thread waits to go on with that answer, and often
/// others wait for their turn behind it.
const STALLED: Duration = Duration::from_mins(1);
/// Seconds of silence after which a client is asked whether it is still there.
const PROBE: u32 = 60;
/// Seconds between two such questions.
const PROBE_AGAIN: u32 = 15;
/// A client that leaves so many unanswered has vanished: three minutes after it was last heard of.
const PROBES: u32 = 8;
/// Pause after a failed accept (no descriptors left, mostly).
const BREATHE: Duration = Duration::from_millis(50);

/// How long clients may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    idle: Duration,
    head: Duration,
    stalled: Duration,
}

impl Patience {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            idle: config.uvicorn_timeout_keep_alive.unwrap_or(KEEP_ALIVE),
            head: HEAD,
            stalled: STALLED,
        }
    }

    /// That with the server, which closes connections when it does not need them.
    pub(super) fn with_the_server() -> Self {
        Self {
            idle: FOR_EVER,
            head: HEAD,
            stalled: STALLED,
        }
    }
}

/// Serves a router until stopped; then finishes the requests under way.
pub(super) async fn serve(
    listener: std::net::TcpListener,
    router: Router,
    patience: Patience,
    stop: CancellationToken,
) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the listener cannot be used"),
    };
    if let Err(error) = notice_who_vanishes(&listener) {
        tracing::warn!(%error, "clients that vanish will not be noticed");
    }
    let connections = TaskTracker::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    stream.set_nodelay(true).ok();
                    let known = move |request: &mut hyper::Request<Incoming>| {
                        request.extensions_mut().insert(ConnectInfo(peer));
                    };
                    connections.spawn(connection(stream, known, router.clone(), patience, stop.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(BREATHE).await;
                }
            },
        }
    }
    connections.close();
    connections.wait().await;
}

/// Serves a router on the connections that a server hands over, until that has no more: then `over` is cancelled, and
/// with `stop` the requests under way are finished.
pub(super) async fn serve_handed(
    handed: Connections,
    router: Router,
    patience: Patience,
    over: CancellationToken,
    stop: CancellationToken,
) {
    let connections = TaskTracker::new();
    loop {
        let stream = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            stream = handed.next() => stream,
        };
        let Some(stream) = stream else { break };
        match stream
            .set_nonblocking(true)
            .and_then(|()| UnixStream::from_std(stream))
        {
            Ok(stream) => {
                connections.spawn(connection(
                    stream,
                    told_by_the_server,
                    router.clone(),
                    patience,
                    stop.clone(),
                ));
            }
            Err(error) => tracing::warn!(%error, "a connection could not be used"),
        }
    }
    over.cancel();
    connections.close();
    connections.wait().await;
}

/// What the server knows of a request's way to it, and no client can say.
fn told_by_the_server(request: &mut hyper::Request<Incoming>) {
    let headers = request.headers_mut();
    let (peer, id) = (headers.remove(PEER), headers.remove(REQUEST_ID));
    let peer = peer.and_then(|peer| peer.to_str().ok()?.parse::<SocketAddr>().ok());
    let nobody = SocketAddr::from(([0, 0, 0, 0], 0));
    request
        .extensions_mut()
        .insert(ConnectInfo(peer.unwrap_or(nobody)));
    if let Some(id) = id {
        request.extensions_mut().insert(RequestId(id));
    }
}

/// Has the kernel ask silent clients whether they are there (tcp(7)): one whose machine or network is gone says no
/// goodbye, and a stream or tunnel that is quiet would be kept for it for ever. What is accepted inherits this.
fn notice_who_vanishes(listener: &TcpListener) -> nix::Result<()> {
    setsockopt(listener, sockopt::TcpKeepIdle, &PROBE)?;
    setsockopt(listener, sockopt::TcpKeepInterval, &PROBE_AGAIN)?;
    setsockopt(listener, sockopt::TcpKeepCount, &PROBES)?;
    setsockopt(listener, sockopt::KeepAlive, &true)
}

async fn connection<S>(
    stream: S,
    known: impl Fn(&mut hyper::Request<Incoming>),
    router: Router,
    patience: Patience,
    stop: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + AsFd + Unpin + Send + 'static,
{
    let activity = Arc::new(Activity::default());
    let mut seen = Seen::new();
    let watched = Watched {
        stream,
        activity: Arc::clone(&activity),
    };
    let during = Arc::clone(&activity);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let under_way = during.request();
        known(&mut request);
        // Who waits to be asked for the body is not asked for what nobody wants.
        let waits = request.headers().contains_key(EXPECT);
        let (head, body) = request.into_parts();
        let (body, rest) = rest::lend(body);
        let body = Body::new(under_way.until_the_end_of(body));
        let answer = router.clone().call(hyper::Request::from_parts(head, body));
        async move {
            let Ok(mut answer) = answer.await;
            let read = if waits {
                rest.is_empty()
            } else {
                rest.read().await
            };
            if !read {
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(CONNECTION, close);
            }
            Ok::<_, Infallible>(answer.map(|body| under_way.until_the_end_of(body)))
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        // Small answers go out in one piece: gathering two costs the kernel more than copying one.
        .writev(false);
    let mut served = pin!(
        builder
            .serve_connection(TokioIo::new(watched), service)
            .with_upgrades()
    );
    // What is seen first at one look is judged at a later one.
    let interval = patience.idle.min(patience.head).min(patience.stalled) / 4;
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            // Clients that go away in the middle are no news.
            _ = served.as_mut() => return,
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                served.as_mut().graceful_shutdown();
            }
            () = tokio::time::sleep(interval) => match seen.look(&activity, patience) {
                Verdict::Fine => {}
                // Whatever is still being answered is answered first.
                Verdict::Idle => served.as_mut().graceful_shutdown(),
                Verdict::TooSlow => return,
            },
        }
    }
}

#[cfg(test)]
mod tests;
