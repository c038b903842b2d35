//! HTTP by hand, for what a client library would not send.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::Server;

/// A connection to a server, kept open between requests.
pub(crate) struct Connection {
    stream: TcpStream,
}

impl Connection {
    /// Opens one; reads from it give up after 40 s.
    pub(crate) fn open(server: &Server) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port)).expect("the server listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(40)))
            .expect("a timeout can be set");
        Self { stream }
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends `GET path` and reads the answer.
    pub(crate) fn get(&mut self, path: &str) -> Message {
        self.request(&format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"))
    }

    /// Sends a whole request and reads the answer.
    pub(crate) fn request(&mut self, text: &str) -> Message {
        self.send(text.as_bytes()).expect("the connection is open");
        self.answer().expect("an answer comes")
    }

    /// Reads one answer with a `content-length`, or none when the connection was closed.
    pub(crate) fn answer(&mut self) -> Option<Message> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if self.stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            head.extend(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let length =
            header(&head, "content-length").map_or(0, |n| n.parse().expect("a length is a number"));
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        Some(Message {
            head,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    /// Reads until the server closes; false when it does not within `limit`.
    pub(crate) fn closes_within(&mut self, limit: Duration) -> bool {
        self.stream
            .set_read_timeout(Some(limit))
            .expect("a timeout can be set");
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => true,
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }
}

/// An answer read by hand.
#[derive(Debug)]
pub(crate) struct Message {
    /// The status line and the headers.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: String,
}

impl Message {
    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        let word = self
            .head
            .split(' ')
            .nth(1)
            .expect("a status line has a status");
        word.parse().expect("a status is a number")
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_owned())
}
