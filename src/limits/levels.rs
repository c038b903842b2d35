//! The limits of a server: how they are kept here, the leaves, and what is used at each level.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::cgroup::{Cgroups, Holds, Levels};
use super::watchdog::Watchdog;
use super::{Bounds, Leaf, OwnLimits, Present, Scope, TooMuch};

/// How much is asked of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Demand {
    /// Without cgroups for all limits that are set, there is no server.
    Required,
    /// What cannot be had is done without, or in a weaker way, and told.
    #[default]
    Optional,
    /// Nothing is limited.
    Off,
}

/// What the settings say about limits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// How much is asked of the machine.
    pub demand: Demand,
    /// For each command and terminal.
    pub command: Bounds,
    /// For all of a workspace together.
    pub user: Bounds,
    /// For all the server runs.
    pub total: Bounds,
    /// For each process.
    pub own: OwnLimits,
}

/// How limits are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// `cgroup v1`, `cgroup v2`, `cgroup v1 and v2`, `watchdog` or `off`.
    pub by: String,
    /// In words: what is kept how, and what is missing with the way to get it.
    pub detail: String,
    /// Whether something that was set is kept in a weaker way, or not at all.
    pub weaker: bool,
}

/// The limits of a server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Limits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Settings,
    cgroups: Option<Cgroups>,
    holds: Holds,
    watchdog: Watchdog,
    status: Status,
}

impl Limits {
    /// Finds out what can be had here and makes it so; fails, with what is missing, when that is required.
    ///
    /// On cgroup version 2 this process moves into a cgroup of its own. Blocks; to be called before any other
    /// process is started.
    pub fn start(settings: Settings) -> Result<Self, String> {
        let _ = settings;
        Err("not yet".to_owned())
    }

    /// A place for one command or terminal, with the bounds of the settings. Blocks for a moment.
    pub fn leaf(&self) -> io::Result<Leaf> {
        let Shared {
            settings,
            cgroups,
            holds,
            watchdog,
            ..
        } = &*self.0;
        let cgroup = cgroups
            .as_ref()
            .map(|cgroups| cgroups.leaf(&settings.command))
            .transpose()?;
        Ok(Leaf::new(
            cgroup,
            *holds,
            watchdog.clone(),
            settings.command,
            settings.own,
        ))
    }

    /// How limits are kept here.
    pub fn status(&self) -> &Status {
        &self.0.status
    }

    /// What the settings say.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What a command may use that asks for this much: what it does not ask for is as the settings say.
    pub fn narrowed(&self, asked: &Bounds) -> Result<Bounds, TooMuch> {
        self.0.settings.command.narrowed(asked)
    }

    /// What is used now by the workspace, or by all.
    pub fn present(&self, scope: Scope) -> Present {
        match &self.0.cgroups {
            Some(cgroups) => cgroups.present(scope),
            None => self.0.watchdog.present(scope),
        }
    }

    /// Removes what was made, waiting at most this long for the last processes to be gone. Blocks.
    pub fn close(&self, most: Duration) {
        if let Some(cgroups) = &self.0.cgroups {
            cgroups.close(most);
        }
    }
}

/// The memory there is for everything here, in bytes: the machine's, or what the server's own cgroup may use.
pub fn memory_here() -> u64 {
    super::cgroup::memory_here()
}
