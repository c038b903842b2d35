//! Upstreams: HTTP/1.1 connections to the servers behind ports, kept for a moment between requests.

mod idle;

use std::io;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use tokio::net::TcpStream;

use super::{Error, Target};
use crate::relay::{Answered, Heard, is_bodiless};
use idle::Idle;
pub use idle::Slot;

/// An idle connection is kept for this long. Servers close theirs after five seconds or more, and one that serves a
/// single connection at a time is not held up for longer.
const KEPT: Duration = Duration::from_secs(4);
/// A request that must not be sent twice takes only a connection that was in use as recently as this.
const RECENT: Duration = Duration::from_secs(1);

/// Seconds of silence after which a server is asked whether it is still there. On this machine, the answer comes at once.
const PROBE: u32 = 60;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Connections for requests with bodies of type `B`.
pub struct Upstreams<B> {
    idle: Idle<B>,
}

impl<B> Clone for Upstreams<B> {
    fn clone(&self) -> Self {
        Self {
            idle: self.idle.clone(),
        }
    }
}

impl<B> Default for Upstreams<B> {
    fn default() -> Self {
        Self {
            idle: Idle::default(),
        }
    }
}

impl<B> Upstreams<B>
where
    B: Body<Data = Bytes> + Default + Send + Unpin + 'static,
    B::Error: Into<Failure>,
{
    /// Sends a request, in origin form and with all of its headers, and waits for the head of the answer.
    ///
    /// A kept connection may be closed by the server at the moment it is used again. Then a request that has no body,
    /// and does no more when it comes twice (RFC 9110, 9.2.2), is sent anew, on a new connection.
    pub async fn send(
        &self,
        target: &Target,
        mut request: Request<B>,
    ) -> Result<Response<Answered<Slot<B>>>, Error> {
        let method = request.method().clone();
        let replay = request.body().is_end_stream() && method.is_idempotent();
        if let Some(mut slot) = self.idle.take(target, if replay { KEPT } else { RECENT }) {
            let spare = replay.then(|| bare(&request));
            match slot.sender.try_send_request(request).await {
                Ok(response) => return Ok(answered(response, slot, &method)),
                Err(mut failure) => {
                    let unsent = failure.take_message();
                    let stale = closed_before_an_answer(failure.error());
                    request = match unsent.or(spare.filter(|_| stale)) {
                        Some(request) => request,
                        None => return Err(no_answer(target, failure.error())),
                    };
                }
            }
        }
        let mut slot = self.connect(target).await?;
        match slot.sender.try_send_request(request).await {
            Ok(response) => Ok(answered(response, slot, &method)),
            Err(failure) => Err(no_answer(target, failure.error())),
        }
    }

    async fn connect(&self, target: &Target) -> Result<Slot<B>, Error> {
        let port = target.port;
        let mut problem = None;
        for address in target.addresses.iter().flatten() {
            match TcpStream::connect(address).await {
                // When nobody listens any more, the kernel may have chosen the port itself for our end.
                Ok(stream) if stream.local_addr().is_ok_and(|own| own == *address) => {
                    problem = Some(io::ErrorKind::ConnectionRefused.into());
                }
                Ok(stream) => return self.open(target, stream).await,
                Err(error) => problem = Some(error),
            }
        }
        Err(match problem {
            Some(problem) if is_our_lack(&problem) => Error::Exhausted { problem },
            Some(problem) => Error::Connect { port, problem },
            None if target.here => Error::Elsewhere { port },
            None => Error::Namespace { port },
        })
    }

    async fn open(&self, target: &Target, stream: TcpStream) -> Result<Slot<B>, Error> {
        stream.set_nodelay(true).ok();
        // A server that has closed looks like one that has only finished speaking, until it is asked: without this, a
        // tunnel to it would last as long as its client is silent.
        setsockopt(&stream, sockopt::TcpKeepIdle, &PROBE).ok();
        setsockopt(&stream, sockopt::KeepAlive, &true).ok();
        let mut builder = http1::Builder::new();
        builder
            .allow_obsolete_multiline_headers_in_responses(true)
            .allow_spaces_after_header_name_in_responses(true)
            .max_headers(256);
        let opened = builder.handshake(TokioIo::new(Heard::new(stream))).await;
        let (sender, connection) = opened.map_err(|error| no_answer(target, &error))?;
        tokio::spawn(async move {
            // What goes wrong is told to whoever waits for an answer or reads it.
            connection.with_upgrades().await.ok();
        });
        Ok(Slot {
            sender,
            target: *target,
            idle: self.idle.clone(),
        })
    }
}

/// The same request without its body, which is empty.
fn bare<B: Default>(request: &Request<B>) -> Request<B> {
    let mut spare = Request::new(B::default());
    *spare.method_mut() = request.method().clone();
    *spare.uri_mut() = request.uri().clone();
    *spare.headers_mut() = request.headers().clone();
    spare
}

fn closed_before_an_answer(error: &hyper::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref());
    let reset = cause.is_some_and(|cause: &io::Error| {
        matches!(
            cause.kind(),
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
        )
    });
    error.is_incomplete_message() || error.is_closed() || error.is_canceled() || reset
}

/// Whether there is no connection for want of a descriptor, a local port or memory, which is not the server's fault.
fn is_our_lack(problem: &io::Error) -> bool {
    let number = problem.raw_os_error().map(Errno::from_raw);
    matches!(
        number,
        Some(
            Errno::EMFILE
                | Errno::ENFILE
                | Errno::EADDRNOTAVAIL
                | Errno::EAGAIN
                | Errno::ENOBUFS
                | Errno::ENOMEM
        )
    )
}

fn no_answer(target: &Target, error: &hyper::Error) -> Error {
    // Of what is sent, only the body can fail by itself.
    if error.is_user()
        && let Some(cause) = std::error::Error::source(error)
    {
        return Error::Request {
            problem: all_of(cause),
        };
    }
    Error::Answer {
        port: target.port,
        problem: all_of(error),
    }
}

/// What an error says, and then what each that caused it does.
fn all_of(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let mut words: Vec<String> = chain.map(ToString::to_string).collect();
    words.dedup();
    words.join(": ")
}

fn answered<B: Send + 'static>(
    response: Response<Incoming>,
    slot: Slot<B>,
    method: &Method,
) -> Response<Answered<Slot<B>>> {
    let usable = response.status() != StatusCode::SWITCHING_PROTOCOLS
        && (is_bodiless(&response, method) || has_an_end(response.headers()));
    Answered::new(response, usable.then_some(slot), method)
}

/// Whether a body ends by itself and not with its connection (RFC 9112, 6.3).
fn has_an_end(headers: &HeaderMap) -> bool {
    let Some(codings) = headers.get_all(TRANSFER_ENCODING).iter().next_back() else {
        return headers.contains_key(CONTENT_LENGTH);
    };
    let last = codings.as_bytes().rsplit(|byte| *byte == b',').next();
    last.is_some_and(|last| last.trim_ascii().eq_ignore_ascii_case(b"chunked"))
}

#[cfg(test)]
mod tests;
