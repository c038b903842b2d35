//! The same requests get the same answers with and without a process for the workspace.

use serde_json::{Value, json};

use crate::support::raw::Connection;
use crate::support::upstream::Upstream;
use crate::support::{Answer, Ask, Isolated, Server, eventually, seconds};

/// A request: method, path, headers, and a body or none.
struct Case {
    method: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: Option<&'static str>,
    key: bool,
}

const JSON: (&str, &str) = ("content-type", "application/json");
const ORIGIN: (&str, &str) = ("origin", "https://app.example");
const PREFLIGHT: &[(&str, &str)] = &[
    ORIGIN,
    ("access-control-request-method", "POST"),
    ("access-control-request-headers", "authorization, x-user-id"),
];

const fn case(
    method: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: Option<&'static str>,
) -> Case {
    Case {
        method,
        path,
        headers,
        body,
        key: true,
    }
}

const fn get(path: &'static str) -> Case {
    case("GET", path, &[], None)
}

const fn without_key(mut case: Case) -> Case {
    case.key = false;
    case
}

/// What is asked of both servers.
const CASES: &[Case] = &[
    without_key(get("/no/such/path")),
    get("/no/such/path"),
    get("/"),
    without_key(get("/execute")),
    without_key(get("/api/terminals")),
    without_key(get("/api/terminals/none")),
    without_key(get("/proxy/9/")),
    without_key(case("POST", "/files/write", &[JSON], Some("{nope"))),
    without_key(get("/health")),
    without_key(get("/api/config")),
    without_key(get("/openapi.json")),
    without_key(get("/docs")),
    without_key(get("/redoc")),
    case("PUT", "/execute", &[], None),
    case("POST", "/health", &[], None),
    case("PATCH", "/files/list", &[ORIGIN], None),
    case("DELETE", "/api/terminals", &[], None),
    case("HEAD", "/docs", &[], None),
    case("HEAD", "/openapi.json", &[], None),
    case("HEAD", "/execute", &[], None),
    case("HEAD", "/files/view?path=f", &[], None),
    case("HEAD", "/nothing", &[], None),
    get("/execute/"),
    get("/execute/?x=1"),
    get("/files/list/?directory=."),
    get("/nothing/"),
    get("/execute?null=null"),
    get("/files/list?directory=null"),
    get("/execute/none/status?wait=null&offset=NULL"),
    get("/execute/none/status?wait=many"),
    get("/execute/none/status"),
    case("DELETE", "/execute/none", &[ORIGIN], None),
    case("OPTIONS", "/execute", PREFLIGHT, None),
    case("OPTIONS", "/no/such/path", PREFLIGHT, None),
    case("OPTIONS", "/files/list", &[], None),
    case("GET", "/files/read?path=none", &[ORIGIN], None),
    without_key(case("GET", "/files/list", &[ORIGIN], None)),
    case("GET", "/health", &[ORIGIN], None),
    case(
        "GET",
        "/execute",
        &[("x-request-id", "an-id-of-mine")],
        None,
    ),
    case("GET", "/none", &[("x-request-id", "an-id-of-mine")], None),
    case(
        "GET",
        "/files/read?path=none",
        &[("x-request-id", "mine")],
        None,
    ),
    get("/api/terminals/none"),
    get("/api/terminals"),
    get("/api/terminals/user/output"),
    case("DELETE", "/api/terminals/none", &[], None),
    case("POST", "/api/terminals/user/input", &[JSON], Some("{}")),
    case("POST", "/execute", &[JSON], Some("{nope")),
    case("POST", "/execute", &[JSON], Some("{}")),
    case("POST", "/execute", &[], None),
    case(
        "POST",
        "/execute?wait=20",
        &[JSON],
        Some(r#"{"command":"echo hello"}"#),
    ),
    case(
        "POST",
        "/files/write",
        &[JSON],
        Some(r#"{"path":"w","content":"x"}"#),
    ),
    case("POST", "/files/upload", &[], None),
    get("/files/cwd"),
    get("/files/list"),
    get("/files/read?path=f"),
    get("/files/view?path=f"),
    case("GET", "/files/view?path=f", &[("range", "bytes=1-2")], None),
    case(
        "GET",
        "/files/view?path=f",
        &[("range", "bytes=900-")],
        None,
    ),
    get("/files/serve"),
    get("/files/glob?pattern=*"),
    get("/files/grep?query=text"),
    get("/files/grep?query=("),
    get("/skills"),
    get("/ports"),
    get("/system"),
    get("/api/limits"),
    get("/notebooks/none"),
    get("/proxy/9/"),
    get("/proxy/9"),
    get("/proxy/none/"),
];

fn ask(server: &Server, case: &Case) -> Answer {
    let mut ask = server.ask(case.method, case.path);
    if !case.key {
        ask = ask.without_key();
    }
    for (name, value) in case.headers {
        ask = ask.header(name, value);
    }
    // Without one, some send the end of none; whether that was read yet decides whether the connection is kept.
    if let Some(body) = case.body.or((case.method == "POST").then_some("")) {
        ask = ask.bytes(body.as_bytes());
    }
    ask.send()
}

/// The headers that clients act on; of those that are never twice the same only that they are there.
fn headers(case: &Case, answer: &Answer) -> Vec<(String, String)> {
    let own_id = case.headers.iter().any(|(name, _)| *name == "x-request-id");
    let changing = |name: &str| match name {
        "date" | "etag" | "last-modified" | "content-length" => true,
        "x-request-id" => !own_id,
        _ => false,
    };
    let mut all: Vec<(String, String)> = answer
        .headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let value = if changing(name.as_str()) {
                String::new()
            } else {
                value
            };
            (name.to_string(), value)
        })
        .collect();
    all.sort();
    all
}

/// A value's shape: its kinds and members, of lists the first element's.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let shapes = members
                .iter()
                .map(|(name, value)| (name.clone(), shape(value)));
            Value::Object(shapes.collect())
        }
        Value::Array(list) => Value::Array(list.iter().take(1).map(shape).collect()),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        other => other.clone(),
    }
}

/// Bodies: errors and what never changes to the letter, the rest by its shape.
fn body(case: &Case, answer: &Answer) -> Value {
    let json = serde_json::from_slice(&answer.body).ok();
    let fixed = ["/openapi.json", "/docs", "/redoc", "/api/config"].contains(&case.path);
    match json {
        Some(json) if !fixed && answer.status < 400 => shape(&json),
        _ => Value::String(answer.text()),
    }
}

#[test]
fn every_answer_is_as_it_is_without() {
    let Some(isolated) = Isolated::spawn() else {
        return;
    };
    let plain = Server::spawn();
    for server in [&plain, &*isolated] {
        server.put("f", "text\n");
    }
    isolated.give("f");
    let mut differing = Vec::new();
    for case in CASES {
        let [here, there] = [&plain, &*isolated].map(|server| {
            let answer = ask(server, case);
            (answer.status, headers(case, &answer), body(case, &answer))
        });
        let directory = |server: &Server| server.home.path().display().to_string();
        let here = format!("{here:?}").replace(&directory(&plain), "HOME");
        let there = format!("{there:?}").replace(&directory(&isolated), "HOME");
        if here != there {
            let (method, path) = (case.method, case.path);
            differing.push(format!("{method} {path}\n  {here}\n  {there}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn what_the_edge_answers_needs_no_workspace() {
    let Some(server) = Isolated::that_idles("0.2") else {
        return;
    };
    server.becomes_idle();
    let starts = server.starts();
    for (path, status) in [
        ("/health", 200),
        ("/readyz", 200),
        ("/api/config", 200),
        ("/openapi.json", 200),
        ("/docs", 200),
        ("/no/such/path", 404),
    ] {
        server.get(path).expect(status);
        server.ask("GET", path).without_key().send().expect(status);
    }
    for path in ["/execute", "/files/cwd", "/api/terminals", "/proxy/9/"] {
        server.ask("GET", path).without_key().send().expect(401);
    }
    server.ask("PUT", "/execute").send().expect(405);
    assert_eq!(server.workspace(), None);
    assert_eq!(server.starts(), starts);
    server.get("/files/cwd").expect(200);
    eventually("the log says so", seconds(5), || {
        server.starts() == starts + 1
    });
}

#[test]
fn a_request_is_known_by_one_id_and_comes_from_one_address() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let ask = |id: &str| {
        let ask = server.ask("GET", "/execute/none/status");
        ask.header("x-request-id", id).send()
    };
    let answer = ask("abc-1");
    assert_eq!(answer.header("x-request-id"), Some("abc-1"));
    assert_eq!(answer.headers.get_all("x-request-id").iter().count(), 1);
    let answer = server.get("/files/cwd").expect(200);
    let id = answer.header("x-request-id").expect("it has one");
    assert!(!id.is_empty());
    // What only the server says to a workspace, no client says to it.
    let forged = server.ask("GET", "/files/cwd");
    let forged = forged
        .header("x-open-terminal-request", "forged")
        .header("x-open-terminal-peer", "9.9.9.9:9");
    let answer = forged.send().expect(200);
    assert_ne!(answer.header("x-request-id"), Some("forged"));
    assert!(!server.printed().contains("9.9.9.9"));
}

#[test]
fn a_target_in_any_form_is_served() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let mut connection = Connection::open(&server);
    let key = &server.key;
    for target in ["/files/cwd", "http://other.example/files/cwd"] {
        let answer = connection.request(&format!(
            "GET {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\r\n"
        ));
        assert_eq!(answer.status(), 200, "{target}: {answer:?}");
    }
    let lower = format!("GET /files/cwd HTTP/1.0\r\nauthorization: Bearer {key}\r\n\r\n");
    assert_eq!(connection.request(&lower).status(), 200);
}

#[test]
fn an_answer_without_a_body_tells_the_same_length_as_without() {
    let Some(isolated) = Isolated::spawn() else {
        return;
    };
    let plain = Server::spawn();
    for server in [&plain, &*isolated] {
        server.put("f", "0123456789");
    }
    isolated.give("f");
    let [here, there] = [&plain, &*isolated].map(|server| {
        let upstream = Upstream::start(server);
        let length = |ask: Ask, status: u16| {
            let answer = ask.send().expect(status);
            assert!(answer.body.is_empty());
            answer.header("content-length").map(str::to_owned)
        };
        let path = "/files/view?path=f";
        let answer = server.get(path).expect(200);
        let tag = answer.header("etag").expect("it has one");
        [
            length(server.ask("GET", path).header("if-none-match", tag), 304),
            length(server.ask("HEAD", &upstream.path("/plain")), 200),
            // Its upstream tells none.
            length(server.ask("HEAD", &upstream.path("/until-the-end")), 200),
            length(server.ask("GET", &upstream.path("/status/204")), 204),
            length(server.ask("GET", &upstream.path("/status/304")), 304),
        ]
    });
    assert_eq!(there, here);
    assert_eq!(here[1].as_deref(), Some("300"));
}
