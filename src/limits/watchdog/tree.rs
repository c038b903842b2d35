//! A tree: the processes below one supervisor, what they use, and what is done when that is too much.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::sysinfo::sysinfo;

use super::bucket::Bucket;
use super::hold::Hold;
use super::ledger::Ledger;
use super::memory;
use super::pace::{self, SOON, USUAL};
use crate::limits::{Amount, Bounds, Kind, Scope, Strike, Usage};
use crate::sys::{Process, ticks_in_a_second, tree};

/// Something new is looked at often for so long.
const YOUNG: Duration = Duration::from_millis(300);
/// What is killed may take so long until its memory is free.
const DYING: Duration = Duration::from_secs(2);
/// The most is measured exactly when the cheap sum is larger by this part than when that was done last, or after this
/// time if it is larger than the most.
const GROWN: u64 = 20;
const MEASURE_AGAIN: Duration = Duration::from_secs(1);
/// Measuring this many processes costs as much as that time allows; more of them wait longer.
const AT_ONCE: usize = 64;
/// The cheap sum is kept by the kernel for each processor and lags a little.
const LAG: u64 = 16;

/// What is known of a tree before what follows from it is done: who sees that it was killed finds why.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The limits that struck.
    pub(super) strikes: Mutex<Vec<Strike>>,
    /// The most memory it had, in bytes.
    pub(super) peak: AtomicU64,
}

/// How much there is of a tree at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// Memory in bytes; exact after [`Tree::measure`], else shared pages count for each that has them.
    pub(super) memory: u64,
    /// Swap in bytes, known after [`Tree::measure`].
    pub(super) swap: u64,
    /// Processes and threads.
    pub(super) tasks: u64,
}

impl Extent {
    /// Both together.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            memory: self.memory + other.memory,
            swap: self.swap + other.swap,
            tasks: self.tasks + other.tasks,
        }
    }

    /// What counts for the bound on memory: swap too, beyond its own bound.
    pub(super) fn charged(&self, swap: Option<u64>) -> u64 {
        let beyond = swap.map_or(0, |most| self.swap.saturating_sub(most));
        self.memory + beyond
    }

    /// Whether an exact look may find more memory than there may be.
    pub(super) fn may_exceed(&self, bounds: &Bounds) -> bool {
        let swapped = if bounds.swap.is_some() {
            swap_used()
        } else {
            0
        };
        bounds
            .memory
            .is_some_and(|most| self.memory + swapped > most - most / LAG)
    }

    /// The first bound that it exceeds.
    pub(super) fn over(&self, bounds: &Bounds) -> Option<(Kind, Amount)> {
        let memory = bounds
            .memory
            .filter(|most| self.charged(bounds.swap) > *most)
            .map(|most| (Kind::Memory, most));
        let pids = bounds
            .pids
            .filter(|most| self.tasks > *most)
            .map(|most| (Kind::Pids, most));
        let (kind, most) = memory.or(pids)?;
        Some((kind, Amount::Whole(most)))
    }
}

/// Swap that is in use on the whole machine, in bytes: no tree has more.
fn swap_used() -> u64 {
    sysinfo().map_or(0, |info| info.swap_total().saturating_sub(info.swap_free()))
}

/// All processes of one command or terminal.
#[derive(Debug)]
pub(super) struct Tree {
    supervisor: i32,
    /// When the supervisor had started; none when it was gone before it could be seen.
    started: Option<u64>,
    bounds: Bounds,
    /// More tasks than these need not be counted.
    enough: u64,
    since: Instant,
    processes: Vec<Process>,
    extent: Extent,
    ledger: Ledger,
    busy: bool,
    /// The cheap sum when memory was last measured, and when that was.
    measured: (u64, Option<Instant>),
    bucket: Option<Bucket>,
    over_cpu: bool,
    hold: Hold,
    killed: Option<Instant>,
    killing: Duration,
    told: Arc<Told>,
    ended: bool,
}

impl Tree {
    /// The tree below this supervisor. Tasks are counted until there are more than `pids`.
    pub(super) fn new(supervisor: i32, bounds: Bounds, pids: Option<u64>) -> Self {
        let root = Process::read(supervisor);
        let now = Instant::now();
        Self {
            supervisor,
            started: root.map(|root| root.started),
            bounds,
            enough: pids.unwrap_or(u64::MAX),
            since: now,
            processes: Vec::new(),
            extent: Extent::default(),
            ledger: Ledger::new(root.as_ref()),
            busy: false,
            measured: (0, None),
            bucket: bounds
                .cpu
                .map(|cores| Bucket::new(cores, Duration::ZERO, now)),
            over_cpu: false,
            hold: Hold::default(),
            killed: None,
            killing: Duration::ZERO,
            told: Arc::default(),
            ended: false,
        }
    }

    /// Looks at all processes.
    pub(super) fn look(&mut self, now: Instant) {
        let root = Process::read(self.supervisor).filter(|one| Some(one.started) == self.started);
        if self.ended || root.is_none() {
            self.processes.clear();
            self.extent = Extent::default();
            self.busy = false;
            return;
        }
        let mut processes = tree::processes(self.supervisor, self.enough);
        // A process whose parent ended while we looked may have been passed over.
        let overlooked: Vec<Process> = self
            .ledger
            .missing(&processes)
            .into_iter()
            .filter(|pid| *pid != self.supervisor)
            .filter_map(Process::read)
            .filter(|process| self.ledger.knows(process))
            .collect();
        processes.extend(overlooked);
        let before = self.ledger.used();
        self.ledger.take(root.as_ref(), &processes);
        self.busy = self.ledger.used() > before;
        self.extent = Extent {
            memory: processes.iter().map(|one| one.resident_bytes).sum(),
            swap: 0,
            tasks: processes.iter().map(|one| one.threads).sum(),
        };
        self.processes = processes;
        self.measure_most(now);
    }

    /// Measures memory, when there may be more of it than ever.
    fn measure_most(&mut self, now: Instant) {
        let (then, at) = self.measured;
        let sum = self.extent.memory;
        let many = u32::try_from(self.processes.len() / AT_ONCE).unwrap_or(u32::MAX);
        let pause = MEASURE_AGAIN.saturating_mul(many.saturating_add(1));
        let again = at.is_none_or(|at| now.saturating_duration_since(at) >= pause);
        let may_be_over = self.extent.may_exceed(&self.bounds);
        let may_be_most = sum > self.peak() && (again || sum > then + then / GROWN);
        if may_be_most || may_be_over {
            self.measured = (sum, Some(now));
            self.measure();
        }
    }

    /// Makes the extent exact.
    pub(super) fn measure(&mut self) {
        let memory = memory::exact(&self.processes);
        self.extent.memory = memory.resident;
        self.extent.swap = memory.swapped;
        self.told.peak.fetch_max(memory.resident, Ordering::Relaxed);
    }

    /// Does what follows from a look for its own bounds, and says how soon the next is wanted.
    pub(super) fn judge(&mut self, now: Instant) -> Duration {
        let charged = self.extent.charged(self.bounds.swap);
        if let Some((kind, value)) = self.extent.over(&self.bounds) {
            self.kill(kind, Scope::Command, value, now);
        } else if self.killed.is_some() && self.is_alive() {
            // What forked at the moment of the kill may have got away with it.
            self.kill_what_there_is();
        }
        let used = self.usage().cpu;
        let mut soon = pace::towards(charged, self.bounds.memory)
            .min(pace::towards(self.extent.tasks, self.bounds.pids));
        if let (Some(bucket), Some(cores)) = (&mut self.bucket, self.bounds.cpu) {
            let over = bucket.take(used, now);
            let wait = bucket.wait().clamp(SOON / 2, SOON * 2);
            if over && !self.over_cpu {
                self.strike(Kind::Cpu, Scope::Command, Amount::Cores(cores));
            }
            self.over_cpu = over;
            soon = match (over, self.busy) {
                (true, _) => soon.min(wait),
                (false, true) => soon.min(SOON),
                (false, false) => soon,
            };
        }
        let young = now.saturating_duration_since(self.since) < YOUNG;
        if (young && !self.bounds.is_empty()) || self.is_dying(now) {
            soon.min(SOON * 2)
        } else {
            soon.min(USUAL)
        }
    }

    /// Stops it, or lets it go on, for its own bound or because `others` wait too.
    pub(super) fn keep_held(&mut self, others: bool) {
        if self.over_cpu || others {
            self.hold.stop(&self.processes);
        } else if self.hold.is_on() {
            self.hold.release();
        }
    }

    /// Kills all of it for going over a bound; what is seen of it afterwards too.
    pub(super) fn kill(&mut self, kind: Kind, scope: Scope, value: Amount, now: Instant) {
        if !self.is_dying(now) {
            self.strike(kind, scope, value);
            self.killed = Some(now);
        }
        self.kill_what_there_is();
    }

    fn kill_what_there_is(&mut self) {
        let same = Process::read(self.supervisor).map(|one| one.started) == self.started;
        if same {
            let before = pace::own_time();
            tree::kill_all(self.supervisor);
            self.killing += pace::own_time().saturating_sub(before);
        }
    }

    /// Notes that a limit struck.
    pub(super) fn strike(&mut self, kind: Kind, scope: Scope, value: Amount) {
        let known = |strike: &&mut Strike| strike.kind == kind && strike.scope == scope;
        let mut strikes = self
            .told
            .strikes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(strike) = strikes.iter_mut().find(known) {
            strike.hits += 1;
        } else {
            strikes.push(Strike {
                kind,
                scope,
                value: Some(value),
                hits: 1,
            });
        }
    }

    /// Whether it was killed a moment ago and is not gone yet.
    pub(super) fn is_dying(&self, now: Instant) -> bool {
        let lately = |at: Instant| now.saturating_duration_since(at) < DYING;
        self.killed.is_some_and(lately) && self.is_alive()
    }

    /// Whether there was something of it at the last look that was not dead.
    fn is_alive(&self) -> bool {
        self.processes.iter().any(|one| !one.is_dead())
    }

    fn peak(&self) -> u64 {
        self.told.peak.load(Ordering::Relaxed)
    }

    /// Whether it has used the processor since the look before.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// How much there was of it at the last look.
    pub(super) fn extent(&self) -> &Extent {
        &self.extent
    }

    /// What it has used by the last look.
    pub(super) fn usage(&self) -> Usage {
        let micros = self.ledger.used() * (1_000_000 / ticks_in_a_second());
        Usage {
            cpu: Duration::from_micros(micros),
            memory_peak: self.peak(),
        }
    }

    /// What is known of it at once.
    pub(super) fn told(&self) -> Arc<Told> {
        Arc::clone(&self.told)
    }

    /// Processor time that killing has taken.
    pub(super) fn spent_on_killing(&mut self) -> Duration {
        std::mem::take(&mut self.killing)
    }

    /// Gives what is held, to be let go. What was seen last stays so: it is never looked at again.
    #[must_use]
    pub(super) fn end(&mut self) -> Hold {
        self.ended = true;
        std::mem::take(&mut self.hold)
    }
}
