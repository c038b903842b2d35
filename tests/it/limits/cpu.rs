//! Processor time: a hog gets its share and no more, and is told so.

use super::hogs;
use crate::support::limits::{Machine, Stalls, Way, beside, each_way, limit, usage};
use crate::support::{Reply, Server, alone, eventually, seconds};

const SETTINGS: [(&str, &str); 1] = [("COMMAND_CPU_LIMIT", "0.5")];

/// A machine of which this part of all processors' time is left over is not busy.
const MUCH: f64 = 0.2;

/// The share of a processor that a command had.
#[track_caller]
fn share(reply: &Reply) -> f64 {
    usage(reply, "cpu_seconds") / usage(reply, "wall_seconds")
}

/// How many processors there are.
fn processors() -> f64 {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    f64::from(u32::try_from(count).expect("it is a small number"))
}

/// Runs a hog until it has had its share, which it may never exceed. A machine that is busy or stands still gives
/// it less, or wakes the watchdog late, so it is tried some times: only what a quiet machine did is the server's
/// fault.
#[track_caller]
fn gets_its_share(server: &Server, way: Way, command: &str) -> Reply {
    for last in [false, false, false, false, true] {
        let machine = Stalls::count();
        let reply = server.run(command).expect_exit(0);
        let (share, machine) = (share(&reply), machine.end());
        let Machine { idle, stalled } = machine;
        eprintln!(
            "{command}: {share:.3} of a processor, {idle:.2} s were left over, {stalled:.2} s stood still"
        );
        let wall = usage(&reply, "wall_seconds");
        let quiet = stalled < wall / 20.0;
        // The kernel's bound holds whatever the machine does. The watchdog has to be awake: while it is not woken, all
        // processors are the hog's.
        let unwatched = if way.by_kernel() {
            0.0
        } else {
            stalled * processors() / wall
        };
        assert!(
            share <= 0.55 + unwatched,
            "it had {share} of a processor: {reply:?}"
        );
        // What is left over was there to be had, unless the machine stood still, or was busy before or after that.
        let could_have = quiet && idle >= MUCH * processors() * wall;
        assert!(
            share >= 0.45 || !could_have,
            "it could have had more than {share}: {reply:?}"
        );
        // On a busy machine it may come near its share and never have to wait.
        let waited = !reply.0["limit"].is_null() || could_have;
        if (0.45..=0.55).contains(&share) && waited {
            let (kind, scope, value) = limit(&reply);
            assert_eq!((kind.as_str(), scope.as_str()), ("cpu", "command"));
            assert!((value - 0.5).abs() < 1e-9, "{reply:?}");
            return reply;
        }
        if last {
            eprintln!("it is not shown that it gets its share: the machine is too busy");
            return reply;
        }
    }
    unreachable!("the last one returns")
}

#[test]
fn four_threads_share_half_a_processor() {
    let _alone = alone();
    each_way(&SETTINGS, |server, way| {
        hogs::put(server);
        let reply = beside(server, || {
            gets_its_share(server, way, "exec python3 hashing.py 4")
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
    each_way(&SETTINGS, |server, way| {
        gets_its_share(
            server,
            way,
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
            let machine = Stalls::count();
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
            let Machine { idle, stalled } = machine.end();
            let wall = usage(&reply, "wall_seconds");
            if stalled < 0.2 && idle >= MUCH * processors() * wall {
                assert_eq!(reply.0["limit"]["kind"], "cpu", "{reply:?}");
            } else {
                eprintln!("it need not have been held back: {idle} s left over, {stalled} s still");
            }
        }
    });
}
