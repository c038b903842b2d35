//! Counters: what the kernel has counted in a place, by version.

use std::time::Duration;

use super::files::{keyed, keyed_in, number, read, write};
use super::mounts::Version;
use super::shape::{Role, Shape, Spot};
use super::{Present, Usage};

/// What has been used in a place so far.
pub(super) fn usage(shape: &Shape, spot: &Spot) -> Usage {
    let memory_peak = match shape.at(spot, Role::Memory) {
        Some((Version::One, at)) => number(at, "memory.max_usage_in_bytes"),
        // The peak is there since Linux 5.19; without it, what is used now is better than nothing.
        Some((Version::Two, at)) => {
            number(at, "memory.peak").or_else(|| number(at, "memory.current"))
        }
        None => None,
    };
    Usage {
        cpu: cpu(shape, spot).unwrap_or_default(),
        memory_peak: memory_peak.unwrap_or(0),
    }
}

/// Whether the kernel keeps the most memory that was in a place at once.
pub(super) fn keeps_peak(shape: &Shape, spot: &Spot) -> bool {
    shape
        .at(spot, Role::Memory)
        .is_some_and(|(version, at)| version == Version::One || at.join("memory.peak").exists())
}

/// Processor time of all that is or was in a place.
pub(super) fn cpu(shape: &Shape, spot: &Spot) -> Option<Duration> {
    match shape.at(spot, Role::Accounting)? {
        (Version::One, at) => number(at, "cpuacct.usage").map(Duration::from_nanos),
        (Version::Two, at) => {
            keyed_in(&read(at, "cpu.stat").ok()?, "usage_usec").map(Duration::from_micros)
        }
    }
}

/// What is used in a place now.
pub(super) fn present(shape: &Shape, spot: &Spot) -> Present {
    let (memory_bytes, swap_bytes) = match shape.at(spot, Role::Memory) {
        Some((Version::One, at)) => {
            let memory = number(at, "memory.usage_in_bytes");
            let both = number(at, "memory.memsw.usage_in_bytes");
            let swap = both
                .zip(memory)
                .map(|(both, memory)| both.saturating_sub(memory));
            (memory, swap)
        }
        Some((Version::Two, at)) => (
            number(at, "memory.current"),
            number(at, "memory.swap.current"),
        ),
        None => (None, None),
    };
    let pids = shape.at(spot, Role::Pids);
    Present {
        memory_bytes,
        swap_bytes,
        cpu_seconds: cpu(shape, spot).map(|time| time.as_secs_f64()),
        pids: pids.and_then(|(_, at)| number(at, "pids.current")),
    }
}

/// Processes of a leaf that were killed for memory, whoever's limit it was.
pub(super) fn killed(shape: &Shape, leaf: &Spot) -> u64 {
    match shape.at(leaf, Role::Memory) {
        Some((Version::One, at)) => keyed(at, "memory.oom_control", "oom_kill"),
        Some((Version::Two, at)) => {
            let text = read(at, "memory.events").unwrap_or_default();
            let count = |key| keyed_in(&text, key).unwrap_or(0);
            // Killing a group counts the process it begins with twice.
            let all = count("oom_kill");
            all.saturating_sub(count("oom_group_kill")).max(all.min(1))
        }
        None => 0,
    }
}

/// How far below a limit the most that was charged may stay: the kernel charges in batches of pages.
const BATCH: u64 = 256 << 10;

/// Whether the limit on memory of this very place was met since it was made, or [`forget_most`] was called.
pub(super) fn memory_was_full(shape: &Shape, spot: &Spot) -> bool {
    match shape.at(spot, Role::Memory) {
        // `failcnt` beside them stays at 0 in newer kernels.
        Some((Version::One, at)) => ["memory", "memory.memsw"].iter().any(|what| {
            let most = number(at, &format!("{what}.max_usage_in_bytes"));
            let limit = number(at, &format!("{what}.limit_in_bytes"));
            most.zip(limit)
                .is_some_and(|(most, limit)| most.saturating_add(BATCH) >= limit)
        }),
        Some((Version::Two, _)) => times_out_of_memory(shape, spot) > 0,
        None => false,
    }
}

/// Takes what is charged now for the most that ever was, in version 1.
pub(super) fn forget_most(shape: &Shape, spot: &Spot) {
    if let Some((Version::One, at)) = shape.at(spot, Role::Memory) {
        for what in ["memory", "memory.memsw"] {
            // The second is not there without accounting of swap.
            write(at, &format!("{what}.max_usage_in_bytes"), "0").ok();
        }
    }
}

/// How often something had to be killed for the limit on memory of this very place, in version 2.
pub(super) fn times_out_of_memory(shape: &Shape, spot: &Spot) -> u64 {
    let Some((Version::Two, at)) = shape.at(spot, Role::Memory) else {
        return 0;
    };
    // Only since Linux 5.2 are the events of those inside left out.
    let own = read(at, "memory.events.local").or_else(|_| read(at, "memory.events"));
    own.ok()
        .and_then(|text| keyed_in(&text, "oom"))
        .unwrap_or(0)
}

/// Whether the kernel counts refused processes where the limit is, not where they were refused: version 2 does so
/// since Linux 6.11, unless mounted with `pids_localevents`.
pub(super) fn pids_count_at_limit(shape: &Shape, top: &Spot) -> bool {
    let file = |(version, at): (_, &std::path::Path)| {
        version == Version::Two && at.join("pids.events.local").exists()
    };
    shape.at(top, Role::Pids).is_some_and(file)
        && !std::fs::read_to_string("/proc/self/mountinfo")
            .is_ok_and(|m| m.contains("pids_localevents"))
}

/// Processes refused in a leaf (see [`pids_count_at_limit`]).
pub(super) fn refused(shape: &Shape, leaf: &Spot) -> u64 {
    let at = shape.at(leaf, Role::Pids);
    at.map_or(0, |(_, at)| keyed(at, "pids.events", "max"))
}

/// Processes refused for the limit of this very place, where the kernel counts so.
pub(super) fn refused_by(shape: &Shape, spot: &Spot) -> u64 {
    let at = shape.at(spot, Role::Pids);
    at.map_or(0, |(_, at)| keyed(at, "pids.events.local", "max"))
}

/// Whether as many processes as allowed were there at once; also true where the kernel does not tell.
pub(super) fn pids_were_full(shape: &Shape, spot: &Spot, allowed: u64) -> bool {
    pids_peak(shape, spot).is_none_or(|peak| peak >= allowed)
}

/// The most processes and threads that were there at once, since Linux 6.1.
pub(super) fn pids_peak(shape: &Shape, spot: &Spot) -> Option<u64> {
    let (_, at) = shape.at(spot, Role::Pids)?;
    number(at, "pids.peak")
}

/// Periods in which a place had used up its processor time.
pub(super) fn throttled(shape: &Shape, spot: &Spot) -> u64 {
    let at = shape.at(spot, Role::Cpu);
    at.map_or(0, |(_, at)| keyed(at, "cpu.stat", "nr_throttled"))
}

/// Whether there is a file that bounds swap in a place.
pub(super) fn has_swap(shape: &Shape, spot: &Spot) -> bool {
    match shape.at(spot, Role::Memory) {
        Some((Version::One, at)) => at.join("memory.memsw.limit_in_bytes").exists(),
        Some((Version::Two, at)) => at.join("memory.swap.max").exists(),
        None => false,
    }
}
