//! The watchdog: a thread that keeps limits where cgroups cannot, by looking at the processes some times a second.
//!
//! What goes over its memory or its number of processes is killed with its whole tree; what uses too much processor
//! time is stopped and continued by turns. Between two looks a program can go further than it may. What the kernel
//! keeps for a program outside of its address space, such as files in a tmpfs or the buffers of sockets, is not seen.
//! Swap counts as memory where it goes beyond its bound; a bound on swap alone, and weights of I/O, are not kept.
//!
//! ```text
//! pace     when to look again
//! tree     one command or terminal: a look, and what follows from it
//! level    what all of them use together
//! ledger   processor time, from what `/proc` shows of live and of dead processes
//! bucket   processor time that may be used
//! hold     stopping a tree and continuing it
//! memory   what processes have in memory, shared pages by their share
//! ```

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Bounds, Kind, Present, Scope, Strike, Usage};
use level::Level;
use tree::{Extent, Told, Tree};

mod bucket;
mod hold;
mod ledger;
mod level;
mod memory;
mod pace;
#[cfg(test)]
mod tests;
mod tree;

/// What was seen this short a time ago is taken for the present.
const FRESH: Duration = Duration::from_millis(50);
/// Likewise where the thread looks anyway: so much later it would have, were all well.
const KEPT_FRESH: Duration = Duration::from_millis(500);
/// How long the thread waits for something to watch before it ends.
const LINGER: Duration = Duration::from_secs(10);

/// Looks at the processes of all commands and terminals. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Watchdog(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// What all trees together may use, at each level that bounds something.
    levels: Vec<(Scope, Bounds)>,
}

#[derive(Debug, Default)]
struct State {
    trees: Vec<Arc<One>>,
    /// To be ended by who looks at them now, when that is done.
    ending: Vec<Arc<One>>,
    /// Processor time of trees that are watched no more.
    past: Duration,
    /// Whether the thread runs.
    running: bool,
    /// Whether something has come that it has not looked at.
    fresh: bool,
}

/// One tree. Both locks are held for moments, but a look at ten thousand processes is a long moment, and to kill them a
/// longer one: only the thread waits for the first. Others take what was seen last, and leave the rest to who has it.
#[derive(Debug)]
struct One {
    supervisor: i32,
    /// Whether the thread has to look at it.
    bounded: bool,
    tree: Mutex<Tree>,
    seen: Mutex<Seen>,
    told: Arc<Told>,
}

#[derive(Clone, Debug)]
struct Seen {
    at: Instant,
    usage: Usage,
    present: Extent,
}

/// One command or terminal that is watched. Dropping it ends that; what was held back is let go.
#[derive(Debug)]
pub(super) struct Watched {
    one: Arc<One>,
    shared: Arc<Shared>,
}

impl Watchdog {
    /// A watchdog that keeps these bounds for all trees together. Its thread starts with the first that has to be
    /// looked at.
    #[expect(clippy::unnecessary_wraps, reason = "others that limit can fail here")]
    pub(super) fn start(user: Bounds, total: Bounds) -> io::Result<Self> {
        let levels = [(Scope::User, user), (Scope::Total, total)];
        Ok(Self(Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            levels: levels
                .into_iter()
                .filter(|(_, bounds)| keeps(bounds))
                .collect(),
        })))
    }

    /// Watches all processes below a supervisor, which itself does not count. The same supervisor may have served
    /// another before, whose numbers are final now.
    pub(super) fn watch(&self, supervisor: i32, bounds: Bounds) -> Watched {
        let shared = &self.0;
        let levels = shared.levels.iter().map(|(_, bounds)| bounds);
        let pids = levels.chain([&bounds]).filter_map(|bounds| bounds.pids);
        let tree = Tree::new(supervisor, bounds, pids.min());
        let one = Arc::new(One {
            supervisor,
            bounded: keeps(&bounds) || !shared.levels.is_empty(),
            seen: Mutex::new(Seen::new(&tree, Instant::now())),
            told: tree.told(),
            tree: Mutex::new(tree),
        });
        let mut state = lock(&shared.state);
        let before = state.trees.iter();
        let same = before.filter(|one| one.supervisor == supervisor);
        let mut earlier: Vec<Arc<One>> = same.cloned().collect();
        state.ending.append(&mut earlier);
        state.trees.push(one.clone());
        state.fresh |= keeps(&bounds);
        if one.bounded && !state.running {
            state.running = shared.start();
        }
        drop(state);
        shared.changed.notify_one();
        shared.end_those_let_go();
        Watched {
            one,
            shared: shared.clone(),
        }
    }

    /// What all trees together use now; those that are watched no more count for the processor time.
    pub(super) fn present(&self, _: Scope) -> Present {
        let (trees, past) = {
            let state = lock(&self.0.state);
            (state.trees.clone(), state.past)
        };
        let mut all = Extent::default();
        let mut cpu = past;
        for one in trees {
            let seen = self.0.fresh(&one);
            all = all.and(&seen.present);
            cpu += seen.usage.cpu;
        }
        Present {
            memory_bytes: Some(all.memory),
            swap_bytes: Some(all.swap),
            cpu_seconds: Some(cpu.as_secs_f64()),
            pids: Some(all.tasks),
        }
    }
}

impl Watched {
    /// What has been used so far. Looks, unless somebody has just done so.
    pub(super) fn usage(&self) -> Usage {
        let usage = self.shared.fresh(&self.one).usage;
        let peak = self.one.told.peak.load(Ordering::Relaxed);
        Usage {
            memory_peak: usage.memory_peak.max(peak),
            ..usage
        }
    }

    /// Whether nobody looks unless asked: to ask for the usage then takes as long as there are processes.
    pub(super) fn looks_when_asked(&self) -> bool {
        !self.one.bounded
    }

    /// The limits that struck.
    pub(super) fn strikes(&self) -> Vec<Strike> {
        lock(&self.one.told.strikes).clone()
    }

    /// Whether all below the supervisor is killed whenever it is seen: it must not serve another.
    pub(super) fn kills_all(&self) -> bool {
        let kills = |strike: &Strike| strike.kind != Kind::Cpu;
        lock(&self.one.told.strikes).iter().any(kills)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let now = Instant::now();
        if let Some(mut tree) = try_lock(&self.one.tree) {
            tree.look(now);
            self.one.note(&tree, now);
        }
        let used = lock(&self.one.seen).usage.cpu;
        let mut state = lock(&self.shared.state);
        state.trees.retain(|one| !Arc::ptr_eq(one, &self.one));
        state.ending.push(Arc::clone(&self.one));
        state.past += used;
        drop(state);
        self.shared.end_those_let_go();
    }
}

impl One {
    fn note(&self, tree: &Tree, at: Instant) -> Seen {
        let seen = Seen::new(tree, at);
        lock(&self.seen).clone_from(&seen);
        seen
    }
}

impl Seen {
    fn new(tree: &Tree, at: Instant) -> Self {
        Self {
            at,
            usage: tree.usage(),
            present: *tree.extent(),
        }
    }
}

impl Shared {
    /// What is there of a tree now, or was a moment ago.
    fn fresh(&self, one: &One) -> Seen {
        let now = Instant::now();
        let last = lock(&one.seen).clone();
        let enough = if one.bounded { KEPT_FRESH } else { FRESH };
        if now.saturating_duration_since(last.at) <= enough {
            return last;
        }
        let Some(mut tree) = try_lock(&one.tree) else {
            return last;
        };
        tree.look(now);
        let seen = one.note(&tree, now);
        drop(tree);
        self.end_those_let_go();
        seen
    }

    /// Ends those trees that are to be, but for those somebody looks at: who does calls this when it is done.
    fn end_those_let_go(&self) {
        let mut held = Vec::new();
        // Under this lock, or one could be let go between our look and its note.
        lock(&self.state)
            .ending
            .retain(|one| match try_lock(&one.tree) {
                Some(mut tree) => {
                    held.push(tree.end());
                    false
                }
                None => true,
            });
        for mut hold in held {
            hold.release();
        }
    }

    /// Starts the thread; false when there can be none now.
    fn start(self: &Arc<Self>) -> bool {
        let shared = self.clone();
        let thread = thread::Builder::new().name("watchdog".to_owned());
        let started = thread.spawn(move || shared.guard());
        if let Err(error) = &started {
            tracing::error!(%error, "the watchdog cannot start: commands are not limited");
        }
        started.is_ok()
    }

    /// What the thread does: rounds, with pauses that keep their cost small.
    fn guard(&self) {
        crate::sys::run_soon();
        let level = |(scope, bounds): &(Scope, Bounds)| Level::new(*scope, *bounds);
        let mut levels: Vec<Level> = self.levels.iter().map(level).collect();
        while let Some((trees, past)) = self.next() {
            let before = pace::own_time();
            let wanted = round(&trees, past, &mut levels);
            let killing = trees.iter().map(|one| lock(&one.tree).spent_on_killing());
            let spent = pace::own_time().saturating_sub(before + killing.sum());
            self.end_those_let_go();
            self.pause(pace::pause(wanted, spent));
        }
    }

    /// All trees, once there is one to look at; none when none came for long.
    fn next(&self) -> Option<(Vec<Arc<One>>, Duration)> {
        let mut state = lock(&self.state);
        let mut waited = false;
        while !state.trees.iter().any(|one| one.bounded) {
            if waited {
                state.running = false;
                return None;
            }
            let (woken, timeout) = self
                .changed
                .wait_timeout(state, LINGER)
                .unwrap_or_else(PoisonError::into_inner);
            state = woken;
            waited = timeout.timed_out();
        }
        state.fresh = false;
        Some((state.trees.clone(), state.past))
    }

    /// Sleeps, but not long past the start of something new.
    fn pause(&self, (least, usual): (Duration, Duration)) {
        thread::sleep(least);
        let state = lock(&self.state);
        let left = usual.saturating_sub(least);
        let woken = self
            .changed
            .wait_timeout_while(state, left, |state| !state.fresh);
        drop(woken);
    }
}

/// Looks at every tree and does what follows; says how soon the next look is wanted.
fn round(trees: &[Arc<One>], past: Duration, levels: &mut [Level]) -> Duration {
    let now = Instant::now();
    let mut wanted = pace::USUAL;
    let mut watched: Vec<MutexGuard<'_, Tree>> = Vec::with_capacity(trees.len());
    for one in trees {
        if !one.bounded {
            continue;
        }
        let mut tree = lock(&one.tree);
        tree.look(now);
        one.note(&tree, now);
        wanted = wanted.min(tree.judge(now));
        if levels.is_empty() {
            tree.keep_held(false);
        } else {
            watched.push(tree);
        }
    }
    if levels.is_empty() {
        return wanted;
    }
    let mut wait = false;
    for level in levels {
        let (must_wait, soon) = level.judge(&mut watched, past, now);
        wait |= must_wait;
        wanted = wanted.min(soon);
    }
    for tree in &mut watched {
        tree.keep_held(wait);
    }
    for (one, tree) in trees.iter().filter(|one| one.bounded).zip(&watched) {
        one.note(tree, now);
    }
    wanted
}

/// Whether there is something here that the watchdog can keep.
fn keeps(bounds: &Bounds) -> bool {
    bounds.memory.is_some() || bounds.cpu.is_some() || bounds.pids.is_some()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// None when somebody else has it.
fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
