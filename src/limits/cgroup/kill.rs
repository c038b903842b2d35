//! Killing all that is in a cgroup, so that nothing forks away from it.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{broom, files};

/// How long one call goes on trying.
const MOST: Duration = Duration::from_millis(50);
const PAUSE: Duration = Duration::from_millis(1);
/// On a busy machine one round may take all the time.
const LEAST_ROUNDS: usize = 3;

/// Kills all processes in this cgroup: by `cgroup.kill`, else frozen, so that none forks meanwhile.
///
/// Waits up to 50 ms for them to be gone. An error says that not all have got their signal.
pub(in crate::limits) fn kill_all(directory: &Path) -> io::Result<()> {
    let end = Instant::now() + MOST;
    let wait = || {
        let gone = || files::processes(directory).is_ok_and(|pids| pids.is_empty());
        while !gone() && Instant::now() < end {
            thread::sleep(PAUSE);
        }
    };
    if files::write(directory, "cgroup.kill", "1").is_ok() {
        wait();
        return Ok(());
    }
    let freezer = Freezer::of(directory)?;
    let mut hit = HashSet::new();
    for round in 1.. {
        // Who waits for processor time it has used up does not stop soon.
        let caught = freezer.freeze(Instant::now() + PAUSE * 10);
        let fresh = kill_each(directory, &mut hit);
        // Only who runs can die.
        freezer.thaw()?;
        // A process that has the signal forks no more: with no new one since, all have it.
        if caught || fresh? == 0 {
            break;
        }
        if round >= LEAST_ROUNDS && Instant::now() >= end {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
    wait();
    Ok(())
}

/// Sends SIGKILL to each process that is there now and has not had it; gives how many.
pub(super) fn kill_each(directory: &Path, hit: &mut HashSet<i32>) -> io::Result<usize> {
    let mut fresh = files::processes(directory)?;
    fresh.retain(|pid| hit.insert(*pid));
    for pid in &fresh {
        // It may have gone meanwhile.
        kill(Pid::from_raw(*pid), Signal::SIGKILL).ok();
    }
    Ok(fresh.len())
}

/// The files that stop a cgroup, by version.
struct Freezer<'a> {
    directory: &'a Path,
    file: &'static str,
    freeze: &'static str,
    thaw: &'static str,
}

impl<'a> Freezer<'a> {
    fn of(directory: &'a Path) -> io::Result<Self> {
        for (file, freeze, thaw) in [
            ("freezer.state", "FROZEN", "THAWED"),
            ("cgroup.freeze", "1", "0"),
        ] {
            if directory.join(file).exists() {
                return Ok(Self {
                    directory,
                    file,
                    freeze,
                    thaw,
                });
            }
        }
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Stops all; false when some had not stopped by then.
    fn freeze(&self, end: Instant) -> bool {
        if files::write(self.directory, self.file, self.freeze).is_err() {
            return false;
        }
        loop {
            if self.is_frozen() {
                return true;
            }
            if Instant::now() >= end {
                return false;
            }
            thread::sleep(PAUSE / 4);
        }
    }

    fn is_frozen(&self) -> bool {
        if self.file == "cgroup.freeze" {
            files::keyed(self.directory, "cgroup.events", "frozen") == 1
        } else {
            // Version 1 goes on trying when it is read (freezer-subsystem in the kernel's documents).
            files::has_word(self.directory, self.file, self.freeze)
        }
    }

    fn thaw(&self) -> io::Result<()> {
        files::write(self.directory, self.file, self.thaw)
    }
}

/// Kills what is in a cgroup and in those in it, as far as that goes: it waits for each up to 50 ms.
pub(super) fn kill_tree(directory: &Path) {
    let empty = |at: &Path| files::processes(at).is_ok_and(|pids| pids.is_empty());
    // Who may write here may have stopped it, and who is stopped does not die.
    files::write(directory, "freezer.state", "THAWED").ok();
    // Version 2 kills all that is below in one go, since Linux 5.14.
    files::write(directory, "cgroup.kill", "1").ok();
    for child in broom::children(directory) {
        kill_tree(&child);
    }
    if !empty(directory) && kill_all(directory).is_err() {
        kill_each(directory, &mut HashSet::new()).ok();
    }
}
