//! Child processes of this process: what becomes of them, and what they have used.

use std::time::Duration;

use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

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

/// What a child, and all it has waited for, had used when it ended (getrusage(2)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rusage {
    /// Processor time.
    pub cpu: Duration,
    /// Most memory that one of these processes had, in bytes.
    pub largest: u64,
}

impl Rusage {
    /// This and another's: times add up, of the sizes the larger one counts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            largest: self.largest.max(other.largest),
        }
    }
}

/// A child that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Which.
    pub pid: Pid,
    /// Its exit status; 0 when a signal ended it.
    pub code: i32,
    /// The signal that ended it, real-time ones too; 0 for none.
    pub signal: i32,
    /// What it had used.
    pub used: Rusage,
}

/// Takes one child that has ended (wait4(2) with `WNOHANG`); none when none has.
///
/// Fails with `ECHILD` when there are no children.
pub fn take_ended() -> nix::Result<Option<Ended>> {
    let mut status = 0;
    // SAFETY: all zeroes is a valid value of this plain structure.
    let mut used: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers lead to our own, live variables.
    let pid = unsafe { libc::wait4(-1, &raw mut status, libc::WNOHANG, &raw mut used) };
    let pid = Errno::result(pid)?;
    if pid == 0 {
        return Ok(None);
    }
    let signalled = libc::WIFSIGNALED(status);
    Ok(Some(Ended {
        pid: Pid::from_raw(pid),
        code: if signalled {
            0
        } else {
            libc::WEXITSTATUS(status)
        },
        signal: if signalled { libc::WTERMSIG(status) } else { 0 },
        used: Rusage {
            cpu: time(used.ru_utime) + time(used.ru_stime),
            largest: u64::try_from(used.ru_maxrss).unwrap_or(0) * 1024,
        },
    }))
}

fn time(value: libc::timeval) -> Duration {
    let seconds = u64::try_from(value.tv_sec).unwrap_or(0);
    let micros = u64::try_from(value.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_add_up_and_the_largest_counts() {
        let one = Rusage {
            cpu: Duration::from_secs(1),
            largest: 5,
        };
        let other = Rusage {
            cpu: Duration::from_secs(2),
            largest: 3,
        };
        let both = Rusage {
            cpu: Duration::from_secs(3),
            largest: 5,
        };
        assert_eq!(one.and(other), both);
    }
}
