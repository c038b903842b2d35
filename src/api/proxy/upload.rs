//! An upload: the body of a request on its way to the server behind a port, and how far it has come.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as _, Frame, SizeHint};

const OFFERED: u8 = 0;
const AWAITED: u8 = 1;
const PASSED_ON: u8 = 2;

/// The body of a request, which counts its pieces.
#[derive(Default)]
pub(super) struct Upload {
    body: Body,
    course: Option<Arc<Course>>,
}

#[derive(Default)]
struct Course {
    pieces: AtomicU64,
    stand: AtomicU8,
}

/// How far an upload has come.
pub(super) struct Progress(Option<Arc<Course>>);

/// Whose turn it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// The server behind the port has not taken what there is.
    Offered,
    /// The client has not sent what comes next.
    Awaited,
    /// All of it has been passed on.
    PassedOn,
}

impl Upload {
    /// Wraps a body.
    pub(super) fn new(body: Body) -> (Self, Progress) {
        // Most requests have none, and nothing to count.
        let course = (!body.is_end_stream()).then(Arc::default);
        let progress = Progress(course.clone());
        (Self { body, course }, progress)
    }
}

impl Progress {
    /// Pieces that have gone by.
    pub(super) fn so_far(&self) -> u64 {
        let course = self.0.as_ref();
        course.map_or(0, |course| course.pieces.load(Ordering::Relaxed))
    }

    /// Whose turn it is.
    pub(super) fn stand(&self) -> Stand {
        let course = self.0.as_ref();
        match course.map(|course| course.stand.load(Ordering::Relaxed)) {
            Some(OFFERED) => Stand::Offered,
            Some(AWAITED) => Stand::Awaited,
            _ => Stand::PassedOn,
        }
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
        if let Some(course) = &self.course {
            let stand = match &polled {
                Poll::Pending => AWAITED,
                // Nobody asks for more behind the last piece of a known length, or behind trailers.
                Poll::Ready(Some(Ok(frame))) if frame.is_data() && !self.body.is_end_stream() => {
                    OFFERED
                }
                Poll::Ready(_) => PASSED_ON,
            };
            course.stand.store(stand, Ordering::Relaxed);
            if polled.is_ready() {
                course.pieces.fetch_add(1, Ordering::Relaxed);
            }
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

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::BodyExt;

    use super::*;

    /// How things stand after each of three looks at a body.
    async fn stands(body: Body) -> [Stand; 3] {
        let (mut upload, progress) = Upload::new(body);
        let before = progress.stand();
        let mut look = async || {
            tokio::select! {
                biased;
                _ = upload.frame() => {}
                () = std::future::ready(()) => {}
            }
            progress.stand()
        };
        [before, look().await, look().await]
    }

    #[tokio::test]
    async fn it_is_known_whose_turn_it_is() {
        use Stand::{Awaited, Offered, PassedOn};
        let piece = || stream::iter([Ok::<_, std::convert::Infallible>("piece")]);
        let known = stands(Body::from("all of it")).await;
        assert_eq!(known, [Offered, PassedOn, PassedOn]);
        let ends = stands(Body::from_stream(piece())).await;
        assert_eq!(ends, [Offered, Offered, PassedOn]);
        let stops = stream::StreamExt::chain(piece(), stream::pending());
        let stops = stands(Body::from_stream(stops)).await;
        assert_eq!(stops, [Offered, Offered, Awaited]);
        assert_eq!(Upload::new(Body::empty()).1.stand(), PassedOn);
    }
}
