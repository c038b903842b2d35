//! Connections to one workspace: HTTP/1.1 over socket pairs, kept between requests.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use super::running::Use;
use crate::relay::{Answered, Connection, Heard};

/// Bytes of an answer's head at most.
const HEAD: usize = 128 * 1024;
/// Kept at most.
const MOST: usize = 64;

/// The body of an answer.
pub(super) type Served = Answered<Visit>;

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
    let method = request.method().clone();
    if visit.workspace().is_full() {
        return Err(Failed::Full);
    }
    while let Some(mut sender) = visit.idle().take() {
        if sender.ready().await.is_err() {
            continue;
        }
        match sender.try_send_request(request).await {
            Ok(response) => return Ok(served(response, visit, sender, &method)),
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
        Ok(response) => Ok(served(response, visit, sender, &method)),
        Err(error) => Err(Failed::Request(error)),
    }
}

async fn open(stream: UnixStream) -> hyper::Result<SendRequest<Body>> {
    let mut builder = http1::Builder::new();
    // As many and as large as our own server lets in, or gives back.
    builder.max_headers(512).max_buf_size(HEAD);
    let (sender, connection) = builder.handshake(TokioIo::new(Heard::new(stream))).await?;
    tokio::spawn(async move {
        // What goes wrong is told to whoever waits for an answer or reads it.
        connection.with_upgrades().await.ok();
    });
    Ok(sender)
}

/// A connection in use, and the visit for which it is.
///
/// It outlives its answer where more is done there than to read that one.
pub(super) struct Visit {
    visit: Arc<Use>,
    /// None when it serves no more requests.
    sender: Option<SendRequest<Body>>,
}

impl Visit {
    /// What keeps the workspace in use.
    pub(super) fn hold(&self) -> Arc<Use> {
        Arc::clone(&self.visit)
    }
}

impl Connection for Visit {
    fn keep(self) {
        if let Some(sender) = self.sender {
            self.visit.idle().keep(sender);
        }
    }
}

fn served(
    response: Response<Incoming>,
    visit: Use,
    sender: SendRequest<Body>,
    method: &Method,
) -> Response<Served> {
    let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let connection = Visit {
        visit: Arc::new(visit),
        sender: (!upgraded).then_some(sender),
    };
    Answered::new(response, Some(connection), method)
}
