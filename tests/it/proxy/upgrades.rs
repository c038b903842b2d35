//! Connections that change their protocol, as WebSocket's do, and then carry bytes both ways.

use std::io::{BufRead, Read, Write};
use std::net::Shutdown;

use crate::support::Server;
use crate::support::load::{GROWTH, Peak};
use crate::support::upstream::Upstream;
use crate::support::wire::{Incoming, Wire};

fn open(server: &Server, upstream: &Upstream) -> Incoming {
    upgraded(server, &upstream.path("/upgrade"))
}

fn upgraded(server: &Server, target: &str) -> Incoming {
    let headers = [("connection", "upgrade"), ("upgrade", "shout")];
    let wire = Wire::open(server, "GET", target, &headers);
    let answer = wire.answer().expect("an answer comes");
    assert_eq!(answer.status(), 101);
    assert_eq!(answer.header("upgrade"), Some("shout"));
    let connection = answer.header("connection").unwrap_or_default();
    assert!(connection.starts_with("upgrade"), "{connection}");
    answer
}

fn line(answer: &mut Incoming) -> String {
    let mut line = String::new();
    answer.reader().read_line(&mut line).expect("a line comes");
    line
}

#[test]
fn bytes_go_both_ways_and_who_has_finished_still_listens() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let mut tunnel = open(&server, &upstream);
    assert_eq!(line(&mut tunnel), "hello\n");
    for word in ["one", "two"] {
        let text = format!("{word}\n");
        tunnel
            .handle()
            .write_all(text.as_bytes())
            .expect("it is open");
        assert_eq!(line(&mut tunnel), text.to_uppercase());
    }
    tunnel
        .handle()
        .shutdown(Shutdown::Write)
        .expect("it is open");
    assert_eq!(line(&mut tunnel), "bye\n");
    assert_eq!(line(&mut tunnel), "");
}

#[test]
fn a_server_that_has_finished_still_listens() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let mut tunnel = upgraded(&server, &upstream.path("/upgrade-and-listen"));
    assert_eq!(line(&mut tunnel), "hello\n");
    assert_eq!(line(&mut tunnel), "");
    tunnel
        .handle()
        .write_all(b"still here\n")
        .expect("it is open");
    server.output_with(&upstream.id, "heard still here");
    drop(tunnel);
    server.output_with(&upstream.id, "heard all");
}

#[test]
fn a_slow_client_of_a_tunnel_holds_up_the_server_and_not_our_memory() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let peak = Peak::of(&server);
    let tunnel = upgraded(&server, &upstream.path("/upgrade-and-flood"));
    let sent = upstream.held_up(&server, "/upgrade-and-flood");
    assert!(sent < 64 << 20, "{sent} bytes were taken");
    peak.expect_below(GROWTH);
    drop(tunnel);
    server.output_with(&upstream.id, "flood ended");
}

#[test]
fn a_tunnel_ends_with_the_server() {
    let mut server = Server::spawn();
    let upstream = Upstream::start(&server);
    let mut tunnel = open(&server, &upstream);
    assert_eq!(line(&mut tunnel), "hello\n");
    assert!(server.stop().success());
    // An end or a reset, but no wait.
    tunnel.reader().read_to_end(&mut Vec::new()).ok();
}

#[test]
fn a_request_that_the_server_does_not_upgrade_is_answered_as_any_other() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let headers = [("connection", "upgrade"), ("upgrade", "websocket")];
    let wire = Wire::open(&server, "GET", &upstream.path("/status/426"), &headers);
    assert_eq!(wire.answer().expect("an answer comes").status(), 426);
    let answer = server.get(&upstream.path("/served")).expect(200);
    assert_eq!(answer.text().trim(), "2");
}
