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
/// Bytes of the command lines of finished commands that are listed, for the same reason.
const MOST_TEXT: usize = 16 << 20;
/// Logs of finished commands kept open, the latest: they are the ones asked for.
const MOST_OPEN: usize = 64;

/// The table, in the order of starts.
#[derive(Debug, Default)]
pub(super) struct Table {
    numbers: HashMap<Arc<str>, u64>,
    processes: BTreeMap<u64, Arc<Process>>,
    next: u64,
    finished: VecDeque<(Instant, u64)>,
    /// Bytes of their command lines.
    text: usize,
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
    ///
    /// Returns the command whose log is to be closed now, outside the table's lock.
    #[must_use]
    pub(super) fn finish(&mut self, process: &Process) -> Option<Arc<Process>> {
        let number = *self.numbers.get(&process.id)?;
        self.finished.push_back((Instant::now() + LISTED, number));
        self.text += process.command.len();
        self.open.push_back(number);
        let oldest = self.open.len() > MOST_OPEN;
        let oldest = oldest.then(|| self.open.pop_front()).flatten();
        let to_close = oldest.and_then(|number| self.processes.get(&number).cloned());
        self.expire();
        to_close
    }

    /// Removes what has been listed for long enough; says when the next one is due.
    pub(super) fn expire(&mut self) -> Option<Instant> {
        let now = Instant::now();
        while let Some((due, number)) = self.finished.front().copied() {
            let few = self.finished.len() <= MOST_LISTED && self.text <= MOST_TEXT;
            if due > now && few {
                return Some(due);
            }
            self.finished.pop_front();
            if let Some(process) = self.processes.remove(&number) {
                self.text -= process.command.len();
                self.numbers.remove(&process.id);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(number: usize, command: &str) -> Process {
        Process::sample(&format!("id-{number}"), command)
    }

    fn finish(table: &mut Table, process: Process) {
        let process = Arc::new(process);
        table.insert(Arc::clone(&process));
        if let Some(old) = table.finish(&process) {
            old.log.close();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn finished_commands_go_in_time_and_running_ones_stay() {
        let mut table = Table::default();
        table.insert(Arc::new(process(0, "runs")));
        finish(&mut table, process(1, "done"));
        assert!(table.expire().is_some());
        assert!(table.contains("id-1"));
        tokio::time::advance(LISTED + Duration::from_secs(1)).await;
        assert_eq!(table.expire(), None);
        assert!(!table.contains("id-1"));
        assert!(table.contains("id-0"));
    }

    #[tokio::test]
    async fn a_burst_of_finished_commands_is_bounded_in_number_and_text() {
        let mut table = Table::default();
        for number in 0..MOST_LISTED + 10 {
            finish(&mut table, process(number, "x"));
        }
        assert_eq!(table.all().count(), MOST_LISTED);
        assert!(!table.contains("id-9"));
        let long = "x".repeat(MOST_TEXT / 4);
        for number in 0..8 {
            finish(&mut table, process(100_000 + number, &long));
        }
        assert!(table.text <= MOST_TEXT);
        assert!(table.contains("id-100007"), "the newest stays");
    }
}
