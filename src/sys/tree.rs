//! The processes below a process, as `/proc` tells it (proc(5)).

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};

/// Rounds of stopping before killing: each catches what the last one's targets forked meanwhile. There are this many
/// at least, and more as long as there is time.
const STOP_ROUNDS: usize = 5;
const STOP_TIME: Duration = Duration::from_millis(300);
/// So many tasks are asked for their children; where there are more, it is cheaper to read all of `/proc` once.
const ASKED: usize = 512;
/// What fits into here is read in one go: a line of `stat` is far shorter.
const LINE: usize = 2048;

/// A process at one moment (`/proc/PID/stat`). Processor time is in ticks: see [`ticks_in_a_second`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// The number of its parent.
    pub parent: i32,
    /// Its state: `R`, `S`, `D`, `T`, `Z` and others.
    pub state: char,
    /// Its threads.
    pub threads: u64,
    /// When it started, in ticks since the boot. With the number it tells processes apart.
    pub started: u64,
    /// Processor time of its own.
    pub own_ticks: u64,
    /// Processor time of children that have ended and that it has waited for, and of theirs.
    pub reaped_ticks: u64,
    /// The size of its address space, in bytes.
    pub virtual_bytes: u64,
    /// What of that is in memory, in bytes, shared pages included.
    pub resident_bytes: u64,
    /// The thread whose files in `/proc` tell of the memory: the first one, unless it has ended before the others.
    pub memory_of: i32,
}

impl Process {
    /// The process of this number; none when there is none.
    pub fn read(pid: i32) -> Option<Self> {
        let mut process = Self::of_task(pid)?;
        if process.state == 'Z' && process.threads > 1 {
            // The first thread has ended. Its entry shows no memory, and the others live on.
            let mut others = tasks(pid).filter(|task| *task != pid);
            let other =
                others.find_map(|task| Self::of_task(task).filter(|other| other.state != 'Z'));
            if let Some(other) = other {
                process.virtual_bytes = other.virtual_bytes;
                process.resident_bytes = other.resident_bytes;
                process.memory_of = other.pid;
                process.state = other.state;
            }
        }
        Some(process)
    }

    fn of_task(task: i32) -> Option<Self> {
        let mut line = [0; LINE];
        let mut file = File::open(format!("/proc/{task}/stat")).ok()?;
        let length = file.read(&mut line).ok()?;
        Self::parse(task, &line[..length])
    }

    fn parse(pid: i32, line: &[u8]) -> Option<Self> {
        // The name in parentheses may hold any bytes, so read from its end.
        let name_end = line.iter().rposition(|byte| *byte == b')')?;
        let rest = std::str::from_utf8(&line[name_end + 1..]).ok()?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // Counted from the state, which proc(5) calls the third.
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        // These are signed, and less than zero only by a kernel's mistake.
        let ticks = |at: usize| number(at).unwrap_or(0);
        Some(Self {
            pid,
            state: fields.first()?.chars().next()?,
            parent: fields.get(1)?.parse().ok()?,
            own_ticks: ticks(11) + ticks(12),
            reaped_ticks: ticks(13) + ticks(14),
            threads: number(17)?,
            started: number(19)?,
            virtual_bytes: number(20)?,
            resident_bytes: ticks(21) * page(),
            memory_of: pid,
        })
    }

    /// Whether nothing of it runs any more: it only waits for its parent to notice.
    pub fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X') && self.threads <= 1
    }

    /// Whether it was stopped, by a signal or by who traces it.
    pub fn is_stopped(&self) -> bool {
        matches!(self.state, 'T' | 't')
    }

    /// Whether it is still there, and no other under its number.
    pub fn is_there(&self) -> bool {
        Self::of_task(self.pid).is_some_and(|now| now.started == self.started)
    }

    /// Sends it a signal; false when it has gone. It may have been read a while ago, and where many processes come
    /// and go its number is soon another's.
    pub fn signal(&self, signal: Signal) -> bool {
        self.is_there() && kill(Pid::from_raw(self.pid), signal).is_ok()
    }
}

/// Ticks of the clock that `/proc` counts in (sysconf(3)).
pub fn ticks_in_a_second() -> u64 {
    static TICKS: OnceLock<u64> = OnceLock::new();
    *TICKS.get_or_init(|| configured(SysconfVar::CLK_TCK, 100))
}

fn page() -> u64 {
    static PAGE: OnceLock<u64> = OnceLock::new();
    *PAGE.get_or_init(|| configured(SysconfVar::PAGE_SIZE, 4096))
}

fn configured(what: SysconfVar, usual: u64) -> u64 {
    let value = sysconf(what).ok().flatten();
    value
        .and_then(|value| u64::try_from(value).ok())
        .unwrap_or(usual)
}

/// All processes below a process, parents before children; those that have ended but were not waited for, too.
///
/// Stops looking when it has found more tasks than `most`.
pub fn processes(root: i32, most: u64) -> Vec<Process> {
    let (mut found, mut tasks) = (Vec::new(), 0);
    walk(root, &mut |process| {
        found.push(*process);
        tasks += process.threads;
        tasks <= most
    });
    found
}

/// All descendants of a process, parents before children; zombies are left out.
pub fn descendants(root: i32) -> Vec<i32> {
    let all = processes(root, u64::MAX).into_iter();
    all.filter(|process| !process.is_dead())
        .map(|process| process.pid)
        .collect()
}

/// The direct children of a process.
pub fn children_of(parent: i32) -> Vec<i32> {
    if !lists_children() {
        let all = every_process().filter(|process| process.parent == parent);
        return all.map(|process| process.pid).collect();
    }
    tasks(parent)
        .flat_map(|task| children(parent, task))
        .collect()
}

/// Shows all processes below a process, parents before children, until `visit` has seen enough.
fn walk(root: i32, visit: &mut dyn FnMut(&Process) -> bool) {
    let mut seen = HashSet::from([root]);
    if lists_children() {
        let mut asked = 0;
        let mut to_do = vec![(root, tasks(root).collect::<Vec<_>>())];
        while let Some((parent, tasks)) = to_do.pop() {
            asked += tasks.len();
            if asked > ASKED {
                return scan(root, &mut seen, visit);
            }
            for child in tasks.into_iter().flat_map(|task| children(parent, task)) {
                let Some(process) = seen.insert(child).then(|| Process::read(child)).flatten()
                else {
                    continue;
                };
                if !visit(&process) {
                    return;
                }
                let several = process.threads > 1;
                let tasks = if several {
                    tasks_at_most(child, ASKED + 1)
                } else {
                    vec![child]
                };
                to_do.push((child, tasks));
            }
        }
    } else {
        scan(root, &mut seen, visit);
    }
}

/// The way for very many, and for kernels without `CONFIG_PROC_CHILDREN`; passes over those that were seen before.
fn scan(root: i32, seen: &mut HashSet<i32>, visit: &mut dyn FnMut(&Process) -> bool) {
    let mut children: HashMap<i32, Vec<Process>> = HashMap::new();
    for process in every_process() {
        children.entry(process.parent).or_default().push(process);
    }
    let mut to_do = vec![root];
    while let Some(parent) = to_do.pop() {
        for process in children.remove(&parent).unwrap_or_default() {
            to_do.push(process.pid);
            if seen.insert(process.pid) && !visit(&process) {
                return;
            }
        }
    }
}

fn every_process() -> impl Iterator<Item = Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter_map(Process::read)
}

fn lists_children() -> bool {
    static LISTS: OnceLock<bool> = OnceLock::new();
    *LISTS.get_or_init(|| Path::new("/proc/thread-self/children").exists())
}

fn tasks(pid: i32) -> impl Iterator<Item = i32> {
    let entries = fs::read_dir(format!("/proc/{pid}/task"));
    let entries = entries.into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn tasks_at_most(pid: i32, most: usize) -> Vec<i32> {
    tasks(pid).take(most).collect()
}

fn children(parent: i32, task: i32) -> Vec<i32> {
    let list = fs::read_to_string(format!("/proc/{parent}/task/{task}/children"));
    let list = list.unwrap_or_default();
    list.split_ascii_whitespace()
        .filter_map(|number| number.parse().ok())
        .collect()
}

/// Sends a signal to all descendants, and wakes those that are stopped so that they can act on it.
pub fn signal_all(root: i32, signal: Signal) {
    for process in processes(root, u64::MAX) {
        // It may have gone, or belong to another user: what is left is looked at afterwards.
        if !process.is_dead() && process.signal(signal) {
            kill(Pid::from_raw(process.pid), Signal::SIGCONT).ok();
        }
    }
}

/// Kills all descendants: first all are stopped, until no new one shows up, so that none forks away.
pub fn kill_all(root: i32) {
    let began = Instant::now();
    let mut stopped = HashMap::new();
    for round in 1.. {
        let before = stopped.len();
        walk(root, &mut |process| {
            // A stopped one is not asked for its children before it can make no more of them.
            let key = (process.pid, process.started);
            if !process.is_dead() && stopped.insert(key, *process).is_none() {
                process.signal(Signal::SIGSTOP);
            }
            true
        });
        let no_more = stopped.len() == before;
        if no_more || (round >= STOP_ROUNDS && began.elapsed() > STOP_TIME) {
            break;
        }
    }
    for process in stopped.values() {
        process.signal(Signal::SIGKILL);
    }
}
