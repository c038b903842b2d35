//! Cgroups: how the kernel bounds, counts and kills what a server runs (cgroups(7)), in either version.
//!
//! The branch is made in every hierarchy that is of use, with the same names in each. On version 2 the server moves
//! into a leaf beside it, `open-terminal-server.<id>`.

mod before;
mod branch;
mod broom;
mod counters;
mod delegated;
mod files;
mod here;
mod holds;
mod kill;
mod leaf;
mod mounts;
mod server_leaf;
mod shape;
mod sweep;
mod trouble;
mod values;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::branch::{Branch, System};
use self::holds::{Held, Reasons};
use self::mounts::Version;
use super::{Bounds, Present, Scope, Usage};

pub(super) use self::delegated::Handed;
pub(super) use self::here::{memory_here, pids_here};
pub(super) use self::kill::kill_all;
pub(super) use self::leaf::Leaf;

/// Bounds of each level.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Levels {
    pub(super) command: Bounds,
    pub(super) user: Bounds,
    pub(super) total: Bounds,
}

impl Levels {
    /// Whether the disk's time is shared by weights at one of them.
    fn weigh(&self) -> bool {
        let all = [self.command, self.user, self.total];
        all.iter().any(|bounds| bounds.io_weight.is_some())
    }
}

/// Which resources cgroups bound here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "one for each resource")]
pub(super) struct Holds {
    pub(super) memory: bool,
    /// Also where the machine has no swap.
    pub(super) swap: bool,
    pub(super) cpu: bool,
    pub(super) pids: bool,
    pub(super) io_weight: bool,
}

/// The cgroups of a server. What it made is removed with the last leaf.
#[derive(Debug)]
pub(super) struct Cgroups {
    branch: Arc<Branch>,
    reasons: Reasons,
}

impl Cgroups {
    /// Makes the branch with its bounds; an error says why neither memory nor processors nor processes can be held.
    pub(super) fn set_up(levels: &Levels) -> Result<Self, String> {
        let system =
            System::here().map_err(|error| format!("/proc does not tell the cgroups: {error}"))?;
        Self::set_up_in(&system, levels)
    }

    fn set_up_in(system: &System, levels: &Levels) -> Result<Self, String> {
        let (mut branch, mut reasons) = Branch::make(system, levels)?;
        leaf::try_one(&mut branch, &mut reasons);
        if !branch.holds.anything() {
            return Err(reasons.in_words(&Held::MAIN));
        }
        Ok(Self {
            branch: Arc::new(branch),
            reasons,
        })
    }

    /// What is kept by cgroups.
    pub(super) fn holds(&self) -> Holds {
        self.branch.holds
    }

    /// The versions in use.
    pub(super) fn describe(&self) -> String {
        let shape = &self.branch.shape;
        match (shape.uses(Version::One), shape.uses(Version::Two)) {
            (true, true) => "cgroup v1 and v2",
            (true, false) => "cgroup v1",
            _ => "cgroup v2",
        }
        .to_owned()
    }

    /// A sentence for each thing that cannot be kept: what it is, why, and how to get it.
    pub(super) fn lacks(&self) -> Vec<String> {
        let Levels {
            command,
            user,
            total,
        } = self.branch.levels;
        let levels = [command, user, total];
        let mut asked = Held::MAIN.to_vec();
        if levels.iter().any(|b| b.memory.or(b.swap).is_some()) {
            asked.push(Held::Swap);
        }
        if self.branch.levels.weigh() {
            asked.push(Held::Io);
        }
        self.reasons.sentences(&asked)
    }

    /// Why the disk's time is not shared by weights.
    pub(super) fn why_no_weights(&self) -> String {
        let known = self.reasons.of(Held::Io);
        // On version 1 that is one more hierarchy to enter for each command, so nobody looks without need.
        let untried = !self.branch.levels.weigh() && self.branch.shape.uses(Version::One);
        match known.filter(|_| !untried) {
            Some(why) => why.to_owned(),
            None => "no setting has a weight, so this server does not weigh the disk's time; have \
                     command_io_weight set (100 is usual)"
                .to_owned(),
        }
    }

    /// Why swap is not bounded, where memory is.
    pub(super) fn why_no_swap(&self) -> String {
        let known = self.reasons.of(Held::Swap);
        known.unwrap_or("the kernel does not bound it").to_owned()
    }

    /// Whether swap can be bounded where memory is not.
    pub(super) fn bounds_swap_apart(&self) -> bool {
        let branch = &self.branch;
        let memory = branch.shape.at(&branch.workspace, shape::Role::Memory);
        branch.holds.swap && memory.is_some_and(|(version, _)| version == Version::Two)
    }

    /// A new place for a command or terminal.
    pub(super) fn leaf(&self, bounds: &Bounds) -> io::Result<Leaf> {
        Leaf::new(&self.branch, bounds)
    }

    /// What the workspace or all uses now; nothing for the other scopes.
    pub(super) fn present(&self, scope: Scope) -> Present {
        let place = self.branch.place(scope);
        place.map_or_else(Present::default, |(_, spot, _)| {
            counters::present(&self.branch.shape, spot)
        })
    }

    /// Removes all that was made, waiting at most this long for the last processes to be gone.
    pub(super) fn close(&self, most: Duration) {
        self.branch.close(most);
    }
}
