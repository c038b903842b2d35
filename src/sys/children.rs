//! Child processes of this process: one place that waits for them.
//!
//! As PID 1 the server inherits orphans, and whatever it starts itself must not stay a zombie. The
//! reaper takes every child that ended, except while a caller waits for one of its own.

use std::io;
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

/// Held while somebody waits for a child of his own, so that the reaper does not take it from him.
static WAITING: Mutex<()> = Mutex::new(());

/// Runs a short program to its end and gives what it printed.
///
/// Blocks the thread. Fails as [`Command::output`] does.
pub fn output(command: &mut Command) -> io::Result<Output> {
    let _guard = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    command.output()
}

/// Takes all children that have ended (waitpid(2) with `WNOHANG`).
///
/// Returns false when somebody is waiting for a child of his own just now: ask again a little later.
pub fn reap() -> bool {
    let Ok(_guard) = WAITING.try_lock() else {
        return false;
    };
    while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        if status == WaitStatus::StillAlive {
            break;
        }
    }
    true
}
