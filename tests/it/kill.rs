//! Ending commands: DELETE ends the whole tree, in bounded time, and tells what it did.

use std::time::Instant;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Server, eventually, processes, seconds};

/// Commands whose processes try to stay; each prints `up` when they are all there.
const STUBBORN: [(&str, &str); 6] = [
    ("setsid", "setsid sleep 1000 & sleep 0.1; echo up; wait"),
    (
        "double-fork",
        "(setsid sh -c 'sleep 1000 & exec sleep 1000' &); sleep 0.2; echo up; sleep 1000",
    ),
    (
        "ignoring",
        "trap '' TERM HUP INT; echo up; while :; do sleep 1; done",
    ),
    (
        "ignoring-daemon",
        "(trap '' TERM HUP INT; setsid setsid sleep 1000 </dev/null >/dev/null 2>&1 &); sleep 0.2; echo up; sleep 1000",
    ),
    ("stopped-child", "sleep 1000 & kill -STOP $!; echo up; wait"),
    ("stopped-shell", "sleep 1000 & echo up; kill -STOP $$; wait"),
];

/// A tree of some 50 processes, ten deep, partly in sessions of their own.
const FOREST: &str = "python3 -c \"
import os, time
for depth in range(10):
    for leaf in range(4):
        if os.fork() == 0: time.sleep(1000)
    if os.fork(): break
    if depth % 3 == 0: os.setsid()
else:
    print('up', flush=True)
time.sleep(1000)
\"";

/// Ends a command, checking that it takes at most 3 s and that nothing is left.
#[track_caller]
fn ended(server: &Server, id: &str, force: bool, mark: &str) -> Value {
    let start = Instant::now();
    let answer = server.kill(id, force).expect(200).json();
    assert!(
        start.elapsed() < seconds(3),
        "{mark}: it took {:?}",
        start.elapsed()
    );
    assert_eq!(answer["status"], "killed", "{mark}: {answer}");
    assert!(answer.get("remaining").is_none(), "{mark}: {answer}");
    let left = processes::marked(mark);
    assert!(left.is_empty(), "{mark}: {left:?} are left after {answer}");
    answer
}

#[track_caller]
fn ends_the_whole_tree(force: bool) {
    let server = Server::spawn();
    for (name, command) in STUBBORN {
        let mark = format!("kill-{name}-{force}");
        let id = server.start_marked(command, &mark);
        server.output_with(&id, "up");
        assert!(!processes::marked(&mark).is_empty(), "{name} is running");
        ended(&server, &id, force, &mark);
        assert_eq!(server.end(&id).state(), "killed", "{name}");
    }
}

#[test]
fn delete_ends_the_whole_tree() {
    ends_the_whole_tree(false);
}

#[test]
fn delete_by_force_ends_the_whole_tree() {
    ends_the_whole_tree(true);
}

#[test]
fn it_says_which_signals_were_sent() {
    let server = Server::spawn();
    let cases = [
        (
            "kill-polite",
            "echo up; sleep 1000",
            false,
            json!(["SIGTERM"]),
        ),
        (
            "kill-deaf",
            "trap '' TERM; echo up; sleep 1000",
            false,
            json!(["SIGTERM", "SIGKILL"]),
        ),
        (
            "kill-force",
            "echo up; sleep 1000",
            true,
            json!(["SIGKILL"]),
        ),
    ];
    for (mark, command, force, signals) in cases {
        let id = server.start_marked(command, mark);
        server.output_with(&id, "up");
        assert_eq!(
            ended(&server, &id, force, mark)["signals"],
            signals,
            "{mark}"
        );
    }
}

#[test]
fn a_polite_command_may_clean_up() {
    let server = Server::spawn();
    let id = server.start("trap 'echo bye; exit 3' TERM; echo up; while :; do :; done");
    server.output_with(&id, "up");
    server.kill(&id, false).expect(200);
    let reply = server.end(&id);
    assert_eq!(
        (reply.state(), reply.exit_code()),
        ("killed", Some(3)),
        "{reply:?}"
    );
    assert_eq!(reply.output(), "up\r\nbye\r\n");
}

#[test]
fn a_process_that_shed_its_environment_is_found_too() {
    let server = Server::spawn();
    let id = server.start("env -i setsid sleep 1000 & echo pid $! up; exec env -i sleep 1000");
    let output = server.output_with(&id, "up");
    let pid = output
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .expect("$! is a number");
    assert!(processes::alive(pid));
    server.kill(&id, false).expect(200);
    assert!(!processes::alive(pid));
}

#[test]
fn a_forest_of_fifty_processes_ends() {
    let server = Server::spawn();
    for force in [false, true] {
        let mark = format!("kill-forest-{force}");
        let id = server.start_marked(FOREST, &mark);
        server.output_with(&id, "up");
        let count = processes::marked(&mark).len();
        assert!(count >= 50, "only {count} processes");
        ended(&server, &id, force, &mark);
    }
}

#[test]
fn a_tree_that_keeps_forking_ends() {
    let server = Server::spawn();
    let command = "echo up; while :; do setsid sh -c 'sleep 0.01' & sleep 0.01; done";
    let id = server.start_marked(command, "kill-forking");
    server.output_with(&id, "up");
    ended(&server, &id, true, "kill-forking");
}

#[test]
fn survivors_of_a_finished_command_end_and_it_stays_done() {
    let server = Server::spawn();
    let id = server.start_marked(
        "trap '' HUP; sleep 1000 & setsid sleep 1000 & exit 4",
        "kill-survivors",
    );
    server.end(&id).expect_exit(4);
    eventually("both are there", seconds(5), || {
        processes::marked("kill-survivors").len() == 2
    });
    let answer = ended(&server, &id, false, "kill-survivors");
    assert_eq!(answer["already_ended"], true, "{answer}");
    let reply = server.status(&id, "").expect_exit(4);
    assert_eq!(reply.survivors(), [] as [i64; 0]);
}

#[test]
fn ending_what_has_ended_is_no_error() {
    let server = Server::spawn();
    let id = server.run("exit 5").id();
    for force in [false, true] {
        let answer = server.kill(&id, force).expect(200).json();
        assert_eq!(
            (&answer["status"], &answer["already_ended"]),
            (&json!("killed"), &json!(true)),
            "{answer}"
        );
    }
    server.status(&id, "").expect_exit(5);
}

#[test]
fn force_helps_where_a_request_to_end_did_not_yet() {
    let server = Server::spawn();
    let id = server.start_marked("trap '' TERM; echo up; sleep 1000; sleep 1000", "kill-both");
    server.output_with(&id, "up");
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| server.kill(&id, false).expect(200));
        let start = Instant::now();
        ended(&server, &id, true, "kill-both");
        assert!(start.elapsed() < seconds(2));
        slow.join().expect("both are answered");
    });
    assert_eq!(server.end(&id).state(), "killed");
}

#[test]
fn it_wakes_those_who_wait_for_the_command() {
    let server = Server::spawn();
    let id = server.start("sleep 1000");
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| server.status(&id, "wait=60"));
        std::thread::sleep(std::time::Duration::from_millis(200));
        let start = Instant::now();
        server.kill(&id, false).expect(200);
        let reply = waiter.join().expect("it is answered");
        assert_eq!(
            (reply.state(), reply.exit_code()),
            ("killed", Some(-15)),
            "{reply:?}"
        );
        assert_eq!(reply.signal(), Some("SIGTERM"));
        assert!(start.elapsed() < seconds(3));
    });
}

#[test]
fn a_command_whose_supervisor_died_ends_too() {
    let server = Server::spawn();
    let command =
        "trap '' HUP TERM; setsid sleep 1000 & echo below $PPID up; sleep 1000; sleep 1000";
    let id = server.start_marked(command, "kill-orphaned");
    let output = server.output_with(&id, "up");
    let supervisor = output
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .expect("$PPID is a number");
    assert_ne!(supervisor, server.pid, "the server itself is the parent");
    processes::signal(supervisor, Signal::SIGKILL);
    eventually("the supervisor is gone", seconds(2), || {
        !processes::alive(supervisor)
    });
    server.kill(&id, true).expect(200);
    eventually("its command is gone", seconds(3), || {
        processes::marked("kill-orphaned").is_empty()
    });
    assert_ne!(server.end(&id).state(), "running");
    server.run("echo the server goes on").expect_exit(0);
}

#[test]
fn nothing_is_left_when_the_server_is_killed() {
    let mut server = Server::spawn();
    for (name, command) in STUBBORN {
        let id = server.start_marked(command, "kill-crash");
        server.output_with(&id, "up");
        assert!(
            processes::marked("kill-crash").len() > 1,
            "{name} is running"
        );
    }
    let below = processes::descendants(server.pid);
    server.crash();
    eventually("its commands are gone", seconds(5), || {
        processes::marked("kill-crash").is_empty()
    });
    eventually("its own processes are gone", seconds(5), || {
        !below.iter().any(|&pid| processes::alive(pid))
    });
}
