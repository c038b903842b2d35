//! What cannot be run, and how that is said: a clear 4xx, and nothing started.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Answer, Server};

#[track_caller]
fn refused(answer: &Answer, word: &str) {
    assert!(
        [400, 404, 413, 422].contains(&answer.status),
        "{} {}",
        answer.status,
        answer.text()
    );
    let detail = answer.detail();
    assert!(detail.contains(word), "it should name {word:?}: {detail}");
}

#[test]
fn a_directory_that_is_missing_or_a_file_is_named() {
    let server = Server::spawn();
    fs::write(server.home.work().join("plain"), "").expect("the home is writable");
    for name in ["not-there", "plain"] {
        let body = json!({ "command": "touch started", "cwd": name });
        refused(&server.try_execute("wait=5", &body), name);
    }
    assert!(
        !server.home.work().join("started").exists(),
        "nothing should have been started"
    );
    assert_eq!(server.get("/execute").json(), json!([]));
}

#[test]
fn a_session_directory_that_vanished_is_named() {
    let server = Server::spawn();
    let path = server.home.work().join("gone");
    fs::create_dir(&path).expect("the home is writable");
    let as_session = |method: &str, path: &str, body: &Value| {
        server
            .ask(method, path)
            .header("x-session-id", "s")
            .json(body)
            .send()
    };
    as_session("POST", "/files/cwd", &json!({ "path": path })).expect(200);
    fs::remove_dir(&path).expect("it is empty");
    refused(
        &as_session("POST", "/execute?wait=5", &json!({ "command": "true" })),
        "gone",
    );
}

#[test]
fn an_impossible_environment_is_named() {
    let server = Server::spawn();
    for env in [json!({ "A=B": "x" }), json!({ "A=B": "" })] {
        refused(
            &server.try_execute("wait=5", &json!({ "command": "true", "env": env })),
            "A=B",
        );
    }
    for env in [
        json!({ "": "x" }),
        json!({ "A": "x\u{0}y" }),
        json!({ "A\u{0}": "x" }),
    ] {
        refused(
            &server.try_execute("wait=5", &json!({ "command": "true", "env": env })),
            "",
        );
    }
    let answer = server
        .try_execute("", &json!({ "command": "true", "env": { "A": 1 } }))
        .expect(422);
    assert_eq!(
        answer.json()["detail"][0]["loc"],
        json!(["body", "env", "A"])
    );
}

#[test]
fn a_nul_or_half_a_character_in_the_command_is_refused() {
    let server = Server::spawn();
    refused(
        &server.try_execute("wait=5", &json!({ "command": "echo \u{0}" })),
        "",
    );
    let ask = server
        .ask("POST", "/execute?wait=5")
        .header("content-type", "application/json");
    refused(&ask.bytes(br#"{"command": "echo \ud800"}"#).send(), "");
}

#[test]
fn a_command_that_is_not_known_is_not_found() {
    let server = Server::spawn();
    for (method, path) in [("GET", "/execute/nope/status"), ("DELETE", "/execute/nope")] {
        assert_ne!(
            server.ask(method, path).send().expect(404).detail(),
            "Not Found",
            "{method} {path}"
        );
    }
    server.input("nope", "x").expect(404);
    server
        .get("/execute/..%2f..%2fetc%2fpasswd/status")
        .expect(404);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let server = Server::spawn();
    let answer = server
        .try_execute("wait=long&tail=-1", &json!({ "cwd": 5 }))
        .expect(422)
        .json();
    let mut places: Vec<String> = answer["detail"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|mistake| mistake["loc"].to_string())
        .collect();
    places.sort();
    assert_eq!(
        places,
        [
            r#"["body","command"]"#,
            r#"["body","cwd"]"#,
            r#"["query","tail"]"#,
            r#"["query","wait"]"#
        ]
    );
}
