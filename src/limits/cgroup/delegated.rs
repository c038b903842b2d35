//! Places that a server hands over: each workspace of another account has one, and makes its leaves there itself.
//!
//! ```text
//! open-terminal.<id>          total_*
//! └── w-<account>             of the server, as are all files in it but one
//!     ├── self                the workspace's own process, and who watches over its commands
//!     └── workspace           user_*; the directory is the account's, the files in it are not
//!         └── 1               a leaf; all of it is the account's
//! ```
//!
//! What the account owns is as little as will do. On version 2 who moves a process has to be able to write
//! `cgroup.procs` where both ways meet, which is `w-<account>`: there it is of no other use, for a cgroup that hands on
//! controllers takes no processes. `cgroup.subtree_control` is not given away: without a controller there would be no limit.

use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::branch::{Branch, Owner, WORKSPACE, hand_on_cpuset, within};
use super::files::{self, write};
use super::holds::Reasons;
use super::kill::kill_tree;
use super::mounts::Version;
use super::shape::{Role, Shape, Spot};
use super::{Bounds, Cgroups, Holds, Levels, broom, values};

/// The file name of a workspace's place begins so.
const PREFIX: &str = "w-";
/// Where the workspace's own process is.
const SELF: &str = "self";
/// The longest account name that is taken, in bytes; a file name has 255.
const LONGEST: usize = 200;

/// A workspace's share against all its commands together, which have 100 (1024 on version 1).
const WEIGHT: [(&str, &str); 2] = [("cpu.weight", "1000"), ("cpu.shares", "10240")];
/// What a workspace has for itself where its commands have less, in bytes: it reads files and documents.
const LEAST_MEMORY: u64 = 1 << 30;
/// Likewise its processes and threads: each command has one that watches over it.
const LEAST_PIDS: u64 = 1024;
/// Likewise its processors.
const LEAST_CPU: f64 = 1.0;

const PAUSE: Duration = Duration::from_millis(2);
/// How long a place that is taken up again is waited for to be empty.
const TAKEN_UP: Duration = Duration::from_secs(2);
/// What cgroups a workspace may make below its place on version 2; on version 1 nothing bounds them.
const MOST_BELOW: [(&str, &str); 2] = [
    ("cgroup.max.depth", "16"),
    ("cgroup.max.descendants", "16384"),
];

/// The places of one workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Places {
    /// Where its own process belongs.
    pub(super) own: Spot,
    /// Where its leaves are.
    workspace: Spot,
    /// The highest number of a leaf that is still there.
    taken: u64,
}

/// All that a workspace needs to work in its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::limits) struct Handed {
    shape: Shape,
    top: Spot,
    pub(super) places: Places,
    holds: Holds,
    reasons: Reasons,
    cores: Option<f64>,
    pids_count_at_limit: bool,
    keeps_peak: bool,
}

impl Cgroups {
    /// Makes a workspace's place, or empties and takes up the one there is.
    pub(in crate::limits) fn delegate(
        &self,
        name: &str,
        owner: Option<(u32, u32)>,
    ) -> io::Result<Handed> {
        let branch = &self.branch;
        Ok(Handed {
            places: branch.delegate(name, owner)?,
            shape: branch.shape.clone(),
            top: branch.top.clone(),
            holds: branch.holds,
            reasons: self.reasons.clone(),
            cores: branch.cores,
            pids_count_at_limit: branch.pids_count_at_limit,
            keeps_peak: branch.keeps_peak,
        })
    }

    /// Kills what is in a workspace's place and removes it; what is still busy by then is removed later.
    pub(in crate::limits) fn reclaim(&self, name: &str, most: Duration) {
        let Ok(place) = self.branch.place_of(name) else {
            return;
        };
        if !is_empty_soon(&place, most, broom::is_removed) {
            self.branch.broom.remove(place.0);
        }
    }

    /// The cgroups as they were handed over to this process.
    pub(in crate::limits) fn join(handed: Handed, levels: Levels) -> Self {
        let Handed { places, .. } = handed;
        let mut branch = Branch::default();
        branch.owner = Owner::Lent;
        branch.shape = handed.shape;
        branch.top = handed.top;
        branch.workspace = places.workspace;
        branch.levels = levels;
        branch.holds = handed.holds;
        branch.cores = handed.cores;
        branch.pids_count_at_limit = handed.pids_count_at_limit;
        branch.keeps_peak = handed.keeps_peak;
        branch.next = AtomicU64::new(places.taken);
        Self {
            branch: branch.into(),
            reasons: handed.reasons,
        }
    }
}

impl Handed {
    /// Moves the calling process to where the workspace's own one belongs.
    pub(in crate::limits) fn enter(&self) -> io::Result<()> {
        // Zero is who writes it.
        let enter = |at: &PathBuf| write(at, "cgroup.procs", "0");
        self.places.own.0.iter().try_for_each(enter)
    }

    /// Where the workspace makes its leaves.
    pub(in crate::limits) fn directories(&self) -> &[PathBuf] {
        &self.places.workspace.0
    }
}

impl Branch {
    /// Whether it belongs to another process, which sees to its end.
    pub(super) fn is_lent(&self) -> bool {
        self.owner == Owner::Lent
    }

    /// Kills what is left in the places of workspaces.
    pub(super) fn kill_delegated(&self) {
        for place in self.top.0.iter().flat_map(|top| broom::children(top)) {
            let name = place.file_name().unwrap_or_default();
            if name.as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
                kill_tree(&place);
            }
        }
    }

    fn place_of(&self, name: &str) -> io::Result<Spot> {
        if self.is_lent()
            || name.is_empty()
            || name.len() > LONGEST
            || name.contains(['/', '\0', '\n'])
        {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(self.top.child(&format!("{PREFIX}{name}")))
    }

    fn delegate(&self, name: &str, owner: Option<(u32, u32)>) -> io::Result<Places> {
        let place = self.place_of(name)?;
        let (own, workspace) = (place.child(SELF), place.child(WORKSPACE));
        if place.0.iter().any(|at| at.exists()) {
            // What the workspace before has left; a name that is still taken then is not given again.
            is_empty_soon(&place, TAKEN_UP, |at| {
                let leaves = broom::children(&at.join(WORKSPACE));
                let left = leaves.iter().filter(|leaf| !broom::is_removed(leaf));
                left.count() == 0 && is_without_processes(&at.join(SELF))
            });
        }
        let parts = self.shape.parts(&place).zip(own.0.iter().zip(&workspace.0));
        for ((version, at), (own, workspace)) in parts {
            make(version, at, [own, workspace])?;
        }
        for (spot, bounds) in [
            (&workspace, self.user),
            (&own, within(&for_itself(&self.user), self.cores)),
        ] {
            let refused = values::set(&self.shape, self.holds, spot, &bounds);
            if let Some((_, error)) = refused.into_iter().next() {
                return Err(error);
            }
        }
        self.favour(&own);
        if let Some(owner) = owner {
            hand_over(&self.shape, &place, &workspace, owner)?;
        }
        let taken = workspace.0.iter().flat_map(|at| numbers(at)).max();
        Ok(Places {
            own,
            workspace,
            taken: taken.unwrap_or(0),
        })
    }

    /// However much its commands compute, a workspace answers.
    fn favour(&self, own: &Spot) {
        if let Some((_, at)) = self.shape.at(own, Role::Cpu) {
            for (file, share) in WEIGHT {
                // Each version has one of them.
                write(at, file, share).ok();
            }
        }
    }
}

/// The directories of a place in one hierarchy, with the controllers that the branch has.
fn make(version: Version, place: &Path, inside: [&Path; 2]) -> io::Result<()> {
    make_one(place)?;
    let top = place.parent().unwrap_or(place);
    if version == Version::Two {
        hand_on_controllers(top, place)?;
    } else {
        hand_on_cpuset(top, place);
    }
    for at in inside {
        make_one(at)?;
        if version == Version::One {
            hand_on_cpuset(place, at);
        }
    }
    let [_, workspace] = inside;
    if version == Version::Two {
        hand_on_controllers(top, workspace)?;
        for (file, most) in MOST_BELOW {
            // Since Linux 4.14.
            write(workspace, file, most).ok();
        }
    }
    Ok(())
}

fn make_one(directory: &Path) -> io::Result<()> {
    match fs::create_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

fn hand_on_controllers(from: &Path, to: &Path) -> io::Result<()> {
    const CONTROL: &str = "cgroup.subtree_control";
    for name in files::read(from, CONTROL)?.split_ascii_whitespace() {
        write(to, CONTROL, &format!("+{name}"))?;
    }
    Ok(())
}

/// Gives an account what it takes to make leaves and to enter them, and no more.
fn hand_over(
    shape: &Shape,
    place: &Spot,
    workspace: &Spot,
    (user, group): (u32, u32),
) -> io::Result<()> {
    let give = |path: &Path| chown(path, Some(user), Some(group));
    for ((version, place), workspace) in shape.parts(place).zip(&workspace.0) {
        if version == Version::Two {
            give(&place.join("cgroup.procs"))?;
        }
        give(workspace)?;
    }
    if let Some((Version::One, at)) = shape.at(workspace, Role::Memory) {
        // To be told once more when the memory is full, one has to put back what was the most (see `before`).
        for what in ["memory", "memory.memsw"] {
            let file = at.join(format!("{what}.max_usage_in_bytes"));
            // The second is not there without accounting of swap.
            if file.exists() {
                give(&file)?;
            }
        }
    }
    Ok(())
}

/// What a workspace may use itself: it is the account's own process, so who runs commands might make it work for them.
fn for_itself(user: &Bounds) -> Bounds {
    Bounds {
        memory: user.memory.map(|bytes| bytes.max(LEAST_MEMORY)),
        pids: user.pids.map(|pids| pids.max(LEAST_PIDS)),
        cpu: user.cpu.map(|cores| cores.max(LEAST_CPU)),
        ..*user
    }
}

/// Kills what is in a place until this holds for each of its directories; false when that takes longer than `most`.
fn is_empty_soon(place: &Spot, most: Duration, is_done: impl Fn(&Path) -> bool) -> bool {
    let end = Instant::now() + most;
    let mut busy: Vec<&PathBuf> = place.0.iter().collect();
    loop {
        busy.retain(|at| {
            kill_tree(at);
            !is_done(at)
        });
        if busy.is_empty() || Instant::now() >= end {
            return busy.is_empty();
        }
        std::thread::sleep(PAUSE);
    }
}

fn is_without_processes(directory: &Path) -> bool {
    files::processes(directory).is_ok_and(|pids| pids.is_empty())
}

/// The numbers of the leaves that are in a workspace's place.
fn numbers(workspace: &Path) -> Vec<u64> {
    let names = broom::children(workspace).into_iter();
    names
        .filter_map(|at| at.file_name()?.to_str()?.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests;
