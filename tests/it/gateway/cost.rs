//! What a process for the workspace costs: time for each request, time to start, memory while it idles.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::raw::Connection;
use crate::support::{Isolated, Server, alone, eventually, seconds};

/// KiB that an idle workspace may take.
const MOST: u64 = 6 << 10;
/// Bytes of a program that is built for debugging, which takes twice as much, by far.
const DEBUGGED: u64 = 50 << 20;

/// Requests that are timed on each server.
const REQUESTS: usize = 400;

/// The middle of some times.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
fn a_request_takes_little_longer() {
    let Some(isolated) = Isolated::with(|builder| builder.env("OPEN_TERMINAL_LOG_LEVEL", "info"))
    else {
        return;
    };
    let plain = Server::spawn();
    let _turn = alone();
    let mut connections = [&plain, &*isolated].map(Connection::open);
    let key = &plain.key;
    let request = format!(
        "GET /files/cwd HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\r\n"
    );
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..REQUESTS + 50 {
        for (connection, times) in connections.iter_mut().zip(&mut times) {
            let start = Instant::now();
            assert_eq!(connection.request(&request).status(), 200);
            if round >= 50 {
                times.push(start.elapsed());
            }
        }
    }
    let [here, there] = times.each_mut().map(|times| {
        times.sort_unstable();
        (times[REQUESTS / 2], times[REQUESTS / 10])
    });
    let added = |with: Duration, without| with.saturating_sub(without);
    println!(
        "GET /files/cwd, p50: {:?} without, {:?} with, {:?} added; p10: {:?} added",
        here.0,
        there.0,
        added(there.0, here.0),
        added(there.1, here.1)
    );
    // What others do on the machine is in the median too.
    let added = added(there.1, here.1);
    assert!(added < Duration::from_millis(1), "{added:?}");
}

#[test]
fn a_workspace_starts_soon() {
    let Some(server) = Isolated::that_idles("0.1") else {
        return;
    };
    server.becomes_idle();
    let _turn = alone();
    let mut times = Vec::new();
    for _ in 0..10 {
        server.becomes_empty(seconds(10));
        let start = Instant::now();
        server.get("/files/cwd").expect(200);
        times.push(start.elapsed());
    }
    let took = median(times);
    println!("the first request, with the start of its workspace: {took:?}");
    assert!(took < Duration::from_millis(500), "{took:?}");
}

/// Bytes of a process that `/proc` tells under this name.
fn memory(pid: i32, name: &str) -> u64 {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(path).expect("root may see it");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no {name} in {text}"))
}

#[test]
fn an_idle_workspace_takes_little_memory() {
    // It looks four times in this at what it needs no more.
    let Some(server) = Isolated::that_idles("20") else {
        return;
    };
    server.get("/files/cwd").expect(200);
    server.run("echo hello").expect_exit(0);
    let pid = server.running();
    let of = |name: &str| memory(pid, name);
    let program = fs::metadata(format!("/proc/{pid}/exe")).expect("root may see it");
    let most = MOST * if program.len() > DEBUGGED { 2 } else { 1 };
    // On a machine that is busy it may have let go of its start already.
    let before = of("Rss");
    eventually(
        "it lets go of what only its start needed",
        seconds(15),
        || of("Rss") <= most,
    );
    let [rss, pss, private] = ["Rss", "Pss", "Private_Dirty"].map(of);
    println!(
        "an idle workspace: {before} KiB RSS at first, then {rss}, {pss} KiB PSS, {private} KiB its own"
    );
    assert!(rss <= most && private < most / 2, "{rss}, {private} KiB");
    server.run("echo hello").expect_exit(0);
    assert_eq!(server.running(), pid, "it serves on");
}
