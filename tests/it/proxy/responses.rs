//! What a client gets of what a server behind a port answers.

use std::time::{Duration, Instant};

use crate::support::load::{GROWTH, Peak};
use crate::support::upstream::Upstream;
use crate::support::wire::{Incoming, Wire};
use crate::support::{Server, seconds};

fn get(server: &Server, target: &str) -> Incoming {
    let wire = Wire::open(server, "GET", target, &[("te", "trailers")]);
    wire.answer().expect("an answer comes")
}

#[test]
fn redirects_cookies_and_the_servers_own_headers_come_through() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let moved = server.get(&upstream.path("/moved")).expect(302);
    assert_eq!(moved.header("location"), Some("/elsewhere?x=1"));
    assert_eq!(
        (moved.header("server"), moved.header("date")),
        (Some("mine"), Some("then"))
    );
    let cookies: Vec<_> = moved.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
}

#[test]
fn every_status_comes_through() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    for status in [
        200, 201, 204, 206, 304, 307, 400, 401, 404, 405, 418, 500, 502, 599,
    ] {
        let answer = server.get(&upstream.path(&format!("/status/{status}")));
        assert_eq!((answer.status, answer.header("x-up")), (status, Some("1")));
    }
}

#[test]
fn the_head_of_a_page_is_the_servers() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let head = server
        .ask("HEAD", &upstream.path("/plain"))
        .send()
        .expect(200);
    assert_eq!(head.header("content-length"), Some("300"));
    assert_eq!(head.header("allow"), Some("GET, HEAD"));
    assert!(head.body.is_empty());
}

#[test]
fn events_come_one_by_one() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let began = Instant::now();
    let mut events = get(&server, &upstream.path("/events"));
    assert_eq!(events.first(9).expect("it comes"), b"data: 0\n\n");
    assert!(began.elapsed() < seconds(2), "{:?}", began.elapsed());
    assert_eq!(events.first(9).expect("it comes"), b"data: 1\n\n");
}

#[test]
fn a_slow_client_holds_up_the_server_and_not_our_memory() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let peak = Peak::of(&server);
    let mut answer = get(&server, &upstream.path("/flood"));
    let sent = upstream.held_up(&server, "/flood");
    assert!(sent < 64 << 20, "{sent} bytes were taken");
    peak.expect_below(GROWTH);
    answer
        .first(sent + 1)
        .expect("the rest comes when it is read");
    drop(answer);
    server.output_with(&upstream.id, "flood ended");
}

#[test]
fn a_client_that_leaves_is_gone_for_the_server_too() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let wire = Wire::open(&server, "GET", &upstream.path("/wait"), &[]);
    std::thread::sleep(Duration::from_millis(300));
    drop(wire);
    server.output_with(&upstream.id, "left");
}

#[test]
fn an_answer_without_a_length_ends_with_its_connection() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let mut answer = get(&server, &upstream.path("/until-the-end"));
    // The server behind speaks HTTP/1.0; we do not, so that the end can be told from a break.
    assert_eq!(answer.status_line(), "HTTP/1.1 200 OK");
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    assert_eq!(answer.first(1000).expect("it is whole"), b"all of it");
}

#[test]
fn a_length_beside_chunks_does_not_cut_the_body() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let answer = server.get(&upstream.path("/both")).expect(200);
    assert_eq!(answer.text(), "whole");
}

#[test]
fn odd_headers_come_as_often_as_they_were_sent_but_those_of_the_connection_stay_behind() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let answer = server.get(&upstream.path("/odd")).expect(200);
    let twice: Vec<_> = answer.headers.get_all("x-twice").iter().collect();
    assert_eq!(twice, ["1", "2"]);
    assert_eq!(answer.header("x-empty"), Some(""));
    assert_eq!(answer.header("x!#$%&'*+.^_|~"), Some("odd"));
    let word = answer.headers.get("x-word").expect("it is there");
    assert_eq!(word.as_bytes(), "caf\u{e9}".as_bytes());
    for name in ["x-hop", "keep-alive"] {
        assert!(answer.headers.get(name).is_none(), "{name}");
    }
}

#[test]
fn a_server_that_dies_midway_cuts_its_answer_off() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let mut answer = get(&server, &upstream.path("/die"));
    assert_eq!(answer.first(10).expect("it comes"), b"0123456789");
    assert!(answer.first(1000).is_err());
    let after = server.get(&upstream.path("/"));
    assert!([404, 502].contains(&after.status), "{}", after.status);
    assert!(after.detail().contains(&upstream.port.to_string()));
}

#[test]
fn a_body_that_breaks_off_does_so_for_the_client() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    for path in ["/cut", "/cut-chunked", "/reset"] {
        let mut answer = get(&server, &upstream.path(path));
        assert_eq!(answer.status(), 200);
        assert!(answer.first(1000).is_err(), "{path}");
    }
}

#[test]
fn hints_and_trailers_do_no_harm() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    assert_eq!(
        server.get(&upstream.path("/hints")).expect(200).text(),
        "ok"
    );
    let mut answer = get(&server, &upstream.path("/trailers"));
    assert_eq!(answer.first(2).expect("it comes"), b"ok");
    let mut rest = String::new();
    std::io::Read::read_to_string(answer.reader(), &mut rest).expect("it ends");
    assert!(rest.ends_with("0\r\nx-sum: 5\r\n\r\n"), "{rest:?}");
}

#[test]
fn a_connection_serves_many_clients() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let paths = ["/served", "/served-in-chunks", "/served-in-chunks"];
    for (n, path) in (1..).zip(paths.into_iter().cycle().take(6)) {
        let answer = server.get(&upstream.path(path)).expect(200);
        assert_eq!(answer.text().trim(), n.to_string(), "{path}");
    }
}

#[test]
fn headers_from_the_settings_are_set_on_every_answer() {
    let server = Server::builder()
        .config_toml("proxy_response_headers = [\"X-Up: ours\", \"Permissions-Policy: camera=(), usb=()\"]\n")
        .start();
    let upstream = Upstream::start(&server);
    let answer = server.get(&upstream.path("/status/404")).expect(404);
    assert_eq!(answer.header("x-up"), Some("ours"));
    assert_eq!(
        answer.header("permissions-policy"),
        Some("camera=(), usb=()")
    );
    assert!(server.get("/health").header("x-up").is_none());
}

#[test]
fn pages_of_another_origin_may_read_the_answer() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let origin = "https://front.example";
    let ask = server
        .ask("GET", &upstream.path("/plain"))
        .header("origin", origin);
    let answer = ask.send().expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
}

#[test]
fn what_a_server_allows_to_others_is_not_its_to_allow() {
    let server = Server::builder()
        .arg("--cors-allowed-origins=https://front.example")
        .start();
    let upstream = Upstream::start(&server);
    for (origin, expected) in [
        ("https://front.example", Some("https://front.example")),
        ("https://evil.example", None),
    ] {
        let ask = server.ask("GET", &upstream.path("/open"));
        let answer = ask.header("origin", origin).send().expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), expected);
    }
}

#[test]
fn a_path_without_its_slash_leads_to_the_one_with_it() {
    let server = Server::spawn();
    for (path, target) in [
        ("/proxy/80", "/proxy/80/"),
        ("/absproxy/80?a=null", "/absproxy/80/?a=null"),
    ] {
        let answer = server.get(path).expect(307);
        assert_eq!(answer.header("location"), Some(target));
    }
    let ask = server.ask("GET", "/proxy/80");
    let answer = ask.header("x-forwarded-prefix", "/front/").send();
    assert_eq!(answer.header("location"), Some("/front/proxy/80/"));
}
