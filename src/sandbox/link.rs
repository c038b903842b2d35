//! The server's end of the socket to one supervisor.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream as StdStream;

use tokio::net::UnixStream;

use super::wire::{NOTICE, Notice};
use crate::sys;

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

    /// Sends what can be sent at once; returns how much that was, and fails when the supervisor has gone.
    pub(super) fn send_now(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.stream.try_write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            other => other,
        }
    }

    /// Sends an encoded order; fails when the supervisor has gone.
    pub(super) async fn send(&self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let sent = self.send_now(rest)?;
            rest = &rest[sent..];
            if sent == 0 {
                self.stream.writable().await?;
            }
        }
        Ok(())
    }

    /// Hands a supervisor that has nothing left to watch the terminal of the next command.
    pub(super) fn send_terminal(&self, terminal: BorrowedFd<'_>) -> nix::Result<()> {
        sys::send_with_fds(self.stream.as_fd(), [terminal])
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
