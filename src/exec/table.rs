//! The commands that are listed: all that run, and the finished ones for a while.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::process::Process;

/// How long a finished command stays listed; its log stays longer.
const LISTED: Duration = Duration::from_mins(5);
/// Finished commands listed at most, so that a burst of them costs bounded memory.
const MOST_LISTED: usize = 4096;
/// Logs of finished commands kept open, the latest: they are the ones asked for.
const MOST_OPEN: usize = 64;

/// The table, in the order of starts.
#[derive(Debug, Default)]
pub(super) struct Table {
    numbers: HashMap<Arc<str>, u64>,
    processes: BTreeMap<u64, Arc<Process>>,
    next: u64,
    finished: VecDeque<(Instant, u64)>,
    open: VecDeque<u64>,
}

impl Table {
    pub(super) fn contains(&self, id: &str) -> bool {
        self.numbers.contains_key(id)
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Process>> {
        self.processes.get(self.numbers.get(id)?).cloned()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Process>> {
        self.processes.values()
    }

    pub(super) fn insert(&mut self, process: Arc<Process>) {
        self.numbers.insert(Arc::clone(&process.id), self.next);
        self.processes.insert(self.next, process);
        self.next += 1;
    }

    /// Notes that nothing of a command is left; it leaves the table in time.
    pub(super) fn finish(&mut self, id: &str) {
        let Some(number) = self.numbers.get(id) else {
            return;
        };
        self.finished.push_back((Instant::now() + LISTED, *number));
        self.open.push_back(*number);
        if self.open.len() > MOST_OPEN
            && let Some(process) = self
                .open
                .pop_front()
                .and_then(|number| self.processes.get(&number))
        {
            process.log.close();
        }
        self.expire();
    }

    /// Removes what has been listed for long enough; says when the next one is due.
    pub(super) fn expire(&mut self) -> Option<Instant> {
        let now = Instant::now();
        while let Some((due, number)) = self.finished.front().copied() {
            if due > now && self.finished.len() <= MOST_LISTED {
                return Some(due);
            }
            self.finished.pop_front();
            if let Some(process) = self.processes.remove(&number) {
                self.numbers.remove(&process.id);
            }
        }
        None
    }
}
