//! The walls round a workspace: what keeps one user's process, and so every command below it, in.
//!
//! # The order
//!
//! 1. **Mount namespace, begun**: entered, cut off from the server's, and a `/proc` mounted as a trial. It comes
//!    before the PID namespace, which shows and names wrong processes without a `/proc` of its own, and of which
//!    there is no way back.
//! 2. **PID namespace**, which takes a fork: the rest happens in its process 1, in a session of its own.
//! 3. **Mount namespace, filled**: `/proc`, then what is replaced and hidden. It needs `CAP_SYS_ADMIN`, so it comes
//!    before that is given up; and it comes before Landlock, under which nothing can be mounted.
//! 4. **seccomp, without `no_new_privs`**: then only `CAP_SYS_ADMIN` may install it, for the last time here.
//! 5. **Bounding set and securebits**: they need `CAP_SETPCAP`.
//! 6. **Identity**: groups first, then the group, then the user, as each needs what the next gives up.
//! 7. **Capabilities**: what is left of them, for one who stays root or had some.
//! 8. **`no_new_privs`**: the last two need it.
//! 9. **Landlock**: after the mounts, as its rules are about what is there then.
//! 10. **seccomp**: last, so that it refuses nothing that the others need.

mod capabilities;
mod command;
mod identity;
mod landlock;
mod mounts;
mod namespaces;
mod probe;
mod report;
mod seccomp;
#[cfg(test)]
mod tests;
mod tree;

use std::fs;
use std::path::PathBuf;

use nix::unistd::{Pid, Uid};
use serde::{Deserialize, Serialize};

pub use command::CommandWall;
pub use identity::may_become_others;
pub use probe::probe;
pub use report::Wall;

use crate::config::{Demand, WallDemands};
use crate::sys;
use namespaces::Forked;
use report::Report;

/// What a workspace is kept in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Who it becomes; none: it stays who the server is, which is not root.
    pub identity: Option<Identity>,
    /// Whether it is one of several users', so that what it makes is for nobody else unless it says so (umask 077).
    pub private: bool,
    /// Which walls are asked for.
    pub demands: WallDemands,
    /// The directory in which requests act; it may be gone. This and what else it writes in are told without links in
    /// their paths.
    pub home: PathBuf,
    /// Other directories in which it writes: its logs, its `HOME` where that is another.
    pub writable: Vec<PathBuf>,
    /// What it must not see: files and directories. Those that do not exist are passed over.
    pub hidden: Vec<PathBuf>,
    /// Directories whose entries are homes of users (`/home`), or that are one (`/root`): only its own is there.
    pub homes: Vec<PathBuf>,
    /// A directory of root's, mode 0700, which keeps its `/tmp` and `/var/tmp` over a restart; none: they are in memory.
    pub temporary: Option<PathBuf>,
    /// Directories of cgroups that are delegated to it.
    pub cgroups: Vec<PathBuf>,
}

/// An account.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Identity {
    /// Its name, which is also that of its directory below [`Plan::temporary`].
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// All other groups.
    pub groups: Vec<u32>,
}

/// Who returns from [`enter`].
#[derive(Debug)]
pub enum Entered {
    /// The workspace, inside its walls: these.
    Inside(Vec<Wall>),
    /// The process that was called: the workspace is this child of it, as this process sees its number. It tells that
    /// to the server and ends.
    Outside(Pid),
}

impl Plan {
    /// Directories in which it writes, that are there. One that has become a link since it was looked at leads where its
    /// user wants, and is none of them.
    fn kept(&self) -> impl Iterator<Item = &PathBuf> {
        let more = self.writable.iter().chain(&self.cgroups);
        let all = std::iter::once(&self.home).chain(more);
        all.filter(|path| path.is_dir() && fs::canonicalize(path).is_ok_and(|real| real == **path))
    }

    /// Whether it is root that moves in.
    fn is_root(&self) -> bool {
        let stays = || Uid::effective().as_raw();
        self.identity.as_ref().map_or_else(stays, |who| who.uid) == 0
    }

    /// Whether programs that are set-user-ID shall work.
    fn lets_gain(&self) -> bool {
        self.demands.no_new_privs == Demand::Off
    }
}

/// Puts this process behind the walls of a plan. It has one thread, and has just been executed.
///
/// Fails, with a line for who runs the server, when a `required` wall cannot be had or the identity cannot be taken. The
/// process is of no use then.
pub fn enter(plan: &Plan) -> Result<Entered, String> {
    let mut report = Report::default();
    let begun = match namespaces::enter(plan, &mut report)? {
        Forked::Parent(child) => return Ok(Entered::Outside(child)),
        Forked::Child(begun) => begun,
    };
    if begun {
        mounts::fill(plan, &mut report)?;
    }
    if plan.lets_gain() {
        seccomp::install(plan, &mut report)?;
    }
    let bounded = capabilities::bound(plan);
    identity::take(plan, &mut report)?;
    capabilities::give_up(plan, bounded, &mut report)?;
    capabilities::forbid_new(plan, &mut report)?;
    landlock::restrict(plan, &mut report)?;
    if !plan.lets_gain() {
        seccomp::install(plan, &mut report)?;
    }
    sys::hide_memory().map_err(|error| format!("the workspace cannot hide its memory: {error}"))?;
    Ok(Entered::Inside(report.walls()))
}
