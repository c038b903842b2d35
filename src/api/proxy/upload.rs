//! An upload: the body of a request on its way to the server behind a port, and how far it has come.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as _, Frame, SizeHint};

/// The body of a request, which counts its pieces.
#[derive(Default)]
pub(super) struct Upload {
    body: Body,
    moved: Option<Arc<AtomicU64>>,
}

/// How far an upload has come.
pub(super) struct Progress(Option<Arc<AtomicU64>>);

impl Upload {
    /// Wraps a body.
    pub(super) fn new(body: Body) -> (Self, Progress) {
        // Most requests have none, and nothing to count.
        let moved = (!body.is_end_stream()).then(Arc::default);
        let progress = Progress(moved.clone());
        (Self { body, moved }, progress)
    }
}

impl Progress {
    /// Pieces that have gone by.
    pub(super) fn so_far(&self) -> u64 {
        let moved = self.0.as_ref();
        moved.map_or(0, |moved| moved.load(Ordering::Relaxed))
    }
}

impl hyper::body::Body for Upload {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_ready()
            && let Some(moved) = &self.moved
        {
            moved.fetch_add(1, Ordering::Relaxed);
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
