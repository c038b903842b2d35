//! The HTTP edge: connections, limits, request ids, errors, and who gets in.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Server, raw::Connection, seconds};

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
fn a_body_over_the_limit_is_refused_and_the_limit_named() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_MAX_BODY_SIZE", "10000")
        .start();
    let body = json!({ "command": format!("true #{}", "x".repeat(20_000)) });
    let detail = server.try_execute("", &body).expect(413).detail();
    assert!(
        detail.contains("10000") || detail.contains("10 000"),
        "it should name the limit: {detail}"
    );
    server.run("echo fine").expect_exit(0);
}

#[test]
fn a_body_over_the_limit_without_a_length_is_refused_too() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_MAX_BODY_SIZE", "10000")
        .start();
    let mut connection = Connection::open(&server);
    let head = format!(
        "POST /execute HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        server.key
    );
    connection
        .send(head.as_bytes())
        .expect("the connection is open");
    for _ in 0..40 {
        // The server may close as soon as it has seen enough.
        if connection
            .send(format!("400\r\n{}\r\n", "x".repeat(0x400)).as_bytes())
            .is_err()
        {
            break;
        }
    }
    assert_eq!(connection.answer().map(|answer| answer.status()), Some(413));
}

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

#[test]
fn a_body_that_is_no_json_is_refused_in_the_shape_clients_know() {
    let server = Server::spawn();
    let post = |kind: &str, body: &[u8]| {
        server
            .ask("POST", "/execute")
            .header("content-type", kind)
            .bytes(body)
            .send()
    };
    let mistake =
        |kind: &str, body: &[u8]| post(kind, body).expect(422).json()["detail"][0].clone();
    assert_eq!(
        mistake("application/json", b"{nope")["type"],
        "json_invalid"
    );
    assert_eq!(mistake("application/json", b"")["type"], "missing");
    assert_eq!(
        mistake("application/json", b"[]")["type"],
        "model_attributes_type"
    );
    assert_eq!(
        mistake("text/plain", br#"{"command":"true"}"#)["type"],
        "model_attributes_type"
    );
    assert_eq!(
        mistake("application/json", b"{}")["loc"],
        json!(["body", "command"])
    );
    post("application/json", b"{\"command\": \"\xff\xfe\"}").expect(400);
    post(
        "application/problem+json; charset=utf-8",
        br#"{"command":"true"}"#,
    )
    .expect(200);
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

#[test]
fn a_query_value_of_null_is_as_if_it_were_not_there() {
    let server = Server::spawn();
    let id = server.run("echo x").id();
    let reply = server.status(&id, "wait=null&offset=NULL&tail=Null");
    assert_eq!(reply.output(), "x\r\n");
    assert_eq!(
        server.status(&id, "tail=%2B2&offset=00&wait=1e-1").output(),
        "x\r\n",
        "numbers as Python takes them"
    );
}
