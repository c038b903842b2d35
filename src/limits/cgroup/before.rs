//! What had been counted above a leaf when its command began: only what came since may be its affair, and of that only
//! what it had a part in.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::branch::Branch;
use super::mounts::Version;
use super::shape::{Role, Spot};
use super::{Bounds, counters};
use crate::limits::Scope;

/// What uses less than this part of what it may have has not waited for more.
const PART: f64 = 0.02;
/// The kernel deals out what a level may use in pieces of this size (`sched_cfs_bandwidth_slice_us`): who has waited in
/// so many periods has used about as many of them.
const PIECE: Duration = Duration::from_millis(5);

/// The counts when a command began.
#[derive(Debug)]
pub(super) struct Before {
    at: Instant,
    /// What the leaf had used: it may have waited for its command.
    cpu: Duration,
    levels: [Counts; 2],
}

/// Those of one level above that is bounded.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    full: u64,
    throttled: u64,
    refused: u64,
}

impl Before {
    /// The counts now.
    pub(super) fn now(branch: &Branch, leaf: &Spot) -> Self {
        let counts = |(scope, spot, bounds): (Scope, &Spot, &Bounds)| Counts {
            full: bounds.memory.map_or(0, |_| times_full(branch, scope, spot)),
            throttled: bounds
                .cpu
                .map_or(0, |_| counters::throttled(&branch.shape, spot)),
            refused: bounds.pids.map_or(0, |_| refused(branch, spot)),
        };
        let above = branch.above();
        Self {
            at: Instant::now(),
            cpu: if above.iter().any(|(_, _, bounds)| bounds.cpu.is_some()) {
                used(branch, leaf)
            } else {
                Duration::ZERO
            },
            levels: above.map(counts),
        }
    }

    fn levels<'a>(
        &'a self,
        branch: &'a Branch,
    ) -> impl Iterator<Item = (&'a Counts, (Scope, &'a Spot, &'a Bounds))> {
        self.levels.iter().zip(branch.above())
    }

    /// The nearest level whose memory has been full since, with its bound.
    pub(super) fn full(&self, branch: &Branch) -> Option<(Scope, u64)> {
        self.levels(branch)
            .find_map(|(before, (scope, spot, bounds))| {
                let bound = bounds.memory?;
                (times_full(branch, scope, spot) > before.full).then_some((scope, bound))
            })
    }

    /// The nearest level at whose bound processes were refused since, and how many. Where the kernel counts only there,
    /// not in the leaf, that is for those who have half of all that there may be.
    pub(super) fn refused(&self, branch: &Branch, leaf: &Spot) -> Option<(Scope, u64, u64)> {
        let own = counters::pids_peak(&branch.shape, leaf)?;
        self.levels(branch)
            .find_map(|(before, (scope, spot, bounds))| {
                let bound = bounds.pids?;
                let hits = refused(branch, spot).saturating_sub(before.refused);
                (hits > 0 && own >= bound / 2).then_some((scope, bound, hits))
            })
    }

    /// The nearest level whose processor time was used up since, its bound, and in how many periods the leaf may have
    /// waited for it.
    pub(super) fn throttled(&self, branch: &Branch, leaf: &Spot) -> Option<(Scope, f64, u64)> {
        self.levels(branch)
            .find_map(|(before, (scope, spot, bounds))| {
                let bound = bounds.cpu?;
                let all = counters::throttled(&branch.shape, spot).saturating_sub(before.throttled);
                let used = used(branch, leaf).saturating_sub(self.cpu);
                let hits = all.min(periods_waited(used, self.at.elapsed(), bound));
                (hits > 0).then_some((scope, bound, hits))
            })
    }
}

/// In how many periods a command may have waited for time that others have used up: in none when it wanted next to
/// nothing all the while.
fn periods_waited(used: Duration, passed: Duration, bound: f64) -> u64 {
    if used < passed.mul_f64(bound.min(1.0) * PART) {
        return 0;
    }
    u64::try_from(used.as_nanos().div_ceil(PIECE.as_nanos())).unwrap_or(u64::MAX)
}

/// How often the bound on memory of a level has been met.
///
/// Version 1 only keeps the most there ever was. That is put back when it is found at the bound, so that it tells of the
/// time since then.
fn times_full(branch: &Branch, scope: Scope, spot: &Spot) -> u64 {
    let shape = &branch.shape;
    let Some((Version::One, _)) = shape.at(spot, Role::Memory) else {
        return counters::times_out_of_memory(shape, spot);
    };
    let found = match scope {
        Scope::User => &branch.found_full[0],
        _ => &branch.found_full[1],
    };
    if counters::memory_was_full(shape, spot) {
        // What all workspaces are counted by is not put back by one: from then on each takes it for full.
        if scope == Scope::User || !branch.is_lent() {
            counters::forget_most(shape, spot);
        }
        found.fetch_add(1, Ordering::AcqRel);
    }
    found.load(Ordering::Acquire)
}

fn used(branch: &Branch, leaf: &Spot) -> Duration {
    counters::cpu(&branch.shape, leaf).unwrap_or_default()
}

fn refused(branch: &Branch, spot: &Spot) -> u64 {
    if branch.pids_count_at_limit {
        counters::refused_by(&branch.shape, spot)
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// A branch of ordinary files, with a bound on the memory of all.
    fn branch(at: &Path, version: Version) -> Branch {
        let mut branch = Branch::default();
        branch.shape.add(version, &[Role::Memory]);
        branch.top = Spot(vec![at.to_owned()]);
        branch.workspace = Spot(vec![at.join("workspace")]);
        branch.levels.total.memory = Some(88_888_888);
        branch
    }

    /// Checks that only those who were there when the memory of all was full are told so.
    #[track_caller]
    fn is_told_to_those_who_were_there(branch: &Branch, fill: impl Fn()) {
        let leaf = branch.workspace.child("1");
        let earlier = Before::now(branch, &leaf);
        assert_eq!(earlier.full(branch), None);
        fill();
        let later = Before::now(branch, &leaf);
        assert_eq!(later.full(branch), None);
        assert_eq!(earlier.full(branch), Some((Scope::Total, 88_888_888)));
        fill();
        assert_eq!(later.full(branch), Some((Scope::Total, 88_888_888)));
        assert_eq!(Before::now(branch, &leaf).full(branch), None);
    }

    #[test]
    fn memory_that_was_full_before_is_no_affair_of_a_later_command() {
        let place = tempfile::tempdir().unwrap();
        let put = |file: &str, text: &str| fs::write(place.path().join(file), text).unwrap();
        put("memory.limit_in_bytes", "88888888");
        put("memory.max_usage_in_bytes", "11111111");
        let one = branch(place.path(), Version::One);
        is_told_to_those_who_were_there(&one, || put("memory.max_usage_in_bytes", "88888888"));

        put("memory.events.local", "max 9\noom 3\noom_kill 3");
        let two = branch(place.path(), Version::Two);
        let times = Cell::new(3);
        is_told_to_those_who_were_there(&two, || {
            times.set(times.get() + 1);
            put(
                "memory.events.local",
                &format!("max 9\noom {}\n", times.get()),
            );
        });
    }

    #[test]
    fn who_wanted_nothing_has_not_waited_and_others_no_more_than_they_wanted() {
        let (millis, seconds) = (Duration::from_millis, Duration::from_secs);
        assert_eq!(periods_waited(millis(4), seconds(30), 0.6), 0);
        assert_eq!(periods_waited(millis(300), seconds(30), 0.6), 0);
        assert_eq!(periods_waited(millis(400), seconds(30), 0.6), 80);
        // A short one whose few milliseconds took a period.
        assert_eq!(periods_waited(millis(3), millis(100), 0.6), 1);
        // All there is may be little, and much more than one process can use.
        assert_eq!(periods_waited(millis(100), seconds(10), 0.01), 20);
        assert_eq!(periods_waited(seconds(10), seconds(10), 64.0), 2000);
        assert_eq!(periods_waited(Duration::ZERO, Duration::ZERO, 1.0), 0);
    }
}
