//! The end of the server is that of every workspace, and of all that runs there.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::isolated::of_account;
use crate::support::raw::Connection;
use crate::support::wire::Wire;
use crate::support::{Builder, Isolated, Server, processes, seconds};

/// Commands that try to outlive the server.
const STUBBORN: [&str; 4] = [
    "trap '' TERM HUP INT; echo up; while :; do sleep 1; done",
    "setsid sleep 1000 & echo up; sleep 1000",
    "sleep 1000 & kill -STOP $!; echo up; wait",
    "(setsid sh -c 'trap \"\" TERM HUP; sleep 1000; :' &) ; echo up; exit 0",
];

/// Starts them all, and says which processes run now.
fn fill(server: &Isolated) -> Vec<i32> {
    for command in STUBBORN {
        let id = server.start(command);
        server.output_with(&id, "up");
    }
    let (_, mut client) = server.terminal();
    client.run("{ sleep 1000 & }");
    let all = of_account(server.account.uid);
    assert!(all.len() > STUBBORN.len(), "they run: {all:?}");
    all
}

#[test]
fn sigterm_ends_workspace_and_commands_with_status_0() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let Some(mut server) = Isolated::spawn() else {
            return;
        };
        let id = server.start("trap '' TERM; echo up; sleep 1000; sleep 1000");
        server.output_with(&id, "up");
        let log = server.status(&id, "").log_path();
        let all = fill(&server);
        let start = Instant::now();
        server.signal(signal);
        let status = server.ended(seconds(15));
        let took = start.elapsed();
        println!("{signal}: {} processes ended in {took:?}", all.len());
        assert!(status.success(), "{signal}: {status}");
        assert!(took < seconds(10), "{signal}: it took {took:?}");
        server.becomes_empty(seconds(2));
        let log = std::fs::read_to_string(log).expect("there is a log");
        let last = log.lines().last().expect("it is not empty");
        assert!(last.contains("\"end\""), "{signal}: {last}");
        assert!(!server.printed().contains("had to be killed"));
    }
}

#[test]
fn with_the_server_killed_all_ends_by_itself() {
    for namespace in ["optional", "off"] {
        let with = |builder: Builder| builder.env("OPEN_TERMINAL_PID_NAMESPACE", namespace);
        let Some(mut server) = Isolated::with(with) else {
            return;
        };
        let all = fill(&server);
        server.crash();
        let start = Instant::now();
        server.becomes_empty(seconds(6));
        let took = start.elapsed();
        println!(
            "{namespace}: {} processes ended in {took:?} after the server",
            all.len()
        );
    }
}

#[test]
fn without_commands_it_ends_at_once() {
    let Some(mut server) = Isolated::spawn() else {
        return;
    };
    server.run("true").expect_exit(0);
    let start = Instant::now();
    assert!(server.stop().success());
    assert!(
        start.elapsed() < seconds(2),
        "it took {:?}",
        start.elapsed()
    );
    server.becomes_empty(seconds(1));
}

#[test]
fn a_request_that_waits_is_answered_before_the_end() {
    let Some(mut server) = Isolated::spawn() else {
        return;
    };
    let id = server.start("echo up; sleep 1000");
    server.output_with(&id, "up");
    let mut waiting = Connection::open(&server);
    let key = &server.key;
    let request = format!(
        "GET /execute/{id}/status?wait=60 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\r\n"
    );
    let sent = waiting.send(request.as_bytes());
    sent.expect("the connection is open");
    std::thread::sleep(Duration::from_millis(300));
    assert!(server.stop().success());
    let answer = waiting.answer().expect("an answer comes");
    assert_eq!(answer.status(), 200);
    assert!(answer.body.contains("\"killed\""), "{}", answer.body);
}

#[test]
fn a_workspace_that_starts_while_the_server_ends_ends_with_it() {
    for wait in [0, 5, 10, 20, 40] {
        let Some(mut server) = Isolated::that_idles("0.2") else {
            return;
        };
        server.becomes_idle();
        let asked = Wire::open(&server, "GET", "/files/cwd", &[]);
        std::thread::sleep(Duration::from_millis(wait));
        let start = Instant::now();
        assert!(server.stop().success());
        assert!(
            start.elapsed() < seconds(5),
            "after {wait} ms: {:?}",
            start.elapsed()
        );
        // Served, told so, or cut off: but not left waiting.
        if let Ok(answer) = asked.answer() {
            assert!([200, 503].contains(&answer.status()), "{}", answer.status());
        }
        server.becomes_empty(seconds(2));
    }
}

#[test]
fn requests_that_come_while_the_server_ends_start_nothing_that_stays() {
    let Some(mut server) = Isolated::spawn() else {
        return;
    };
    std::thread::scope(|scope| {
        let shared: &Server = &server;
        for _ in 0..4 {
            scope.spawn(move || {
                for _ in 0..40 {
                    let body = serde_json::json!({ "command": "trap '' TERM; sleep 1000 & wait" });
                    if shared
                        .ask("POST", "/execute")
                        .json(&body)
                        .try_send()
                        .is_err()
                    {
                        break;
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(50));
        shared.signal(Signal::SIGTERM);
    });
    assert!(server.ended(seconds(15)).success());
    server.becomes_empty(seconds(2));
    assert!(!processes::alive(server.pid));
}
