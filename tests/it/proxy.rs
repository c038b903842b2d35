//! The proxy: requests passed on to servers that commands run, and what comes back.

/// What a server is sent.
mod requests;
/// What a client gets.
mod responses;
/// Connections that change their protocol.
mod upgrades;

use std::time::{Duration, Instant};

use crate::support::upstream::Upstream;
use crate::support::{Server, eventually, seconds};

#[test]
fn a_server_that_has_just_started_is_reached_at_once() {
    let server = Server::spawn();
    server.get("/proxy/9/").expect(404);
    let upstream = Upstream::start(&server);
    let began = Instant::now();
    server.get(&upstream.path("/status/204")).expect(204);
    assert!(began.elapsed() < Duration::from_millis(500));
}

#[test]
fn a_server_started_anew_on_its_port_is_reached_over_new_connections() {
    let server = Server::spawn();
    let first = Upstream::start(&server);
    server.get(&first.path("/status/200")).expect(200);
    server.kill(&first.id, true).expect(200);
    eventually("the port is free", seconds(5), || {
        server.get(&first.path("/status/200")).status != 200
    });
    let second = Upstream::on(&server, "127.0.0.1", first.port);
    for n in 1..3 {
        let answer = server.get(&second.path("/served")).expect(200);
        assert_eq!(answer.text().trim(), n.to_string());
    }
}

#[test]
fn a_connection_that_the_server_has_closed_is_not_used_again() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    for _ in 0..5 {
        server.get(&upstream.path("/then-close")).expect(200);
        // At once, without a body; with one when the end has been noticed.
        server.get(&upstream.path("/then-close")).expect(200);
        std::thread::sleep(Duration::from_millis(50));
        let post = server.ask("POST", &upstream.path("/status/201"));
        post.bytes(b"once").send().expect(201);
    }
}

#[test]
fn servers_on_any_kind_of_address_are_reached() {
    let server = Server::spawn();
    for host in ["0.0.0.0", "::1", "::"] {
        let upstream = Upstream::on(&server, host, 0);
        server.get(&upstream.path("/status/200")).expect(200);
    }
}

#[test]
fn a_server_that_does_not_answer_is_given_up_after_the_timeout() {
    let server = Server::builder().arg("--proxy-timeout=1").start();
    let upstream = Upstream::start(&server);
    let began = Instant::now();
    let late = server.get(&upstream.path("/never")).expect(504);
    assert!(late.detail().contains("proxy_timeout"), "{}", late.detail());
    assert!(began.elapsed() < seconds(5));
}

#[test]
fn a_server_that_hangs_up_is_told_from_one_that_is_not_there() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let refused = server.get(&upstream.path("/hang-up")).expect(502);
    assert!(refused.detail().contains("no valid HTTP answer"));
    let missing = server.get("/proxy/9/").expect(404);
    assert!(missing.detail().contains("nothing listens on port 9"));
}

#[test]
fn only_the_key_lets_a_request_through() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let path = upstream.path("/status/200");
    server.ask("GET", &path).without_key().send().expect(401);
    let whole = path.replace("/proxy/", "/absproxy/");
    server.ask("GET", &whole).without_key().send().expect(401);
}

#[test]
fn queries_stay_out_of_the_log() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    server
        .get(&upstream.path("/quiet?token=hidden"))
        .expect(200);
    eventually("the line in the log", seconds(5), || {
        server.printed().contains("/quiet")
    });
    assert!(!server.printed().contains("hidden"));
}
