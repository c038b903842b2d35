//! What there is here: the machine's memory and processes, or what the server's own cgroups leave of them.

use std::fs;
use std::path::Path;

use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::geteuid;

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
    let limits = System::here().map_or_else(
        |_| Vec::new(),
        |system| limits(&system, "memory", ["memory.limit_in_bytes", "memory.max"]),
    );
    machine.into_iter().chain(limits).min().unwrap_or(0)
}

/// The processes and threads there may be here, those of others included; none when the kernel does not tell.
pub(in crate::limits) fn pids_here() -> Option<u64> {
    let machine =
        ["pid_max", "threads-max"].map(|name| number(Path::new("/proc/sys/kernel"), name));
    let own = getrlimit(Resource::RLIMIT_NPROC).map(|(soft, _)| soft);
    // It does not bind root (setrlimit(2)).
    let own = own.ok().filter(|_| !geteuid().is_root());
    let files = ["pids.max"; 2];
    let limits =
        System::here().map_or_else(|_| Vec::new(), |system| limits(&system, "pids", files));
    machine.into_iter().flatten().chain(own).chain(limits).min()
}

/// All limits of this controller that this process is under; the files are those of version 1 and 2.
fn limits(system: &System, controller: &str, [one, two]: [&str; 2]) -> Vec<u64> {
    let mut all = Vec::new();
    for hierarchy in system.hierarchies() {
        let Ok(place) = hierarchy.place else { continue };
        let file = match hierarchy.version {
            Version::One if hierarchy.controllers.iter().any(|name| name == controller) => one,
            Version::One => continue,
            Version::Two => two,
        };
        all.extend(place.upwards().filter_map(|at| number(at, file)));
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
