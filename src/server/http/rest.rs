//! What is left of a request's body when it has been answered without.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::timeout;

/// Bytes of it that are read, so that the connection can serve the next request.
const MOST: usize = 64 * 1024;
/// How long they are waited for. The end of a body in chunks often comes by itself, behind the rest.
const PATIENCE: Duration = Duration::from_millis(20);

/// A body that is put aside when nobody wants more of it.
pub(super) struct Lent<B: Body> {
    body: Option<B>,
    rest: Arc<Mutex<Option<B>>>,
}

/// What was put aside.
pub(super) struct Rest<B>(Arc<Mutex<Option<B>>>);

/// Lends a body to whoever answers the request.
pub(super) fn lend<B: Body>(body: B) -> (Lent<B>, Rest<B>) {
    let rest = Arc::new(Mutex::new(None));
    let lent = Lent {
        body: Some(body),
        rest: Arc::clone(&rest),
    };
    (lent, Rest(rest))
}

impl<B: Body<Data = Bytes> + Unpin> Rest<B> {
    /// Reads what is left, if that is little and comes soon. Without, the connection has to be closed behind the answer,
    /// which is told to the client (RFC 9112, 9.6).
    pub(super) async fn read(self) -> bool {
        let left = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match left {
            None => true,
            Some(body) => timeout(PATIENCE, ends(body)).await.unwrap_or(false),
        }
    }

    /// Whether nothing is left, without reading.
    pub(super) fn is_empty(&self) -> bool {
        let left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        left.is_none()
    }
}

async fn ends<B: Body<Data = Bytes> + Unpin>(mut body: B) -> bool {
    let mut read = 0;
    while !body.is_end_stream() {
        match std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            None => return true,
            Some(Ok(frame)) => read += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) => return false,
        }
        if read > MOST {
            return false;
        }
    }
    true
}

impl<B: Body<Data = Bytes> + Unpin> Body for Lent<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body.as_ref();
        body.map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B: Body> Drop for Lent<B> {
    fn drop(&mut self) {
        let left = self.body.take().filter(|body| !body.is_end_stream());
        *self.rest.lock().unwrap_or_else(PoisonError::into_inner) = left;
    }
}
