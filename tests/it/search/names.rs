//! Searching by name: `glob` by patterns, `search` ranked.

use std::process::Command;

use serde_json::{Value, json};

use super::tree;
use crate::support::Server;
use crate::support::files::texts;

/// The paths that a glob finds.
fn glob(server: &Server, query: &[(&str, &str)]) -> Vec<String> {
    texts(&server.seen("glob", query)["matches"], "path")
}

/// The paths that a search by name finds, below `t`.
fn search(server: &Server, query: &[(&str, &str)]) -> Vec<String> {
    let above = server.at("t/");
    let paths = texts(&server.seen("search", query)["results"], "path");
    let short = |path: &String| path.strip_prefix(&above).unwrap_or(path).to_owned();
    paths.iter().map(short).collect()
}

#[test]
fn patterns_are_those_of_fnmatch_on_names_and_on_paths() {
    let server = Server::spawn();
    for name in [
        "a.py",
        "B.PY",
        ".hidden.py",
        "src/b.py",
        "src/lib/c.py",
        "src/lib/[x].txt",
        "docs/d.md",
    ] {
        server.put(format!("t/{name}"), "12345");
    }
    for (pattern, expected) in [
        (
            "*.py",
            &[".hidden.py", "a.py", "src/b.py", "src/lib/c.py"][..],
        ),
        ("**/*.py", &["src/b.py", "src/lib/c.py"]),
        ("src/*.py", &["src/b.py", "src/lib/c.py"]),
        ("?.py", &["a.py", "src/b.py", "src/lib/c.py"]),
        ("[a-b].[!x]*", &["a.py", "src/b.py"]),
        ("[[]x].txt", &["src/lib/[x].txt"]),
        ("lib", &["src/lib"]),
        ("*.{py,md}", &[]),
        ("[", &[]),
        ("", &[]),
    ] {
        assert_eq!(
            glob(&server, &[("pattern", pattern), ("path", "t")]),
            expected,
            "{pattern}"
        );
    }
    let query = [("pattern", "*"), ("path", "t")];
    assert_eq!(
        glob(&server, &[query[0], query[1], ("type", "directory")]),
        ["docs", "src", "src/lib"]
    );
    let some = glob(
        &server,
        &[
            ("pattern", "*.py"),
            query[1],
            ("exclude", "src/*"),
            ("exclude", ".*"),
        ],
    );
    assert_eq!(some, ["a.py"]);
    let one = server.seen("glob", &[("pattern", "a.py"), query[1]]);
    assert_eq!(one["matches"][0]["type"], "file");
    assert_eq!(one["matches"][0]["size"], 5);
    assert!(one["matches"][0]["modified"].as_f64() > Some(1e9));
    assert_eq!(one["truncated"], false);
    server
        .look("glob", &[("pattern", "*"), ("path", "none")])
        .expect(404);
    server
        .look("glob", &[("pattern", "*"), ("max_results", "501")])
        .expect(422);
    server
        .look("glob", &[("pattern", "*"), ("type", "link")])
        .expect(422);
}

#[test]
fn globs_come_in_a_stable_order_and_a_limit_gives_its_beginning() {
    let server = Server::spawn();
    tree(&server, 200);
    let query = [("pattern", "*.txt"), ("path", "t")];
    let all = glob(&server, &[query[0], query[1], ("max_results", "500")]);
    assert_eq!(all.len(), 200);
    for limit in [1_usize, 3, 50, 77, 199, 200] {
        let text = limit.to_string();
        let answer = server.seen(
            "glob",
            &[query[0], query[1], ("max_results", text.as_str())],
        );
        assert_eq!(
            texts(&answer["matches"], "path"),
            all[..limit],
            "with {limit}"
        );
        assert_eq!(answer["truncated"], true, "reaching it counts");
    }
}

#[test]
fn names_are_ranked_and_a_limit_gives_the_best() {
    let server = Server::spawn();
    for name in [
        "go",
        "go.md",
        "a/go.txt",
        "gopher",
        "cargo",
        "a/b/lingo.txt",
        "other",
        ".go",
    ] {
        server.put(format!("t/{name}"), "");
    }
    let all = search(&server, &[("query", "GO"), ("path", "t")]);
    assert_eq!(all[0], "go", "the name itself is the best: {all:?}");
    let place = |name: &str| all.iter().position(|path| path == name);
    assert!(
        place("gopher") < place("cargo"),
        "a beginning is better than a middle: {all:?}"
    );
    assert!(
        !all.iter().any(|path| path == "other" || path == ".go"),
        "{all:?}"
    );
    for limit in 1..=all.len() {
        let text = limit.to_string();
        let some = search(
            &server,
            &[("query", "GO"), ("path", "t"), ("limit", text.as_str())],
        );
        assert_eq!(some, all[..limit], "with {limit}");
    }
    let hidden = [("query", "go"), ("path", "t"), ("show_hidden", "true")];
    assert!(search(&server, &hidden).contains(&".go".to_owned()));
    let directories = [("query", "a"), ("path", "t"), ("type", "directory")];
    assert_eq!(search(&server, &directories), ["a"]);
    let first = server.seen("search", &[("query", "go"), ("path", "t")]);
    let first = &first["results"][0];
    let expected = json!(["go", "file", 0]);
    assert_eq!(
        json!([first["name"], first["type"], first["size"]]),
        expected
    );
    server
        .look("search", &[("query", "x"), ("path", "none")])
        .expect(404);
    server
        .look("search", &[("query", "x"), ("limit", "101")])
        .expect(422);
}

#[test]
fn in_a_git_work_tree_what_is_ignored_is_not_found_by_name() {
    // The server itself finds no `git` to ask.
    let server = Server::builder().env("PATH", "/nowhere").start();
    server.put("t/.gitignore", "ignored*\n");
    for name in [
        "target-tracked",
        "target-new",
        "ignored-target",
        "sub/target-sub",
    ] {
        server.put(format!("t/{name}"), "target\n");
    }
    for arguments in [
        &["init", "-q"][..],
        &["add", "-f", "target-tracked", "ignored-target"],
    ] {
        let mut git = Command::new("git");
        let git = git.args(arguments).current_dir(server.at("t")).status();
        assert!(git.expect("git is installed").success());
    }
    let found = search(
        &server,
        &[("query", "target"), ("path", "t"), ("limit", "100")],
    );
    assert!(
        found.contains(&"target-tracked".to_owned()) && found.contains(&"target-new".to_owned()),
        "{found:?}"
    );
    assert!(found.contains(&"sub/target-sub".to_owned()), "{found:?}");
    assert!(
        found.contains(&"ignored-target".to_owned()),
        "it is tracked all the same: {found:?}"
    );
    server.put("t/ignored-target-2", "target\n");
    let again = search(
        &server,
        &[("query", "target"), ("path", "t"), ("limit", "100")],
    );
    assert_eq!(again, found);
    let matches = server.seen("matches", &[("query", "target"), ("path", "t")]);
    let names = texts(&matches["results"], "name");
    assert!(
        !names.contains(&"ignored-target-2".to_owned()) && names.len() == 4,
        "{names:?}"
    );
    let broken = server.home.work().join("t/.git/index");
    std::fs::write(broken, "DIRC broken").expect("it is ours");
    let still: Value = server.seen("search", &[("query", "target-new"), ("path", "t")]);
    assert_eq!(
        texts(&still["results"], "name"),
        ["target-new"],
        "a broken index is got past"
    );
}
