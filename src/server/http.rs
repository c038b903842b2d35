//! Connections: accepted, served, and closed when they idle or dawdle.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use crate::config::Config;
use crate::sys;

#[cfg(test)]
mod tests;

/// A pooled client that finds its connection closed loses a request, so idle ones are kept for long.
const KEEP_ALIVE: Duration = Duration::from_secs(90);
/// A request's head must arrive within this of its first byte.
const HEAD: Duration = Duration::from_secs(20);
/// A client that takes nothing of its answer for so long is left: a thread waits to go on with that answer, and often
/// others wait for their turn behind it.
const STALLED: Duration = Duration::from_mins(1);
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
    let connections = TaskTracker::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer, router.clone(), patience, stop.clone()));
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

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    patience: Patience,
    stop: CancellationToken,
) {
    stream.set_nodelay(true).ok();
    let activity = Arc::new(Activity::default());
    let mut seen = Seen::new();
    let watched = Watched {
        stream,
        activity: Arc::clone(&activity),
    };
    let during = Arc::clone(&activity);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        during.enter(BUSY);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = router.clone().call(request.map(Body::new));
        let during = Arc::clone(&during);
        async move {
            let answer: Result<_, Infallible> = answer.await;
            during.enter(IDLE);
            answer
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

const IDLE: u8 = 0;
const HEADING: u8 = 1;
const BUSY: u8 = 2;

/// What a connection is doing. Noting it costs no look at the clock, which requests would feel.
#[derive(Debug, Default)]
struct Activity {
    phase: AtomicU8,
    /// Counts what comes and goes.
    events: AtomicU64,
    /// Whether there is more to be sent than the client takes just now.
    stuck: AtomicBool,
    /// What the client had still to take when that was seen last.
    unsent: AtomicU64,
}

/// What was last seen of an activity, and when it was seen first.
#[derive(Debug)]
struct Seen {
    events: u64,
    since: Instant,
}

enum Verdict {
    Fine,
    Idle,
    TooSlow,
}

impl Activity {
    fn note(&self) {
        self.events.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, phase: u8) {
        self.phase.store(phase, Ordering::Relaxed);
        self.note();
    }

    fn received(&self) {
        // What trickles in does not make a head come faster.
        if self.phase.load(Ordering::Relaxed) == IDLE {
            self.enter(HEADING);
        }
    }

    /// Takes note of a try to send.
    ///
    /// Between two that succeed a slow client may take a megabyte, so what the kernel still holds counts, too. It is
    /// looked at with each try, and the connection tries again whenever it is looked at.
    fn tried<T>(&self, sent: &Poll<T>, stream: &TcpStream) {
        self.stuck.store(sent.is_pending(), Ordering::Relaxed);
        let unsent = match sent {
            Poll::Ready(_) => return self.note(),
            Poll::Pending => sys::unsent(stream).unwrap_or(0),
        };
        if self.unsent.swap(unsent, Ordering::Relaxed) != unsent {
            self.note();
        }
    }
}

impl Seen {
    fn new() -> Self {
        Self {
            events: 0,
            since: Instant::now(),
        }
    }

    /// Looks again: patience ends when nothing has happened for long enough.
    fn look(&mut self, activity: &Activity, patience: Patience) -> Verdict {
        let events = activity.events.load(Ordering::Relaxed);
        if events != self.events {
            *self = Self {
                events,
                since: Instant::now(),
            };
        }
        let lasted = self.since.elapsed();
        if activity.stuck.load(Ordering::Relaxed) && lasted >= patience.stalled {
            return Verdict::TooSlow;
        }
        match activity.phase.load(Ordering::Relaxed) {
            IDLE if lasted >= patience.idle => Verdict::Idle,
            HEADING if lasted >= patience.head => Verdict::TooSlow,
            _ => Verdict::Fine,
        }
    }
}

/// A stream that notes when something comes or goes.
struct Watched {
    stream: TcpStream,
    activity: Arc<Activity>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.received();
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.activity.tried(&polled, &self.stream);
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.activity.tried(&polled, &self.stream);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
