//! A leaf: the place of one command or terminal among the limits.

use std::io;

use super::cgroup::{self, Holds};
use super::ticket::bound_data_below;
use super::watchdog::{Watchdog, Watched};
use super::{Amount, Bounds, Kind, OwnLimits, Present, Scope, Strike, Ticket, Usage};
use crate::sys::Rusage;

/// Where one command or terminal is limited and measured. Dropping it gives the place back.
#[derive(Debug)]
pub struct Leaf {
    cgroup: Option<cgroup::Leaf>,
    holds: Holds,
    watchdog: Watchdog,
    watched: Option<Watched>,
    bounds: Bounds,
    /// As the settings have them.
    usual: Bounds,
    own: OwnLimits,
}

impl Leaf {
    pub(super) fn new(
        cgroup: Option<cgroup::Leaf>,
        holds: Holds,
        watchdog: Watchdog,
        bounds: Bounds,
        own: OwnLimits,
    ) -> Self {
        Self {
            cgroup,
            holds,
            watchdog,
            watched: None,
            bounds,
            usual: bounds,
            own,
        }
    }

    /// What a process does to be here.
    pub fn ticket(&self) -> Ticket {
        let ticket = self.cgroup.as_ref().map(cgroup::Leaf::ticket);
        Ticket {
            own: OwnLimits {
                data: self.data(),
                ..self.own
            },
            ..ticket.unwrap_or_default()
        }
    }

    /// What each process may have for itself, where no cgroup bounds the memory of all.
    fn data(&self) -> Option<u64> {
        let memory = self.bounds.memory.filter(|_| !self.holds.memory);
        memory.map(OwnLimits::data_of)
    }

    /// Sets bounds narrower than those it was made with, before anything runs here. With `whole`, all of it is
    /// killed when one process is killed for memory, where the kernel can do that.
    pub fn narrow(&mut self, bounds: Option<Bounds>, whole: bool) -> io::Result<()> {
        let bounds = bounds.filter(|bounds| *bounds != self.bounds);
        if let Some(cgroup) = &self.cgroup {
            if let Some(bounds) = &bounds {
                cgroup.narrow(bounds)?;
            }
            if !whole {
                cgroup.die_whole(false)?;
            }
        }
        self.bounds = bounds.unwrap_or(self.bounds);
        Ok(())
    }

    /// To be called when a program runs here, below this supervisor.
    pub fn begin(&mut self, supervisor: i32) {
        if let Some(cgroup) = &self.cgroup {
            cgroup.begin();
        }
        let all = self.cgroup.is_some() && self.holds.has_main();
        // A child that waited is there by a ticket without what its request asked for.
        if self.bounds.memory != self.usual.memory
            && let Some(data) = self.data()
        {
            bound_data_below(supervisor, data);
        }
        if !all {
            let left = self.holds.leave(&self.bounds);
            self.watched = Some(self.watchdog.watch(supervisor, left));
        }
    }

    /// Whether what is seen below the supervisor is killed from now on: it must not serve another.
    pub fn kills_all(&self) -> bool {
        self.watched.as_ref().is_some_and(Watched::kills_all)
    }

    /// Whether to ask what is used is to look at every process: not for a thread that others wait for.
    pub fn is_slow_to_ask(&self) -> bool {
        let watched = self.watched.as_ref();
        watched.is_some_and(Watched::looks_when_asked)
    }

    /// What has been used here so far.
    pub fn usage(&self) -> Usage {
        let seen = self.watched.as_ref().map(Watched::usage);
        let counted = self.cgroup.as_ref().map(cgroup::Leaf::usage);
        let (seen, counted) = (seen.unwrap_or_default(), counted.unwrap_or_default());
        Usage {
            cpu: if self.holds.cpu {
                counted.cpu
            } else {
                seen.cpu
            },
            memory_peak: if self.holds.memory {
                counted.memory_peak
            } else {
                seen.memory_peak
            },
        }
    }

    /// What has been used here, when `used` is known of those processes that have ended.
    pub fn usage_with(&self, used: Rusage) -> Usage {
        let usage = self.usage();
        let cgroup = self.cgroup.as_ref();
        let kept = self.holds.memory && cgroup.is_some_and(cgroup::Leaf::keeps_peak);
        Usage {
            cpu: if self.holds.cpu {
                usage.cpu
            } else {
                usage.cpu.max(used.cpu)
            },
            memory_peak: match usage.memory_peak {
                peak if kept && peak > 0 => peak,
                peak => peak.max(used.largest),
            },
        }
    }

    /// The limit that struck, the gravest if there are several.
    pub fn strike(&self) -> Option<Strike> {
        let counted = self.cgroup.iter().flat_map(cgroup::Leaf::strikes);
        let seen = self.watched.iter().flat_map(Watched::strikes);
        let own = |strike: Strike| Strike {
            value: strike.value.or_else(|| self.own_value(strike)),
            ..strike
        };
        let gravity = |strike: &Strike| match strike.kind {
            Kind::Memory => 0,
            Kind::Pids => 1,
            Kind::Cpu => 2,
        };
        counted
            .chain(seen)
            .filter(|strike| strike.hits > 0)
            .map(own)
            .min_by_key(gravity)
    }

    /// Why something here was killed, in words that follow "killed: "; none when this strike killed nothing: the
    /// kernel refuses processes past their bound, only the watchdog ends them.
    pub fn why_killed(&self, strike: &Strike) -> Option<String> {
        match strike.kind {
            Kind::Pids if self.holds.pids => None,
            Kind::Pids => strike.why_killed(self.bounds.pids != self.usual.pids),
            _ => strike.why_killed(self.bounds.memory != self.usual.memory),
        }
    }

    fn own_value(&self, strike: Strike) -> Option<Amount> {
        if strike.scope != Scope::Command {
            return None;
        }
        match strike.kind {
            Kind::Memory => self.bounds.memory.map(Amount::Whole),
            Kind::Pids => self.bounds.pids.map(Amount::Whole),
            Kind::Cpu => self.bounds.cpu.map(Amount::Cores),
        }
    }
}

impl Holds {
    /// Whether all that every server wants is held.
    pub(super) fn has_main(self) -> bool {
        self.memory && self.cpu && self.pids
    }

    /// What is used, of what cgroups count and what the watchdog has seen.
    pub(super) fn choose(self, counted: Present, seen: Present) -> Present {
        let memory = if self.memory { counted } else { seen };
        let (cpu, pids) = (
            if self.cpu { counted } else { seen },
            if self.pids { counted } else { seen },
        );
        Present {
            memory_bytes: memory.memory_bytes,
            swap_bytes: memory.swap_bytes,
            cpu_seconds: cpu.cpu_seconds,
            pids: pids.pids,
        }
    }

    /// The bounds that cgroups do not keep here.
    pub(super) fn leave(self, bounds: &Bounds) -> Bounds {
        Bounds {
            memory: bounds.memory.filter(|_| !self.memory),
            swap: bounds.swap.filter(|_| !self.swap),
            cpu: bounds.cpu.filter(|_| !self.cpu),
            pids: bounds.pids.filter(|_| !self.pids),
            io_weight: bounds.io_weight.filter(|_| !self.io_weight),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn where_the_kernel_keeps_no_peak_the_largest_process_counts() {
        let place = tempfile::tempdir().unwrap();
        let put = |file: &str, text: &str| {
            let leaf = place.path().join("1");
            std::fs::write(leaf.join(file), text).unwrap();
        };
        let used = Rusage {
            cpu: Duration::ZERO,
            largest: 5000,
        };
        for (kept, current, expected) in [
            (false, "100", 5000),
            (false, "7000", 7000),
            (true, "100", 9000),
        ] {
            let holds = Holds {
                memory: true,
                ..Holds::default()
            };
            let cgroup = cgroup::Leaf::sample(place.path(), kept).unwrap();
            put("memory.current", current);
            if kept {
                put("memory.peak", "9000");
            }
            let bounds = Bounds::default();
            let watchdog = Watchdog::start(bounds, bounds).unwrap();
            let leaf = Leaf::new(Some(cgroup), holds, watchdog, bounds, OwnLimits::default());
            assert_eq!(leaf.usage_with(used).memory_peak, expected);
            drop(leaf);
            std::fs::remove_dir_all(place.path().join("1")).unwrap();
        }
    }
}
