//! Connections to one workspace: HTTP/1.1 over socket pairs, kept between requests.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use super::running::Use;

/// Bytes of an answer's head at most.
const HEAD: usize = 128 * 1024;
/// Kept at most.
const MOST: usize = 64;

/// The idle ones.
#[derive(Default)]
pub(super) struct Idle(Mutex<Vec<SendRequest<Body>>>);

impl Idle {
    fn take(&self) -> Option<SendRequest<Body>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(sender) = waiting.pop() {
            if !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }

    fn keep(&self, sender: SendRequest<Body>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST && !sender.is_closed() {
            waiting.push(sender);
        }
    }

    /// Closes all.
    pub(super) fn clear(&self) {
        let closed = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        drop(closed);
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failed {
    /// There is no connection.
    Connection(String),
    /// There are as many requests as there may be.
    Full,
    /// The request or its answer broke off.
    Request(hyper::Error),
}

/// Sends a request and waits for the head of its answer; the answer's body holds the visit.
///
/// A kept connection may have ended with its workspace: what was not sent yet goes over another.
pub(super) async fn send(
    visit: Use,
    mut request: Request<Body>,
) -> Result<Response<Served>, Failed> {
    let head = request.method() == Method::HEAD;
    if visit.workspace().is_full() {
        return Err(Failed::Full);
    }
    while let Some(mut sender) = visit.idle().take() {
        if sender.ready().await.is_err() {
            continue;
        }
        match sender.try_send_request(request).await {
            Ok(response) => return Ok(served(response, visit, sender, head)),
            Err(mut failure) => match failure.take_message() {
                Some(unsent) => request = unsent,
                None => return Err(Failed::Request(failure.into_error())),
            },
        }
    }
    let lost = |error: &dyn std::fmt::Display| Failed::Connection(error.to_string());
    let stream = visit.connect().await.map_err(|error| lost(&error))?;
    let mut sender = open(stream).await.map_err(|error| lost(&error))?;
    match sender.send_request(request).await {
        Ok(response) => Ok(served(response, visit, sender, head)),
        Err(error) => Err(Failed::Request(error)),
    }
}

async fn open(stream: UnixStream) -> hyper::Result<SendRequest<Body>> {
    let mut builder = http1::Builder::new();
    // As many and as large as our own server lets in, or gives back.
    builder.max_headers(512).max_buf_size(HEAD);
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        // What goes wrong is told to whoever waits for an answer or reads it.
        connection.with_upgrades().await.ok();
    });
    Ok(sender)
}

fn served(
    response: Response<Incoming>,
    visit: Use,
    sender: SendRequest<Body>,
    head: bool,
) -> Response<Served> {
    let status = response.status();
    let upgraded = status == StatusCode::SWITCHING_PROTOCOLS;
    let bodiless = head || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    response.map(|body| Served {
        body,
        connection: (!upgraded).then_some(sender),
        visit: Arc::new(visit),
        ended: false,
        bodiless,
    })
}

/// The body of an answer. When it has been read to its end, its connection serves the next request.
pub(super) struct Served {
    body: Incoming,
    connection: Option<SendRequest<Body>>,
    visit: Arc<Use>,
    ended: bool,
    /// It has none, whatever length its headers tell.
    bodiless: bool,
}

impl Served {
    /// What keeps the workspace in use, for who has more to do there than to read this.
    pub(super) fn visit(&self) -> Arc<Use> {
        Arc::clone(&self.visit)
    }
}

impl hyper::body::Body for Served {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
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

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(sender) = self.connection.take()
            && (self.ended || hyper::body::Body::is_end_stream(&self.body))
        {
            self.visit.idle().keep(sender);
        }
    }
}
