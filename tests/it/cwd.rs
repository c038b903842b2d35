//! The working directory of a session: `/files/cwd`.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Answer, Server};

fn set(server: &Server, session: &str, path: &str) -> Answer {
    let ask = server
        .ask("POST", "/files/cwd")
        .header("x-session-id", session);
    ask.json(&json!({ "path": path })).send()
}

fn get(server: &Server, session: &str) -> Value {
    server
        .ask("GET", "/files/cwd")
        .header("x-session-id", session)
        .send()
        .expect(200)
        .json()
}

#[test]
fn it_is_the_servers_own_directory_at_first() {
    let server = Server::spawn();
    let answer = get(&server, "");
    assert_eq!(answer["cwd"], server.home.work().display().to_string());
    assert_eq!(
        answer["home"], answer["cwd"],
        "what a client calls home is where the server was started"
    );
    assert_eq!(answer["root"]["path"], answer["home"]);
}

#[test]
fn a_session_has_its_own_and_its_commands_start_there() {
    let server = Server::spawn();
    let there = server.home.work().join("there");
    fs::create_dir(&there).expect("the home is writable");
    set(&server, "one", &there.display().to_string()).expect(200);
    assert_eq!(get(&server, "one")["cwd"], there.display().to_string());
    assert_eq!(
        get(&server, "two")["cwd"],
        server.home.work().display().to_string()
    );
    let run = |session: &str, body: Value| {
        let ask = server
            .ask("POST", "/execute?wait=30")
            .header("x-session-id", session);
        ask.json(&body).send().expect(200).json()["output"][0]["data"].clone()
    };
    assert_eq!(
        run("one", json!({ "command": "pwd" })),
        format!("{}\r\n", there.display())
    );
    assert_eq!(
        run("two", json!({ "command": "pwd" })),
        format!("{}\r\n", server.home.work().display())
    );
    assert_eq!(
        run("one", json!({ "command": "pwd", "cwd": ".." })),
        format!("{}\r\n", server.home.work().display())
    );
}

#[test]
fn the_empty_directory_is_the_servers_own_and_a_tilde_is_a_name() {
    let server = Server::spawn();
    fs::create_dir(server.home.work().join("~")).expect("the home is writable");
    let pwd = |cwd: &str| {
        server
            .execute("wait=30", &json!({ "command": "pwd", "cwd": cwd }))
            .output()
    };
    assert_eq!(pwd(""), format!("{}\r\n", server.home.work().display()));
    assert_eq!(pwd("~"), format!("{}/~\r\n", server.home.work().display()));
}

#[test]
fn a_directory_that_is_none_is_refused_and_changes_nothing() {
    let server = Server::spawn();
    fs::write(server.home.work().join("plain"), "").expect("the home is writable");
    for path in ["/not/there", "plain"] {
        let answer = set(&server, "s", path);
        assert!(
            (400..500).contains(&answer.status),
            "{path}: {}",
            answer.status
        );
    }
    set(&server, "s", "a\u{0}b");
    assert_eq!(
        get(&server, "s")["cwd"],
        server.home.work().display().to_string()
    );
}

#[test]
fn it_is_forgotten_after_its_time_unless_it_is_used() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_SESSION_CWD_TTL", "1")
        .start();
    set(&server, "s", "/usr").expect(200);
    let start = std::time::Instant::now();
    while start.elapsed().as_secs_f64() < 1.6 {
        assert_eq!(get(&server, "s")["cwd"], "/usr", "reading it keeps it");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    std::thread::sleep(std::time::Duration::from_millis(1300));
    assert_eq!(
        get(&server, "s")["cwd"],
        server.home.work().display().to_string()
    );
}
