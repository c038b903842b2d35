//! Clients that read slowly, not at all, or are gone: the shell and the others are none the worse.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::terminal::{Client, LOST, NOBODY};
use crate::support::{Server, eventually, processes, seconds, wait_for};

/// Waits until a terminal's stream does not grow any more; the answer is where it is.
fn stalled(server: &Server, id: &str) -> u64 {
    let mut last = (0, Instant::now());
    wait_for("it is stalled", seconds(30), || {
        let offset = server.summary(id)["offset"]
            .as_u64()
            .expect("it has an offset");
        if offset != last.0 {
            last = (offset, Instant::now());
        }
        (offset > 100_000 && last.1.elapsed() > Duration::from_millis(600)).then_some(offset)
    })
}

#[test]
fn who_does_not_read_is_dropped_and_the_others_are_not_slowed() {
    let server = Server::spawn();
    let (id, mut first) = server.terminal();
    first.hush();
    let mut asleep = server.attach(&id).small_buffer().start();
    asleep.ready();
    let mut other = server.attach(&id).since(first.offset).start();
    server.attached(&id, 3);
    first.ready();
    let from = first.output.len();
    first.type_in("seq 1 4000000; echo a''ll\n");
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            other.expect("all\r\n");
            other.output.len()
        });
        first.expect("all\r\n");
        let got = first.output.len() - from;
        let lines = (1..=4_000_000_u32).map(|n| n.to_string().len() + 2);
        assert_eq!(got, lines.sum::<usize>() + "all\r\n".len());
        assert!(reader.join().expect("it got all") >= got);
    });
    let closed = asleep.expect_close(4008);
    assert!(closed.reason.contains("since"), "{closed:?}");
    server.attached(&id, 2);
    assert_eq!(first.run("echo well"), "well");
    let mut again = server.attach(&id).since(asleep.offset).start();
    again.frame("repaint");
    assert_eq!(again.run("echo well"), "well");
}

#[test]
fn one_that_is_alone_holds_the_program_back_and_loses_nothing() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    let mut client = server.attach(&id).small_buffer().start();
    client.hush();
    let from = client.output.len();
    let memory = processes::figure(server.pid, "VmRSS");
    client.type_in("seq 1 4000000; echo a''ll\n");
    let held = stalled(&server, &id);
    assert!(held < 20 << 20, "{held} bytes went on");
    let grown = processes::figure(server.pid, "VmRSS").saturating_sub(memory);
    assert!(grown < 12 << 10, "{grown} KiB were kept for it");
    client.expect("all\r\n");
    let mut numbers = client.output[from..].split(|&byte| byte == b'\n');
    for n in 1..=4_000_000_u32 {
        let line = numbers.next().expect("there are lines");
        assert!(
            line.strip_suffix(b"\r")
                .is_some_and(|line| line == n.to_string().as_bytes()),
            "line {n}"
        );
    }
    assert_eq!(client.run("echo well"), "well");
}

#[test]
fn keys_get_through_though_the_client_reads_nothing() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    let mut client = server.attach(&id).small_buffer().start();
    client.hush();
    client.type_in("yes\n");
    stalled(&server, &id);
    let yes = |server: &Server| {
        let below = processes::descendants(server.pid);
        below
            .into_iter()
            .any(|pid| processes::cmdline(pid).starts_with(b"yes\0"))
    };
    assert!(yes(&server));
    client.type_in("\x03");
    eventually("it is interrupted", seconds(5), || !yes(&server));
    assert_eq!(client.run("echo well"), "well");
}

#[test]
fn control_c_ends_a_flood_soon() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    client.hush();
    client.type_in("yes flood\n");
    client.until("a flood", |client| client.output.len() > 1_000_000);
    let start = Instant::now();
    client.type_in("\x03");
    assert_eq!(client.run("echo well"), "well");
    assert!(start.elapsed() < seconds(5), "after {:?}", start.elapsed());
}

#[test]
fn one_that_is_alone_and_takes_nothing_is_dropped_and_the_shell_goes_on() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_PING_INTERVAL", "3")
        .start();
    let id = server.open(NOBODY);
    let mut client = server.attach(&id).small_buffer().start();
    client.hush();
    client.type_in("yes; echo ba''ck\n");
    let start = Instant::now();
    eventually("it is dropped", seconds(60), || {
        server.summary(&id)["attached"] == 0
    });
    let (dropped, now) = (start.elapsed(), Instant::now());
    eprintln!("it was dropped after {dropped:?}");
    assert!(dropped > seconds(1), "after {dropped:?}");
    // The server waits one interval for it to take the reason, and no longer.
    let (code, told) = (client.closed().code, now.elapsed());
    eprintln!("it was closed with {code}, {told:?} later");
    assert!(
        code == 4008 || code == LOST && told > seconds(2),
        "{code} after {told:?}"
    );
    let before = server.summary(&id)["offset"].as_u64();
    eventually("the shell goes on", seconds(15), || {
        server.summary(&id)["offset"].as_u64() > before
    });
    let mut again = server.attach(&id).start();
    again.until("a flood", |again| again.output.len() > 100_000);
    again.type_in("\x03");
    assert_eq!(again.run("echo well"), "well");
}

#[test]
fn one_that_is_alone_and_types_but_takes_nothing_is_dropped_too() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_PING_INTERVAL", "1")
        .start();
    let id = server.open(NOBODY);
    let mut client = server.attach(&id).small_buffer().start();
    client.hush();
    client.type_in("yes\n");
    eventually("it is dropped", seconds(15), || {
        client.type_in("");
        server.summary(&id)["attached"] == 0
    });
    let code = client.closed().code;
    assert!([4008, LOST].contains(&code), "{code}");
}

#[test]
fn what_was_printed_before_the_end_is_not_lost_though_the_client_is_behind() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    let mut client = server.attach(&id).small_buffer().start();
    client.hush();
    client.type_in(
        "exec python3 -c \"import os
n, last = 0, os.open('last', os.O_CREAT | os.O_WRONLY)
while True:
    n += 1
    os.write(1, b'n%d.\\n' % n)
    os.pwrite(last, b'%d' % n, 0)
\"\n",
    );
    stalled(&server, &id);
    let last = std::fs::read_to_string(server.home.work().join("last")).expect("it was written");
    processes::signal(server.shell(&id), Signal::SIGKILL);
    assert_eq!(client.frame("exit")["signal"], "SIGKILL");
    client.expect_close(1000);
    assert!(
        client.screen_text().contains(&format!("n{last}.")),
        "{last} is missing"
    );
}

#[test]
fn a_slow_reader_that_does_read_is_not_dropped() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_PING_INTERVAL", "2")
        .start();
    let id = server.open(NOBODY);
    let mut client = server.attach(&id).small_buffer().start();
    client.hush();
    client.type_in("yes slow\n");
    let end = Instant::now() + seconds(5);
    while Instant::now() < end {
        let some = client.output.len() + 60_000;
        while client.output.len() < some && client.step(Duration::from_millis(1)) {}
        std::thread::sleep(Duration::from_millis(15));
    }
    let attached = server.summary(&id)["attached"].clone();
    assert_eq!(attached, 1, "it was dropped");
    client.type_in("\x03");
    assert_eq!(client.run("echo well"), "well");
}

#[test]
fn a_client_that_answers_no_ping_is_dropped_and_the_shell_goes_on() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_PING_INTERVAL", "1")
        .start();
    let (id, mut gone) = server.terminal();
    gone.run("variable=kept");
    let mut here = server.attach(&id).start();
    server.attached(&id, 2);
    let start = Instant::now();
    eventually("it is dropped", seconds(15), || {
        here.pump(Duration::from_millis(50));
        server.summary(&id)["attached"] == 1
    });
    assert!(
        start.elapsed() > Duration::from_millis(900),
        "after {:?}",
        start.elapsed()
    );
    here.pump(seconds(3));
    assert_eq!(here.run("echo $variable"), "kept", "who answers stays");
}

#[test]
fn a_client_that_types_but_answers_no_ping_is_there() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_PING_INTERVAL", "1")
        .start();
    let (id, mut client) = server.terminal();
    client.ready();
    for _ in 0..8 {
        std::thread::sleep(Duration::from_millis(500));
        client.type_in(":\n");
    }
    assert_eq!(server.summary(&id)["attached"], 1);
    assert_eq!(client.run("echo well"), "well");
}

#[test]
fn one_killed_in_the_middle_of_a_flood_leaves_the_shell_and_no_descriptor() {
    let server = Server::spawn();
    let (id, mut client) = server.terminal();
    client.hush();
    client.type_in("yes; echo ba''ck\n");
    client.until("a flood", |client| client.output.len() > 300_000);
    let before = processes::descriptors(server.pid);
    for round in 0..12 {
        let leave = [Client::reset, drop::<Client>];
        leave[round % 2](client);
        server.attached(&id, 0);
        client = server.attach(&id).start();
        client.until("a flood", |client| client.output.len() > 300_000);
    }
    eventually("nothing is left of them", seconds(5), || {
        client.pump(Duration::from_millis(20));
        processes::descriptors(server.pid) <= before + 2
    });
    client.type_in("\x03");
    assert_eq!(client.run("echo well"), "well");
}

/// A client whose program reads nothing of what is typed.
fn deaf(server: &Server, id: &str, mode: &str) -> Client {
    let mut client = server.attach(id).start();
    client.type_in(format!("stty {mode}; echo go''on; sleep 1000; stty sane\n"));
    client.expect("goon");
    server.runs("sleep 1000");
    client
}

/// Types more than is taken; blocks until the connection ends.
fn flood(client: &mut Client) {
    for _ in 0..64 {
        client.type_in(vec![b'x'; 1 << 20]);
    }
}

#[test]
fn what_is_typed_into_a_program_that_does_not_read_takes_little_memory() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    let mut client = deaf(&server, &id, "raw -echo");
    let memory = processes::figure(server.pid, "VmRSS");
    std::thread::scope(|scope| {
        scope.spawn(|| flood(&mut client));
        std::thread::sleep(seconds(2));
        let grown = processes::figure(server.pid, "VmRSS").saturating_sub(memory);
        server.close(&id).expect(200);
        assert!(grown < 32 << 10, "{grown} KiB were kept");
    });
}

#[test]
fn another_client_is_heard_though_the_program_does_not_read_what_one_types() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    let mut client = deaf(&server, &id, "raw -echo");
    let mut second = server.attach(&id).start();
    server.attached(&id, 2);
    let (answered, ended) = std::thread::scope(|scope| {
        scope.spawn(|| flood(&mut client));
        std::thread::sleep(seconds(1));
        for n in 0..3 {
            second.control(&json!({"type": "ping", "id": n}));
            second.pump(Duration::from_millis(200));
        }
        second.signal("TERM");
        let end = Instant::now() + seconds(3);
        while sleeps(&server) && Instant::now() < end {
            second.pump(Duration::from_millis(20));
        }
        let ended = !sleeps(&server);
        server.close(&id).expect(200);
        let pongs = second
            .texts
            .iter()
            .filter(|(_, frame)| frame["type"] == "pong");
        (pongs.count(), ended)
    });
    assert_eq!(answered, 3, "pings of the other client wait");
    assert!(ended, "the signal of the other client waits");
}

fn sleeps(server: &Server) -> bool {
    let below = processes::descendants(server.pid);
    below
        .into_iter()
        .any(|pid| processes::cmdline(pid).starts_with(b"sleep\x001000"))
}

#[test]
fn control_c_gets_through_to_a_program_that_reads_nothing() {
    let server = Server::spawn();
    let mut client = deaf(&server, &server.open(NOBODY), "-icanon -echo");
    client.type_in(vec![b'x'; 1 << 20]);
    client.type_in("\x03");
    eventually("it is interrupted", seconds(5), || {
        client.pump(Duration::from_millis(10));
        !sleeps(&server)
    });
    client.type_in("\nstty sane\n");
    assert_eq!(client.run("echo well"), "well");
}

#[test]
fn who_types_on_into_a_program_that_reads_nothing_is_dropped_and_nobody_is_locked_out() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_PING_INTERVAL", "1")
        .start();
    let id = server.open(NOBODY);
    let mut viewer = server.attach(&id).view().start();
    let mut client = deaf(&server, &id, "raw -echo");
    server.attached(&id, 2);
    std::thread::scope(|scope| {
        scope.spawn(|| flood(&mut client));
        eventually("one is dropped", seconds(15), || {
            viewer.pump(Duration::from_millis(20));
            server.summary(&id)["attached"] == 1
        });
    });
    // Who typed nothing is not the one.
    viewer.control(&json!({"type": "ping"}));
    viewer.frame("pong");
    viewer.leave();
    assert!(sleeps(&server), "the program is not harmed");
    let mut again = server.attach(&id).start();
    again.until("a repaint", |again| !again.output.is_empty());
    again.signal("TERM");
    eventually("it is ended", seconds(5), || {
        again.pump(Duration::from_millis(10));
        !sleeps(&server)
    });
    again.type_in("\x15\n");
    assert_eq!(again.run("echo well"), "well");
}
