//! The limits of a server: how they are kept here, the leaves, and what is used at each level.

mod delegated;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cgroup::{Cgroups, Holds, Levels};
use super::watchdog::Watchdog;
use super::{Bounds, Leaf, OwnLimits, Present, Refusal, Scope};
use crate::config::Demand;

pub use delegated::Delegated;

/// What the settings say about limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    pub fn start(mut settings: Settings) -> Result<Self, String> {
        if settings.demand == Demand::Off {
            return Ok(Self::off());
        }
        settings.command = without_swap(settings.command);
        let Settings {
            command,
            user,
            total,
            ..
        } = settings;
        let (cgroups, lacks) = match Cgroups::set_up(&Levels {
            command,
            user,
            total,
        }) {
            Ok(cgroups) => {
                let lacks = cgroups.lacks();
                (Some(cgroups), lacks)
            }
            Err(why) => (None, vec![why]),
        };
        let holds = cgroups.as_ref().map(Cgroups::holds).unwrap_or_default();
        let weaker = is_weaker(&settings, holds);
        if weaker && settings.demand == Demand::Required {
            return Err(format!(
                "limits = \"required\", but not all that are set can be kept here: {}; or set limits = \"optional\"",
                lacks.join("; ")
            ));
        }
        let watchdog = Watchdog::start(holds.leave(&user), holds.leave(&total))
            .map_err(|error| format!("the watchdog of the limits cannot be started: {error}"))?;
        let status = status(cgroups.as_ref(), &lacks, weaker);
        Ok(Self(Arc::new(Shared {
            settings,
            cgroups,
            holds,
            watchdog,
            status,
        })))
    }

    /// Limits that limit nothing.
    pub fn off() -> Self {
        let nothing = Bounds::default();
        Self(Arc::new(Shared {
            settings: Settings {
                demand: Demand::Off,
                ..Settings::default()
            },
            cgroups: None,
            holds: Holds::default(),
            watchdog: Watchdog::start(nothing, nothing).expect("without bounds there is no thread"),
            status: Status {
                by: "off".to_owned(),
                detail: "off: memory, processor time and number of processes are not limited"
                    .to_owned(),
                weaker: false,
            },
        }))
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
    ///
    /// What nothing here can keep is refused, for who asks relies on it. A setting is another matter: what becomes of
    /// that is told at the start.
    pub fn narrowed(&self, asked: &Bounds) -> Result<Bounds, Refusal> {
        let Shared {
            settings,
            cgroups,
            holds,
            ..
        } = &*self.0;
        let bounds = settings.command.narrowed(asked)?;
        let not_kept = |field, why| Err(Refusal::NotKept { field, why });
        if asked.io_weight.is_some() && !holds.io_weight {
            let why = cgroups.as_ref().map(Cgroups::why_no_weights);
            return not_kept("io_weight", why.unwrap_or_else(watchdog_knows_no_weights));
        }
        if asked.swap.is_some() {
            let apart = cgroups.as_ref().is_some_and(Cgroups::bounds_swap_apart);
            if holds.memory && !holds.swap {
                let why = cgroups.as_ref().map(Cgroups::why_no_swap);
                return not_kept("swap_limit", why.unwrap_or_default());
            }
            if bounds.memory.is_none() && !apart {
                let why = "swap is bounded together with memory, so ask for memory_limit as well";
                return not_kept("swap_limit", why.to_owned());
            }
        }
        Ok(bounds)
    }

    /// What is used now by the workspace, or by all.
    pub fn present(&self, scope: Scope) -> Present {
        let Shared {
            cgroups,
            holds,
            watchdog,
            ..
        } = &*self.0;
        match cgroups {
            None => watchdog.present(scope),
            Some(cgroups) if holds.has_main() => cgroups.present(scope),
            // They share the work, and each knows of what it keeps.
            Some(cgroups) => holds.choose(cgroups.present(scope), watchdog.present(scope)),
        }
    }

    /// Removes what was made, waiting at most this long for the last processes to be gone. Blocks.
    pub fn close(&self, most: Duration) {
        if let Some(cgroups) = &self.0.cgroups {
            cgroups.close(most);
        }
    }
}

fn watchdog_knows_no_weights() -> String {
    "it takes cgroups to weigh the disk's time, and there are none here".to_owned()
}

/// The bounds without any swap beside bounded memory, unless something is said of it: a bound on memory that lets a
/// command fill the swap would only bring the machine down in another way.
fn without_swap(bounds: Bounds) -> Bounds {
    Bounds {
        swap: bounds.swap.or(bounds.memory.map(|_| 0)),
        ..bounds
    }
}

/// Whether something that is set is not kept by cgroups. Swap that a machine does not have is held.
fn is_weaker(settings: &Settings, holds: Holds) -> bool {
    let all = [settings.command, settings.user, settings.total];
    all.iter().any(|level| !holds.leave(level).is_empty())
}

/// How limits are kept, told to an admin.
fn status(cgroups: Option<&Cgroups>, lacks: &[String], weaker: bool) -> Status {
    const WATCHED: &str = "a watchdog looks at the processes some times a second and ends or stops those that go too far: it is slower to act, and does not see files in memory file systems";
    let missing = lacks.join("; ");
    let (by, detail) = match cgroups {
        Some(cgroups) if !weaker => (
            cgroups.describe(),
            format!("kept by {}", cgroups.describe()),
        ),
        Some(cgroups) => (
            cgroups.describe(),
            format!(
                "kept by {}, but not all of them: {missing}; for the rest {WATCHED}",
                cgroups.describe()
            ),
        ),
        None => (
            "watchdog".to_owned(),
            format!("not kept by cgroups: {missing}; instead {WATCHED}"),
        ),
    };
    Status { by, detail, weaker }
}

/// The memory there is for everything here, in bytes: the machine's, or what the server's own cgroup may use.
pub fn memory_here() -> u64 {
    super::cgroup::memory_here()
}

/// The processes and threads there may be for everything here: on the machine, in the server's own cgroup, and of its
/// user. None when the kernel does not tell.
pub fn pids_here() -> Option<u64> {
    super::cgroup::pids_here()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_limits_everything_is_still_measured() {
        let limits = Limits::off();
        assert_eq!(limits.status().by, "off");
        let mut leaf = limits.leaf().unwrap();
        assert_eq!(leaf.ticket(), crate::limits::Ticket::default());
        leaf.begin(std::process::id().cast_signed());
        let used = crate::sys::Rusage {
            cpu: Duration::from_hours(1),
            largest: 1 << 50,
        };
        let usage = leaf.usage_with(used);
        assert_eq!((usage.cpu, usage.memory_peak), (used.cpu, used.largest));
        assert!(leaf.strike().is_none());
    }

    #[test]
    fn swap_that_cannot_be_bounded_beside_memory_is_told() {
        let mut settings = Settings::default();
        settings.command.memory = Some(1 << 30);
        settings.command = without_swap(settings.command);
        assert_eq!(settings.command.swap, Some(0));
        let memory = Holds {
            memory: true,
            ..Holds::default()
        };
        assert!(is_weaker(&settings, memory));
        let both = Holds {
            swap: true,
            ..memory
        };
        assert!(!is_weaker(&settings, both));
        assert_eq!(without_swap(Bounds::default()), Bounds::default());
    }

    #[test]
    fn what_the_watchdog_keeps_is_shown_beside_what_cgroups_do() {
        let of = |n: u64| Present {
            memory_bytes: Some(n),
            swap_bytes: Some(n),
            cpu_seconds: Some(1.0),
            pids: Some(n),
        };
        let holds = Holds {
            memory: true,
            cpu: true,
            ..Holds::default()
        };
        let counted = Present {
            swap_bytes: None,
            pids: None,
            ..of(1)
        };
        let both = Present {
            swap_bytes: None,
            pids: Some(2),
            ..of(1)
        };
        assert_eq!(holds.choose(counted, of(2)), both);
        assert_eq!(Holds::default().choose(Present::default(), of(2)), of(2));
    }

    #[test]
    fn what_nothing_here_keeps_is_refused() {
        let bounds = Bounds::default();
        let with = |asked: Bounds| {
            let watched = Limits(Arc::new(Shared {
                settings: Settings::default(),
                cgroups: None,
                holds: Holds::default(),
                watchdog: Watchdog::start(bounds, bounds).unwrap(),
                status: status(None, &[], true),
            }));
            watched.narrowed(&asked)
        };
        let swap = Bounds {
            swap: Some(0),
            ..bounds
        };
        let weight = Bounds {
            io_weight: Some(50),
            ..bounds
        };
        for (asked, field) in [(swap, "swap_limit"), (weight, "io_weight")] {
            let words = with(asked).unwrap_err().to_string();
            assert!(
                words.starts_with(&format!("{field} cannot be kept here")),
                "{words}"
            );
        }
        let beside = Bounds {
            memory: Some(1 << 20),
            ..swap
        };
        assert_eq!(with(beside), Ok(beside));
    }

    #[test]
    fn what_is_kept_and_what_is_missing_is_told_in_words() {
        let lacks = ["no cgroup for memory: there is none".to_owned()];
        let watched = status(None, &lacks, true);
        assert_eq!(watched.by, "watchdog");
        assert!(
            watched.weaker && watched.detail.contains(&lacks[0]),
            "{watched:?}"
        );
        assert!(watched.detail.contains("watchdog") && watched.detail.contains("slower"));
    }
}
