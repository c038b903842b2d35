//! The processes below a process, as `/proc` tells it (proc(5)).

use std::collections::{HashMap, HashSet};
use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Rounds of stopping before killing: each catches what the last one's targets forked meanwhile.
const STOP_ROUNDS: usize = 30;

/// All descendants of a process, parents before children; zombies are left out.
pub fn descendants(root: i32) -> Vec<i32> {
    let mut found = Vec::new();
    let mut seen = HashSet::from([root]);
    let mut to_do = vec![root];
    while let Some(parent) = to_do.pop() {
        let Some(children) = children(parent) else {
            if parent == root {
                return by_scanning(root);
            }
            continue;
        };
        for child in children {
            if seen.insert(child) {
                to_do.push(child);
                if !is_zombie(child) {
                    found.push(child);
                }
            }
        }
    }
    found
}

/// The direct children of a process.
pub fn children_of(parent: i32) -> Vec<i32> {
    children(parent).unwrap_or_default()
}

/// The children of all threads of a process; none when the kernel does not list them.
fn children(parent: i32) -> Option<Vec<i32>> {
    let mut all = Vec::new();
    for thread in fs::read_dir(format!("/proc/{parent}/task")).ok()?.flatten() {
        match fs::read_to_string(thread.path().join("children")) {
            Ok(list) => all.extend(
                list.split_ascii_whitespace()
                    .filter_map(|w| w.parse::<i32>().ok()),
            ),
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound && thread.path().exists() =>
            {
                return None;
            }
            Err(_) => {}
        }
    }
    Some(all)
}

fn is_zombie(pid: i32) -> bool {
    stat(pid).is_none_or(|(state, _)| state == 'Z')
}

/// State and parent of a process.
fn stat(pid: i32) -> Option<(char, i32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, so read from its end.
    let mut fields = stat.rsplit(')').next()?.split_ascii_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// The slow way, for kernels without `CONFIG_PROC_CHILDREN`.
fn by_scanning(root: i32) -> Vec<i32> {
    let mut children: HashMap<i32, Vec<(i32, char)>> = HashMap::new();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in entries.filter_map(|e| e.file_name().to_str()?.parse::<i32>().ok()) {
        if let Some((state, parent)) = stat(pid) {
            children.entry(parent).or_default().push((pid, state));
        }
    }
    let (mut found, mut to_do) = (Vec::new(), vec![root]);
    while let Some(parent) = to_do.pop() {
        for (pid, state) in children.remove(&parent).unwrap_or_default() {
            to_do.push(pid);
            if state != 'Z' {
                found.push(pid);
            }
        }
    }
    found
}

/// Sends a signal to all descendants, and wakes those that are stopped so that they can act on it.
pub fn signal_all(root: i32, signal: Signal) {
    for pid in descendants(root) {
        let pid = Pid::from_raw(pid);
        // A process may have gone, or belong to another user: what is left is looked at afterwards.
        kill(pid, signal).ok();
        kill(pid, Signal::SIGCONT).ok();
    }
}

/// Kills all descendants: first all are stopped, until no new one shows up, so that none forks away.
pub fn kill_all(root: i32) {
    let mut stopped = HashSet::new();
    for _ in 0..STOP_ROUNDS {
        let fresh: Vec<i32> = descendants(root)
            .into_iter()
            .filter(|pid| stopped.insert(*pid))
            .collect();
        if fresh.is_empty() {
            break;
        }
        for pid in fresh {
            kill(Pid::from_raw(pid), Signal::SIGSTOP).ok();
        }
    }
    for pid in stopped {
        kill(Pid::from_raw(pid), Signal::SIGKILL).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn grandchildren_are_found_both_ways_and_killed() {
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 60 & sh -c 'sleep 61 & wait' & wait"])
            .spawn()
            .unwrap();
        let root = i32::try_from(shell.id()).unwrap();
        let mut rounds = 0;
        while descendants(root).len() < 3 && rounds < 500 {
            std::thread::sleep(std::time::Duration::from_millis(10));
            rounds += 1;
        }
        let mut quick = descendants(root);
        let mut slow = by_scanning(root);
        quick.sort_unstable();
        slow.sort_unstable();
        assert_eq!(quick.len(), 3, "sleep, sh and its sleep");
        assert_eq!(quick, slow);
        kill_all(root);
        shell.wait().unwrap();
        let alive = || quick.iter().any(|pid| !is_zombie(*pid));
        while alive() && rounds < 1000 {
            std::thread::sleep(std::time::Duration::from_millis(10));
            rounds += 1;
        }
        assert!(!alive(), "something survived");
    }
}
