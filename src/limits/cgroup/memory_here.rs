//! The memory there is: the machine's, or what the server's own cgroups leave of it.

use std::fs;
use std::path::Path;

use super::branch::System;
use super::files::number;
use super::mounts::Version;

/// The memory there is for the server and all it runs, in bytes; 0 when the kernel does not tell.
///
/// Limits may stand at any cgroup above, as far as they can be seen; a container has its own there.
pub(in crate::limits) fn memory_here() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| total(&text));
    let limits = System::here().map_or_else(|_| Vec::new(), |system| limits(&system));
    machine.into_iter().chain(limits).min().unwrap_or(0)
}

/// All limits on memory that this process is under.
fn limits(system: &System) -> Vec<u64> {
    let mut all = Vec::new();
    for hierarchy in system.hierarchies() {
        let Ok(place) = hierarchy.place else { continue };
        let one = hierarchy.version == Version::One;
        if one && !hierarchy.controllers.iter().any(|name| name == "memory") {
            continue;
        }
        let limit = |at: &Path| {
            if one {
                number(at, "memory.limit_in_bytes")
            } else {
                number(at, "memory.max")
            }
        };
        all.extend(place.upwards().filter_map(limit));
    }
    all
}

/// The machine's memory, of the text of `/proc/meminfo` (proc(5)).
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kibibytes.checked_mul(1024)
}
