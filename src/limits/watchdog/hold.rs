//! Holding a tree back: its processes are stopped for a while and then continued.

use std::collections::{HashMap, HashSet};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::sys::Process;

/// How long parents get to be stopped before their children are.
const STOPPING: Duration = Duration::from_millis(5);
const STOPPING_AGAIN: Duration = Duration::from_micros(100);

/// The processes that were stopped here. One that was stopped already is left alone: somebody else will continue it.
/// (A stop that is sent to one while it is held cannot be seen, and is lost.)
#[derive(Debug, Default)]
pub(super) struct Hold {
    /// When each had started, by its number.
    stopped: HashMap<i32, u64>,
    /// In the order in which they were stopped.
    order: Vec<i32>,
}

impl Hold {
    /// Stops what runs, parents before children.
    ///
    /// A shell must not see that its job is stopped, so the job is stopped when the shell is: with the next look, when
    /// that one takes its time.
    pub(super) fn stop(&mut self, processes: &[Process]) {
        let runs = |one: &&Process| !one.is_dead() && !one.is_stopped();
        let mut left: Vec<&Process> = processes.iter().filter(runs).collect();
        let parents: HashSet<i32> = processes.iter().map(|one| one.parent).collect();
        let mut pending: HashSet<i32> = left.iter().map(|one| one.pid).collect();
        while !left.is_empty() {
            let (now, later): (Vec<&Process>, Vec<&Process>) = left
                .into_iter()
                .partition(|one| !pending.contains(&one.parent));
            if now.is_empty() {
                break;
            }
            for process in &now {
                pending.remove(&process.pid);
            }
            // One that has not stopped since the last look is not waited for again.
            let told: Vec<&Process> = now.into_iter().filter(|one| self.stop_one(one)).collect();
            if !later.is_empty() {
                pending.extend(late(told.iter().filter(|one| parents.contains(&one.pid))));
            }
            left = later;
        }
    }

    /// Stops one; false when it has gone, or was told before.
    fn stop_one(&mut self, process: &Process) -> bool {
        let new = process.signal(Signal::SIGSTOP)
            && self.stopped.insert(process.pid, process.started).is_none();
        if new {
            self.order.push(process.pid);
        }
        new
    }

    /// Continues what was stopped here, children before parents.
    pub(super) fn release(&mut self) {
        for pid in self.order.drain(..).rev() {
            let started = self.stopped.get(&pid).copied();
            let there = Process::read(pid).filter(|one| Some(one.started) == started);
            if let Some(process) = there {
                process.signal(Signal::SIGCONT);
            }
        }
        self.stopped.clear();
    }

    /// Whether something is held.
    pub(super) fn is_on(&self) -> bool {
        !self.order.is_empty()
    }
}

/// Waits a little until these are stopped; gives those that are not, though they will be when they get a processor. One
/// that waits for a disk, or for a child to become another program (vfork(2)), sees nothing of its job meanwhile.
fn late<'a>(processes: impl Iterator<Item = &'a &'a Process>) -> Vec<i32> {
    let until = Instant::now() + STOPPING;
    let runs = |process: &&&Process| loop {
        let now = Process::read(process.pid).filter(|now| matches!(now.state, 'R' | 'S'));
        if now.is_none() || Instant::now() >= until {
            break now.is_some();
        }
        thread::sleep(STOPPING_AGAIN);
    };
    processes.filter(runs).map(|process| process.pid).collect()
}
