//! Memory of processes: what each has for itself, and its share of what it has in common with others.

use std::collections::HashMap;
use std::fs;

use crate::sys::{Process, ticks_in_a_second};

/// For so long a child may be using its parent's memory, until it executes a program (vfork(2)).
const BORROWING_MILLIS: u64 = 200;

/// Memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    /// In memory.
    pub(super) resident: u64,
    /// In swap.
    pub(super) swapped: u64,
}

/// The memory of all these together. Dear: the kernel walks the page tables of each.
pub(super) fn exact(processes: &[Process]) -> Memory {
    let by_pid: HashMap<i32, &Process> = processes.iter().map(|one| (one.pid, one)).collect();
    let now = ticks_since_boot();
    let mut all = Memory::default();
    for process in processes.iter().filter(|one| !one.is_dead()) {
        let parent = by_pid.get(&process.parent);
        if parent.is_some_and(|parent| borrows(process, parent, now)) {
            continue;
        }
        let one = of(process);
        all.resident += one.resident;
        all.swapped += one.swapped;
    }
    all
}

/// Whether a child may have its parent's memory and none of its own: what is in there would count twice.
fn borrows(child: &Process, parent: &Process, now: Option<u64>) -> bool {
    let young = BORROWING_MILLIS * ticks_in_a_second() / 1000;
    child.virtual_bytes == parent.virtual_bytes
        && now.is_some_and(|now| now.saturating_sub(child.started) <= young)
}

/// Ticks since the boot, as the start of a process is told.
fn ticks_since_boot() -> Option<u64> {
    let text = fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, rest) = text.split_once('.')?;
    let hundredths: u64 = rest.get(..2)?.parse().ok()?;
    let seconds: u64 = seconds.parse().ok()?;
    Some(seconds * ticks_in_a_second() + hundredths * ticks_in_a_second() / 100)
}

fn of(process: &Process) -> Memory {
    let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", process.memory_of));
    // Not there before Linux 4.14, and not to be read of another user's process.
    let parsed = rollup.ok().and_then(|text| parse(&text));
    parsed.unwrap_or(Memory {
        resident: process.resident_bytes,
        swapped: 0,
    })
}

fn parse(rollup: &str) -> Option<Memory> {
    let field = |name: &str| -> Option<u64> {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    };
    Some(Memory {
        resident: field("Pss:")?,
        swapped: field("SwapPss:").unwrap_or(0),
    })
}

#[test]
fn the_shares_are_read() {
    let text = "00400000-7ffc [rollup]\nRss: 1640 kB\nPss:       227 kB\nPss_Dirty: 1 kB\nSwap: 9 kB\nSwapPss: 4 kB\n";
    let memory = Memory {
        resident: 227 * 1024,
        swapped: 4096,
    };
    assert_eq!(parse(text), Some(memory));
    assert_eq!(parse(""), None);
}
