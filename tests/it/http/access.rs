//! Who gets in: the key, the open pages, other origins.

use serde_json::json;

use crate::support::Server;

#[test]
fn the_key_is_asked_for_before_anything_else_is_looked_at() {
    let server = Server::spawn();
    let bad = |method: &str, path: &str| {
        let ask = server
            .ask(method, path)
            .without_key()
            .header("content-type", "application/json");
        ask.bytes(b"{nope").send()
    };
    assert!(
        !bad("POST", "/execute?wait=x")
            .expect(401)
            .detail()
            .is_empty()
    );
    assert!(
        bad("POST", "/files/cwd")
            .expect(401)
            .header("www-authenticate")
            .is_none()
    );
    for header in [
        "Bearer wrong",
        "Bearer",
        "Basic YTpi",
        &server.key,
        &format!("Bearer {}x", server.key),
    ] {
        server
            .ask("GET", "/execute")
            .without_key()
            .header("authorization", header)
            .send()
            .expect(401);
    }
    for header in [
        format!("bearer {}", server.key),
        format!("BEARER   {}", server.key),
    ] {
        server
            .ask("GET", "/execute")
            .without_key()
            .header("authorization", &header)
            .send()
            .expect(200);
    }
}

#[test]
fn some_pages_are_open_to_all() {
    let server = Server::spawn();
    for path in ["/health", "/api/config", "/openapi.json", "/docs"] {
        server.ask("GET", path).without_key().send().expect(200);
    }
    let ready = server
        .ask("GET", "/readyz")
        .without_key()
        .send()
        .expect(200);
    assert!(ready.json().is_object());
    let features = server.get("/api/config").json();
    assert_eq!(
        features,
        json!({ "features": { "terminal": true, "notebooks": true, "system": true } })
    );
}

#[test]
fn the_docs_page_needs_no_other_server() {
    let server = Server::spawn();
    let answer = server.get("/docs").expect(200);
    assert!(
        answer
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"))
    );
    assert!(answer.header("content-security-policy").is_some());
    let page = answer.text();
    for mark in [
        "src=\"http",
        "href=\"http",
        "src=\"//",
        "@import",
        "url(http",
    ] {
        assert!(!page.contains(mark), "the page loads something: {mark}");
    }
}

#[test]
fn cors_headers_are_on_errors_too() {
    let server = Server::spawn();
    let origin = "https://app.example";
    for (path, status) in [("/nope", 404), ("/execute", 401), ("/health", 200)] {
        let answer = server
            .ask("GET", path)
            .without_key()
            .header("origin", origin)
            .send()
            .expect(status);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some(origin),
            "{path}"
        );
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            Some("true"),
            "{path}"
        );
        assert!(
            answer
                .header("vary")
                .is_some_and(|vary| vary.to_lowercase().contains("origin")),
            "{path}"
        );
    }
}

#[test]
fn a_preflight_from_an_origin_that_is_not_listed_is_refused() {
    let server = Server::builder()
        .arg("--cors-allowed-origins")
        .arg("https://one.example")
        .start();
    let ask = |origin: &str| {
        let ask = server
            .ask("OPTIONS", "/execute")
            .without_key()
            .header("origin", origin);
        ask.header("access-control-request-method", "POST").send()
    };
    ask("https://two.example").expect(400);
    let answer = ask("https://one.example").expect(200);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://one.example")
    );
}
