//! The line to a client: a WebSocket with one message at a time on its way out.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::time::{Instant, timeout};

/// The largest message a client may send, in bytes: a paste is one.
const LARGEST: usize = 16 << 20;
/// Kept for each connection as long as it lasts, in bytes.
const READ_BUFFER: usize = 1024;
/// What may wait to be written, in bytes: a message, and answers to the pings of a client that reads nothing.
const WRITE_BUFFER: usize = 256 * 1024;
/// Waits for the other side to close as well.
const LINGER: Duration = Duration::from_secs(2);

/// A close frame: the code, and the reason in words, which may have 123 bytes.
pub(super) type Farewell = (u16, &'static str);

/// What came from the client.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message, or a sign of life.
    Message(Message),
    /// It has closed the connection, or the connection is lost.
    Gone,
    /// It breaks the protocol; the line is to be closed with this.
    Broken(Farewell),
}

/// What became of a message on its way out.
#[derive(Debug)]
pub(super) enum Sent {
    /// The kernel took it.
    AtOnce,
    /// The kernel took it once the client had taken something.
    Late,
    /// It cannot be sent.
    Failed,
}

/// A connection to a client.
#[derive(Debug)]
pub(super) struct Line {
    socket: WebSocket,
    /// Since when the last message is on its way; none when the kernel has all of it.
    sending: Option<Instant>,
    /// Whether it had to wait.
    waited: bool,
}

/// An upgrade with the bounds of all lines.
pub(super) fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER)
        .max_message_size(LARGEST)
        .max_frame_size(LARGEST)
}

impl Line {
    pub(super) fn new(socket: WebSocket) -> Self {
        Self {
            socket,
            sending: None,
            waited: false,
        }
    }

    /// Since when the last message is on its way; none when there is none.
    pub(super) fn sending(&self) -> Option<Instant> {
        self.sending
    }

    /// Sends a message on its way. Only when there is none.
    pub(super) fn put(&mut self, message: Message) -> Result<(), axum::Error> {
        debug_assert!(self.sending.is_none(), "one message at a time");
        self.sending = Some(Instant::now());
        // What was sent before is out, so the socket is ready.
        Pin::new(&mut self.socket).start_send(message)
    }

    /// Ready when the message is out. Pending also when there is none.
    pub(super) fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<Sent> {
        if self.sending.is_none() {
            return Poll::Pending;
        }
        let Poll::Ready(sent) = Pin::new(&mut self.socket).poll_flush(cx) else {
            self.waited = true;
            return Poll::Pending;
        };
        self.sending = None;
        Poll::Ready(match (sent, std::mem::take(&mut self.waited)) {
            (Ok(()), false) => Sent::AtOnce,
            (Ok(()), true) => Sent::Late,
            (Err(_), _) => Sent::Failed,
        })
    }

    /// Ready when something came from the client.
    pub(super) fn poll_heard(&mut self, cx: &mut Context<'_>) -> Poll<Heard> {
        let next = ready!(Pin::new(&mut self.socket).poll_next(cx));
        Poll::Ready(match next {
            None | Some(Ok(Message::Close(_))) => Heard::Gone,
            Some(Ok(message)) => Heard::Message(message),
            Some(Err(error)) => fault(&error.to_string()).map_or(Heard::Gone, Heard::Broken),
        })
    }

    /// What comes next from the client.
    pub(super) async fn heard(&mut self) -> Heard {
        std::future::poll_fn(|cx| self.poll_heard(cx)).await
    }

    /// Sends what is still on its way, then `last`, then closes; gives up after `patience`.
    pub(super) async fn close(&mut self, last: Option<String>, why: Farewell, patience: Duration) {
        let (code, reason) = why;
        let closing = async {
            if let Some(last) = last {
                self.socket.send(Message::Text(last.into())).await?;
            }
            let reason = Utf8Bytes::from_static(reason);
            let frame = CloseFrame { code, reason };
            self.socket.send(Message::Close(Some(frame))).await
        };
        // Who is gone cannot be told.
        timeout(patience, closing).await.ok();
    }

    /// Waits a moment for the client to close as well: with unread bytes of its left, the connection
    /// would be reset, and the client might lose the last of what it was sent.
    pub(super) async fn linger(mut self) {
        let closed = async { while let Some(Ok(_)) = self.socket.next().await {} };
        timeout(LINGER, closed).await.ok();
    }

    /// Answers the client that has closed; gives up after `patience`.
    pub(super) async fn hang_up(mut self, patience: Duration) {
        // The answer is in the socket and only has to be written.
        timeout(patience, self.socket.flush()).await.ok();
    }
}

/// How to close after an error of the protocol; none when the connection is lost.
///
/// The errors are those of a crate below axum, which passes on no more than their words.
fn fault(error: &str) -> Option<Farewell> {
    // A connection that breaks off is told of in the same words.
    if error.ends_with("without closing handshake") {
        return None;
    }
    if error.starts_with("Space limit exceeded") {
        return Some((1009, "a message may have 16 MiB at most"));
    }
    if error.starts_with("UTF-8") {
        return Some((1007, "a text frame must be UTF-8"));
    }
    error
        .starts_with("WebSocket protocol error")
        .then_some((1002, "this breaks the WebSocket protocol"))
}
