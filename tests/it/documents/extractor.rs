//! The extractor's process: how it is bounded, and when it ends.

use std::fs;
use std::thread;

use nix::sys::signal::Signal;

use super::hostile::slow_sheet;
use crate::support::files::target;
use crate::support::wire::Wire;
use crate::support::{Home, Server, binary, busy, eventually, processes, seconds, wait_for};

/// A server that is asked for the texts of so many documents, each of which takes its extractor some seconds.
fn asked(documents: usize) -> (Server, Vec<Wire>) {
    let server = Server::spawn();
    let sheet = slow_sheet();
    let wires = (0..documents).map(|number| {
        let name = format!("{number}.xlsx");
        server.put(&name, &sheet);
        Wire::open(&server, "GET", &target("read", &[("path", &name)]), &[])
    });
    let wires = wires.collect();
    (server, wires)
}

/// The extractors that a server has.
fn extractors(server: &Server) -> Vec<i32> {
    let mut children = processes::descendants(server.pid);
    children.retain(|pid| {
        let words = processes::cmdline(*pid);
        let mut words = words.split(|byte| *byte == 0);
        processes::alive(*pid) && words.nth(1) == Some(b"extractor-of-open-terminal")
    });
    children
}

/// An extractor at work, which is stopped there.
fn stopped(server: &Server) -> i32 {
    wait_for("an extractor", seconds(20), || {
        let pid = extractors(server).into_iter().next()?;
        // Its last limit is set.
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
        let files = limits
            .lines()
            .find(|line| line.starts_with("Max open files"))?;
        let bounded = files.split_whitespace().nth(3) == Some("3");
        bounded.then(|| processes::signal(pid, Signal::SIGSTOP))?;
        Some(pid)
    })
}

#[test]
fn when_memory_or_time_is_short_an_extractor_goes_first() {
    let _busy = busy();
    let (server, _wires) = asked(1);
    let pid = stopped(&server);
    let score = fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).expect("it is there");
    assert_eq!(score.trim(), "1000");
    let niceness = |pid| processes::niceness(pid).expect("it is there");
    assert_eq!(niceness(pid), (niceness(server.pid) + 5).min(19));
}

#[test]
fn an_extractor_ends_when_its_caller_hangs_up() {
    let _busy = busy();
    let (server, wires) = asked(1);
    let pid = stopped(&server);
    drop(wires);
    eventually("it is gone", seconds(5), || !processes::alive(pid));
}

#[test]
fn an_extractor_ends_when_the_server_is_killed() {
    let _busy = busy();
    let (mut server, _wires) = asked(1);
    let pid = stopped(&server);
    server.crash();
    eventually("it is gone", seconds(5), || !processes::alive(pid));
}

#[test]
fn four_documents_are_read_at_once_and_others_wait() {
    let _busy = busy();
    let (server, wires) = asked(6);
    let mut held = Vec::new();
    eventually("four are at work", seconds(20), || {
        held = extractors(&server);
        for pid in &held {
            processes::signal(*pid, Signal::SIGSTOP);
        }
        held.len() == 4
    });
    thread::sleep(seconds(1));
    assert_eq!(extractors(&server).len(), 4);
    drop(wires);
    eventually("all are gone", seconds(20), || {
        extractors(&server).is_empty()
    });
}

#[test]
fn an_extractor_under_a_lower_limit_of_the_server_reads_all_the_same() {
    let home = Home::new();
    // Its own, so that another user may start it.
    let program = home.path().join("open-terminal");
    fs::copy(binary(), &program).expect("the home is writable");
    let mut wrapper = vec!["prlimit", "--as=900000000"];
    if nix::unistd::geteuid().is_root() {
        // Root may raise a limit.
        wrapper.extend([
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
        ]);
    }
    let builder = Server::builder().home(&home).program(&program);
    let server = builder.under(&wrapper).start();
    server.put("a.rtf", b"{\\rtf1{\\*\\rough \xe4}text\\'e4}");
    assert_eq!(
        server.seen("read", &[("path", "a.rtf")])["content"],
        "textä"
    );
}
