//! Descriptors sent over a Unix socket (unix(7), `SCM_RIGHTS`).

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

/// Sends one byte and one or two descriptors as one message.
///
/// Never raises SIGPIPE and never waits: `EAGAIN` says that the other end does not keep up.
pub fn send_with_fds<const N: usize>(
    socket: BorrowedFd<'_>,
    fds: [BorrowedFd<'_>; N],
) -> nix::Result<()> {
    let raw = fds.map(|fd| fd.as_raw_fd());
    let bytes = [IoSlice::new(b"n")];
    let rights = [ControlMessage::ScmRights(&raw)];
    sendmsg::<()>(
        socket.as_raw_fd(),
        &bytes,
        &rights,
        MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT,
        None,
    )
    .map(drop)
}

/// Waits for a message of [`send_with_fds`]; none when the other end is closed.
///
/// The descriptors arrive close-on-exec. A message with another number of them is `EPROTO`.
pub fn receive_with_fds<const N: usize>(
    socket: BorrowedFd<'_>,
) -> nix::Result<Option<[OwnedFd; N]>> {
    let mut byte = [0_u8; 1];
    let mut buffers = [IoSliceMut::new(&mut byte)];
    let mut space = nix::cmsg_space!([i32; 2]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut buffers, Some(&mut space), flags)?;
    if message.bytes == 0 {
        return Ok(None);
    }
    let mut received = Vec::with_capacity(N);
    for part in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(fds) = part {
            // SAFETY: the kernel just made these descriptors for us, and nobody else owns them.
            received.extend(
                fds.into_iter()
                    .map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }),
            );
        }
    }
    received.try_into().map(Some).map_err(|_| Errno::EPROTO)
}
