//! The watchdog over real processes. A shell that the test starts stands for the supervisor.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;

use super::*;
use crate::limits::{Amount, Kind};
use crate::sys::{Process, tree};

/// A subreaper whose child runs a script. All is killed when the test is over.
struct Supervisor(Child);

/// Becomes a subreaper (`PR_SET_CHILD_SUBREAPER` is 36), starts a shell and waits for whatever ends below.
const SUBREAPER: &str = "
import ctypes, os, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
if os.fork() == 0: os.execvp('sh', ['sh', '-c', sys.argv[1]])
while True:
    try: os.wait()
    except ChildProcessError: time.sleep(0.01)
";

/// The same; when the first has ended, there is another below, as if its fork had been under way.
const SUBREAPER_OF_A_LATE_ONE: &str = "
import ctypes, os, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
if os.fork() == 0: os.execvp('sh', ['sh', '-c', sys.argv[1]])
os.wait()
if os.fork() == 0: time.sleep(100)
while True:
    try: os.wait()
    except ChildProcessError: time.sleep(0.01)
";

impl Supervisor {
    fn run(script: &str) -> Self {
        Self::that(SUBREAPER, script)
    }

    fn that(is: &str, script: &str) -> Self {
        let mut command = Command::new("python3");
        command.args(["-c", is, script]);
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        let supervisor = Self(child);
        eventually("it runs", || supervisor.runs());
        supervisor
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }

    /// Whether something of the script still runs.
    fn runs(&self) -> bool {
        !tree::descendants(self.pid()).is_empty()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        tree::kill_all(self.pid());
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

const NONE: Bounds = Bounds {
    memory: None,
    swap: None,
    cpu: None,
    pids: None,
    io_weight: None,
};

/// A program that keeps so many bytes.
fn hog(bytes: u64) -> String {
    format!("exec python3 -c 'import time; x = bytearray(b\"x\") * {bytes}; time.sleep(100)'")
}

fn dog() -> Watchdog {
    Watchdog::start(NONE, NONE).unwrap()
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_mins(1), "never: {what}");
        sleep(Duration::from_millis(10));
    }
}

fn strike(kind: Kind, scope: Scope, value: u64) -> Strike {
    Strike {
        kind,
        scope,
        value: Some(Amount::Whole(value)),
        hits: 1,
    }
}

#[test]
fn a_tree_over_its_memory_is_killed_and_one_below_is_not() {
    let (dog, most) = (dog(), 60_000_000);
    let memory = Bounds {
        memory: Some(most),
        ..NONE
    };
    let within = Supervisor::run(&hog(20_000_000));
    let beyond = Supervisor::run(&format!("({}) & sleep 1000", hog(100_000_000)));
    let watched = (
        dog.watch(within.pid(), memory),
        dog.watch(beyond.pid(), memory),
    );
    eventually("the strike", || !watched.1.strikes().is_empty());
    eventually("all of it is gone", || !beyond.runs());
    assert_eq!(
        watched.1.strikes(),
        [strike(Kind::Memory, Scope::Command, most)]
    );
    assert!(watched.1.usage().memory_peak > most);
    eventually("the other has what it wants", || {
        watched.0.usage().memory_peak > 20_000_000
    });
    sleep(Duration::from_millis(300));
    assert!(within.runs() && watched.0.strikes().is_empty());
    assert!(watched.0.usage().memory_peak < most);
}

#[test]
fn memory_that_processes_share_counts_once() {
    // Each of eight shows 40 MB as its own.
    let share = "exec python3 -c '
import os, time
x = bytearray(b\"x\") * 40000000
for _ in range(7):
    if os.fork() == 0: break
time.sleep(100)'";
    let supervisor = Supervisor::run(share);
    let memory = Bounds {
        memory: Some(120_000_000),
        ..NONE
    };
    let watched = dog().watch(supervisor.pid(), memory);
    eventually("all eight", || {
        tree::descendants(supervisor.pid()).len() == 8
    });
    sleep(Duration::from_millis(500));
    assert_eq!(watched.strikes(), []);
    let peak = || watched.usage().memory_peak;
    eventually("all of it is seen", || peak() > 40_000_000);
    assert!(peak() < 110_000_000, "{}", peak());
}

#[test]
fn too_many_threads_or_processes_are_killed() {
    let pids = Bounds {
        pids: Some(40),
        ..NONE
    };
    let threads = "exec python3 -c '
import threading, time
for _ in range(60): threading.Thread(target=time.sleep, args=(100,)).start()'";
    let forks = "i=0; while [ $i -lt 60 ]; do sleep 100 & i=$((i+1)); done; wait";
    for script in [threads, forks] {
        let supervisor = Supervisor::run(script);
        let dog = dog();
        let watched = dog.watch(supervisor.pid(), pids);
        eventually("the strike", || !watched.strikes().is_empty());
        eventually("all are gone", || !supervisor.runs());
        assert_eq!(watched.strikes(), [strike(Kind::Pids, Scope::Command, 40)]);
    }
}

#[test]
fn what_was_forking_when_it_was_killed_is_killed_too() {
    let forks = "for i in $(seq 60); do sleep 100 & done; wait";
    let supervisor = Supervisor::that(SUBREAPER_OF_A_LATE_ONE, forks);
    let pids = Bounds {
        pids: Some(40),
        ..NONE
    };
    let watched = dog().watch(supervisor.pid(), pids);
    eventually("the strike", || !watched.strikes().is_empty());
    assert!(watched.kills_all());
    let waits = || tree::descendants(supervisor.pid()).is_empty();
    eventually("all are gone, and stay so", || {
        waits()
            && (0..20).all(|_| {
                sleep(Duration::from_millis(10));
                waits()
            })
    });
    assert_eq!(watched.strikes(), [strike(Kind::Pids, Scope::Command, 40)]);
}

#[test]
fn what_forks_as_fast_as_it_can_does_not_outrun_it() {
    // It ends by itself at 1024 processes.
    let script = "fork() { [ $1 = 0 ] || { fork $(($1-1)) & fork $(($1-1)) & }; sleep 3; }; fork 9";
    let supervisor = Supervisor::run(script);
    let pids = Bounds {
        pids: Some(100),
        ..NONE
    };
    let watched = dog().watch(supervisor.pid(), pids);
    eventually("the strike", || !watched.strikes().is_empty());
    eventually("all are gone", || !supervisor.runs());
}

#[test]
fn four_busy_processes_get_half_a_processor() {
    let busy = "for i in 1 2 3 4; do while :; do :; done & done; wait";
    let supervisor = Supervisor::run(busy);
    let cpu = Bounds {
        cpu: Some(0.5),
        ..NONE
    };
    let watched = dog().watch(supervisor.pid(), cpu);
    let began = Instant::now();
    sleep(Duration::from_secs(4));
    let used = watched.usage().cpu.as_secs_f64();
    let share = used / began.elapsed().as_secs_f64();
    // On a busy machine it may get less than it could have.
    assert!((0.25..0.56).contains(&share), "{share} processors");
    let strikes = watched.strikes();
    assert_eq!(strikes[0].kind, Kind::Cpu);
    assert_eq!(strikes[0].value, Some(Amount::Cores(0.5)));
    assert!(strikes[0].hits > 5, "{strikes:?}");
}

#[test]
fn what_is_watched_no_more_goes_on_and_what_others_stopped_stays_so() {
    let supervisor = Supervisor::run("sleep 500 & kill -STOP $!; while :; do :; done");
    let cpu = Bounds {
        cpu: Some(0.01),
        ..NONE
    };
    let all = || tree::processes(supervisor.pid(), u64::MAX);
    let stopped = || all().iter().filter(|one| one.is_stopped()).count();
    eventually("sleep is stopped", || stopped() == 1);
    let watched = dog().watch(supervisor.pid(), cpu);
    eventually("the loop is stopped", || stopped() == 2);
    drop(watched);
    eventually("it goes on", || stopped() == 1);
    sleep(Duration::from_millis(50));
    assert_eq!(stopped(), 1, "{:?}", all());
}

#[test]
fn who_ends_does_not_wait_for_who_looks() {
    let supervisor = Supervisor::run("while :; do :; done");
    let cpu = Bounds {
        cpu: Some(0.01),
        ..NONE
    };
    let all = || tree::processes(supervisor.pid(), u64::MAX);
    let is_held = || all().iter().any(Process::is_stopped);
    let dog = dog();
    let watched = dog.watch(supervisor.pid(), cpu);
    eventually("it is held", is_held);
    let one = Arc::clone(&watched.one);
    let looking = lock(&one.tree);
    // In a thread of its own: a test that waits for ever tells nothing.
    let (done, waits) = std::sync::mpsc::channel();
    let (pid, shared) = (supervisor.pid(), Arc::clone(&dog.0));
    thread::spawn(move || {
        watched.usage();
        done.send("asked").unwrap();
        drop(dog.watch(pid, NONE));
        done.send("the next began").unwrap();
        drop(watched);
        done.send("ended").unwrap();
    });
    for step in ["asked", "the next began", "ended"] {
        assert_eq!(waits.recv_timeout(Duration::from_secs(10)), Ok(step));
    }
    drop(looking);
    shared.end_those_let_go();
    eventually("it goes on", || !is_held());
}

#[test]
fn a_shell_does_not_see_that_its_job_is_held() {
    // As a shell with job control waits.
    let script = "exec python3 -c '
import os
job = os.fork()
while job == 0: pass
end = os.waitpid(job, os.WUNTRACED)
open(\"$OUT\", \"w\").write(str(end))'";
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    let supervisor = Supervisor::run(&script.replace("$OUT", out.to_str().unwrap()));
    let cpu = Bounds {
        cpu: Some(0.2),
        ..NONE
    };
    let watched = dog().watch(supervisor.pid(), cpu);
    eventually("it is held again and again", || {
        watched.strikes().first().is_some_and(|one| one.hits > 10)
    });
    assert!(!out.exists(), "{:?}", std::fs::read_to_string(&out));
}

#[test]
fn the_largest_is_killed_when_all_together_have_too_much() {
    let most = 120_000_000;
    let total = Bounds {
        memory: Some(most),
        ..NONE
    };
    let dog = Watchdog::start(NONE, total).unwrap();
    let (small, large) = (
        Supervisor::run(&hog(50_000_000)),
        Supervisor::run(&hog(90_000_000)),
    );
    let watched = (dog.watch(small.pid(), NONE), dog.watch(large.pid(), NONE));
    eventually("the strike", || !watched.1.strikes().is_empty());
    eventually("the larger is gone", || !large.runs());
    assert_eq!(
        watched.1.strikes(),
        [strike(Kind::Memory, Scope::Total, most)]
    );
    sleep(Duration::from_millis(300));
    assert!(small.runs() && watched.0.strikes().is_empty());
}

#[test]
fn all_together_wait_for_the_processor() {
    let workspace = Bounds {
        cpu: Some(0.4),
        ..NONE
    };
    let dog = Watchdog::start(workspace, NONE).unwrap();
    let busy = [(); 2].map(|()| Supervisor::run("while :; do :; done"));
    let watched = busy.each_ref().map(|one| dog.watch(one.pid(), NONE));
    let began = Instant::now();
    sleep(Duration::from_secs(3));
    let used = dog.present(Scope::User).cpu_seconds.unwrap();
    let share = used / began.elapsed().as_secs_f64();
    assert!((0.2..0.47).contains(&share), "{share} processors");
    assert_eq!(watched[0].strikes()[0].scope, Scope::User);
}

#[test]
fn without_bounds_it_measures_and_there_is_no_thread() {
    let supervisor = Supervisor::run(&hog(30_000_000));
    let dog = dog();
    let watched = dog.watch(supervisor.pid(), NONE);
    eventually("the memory is seen", || {
        watched.usage().memory_peak > 30_000_000
    });
    assert!(watched.usage().memory_peak < 60_000_000);
    assert!(!lock(&dog.0.state).running);
    let present = dog.present(Scope::Total);
    assert_eq!(present.pids, Some(1));
    assert!(present.memory_bytes > Some(30_000_000));
}

#[test]
fn processor_time_of_the_dead_counts_and_that_of_the_command_before_does_not() {
    let loops = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
    let script = format!("{loops}; ({loops}); {loops}; sleep 1000");
    let supervisor = Supervisor::run(&script);
    let dog = dog();
    let first = dog.watch(supervisor.pid(), NONE);
    eventually("it sleeps", || {
        let all = tree::processes(supervisor.pid(), u64::MAX);
        all.len() == 2 && all.iter().all(|one| one.state == 'S')
    });
    let used = first.usage().cpu;
    assert!(used > Duration::from_millis(50), "{used:?}");
    tree::kill_all(supervisor.pid());
    eventually("the supervisor has reaped", || {
        let all = tree::processes(supervisor.pid(), u64::MAX);
        all.is_empty()
    });
    sleep(FRESH * 2);
    let end = first.usage().cpu;
    assert!(
        end >= used && end < used + Duration::from_millis(50),
        "{used:?} {end:?}"
    );
    let second = dog.watch(supervisor.pid(), NONE);
    sleep(FRESH * 2);
    assert!(second.usage().cpu < Duration::from_millis(20));
    assert_eq!(first.usage().cpu, end);
    drop((first, second));
    let past = dog.present(Scope::User).cpu_seconds.unwrap();
    assert!(past >= end.as_secs_f64());
}
