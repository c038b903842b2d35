//! Sockets: what the kernel still holds of what was written.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// The bytes written to a TCP socket that its peer has not taken note of yet (`SIOCOUTQ`, tcp(7)).
pub fn unsent(socket: impl AsFd) -> nix::Result<u64> {
    let mut bytes: libc::c_int = 0;
    let socket = socket.as_fd().as_raw_fd();
    // SAFETY: the request, which has the number of TIOCOUTQ, writes one int, and `bytes` is one.
    Errno::result(unsafe { libc::ioctl(socket, libc::TIOCOUTQ, &raw mut bytes) })?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}
