//! Trees with everything in them that a search must get past.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Instant;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::support::files::{shown, target, unprivileged};
use crate::support::load::{becomes_quiet, ticks};
use crate::support::wire::Wire;
use crate::support::{Home, Server, eventually, seconds};

/// Each way to search, with a query that finds `t/needle.txt`.
const WAYS: [(&str, [(&str, &str); 2]); 4] = [
    ("grep", [("query", "needle"), ("path", "t")]),
    ("glob", [("pattern", "*needle*"), ("path", "t")]),
    ("search", [("query", "needle"), ("path", "t")]),
    ("matches", [("query", "needle"), ("path", "t")]),
];

#[test]
fn what_cannot_be_read_is_passed_by_without_a_wait() {
    let server = Server::spawn();
    server.put("t/needle.txt", "needle\n");
    server.put("outside/needle-outside.txt", "needle\n");
    let at = |name: &str| server.home.work().join("t").join(name);
    mkfifo(&at("needle-pipe"), Mode::S_IRWXU).expect("the home is writable");
    let _socket = UnixListener::bind(at("needle-socket")).expect("the home is writable");
    for (target, name) in [
        ("/dev/zero", "needle-zero"),
        ("/dev/tty", "needle-tty"),
        ("needle-loop", "needle-loop"),
        ("nowhere", "needle-dangling"),
        ("../outside", "needle-out"),
        ("..", "needle-up"),
        ("needle-pipe", "needle-topipe"),
        ("/proc/kmsg", "needle-kmsg"),
    ] {
        symlink(target, at(name)).expect("the home is writable");
    }
    for (what, query) in WAYS {
        let start = Instant::now();
        let answer = server.look(what, &query).expect(200).text();
        assert!(
            start.elapsed() < seconds(5),
            "{what}: {:?}",
            start.elapsed()
        );
        assert!(answer.contains("needle.txt"), "{what}: {answer}");
        assert!(
            !answer.contains("needle-outside"),
            "{what}: a link was followed"
        );
    }
}

#[test]
fn what_may_not_be_read_is_passed_by() {
    let home = Home::new();
    let server = unprivileged(&home).start();
    server.put("t/needle.txt", "needle\n");
    let closed = server.put("t/closed/needle-inside.txt", "needle\n");
    let secret = server.put("t/secret", "needle\n");
    let directory = closed.parent().expect("it has one");
    for path in [directory, &secret] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o0)).expect("it is ours");
    }
    for (what, query) in WAYS {
        let answer = server.look(what, &query).expect(200).text();
        assert!(answer.contains("needle.txt"), "{what}: {answer}");
        assert!(!answer.contains("needle-inside"), "{what}: {answer}");
    }
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

#[test]
fn names_that_are_not_utf8_are_found_and_name_their_file_again() {
    let server = Server::spawn();
    let odd = OsStr::from_bytes(b"needle caf\xe9 \xff.txt");
    server.put(Path::new("t").join(odd), "needle\n");
    server.put("t/needle.txt", "needle\n");
    for (what, query) in WAYS {
        let answer = server.look(what, &query).expect(200).text();
        assert!(answer.contains("needle.txt"), "{what}: {answer}");
        assert!(answer.contains(&shown(odd)), "{what}: {answer}");
    }
    let exact = shown(odd);
    let again = server.seen("glob", &[("pattern", exact.as_str()), ("path", "t")]);
    assert_eq!(again["matches"][0]["path"], exact.as_str());
    let path = format!("t/{exact}");
    let one = server.seen("grep", &[("query", "needle"), ("path", path.as_str())]);
    assert_eq!(one["matches"][0]["file"], server.at(&path));
}

#[test]
fn the_files_of_the_kernel_can_be_searched() {
    let server = Server::spawn();
    for (query, path) in [("Threads", "/proc/self"), ("[0-9]", "/sys/kernel")] {
        let query = [("query", query), ("path", path), ("max_results", "500")];
        let start = Instant::now();
        let answer = server.look("grep", &query);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(
            start.elapsed() < seconds(30),
            "{path}: {:?}",
            start.elapsed()
        );
    }
    let answer = server.seen("grep", &[("query", "^Linux"), ("path", "/proc/version")]);
    assert_eq!(answer["matches"][0]["line"], 1);
}

#[test]
fn a_client_that_leaves_stops_every_search() {
    let server = Server::spawn();
    // Whole trees that take seconds: the system's own.
    for (what, query) in [
        ("glob", [("pattern", "no-such-name"), ("path", "/")]),
        ("search", [("query", "no-such-name"), ("path", "/")]),
        (
            "matches",
            [("query", "no such text anywhere 8f1c"), ("path", "/usr")],
        ),
    ] {
        let before = ticks(&server);
        let wire = Wire::open(&server, "GET", &target(what, &query), &[]);
        eventually("it works", seconds(10), || ticks(&server) > before + 3);
        drop(wire);
        becomes_quiet(&server, seconds(5));
    }
}
