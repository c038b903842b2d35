//! The end of the server: commands ended, logs whole, exit status 0, in bounded time.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::raw::Connection;
use crate::support::{Server, eventually, needs_pid_namespaces, processes, seconds};

/// Commands that try to outlive the server.
const STUBBORN: [&str; 3] = [
    "trap '' TERM HUP INT; echo up; while :; do sleep 1; done",
    "setsid sleep 1000 & echo up; sleep 1000",
    "sleep 1000 & kill -STOP $!; echo up; wait",
];

#[test]
fn sigterm_and_sigint_end_everything_with_status_0() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mark = format!("shutdown-{signal}");
        let mut server = Server::spawn();
        let ids = STUBBORN.map(|command| server.start_marked(command, &mark));
        for id in &ids {
            server.output_with(id, "up");
        }
        let logs = ids.map(|id| server.status(&id, "").log_path());
        let survivor = server.start_marked("sleep 1000 & exit 0", &mark);
        server.end(&survivor).expect_exit(0);
        let below = processes::descendants(server.pid);

        let start = Instant::now();
        server.signal(signal);
        let status = server.ended(seconds(15));
        assert!(status.success(), "{signal}: {status}");
        assert!(
            start.elapsed() < seconds(10),
            "{signal}: it took {:?}",
            start.elapsed()
        );
        eventually("no command is left", seconds(2), || {
            processes::marked(&mark).is_empty()
        });
        eventually("no process of the server's is left", seconds(2), || {
            !below.iter().any(|&pid| processes::alive(pid))
        });
        for log in logs {
            let text = fs::read_to_string(&log).expect("there is a log");
            let last = text.lines().last().expect("it is not empty");
            assert!(last.contains("\"end\""), "{signal}: {last}");
        }
    }
}

#[test]
fn a_second_signal_does_no_harm() {
    let mut server = Server::spawn();
    let id = server.start_marked(STUBBORN[0], "shutdown-second");
    server.output_with(&id, "up");
    let log = server.status(&id, "").log_path();
    server.signal(Signal::SIGTERM);
    std::thread::sleep(Duration::from_millis(200));
    server.signal(Signal::SIGTERM);
    server.signal(Signal::SIGINT);
    let status = server.ended(seconds(10));
    assert!(status.success(), "{status}");
    assert!(processes::marked("shutdown-second").is_empty());
    assert!(
        fs::read_to_string(log)
            .expect("there is a log")
            .contains("\"end\"")
    );
}

#[test]
fn open_and_half_open_connections_do_not_hold_it_up() {
    let mut server = Server::spawn();
    let mut idle = Connection::open(&server);
    idle.get("/health");
    let mut half = Connection::open(&server);
    half.send(b"GET /health HTTP/1.1\r\nho")
        .expect("the connection is open");
    let start = Instant::now();
    assert!(server.stop().success());
    assert!(
        start.elapsed() < seconds(10),
        "it took {:?}",
        start.elapsed()
    );
    assert!(idle.closes_within(seconds(1)));
}

#[test]
fn a_request_that_waits_is_answered_before_the_end() {
    let mut server = Server::spawn();
    let id = server.start("echo up; sleep 1000");
    server.output_with(&id, "up");
    let mut waiting = Connection::open(&server);
    let key = &server.key;
    let request = format!(
        "GET /execute/{id}/status?wait=60 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\r\n"
    );
    waiting
        .send(request.as_bytes())
        .expect("the connection is open");
    std::thread::sleep(Duration::from_millis(300));
    assert!(server.stop().success());
    let answer = waiting.answer().expect("an answer comes");
    assert_eq!(answer.status(), 200);
    assert!(answer.body.contains("\"killed\""), "{}", answer.body);
}

#[test]
fn without_commands_it_ends_at_once() {
    let mut server = Server::spawn();
    server.run("true").expect_exit(0);
    let start = Instant::now();
    assert!(server.stop().success());
    assert!(
        start.elapsed() < seconds(2),
        "it took {:?}",
        start.elapsed()
    );
}

#[test]
fn as_the_first_process_it_reaps_orphans_and_ends_on_sigterm() {
    if !needs_pid_namespaces() {
        return;
    }
    let wrapper = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
    let mut server = Server::builder().under(&wrapper).start();
    let inside = fs::read_to_string(format!("/proc/{}/status", server.pid)).expect("it runs");
    let numbers = inside
        .lines()
        .find(|line| line.starts_with("NSpid:"))
        .expect("the kernel says so");
    assert!(
        numbers.ends_with("\t1"),
        "it is the first process there: {numbers}"
    );

    orphan(&server);
    server.run("(setsid sleep 0.2 &) ; exit 0").expect_exit(0);
    server.run("setsid sleep 0.3 & kill -9 $PPID; sleep 1");
    std::thread::sleep(Duration::from_millis(500));
    eventually("every orphan is reaped", seconds(10), || {
        processes::zombies(server.pid).is_empty()
    });
    server.run("echo the server is well").expect_exit(0);

    let id = server.start_marked(STUBBORN[0], "shutdown-first");
    server.output_with(&id, "up");
    let start = Instant::now();
    let status = server.stop();
    assert!(status.success(), "{status}");
    assert!(
        start.elapsed() < seconds(10),
        "it took {:?}",
        start.elapsed()
    );
    assert!(processes::marked("shutdown-first").is_empty());
}

/// Leaves an orphan in the server's name space, as `docker exec` can.
fn orphan(server: &Server) {
    let target = server.pid.to_string();
    let mut command = server.home.command("nsenter");
    command.args([
        "--target",
        &target,
        "--pid",
        "--mount",
        "sh",
        "-c",
        "sleep 0.3 & exit 0",
    ]);
    assert!(command.status().expect("nsenter is there").success());
    eventually("it is the server's child now", seconds(2), || {
        let children = processes::descendants(server.pid);
        children.into_iter().any(|pid| {
            processes::cmdline(pid).starts_with(b"sleep") || processes::state(pid) == Some('Z')
        })
    });
}

#[test]
fn commands_that_start_while_the_server_ends_end_with_it() {
    let mut server = Server::spawn();
    let mark = "shutdown-late";
    let ended = std::thread::scope(|scope| {
        for _ in 0..8 {
            // Those that come too late find nobody, or are told so.
            scope.spawn(|| {
                for _ in 0..40 {
                    let body = serde_json::json!({
                        "command": "trap '' TERM; sleep 1000 & wait",
                        "env": {"OT_MARK": mark},
                    });
                    let asked = server.ask("POST", "/execute").json(&body).try_send();
                    if asked.is_err() {
                        break;
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(50));
        server.signal(Signal::SIGTERM);
        Instant::now()
    });
    assert!(server.ended(seconds(15)).success());
    assert!(
        ended.elapsed() < seconds(5),
        "a command was not told: it took {:?}",
        ended.elapsed()
    );
}
