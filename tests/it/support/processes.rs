//! Processes as `/proc` shows them.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Every process there is.
pub(crate) fn all() -> Vec<i32> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted");
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

/// Whether it runs; a zombie does not.
pub(crate) fn alive(pid: i32) -> bool {
    state(pid).is_some_and(|state| state != 'Z' && state != 'X')
}

/// The letter of its state: `R`, `S`, `T`, `Z`, …
pub(crate) fn state(pid: i32) -> Option<char> {
    stat(pid)?.first()?.chars().next()
}

/// The process that it is a child of.
pub(crate) fn parent(pid: i32) -> Option<i32> {
    stat(pid)?.get(1)?.parse().ok()
}

/// How much others go before it (nice(2)).
pub(crate) fn niceness(pid: i32) -> Option<i32> {
    stat(pid)?.get(16)?.parse().ok()
}

/// The fields of `/proc/PID/stat` after the name, which may hold anything.
fn stat(pid: i32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split(' ').map(str::to_owned).collect())
}

/// The processes below it, zombies included, itself not.
pub(crate) fn descendants(root: i32) -> Vec<i32> {
    let pairs: Vec<(i32, i32)> = all()
        .into_iter()
        .filter_map(|pid| Some((pid, parent(pid)?)))
        .collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&above) = found.get(next) {
        found.extend(
            pairs
                .iter()
                .filter(|(_, parent)| *parent == above)
                .map(|(pid, _)| pid),
        );
        next += 1;
    }
    found.split_off(1)
}

/// Those below it that have ended and were not waited for.
pub(crate) fn zombies(root: i32) -> Vec<i32> {
    descendants(root)
        .into_iter()
        .filter(|&pid| state(pid) == Some('Z'))
        .collect()
}

/// The living processes with this mark in their environment (see `Server::start_marked`).
pub(crate) fn marked(mark: &str) -> Vec<i32> {
    let entry = format!("OT_TEST_MARK={mark}");
    let carries = |pid: &i32| {
        environ(*pid)
            .split(|&byte| byte == 0)
            .any(|variable| variable == entry.as_bytes())
    };
    all()
        .into_iter()
        .filter(|pid| carries(pid) && alive(*pid))
        .collect()
}

/// Its environment as the kernel keeps it; empty when it cannot be read.
pub(crate) fn environ(pid: i32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/environ")).unwrap_or_default()
}

/// Its arguments as the kernel keeps them; empty when they cannot be read.
pub(crate) fn cmdline(pid: i32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

/// A number from `/proc/PID/status`, such as `VmRSS` (KiB) or `Threads`.
#[track_caller]
pub(crate) fn figure(pid: i32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let word = line.and_then(|rest| rest.split_whitespace().next());
    word.and_then(|word| word.parse().ok())
        .unwrap_or_else(|| panic!("no {name} of {pid} in {text}"))
}

/// How many descriptors it has open.
#[track_caller]
pub(crate) fn descriptors(pid: i32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("the process runs")
        .count()
}

/// Whether it was started as this program. (`/proc/PID/exe` would be surer, but in a container root without
/// `CAP_SYS_PTRACE` may not see that of a server that hides its memory.)
pub(crate) fn runs(pid: i32, program: &Path) -> bool {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    words.split(|byte| *byte == 0).next() == Some(program.as_os_str().as_bytes())
}

/// Sends a signal; one that has ended already is no failure.
pub(crate) fn signal(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).ok();
}
