//! Starts of workspaces: one for all who ask at once, whoever of them stays.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::isolated::workspaces_of;
use crate::support::people::People;
use crate::support::terminal::caller;
use crate::support::wire::Wire;
use crate::support::{Isolated, eventually, seconds};

#[test]
fn fifty_who_ask_at_once_share_one_start() {
    let Some(server) = Isolated::that_idles("0.5") else {
        return;
    };
    server.becomes_idle();
    for round in 1..=3 {
        server.becomes_empty(seconds(10));
        let before = server.starts();
        let barrier = Barrier::new(50);
        std::thread::scope(|scope| {
            for _ in 0..50 {
                scope.spawn(|| {
                    barrier.wait();
                    server.get("/files/cwd").expect(200);
                });
            }
        });
        assert!(
            workspaces_of(server.account.uid).len() <= 1,
            "round {round}"
        );
        eventually("the log says so", seconds(5), || server.starts() > before);
        assert_eq!(server.starts(), before + 1, "round {round}");
    }
}

#[test]
fn the_first_who_asks_may_leave_and_the_start_goes_on() {
    let Some(server) = Isolated::that_idles("1") else {
        return;
    };
    server.becomes_idle();
    for round in 1..=5 {
        server.becomes_empty(seconds(10));
        let before = server.starts();
        let first = Wire::open(&server, "GET", "/files/cwd", &[]);
        // Others wait for the same start.
        std::thread::scope(|scope| {
            let other = scope.spawn(|| server.get("/files/cwd"));
            drop(first);
            other.join().expect("it does not panic").expect(200);
        });
        eventually("the log says so", seconds(5), || server.starts() > before);
        assert_eq!(server.starts(), before + 1, "round {round}");
    }
}

#[test]
fn who_asks_alone_and_leaves_has_it_started_all_the_same() {
    let Some(server) = Isolated::that_idles("1") else {
        return;
    };
    server.becomes_idle();
    let before = server.starts();
    let mut leaving = Vec::new();
    for _ in 0..3 {
        leaving.push(Wire::open(&server, "GET", "/files/cwd", &[]));
    }
    // They are seen to have come: that is what the process is begun for.
    let pid = server.running();
    drop(leaving);
    eventually("it serves", seconds(10), || server.starts() == before + 1);
    server.get("/files/cwd").expect(200);
    assert_eq!(server.workspace(), Some(pid));
}

#[test]
fn the_one_workspace_is_started_before_anybody_asks() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let pid = server.running();
    server.get("/files/cwd").expect(200);
    assert_eq!(server.workspace(), Some(pid));
    assert_eq!(
        server.run("id -un").expect_exit(0).output().trim_end(),
        server.account.name
    );
}

#[test]
fn a_start_that_hangs_is_refused_and_holds_up_nobody_else() {
    let Some(people) = People::spawn() else {
        return;
    };
    let ask = |user: &str| {
        let asked = Instant::now();
        let answer = people.by(user, "GET", "/files/cwd").send();
        (answer, asked.elapsed())
    };
    ask("others").0.expect(200);
    let held = people.hold_accounts();
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..5).map(|_| scope.spawn(|| ask("hanging"))).collect();
        thread::sleep(Duration::from_millis(500));
        let (answer, elapsed) = ask("others");
        answer.expect(200);
        assert!(elapsed < seconds(5), "{elapsed:?}");
        for waiting in waiting {
            let (answer, elapsed) = waiting.join().expect("it is answered");
            let told = answer.expect(503).detail();
            assert!(told.contains("does not answer"), "{told}");
            assert!(
                elapsed > seconds(15) && elapsed < seconds(30),
                "{elapsed:?}"
            );
        }
    });
    eventually("the log says whose and what to look at", seconds(5), || {
        let log = people.printed();
        log.contains("\"hanging\"") && log.contains("lslocks")
    });
    drop(held);
    ask("hanging").0.expect(200);
}

#[test]
fn who_attaches_waits_for_the_start_that_is_under_way() {
    let Some(people) = People::spawn() else {
        return;
    };
    let who = caller("attaching", "");
    let held = people.hold_accounts();
    thread::scope(|scope| {
        let first = scope.spawn(|| people.ask_as(who, "GET", "/files/cwd").send());
        thread::sleep(Duration::from_millis(500));
        // It has no key yet, and so starts nothing itself.
        let attached = scope.spawn(|| people.attach("none").by(who).try_connect().err());
        thread::sleep(Duration::from_millis(500));
        assert!(!attached.is_finished() && !first.is_finished(), "both wait");
        drop(held);
        first.join().expect("it is answered").expect(200);
        let refused = attached.join().expect("it is answered");
        let told = refused.map(|(_, told)| told).unwrap_or_default();
        assert!(!told.contains("no such terminal here"), "{told}");
    });
}
