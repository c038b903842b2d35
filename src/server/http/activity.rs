//! What a connection is doing, and for how long nothing has happened on it.

use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::Patience;
use crate::sys;

/// What a connection is doing. Noting it costs no look at the clock, which requests would feel.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// What of requests is not over yet: being answered, a body that is received, an answer that is sent.
    under_way: AtomicUsize,
    /// Whether the head of the next request has begun.
    heading: AtomicBool,
    /// Counts what comes and goes.
    events: AtomicU64,
    /// Whether there is more to be sent than the client takes just now.
    stuck: AtomicBool,
    /// What the client had still to take when that was seen last.
    unsent: AtomicU64,
}

impl Activity {
    /// A request has come. It is over when this and all that was cloned from it is dropped.
    pub(super) fn request(self: &Arc<Self>) -> UnderWay {
        self.heading.store(false, Ordering::Relaxed);
        UnderWay::new(self)
    }

    fn note(&self) {
        self.events.fetch_add(1, Ordering::Relaxed);
    }

    fn received(&self) {
        let idle = self.under_way.load(Ordering::Relaxed) == 0;
        // What trickles in does not make a head come faster.
        if idle && !self.heading.swap(true, Ordering::Relaxed) {
            self.note();
        }
    }

    /// Takes note of a try to send.
    ///
    /// Between two that succeed a slow client may take a megabyte, so what the kernel still holds counts, too. It is
    /// looked at with each try, and the connection tries again whenever it is looked at.
    fn tried<T>(&self, sent: &Poll<T>, stream: impl AsFd) {
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

/// A request that is not over, or a part of one.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Activity>);

impl UnderWay {
    fn new(activity: &Arc<Activity>) -> Self {
        activity.under_way.fetch_add(1, Ordering::Relaxed);
        activity.note();
        Self(Arc::clone(activity))
    }

    /// A body that keeps the request from being over for as long as there is more of it.
    pub(super) fn until_the_end_of<B: Body>(&self, body: B) -> Lasting<B> {
        let under_way = (!body.is_end_stream()).then(|| Self::new(&self.0));
        Lasting { body, under_way }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
        self.0.note();
    }
}

/// A body that is a part of its request until it has been read, or nobody wants more of it and it is dropped.
#[derive(Debug)]
pub(super) struct Lasting<B> {
    body: B,
    under_way: Option<UnderWay>,
}

impl<B: Body<Data = Bytes> + Unpin> Body for Lasting<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let over = matches!(polled, Poll::Ready(None | Some(Err(_))));
        if over || self.body.is_end_stream() {
            self.under_way = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What was last seen of an activity, and when it was seen first.
#[derive(Debug)]
pub(super) struct Seen {
    events: u64,
    since: Instant,
}

/// What is to become of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fine,
    Idle,
    TooSlow,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self {
            events: 0,
            since: Instant::now(),
        }
    }

    /// Looks again: patience ends when nothing has happened for long enough.
    pub(super) fn look(&mut self, activity: &Activity, patience: Patience) -> Verdict {
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
        if activity.under_way.load(Ordering::Relaxed) > 0 {
            return Verdict::Fine;
        }
        match activity.heading.load(Ordering::Relaxed) {
            true if lasted >= patience.head => Verdict::TooSlow,
            false if lasted >= patience.idle => Verdict::Idle,
            _ => Verdict::Fine,
        }
    }
}

/// A stream that notes when something comes or goes.
pub(super) struct Watched<S> {
    pub(super) stream: S,
    pub(super) activity: Arc<Activity>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.received();
        }
        polled
    }
}

impl<S: AsyncWrite + AsFd + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.activity.tried(&polled, &self.stream);
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.activity.tried(&polled, &self.stream);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
