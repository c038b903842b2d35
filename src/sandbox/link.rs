//! The server's end of the socket to one supervisor.

use std::io;
use std::os::unix::net::UnixStream as StdStream;

use tokio::net::UnixStream;

use super::wire::{NOTICE, Notice, Order};

/// Orders go out, notices come in.
#[derive(Debug)]
pub(super) struct Link {
    stream: UnixStream,
    received: [u8; NOTICE * 4],
    start: usize,
    end: usize,
}

impl Link {
    /// Both ends: ours, and the one for the supervisor.
    pub(super) fn pair() -> io::Result<(Self, StdStream)> {
        let (ours, theirs) = StdStream::pair()?;
        ours.set_nonblocking(true)?;
        let stream = UnixStream::from_std(ours)?;
        Ok((
            Self {
                stream,
                received: [0; NOTICE * 4],
                start: 0,
                end: 0,
            },
            theirs,
        ))
    }

    /// Sends an order; fails when the supervisor has gone.
    pub(super) async fn send(&self, order: &Order) -> io::Result<()> {
        let bytes = order.encode();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            match self.stream.try_write(rest) {
                Ok(n) => rest = &rest[n..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stream.writable().await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The next notice; none when the supervisor has gone. Loses nothing when dropped half-way.
    pub(super) async fn next(&mut self) -> Option<Notice> {
        loop {
            if let Some(bytes) = self.received[self.start..self.end].first_chunk::<NOTICE>() {
                let notice = Notice::decode(bytes);
                self.start += NOTICE;
                return notice;
            }
            self.received.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            match self.stream.try_read(&mut self.received[self.end..]) {
                Ok(0) => return None,
                Ok(n) => self.end += n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stream.readable().await.ok()?;
                }
                Err(_) => return None,
            }
        }
    }
}
