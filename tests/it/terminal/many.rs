//! Several clients on one terminal.

use std::time::Duration;

use serde_json::json;

use crate::support::terminal::{Client, NOBODY, counted};
use crate::support::{Server, eventually, seconds};

#[test]
fn fifty_clients_get_all_output_in_order() {
    let server = Server::spawn();
    let (id, mut first) = server.terminal();
    first.hush();
    let others: Vec<Client> = (0..49)
        .map(|n| {
            let attach = server.attach(&id).since(0);
            if n % 5 == 0 { attach.view() } else { attach }.start()
        })
        .collect();
    server.attached(&id, 50);
    first.type_in("seq 1 40000; echo a''ll\n");
    std::thread::scope(|scope| {
        let readers: Vec<_> = others
            .into_iter()
            .map(|mut client| {
                scope.spawn(move || {
                    client.expect("all\r\n");
                    client.output
                })
            })
            .collect();
        first.expect("all\r\n");
        let lines = counted(40_000);
        assert!(first.screen_text().ends_with(&format!("{lines}all\r\n")));
        for reader in readers {
            let output = reader.join().expect("it got all");
            assert!(
                output == first.output,
                "{} and {} bytes",
                output.len(),
                first.output.len()
            );
        }
    });
    server.attached(&id, 1);
    assert_eq!(first.run("echo well"), "well");
}

#[test]
fn each_writer_may_type() {
    let server = Server::spawn();
    let (id, mut first) = server.terminal();
    let mut second = server.attach(&id).with("mode", "write").start();
    first.run("one=1");
    assert_eq!(second.run("echo $one"), "1");
    second.run("two=2");
    assert_eq!(first.run("echo $one $two"), "1 2");
}

#[test]
fn a_viewer_sees_all_and_changes_nothing() {
    let server = Server::spawn();
    let (id, mut client) = server.terminal();
    client.resize(90, 30);
    client.ready();
    let mut viewer = server.attach(&id).view().start();
    server.attached(&id, 2);
    viewer.resize(10, 10);
    viewer.type_in("touch typed\n");
    viewer.signal("KILL");
    viewer.signal("HUP");
    viewer.control(&json!({"type": "ping", "id": 1}));
    assert_eq!(viewer.frame("pong"), json!({"type": "pong", "id": 1}));
    assert_eq!(client.run("stty size; ls"), "30 90");
    viewer.expect("30 90");
    client.leave();
    server.attached(&id, 1);
    viewer.type_in("exit\n");
    viewer.control(&json!({"type": "ping", "id": 2}));
    viewer.until("a second pong", |viewer| viewer.texts.len() == 2);
    assert!(server.has(&id));
}

#[test]
fn the_window_is_the_smallest_of_the_writers() {
    let server = Server::spawn();
    let (id, mut first) = server.terminal();
    first.resize(100, 40);
    assert_eq!(first.run("stty size"), "40 100");
    let mut second = server.attach(&id).start();
    second.ready();
    assert_eq!(first.run("stty size"), "40 100", "the second did not say");
    second.resize(120, 30);
    assert_eq!(second.run("stty size"), "30 100");
    let mut viewer = server.attach(&id).view().start();
    viewer.resize(20, 10);
    let mut third = server.attach(&id).start();
    third.resize(90, 50);
    assert_eq!(third.run("stty size"), "30 90");
    second.reset();
    server.attached(&id, 3);
    assert_eq!(first.run("stty size"), "40 90");
    third.leave();
    server.attached(&id, 2);
    assert_eq!(first.run("stty size"), "40 100");
    first.resize(70, 20);
    assert_eq!(first.run("stty size"), "20 70");
    let summary = server.summary(&id);
    assert_eq!(
        (&summary["cols"], &summary["rows"]),
        (&json!(70), &json!(20))
    );
}

#[test]
fn who_is_gone_in_the_middle_of_a_flood_disturbs_nobody() {
    let server = Server::spawn();
    let (id, mut first) = server.terminal();
    first.hush();
    let mut gone: Vec<Client> = (0..6)
        .map(|_| server.attach(&id).since(first.offset).start())
        .collect();
    let mut last = server.attach(&id).since(first.offset).start();
    server.attached(&id, 8);
    let from = first.output.len();
    first.type_in("seq 1 300000; echo a''ll\n");
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for (n, mut client) in gone.drain(..).enumerate() {
                client.until("some of it", |client| client.output.len() > 20_000 * n);
                if n % 2 == 0 {
                    client.reset();
                } else {
                    drop(client);
                }
            }
        });
        let other = scope.spawn(|| {
            last.expect("all\r\n");
            last.output
        });
        first.expect("all\r\n");
        let lines = counted(300_000);
        let expected = format!("{lines}all\r\n").into_bytes();
        assert!(
            first.output[from..] == expected,
            "{} bytes",
            first.output.len() - from
        );
        assert!(other.join().expect("it got all") == expected);
    });
    server.attached(&id, 1);
    assert_eq!(first.run("echo well"), "well");
}

#[test]
fn an_exclusive_terminal_takes_one_client() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_EXCLUSIVE", "true")
        .start();
    let (id, mut first) = server.terminal();
    first.ready();
    for other in [
        server.attach(&id),
        server.attach(&id).view(),
        server.attach(&id).since(0),
    ] {
        let mut other = other.start();
        let closed = other.expect_close(4009);
        assert!(
            !closed.reason.is_empty() && other.output.is_empty(),
            "{closed:?}"
        );
    }
    assert_eq!(first.run("echo mine"), "mine");
    first.reset();
    server.attached(&id, 0);
    assert_eq!(server.attach(&id).start().run("echo mine"), "mine");
}

#[test]
fn a_client_that_is_no_more_does_not_hold_an_exclusive_terminal_for_long() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_EXCLUSIVE", "true")
        .env("OPEN_TERMINAL_TERMINAL_PING_INTERVAL", "1")
        .start();
    let (id, mut first) = server.terminal();
    first.ready();
    // From here on it answers no ping.
    eventually("another may attach", seconds(15), || {
        let mut other = server.attach(&id).start();
        other.pump(Duration::from_millis(300));
        !other.is_closed()
    });
}

#[test]
fn clients_that_come_and_go_all_the_time_lose_nothing_for_one_that_stays() {
    let server = Server::spawn();
    let (id, mut first) = server.terminal();
    first.hush();
    let from = first.output.len();
    first.type_in("i=0; while [ $i -lt 30000 ]; do i=$((i+1)); echo $i; done; echo a''ll\n");
    std::thread::scope(|scope| {
        let guests = (0..4).map(|n| {
            let (server, id) = (&server, &id);
            scope.spawn(move || {
                for round in 0..10 {
                    let attach = server.attach(id);
                    let mut client = if n == 0 { attach.view() } else { attach }.start();
                    client.until("something", |client| !client.output.is_empty());
                    if n % 2 == round % 2 {
                        client.reset();
                    } else {
                        client.leave();
                    }
                }
            })
        });
        let guests: Vec<_> = guests.collect();
        first.expect("all\r\n");
        for guest in guests {
            guest.join().expect("it was served");
        }
    });
    let lines = counted(30_000);
    assert!(first.output[from..] == *format!("{lines}all\r\n").as_bytes());
    server.attached(&id, 1);
    assert_eq!(server.terminals(NOBODY), [id]);
}
