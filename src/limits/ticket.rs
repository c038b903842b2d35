//! A ticket: what a process does to put itself under its limits before it becomes somebody's program.
//!
//! The server writes it, a supervisor carries it out: it forks a child that enters, and ends everything by it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::cgroup;

/// Where a process has to enter, and how all that is there is killed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ticket {
    /// The directories of a leaf, one for each hierarchy.
    pub join: Vec<PathBuf>,
    /// The one of them by which everything inside can be killed (`cgroup.kill`, or the freezer of version 1).
    pub kill: Option<PathBuf>,
    /// Limits of each process for itself (setrlimit(2)).
    pub own: OwnLimits,
}

/// Limits that each process has for itself; none leaves what it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnLimits {
    /// Open files.
    pub nofile: Option<u64>,
    /// Bytes of a file it writes.
    pub fsize: Option<u64>,
    /// Bytes of a core dump.
    pub core: Option<u64>,
    /// Bytes of private memory: only where nothing but the watchdog looks at memory.
    pub data: Option<u64>,
}

/// How much more willing the kernel is to kill a command than the server (proc(5), `oom_score_adj`).
const SOONER: i32 = 500;
const SOONEST: i32 = 1000;

impl Ticket {
    /// Puts the calling process, and so all it will start, under its limits. It has one thread.
    pub fn enter(&self) -> io::Result<()> {
        for directory in &self.join {
            // Zero is who writes it (cgroups(7)).
            OpenOptions::new()
                .write(true)
                .open(directory.join("cgroup.procs"))?
                .write_all(b"0")?;
        }
        be_killed_sooner().ok();
        let own = &self.own;
        for (resource, limit) in [
            (Resource::RLIMIT_NOFILE, own.nofile),
            (Resource::RLIMIT_FSIZE, own.fsize),
            (Resource::RLIMIT_CORE, own.core),
            (Resource::RLIMIT_DATA, own.data),
        ] {
            if let Some(limit) = limit {
                lower(resource, limit)?;
            }
        }
        Ok(())
    }

    /// Kills all that is in the leaf; false when that cannot be done in one go here.
    pub fn kill_all(&self) -> bool {
        self.kill
            .as_deref()
            .is_some_and(|leaf: &Path| cgroup::kill_all(leaf).is_ok())
    }
}

/// Sets a limit for good: nobody but root can raise it again. A lower one that was there stays.
fn lower(resource: Resource, limit: u64) -> nix::Result<()> {
    let (_, hard) = getrlimit(resource)?;
    let limit = limit.min(hard);
    setrlimit(resource, limit, limit)
}

/// When memory is short, commands go before the server.
fn be_killed_sooner() -> io::Result<()> {
    let path = "/proc/self/oom_score_adj";
    let now: i32 = fs::read_to_string(path)?.trim().parse().unwrap_or(0);
    fs::write(path, now.saturating_add(SOONER).min(SOONEST).to_string())
}
