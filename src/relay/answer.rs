//! The body of a forwarded answer: read to its end, its connection serves the next request.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::{Method, Response, StatusCode};

/// What is held while an answer is read over it.
pub trait Connection {
    /// Has it serve the next request. It is dropped instead when its answer was not read to the end.
    fn keep(self);
}

/// An answer that comes over a connection of the kind `C`.
pub struct Answered<C: Connection> {
    body: Incoming,
    connection: Option<C>,
    /// Whether the end has been seen: a body in chunks does not know it beforehand.
    ended: bool,
    /// It has none, whatever length its headers tell.
    bodiless: bool,
}

impl<C: Connection> Answered<C> {
    /// The answer to a request with `method`. With no connection, that one serves nobody else.
    pub fn new(
        response: Response<Incoming>,
        connection: Option<C>,
        method: &Method,
    ) -> Response<Self> {
        let bodiless = is_bodiless(&response, method);
        response.map(|body| Self {
            body,
            connection,
            ended: false,
            bodiless,
        })
    }

    /// What it comes over.
    pub fn connection(&self) -> Option<&C> {
        self.connection.as_ref()
    }
}

/// Whether an answer ends with its head (RFC 9112, 6.3).
pub fn is_bodiless(response: &Response<Incoming>, method: &Method) -> bool {
    let status = response.status();
    *method == Method::HEAD || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

impl<C: Connection + Unpin> Body for Answered<C> {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        // Behind trailers, nobody asks for more.
        self.ended |= match &polled {
            Poll::Ready(Some(Ok(frame))) => frame.is_trailers(),
            Poll::Ready(None) => true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => false,
        };
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // A length of zero would be told as the length of what HEAD or a 304 speaks of.
        if self.bodiless {
            return SizeHint::default();
        }
        self.body.size_hint()
    }
}

impl<C: Connection> Drop for Answered<C> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && (self.ended || self.body.is_end_stream())
        {
            connection.keep();
        }
    }
}
