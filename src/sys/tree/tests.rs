//! Trees of real processes: what is found of them, and what is left after killing.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;

use super::*;

/// A process of ours that is killed with all below it when the test is over.
struct Root(Child);

impl Root {
    fn run(program: &str, script: &str) -> Self {
        let mut command = Command::new(program);
        let root = command.args(["-c", script]).stdin(Stdio::null()).spawn();
        Self(root.unwrap())
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        kill_all(self.pid());
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "never: {what}");
        sleep(Duration::from_millis(10));
    }
}

fn scanned(root: i32) -> Vec<Process> {
    let mut found = Vec::new();
    scan(root, &mut HashSet::from([root]), &mut |process| {
        found.push(*process);
        true
    });
    found
}

#[test]
fn grandchildren_are_found_both_ways_and_killed() {
    let root = Root::run("sh", "sleep 60 & sh -c 'sleep 61 & wait' & wait");
    eventually("sleep, sh and its sleep", || {
        descendants(root.pid()).len() == 3
    });
    let all = processes(root.pid(), u64::MAX);
    let sorted = |all: &[Process]| {
        let mut pids: Vec<i32> = all.iter().map(|one| one.pid).collect();
        pids.sort_unstable();
        pids
    };
    assert_eq!(sorted(&all), sorted(&scanned(root.pid())));
    assert!(processes(root.pid(), 1).len() == 2, "it stops looking");
    kill_all(root.pid());
    let alive = || all.iter().any(|one| one.is_there() && !is_dead(one.pid));
    eventually("all are dead", || !alive());
}

#[test]
fn a_signal_is_for_the_process_that_was_seen_not_for_the_next_of_its_number() {
    let root = Root::run("sh", "sleep 60 & wait");
    eventually("it sleeps", || descendants(root.pid()).len() == 1);
    let sleeper = processes(root.pid(), u64::MAX)[0];
    let earlier = Process {
        started: sleeper.started - 1,
        ..sleeper
    };
    assert!(!earlier.signal(Signal::SIGKILL));
    sleep(Duration::from_millis(100));
    assert!(!is_dead(sleeper.pid));
    assert!(sleeper.signal(Signal::SIGKILL));
    eventually("it is dead", || is_dead(sleeper.pid));
}

fn is_dead(pid: i32) -> bool {
    Process::read(pid).is_none_or(|process| process.is_dead())
}

#[test]
fn a_process_is_read_whatever_its_name() {
    let line =
        b"7 (a) R 1 \xff (b) S 3 7 7 0 -1 4194560 1 2 3 4 10 20 300 400 20 0 5 0 77 8192 2 1";
    let process = Process::parse(7, line).unwrap();
    assert_eq!(
        (process.parent, process.state, process.threads),
        (3, 'S', 5)
    );
    assert_eq!((process.own_ticks, process.reaped_ticks), (30, 700));
    assert_eq!((process.started, process.virtual_bytes), (77, 8192));
    assert_eq!(process.resident_bytes, 2 * page());
    assert_eq!(Process::parse(7, b"7 (a) S 3"), None);
    let own = Process::read(nix::unistd::getpid().as_raw()).unwrap();
    assert!(own.threads > 1 && own.resident_bytes > 1 << 20 && own.is_there());
}

#[test]
fn neither_a_strange_name_nor_the_end_of_the_first_thread_hides_a_process() {
    // SYS_exit ends one thread only.
    let hide = "
import ctypes, threading, time, sys, platform
open('/proc/self/comm', 'wb').write(b'\\xff)')
hog = bytearray(b'x') * (32 << 20)
threading.Thread(target=time.sleep, args=(100,)).start()
ctypes.CDLL(None).syscall(60 if platform.machine() == 'x86_64' else 93, 0)
";
    let root = Root::run("sh", &format!("python3 -c \"{hide}\" & wait"));
    let hidden = || {
        let all = processes(root.pid(), u64::MAX);
        all.into_iter().find(|one| one.memory_of != one.pid)
    };
    eventually("the first thread has ended", || hidden().is_some());
    let process = hidden().unwrap();
    assert!(!process.is_dead());
    assert!(process.resident_bytes > 32 << 20, "{process:?}");
    kill_all(root.pid());
    eventually("it is dead", || is_dead(process.pid));
}

#[test]
fn thousands_of_threads_are_counted_soon() {
    let many = "
import threading, time
threading.stack_size(32768)
for _ in range(3000): threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
time.sleep(100)
";
    let root = Root::run("sh", &format!("python3 -c '{many}' & wait"));
    let tasks = || -> u64 {
        let all = processes(root.pid(), u64::MAX);
        all.iter().map(|one| one.threads).sum()
    };
    eventually("all threads run", || tasks() > 3000);
    let began = Instant::now();
    tasks();
    assert!(began.elapsed() < Duration::from_secs(1), "{began:?}");
}

#[test]
fn what_forks_as_fast_as_it_can_is_killed() {
    // It ends by itself at 512 processes, and stays below its root: an endless one could get away from a wrong test.
    let fork = "fork() { [ $1 = 0 ] || { fork $(($1-1)) & fork $(($1-1)) & }; sleep 1000 & wait; }; fork 8";
    let root = Root::run("sh", fork);
    eventually("it grows", || descendants(root.pid()).len() > 50);
    let until = Instant::now() + Duration::from_secs(20);
    while !descendants(root.pid()).is_empty() {
        kill_all(root.pid());
        assert!(Instant::now() < until, "it goes on");
    }
}
