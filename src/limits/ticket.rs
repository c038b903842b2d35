//! A ticket: what a process does to put itself under its limits before it becomes somebody's program.
//!
//! The server writes it, a supervisor carries it out: it forks a child that enters, and ends everything by it.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::cgroup;
use crate::sys::tree;

/// Where only the watchdog looks at memory, one process may map twice the bound and so much more, in bytes:
/// room for what is reserved and never used, and an end to what grows faster than anybody looks.
const HEADROOM: u64 = 1 << 30;
/// How often a tree that has just begun is looked at for processes that have come meanwhile.
const ROUNDS: usize = 4;

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

impl OwnLimits {
    /// Private memory of one process, where all together may have so much: the watchdog ends what goes further, this
    /// what does so faster than it looks.
    pub(super) fn data_of(memory: u64) -> u64 {
        memory.saturating_mul(2).saturating_add(HEADROOM)
    }
}

/// Lowers the private memory that each process below this one may have. Children have it from their parents, so it is
/// done until there is none that was not seen: the parent's turn may come after it has forked.
pub(super) fn bound_data_below(supervisor: i32, limit: u64) {
    let mut seen = HashSet::new();
    for _ in 0..ROUNDS {
        let all = tree::processes(supervisor, u64::MAX);
        let fresh: Vec<i32> = all
            .iter()
            .map(|one| one.pid)
            .filter(|pid| seen.insert(*pid))
            .collect();
        if fresh.is_empty() {
            return;
        }
        for pid in fresh {
            if let Err(error) = lower_of(pid, limit) {
                // It has gone, or has become another user's: the watchdog sees it all the same.
                tracing::debug!(pid, %error, "the private memory of a process cannot be bounded");
            }
        }
    }
}

fn lower_of(pid: i32, limit: u64) -> rustix::io::Result<()> {
    // None would be this process.
    let pid = Some(rustix::process::Pid::from_raw(pid).ok_or(rustix::io::Errno::SRCH)?);
    let resource = rustix::process::Resource::Data;
    let bound = |most: Option<u64>| rustix::process::Rlimit {
        current: most,
        maximum: most,
    };
    // A lower one that was there stays.
    let before = rustix::process::prlimit(pid, resource, bound(Some(limit)))?;
    if let Some(lower) = before.maximum.filter(|most| *most < limit) {
        rustix::process::prlimit(pid, resource, bound(Some(lower)))?;
    }
    Ok(())
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
