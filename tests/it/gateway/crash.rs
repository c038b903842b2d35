//! Workspaces that are killed: nobody waits for ever, what was written stays, and what ran there is gone.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;
use tempfile::TempDir;

use crate::support::events::Events;
use crate::support::isolated::of_account;
use crate::support::upstream::Upstream;
use crate::support::wire::Wire;
use crate::support::{
    Answer, Builder, Isolated, Server, busy, eventually, needs_root, processes, seconds, wait_for,
};

/// Commands that would outlive what started them.
const STUBBORN: [&str; 4] = [
    "trap '' TERM HUP INT; echo up; while :; do sleep 1; done",
    "setsid sleep 1000 & echo up; sleep 1000",
    "sleep 1000 & kill -STOP $!; echo up; wait",
    "(setsid sh -c 'trap \"\" TERM HUP; sleep 1000; :' &) ; echo up; exit 0",
];

fn kill(server: &Isolated) -> Option<i32> {
    let pid = server.workspace()?;
    processes::signal(pid, Signal::SIGKILL);
    Some(pid)
}

/// Asks until there is an answer: at first a request may still meet the one that was killed.
fn comes_back(server: &Server) {
    eventually("it is there again", seconds(5), || {
        let answer = server.get("/files/cwd");
        assert!([200, 503].contains(&answer.status), "{}", answer.status);
        answer.status == 200
    });
}

/// What the clients of a crashing workspace saw.
#[derive(Debug, Default)]
struct Seen {
    fine: usize,
    unavailable: usize,
    longest: Duration,
}

/// Asks for things in turn until told to stop.
fn client(server: &Server, name: usize, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let mut round = 0;
    while !stop.load(Ordering::Relaxed) {
        round += 1;
        let start = Instant::now();
        let word = format!("client-{name}-{round}");
        let answer = if round % 2 == 0 {
            server.look("list", &[("directory", ".")])
        } else {
            let body = json!({ "command": format!("echo {word}") });
            server.try_execute("wait=10", &body)
        };
        seen.longest = seen.longest.max(start.elapsed());
        match answer.status {
            200 => {
                seen.fine += 1;
                if round % 2 == 1 {
                    belongs(&answer, &word);
                }
            }
            503 => {
                seen.unavailable += 1;
                assert!(answer.detail().contains("workspace"), "{}", answer.text());
            }
            other => panic!("{other}: {}", answer.text()),
        }
    }
    seen
}

#[test]
fn who_stops_the_own_workspace_still_gets_answers() {
    // The walls that would keep its signals from the workspace.
    let without = [
        ("OPEN_TERMINAL_PID_NAMESPACE", "off"),
        ("OPEN_TERMINAL_LANDLOCK", "off"),
    ];
    let Some(server) = Isolated::with(|builder| set(builder, &without)) else {
        return;
    };
    server.get("/files/cwd").expect(200);
    let start = Instant::now();
    // By then it is known that the command runs, else it is asked for in vain for as long as a start may take.
    let stop = "sleep 0.5; kill -STOP -1; echo on";
    let answer = server.try_execute("wait=5", &json!({ "command": stop }));
    answer.expect(200);
    server.get("/files/cwd").expect(200);
    assert!(start.elapsed() < seconds(20), "{:?}", start.elapsed());
    assert!(!server.printed().contains("ended unexpectedly"));
    // What starts its commands is stopped as well, and given up after a while.
    eventually("commands run again", seconds(60), || {
        let body = json!({ "command": "true" });
        server.try_execute("wait=5", &body).status == 200
    });
}

/// Checks that an answer tells of the client's own command.
fn belongs(answer: &Answer, word: &str) {
    let reply = answer.json();
    if reply["status"] == "done" {
        let output = answer.text();
        assert!(output.contains(word), "{word}: {output}");
    }
}

#[test]
fn killed_again_and_again_under_load_it_answers_or_says_that_it_cannot() {
    let _turn = busy();
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let stop = AtomicBool::new(false);
    let mut kills = 0;
    let seen: Vec<Seen> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|name| {
                let (server, stop): (&Server, _) = (&server, &stop);
                scope.spawn(move || client(server, name, stop))
            })
            .collect();
        let start = Instant::now();
        while start.elapsed() < seconds(5) {
            std::thread::sleep(Duration::from_millis(300));
            kills += usize::from(kill(&server).is_some());
        }
        stop.store(true, Ordering::Relaxed);
        clients
            .into_iter()
            .map(|client| client.join().expect("every answer is clear"))
            .collect()
    });
    let sum = |count: fn(&Seen) -> usize| seen.iter().map(count).sum::<usize>();
    let (fine, unavailable) = (sum(|seen| seen.fine), sum(|seen| seen.unavailable));
    let longest = seen
        .iter()
        .map(|seen| seen.longest)
        .max()
        .expect("there are some");
    println!("{kills} kills: {fine} fine, {unavailable} told so, the longest {longest:?}");
    assert!(kills >= 8 && fine > 20 && unavailable > 0);
    assert!(longest < seconds(8), "{longest:?}");
    comes_back(&server);
    server.run("echo all is well").expect_exit(0);
    server.look("list", &[("directory", ".")]).expect(200);
    assert!(server.printed().contains("ended unexpectedly"));
}

#[test]
fn what_commands_wrote_before_is_read_after() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let done = server.run("echo written before; exit 3").expect_exit(3);
    let running = server.start("echo half; sleep 1000");
    server.output_with(&running, "half");
    kill(&server).expect("it runs");
    comes_back(&server);
    let again = server.status(&done.id(), "wait=0");
    assert_eq!(again.output(), done.output());
    assert_eq!((again.state(), again.exit_code()), ("done", Some(3)));
    let lost = server.status(&running, "wait=20");
    assert_ne!(lost.state(), "running", "{lost:?}");
    assert!(lost.output().contains("half"), "{lost:?}");
}

/// Settings with which something else than the walls' namespace must see to the end of what runs.
const WAYS: [&[(&str, &str)]; 2] = [&[], &[("OPEN_TERMINAL_PID_NAMESPACE", "off")]];

#[test]
fn it_starts_again_though_its_directory_is_gone() {
    if !needs_root() {
        return;
    }
    // Not the account's home, which is made again, nor below a directory that each workspace has of its own.
    let place = TempDir::with_prefix_in("ot-place-", "/var").expect("we are root");
    fs::set_permissions(place.path(), Permissions::from_mode(0o755)).expect("it is ours");
    let path = place.path().display().to_string();
    let Some(server) = Isolated::with(|builder| builder.arg("--cwd").arg(&path)) else {
        return;
    };
    server.running();
    fs::remove_dir(place.path()).expect("root may");
    let ended = kill(&server).expect("it runs");
    eventually("it has ended", seconds(10), || {
        server.workspace() != Some(ended)
    });
    eventually("it is there again", seconds(5), || {
        server.look("list", &[("directory", "/etc")]).status == 200
    });
    let elsewhere = json!({ "command": "exit 6", "cwd": "/" });
    server.execute("wait=10", &elsewhere).expect_exit(6);
    let told = server.try_execute("wait=10", &json!({ "command": "true" }));
    let told = told.expect(400).detail();
    assert!(told.contains(&path), "{told}");

    fs::create_dir(place.path()).expect("root may");
    let pwd = server.run("pwd").expect_exit(0);
    assert_eq!(pwd.output().trim_end(), path);
}

#[test]
fn what_ran_in_it_dies_with_it() {
    for (settings, ask_at_once) in WAYS.into_iter().flat_map(|way| [(way, false), (way, true)]) {
        let with = |builder| set(builder, settings);
        let Some(server) = Isolated::with(with) else {
            return;
        };
        for round in 0..3 {
            for command in STUBBORN {
                let id = server.start(command);
                server.output_with(&id, "up");
            }
            let ran = of_account(server.account.uid);
            assert!(ran.len() > STUBBORN.len(), "they run: {ran:?}");
            let killed = kill(&server).expect("it runs");
            let start = Instant::now();
            if ask_at_once {
                comes_back(&server);
                assert_ne!(server.workspace(), Some(killed));
            }
            eventually(
                &format!("{settings:?}: nothing of before is left"),
                seconds(5),
                || !ran.iter().any(|&pid| processes::alive(pid)),
            );
            println!(
                "{settings:?}, {round}: {} died in {:?}",
                ran.len(),
                start.elapsed()
            );
            server.run("echo well").expect_exit(0);
        }
    }
}

/// A server with these variables.
fn set(builder: Builder, settings: &[(&str, &str)]) -> Builder {
    let one = |builder: Builder, (name, value): &(&str, &str)| builder.env(name, value);
    settings.iter().fold(builder, one)
}

#[test]
fn whoever_waits_for_it_is_told_at_once() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let upstream = Upstream::start(&server);
    let id = server.start("sleep 1000");
    let mut events = Events::open(&server, &[("path", ".")]);
    let (_, mut client) = server.terminal();
    client.ready();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| server.get(&format!("/execute/{id}/status?wait=60")));
        let proxied = scope.spawn(|| server.get(&upstream.path("/never")));
        std::thread::sleep(Duration::from_millis(500));
        assert!(
            !waiting.is_finished() && !proxied.is_finished(),
            "they wait"
        );
        let start = Instant::now();
        kill(&server).expect("it runs");
        for asked in [waiting, proxied] {
            let answer = asked.join().expect("it does not panic").expect(503);
            assert!(
                answer.detail().contains("the workspace ended"),
                "{}",
                answer.detail()
            );
        }
        assert!(start.elapsed() < seconds(3), "after {:?}", start.elapsed());
    });
    assert!(events.ends_within(seconds(3)));
    client.closed();
    comes_back(&server);
    server.get("/api/terminals").expect(200);
}

#[test]
fn one_that_stands_still_does_not_hold_up_the_end() {
    let Some(mut server) = Isolated::spawn() else {
        return;
    };
    let pid = server.running();
    eventually("it serves", seconds(10), || server.starts() > 0);
    processes::signal(pid, Signal::SIGSTOP);
    let start = Instant::now();
    server.signal(Signal::SIGTERM);
    assert!(server.ended(seconds(20)).success());
    assert!(start.elapsed() < seconds(15), "{:?}", start.elapsed());
    println!(
        "a workspace that stands still: ended after {:?}",
        start.elapsed()
    );
    server.becomes_empty(seconds(5));
}

#[test]
fn one_that_stands_still_in_its_start_does_not_hold_up_the_end() {
    let Some(mut server) = Isolated::that_idles("0.2") else {
        return;
    };
    server.becomes_idle();
    let caught = (0..20).any(|_| {
        server.becomes_empty(seconds(10));
        let begun = server.starts();
        let asked = Wire::open(&server, "GET", "/files/cwd", &[]);
        let pid = wait_for("its process", seconds(10), || {
            let found = of_account(server.account.uid).into_iter().next();
            found
                .map(Some)
                .or((server.starts() > begun).then_some(None))
        });
        let Some(pid) = pid else { return false };
        processes::signal(pid, Signal::SIGSTOP);
        // What it says is known a little later than it is said.
        std::thread::sleep(Duration::from_millis(200));
        let caught = server.starts() == begun;
        if !caught {
            processes::signal(pid, Signal::SIGCONT);
        }
        drop(asked);
        caught
    });
    assert!(caught, "it was never seen in the middle of its start");
    let start = Instant::now();
    assert!(server.stop().success());
    println!(
        "one that stands still in its start: ended after {:?}",
        start.elapsed()
    );
    assert!(start.elapsed() < seconds(5), "{:?}", start.elapsed());
    server.becomes_empty(seconds(5));
}
