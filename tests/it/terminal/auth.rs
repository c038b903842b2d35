//! Who may attach, and with which first message.

use std::time::Instant;

use serde_json::{Value, json};
use tungstenite::Message;

use crate::support::raw::Connection;
use crate::support::terminal::{NOBODY, caller};
use crate::support::{KEY, Server, seconds};

/// A first message that is none, with its name.
fn wrong_ones() -> Vec<(&'static str, Message)> {
    let text = |value: Value| Message::text(value.to_string());
    let auth = json!({"type": "auth", "token": KEY}).to_string();
    vec![
        (
            "wrong token",
            text(json!({"type": "auth", "token": "sesame-open"})),
        ),
        (
            "token with more",
            text(json!({"type": "auth", "token": format!("{KEY}x")})),
        ),
        (
            "start of the token",
            text(json!({"type": "auth", "token": KEY[..8]})),
        ),
        ("empty token", text(json!({"type": "auth", "token": ""}))),
        (
            "bearer token",
            text(json!({"type": "auth", "token": format!("Bearer {KEY}")})),
        ),
        ("null token", text(json!({"type": "auth", "token": null}))),
        ("number token", text(json!({"type": "auth", "token": 5}))),
        ("list token", text(json!({"type": "auth", "token": [KEY]}))),
        ("no token", text(json!({"type": "auth"}))),
        ("other type", text(json!({"type": "hello", "token": KEY}))),
        ("no type", text(json!({"token": KEY}))),
        (
            "type in capitals",
            text(json!({"type": "AUTH", "token": KEY})),
        ),
        ("list", text(json!([]))),
        ("list of it", text(json!([{"type": "auth", "token": KEY}]))),
        ("null", text(Value::Null)),
        ("string", text(json!(KEY))),
        ("number", text(json!(1))),
        ("the bare key", Message::text(KEY)),
        ("empty", Message::text("")),
        ("unfinished", Message::text(&auth[..auth.len() - 1])),
        ("two in one", Message::text(format!("{auth}{auth}"))),
        ("deep", Message::text("[".repeat(100_000))),
        ("binary", Message::binary(auth.clone().into_bytes())),
        ("empty binary", Message::binary(Vec::new())),
        ("keys", Message::binary(b"touch typed\n".to_vec())),
        (
            "resize",
            text(json!({"type": "resize", "cols": 1, "rows": 1})),
        ),
        ("ping", text(json!({"type": "ping"}))),
        ("signal", text(json!({"type": "signal", "signal": "KILL"}))),
        (
            "unknown mode",
            text(json!({"type": "auth", "token": KEY, "mode": "watch"})),
        ),
        (
            "mode of no text",
            text(json!({"type": "auth", "token": KEY, "mode": 1})),
        ),
    ]
}

#[test]
fn any_other_first_message_is_refused_and_the_terminal_unharmed() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    for (name, message) in wrong_ones() {
        let mut client = server.attach(&id).connect();
        client.send(message);
        let closed = client.closed();
        assert_eq!(closed.code, 4001, "{name}: {closed:?}");
        assert!(!closed.reason.is_empty(), "{name}: it does not say why");
        assert!(
            !closed.reason.contains("sesame") && !closed.reason.contains(KEY),
            "{name}: {closed:?}"
        );
        assert_eq!((client.output.len(), client.texts.len()), (0, 0), "{name}");
    }
    let summary = server.summary(&id);
    assert_eq!(
        (&summary["attached"], &summary["cols"]),
        (&json!(0), &json!(80))
    );
    server.user_output(NOBODY).expect(404);
    let mut client = server.attach(&id).start();
    assert_eq!(
        client.run("ls typed 2>&1 | wc -l; ls | grep -c typed"),
        "1\n0"
    );
    let printed = server.printed();
    assert!(
        !printed.contains("sesame") && !printed.contains(KEY),
        "{printed}"
    );
}

#[test]
fn what_follows_a_wrong_first_message_is_not_looked_at() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    let mut client = server.attach(&id).connect();
    client.type_in("touch before\n");
    client.control(&json!({"type": "auth", "token": KEY}));
    client.type_in("touch after\n");
    client.expect_close(4001);
    let mut good = server.attach(&id).start();
    assert_eq!(good.run("ls"), "");
}

#[test]
fn who_says_nothing_is_refused_after_ten_seconds() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    let start = Instant::now();
    let mut silent = server.attach(&id).connect();
    // Pings and pongs are no message; they do not put it off.
    let mut busy = server.attach(&id).connect();
    for n in 0..4 {
        busy.send(Message::Ping(vec![n].into()));
        busy.pump(seconds(2));
    }
    for client in [&mut silent, &mut busy] {
        let closed = client.expect_close(4001);
        assert!(!closed.reason.is_empty(), "it does not say why");
    }
    let took = start.elapsed();
    assert!(seconds(9) < took && took < seconds(20), "after {took:?}");
    assert_eq!(busy.pongs, [[0], [1], [2], [3]]);
}

#[test]
fn a_key_in_a_header_is_not_enough_and_none_is_needed() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    let with_key = server
        .attach(&id)
        .header("authorization", &format!("Bearer {KEY}"));
    let mut client = with_key.connect();
    client.type_in("echo hi\n");
    client.expect_close(4001);
    let with_wrong_key = server.attach(&id).header("authorization", "Bearer wrong");
    assert_eq!(with_wrong_key.start().run("echo in"), "in");
}

#[test]
fn an_unknown_terminal_is_refused_at_the_handshake() {
    let server = Server::spawn();
    let closed = server.open(NOBODY);
    server.close(&closed).expect(200);
    for id in ["deadbeef", "x", "..", &"f".repeat(2_000), &closed] {
        let (status, body) = server
            .attach(id)
            .try_connect()
            .err()
            .expect("it is refused");
        assert_eq!(status, 403, "{id}: {body}");
        let body: Value = serde_json::from_str(&body).expect("it is JSON");
        assert!(body["error"].is_string(), "{body}");
    }
}

#[test]
fn nobody_else_attaches() {
    let server = Server::spawn();
    let owner = caller("u9", "chat");
    let id = server.open(owner);
    let attach = || server.attach(&id);
    for (name, other) in [
        ("nobody", attach()),
        ("no chat", attach().by(caller("u9", ""))),
        ("no user", attach().by(caller("", "chat"))),
        ("other chat", attach().by(caller("u9", "x"))),
        ("other user", attach().by(caller("x", "chat"))),
        (
            "chat in the message alone",
            attach().with("chat_id", "chat"),
        ),
        (
            "the header beats the message",
            attach().by(caller("u9", "x")).with("chat_id", "chat"),
        ),
        (
            "the header beats the query",
            attach().by(caller("x", "chat")).query("user_id=u9"),
        ),
        (
            "user in the message",
            attach().by(caller("", "chat")).with("user_id", "u9"),
        ),
        (
            "chat of no text",
            attach()
                .by(caller("u9", ""))
                .with("chat_id", json!(["chat"])),
        ),
    ] {
        let closed = other.start().closed();
        assert_eq!(closed.code, 4004, "{name}: {closed:?}");
    }
}

#[test]
fn the_owner_attaches_by_headers_message_or_query() {
    let server = Server::spawn();
    let owner = caller("u9", "chat");
    let id = server.open(owner);
    let attach = || server.attach(&id);
    for (name, same) in [
        ("headers", attach().by(owner)),
        (
            "chat in the message",
            attach().by(caller("u9", "")).with("chat_id", "chat"),
        ),
        (
            "user in the query",
            attach().query("user_id=u9").with("chat_id", "chat"),
        ),
        (
            "both",
            attach()
                .by(owner)
                .query("user_id=u9")
                .with("chat_id", "chat"),
        ),
        (
            "an empty header",
            attach()
                .by(caller("u9", ""))
                .header("x-session-id", "")
                .with("chat_id", "chat"),
        ),
        (
            "a query with more",
            attach().by(caller("", "chat")).query("x=1&user_id=u9&y"),
        ),
    ] {
        let mut client = same.start();
        assert_eq!(client.run("echo in"), "in", "{name}");
    }
}

#[test]
fn a_terminal_of_nobody_is_not_for_those_who_name_themselves() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    for other in [
        server.attach(&id).by(caller("u1", "")),
        server.attach(&id).with("chat_id", "chat"),
        server.attach(&id).query("user_id=u1"),
    ] {
        other.start().expect_close(4004);
    }
    for (member, value) in [
        ("chat_id", json!("")),
        ("chat_id", json!(null)),
        ("mode", json!("write")),
        ("mode", json!(null)),
        ("extra", json!({})),
    ] {
        let mut client = server
            .attach(&id)
            .query("user_id=")
            .with(member, value)
            .start();
        assert_eq!(client.run("echo in"), "in", "{member}");
    }
}

#[test]
fn a_second_first_message_is_ignored() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    client.control(&json!({"type": "auth", "token": "wrong"}));
    client.control(&json!({"type": "auth", "token": KEY, "mode": "view"}));
    assert_eq!(client.run("echo in"), "in");
}

#[test]
fn the_key_is_asked_for_when_it_is_no_websocket() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    let path = format!("/api/terminals/{id}");
    server.ask("GET", &path).without_key().send().expect(401);
    server.ask("GET", &path).send().expect(200);
}

#[test]
fn a_handshake_that_is_none_is_told_so() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    let head = format!(
        "GET /api/terminals/{id} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEY}\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    );
    for (name, rest) in [
        ("no key", "sec-websocket-version: 13\r\n"),
        (
            "no version",
            "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        ),
        (
            "old version",
            "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 8\r\n",
        ),
    ] {
        let answer = Connection::open(&server).request(&format!("{head}{rest}\r\n"));
        assert!([400, 426].contains(&answer.status()), "{name}: {answer:?}");
        assert!(!answer.body.is_empty(), "{name}: {answer:?}");
    }
    assert!(server.has(&id));
}
