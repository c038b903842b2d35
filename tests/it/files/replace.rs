//! Replacing: only the text that was named changes, and no change gets lost.

use std::fs;

use serde_json::{Value, json};

use crate::support::files::hash;
use crate::support::{Answer, Server};

fn replace(server: &Server, chunks: &Value) -> Answer {
    let body = json!({ "path": "f", "replacements": chunks });
    server.post("replace", &body)
}

#[test]
fn line_endings_stay_as_they_are() {
    let server = Server::spawn();
    for (before, target, replacement, after) in [
        (
            "one\r\ntwo\r\nthree\r\n",
            "two",
            "2",
            "one\r\n2\r\nthree\r\n",
        ),
        (
            "one\r\ntwo\r\nthree\r\n",
            "one\ntwo",
            "1\n2",
            "1\r\n2\r\nthree\r\n",
        ),
        ("one\r\ntwo\r\n", "one\r\ntwo", "x", "x\r\n"),
        ("one\ntwo\r\nthree\n", "three", "3", "one\ntwo\r\n3\n"),
        ("one\rtwo\rthree", "two", "2", "one\r2\rthree"),
        ("\u{feff}one\r\n", "one", "1", "\u{feff}1\r\n"),
        ("one\ntwo\n", "one\n", "", "two\n"),
    ] {
        let path = server.put("f", before);
        let chunks = json!([{ "target": target, "replacement": replacement }]);
        let answer = replace(&server, &chunks).expect(200).json();
        assert_eq!(fs::read_to_string(path).expect("it is text"), after);
        assert_eq!(answer["content_hash"], hash(after.as_bytes()));
    }
}

#[test]
fn what_is_not_there_or_not_once_changes_nothing_and_is_explained() {
    let server = Server::spawn();
    let text = "alpha beta\ngamma alpha\nDelta\n";
    let path = server.put("f", text);
    for (chunks, word) in [
        (
            json!([{ "target": "omega", "replacement": "" }]),
            "not found",
        ),
        (json!([{ "target": "alpha", "replacement": "" }]), "2"),
        (
            json!([{ "target": "beta", "replacement": "", "start_line": 2 }]),
            "line",
        ),
        (
            json!([{ "target": "Delta", "replacement": "d" }, { "target": "none", "replacement": "" }]),
            "2",
        ),
    ] {
        let detail = replace(&server, &chunks).expect(400).detail();
        assert!(detail.contains(word), "{word}: {detail}");
        assert_eq!(fs::read_to_string(&path).expect("it is text"), text);
    }
    let all = json!([{ "target": "alpha", "replacement": "a", "allow_multiple": true }]);
    replace(&server, &all).expect(200);
    let text = fs::read_to_string(&path).expect("it is text");
    assert_eq!(text, "a beta\ngamma a\nDelta\n");
}

#[test]
fn a_file_that_is_not_as_expected_or_no_text_stays() {
    let server = Server::spawn();
    let path = server.put("f", "text here");
    let chunk = json!({ "target": "here", "replacement": "there" });
    let body =
        |expected: &str| json!({ "path": "f", "replacements": [chunk], "expected_hash": expected });
    let refused = server
        .post("replace", &body(&hash(b"text there")))
        .expect(409);
    assert_eq!(refused.json()["content_hash"], hash(b"text here"));
    assert_eq!(fs::read(&path).expect("it is there"), b"text here");
    server
        .post("replace", &body(&hash(b"text here")))
        .expect(200);
    assert_eq!(fs::read(&path).expect("it is there"), b"text there");

    fs::write(&path, b"caf\xe9 here").expect("it is ours");
    replace(&server, &json!([chunk])).expect(415);
    assert_eq!(fs::read(&path).expect("it is there"), b"caf\xe9 here");
}

#[test]
fn of_changes_at_the_same_time_none_is_lost() {
    let server = Server::spawn();
    let tokens = |word: &str| -> String {
        let lines = (0..12).map(|n| format!("{word}{n:02}\n"));
        lines.collect()
    };
    let path = server.put("f", tokens("before"));
    std::thread::scope(|scope| {
        for n in 0..12 {
            let server = &server;
            scope.spawn(move || {
                let chunk = json!({ "target": format!("before{n:02}"), "replacement": format!("after{n:02}") });
                replace(server, &json!([chunk])).expect(200);
            });
        }
    });
    let text = fs::read_to_string(path).expect("it is text");
    assert_eq!(text, tokens("after"));
}
