//! Processor time: a hog gets its share and no more, and is told so.

use super::hogs;
use crate::support::limits::{beside, each_way, limit, usage};
use crate::support::{Reply, Server, alone, eventually, seconds};

const SETTINGS: [(&str, &str); 1] = [("COMMAND_CPU_LIMIT", "0.5")];

/// The share of a processor that a command had.
#[track_caller]
fn share(reply: &Reply) -> f64 {
    usage(reply, "cpu_seconds") / usage(reply, "wall_seconds")
}

/// Runs a hog until it has had its share, which it may never exceed: a busy machine can give it less, so three
/// times at most. It is the server's fault when there was more to be had.
#[track_caller]
fn gets_its_share(server: &Server, command: &str) -> Reply {
    for last in [false, false, true] {
        let before = idle();
        let reply = server.run(command).expect_exit(0);
        let (share, idle) = (share(&reply), idle() - before);
        eprintln!("{command}: {share:.3} of a processor, {idle:.2} s were left over");
        assert!(share <= 0.55, "it had {share} of a processor: {reply:?}");
        // On a busy machine it may come near its share and never have to wait.
        let waited = !reply.0["limit"].is_null() || idle >= 0.4;
        if share >= 0.45 && waited {
            let (kind, scope, value) = limit(&reply);
            assert_eq!((kind.as_str(), scope.as_str()), ("cpu", "command"));
            assert!((value - 0.5).abs() < 1e-9, "{reply:?}");
            return reply;
        }
        assert!(
            share >= 0.45 || idle < 0.4,
            "it could have had more than {share}: {reply:?}"
        );
        if last {
            eprintln!("it is not shown that it gets its share: the machine is too busy");
            return reply;
        }
    }
    unreachable!("the last one returns")
}

/// Seconds that the machine's processors have had nothing to do (proc(5), `/proc/stat`).
fn idle() -> f64 {
    let text = std::fs::read_to_string("/proc/stat").expect("/proc is mounted");
    let ticks = text.split_whitespace().nth(4);
    let ticks: f64 = ticks.and_then(|word| word.parse().ok()).expect("a number");
    ticks / 100.0
}

#[test]
fn four_threads_share_half_a_processor() {
    let _alone = alone();
    each_way(&SETTINGS, |server, _| {
        hogs::put(server);
        let reply = beside(server, || {
            gets_its_share(server, "exec python3 hashing.py 4")
        });
        // By their own account, too.
        let output = reply.output();
        let used = output.split("used ").nth(1).unwrap_or_default();
        let used: f64 = used.trim().parse().expect("it prints a number");
        let told = share(&reply);
        assert!(
            (used - told).abs() < 0.06,
            "{used} by its own account, {told}"
        );
    });
}

#[test]
fn four_processes_share_half_a_processor() {
    let _alone = alone();
    each_way(&SETTINGS, |server, _| {
        gets_its_share(
            server,
            "for n in 1 2 3 4; do timeout 4 sh -c 'while :; do :; done' & done; wait",
        );
    });
}

#[test]
fn a_command_that_needs_little_is_not_reported() {
    each_way(&SETTINGS, |server, _| {
        let reply = server.run("sleep 0.3; echo little").expect_exit(0);
        // On a slow machine the start alone takes more than half of one period of 100 ms, and has to wait.
        let little = usage(&reply, "cpu_seconds") < 0.05;
        assert!(!little || reply.0.get("limit").is_none(), "{reply:?}");
    });
}

#[test]
fn a_hog_that_is_held_back_ends_when_it_is_told_to() {
    each_way(&SETTINGS, |server, _| {
        let command =
            "echo up; for n in 1 2 3 4; do timeout 20 sh -c 'while :; do :; done' & done; wait";
        for force in [false, true] {
            let id = server.start(command);
            server.output_with(&id, "up");
            eventually("it has used a second", seconds(30), || {
                usage(&server.status(&id, "wait=0"), "cpu_seconds") >= 1.0
            });
            let began = std::time::Instant::now();
            let answer = server.kill(&id, force).expect(200).json();
            assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
            assert_eq!(answer["status"], "killed", "{answer}");
            assert!(answer.get("remaining").is_none(), "{answer}");
            let reply = server.end(&id);
            if share(&reply) < 0.45 {
                eprintln!("it need not have been held back: the machine is too busy");
            } else {
                assert_eq!(reply.0["limit"]["kind"], "cpu", "{reply:?}");
            }
        }
    });
}
