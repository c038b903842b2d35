//! A thousand terminals, stubborn processes and the end of the server: nothing is left.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::terminal::{Client, NOBODY};
use crate::support::{Server, alone, eventually, processes, seconds, variables};

/// What a server holds.
#[derive(Debug)]
struct Usage {
    descriptors: usize,
    pseudo_terminals: usize,
    threads: u64,
    children: usize,
    memory: u64,
}

impl Usage {
    fn of(server: &Server) -> Self {
        let links = fs::read_dir(format!("/proc/{}/fd", server.pid)).expect("it runs");
        let ends = links.filter_map(|link| fs::read_link(link.ok()?.path()).ok());
        Self {
            descriptors: processes::descriptors(server.pid),
            pseudo_terminals: ends.filter(|end| end.ends_with("ptmx")).count(),
            threads: processes::figure(server.pid, "Threads"),
            children: processes::descendants(server.pid).len(),
            memory: processes::figure(server.pid, "VmRSS"),
        }
    }

    /// Whether it is no more than before, but for what waits warm for the next terminal or command.
    fn is_within(&self, before: &Self) -> bool {
        self.descriptors <= before.descriptors + 12
            && self.pseudo_terminals <= before.pseudo_terminals + 4
            && self.threads <= before.threads + 4
            && self.children <= before.children + 4
            && self.memory <= before.memory + 4 * 1024
    }
}

/// Opens terminals one after the other, uses each, and ends it in one of all the ways.
fn crowd(server: &Server, count: usize) {
    for n in 0..count {
        let (id, mut client) = server.terminal();
        if n % 3 == 0 {
            assert_eq!(client.run(&format!("echo {n}")), n.to_string());
        }
        match n % 4 {
            0 => {
                server.close(&id).expect(200);
            }
            1 => {
                client.type_in("exit\n");
                client.expect_close(1000);
            }
            2 => client.reset(),
            _ => client.leave(),
        }
    }
}

#[test]
fn a_thousand_terminals_leave_nothing_behind() {
    let _alone = alone();
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_DETACH_TTL", "0")
        .env("OPEN_TERMINAL_MAX_SESSIONS", "100")
        .start();
    let count = variables::number("OT_SOAK", 1_000);
    let none_left = || server.terminals(NOBODY).is_empty();
    // What is kept for the next command or connection is there after the first hundred.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| crowd(&server, count / 40));
        }
    });
    eventually("all have ended", seconds(15), none_left);
    std::thread::sleep(Duration::from_millis(500));
    let before = Usage::of(&server);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| crowd(&server, count * 9 / 40));
        }
    });
    eventually("all have ended", seconds(15), none_left);
    let took = start.elapsed();
    let mut after = Usage::of(&server);
    let end = Instant::now() + seconds(10);
    while !after.is_within(&before) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(100));
        after = Usage::of(&server);
    }
    assert!(after.is_within(&before), "{before:?} became {after:?}");
    assert!(processes::zombies(server.pid).is_empty());
    assert!(took < seconds(60), "it took {took:?}");
    assert!(
        !server.printed().contains("panicked"),
        "{}",
        server.printed()
    );
}

#[test]
fn terminals_that_nobody_attaches_to_are_ended_whole() {
    let server = Server::spawn();
    let before = processes::descendants(server.pid).len();
    for _ in 0..20 {
        let id = server.open(NOBODY);
        let shell = server.shell(&id);
        server.close(&id).expect(200);
        assert!(!processes::alive(shell));
    }
    eventually("no process is left", seconds(5), || {
        processes::descendants(server.pid).len() <= before + 8
    });
}

#[test]
fn at_the_end_of_the_server_each_client_is_told_and_nothing_is_left() {
    let mut server = Server::builder()
        .env("OPEN_TERMINAL_MAX_SESSIONS", "20")
        .start();
    let mark = "terminal-shutdown";
    let mut clients: Vec<Client> = (0..20).map(|_| server.terminal().1).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        client.run(&format!("export OT_TEST_MARK={mark}"));
        client.type_in(match n % 4 {
            0 => "sleep 1000\n",
            1 => "(trap '' HUP TERM INT; sleep 1000) & setsid sleep 1000 &\n",
            2 => "sleep 1000 & sleep 0.3; kill -STOP $!\n",
            _ => ":\n",
        });
    }
    eventually("they run", seconds(10), || {
        processes::marked(mark).len() >= 20
    });
    let below = processes::descendants(server.pid);
    let start = Instant::now();
    server.signal(nix::sys::signal::Signal::SIGTERM);
    for client in &mut clients {
        let frame = client.frame("exit");
        assert!(
            frame["code"].is_i64() && frame.get("signal").is_some(),
            "{frame}"
        );
        client.expect_close(1001);
    }
    assert!(server.ended(seconds(15)).success());
    let took = start.elapsed();
    assert!(took < seconds(10), "it took {took:?}");
    eventually("no process is left", seconds(2), || {
        processes::marked(mark).is_empty() && !below.iter().any(|&pid| processes::alive(pid))
    });
}

#[test]
fn a_server_that_is_killed_leaves_no_shell() {
    let mut server = Server::spawn();
    let (_, mut client) = server.terminal();
    client.run("export OT_TEST_MARK=terminal-crash");
    client.type_in("(trap '' HUP TERM; sleep 1000) & setsid sleep 1000 & sleep 1000\n");
    eventually("they run", seconds(10), || {
        processes::marked("terminal-crash").len() >= 3
    });
    let below = processes::descendants(server.pid);
    server.crash();
    eventually("nothing is left", seconds(5), || {
        processes::marked("terminal-crash").is_empty()
            && !below.iter().any(|&pid| processes::alive(pid))
    });
}

#[test]
fn closing_one_ends_all_that_tries_to_stay() {
    for (name, commands) in [
        (
            "setsid",
            "setsid sleep 1000 &\nsetsid setsid sleep 1000 </dev/null >/dev/null 2>&1 &\n",
        ),
        ("deaf", "(trap '' HUP TERM INT; sleep 1000; sleep 1000) &\n"),
        ("stopped", "sleep 1000 & sleep 0.3; kill -STOP $!\n"),
        (
            "double-fork",
            "(setsid sh -c 'sleep 1000 & exec sleep 1000' &)\n",
        ),
        ("stopped-shell", "sleep 1000 & sleep 0.3; kill -STOP $$\n"),
        ("deaf-shell", "trap '' HUP TERM INT; sleep 1000 &\n"),
        ("nohup", "nohup sleep 1000 >/dev/null 2>&1 &\n"),
    ] {
        // The answer comes within three seconds; on a busy machine, the killing takes its time too.
        let server = Server::builder()
            .env("OPEN_TERMINAL_KILL_GRACE", "1")
            .start();
        let mark = format!("terminal-close-{name}");
        let (id, mut client) = server.terminal();
        client.run(&format!("export OT_TEST_MARK={mark}"));
        let shell = server.shell(&id);
        client.type_in(commands);
        eventually("they run", seconds(10), || {
            !processes::marked(&mark).is_empty()
        });
        client.pump(Duration::from_millis(300));
        let start = Instant::now();
        let answer = server.close(&id).expect(200);
        assert!(
            start.elapsed() < seconds(3),
            "{name}: it took {:?}",
            start.elapsed()
        );
        assert_eq!(answer.json(), json!({"status": "deleted"}));
        let left = processes::marked(&mark);
        assert!(
            left.is_empty() && !processes::alive(shell),
            "{name}: {left:?} are left"
        );
        let frame = client.frame("exit");
        assert!(frame["code"].is_i64(), "{frame}");
        client.expect_close(1000);
    }
}
