//! Searching by content.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::tree;
use crate::support::Server;
use crate::support::files::{names, target, texts};
use crate::support::load::{GROWTH, Peak, becomes_busy, becomes_quiet};
use crate::support::seconds;
use crate::support::wire::Wire;

fn grep(server: &Server, query: &[(&str, &str)]) -> Value {
    server.seen("grep", query)
}

/// The matches as `file:line:content`, files by their path below the working directory.
fn found(server: &Server, answer: &Value) -> Vec<String> {
    let below = server.at("");
    let list = answer["matches"].as_array().expect("it is a list");
    let line = |entry: &Value| {
        let file = entry["file"].as_str().expect("it names a file");
        let file = file.strip_prefix(&below).expect("it is in the tree");
        let content = entry["content"].as_str().unwrap_or_default();
        format!("{file}:{}:{content}", entry["line"])
    };
    list.iter().map(line).collect()
}

#[test]
fn lines_that_match_are_found_with_their_numbers() {
    let server = Server::spawn();
    server.put("t/a.txt", "one\ntwo needle\r\nthree\rneedle four");
    server.put("t/.hidden", "Needle\n");
    server.put("t/sub/b.py", "x = 'needle'\n");
    server.put("t/latin1", b"needle caf\xe9\n");
    let all = [
        "t/a.txt:2:two needle",
        "t/a.txt:4:needle four",
        "t/sub/b.py:1:x = 'needle'",
    ];
    let answer = grep(&server, &[("query", "needle"), ("path", "t")]);
    assert_eq!(found(&server, &answer), all);
    assert_eq!(
        (&answer["query"], &answer["path"]),
        (&json!("needle"), &json!(server.at("t")))
    );
    assert_eq!(answer["truncated"], false);
    for (query, expected) in [
        (&[("query", "NEEDLE"), ("case_insensitive", "true")][..], 4),
        (&[("query", "n.e+dle$")], 1),
        (&[("query", "n.e+dle"), ("regex", "false")], 0),
        (&[("query", "'needle'"), ("regex", "false")], 1),
        (&[("query", "needle"), ("include", "*.py")], 1),
        (
            &[("query", "needle"), ("include", "*.py"), ("include", "a.*")],
            3,
        ),
        (&[("query", "(?P<e>e)(?P=e)dle")], 4),
        (&[("query", "(?<=x = ')needle")], 1),
        (&[("query", "needle"), ("path", "t/a.txt")], 2),
    ] {
        let path = [("path", "t")];
        let path = if query.iter().any(|(name, _)| *name == "path") {
            &path[..0]
        } else {
            &path
        };
        let answer = grep(&server, &[query, path].concat());
        assert_eq!(
            found(&server, &answer).len(),
            expected,
            "{query:?}: {answer}"
        );
    }
    let query = [
        ("query", "needle"),
        ("path", "t"),
        ("match_per_line", "false"),
    ];
    let files = grep(&server, &query);
    let whole: Vec<String> = ["t/a.txt", "t/sub/b.py"].map(|name| server.at(name)).into();
    assert_eq!(texts(&files["matches"], "file"), whole);
    server
        .look("grep", &[("query", "x"), ("path", "none")])
        .expect(404);
    server.look("grep", &[("path", "t")]).expect(422);
}

#[test]
fn the_order_is_stable_and_a_limit_gives_its_beginning() {
    let server = Server::spawn();
    tree(&server, 120);
    let all = grep(
        &server,
        &[("query", "needle"), ("path", "t"), ("max_results", "500")],
    );
    let all = found(&server, &all);
    assert_eq!(all.len(), 480);
    let files: Vec<&str> = all
        .iter()
        .filter_map(|line| line.split(':').next())
        .collect();
    assert!(files.is_sorted(), "files come in the order of their paths");
    for round in 0..10 {
        let limit = [500, 1, 7, 50, 333, 479, 480, 100, 2, 499][round];
        let text = limit.to_string();
        let query = [
            ("query", "needle"),
            ("path", "t"),
            ("max_results", text.as_str()),
        ];
        let answer = grep(&server, &query);
        let some = found(&server, &answer);
        assert_eq!(some, all[..limit.min(480)], "with {limit}");
        assert_eq!(answer["truncated"], limit <= 480, "with {limit}");
    }
}

#[test]
fn lines_before_and_after_are_given_when_asked_for() {
    let server = Server::spawn();
    let lines: Vec<String> = (1..=9).map(|n| format!("line {n}\n")).collect();
    server.put("f", lines.concat());
    let answer = grep(&server, &[("query", "line [159]"), ("context", "2")]);
    let list = answer["matches"].as_array().expect("it is a list");
    let expected = [
        (json!([]), json!(["line 2", "line 3"])),
        (json!(["line 3", "line 4"]), json!(["line 6", "line 7"])),
        (json!(["line 7", "line 8"]), json!([])),
    ];
    for (entry, (before, after)) in list.iter().zip(expected) {
        assert_eq!((&entry["before"], &entry["after"]), (&before, &after));
    }
    assert_eq!(list.len(), 3);
    let plain = grep(&server, &[("query", "line 5")]);
    assert!(
        plain["matches"][0].get("before").is_none(),
        "older clients see no change"
    );
    server
        .look("grep", &[("query", "x"), ("context", "-1")])
        .expect(422);
}

#[test]
fn what_git_ignores_is_left_out_only_when_asked_for() {
    let server = Server::spawn();
    let git = Command::new("git")
        .args(["init", "-q", "t"])
        .current_dir(server.home.work())
        .status();
    // It may be new to the system that the directory is there; `git` itself is not needed for the search.
    assert!(git.expect("git is installed").success());
    server.put("t/.gitignore", "*.log\n/build/\n!kept.log\n");
    server.put("t/sub/.gitignore", "local\n");
    for name in [
        "a.txt",
        "b.log",
        "kept.log",
        "build/c",
        "sub/build/d",
        "sub/local",
        "local",
    ] {
        server.put(format!("t/{name}"), "needle\n");
    }
    let query = [("query", "needle"), ("path", "t")];
    let files = |query: &[(&str, &str)]| {
        let answer = grep(&server, query);
        let list = found(&server, &answer);
        list.iter()
            .map(|line| line.split(':').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(files(&query).len(), 7);
    let kept = files(&[query[0], query[1], ("respect_gitignore", "true")]);
    assert_eq!(kept, ["t/a.txt", "t/kept.log", "t/local", "t/sub/build/d"]);
    let below = files(&[query[0], ("path", "t/sub"), ("respect_gitignore", "true")]);
    assert_eq!(below, ["t/sub/build/d"]);
}

#[test]
fn a_budget_clips_lines_and_ends_the_list() {
    let server = Server::spawn();
    let long = format!("{}needle{}", "é".repeat(50_000), "x".repeat(50_000));
    server.put("t/a", format!("{long}\n"));
    for n in 0..200 {
        server.put(format!("t/b{n:03}"), "a short needle\n");
    }
    let query = [
        ("query", "needle"),
        ("path", "t"),
        ("max_results", "500"),
        ("max_bytes", "8000"),
    ];
    let answer = server.look("grep", &query).expect(200);
    assert!(answer.body.len() < 24_000, "{} bytes", answer.body.len());
    let answer = answer.json();
    let list = found(&server, &answer);
    assert!(list.len() > 1 && list.len() < 201, "{}", list.len());
    assert!(
        list[0].contains("needle") && list[0].len() < 2_400,
        "clipped round the match: {}",
        list[0]
    );
    assert_eq!(answer["truncated"], true);
    assert!(answer["hint"].is_string(), "it should say how to go on");
    let one = grep(&server, &[query[0], query[1], ("max_bytes", "1")]);
    assert_eq!(found(&server, &one).len(), 1, "at least one is given");
    let whole = grep(&server, &[("query", "needle"), ("path", "t/a")]);
    assert_eq!(whole["matches"][0]["content"], long.as_str());
}

#[test]
fn large_files_and_long_lines_take_little_memory() {
    let server = Server::spawn();
    let block = "hay without end, hay without end, hay without end\n".repeat(20_000);
    server.put("t/large", block.repeat(60) + "the needle\n");
    let line = server.put("u/line", "");
    let file = fs::File::options()
        .write(true)
        .open(line)
        .expect("it is ours");
    file.set_len(200 << 20).expect("it may be sparse");
    grep(&server, &[("query", "nothing")]);
    let peak = Peak::of(&server);
    let answer = grep(&server, &[("query", "needle"), ("path", "t")]);
    assert_eq!(found(&server, &answer), ["t/large:1200001:the needle"]);
    grep(&server, &[("query", "needle\\b"), ("path", "t")]);
    peak.expect_below(GROWTH);
    grep(&server, &[("query", "needle"), ("path", "u")]);
    peak.expect_below(GROWTH);
}

#[test]
fn a_limit_that_is_reached_ends_the_search() {
    let server = Server::spawn();
    server.put("t/a", "needle\nneedle\n");
    for n in 0..8 {
        let path = server.put(format!("t/b{n}"), "");
        let file = fs::File::options()
            .write(true)
            .open(path)
            .expect("it is ours");
        file.set_len(1 << 36).expect("it may be sparse");
    }
    let query = [("query", "needle"), ("path", "t"), ("max_results", "2")];
    let answer = grep(&server, &query);
    assert_eq!(found(&server, &answer), ["t/a:1:needle", "t/a:2:needle"]);
    assert_eq!(answer["truncated"], true);
    becomes_quiet(&server, seconds(8));
}

#[test]
fn a_client_that_leaves_stops_the_search() {
    let server = Server::spawn();
    for n in 0..64 {
        let path = server.put(format!("t/{n}"), "");
        let file = fs::File::options()
            .write(true)
            .open(path)
            .expect("it is ours");
        file.set_len(1 << 36).expect("it may be sparse");
    }
    for query in ["needle", "(?<=x)y"] {
        let query = [("query", query), ("path", "t")];
        let wire = Wire::open(&server, "GET", &target("grep", &query), &[]);
        becomes_busy(&server);
        drop(wire);
        becomes_quiet(&server, seconds(5));
    }
}

#[test]
fn files_that_change_and_vanish_meanwhile_harm_nothing() {
    let server = Server::spawn();
    tree(&server, 60);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (server, done) = (&server, &done);
        scope.spawn(move || {
            let mut n = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                n += 1;
                server.put(format!("t/3/f{}", n % 20), "needle\n".repeat(n % 900));
                fs::remove_file(server.at(&format!("t/3/f{}", (n + 7) % 20))).ok();
                fs::remove_dir_all(server.at(&format!("t/4/{}", n % 11))).ok();
            }
        });
        for _ in 0..25 {
            grep(
                server,
                &[("query", "needle"), ("path", "t"), ("max_results", "500")],
            );
            server.seen("matches", &[("query", "needle"), ("path", "t")]);
            server.seen("glob", &[("pattern", "*"), ("path", "t")]);
            server.seen("list", &[("directory", "t/3")]);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(!names(server.at("t")).is_empty());
}
