//! What a server behind a port is sent, shown by a server that answers with it.

use std::time::Duration;

use crate::support::Server;
use crate::support::load::{GROWTH, Peak};
use crate::support::upstream::Upstream;
use crate::support::wire::Wire;

/// What arrives of a request without a body.
fn sent(server: &Server, method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    let mut answer = Wire::open(server, method, target, headers)
        .answer()
        .expect("an answer comes");
    assert_eq!(answer.status(), 200);
    String::from_utf8_lossy(&answer.first(1 << 20).expect("it is whole")).into_owned()
}

#[test]
fn path_and_query_arrive_byte_for_byte() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    for target in [
        "/",
        "/?",
        "//a//b/",
        "/a%2Fb%3Fc%23d%25e/../f",
        "/q?v=null&w=1&flag&e=%26%3D%2F&s=a+b%20c",
    ] {
        let shown = sent(&server, "GET", &upstream.path(target), &[]);
        let expected = format!("GET {target} HTTP/1.1\r\n");
        assert!(shown.starts_with(&expected), "{target}: {shown}");
    }
}

#[test]
fn a_server_with_a_base_path_sees_the_whole_path() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let target = format!("/absproxy/{}/a/?b=null", upstream.port);
    let shown = sent(&server, "GET", &target, &[]);
    assert!(
        shown.starts_with(&format!("GET {target} HTTP/1.1\r\n")),
        "{shown}"
    );
    let prefix = format!("x-forwarded-prefix: /absproxy/{}\r\n", upstream.port);
    assert!(shown.contains(&prefix), "{shown}");
}

#[test]
fn headers_arrive_but_the_key_does_not() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let headers = [
        ("cookie", "a=1; b=2"),
        ("x-word", "caf\u{e9}"),
        ("origin", "https://a"),
    ];
    let shown = sent(&server, "GET", &upstream.path("/"), &headers);
    for line in [
        "cookie: a=1; b=2\r\n",
        "x-word: caf\u{e9}\r\n",
        "origin: https://a\r\n",
        "x-forwarded-for: 127.0.0.1\r\n",
        "x-forwarded-host: localhost\r\n",
        "x-forwarded-proto: http\r\n",
        &format!("host: localhost:{}\r\n", upstream.port),
        &format!("x-forwarded-prefix: /proxy/{}\r\n", upstream.port),
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(
        !shown.contains(&server.key) && !shown.contains("transfer-encoding"),
        "{shown}"
    );
    assert!(shown.ends_with("\r\n\r\n"), "{shown}");
}

#[test]
fn what_is_of_the_connection_stays_behind_and_all_else_arrives_as_often_as_it_was_sent() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let headers = [
        ("x-twice", "1"),
        ("x-twice", "2"),
        ("x-empty", ""),
        ("x!#$%&'*+.^_|~", "odd"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "close"),
        ("proxy-authorization", "Basic eDp5"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-prefix", "/front"),
        ("x-user-id", "u"),
    ];
    let shown = sent(&server, "GET", &upstream.path("/"), &headers);
    for line in [
        "x-twice: 1\r\nx-twice: 2\r\n",
        "x-empty: \r\n",
        "x!#$%&'*+.^_|~: odd\r\n",
        "x-forwarded-for: 1.2.3.4, 127.0.0.1\r\n",
        "x-forwarded-proto: https\r\n",
        &format!("x-forwarded-prefix: /front/proxy/{}\r\n", upstream.port),
        "x-user-id: u\r\n",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    for name in ["x-hop", "keep-alive", "\r\nconnection", "proxy-"] {
        assert!(
            !shown.replace("/proxy/", "").contains(name),
            "{name}: {shown}"
        );
    }
}

#[test]
fn every_method_arrives_but_trace_and_connect() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    for method in [
        "GET", "POST", "PUT", "OPTIONS", "DELETE", "PATCH", "PROPFIND",
    ] {
        let shown = sent(&server, method, &upstream.path("/m"), &[]);
        assert!(shown.starts_with(&format!("{method} /m ")), "{shown}");
    }
    for method in ["TRACE", "CONNECT"] {
        let refused = Wire::open(&server, method, &upstream.path("/m"), &[]);
        let refused = refused.answer().expect("an answer comes");
        assert_eq!(refused.status(), 405, "{method}");
        assert!(refused.header("allow").is_some(), "{method}");
    }
}

#[test]
fn a_body_arrives_as_it_was_framed() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let path = upstream.path("/b");
    let framed = |headers: &[(&str, &str)], body: &[u8]| {
        let mut wire = Wire::open(&server, "POST", &path, headers);
        wire.send(body).expect("the connection is open");
        let mut answer = wire.answer().expect("an answer comes");
        String::from_utf8_lossy(&answer.first(1 << 20).expect("it is whole")).into_owned()
    };
    let shown = framed(&[("content-length", "4")], b"four");
    assert!(
        shown.contains("content-length: 4\r\n") && shown.ends_with("\r\n\r\nfour"),
        "{shown}"
    );
    let chunked = [("transfer-encoding", "chunked"), ("trailer", "x-sum")];
    let shown = framed(&chunked, b"2\r\nab\r\n0\r\nx-sum: 3\r\n\r\n");
    assert!(shown.contains("transfer-encoding: chunked\r\n"), "{shown}");
    assert!(
        shown.ends_with("2\r\nab\r\n0\r\nx-sum: 3\r\n\r\n"),
        "{shown}"
    );
    let shown = framed(&[("content-length", "0")], b"");
    assert!(
        shown.contains("content-length: 0\r\n") && shown.ends_with("\r\n\r\n"),
        "{shown}"
    );
}

#[test]
fn an_answer_may_come_while_the_body_is_still_sent() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let chunked = [("transfer-encoding", "chunked")];
    let wire = Wire::open(&server, "POST", &upstream.path("/echo"), &chunked);
    let mut answer = wire.answer().expect("it begins before the body");
    for word in ["one", "two"] {
        let chunk = format!("3\r\n{word}\r\n");
        std::io::Write::write_all(&mut answer.handle(), chunk.as_bytes()).expect("it is open");
        assert_eq!(answer.first(3).expect("it comes back"), word.as_bytes());
    }
    std::io::Write::write_all(&mut answer.handle(), b"0\r\n\r\n").expect("it is open");
    assert_eq!(answer.drain().expect("it ends"), 0);
}

#[test]
fn a_refusal_reaches_a_client_whose_body_nobody_reads() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let headers = [("content-length", "100000000")];
    let mut wire = Wire::open(&server, "POST", &upstream.path("/early"), &headers);
    wire.send(&vec![b'x'; 100_000])
        .expect("the connection is open");
    let mut answer = wire.answer().expect("an answer comes");
    assert_eq!(answer.status(), 413);
    assert_eq!(answer.first(10).expect("it is whole"), b"less");
}

#[test]
fn a_body_that_the_server_does_not_take_waits_at_the_client() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let peak = Peak::of(&server);
    let headers = [("content-length", "1000000000")];
    let mut wire = Wire::open(&server, "POST", &upstream.path("/deaf"), &headers);
    wire.patience(Duration::from_secs(2));
    let block = vec![b'x'; 1 << 20];
    // What the system's own buffers take, on both connections, is far less.
    let taken = (0..200).take_while(|_| wire.send(&block).is_ok()).count();
    assert!((1..64).contains(&taken), "{taken} MiB were taken");
    peak.expect_below(GROWTH);
}

#[test]
fn who_waits_for_leave_to_send_a_body_gets_it() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let headers = [("expect", "100-continue"), ("content-length", "4")];
    let wire = Wire::open(&server, "POST", &upstream.path("/b"), &headers);
    let mut leave = wire.answer().expect("leave comes");
    assert_eq!(leave.status(), 100);
    std::io::Write::write_all(&mut leave.handle(), b"four").expect("the connection is open");
    let mut line = [0; 12];
    std::io::Read::read_exact(leave.reader(), &mut line).expect("an answer comes");
    assert_eq!(&line, b"HTTP/1.1 200");
}

#[test]
fn a_slow_upload_is_not_taken_for_a_slow_server() {
    let server = Server::builder().arg("--proxy-timeout=1").start();
    let upstream = Upstream::start(&server);
    let headers = [("content-length", "8")];
    let mut wire = Wire::open(&server, "POST", &upstream.path("/b"), &headers);
    for _ in 0..8 {
        std::thread::sleep(Duration::from_millis(400));
        wire.send(b"x").expect("the connection is open");
    }
    assert_eq!(wire.answer().expect("an answer comes").status(), 200);
}

/// What is said of a request whose body begins like this and does not go on.
fn refused(
    server: &Server,
    upstream: &Upstream,
    header: (&str, &str),
    body: &str,
) -> (u16, String) {
    let mut wire = Wire::open(server, "POST", &upstream.path("/b"), &[header]);
    wire.send(body.as_bytes()).expect("the connection is open");
    let mut answer = wire.answer().expect("an answer comes");
    let body = answer.first(1 << 20).expect("it is whole");
    let detail = String::from_utf8_lossy(&body).into_owned();
    (answer.status(), detail)
}

#[test]
fn a_body_that_is_badly_framed_is_the_clients_fault() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    let chunked = ("transfer-encoding", "chunked");
    for body in ["nonsense\r\n", "4\r\nfour and more\r\n"] {
        let (status, detail) = refused(&server, &upstream, chunked, body);
        assert_eq!(status, 400, "{detail}");
        assert!(detail.contains("the request's body"), "{detail}");
    }
}

#[test]
fn a_body_that_stops_is_not_taken_for_a_slow_server() {
    let server = Server::builder().arg("--proxy-timeout=1").start();
    let upstream = Upstream::start(&server);
    let (status, detail) = refused(
        &server,
        &upstream,
        ("content-length", "100"),
        "the first ten",
    );
    assert_eq!(status, 504);
    assert!(
        detail.contains("nothing more of the request's body has come"),
        "{detail}"
    );
}
