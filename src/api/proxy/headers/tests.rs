//! What of a message's headers is passed on.

use axum::body::Body as Empty;

use super::*;
use crate::api::hops::upgrade;

fn map(headers: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    map
}

/// The headers a server on port 80 gets, each as `name: value`, in order.
fn passed(headers: &[(&'static str, &str)], body: &Empty, upgrading: bool) -> Vec<String> {
    let mount = Mount::of(&"/proxy/80/".parse().unwrap()).unwrap();
    let mut headers = map(headers);
    let client = "::ffff:10.0.0.9".parse().unwrap();
    to_upstream(&mut headers, &mount, client, body, upgrading);
    let shown = |(name, value): (&HeaderName, &HeaderValue)| {
        format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
    };
    let mut shown: Vec<String> = headers.iter().map(shown).collect();
    shown.sort();
    shown
}

fn without_forwarded(mut headers: Vec<String>) -> Vec<String> {
    headers.retain(|header| !header.starts_with("x-forwarded-"));
    headers
}

#[test]
fn what_is_of_the_connection_stays_behind() {
    let headers = [
        ("host", "front.example"),
        ("connection", "close, X-Hop"),
        ("x-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "close"),
        ("te", "gzip"),
        ("upgrade", "h2c"),
        ("expect", "100-continue"),
        ("authorization", "Bearer secret"),
        ("cookie", "a=1; b=2"),
        ("x-user-id", "u"),
        ("accept", "caf\u{e9}"),
    ];
    let passed = without_forwarded(passed(&headers, &Empty::empty(), false));
    let expected = [
        "accept: caf\u{e9}",
        "cookie: a=1; b=2",
        "host: localhost:80",
        "x-user-id: u",
    ];
    assert_eq!(passed, expected);
}

#[test]
fn a_body_keeps_its_length_or_its_chunks_and_none_is_made_up() {
    let body = Empty::from("four");
    let framed = |headers: &[(&'static str, &str)], body: &Empty| {
        let mut passed = without_forwarded(passed(headers, body, false));
        passed.retain(|header| !header.starts_with("host"));
        passed
    };
    assert_eq!(
        framed(&[("content-length", "4")], &body),
        ["content-length: 4"]
    );
    let chunked = [("transfer-encoding", "chunked")];
    assert_eq!(framed(&chunked, &body), ["transfer-encoding: chunked"]);
    assert_eq!(framed(&[], &body), ["transfer-encoding: chunked"]);
    assert_eq!(framed(&[], &Empty::empty()), [""; 0]);
    let named = [("connection", "content-length"), ("content-length", "4")];
    assert_eq!(framed(&named, &body), ["transfer-encoding: chunked"]);
}

#[test]
fn an_upgrade_is_asked_for_again() {
    let headers = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "websocket"),
    ];
    assert_eq!(upgrade(&map(&headers)).unwrap(), "websocket");
    let passed = without_forwarded(passed(&headers, &Empty::empty(), true));
    assert_eq!(
        passed,
        [
            "connection: upgrade",
            "host: localhost:80",
            "upgrade: websocket"
        ]
    );
}

#[test]
fn no_upgrade_is_one_that_is_not_meant() {
    assert!(upgrade(&map(&[("upgrade", "websocket")])).is_none());
    let h2c = [
        ("connection", "Upgrade, HTTP2-Settings"),
        ("upgrade", "h2c"),
    ];
    assert!(upgrade(&map(&h2c)).is_none());
}

#[test]
fn trailers_are_wanted_when_the_client_wants_them() {
    let passed = without_forwarded(passed(
        &[("te", "gzip, trailers;q=1")],
        &Empty::empty(),
        false,
    ));
    assert_eq!(
        passed,
        ["connection: te", "host: localhost:80", "te: trailers"]
    );
}

#[test]
fn servers_learn_for_whom_they_answer() {
    let own = passed(&[("host", "a.example:8000")], &Empty::empty(), false);
    let expected = [
        "host: localhost:80",
        "x-forwarded-for: 10.0.0.9",
        "x-forwarded-host: a.example:8000",
        "x-forwarded-prefix: /proxy/80",
        "x-forwarded-proto: http",
    ];
    assert_eq!(own, expected);
}

#[test]
fn what_a_front_said_of_itself_stays() {
    let headers = [
        ("host", "inner:8000"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x-forwarded-for", "5.6.7.8"),
        ("x-forwarded-host", "public.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-prefix", "/tools/"),
    ];
    let expected = [
        "host: localhost:80",
        "x-forwarded-for: 1.2.3.4, 5.6.7.8, 10.0.0.9",
        "x-forwarded-host: public.example",
        "x-forwarded-prefix: /tools/proxy/80",
        "x-forwarded-proto: https",
    ];
    assert_eq!(passed(&headers, &Empty::empty(), false), expected);
}

#[test]
fn an_answer_keeps_its_own_and_gets_what_the_settings_add() {
    let mut response = Response::new(());
    *response.headers_mut() = map(&[
        ("connection", "close, x-hop"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("x-hop", "1"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("content-security-policy", "default-src *"),
    ]);
    let policy = HeaderName::from_static("content-security-policy");
    let value = HeaderValue::from_static("sandbox");
    to_client(&mut response, &[(policy, value)]);
    let expected = [
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("content-security-policy", "sandbox"),
    ];
    assert_eq!(*response.headers(), map(&expected));
}

#[test]
fn a_length_beside_chunks_is_not_passed_on_nor_is_the_servers_version() {
    let mut response = Response::new(());
    *response.version_mut() = Version::HTTP_10;
    *response.headers_mut() = map(&[("content-length", "2"), ("transfer-encoding", "chunked")]);
    to_client(&mut response, &[]);
    assert_eq!(response.version(), Version::HTTP_11);
    assert!(response.headers().is_empty(), "{response:?}");
}

#[test]
fn a_prefix_is_a_path_on_this_host() {
    let of = |value: &str| prefix(&map(&[("x-forwarded-prefix", value)])).map(str::to_owned);
    assert_eq!(of("/tools/").as_deref(), Some("/tools"));
    assert_eq!(of(" /a/b ").as_deref(), Some("/a/b"));
    for none in ["", "/", "tools", "//evil.example", "/\\evil.example"] {
        assert_eq!(of(none), None, "{none}");
    }
}
