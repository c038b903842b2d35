//! A level: what all trees together may use.

use std::ops::DerefMut;
use std::time::{Duration, Instant};

use super::bucket::Bucket;
use super::pace::{self, SOON, USUAL};
use super::tree::{Extent, Tree};
use crate::limits::{Amount, Bounds, Kind, Scope};

/// The bounds of a workspace, or of the server.
#[derive(Debug)]
pub(super) struct Level {
    scope: Scope,
    bounds: Bounds,
    bucket: Option<Bucket>,
    held: bool,
}

impl Level {
    pub(super) fn new(scope: Scope, bounds: Bounds) -> Self {
        Self {
            scope,
            bounds,
            bucket: None,
            held: false,
        }
    }

    /// Kills the largest tree when all together are over, and says whether all have to wait for the processor and
    /// how soon the next look is wanted. `past` is the time of trees that are gone.
    pub(super) fn judge<T: DerefMut<Target = Tree>>(
        &mut self,
        trees: &mut [T],
        past: Duration,
        now: Instant,
    ) -> (bool, Duration) {
        let sum = |trees: &[T]| {
            let extents = trees.iter().map(|tree| *tree.extent());
            extents.fold(Extent::default(), |sum, one| sum.and(&one))
        };
        let mut all = sum(trees);
        if all.may_exceed(&self.bounds) {
            for tree in trees.iter_mut() {
                tree.measure();
            }
            all = sum(trees);
        }
        // What was killed a moment ago still counts. Nothing more is killed for it.
        let dying = trees.iter().any(|tree| tree.is_dying(now));
        if let Some((kind, value)) = all.over(&self.bounds)
            && !dying
        {
            let size = |tree: &T| match kind {
                Kind::Pids => tree.extent().tasks,
                _ => tree.extent().charged(self.bounds.swap),
            };
            let largest = trees.iter_mut().max_by_key(|tree| size(tree));
            if let Some(tree) = largest {
                tree.kill(kind, self.scope, value, now);
            }
        }
        let cpu = trees.iter().map(|tree| tree.usage().cpu).sum::<Duration>() + past;
        let mut soon = pace::towards(all.charged(self.bounds.swap), self.bounds.memory)
            .min(pace::towards(all.tasks, self.bounds.pids));
        if self.bounds.cpu.is_some() {
            soon = soon.min(self.judge_cpu(trees, cpu, now));
        }
        (self.held, soon)
    }

    fn judge_cpu<T: DerefMut<Target = Tree>>(
        &mut self,
        trees: &mut [T],
        cpu: Duration,
        now: Instant,
    ) -> Duration {
        let Some(cores) = self.bounds.cpu else {
            return USUAL;
        };
        let bucket = self
            .bucket
            .get_or_insert_with(|| Bucket::new(cores, cpu, now));
        let wait = bucket.take(cpu, now);
        if wait && !self.held {
            for tree in trees.iter_mut().filter(|tree| tree.is_busy()) {
                tree.strike(Kind::Cpu, self.scope, Amount::Cores(cores));
            }
        }
        self.held = wait;
        if wait {
            bucket.wait().clamp(SOON / 2, SOON * 2)
        } else if trees.iter().any(|tree| tree.is_busy()) {
            SOON
        } else {
            USUAL
        }
    }
}
