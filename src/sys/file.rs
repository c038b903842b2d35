//! Reading a file only as far as it needs no disk, and making sure of room before it is written over.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, fallocate};

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

/// Makes sure of room for `size` bytes in a file without changing what it holds (fallocate(2)). Where there is none, all
/// is as before.
pub fn reserve(file: &File, size: u64) -> io::Result<()> {
    let old = file.metadata()?.len();
    let reserved = reserve_beyond(file, old, size);
    if reserved.is_err() {
        // Gives back what was reserved behind the end; if that fails, it is only room.
        drop(file.set_len(old));
    }
    reserved
}

fn reserve_beyond(file: &File, old: u64, size: u64) -> io::Result<()> {
    if size == 0 {
        return Ok(());
    }
    let length = libc::off_t::try_from(size).map_err(|_| io::ErrorKind::FileTooLarge)?;
    loop {
        match fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, 0, length) {
            Err(Errno::EINTR) => {}
            Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => break,
            reserved => return Ok(reserved?),
        }
    }
    // The next best: there is as much room now.
    let system = rustix::fs::fstatvfs(file)?;
    let room = system.f_bavail.saturating_mul(system.f_frsize);
    // Files of the kernel take no room and have none.
    if system.f_blocks > 0 && room < size.saturating_sub(old) {
        return Err(io::ErrorKind::StorageFull.into());
    }
    Ok(())
}
