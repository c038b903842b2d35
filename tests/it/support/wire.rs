//! A request sent and an answer read piece by piece, for bodies that are streamed and clients that leave midway.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::Server;

/// A request on a connection of its own, of which the head is sent.
///
/// Dropping it, or the [`Incoming`] made from it, closes the connection as a client does that leaves.
pub(crate) struct Wire {
    stream: TcpStream,
}

impl Wire {
    /// Sends the head of a request with the key; a wait for the answer ends after 40 s.
    pub(crate) fn open(
        server: &Server,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port)).expect("the server listens");
        let mut wire = Self { stream };
        wire.patience(Duration::from_secs(40));
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {}\r\n",
            server.key
        );
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        wire.send((head + "\r\n").as_bytes())
            .expect("the connection is open");
        wire
    }

    /// Sends a request with a JSON body.
    pub(crate) fn json(server: &Server, target: &str, body: &serde_json::Value) -> Self {
        let body = body.to_string();
        let length = body.len().to_string();
        let headers = [
            ("content-type", "application/json"),
            ("content-length", length.as_str()),
        ];
        let mut wire = Self::open(server, "POST", target, &headers);
        wire.send(body.as_bytes()).expect("the connection is open");
        wire
    }

    /// Sets how long reading and sending wait before they fail.
    pub(crate) fn patience(&mut self, limit: Duration) {
        for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
            set(&self.stream, Some(limit)).expect("a timeout can be set");
        }
    }

    /// Sends a piece of the body.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Reads the head of the answer.
    pub(crate) fn answer(self) -> io::Result<Incoming> {
        let mut reader = BufReader::new(self.stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let mut incoming = Incoming {
            reader,
            head,
            rest: 0,
            chunked: false,
        };
        incoming.chunked = incoming.header("transfer-encoding").is_some();
        incoming.rest = match incoming.header("content-length") {
            Some(length) => length.parse().expect("a length is a number"),
            None => 0,
        };
        Ok(incoming)
    }
}

/// An answer whose body is still to be read, by [`Read`]; it ends early with an error when it was cut off.
pub(crate) struct Incoming {
    reader: BufReader<TcpStream>,
    head: String,
    /// What is left of the body, or of its present chunk.
    rest: u64,
    /// Whether more chunks may follow.
    chunked: bool,
}

impl Incoming {
    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        let word = self.head.split(' ').nth(1).expect("there is a status line");
        word.parse().expect("a status is a number")
    }

    /// The first line.
    pub(crate) fn status_line(&self) -> &str {
        self.head.lines().next().expect("there is a status line")
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(found.1.trim())
    }

    /// Another handle of the connection, by which it can be closed while somebody reads.
    pub(crate) fn handle(&self) -> TcpStream {
        let handle = self.reader.get_ref().try_clone();
        handle.expect("a descriptor can be doubled")
    }

    /// What comes after the head as it is, without regard to lengths and chunks.
    pub(crate) fn reader(&mut self) -> &mut BufReader<TcpStream> {
        &mut self.reader
    }

    /// Reads the rest of the body, counting and not keeping it.
    pub(crate) fn drain(&mut self) -> io::Result<u64> {
        io::copy(self, &mut io::sink())
    }

    /// Reads so much of the body, or all when it is shorter.
    pub(crate) fn first(&mut self, most: u64) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        self.take(most).read_to_end(&mut body)?;
        Ok(body)
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        let size = line.trim_end().split(';').next().unwrap_or_default();
        self.rest = u64::from_str_radix(size, 16)
            .map_err(|_| io::Error::new(io::ErrorKind::UnexpectedEof, "the body was cut off"))?;
        if self.rest == 0 {
            self.chunked = false;
            self.reader.read_line(&mut line)?;
        }
        Ok(())
    }
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest == 0 && self.chunked {
            self.next_chunk()?;
        }
        if self.rest == 0 {
            return Ok(0);
        }
        let most = buffer
            .len()
            .min(usize::try_from(self.rest).unwrap_or(usize::MAX));
        let count = self.reader.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.rest -= count as u64;
        if self.rest == 0 && self.chunked {
            let mut end = [0; 2];
            self.reader.read_exact(&mut end)?;
        }
        Ok(count)
    }
}
