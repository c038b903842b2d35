//! Terminals: which one a session is controlled by.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use nix::errno::Errno;
use tokio::io::unix::AsyncFd;

/// Makes a terminal the controlling one of the calling session leader (`TIOCSCTTY`, `tty_ioctl(4)`).
pub fn make_controlling(terminal: BorrowedFd<'_>) -> nix::Result<()> {
    // SAFETY: the request takes an integer and touches no memory of ours.
    Errno::result(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSCTTY, 0) }).map(drop)
}

/// Takes the calling session leader's controlling terminal away from it (`TIOCNOTTY`, `tty_ioctl(4)`).
pub fn leave_controlling(terminal: BorrowedFd<'_>) -> nix::Result<()> {
    // SAFETY: the request takes no argument and touches no memory of ours.
    Errno::result(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCNOTTY) }).map(drop)
}

/// Borrows a descriptor that its owner only shows as a number.
pub fn borrow<T>(_owner: &T, number: RawFd) -> BorrowedFd<'_> {
    // SAFETY: the number is the owner's open descriptor, and the owner is borrowed for as long.
    unsafe { BorrowedFd::borrow_raw(number) }
}

/// Registers a terminal with the current runtime, which then tells when it can be read or written.
pub fn register<T: AsRawFd>(terminal: T) -> io::Result<AsyncFd<T>> {
    // SAFETY: what is registered owns its descriptor, always the same one, and gives it up only when
    // it is dropped, which `AsyncFd` does after its own registration has ended.
    unsafe { AsyncFd::register(terminal) }.map_err(io::Error::from)
}
