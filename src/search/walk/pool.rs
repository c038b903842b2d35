//! A pool of the work of a walk, given out in the walk's order, and the first of what it brings.
//!
//! A place in the order is a key: the components of a path below the root with NUL between them.
//! NUL is in no name and is less than all that is, so comparing keys as bytes compares components.

use std::collections::{BTreeMap, BinaryHeap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Rules;
use super::listing::Listing;
use crate::search::Error;

/// Something to do.
pub(super) enum Task {
    /// Read the directory with that key, in which these rules of git are in force.
    Directory(Vec<u8>, Option<Arc<Rules>>),
    /// Go on with a listing at that entry.
    Rest(Arc<Listing>, usize),
}

impl Task {
    /// The least key of all that the task can visit. A directory's own key ends in NUL, so it is no
    /// other task's.
    fn key(&self) -> Vec<u8> {
        match self {
            Self::Directory(key, _) => key.clone(),
            Self::Rest(listing, at) => listing.key_of(*at),
        }
    }
}

/// The work of one walk and what it brought so far.
pub(super) struct Pool<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    /// Told when there is nothing left to do.
    ended: Condvar,
    /// How often the bound has changed, so that threads see it without the lock.
    version: AtomicUsize,
}

struct State<T> {
    pending: BTreeMap<Vec<u8>, Task>,
    running: usize,
    idle: usize,
    best: BinaryHeap<Hit<T>>,
    kept: usize,
    enough: usize,
    failure: Option<Error>,
}

/// What was found at one place.
struct Hit<T> {
    key: Vec<u8>,
    found: Vec<T>,
}

/// The place before which all that is still wanted lies, as a thread last saw it.
#[derive(Default)]
pub(super) struct Bound {
    key: Option<Vec<u8>>,
    ended: bool,
    version: usize,
}

impl Bound {
    /// Whether it is before `name` in the directory with that key.
    pub(super) fn is_before(&self, directory: &[u8], name: &[u8]) -> bool {
        let is_before = |bound: &Vec<u8>| bound.iter().lt(directory.iter().chain(name));
        self.ended || self.key.as_ref().is_some_and(is_before)
    }
}

impl<T> Pool<T> {
    /// A pool with nothing to do, for `enough` results.
    pub(super) fn new(enough: usize) -> Self {
        Self {
            state: Mutex::new(State {
                pending: BTreeMap::new(),
                running: 0,
                idle: 0,
                best: BinaryHeap::new(),
                kept: 0,
                enough,
                failure: None,
            }),
            changed: Condvar::new(),
            ended: Condvar::new(),
            version: AtomicUsize::new(0),
        }
    }

    /// Adds things to do.
    pub(super) fn offer(&self, tasks: impl IntoIterator<Item = Task>) {
        let mut tasks = tasks.into_iter().map(|task| (task.key(), task)).peekable();
        if tasks.peek().is_none() {
            return;
        }
        let mut state = self.lock();
        let before = state.pending.len();
        state.pending.extend(tasks);
        let wanted = state.idle.min(state.pending.len() - before);
        drop(state);
        for _ in 0..wanted {
            self.changed.notify_one();
        }
    }

    /// Waits for `time`, or as long as there is work if that is shorter.
    ///
    /// What is found within a moment is found by one thread; others would only do what nobody wants.
    pub(super) fn leave_head_start(&self, time: Duration) {
        let works = |state: &mut State<T>| !state.pending.is_empty() || state.running > 0;
        let waited = self.ended.wait_timeout_while(self.lock(), time, works);
        drop(waited);
    }

    /// Runs tasks, the first first, until there are none and none can come.
    pub(super) fn work(&self, mut run: impl FnMut(Task) -> Result<(), Error>) {
        while let Some(task) = self.claim() {
            let running = Running(self);
            if let Err(problem) = run(task) {
                self.fail(problem);
            }
            drop(running);
        }
    }

    fn claim(&self) -> Option<Task> {
        let mut state = self.lock();
        loop {
            state.drop_unwanted();
            if let Some((_, task)) = state.pending.pop_first() {
                state.running += 1;
                return Some(task);
            }
            if state.running == 0 {
                self.ended.notify_all();
                return None;
            }
            state.idle += 1;
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    /// Keeps what was found at a place, as long as it is among the first that are wanted.
    pub(super) fn keep(&self, key: Vec<u8>, found: Vec<T>) {
        let mut state = self.lock();
        if state.bound().is_some_and(|bound| *bound < key) {
            return;
        }
        state.kept += found.len();
        state.best.push(Hit { key, found });
        while let Some(last) = state.best.peek() {
            let without = state.kept - last.found.len();
            if without < state.enough {
                break;
            }
            state.kept = without;
            state.best.pop();
        }
        if state.bound().is_some() {
            self.version.fetch_add(1, Ordering::Release);
        }
    }

    /// Brings what a thread knows of the bound up to date.
    pub(super) fn refresh(&self, bound: &mut Bound) {
        if self.version.load(Ordering::Acquire) == bound.version {
            return;
        }
        let state = self.lock();
        bound.version = self.version.load(Ordering::Acquire);
        bound.key = state.bound().cloned();
        bound.ended = state.enough == 0;
    }

    /// Ends the work.
    fn fail(&self, problem: Error) {
        let mut state = self.lock();
        state.failure.get_or_insert(problem);
        state.enough = 0;
        self.version.fetch_add(1, Ordering::Release);
    }

    /// What was found, in order, cut to what was wanted; or why the work ended early.
    pub(super) fn into_results(self) -> Result<Vec<T>, Error> {
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(problem) = state.failure {
            return Err(problem);
        }
        let hits = state.best.into_sorted_vec();
        let found = hits.into_iter().flat_map(|hit| hit.found);
        Ok(found.take(state.enough).collect())
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a running task until it is dropped, so that a panic leaves no thread waiting for it.
struct Running<'a, T>(&'a Pool<T>);

impl<T> Drop for Running<'_, T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.running -= 1;
        if state.running == 0 && state.pending.is_empty() {
            drop(state);
            self.0.changed.notify_all();
        }
    }
}

impl<T> State<T> {
    /// The last place of which anything is kept, once there is enough; what follows is not wanted.
    fn bound(&self) -> Option<&Vec<u8>> {
        let last = self.best.peek().filter(|_| self.kept >= self.enough);
        last.map(|hit| &hit.key)
    }

    fn drop_unwanted(&mut self) {
        if self.enough == 0 {
            self.pending.clear();
            return;
        }
        let Some((first, _)) = self.pending.first_key_value() else {
            return;
        };
        if self.bound().is_some_and(|bound| bound < first) {
            self.pending.clear();
        }
    }
}

impl<T> PartialEq for Hit<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<T> Eq for Hit<T> {}

impl<T> PartialOrd for Hit<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Hit<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}
