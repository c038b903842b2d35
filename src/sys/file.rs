//! Reading a file only as far as it needs no disk.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// Reads at `position` what the page cache holds (preadv2(2), `RWF_NOWAIT`); returns the bytes read.
///
/// `WouldBlock` means a disk would have to be asked; `Unsupported` that the file system cannot tell.
pub fn read_cached(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    let part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let position = libc::off_t::try_from(position).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the one iovec points at `buffer`, which is writable for its whole length and outlives the call.
    let read = unsafe {
        libc::preadv2(
            file.as_raw_fd(),
            &raw const part,
            1,
            position,
            libc::RWF_NOWAIT,
        )
    };
    usize::try_from(read).map_err(|_| io::Error::last_os_error())
}
