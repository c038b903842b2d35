//! The HTTP edge: request ids, methods, paths, and below it connections, bodies and who gets in.

/// Who gets in: the key, the open pages, other origins.
mod access;
/// Bodies and queries: limits, and what is refused how.
mod bodies;
/// Connections: how long they are kept, how many there may be.
mod connections;

use serde_json::json;

use crate::support::{Server, seconds};

#[test]
fn a_request_id_is_kept_when_sane_and_made_when_not() {
    let server = Server::spawn();
    let id_of = |sent: Option<&str>| {
        let ask = server.ask("GET", "/health");
        let ask = if let Some(id) = sent {
            ask.header("x-request-id", id)
        } else {
            ask
        };
        ask.send()
            .header("x-request-id")
            .expect("every answer has one")
            .to_owned()
    };
    assert_eq!(id_of(Some("my-id-42")), "my-id-42");
    let made = [
        id_of(None),
        id_of(None),
        id_of(Some(&"x".repeat(500))),
        id_of(Some("two words")),
    ];
    assert!(
        made.iter()
            .all(|id| !id.is_empty() && id.len() <= 128 && !id.contains(' ')),
        "{made:?}"
    );
    assert_ne!(made[0], made[1]);
}

#[test]
fn errors_carry_a_request_id_too_and_the_log_has_it() {
    let server = Server::spawn();
    let answer = server
        .ask("GET", "/nope?secret=word")
        .header("x-request-id", "find-me-again")
        .send()
        .expect(404);
    assert_eq!(answer.header("x-request-id"), Some("find-me-again"));
    crate::support::eventually("the log has the request", seconds(5), || {
        server.printed().contains("find-me-again")
    });
    assert!(
        !server.printed().contains("secret=word"),
        "the query is not logged"
    );
}

#[test]
fn the_wrong_method_is_405_with_allow() {
    let server = Server::spawn();
    for (method, path, allowed) in [
        ("HEAD", "/health", "GET"),
        ("OPTIONS", "/health", "GET"),
        ("PUT", "/execute", "POST"),
        ("PUT", "/execute", "GET"),
        ("POST", "/execute/x", "DELETE"),
        ("GET", "/execute/x/input", "POST"),
    ] {
        let answer = server.ask(method, path).without_key().send().expect(405);
        let allow = answer.header("allow").expect("it says what is allowed");
        assert!(allow.contains(allowed), "{method} {path}: {allow}");
        if method != "HEAD" {
            assert_eq!(answer.json(), json!({ "detail": "Method Not Allowed" }));
        }
    }
}

#[test]
fn an_unknown_path_is_404_in_json() {
    let server = Server::spawn();
    for path in [
        "/",
        "/nope",
        "/Health",
        "/files/unknown",
        "/execute/x/y/z",
        "/..%2fhealth",
    ] {
        let answer = server.ask("GET", path).without_key().send().expect(404);
        assert_eq!(answer.json(), json!({ "detail": "Not Found" }), "{path}");
    }
}

#[test]
fn a_trailing_slash_redirects_with_the_query() {
    let server = Server::spawn();
    let answer = server.get("/execute/?a=1&b=x%20y").expect(307);
    let location = answer.header("location").expect("it says where to");
    assert!(location.ends_with("/execute?a=1&b=x%20y"), "{location}");
    server
        .ask("POST", "/execute/")
        .json(&json!({ "command": "true" }))
        .send()
        .expect(307);
    server.get("/nope/").expect(404);
}
