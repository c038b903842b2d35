//! A pseudo-terminal: the master end, on which the server reads and writes (pty(7)).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::termios::{FlushArg, tcflush};
use portable_pty::{MasterPty, PtySize, native_pty_system};

/// The window every command starts with, as the wire promises.
const WINDOW: PtySize = PtySize {
    rows: 24,
    cols: 80,
    pixel_width: 0,
    pixel_height: 0,
};

/// The master end of a PTY, not blocking.
pub(super) struct Master {
    /// The owner of the descriptor; the lock only makes it shareable.
    owner: Mutex<Box<dyn MasterPty + Send>>,
    number: RawFd,
}

impl std::fmt::Debug for Master {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Master")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// Opens a PTY; gives the master, and the terminal for the supervisor.
pub(super) fn open() -> io::Result<(Master, OwnedFd)> {
    let pair = native_pty_system()
        .openpty(WINDOW)
        .map_err(io::Error::other)?;
    let number = pair.master.as_raw_fd().ok_or(io::ErrorKind::Unsupported)?;
    let name = pair.master.tty_name().ok_or(io::ErrorKind::NotFound)?;
    let terminal = open_terminal(&name)?;
    let master = Master {
        owner: Mutex::new(pair.master),
        number,
    };
    fcntl(
        master.as_fd(),
        FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK),
    )?;
    Ok((master, terminal.into()))
}

/// The library keeps its own descriptor of the terminal to itself, so it is opened by its name.
fn open_terminal(name: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags.bits())
        .open(name)
}

impl Master {
    /// Throws away what was typed and not yet read by the program.
    pub(super) fn forget_input(&self) -> io::Result<()> {
        let owner = self.owner.lock().unwrap_or_else(PoisonError::into_inner);
        let name = owner.tty_name().ok_or(io::ErrorKind::NotFound)?;
        drop(owner);
        // Only its own end reaches what the terminal holds for the program.
        tcflush(&open_terminal(&name)?, FlushArg::TCIFLUSH)?;
        Ok(())
    }

    /// Reads what there is; `Ok(0)` is the end (every other end is closed).
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match nix::unistd::read(self.as_fd(), buffer) {
            // Linux says EIO where others say end of file.
            Err(Errno::EIO) => Ok(0),
            other => other.map_err(io::Error::from),
        }
    }

    /// Sets the window.
    pub(super) fn resize(&self, cols: u16, rows: u16) -> io::Result<()> {
        let size = PtySize {
            rows,
            cols,
            ..WINDOW
        };
        let owner = self.owner.lock().unwrap_or_else(PoisonError::into_inner);
        owner.resize(size).map_err(io::Error::other)
    }

    /// Types bytes into the terminal; returns how many it took.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        nix::unistd::write(self.as_fd(), bytes).map_err(io::Error::from)
    }
}

impl AsFd for Master {
    fn as_fd(&self) -> BorrowedFd<'_> {
        crate::sys::borrow(&self.owner, self.number)
    }
}

impl AsRawFd for Master {
    fn as_raw_fd(&self) -> RawFd {
        self.number
    }
}
