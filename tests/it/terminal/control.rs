//! Resizing, signals, pings, and how a shell's end is told.

use std::time::Instant;

use serde_json::{Value, json};
use tungstenite::Message;

use crate::support::terminal::Client;
use crate::support::{Server, eventually, processes, seconds};

#[test]
fn a_resize_sets_the_window() {
    let server = Server::spawn();
    let (id, mut client) = server.terminal();
    for (frame, size) in [
        (json!({"cols": 120, "rows": 40}), "40 120"),
        (json!({"cols": 50}), "24 50"),
        (json!({"rows": 10}), "10 80"),
        (json!({"cols": 61, "rows": 17}), "17 61"),
        (json!({}), "24 80"),
        (json!({"cols": 1, "rows": 1}), "1 1"),
        (json!({"cols": 0, "rows": 0}), "1 1"),
        (json!({"cols": 1000, "rows": 1001}), "1000 1000"),
        (json!({"cols": 65535, "rows": 65535}), "1000 1000"),
    ] {
        resize(&mut client, frame.clone());
        assert_eq!(client.run("stty size"), size, "{frame}");
        let summary = server.summary(&id);
        assert_eq!(
            format!("{} {}", summary["rows"], summary["cols"]),
            size,
            "{frame}"
        );
    }
}

fn resize(client: &mut Client, mut frame: Value) {
    frame["type"] = json!("resize");
    client.control(&frame);
}

#[test]
fn a_resize_that_makes_no_sense_is_ignored() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    client.resize(90, 30);
    for frame in [
        json!({"cols": -1, "rows": 10}),
        json!({"cols": 70_000, "rows": 10}),
        json!({"cols": 10, "rows": u64::MAX}),
        json!({"cols": "wide", "rows": 10}),
        json!({"cols": "20", "rows": "10"}),
        json!({"cols": null, "rows": null}),
        json!({"cols": 10.5, "rows": 5}),
        json!({"cols": 1e300, "rows": 5}),
        json!({"cols": true, "rows": 5}),
        json!({"cols": [80], "rows": {}}),
        json!({"cols": -0.5}),
    ] {
        resize(&mut client, frame.clone());
        assert_eq!(client.run("stty size"), "30 90", "{frame}");
    }
}

#[test]
fn exclusive_terminals_take_sizes_as_the_python_server_does() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_EXCLUSIVE", "true")
        .start();
    let (_, mut client) = server.terminal();
    client.resize(65_535, 65_535);
    assert_eq!(client.run("stty size"), "65535 65535");
    client.resize(0, 2);
    assert_eq!(client.run("stty size"), "2 1");
}

#[test]
fn a_program_is_told_of_the_new_size() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    client.type_in("python3 -c \"import os,signal,time\nsignal.signal(28,lambda *a:(os.write(1,b'WIN%dx%d.'%tuple(os.get_terminal_size(0))),os._exit(0)))\nos.write(1,b'up'+b'now')\ntime.sleep(30)\"\n");
    client.expect("upnow");
    client.resize(99, 33);
    client.expect("WIN99x33.");
    assert_eq!(client.run("echo back"), "back");
}

#[test]
fn keys_of_control_reach_the_program() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    client.type_in("sleep 1000; echo interrupted''-$?\n");
    server.runs("sleep 1000");
    client.type_in("\x03");
    assert_eq!(client.run("echo well"), "well");
    client.type_in("cat\n");
    client.type_in("\x04");
    assert_eq!(client.run("echo well"), "well");
    client.type_in("sleep 1001\n");
    server.runs("sleep 1001");
    client.type_in("\x1a");
    let jobs = client.run("jobs");
    assert!(
        jobs.contains("Stopped") || jobs.contains("Suspended"),
        "{jobs}"
    );
}

#[test]
fn a_signal_goes_to_what_runs_in_the_foreground() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    client.run("ulimit -c 0");
    for (n, (name, status)) in [
        ("INT", 130),
        ("TERM", 143),
        ("KILL", 137),
        ("HUP", 129),
        ("QUIT", 131),
        ("SIGINT", 130),
        ("sigterm", 143),
        ("hup", 129),
    ]
    .into_iter()
    .enumerate()
    {
        client.type_in(format!("sleep 2{n:03}\n"));
        let arguments = format!("sleep 2{n:03}");
        server.runs(&arguments);
        client.signal(name);
        client.type_in("echo status''-$?\n");
        client.expect(&format!("status-{status}\r\n"));
    }
}

#[test]
fn a_signal_that_is_none_is_ignored() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    for signal in [
        json!("STOP"),
        json!("USR1"),
        json!(""),
        json!("9"),
        json!(9),
        json!(null),
        json!(["INT"]),
        json!("SIG"),
        json!("KILLS"),
    ] {
        client.control(&json!({"type": "signal", "signal": signal}));
        client.control(&json!({"type": "signal"}));
        assert_eq!(client.run("echo well"), "well", "{signal}");
    }
}

#[test]
fn a_shell_that_is_killed_says_by_what() {
    let server = Server::spawn();
    for (name, code) in [("KILL", -9), ("HUP", -1)] {
        let (id, mut client) = server.terminal();
        client.ready();
        client.signal(name);
        let frame = client.frame("exit");
        assert_eq!(
            frame,
            json!({"type": "exit", "code": code, "signal": format!("SIG{name}")})
        );
        client.expect_close(1000);
        assert!(!server.has(&id));
    }
}

#[test]
fn the_exit_of_a_shell_is_told_after_all_its_output() {
    let server = Server::spawn();
    for code in [0, 3, 255] {
        let (id, mut client) = server.terminal();
        client.type_in(format!("seq 1 50000; exit {code}\n"));
        let frame = client.frame("exit");
        assert_eq!(frame, json!({"type": "exit", "code": code, "signal": null}));
        client.expect_close(1000);
        let (before, _) = client.texts[0];
        assert_eq!(before, client.output.len(), "output came after it");
        assert!(client.output.ends_with(b"50000\r\n"), "output is missing");
        assert!(!server.has(&id));
        let refused = server.attach(&id).try_connect();
        assert_eq!(refused.err().map(|(status, _)| status), Some(403));
    }
}

#[test]
fn the_end_of_input_ends_the_shell() {
    let server = Server::spawn();
    let (id, mut client) = server.terminal();
    client.ready();
    client.type_in("\x04");
    assert_eq!(client.frame("exit")["code"], 0);
    client.expect_close(1000);
    assert!(!server.has(&id));
}

#[test]
fn every_client_is_told_of_the_exit() {
    let server = Server::spawn();
    let (id, mut first) = server.terminal();
    let mut others = [
        server.attach(&id).start(),
        server.attach(&id).view().start(),
    ];
    server.attached(&id, 3);
    first.type_in("kill -9 $$\n");
    for client in std::iter::once(&mut first).chain(&mut others) {
        assert_eq!(
            client.frame("exit"),
            json!({"type": "exit", "code": -9, "signal": "SIGKILL"})
        );
        client.expect_close(1000);
    }
}

#[test]
fn what_a_shell_leaves_in_the_background_lives_until_the_server_ends() {
    let mut server = Server::spawn();
    let mark = "terminal-background";
    let (_, mut client) = server.terminal();
    client.run(&format!("export OT_TEST_MARK={mark}"));
    client.type_in("(trap '' HUP; sleep 1000) & setsid sleep 1000 & exit 5\n");
    let start = Instant::now();
    assert_eq!(client.frame("exit")["code"], 5);
    client.expect_close(1000);
    assert!(
        start.elapsed() < seconds(5),
        "it waited for them: {:?}",
        start.elapsed()
    );
    std::thread::sleep(seconds(1));
    assert!(
        processes::marked(mark).len() >= 2,
        "{:?}",
        processes::marked(mark)
    );
    assert!(server.stop().success());
    eventually("they are gone", seconds(2), || {
        processes::marked(mark).is_empty()
    });
}

#[test]
fn pings_are_answered() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    client.control(&json!({"type": "ping"}));
    assert_eq!(client.frame("pong"), json!({"type": "pong"}));
    for id in [json!(7), json!("seven"), json!(1.5)] {
        client.texts.clear();
        client.control(&json!({"type": "ping", "id": id}));
        assert_eq!(client.frame("pong"), json!({"type": "pong", "id": id}));
    }
    for payload in [&b""[..], b"payload", &[0xff; 125]] {
        client.send(Message::Ping(payload.to_vec().into()));
        client.until("a pong", |client| {
            client.pongs.iter().any(|pong| pong == payload)
        });
    }
}

#[test]
fn the_server_pings_so_that_proxies_keep_the_connection() {
    let pinging = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_PING_INTERVAL", "1")
        .start();
    let (id, mut client) = pinging.terminal();
    client.until("three pings", |client| client.pings >= 3);
    pinging.attached(&id, 1);
    let silent = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_PING_INTERVAL", "0")
        .start();
    let (id, mut client) = silent.terminal();
    client.pump(seconds(3));
    assert_eq!(client.pings, 0);
    silent.attached(&id, 1);
}
