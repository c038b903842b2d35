//! Leaves: the cgroups of one command or terminal, by which it is bounded, counted and killed.

use std::fs;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::before::Before;
use super::branch::{Branch, within};
use super::files::write;
use super::holds::{Held, Reasons};
use super::mounts::Version;
use super::shape::{Role, Spot};
use super::{Bounds, Holds, broom, counters, trouble, values};
use crate::limits::{Amount, Kind, Scope, Strike, Ticket, Usage};

/// The cgroups of one command or terminal. Dropped, they are removed as soon as nothing is in them.
#[derive(Debug)]
pub(in crate::limits) struct Leaf {
    branch: Arc<Branch>,
    spot: Spot,
    state: Box<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// As set; those on processors only where they are narrower than what holds above.
    bounds: Bounds,
    /// None before its command has begun.
    before: Option<Before>,
}

/// Makes a leaf and removes it, so that what the kernel refuses is known beforehand.
pub(super) fn try_one(branch: &mut Branch, reasons: &mut Reasons) {
    let spot = match make(branch, "trial") {
        Ok(spot) => spot,
        Err(error) => {
            for held in Held::MAIN {
                reasons.note_held(held, trouble::no_leaf(&error));
            }
            branch.holds = Holds::default();
            return;
        }
    };
    let bounds = bounds_of(branch, &branch.levels.command);
    let refused = values::set(&branch.shape, branch.holds, &spot, &bounds);
    for directory in &spot.0 {
        broom::is_removed(directory);
    }
    for (what, error) in refused {
        reasons.refused(&mut branch.holds, what, &error);
    }
}

/// Makes the directories of a leaf, all or none.
fn make(branch: &Branch, name: &str) -> io::Result<Spot> {
    let spot = branch.workspace.child(name);
    for (number, directory) in spot.0.iter().enumerate() {
        if let Err(error) = fs::create_dir(directory) {
            for made in spot.0.iter().take(number) {
                fs::remove_dir(made).ok();
            }
            return Err(error);
        }
    }
    Ok(spot)
}

/// What a leaf is given when this is asked. Without a word on swap it gets none beside bounded memory: else the limit
/// would but move a hog to the disk.
fn bounds_of(branch: &Branch, asked: &Bounds) -> Bounds {
    let Bounds { memory, swap, .. } = *asked;
    Bounds {
        swap: swap.or(memory.map(|_| 0)),
        ..within(asked, branch.cores)
    }
}

impl Leaf {
    pub(super) fn new(branch: &Arc<Branch>, bounds: &Bounds) -> io::Result<Self> {
        let number = branch.next.fetch_add(1, Ordering::Relaxed) + 1;
        let leaf = Self {
            branch: Arc::clone(branch),
            spot: make(branch, &number.to_string())?,
            state: Box::default(),
        };
        leaf.narrow(bounds)?;
        leaf.die_whole(true)?;
        leaf.begin();
        Ok(leaf)
    }

    /// To be called when a program runs here that does so for somebody: what the levels above counted before is
    /// none of its affair. The leaf may have waited for it.
    pub(in crate::limits) fn begin(&self) {
        let before = Before::now(&self.branch, &self.spot);
        self.state().before = Some(before);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets narrower bounds.
    pub(in crate::limits) fn narrow(&self, bounds: &Bounds) -> io::Result<()> {
        let bounds = bounds_of(&self.branch, bounds);
        let mut refused =
            values::set(&self.branch.shape, self.branch.holds, &self.spot, &bounds).into_iter();
        self.state().bounds = bounds;
        match refused.next() {
            None => Ok(()),
            Some((_, error)) => Err(error),
        }
    }

    /// Whether all of it is killed when one process is killed for memory; version 1 cannot do that.
    pub(in crate::limits) fn die_whole(&self, whole: bool) -> io::Result<()> {
        match self.branch.shape.at(&self.spot, Role::Memory) {
            Some((Version::Two, at)) => {
                // Since Linux 4.19.
                let value = if whole { "1" } else { "0" };
                match write(at, "memory.oom.group", value) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// What has been used here so far.
    pub(in crate::limits) fn usage(&self) -> Usage {
        counters::usage(&self.branch.shape, &self.spot)
    }

    /// Whether the memory that [`Self::usage`] tells is the most there was, not what there is now.
    pub(in crate::limits) fn keeps_peak(&self) -> bool {
        self.branch.keeps_peak
    }

    /// Where to enter, and by what all is killed.
    pub(in crate::limits) fn ticket(&self) -> Ticket {
        let kill = self.branch.shape.at(&self.spot, Role::Freezer);
        Ticket {
            join: self.spot.0.clone(),
            kill: kill.map(|(_, directory)| directory.to_owned()),
            ..Ticket::default()
        }
    }

    /// The limits that were met: its own, or those above since it began.
    pub(in crate::limits) fn strikes(&self) -> Vec<Strike> {
        let State { bounds, before } = &*self.state();
        [
            self.memory_strike(bounds, before.as_ref()),
            self.pids_strike(bounds, before.as_ref()),
            self.cpu_strike(bounds, before.as_ref()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn memory_strike(&self, bounds: &Bounds, before: Option<&Before>) -> Option<Strike> {
        let Branch { shape, holds, .. } = &*self.branch;
        let hits = counters::killed(shape, &self.spot);
        if hits == 0 || !holds.memory {
            return None;
        }
        let strike = |scope, value: Option<u64>| Strike {
            kind: Kind::Memory,
            scope,
            value: value.map(Amount::Whole),
            hits,
        };
        if bounds.memory.is_some() && counters::memory_was_full(shape, &self.spot) {
            return Some(strike(Scope::Command, None));
        }
        let full = before.and_then(|before| before.full(&self.branch));
        Some(full.map_or(strike(Scope::System, None), |(scope, bound)| {
            strike(scope, Some(bound))
        }))
    }

    fn pids_strike(&self, bounds: &Bounds, before: Option<&Before>) -> Option<Strike> {
        let Branch { shape, holds, .. } = &*self.branch;
        let above = self.branch.above();
        let bounded = bounds.pids.is_some() || above.iter().any(|(_, _, b)| b.pids.is_some());
        if !holds.pids || !bounded {
            return None;
        }
        let strike = |scope, value: Option<u64>, hits| Strike {
            kind: Kind::Pids,
            scope,
            value: value.map(Amount::Whole),
            hits,
        };
        let hits = counters::refused(shape, &self.spot);
        if self.branch.pids_count_at_limit {
            if hits > 0 {
                return Some(strike(Scope::Command, None, hits));
            }
            let (scope, bound, hits) = before?.refused(&self.branch, &self.spot)?;
            return Some(strike(scope, Some(bound), hits));
        }
        if hits == 0 {
            return None;
        }
        let own = |allowed| counters::pids_were_full(shape, &self.spot, allowed);
        if bounds.pids.is_some_and(own) {
            return Some(strike(Scope::Command, None, hits));
        }
        let full = above.into_iter().find(|(_, spot, bounds)| {
            let full = |allowed| counters::pids_were_full(shape, spot, allowed);
            bounds.pids.is_some_and(full)
        });
        Some(
            full.map_or(strike(Scope::System, None, hits), |(scope, _, bounds)| {
                strike(scope, bounds.pids, hits)
            }),
        )
    }

    fn cpu_strike(&self, bounds: &Bounds, before: Option<&Before>) -> Option<Strike> {
        let Branch { shape, holds, .. } = &*self.branch;
        if !holds.cpu {
            return None;
        }
        let strike = |scope, value: Option<f64>, hits| Strike {
            kind: Kind::Cpu,
            scope,
            value: value.map(Amount::Cores),
            hits,
        };
        if bounds.cpu.is_some() {
            let hits = counters::throttled(shape, &self.spot);
            if hits > 0 {
                return Some(strike(Scope::Command, None, hits));
            }
        }
        let (scope, bound, hits) = before?.throttled(&self.branch, &self.spot)?;
        Some(strike(scope, Some(bound), hits))
    }
}

impl Drop for Leaf {
    fn drop(&mut self) {
        self.branch.broom.remove(std::mem::take(&mut self.spot.0));
    }
}

impl Branch {
    /// The places above a leaf, the nearest first.
    pub(super) fn above(&self) -> [(Scope, &Spot, &Bounds); 2] {
        [
            (Scope::User, &self.workspace, &self.levels.user),
            (Scope::Total, &self.top, &self.levels.total),
        ]
    }

    /// The place of a level; none for what is not above the leaves.
    pub(super) fn place(&self, scope: Scope) -> Option<(Scope, &Spot, &Bounds)> {
        self.above().into_iter().find(|(s, ..)| *s == scope)
    }
}

#[cfg(test)]
impl Leaf {
    /// One of ordinary files, as version 2 has them.
    pub(in crate::limits) fn sample(
        workspace: &std::path::Path,
        keeps_peak: bool,
    ) -> io::Result<Self> {
        let mut branch = Branch::default();
        branch.shape.add(Version::Two, &[Role::Memory]);
        branch.top = Spot(vec![workspace.join("none")]);
        branch.workspace = Spot(vec![workspace.to_owned()]);
        branch.keeps_peak = keeps_peak;
        Self::new(&Arc::new(branch), &Bounds::default())
    }
}
