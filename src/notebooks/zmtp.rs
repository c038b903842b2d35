//! A ZMTP socket: the client's end of one `ZeroMQ` connection (ZMTP 3.0, RFC 23, NULL mechanism).
//!
//! A kernel has one client, so what a `ZeroMQ` library is for (many peers, queues, reconnection) is not needed: one
//! stream, greeted once, on which messages of frames go both ways.

use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// The largest message taken, in bytes; a larger one is passed over.
pub(super) const LARGEST: u64 = 96 << 20;
/// Frames of one message at most.
const MOST_FRAMES: usize = 10_000;
/// Bytes of room for what comes, when nothing large does.
const ROOM: usize = 16 << 10;
/// How long the kernel may take to take a request from the socket.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest command taken, in bytes.
const LONGEST_COMMAND: u64 = 64 << 10;

const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// What a socket is to its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Sends requests and gets replies.
    Dealer,
    /// Gets everything that is published.
    Subscriber,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// A whole message.
    Message(Vec<Bytes>),
    /// A message that was too large, and is lost.
    TooLarge,
}

/// Where a kernel listens.
#[derive(Clone, Debug)]
pub(super) enum Address<'a> {
    /// A Unix socket.
    Unix(&'a Path),
    /// A port of 127.0.0.1.
    Loopback(u16),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// One connection.
pub(super) struct Socket {
    stream: Box<dyn Stream>,
    incoming: BytesMut,
    frames: Vec<Bytes>,
    /// Bytes of the message so far.
    size: u64,
    /// Bytes of a frame that are passed over.
    skip: u64,
    /// Whether the message is passed over.
    skipping: bool,
    /// Whether the message ends with the frame that is passed over.
    last: bool,
}

impl Socket {
    /// Connects and greets; fails like connect(2) while nobody listens yet.
    pub(super) async fn connect(address: Address<'_>, role: Role) -> io::Result<Self> {
        let stream: Box<dyn Stream> = match address {
            Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
            Address::Loopback(port) => {
                let stream = TcpStream::connect(("127.0.0.1", port)).await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
        };
        Self::greet(stream, role).await
    }

    async fn greet(stream: Box<dyn Stream>, role: Role) -> io::Result<Self> {
        let mut socket = Self {
            stream,
            incoming: BytesMut::with_capacity(ROOM),
            frames: Vec::new(),
            size: 0,
            skip: 0,
            skipping: false,
            last: false,
        };
        let mut greeting = [0; 64];
        greeting[0] = 0xFF;
        greeting[9] = 0x7F;
        greeting[10] = 3;
        greeting[12..16].copy_from_slice(b"NULL");
        let kind: &[u8] = match role {
            Role::Dealer => b"DEALER",
            Role::Subscriber => b"SUB",
        };
        let mut opening = greeting.to_vec();
        opening.extend(ready(kind));
        socket.stream.write_all(&opening).await?;
        while socket.incoming.len() < greeting.len() {
            socket.fill().await?;
        }
        let theirs = socket.incoming.split_to(greeting.len());
        if theirs[0] != 0xFF
            || theirs[9] != 0x7F
            || theirs[10] < 3
            || !theirs[12..].starts_with(b"NULL\0")
        {
            return Err(broken(
                "what answers there does not speak ZMTP 3 without encryption",
            ));
        }
        loop {
            match socket.parse()? {
                Some(Parsed::Command(command)) if command.starts_with(b"\x05READY") => break,
                Some(Parsed::Command(command)) if command.starts_with(b"\x05ERROR") => {
                    return Err(broken("the kernel refuses the connection"));
                }
                Some(_) => return Err(broken("the kernel does not greet")),
                None => socket.fill().await?,
            }
        }
        if role == Role::Subscriber {
            // A message of the byte 1 and a prefix subscribes to what begins so: to everything.
            socket.send(&[vec![1]]).await?;
        }
        Ok(socket)
    }

    /// Sends a message.
    pub(super) async fn send(&mut self, frames: &[Vec<u8>]) -> io::Result<()> {
        let mut out = Vec::with_capacity(frames.iter().map(|frame| frame.len() + 9).sum());
        for (at, frame) in frames.iter().enumerate() {
            let more = if at + 1 < frames.len() { MORE } else { 0 };
            put_frame(&mut out, more, frame);
        }
        let sent = timeout(PATIENCE, self.stream.write_all(&out)).await;
        sent.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    /// Waits for the next message. Loses nothing when dropped half-way.
    pub(super) async fn receive(&mut self) -> io::Result<Incoming> {
        loop {
            match self.parse()? {
                Some(Parsed::Message(message)) => return Ok(Incoming::Message(message)),
                Some(Parsed::TooLarge) => return Ok(Incoming::TooLarge),
                Some(Parsed::Command(_)) => {}
                None => self.fill().await?,
            }
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.incoming).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Takes from what has come: a message that is whole now, or a command; none when more is needed.
    fn parse(&mut self) -> io::Result<Option<Parsed>> {
        loop {
            if self.skip > 0 {
                let here = usize::try_from(self.skip)
                    .unwrap_or(usize::MAX)
                    .min(self.incoming.len());
                self.incoming.advance(here);
                self.skip -= here as u64;
                if self.skip > 0 {
                    return Ok(None);
                }
                if self.last {
                    self.skipping = false;
                    return Ok(Some(Parsed::TooLarge));
                }
            }
            let Some((flags, header, size)) = frame_header(&self.incoming)? else {
                return Ok(None);
            };
            if flags & COMMAND != 0 && size > LONGEST_COMMAND {
                return Err(broken("a command that is too long"));
            }
            if flags & COMMAND == 0
                && (self.skipping
                    || self.size.saturating_add(size) > LARGEST
                    || self.frames.len() >= MOST_FRAMES)
            {
                self.incoming.advance(header);
                self.frames.clear();
                self.size = 0;
                (self.skipping, self.skip, self.last) = (true, size, flags & MORE == 0);
                if size == 0 && self.last {
                    self.skipping = false;
                    return Ok(Some(Parsed::TooLarge));
                }
                continue;
            }
            let size = usize::try_from(size).map_err(|_| broken("a frame that is too long"))?;
            if self.incoming.len() < header + size {
                self.incoming.reserve(header + size - self.incoming.len());
                return Ok(None);
            }
            self.incoming.advance(header);
            let frame = self.incoming.split_to(size).freeze();
            if flags & COMMAND != 0 {
                return Ok(Some(Parsed::Command(frame)));
            }
            self.size += size as u64;
            self.frames.push(frame);
            if flags & MORE == 0 {
                self.size = 0;
                if self.incoming.is_empty() && self.incoming.capacity() > ROOM {
                    // A large message has made it large; it goes with that.
                    self.incoming = BytesMut::with_capacity(ROOM);
                }
                return Ok(Some(Parsed::Message(std::mem::take(&mut self.frames))));
            }
        }
    }
}

enum Parsed {
    Message(Vec<Bytes>),
    TooLarge,
    Command(Bytes),
}

/// The flags of the frame that begins here, the length of its header, and that of its body.
fn frame_header(bytes: &[u8]) -> io::Result<Option<(u8, usize, u64)>> {
    let Some(&flags) = bytes.first() else {
        return Ok(None);
    };
    if flags & !(MORE | LONG | COMMAND) != 0 {
        return Err(broken("a frame with unknown flags"));
    }
    Ok(if flags & LONG == 0 {
        bytes.get(1).map(|size| (flags, 2, u64::from(*size)))
    } else {
        let size = bytes.get(1..9).and_then(|size| size.try_into().ok());
        size.map(|size| (flags, 9, u64::from_be_bytes(size)))
    })
}

fn put_frame(out: &mut Vec<u8>, flags: u8, body: &[u8]) {
    if let Ok(size) = u8::try_from(body.len()) {
        out.extend([flags, size]);
    } else {
        out.push(flags | LONG);
        out.extend((body.len() as u64).to_be_bytes());
    }
    out.extend_from_slice(body);
}

/// The command that ends the greeting: what kind of socket this is.
fn ready(kind: &[u8]) -> Vec<u8> {
    let mut body = b"\x05READY".to_vec();
    for (name, value) in [(&b"Socket-Type"[..], kind), (b"Identity", b"")] {
        body.push(u8::try_from(name.len()).expect("both names are short"));
        body.extend_from_slice(name);
        body.extend(
            u32::try_from(value.len())
                .expect("both values are short")
                .to_be_bytes(),
        );
        body.extend_from_slice(value);
    }
    let mut frame = Vec::new();
    put_frame(&mut frame, COMMAND, &body);
    frame
}

fn broken(problem: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests;
