//! The control socket between the server and a workspace: connections one way, words the other.
//!
//! It keeps messages apart (unix(7), `SOCK_SEQPACKET`), and its end is the end of whoever was there.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::socket::{
    AddressFamily, MsgFlags, Shutdown, SockFlag, SockType, recv, send, shutdown, socketpair,
};
use serde::{Deserialize, Serialize};
use tokio::io::unix::AsyncFd;
use tokio::task::coop::consume_budget;

use super::Handover;
use crate::sys;
use crate::walls::Wall;

/// Longest word, in bytes.
const LONGEST: usize = 16 * 1024;

/// What a workspace says to its server.
#[derive(Debug, Serialize, Deserialize)]
pub enum Said {
    /// It lives on in a process of this number, and the one that was started ends.
    Lives(i32),
    /// It serves requests, behind these walls.
    Ready(Vec<Wall>),
    /// It cannot be what it was told to be: why.
    Failed(String),
    /// It has run nothing for as long as the handover says.
    Idle,
}

/// A workspace's end of the control socket, before there is a runtime.
#[derive(Debug)]
pub struct Control(OwnedFd);

impl Control {
    /// Both ends: the server's, and the workspace's.
    pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
        Ok(socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )?)
    }

    /// The end that a workspace is started with.
    pub fn new(socket: OwnedFd) -> Self {
        Self(socket)
    }

    /// Waits for the handover.
    pub fn handover(&self) -> io::Result<Handover> {
        let [file] = sys::receive_with_fds(self.0.as_fd())?
            .ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        Ok(serde_json::from_reader(io::BufReader::new(
            std::fs::File::from(file),
        ))?)
    }

    /// Says something; that the server has gone is noticed when it is listened to.
    pub fn say(&self, word: &Said) {
        if let Ok(bytes) = serde_json::to_vec(word) {
            send(self.0.as_raw_fd(), &bytes, MsgFlags::MSG_NOSIGNAL).ok();
        }
    }

    /// The same socket for a runtime that waits for connections on it.
    pub fn listen(&self) -> io::Result<Connections> {
        let socket = self.0.try_clone()?;
        without_blocking(&socket)?;
        Ok(Connections(sys::register(socket)?))
    }
}

/// The connections that a server hands over, in their order.
#[derive(Debug)]
pub struct Connections(AsyncFd<OwnedFd>);

impl Connections {
    /// The next one; none when the server has gone, or wants the workspace to end.
    pub async fn next(&self) -> Option<std::os::unix::net::UnixStream> {
        loop {
            let mut ready = self.0.readable().await.ok()?;
            match sys::receive_with_fds(self.0.as_fd()) {
                Ok(Some([stream])) => return Some(stream.into()),
                Ok(None) => return None,
                Err(Errno::EAGAIN) => ready.clear_ready(),
                Err(Errno::EINTR) => {}
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    if error != Errno::EPROTO && error != Errno::EMFILE {
                        return None;
                    }
                }
            }
        }
    }
}

/// The server's end of the control socket.
#[derive(Debug)]
pub(super) struct Lead(AsyncFd<OwnedFd>);

impl Lead {
    /// Takes the server's end into use. To be called on a runtime.
    pub(super) fn new(socket: OwnedFd) -> io::Result<Self> {
        without_blocking(&socket)?;
        Ok(Self(sys::register(socket)?))
    }

    /// What the workspace says next; none when it has gone.
    pub(super) async fn hear(&self) -> Option<Said> {
        let mut bytes = vec![0; LONGEST];
        loop {
            // A workspace that talks without end holds nobody else up.
            consume_budget().await;
            let mut ready = self.0.readable().await.ok()?;
            match recv(self.0.as_raw_fd(), &mut bytes, MsgFlags::empty()) {
                Ok(0) => return None,
                // What it says is not trusted to be anything.
                Ok(length) => match serde_json::from_slice(&bytes[..length]) {
                    Ok(said) => return Some(said),
                    Err(error) => {
                        tracing::debug!(%error, "a workspace says what nobody understands");
                    }
                },
                Err(Errno::EAGAIN) => ready.clear_ready(),
                Err(Errno::EINTR) => {}
                Err(_) => return None,
            }
        }
    }

    /// Hands one end of a new connection over; `EAGAIN` when the workspace does not keep up.
    pub(super) fn connect(&self, theirs: impl AsFd) -> nix::Result<()> {
        sys::send_with_fds(self.0.as_fd(), [theirs.as_fd()])
    }

    /// Has the workspace end. It is still heard.
    pub(super) fn end(&self) {
        shutdown(self.0.as_raw_fd(), Shutdown::Write).ok();
    }
}

fn without_blocking(socket: &OwnedFd) -> nix::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(socket, FcntlArg::F_GETFL)?);
    fcntl(socket, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).map(drop)
}
