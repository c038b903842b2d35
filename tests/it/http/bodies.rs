//! Bodies and queries: limits, and what is refused how.

use serde_json::json;

use crate::support::Server;
use crate::support::raw::Connection;

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
