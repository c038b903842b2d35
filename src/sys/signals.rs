//! A clean slate for a process that runs other people's programs.

use std::io;

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{SigSet, Signal};

/// Gives every signal its default action, blocks them all, and closes all descriptors but 0, 1, 2.
///
/// What is executed later inherits none of what this process's own parent ignored or left open.
pub fn start_clean() -> io::Result<()> {
    for signal in Signal::iterator().filter(|s| !matches!(s, Signal::SIGKILL | Signal::SIGSTOP)) {
        // SAFETY: the default action runs no code of ours.
        unsafe { nix::sys::signal::signal(signal, nix::sys::signal::SigHandler::SigDfl) }?;
    }
    // The C library's own signals, which posix_spawn(3) leaves ignored and sigaction(3) refuses.
    for internal in [32, 33] {
        let default = [0_u64; 4];
        // SAFETY: a zeroed kernel sigaction is the default action with no flags and an empty mask of 8 bytes.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                internal,
                default.as_ptr(),
                std::ptr::null::<u64>(),
                8_usize,
            )
        };
    }
    SigSet::all().thread_block()?;
    close_all_but_standard();
    Ok(())
}

/// Makes a write past the limit on file sizes (setrlimit(2), `RLIMIT_FSIZE`) fail with `EFBIG`, where it would end the
/// whole process by SIGXFSZ.
pub fn survive_file_size_limit() -> io::Result<()> {
    // SAFETY: ignoring a signal runs no code of ours.
    unsafe { nix::sys::signal::signal(Signal::SIGXFSZ, nix::sys::signal::SigHandler::SigIgn) }?;
    Ok(())
}

/// Closes every descriptor past 2, also where a sandbox does not know `close_range(2)` yet.
///
/// For the start of a process, which uses no descriptor past 2 yet.
pub fn close_all_but_standard() {
    const MOST: libc::c_int = 65_536;
    // SAFETY: called at the start of a process that uses no descriptor past 2 yet.
    let closed = unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
    if closed != 0 {
        let (limit, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1024, 1024));
        for descriptor in 3..libc::c_int::try_from(limit).unwrap_or(MOST).min(MOST) {
            // SAFETY: as above.
            unsafe { libc::close(descriptor) };
        }
    }
}
