//! The ledger: processor time of a tree in which processes come and go.
//!
//! A live process shows its own time. When it has ended and was waited for, its time moves to its parent, unless that
//! ignores its children (wait(2)). So time is taken from both, and what was seen before is not counted again.

use std::collections::HashMap;

use crate::sys::Process;

/// Processor time of a tree, in ticks.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    known: HashMap<i32, Entry>,
    /// What ended processes had shown by the last look, and nobody had taken over by then.
    open: u64,
    used: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    started: u64,
    own: u64,
    reaped: u64,
}

impl Ledger {
    /// A ledger of a tree whose root has reaped so much already.
    pub(super) fn new(root: Option<&Process>) -> Self {
        let mut ledger = Self::default();
        if let Some(root) = root {
            ledger.known.insert(root.pid, Entry::of(root));
        }
        ledger
    }

    /// Those that were there at the last look and are not among these, root included: gone, or overlooked.
    pub(super) fn missing(&self, now: &[Process]) -> Vec<i32> {
        if now.len() >= self.known.len() && now.iter().all(|one| self.knows(one)) {
            return Vec::new();
        }
        let there: HashMap<i32, u64> = now.iter().map(|one| (one.pid, one.started)).collect();
        let known = self.known.iter();
        known
            .filter(|(pid, entry)| there.get(*pid) != Some(&entry.started))
            .map(|(pid, _)| *pid)
            .collect()
    }

    /// Whether it was there at the last look.
    pub(super) fn knows(&self, process: &Process) -> bool {
        let entry = self.known.get(&process.pid);
        entry.is_some_and(|entry| entry.started == process.started)
    }

    /// Takes what is there now. The first is the root of the tree, whose own time does not count.
    pub(super) fn take(&mut self, root: Option<&Process>, now: &[Process]) {
        let mut reaped = 0;
        let mut before = std::mem::take(&mut self.known);
        for process in root.into_iter().chain(now) {
            let is_root = root.is_some_and(|root| root.pid == process.pid);
            let entry = Entry::of(process);
            let last = if before.get(&process.pid).is_some_and(same(&entry)) {
                before.remove(&process.pid)
            } else {
                None
            };
            let last = last.unwrap_or(Entry {
                own: 0,
                reaped: 0,
                ..entry
            });
            reaped += entry.reaped.saturating_sub(last.reaped);
            if !is_root {
                self.used += entry.own.saturating_sub(last.own);
            }
            self.known.insert(process.pid, entry);
        }
        let gone: u64 = before.values().map(|entry| entry.own + entry.reaped).sum();
        // A process may have moved to its parent's account between our looks at the two. So what is open stays so
        // for one look, and no longer: what was ignored is never taken over.
        reaped = reaped.saturating_sub(self.open);
        self.used += reaped.saturating_sub(gone);
        self.open = gone.saturating_sub(reaped);
    }

    /// All that was used.
    pub(super) fn used(&self) -> u64 {
        self.used
    }
}

/// Whether another entry is of the same process, when it has the same number.
fn same(entry: &Entry) -> impl Fn(&Entry) -> bool {
    let started = entry.started;
    move |other| other.started == started
}

impl Entry {
    fn of(process: &Process) -> Self {
        Self {
            started: process.started,
            own: process.own_ticks,
            reaped: process.reaped_ticks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32, own_ticks: u64, reaped_ticks: u64) -> Process {
        Process {
            pid,
            parent: 1,
            state: 'R',
            threads: 1,
            started: 7,
            own_ticks,
            reaped_ticks,
            virtual_bytes: 0,
            resident_bytes: 0,
            memory_of: pid,
        }
    }

    fn ledger_after(looks: &[&[Process]]) -> Ledger {
        let mut ledger = Ledger::new(Some(&process(1, 50, 100)));
        for look in looks {
            ledger.take(Some(&look[0]), &look[1..]);
        }
        ledger
    }

    #[test]
    fn time_of_the_root_and_of_what_it_reaped_before_does_not_count() {
        let ledger = ledger_after(&[&[process(1, 60, 100), process(2, 5, 1)]]);
        assert_eq!(ledger.used(), 6);
    }

    #[test]
    fn a_process_that_ends_counts_once() {
        let ledger = ledger_after(&[
            &[process(1, 50, 100), process(2, 5, 1)],
            &[process(1, 50, 108)],
            &[process(1, 50, 108)],
        ]);
        assert_eq!(ledger.used(), 8);
    }

    #[test]
    fn an_end_that_is_seen_before_its_time_moves_counts_once_too() {
        let ledger = ledger_after(&[
            &[process(1, 50, 100), process(2, 5, 0)],
            &[process(1, 50, 100)],
            &[process(1, 50, 106), process(3, 1, 0)],
            &[process(1, 50, 106), process(3, 2, 0)],
        ]);
        assert_eq!(ledger.used(), 8);
    }

    #[test]
    fn what_nobody_waits_for_hides_nothing_later() {
        let ledger = ledger_after(&[
            &[process(1, 50, 100), process(2, 500, 0)],
            &[process(1, 50, 100)],
            &[process(1, 50, 100)],
            &[process(1, 50, 110)],
        ]);
        assert_eq!(ledger.used(), 510);
    }

    #[test]
    fn a_number_that_is_used_again_is_another_process() {
        let other = Process {
            started: 8,
            ..process(2, 3, 0)
        };
        let ledger = ledger_after(&[
            &[process(1, 50, 100), process(2, 5, 0)],
            &[process(1, 50, 105), other],
        ]);
        assert_eq!(ledger.used(), 8);
        assert!(ledger.knows(&other) && !ledger.knows(&process(2, 5, 0)));
        assert_eq!(ledger.missing(&[process(1, 0, 0)]), [2]);
    }
}
