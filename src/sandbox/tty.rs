//! The server's end of a terminal, as many as need it may hold it at once.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::termios::{LocalFlags, SpecialCharacterIndices, tcgetattr};
use nix::unistd::tcgetpgrp;
use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, Ready};

use super::pty::Master;
use crate::sys;

/// A PTY's master, registered with a runtime. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tty(Arc<AsyncFd<Master>>);

impl Tty {
    /// Registers a master with the current runtime.
    pub(super) fn register(master: Master) -> io::Result<Self> {
        Ok(Self(Arc::new(sys::register(master)?)))
    }

    /// Registers it with the current runtime instead. Fails when it is held elsewhere too.
    pub(super) fn register_again(self) -> io::Result<Self> {
        let registered = Arc::into_inner(self.0).ok_or(io::ErrorKind::ResourceBusy)?;
        Self::register(registered.into_inner())
    }

    /// Waits until it can be read or written.
    pub(super) async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.0.ready(interest).await.map(|guard| guard.ready())
    }

    /// Reads output; fails with `WouldBlock` when none was announced, gives 0 when there never will be.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0
            .try_io(Interest::READABLE, |master| master.read(buffer))
    }

    /// As [`Self::read`], but asks the kernel even if it announced nothing.
    pub(super) fn read_now(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.get_ref().read(buffer)
    }

    /// Types bytes, as [`Running::write`](super::Running::write) does.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .try_io(Interest::WRITABLE, |master| master.write(bytes))
    }

    /// Sets the window, in characters; what runs in the foreground is told when it changed
    /// (`TIOCSWINSZ`, `tty_ioctl(4)`).
    pub fn resize(&self, cols: u16, rows: u16) -> io::Result<()> {
        self.0.get_ref().resize(cols, rows)
    }

    /// Does what the terminal does at a key such as Ctrl-C, without waiting for the program to read
    /// what was typed before it: forgets that, and sends the signal (`ISIG`, termios(3)).
    ///
    /// False when this is no such key, or the program wants to have it for itself.
    pub fn interrupt(&self, key: u8) -> io::Result<bool> {
        let master = self.0.get_ref();
        let settings = tcgetattr(master.as_fd())?;
        let keys = [
            (SpecialCharacterIndices::VINTR, Signal::SIGINT),
            (SpecialCharacterIndices::VQUIT, Signal::SIGQUIT),
        ];
        let mut keys = keys.into_iter();
        let found = keys.find(|(at, _)| settings.control_chars[*at as usize] == key);
        let Some((_, signal)) = found.filter(|_| settings.local_flags.contains(LocalFlags::ISIG))
        else {
            return Ok(false);
        };
        master.forget_input()?;
        self.signal(signal)?;
        Ok(true)
    }

    /// Sends a signal to the foreground process group.
    pub fn signal(&self, signal: Signal) -> nix::Result<()> {
        let group = tcgetpgrp(self.0.get_ref().as_fd())?;
        // Zero would be our own group: there is no foreground.
        if group.as_raw() <= 1 {
            return Err(Errno::ESRCH);
        }
        killpg(group, signal)
    }
}
