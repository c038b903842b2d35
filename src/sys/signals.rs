//! A clean slate for a process that runs other people's programs.

use std::io;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};

/// Gives every signal its default action, blocks them all, and closes all descriptors but 0, 1, 2.
///
/// What is executed later inherits none of what this process's own parent ignored or left open.
pub fn start_clean() -> io::Result<()> {
    for signal in Signal::iterator().filter(|s| !matches!(s, Signal::SIGKILL | Signal::SIGSTOP)) {
        // SAFETY: the default action runs no code of ours.
        unsafe { nix::sys::signal::signal(signal, nix::sys::signal::SigHandler::SigDfl) }?;
    }
    SigSet::all().thread_block()?;
    // SAFETY: called at the start of a process that uses no descriptor past 2 yet.
    Errno::result(unsafe { libc::close_range(3, libc::c_uint::MAX, 0) })?;
    Ok(())
}
