//! Child processes of this process: one place that takes note of their ends.

use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

/// Takes all children that have ended (waitpid(2) with `WNOHANG`), orphans included when this is PID 1.
///
/// Nobody else waits for a child: who wants to know its end reads a pipe or socket to it.
pub fn reap() {
    while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        if status == WaitStatus::StillAlive {
            break;
        }
    }
}
