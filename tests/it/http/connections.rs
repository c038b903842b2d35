//! Connections: how long they are kept, how many there may be.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::raw::Connection;
use crate::support::{Server, seconds};

#[test]
fn an_idle_connection_is_kept() {
    let server = Server::spawn();
    let mut connection = Connection::open(&server);
    assert_eq!(connection.get("/health").status(), 200);
    std::thread::sleep(seconds(5));
    assert_eq!(connection.get("/health").body, r#"{"status":"ok"}"#);
}

#[test]
fn the_keep_alive_setting_closes_an_idle_connection() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_UVICORN_TIMEOUT_KEEP_ALIVE", "1")
        .start();
    let mut connection = Connection::open(&server);
    connection.get("/health");
    let start = Instant::now();
    assert!(connection.closes_within(seconds(10)), "it is still open");
    assert!(
        (Duration::from_millis(500)..seconds(5)).contains(&start.elapsed()),
        "after {:?}",
        start.elapsed()
    );
}

#[test]
fn a_request_longer_than_the_keep_alive_setting_is_not_cut_off() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_UVICORN_TIMEOUT_KEEP_ALIVE", "1")
        .start();
    let reply = server
        .execute("wait=20", &json!({ "command": "sleep 2; echo late" }))
        .expect_exit(0);
    assert_eq!(reply.output(), "late\r\n");
}

#[test]
fn headers_that_never_end_are_cut_off() {
    let server = Server::spawn();
    let mut connection = Connection::open(&server);
    connection
        .send(b"GET /health HTTP/1.1\r\nhost: loc")
        .expect("the connection is open");
    assert!(
        connection.closes_within(seconds(38)),
        "it still waits for the rest"
    );
}

#[test]
fn headers_that_trickle_are_cut_off() {
    let server = Server::spawn();
    let mut connection = Connection::open(&server);
    connection
        .send(b"GET /health HTTP/1.1\r\n")
        .expect("the connection is open");
    let start = Instant::now();
    while connection.send(b"x-more: 1\r\n").is_ok() {
        assert!(start.elapsed() < seconds(38), "it still waits for the rest");
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn a_hundred_connections_are_served_at_once() {
    let server = Server::spawn();
    let mut connections: Vec<Connection> = (0..100).map(|_| Connection::open(&server)).collect();
    for _ in 0..3 {
        for connection in &mut connections {
            connection
                .send(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
                .expect("it is open");
        }
        for connection in &mut connections {
            assert_eq!(
                connection.answer().map(|answer| answer.body),
                Some(r#"{"status":"ok"}"#.to_owned())
            );
        }
    }
}

#[test]
fn waiting_requests_do_not_keep_others_from_being_answered() {
    let server = Server::spawn();
    let id = server.start("sleep 1000");
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| server.status(&id, "wait=60"));
        }
        std::thread::sleep(Duration::from_millis(300));
        let start = Instant::now();
        server.get("/files/cwd").expect(200);
        assert!(
            start.elapsed() < seconds(2),
            "it took {:?}",
            start.elapsed()
        );
        server.kill(&id, true).expect(200);
    });
}
