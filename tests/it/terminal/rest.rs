//! The resource `/api/terminals`: made, listed, shown, ended, refused.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::terminal::{NOBODY, caller, id_of};
use crate::support::{Server, eventually, processes, seconds, wait_for};

#[test]
fn a_terminal_is_made_listed_shown_and_ended() {
    let server = Server::spawn();
    let made = server.try_open(NOBODY).expect(200).json();
    let id = made["id"].as_str().expect("it has an id");
    assert!(
        id.len() == 8
            && id
                .bytes()
                .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
    );
    let time = made["created_at"].as_str().expect("it says since when");
    assert!(
        time.len() == 27 && time.ends_with('Z') && time.contains('T'),
        "{time}"
    );
    assert_eq!(
        (&made["attached"], &made["cols"], &made["rows"]),
        (&json!(0), &json!(80), &json!(24))
    );
    assert!(made["offset"].is_u64(), "{made}");
    let pid = server.shell(id);
    assert!(processes::alive(pid));

    let mut shown = server.summary(id);
    let mut listed = server.get("/api/terminals").expect(200).json()[0].clone();
    for summary in [&mut shown, &mut listed] {
        summary["offset"] = made["offset"].clone();
        assert_eq!(*summary, made);
    }

    let answer = server.close(id).expect(200);
    assert_eq!(answer.text(), r#"{"status":"deleted"}"#);
    assert!(!processes::alive(pid));
    for method in ["GET", "DELETE"] {
        server
            .ask(method, &format!("/api/terminals/{id}"))
            .send()
            .expect(404);
    }
    assert_eq!(server.get("/api/terminals").expect(200).json(), json!([]));
}

#[test]
fn the_body_of_a_request_for_one_is_ignored() {
    let server = Server::spawn();
    let post = || server.ask("POST", "/api/terminals");
    post()
        .json(&json!({"cols": 10, "shell": "nope"}))
        .send()
        .expect(200);
    post()
        .header("content-type", "application/json")
        .bytes(b"{broken")
        .send()
        .expect(200);
    let octets = post().header("content-type", "application/octet-stream");
    let id = octets.bytes(b"").send().expect(200).json()["id"].clone();
    let summary = server.summary(id.as_str().expect("it has an id"));
    assert_eq!(summary["cols"], 80);
}

#[test]
fn they_are_listed_in_the_order_of_their_making() {
    let server = Server::spawn();
    let ids = [(); 6].map(|()| server.open(NOBODY));
    assert_eq!(server.terminals(NOBODY), ids);
    server.close(&ids[2]).expect(200);
    assert_eq!(
        server.terminals(NOBODY),
        [&ids[0], &ids[1], &ids[3], &ids[4], &ids[5]].map(String::clone)
    );
}

#[test]
fn they_are_seen_by_their_user_and_chat_alone() {
    let server = Server::spawn();
    let owner = caller("u1", "a");
    let id = server.open(owner);
    let path = format!("/api/terminals/{id}");
    for who in [
        caller("", "a"),
        caller("u1", ""),
        caller("u1", "b"),
        caller("u2", "a"),
        NOBODY,
    ] {
        for method in ["GET", "DELETE"] {
            server.ask_as(who, method, &path).send().expect(404);
        }
        assert_eq!(server.terminals(who), [] as [String; 0], "{who:?}");
    }
    assert_eq!(server.terminals(owner), [id.as_str()]);
    server.ask_as(owner, "DELETE", &path).send().expect(200);
}

#[test]
fn their_errors_are_of_their_own_shape() {
    let server = Server::spawn();
    for method in ["GET", "DELETE"] {
        let answer = server
            .ask(method, "/api/terminals/00000000")
            .send()
            .expect(404)
            .json();
        let members: Vec<_> = answer.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["error"], "{answer}");
    }
    for (method, path) in [("PATCH", "/api/terminals"), ("PUT", "/api/terminals/x")] {
        assert!(
            !server
                .ask(method, path)
                .send()
                .expect(405)
                .detail()
                .is_empty()
        );
    }
    for (method, path) in [
        ("GET", "/api/terminals"),
        ("POST", "/api/terminals"),
        ("GET", "/api/terminals/00000000"),
        ("DELETE", "/api/terminals/00000000"),
        ("GET", "/api/terminals/user/output"),
        ("POST", "/api/terminals/user/input"),
    ] {
        let answer = server.ask(method, path).without_key().send().expect(401);
        assert!(!answer.detail().is_empty(), "{method} {path}");
    }
}

/// A terminal, once there is a free pseudo-terminal: that of a command is, a moment after its end is told.
fn opened(server: &Server) -> String {
    wait_for("a free pseudo-terminal", seconds(10), || {
        let answer = server.try_open(NOBODY);
        (answer.status != 503).then(|| id_of(&answer.expect(200).json()))
    })
}

#[test]
fn when_all_pseudo_terminals_are_in_use_the_answer_says_what_to_raise() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_MAX_PROCESSES", "2")
        .env("OPEN_TERMINAL_WARM_PROCESSES", "1")
        .start();
    let id = server.open(NOBODY);
    let command = server.start("sleep 60");
    let answer = server.try_open(NOBODY).expect(503).json();
    let error = answer["error"].as_str().expect("it says why");
    assert!(error.contains("max_processes"), "{error}");
    server
        .try_execute("", &json!({"command": "true"}))
        .expect(503);
    server.kill(&command, true).expect(200);
    let second = opened(&server);
    server.try_open(NOBODY).expect(503);
    server.close(&id).expect(200);
    let mut client = server.attach(&second).start();
    assert_eq!(client.run("echo well"), "well");
    server.run_when_free("true").expect_exit(0);
}

#[test]
fn a_failed_start_is_not_counted() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_MAX_PROCESSES", "1")
        .env("OPEN_TERMINAL_MAX_SESSIONS", "2")
        .start();
    let command = server.start("sleep 60");
    for _ in 0..4 {
        server.try_open(NOBODY).expect(503);
    }
    server.kill(&command, true).expect(200);
    opened(&server);
    assert_eq!(server.terminals(NOBODY).len(), 1);
}

#[test]
fn switched_off_they_leave_no_trace() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_ENABLE_TERMINAL", "false")
        .start();
    for (method, path) in [
        ("GET", "/api/terminals"),
        ("POST", "/api/terminals"),
        ("GET", "/api/terminals/00000000"),
        ("DELETE", "/api/terminals/00000000"),
        ("GET", "/api/terminals/user/output"),
        ("POST", "/api/terminals/user/input"),
    ] {
        let answer = server.ask(method, path).send().expect(404);
        assert_eq!(
            answer.json(),
            json!({"detail": "Not Found"}),
            "{method} {path}"
        );
    }
    let refused = server.attach("00000000").try_connect();
    assert_eq!(refused.err().map(|(status, _)| status), Some(403));
    let document = server.get("/openapi.json").expect(200).text();
    assert!(!document.contains("terminals"), "it is in the document");
    assert_eq!(
        server.get("/api/config").expect(200).json()["features"]["terminal"],
        false
    );
}

#[test]
fn the_document_for_models_has_the_two_of_the_users_terminal_alone() {
    let server = Server::spawn();
    let document = server.get("/openapi.json").expect(200).json();
    let paths = document["paths"].as_object().expect("it has paths");
    let ours: Vec<_> = paths
        .keys()
        .filter(|path| path.starts_with("/api/terminals"))
        .collect();
    assert_eq!(
        ours,
        ["/api/terminals/user/input", "/api/terminals/user/output"]
    );
    assert_eq!(
        paths[ours[0]]["post"]["operationId"],
        "send_user_terminal_input"
    );
    assert_eq!(paths[ours[1]]["get"]["operationId"], "read_user_terminal");
}

#[test]
fn a_shell_that_is_killed_is_listed_no_more() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    processes::signal(server.shell(&id), Signal::SIGKILL);
    eventually("it is gone", seconds(5), || !server.has(&id));
    assert_eq!(server.terminals(NOBODY), [] as [String; 0]);
}

#[test]
fn a_closed_terminal_gives_its_pseudo_terminal_back() {
    let server = Server::spawn();
    let held = || {
        let links = fs::read_dir(format!("/proc/{}/fd", server.pid)).expect("it runs");
        links
            .filter(|link| {
                let link = link.as_ref().expect("it can be listed").path();
                fs::read_link(link).is_ok_and(|to| to.to_string_lossy().contains("ptmx"))
            })
            .count()
    };
    let ids = [(); 12].map(|()| server.open(NOBODY));
    let most = held();
    assert!(most >= 12, "{most} are held");
    for id in &ids {
        server.close(id).expect(200);
    }
    eventually("they are given back", seconds(5), || held() <= most - 6);
}
