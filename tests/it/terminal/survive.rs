//! Shells that outlive their clients, and streams that go on where they were left.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::terminal::{Client, NOBODY};
use crate::support::{Server, eventually, processes, seconds};

/// A program that counts, slowly enough that what is missed while nobody listens fits the ring.
const COUNTER: &str = "python3 -u -c \"import time
n = 0
while True:
    n += 1
    print('n%d.' % n, end='')
    time.sleep(0.0005)
\"\n";

#[test]
fn over_two_hundred_connections_every_number_is_seen_once() {
    let server = Server::spawn();
    let (id, mut client) = server.terminal();
    client.type_in("stty -echo\n");
    client.type_in(COUNTER);
    client.expect("n1.");
    let mut stream = Vec::new();
    for round in 0..200 {
        client.until("more", |client| !client.output.is_empty());
        client.pump(Duration::from_millis(round % 7));
        stream.append(&mut client.output);
        let offset = client.offset;
        assert_eq!(offset, stream.len() as u64, "round {round}");
        match round % 3 {
            0 => client.reset(),
            1 => drop(client),
            _ => client.leave(),
        }
        client = server.attach(&id).since(offset).start();
    }
    client.type_in("\x03");
    client.type_in("echo F''IN\n");
    client.expect("FIN\r\n");
    stream.append(&mut client.output);
    assert!(
        client.texts.is_empty(),
        "it was repainted: {:?}",
        client.texts
    );
    let text = String::from_utf8_lossy(&stream).into_owned();
    let start = text.find("n1.").expect("it began");
    let end = text[start..].rfind('.').expect("it counted") + start;
    // After Ctrl-C there may be the words of Python.
    let numbers = text[start..=end]
        .split_terminator('.')
        .map_while(|word| word.strip_prefix('n').and_then(|n| n.parse::<u64>().ok()));
    let numbers: Vec<u64> = numbers.collect();
    assert!(numbers.len() > 500, "only {} numbers", numbers.len());
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64));
    let rest = &text[start..].splitn(numbers.len() + 1, '.').last();
    assert!(
        rest.is_some_and(|rest| !rest.starts_with('n')),
        "out of order: {rest:?}"
    );
}

#[test]
fn the_first_client_sees_the_stream_from_its_beginning() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    eventually("there is a prompt", seconds(10), || {
        server.summary(&id)["offset"] != 0
    });
    let mut client = server.attach(&id).start();
    client.until("the prompt", |client| !client.output.is_empty());
    client.hush();
    assert!(!client.output.starts_with(b"\x1bc"), "it was repainted");
    let typed = b"echo BE''GIN";
    let at = memchr::memmem::find(&client.output, typed).expect("it is echoed");
    assert!(
        at > 0 && at < 40,
        "the prompt is before it: {:?}",
        client.screen_text()
    );
    assert_eq!(server.summary(&id)["offset"], client.offset);
}

#[test]
fn who_comes_back_without_a_place_gets_a_repaint() {
    let server = Server::spawn();
    let (id, mut client) = server.terminal();
    client.run("echo first line");
    client.leave();
    for _ in 0..3 {
        let mut again = server.attach(&id).start();
        again.run("echo more");
        assert!(
            again.output.starts_with(b"\x1bc"),
            "{:?}",
            again.screen_text()
        );
        assert!(again.screen_text().contains("first line"));
        assert_eq!(again.texts, [], "who did not ask is not told");
        drop(again);
    }
}

/// The `repaint` frame, which must be there, and the bytes after it.
#[track_caller]
fn repaint(client: &mut Client) -> (Value, Vec<u8>) {
    let frame = client.frame("repaint");
    let length = usize::try_from(frame["bytes"].as_u64().expect("a length")).expect("it is small");
    assert_eq!(client.texts[0].0, 0, "it comes before all output");
    client.until("the repaint", |client| client.output.len() >= length);
    let bytes = client.output[..length].to_vec();
    (frame, bytes)
}

#[test]
fn a_place_that_is_lost_or_none_gets_a_repaint_that_says_where_it_goes_on() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_REPLAY_SIZE", "4096")
        .start();
    let (id, mut client) = server.terminal();
    client.hush();
    client.run("seq 1 50000");
    let end = client.offset;
    for since in [
        json!(0),
        json!(end - 200_000),
        json!(end + 1),
        json!(u64::MAX),
        json!(null),
        json!("x"),
        json!(-1),
        json!(1.5),
        json!([]),
    ] {
        let mut again = server.attach(&id).with("since", since.clone()).start();
        let (frame, bytes) = repaint(&mut again);
        assert_eq!(frame["offset"], end, "{since}: {frame}");
        assert!(bytes.starts_with(b"\x1bc"), "{since}");
        assert!(String::from_utf8_lossy(&bytes).contains("50000"), "{since}");
        assert_eq!(again.offset, end, "{since}");
    }
    let mut again = server.attach(&id).since(end - 1000).start();
    again.until("the bytes", |again| again.output.len() >= 1000);
    assert_eq!(again.output, client.output[client.output.len() - 1000..]);
    assert_eq!(again.texts, [], "exactly the bytes, no repaint");
    assert_eq!(again.run("echo well"), "well");
}

#[test]
fn after_a_repaint_the_stream_goes_on_exactly_where_it_says() {
    let server = Server::spawn();
    let (id, mut stayed) = server.terminal();
    stayed.type_in("stty -echo\n");
    stayed.type_in(COUNTER);
    for _ in 0..20 {
        let mut came = server.attach(&id).with("since", Value::Null).start();
        let (frame, bytes) = repaint(&mut came);
        let place = frame["offset"].as_u64().expect("it has an offset");
        came.until("more", |came| came.output.len() > bytes.len() + 100);
        let (after, end) = (came.output.split_off(bytes.len()), came.offset);
        came.reset();
        // And from there on for one that knows its place.
        let mut again = server.attach(&id).since(end).start();
        again.until("more", |again| !again.output.is_empty());
        stayed.until("as much", |stayed| stayed.offset >= again.offset);
        let stream = |from, to| {
            let at = |offset| usize::try_from(offset).expect("it is short");
            &stayed.output[at(from)..at(to)]
        };
        assert_eq!(after, stream(place, end));
        assert_eq!(again.output, stream(end, again.offset));
        again.leave();
    }
}

#[test]
fn a_place_at_the_very_end_gets_what_comes_and_nothing_else() {
    let server = Server::spawn();
    let (id, mut client) = server.terminal();
    client.hush();
    let mut again = server.attach(&id).since(client.offset).start();
    server.attached(&id, 2);
    again.pump(Duration::from_millis(300));
    assert_eq!(
        (again.output.len(), again.texts.len()),
        (0, 0),
        "{:?}",
        again.screen_text()
    );
    client.run("echo both");
    again.expect("both\r\n");
    assert_eq!(client.offset, again.offset);
}

#[test]
fn before_any_output_is_lost_a_place_may_be_named_from_the_first_time_on() {
    let server = Server::spawn();
    let id = server.open(NOBODY);
    let mut first = server.attach(&id).with("since", Value::Null).start();
    let frame = first.frame("repaint");
    assert_eq!(
        (&frame["offset"], &frame["bytes"]),
        (&json!(0), &json!(0)),
        "it begins at the beginning"
    );
    first.run("echo one");
    let mut second = server.attach(&id).since(0).start();
    second.expect("one\r\n");
    assert_eq!(second.texts, []);
    let common = second.output.len().min(first.output.len());
    assert_eq!(first.output[..common], second.output[..common]);
}

#[test]
fn what_runs_goes_on_while_nobody_is_there() {
    let server = Server::spawn();
    let (id, mut client) = server.terminal();
    client.ready();
    client.type_in("sleep 0.5; seq 1 20000; echo w''orked; touch done\n");
    client.until("it is typed", |client| {
        client.screen_text().contains("touch")
    });
    client.reset();
    let done = server.home.work().join("done");
    eventually("it is done", seconds(15), || done.exists());
    let mut again = server.attach(&id).start();
    again.expect("20000");
    again.expect("worked");
    assert_eq!(again.run("echo well"), "well");
}

/// Starts processes that try to stay; all but the shell carry the mark.
fn stubborn(client: &mut Client, mark: &str) {
    client.run(&format!("export OT_TEST_MARK={mark}"));
    client.type_in("(trap '' HUP TERM; sleep 1000) &\n");
    client.type_in("setsid sleep 1000 &\n");
    client.type_in("sleep 1000\n");
    eventually("they run", seconds(10), || {
        client.pump(Duration::from_millis(1));
        processes::marked(mark).len() >= 3
    });
}

#[test]
fn after_the_time_to_live_the_whole_tree_ends() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_DETACH_TTL", "2")
        .start();
    let (id, mut client) = server.terminal();
    let (kept, mut other) = server.terminal();
    other.ready();
    stubborn(&mut client, "terminal-ttl");
    let shell = server.shell(&id);
    let start = Instant::now();
    client.reset();
    server.attached(&id, 0);
    assert!(processes::alive(shell));
    eventually("it is gone", seconds(10), || !server.has(&id));
    assert!(start.elapsed() > seconds(2), "after {:?}", start.elapsed());
    eventually("its tree is gone", seconds(5), || {
        processes::marked("terminal-ttl").is_empty() && !processes::alive(shell)
    });
    assert!(server.has(&kept), "a client is attached to it");
    assert_eq!(other.run("echo well"), "well");
}

#[test]
fn coming_back_in_time_starts_it_anew() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_DETACH_TTL", "2")
        .start();
    let (id, mut client) = server.terminal();
    client.ready();
    for _ in 0..4 {
        client.reset();
        std::thread::sleep(seconds(1));
        client = server.attach(&id).start();
        server.attached(&id, 1);
    }
    client.pump(seconds(3));
    assert_eq!(client.run("echo well"), "well");
}

#[test]
fn looking_on_keeps_it_too() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_DETACH_TTL", "0")
        .start();
    let (id, mut client) = server.terminal();
    client.ready();
    let mut viewer = server.attach(&id).view().start();
    server.attached(&id, 2);
    client.reset();
    server.attached(&id, 1);
    viewer.pump(seconds(1));
    assert!(!viewer.is_closed());
    viewer.reset();
    eventually("it is gone", seconds(10), || !server.has(&id));
}

#[test]
fn with_no_time_to_live_it_ends_with_its_last_client() {
    for leave in [Client::leave, Client::reset, drop::<Client>] {
        let server = Server::builder()
            .env("OPEN_TERMINAL_TERMINAL_DETACH_TTL", "0")
            .start();
        let (id, mut client) = server.terminal();
        stubborn(&mut client, "terminal-no-ttl");
        let shell = server.shell(&id);
        leave(client);
        eventually("it is gone", seconds(5), || !server.has(&id));
        eventually("its tree is gone", seconds(5), || {
            processes::marked("terminal-no-ttl").is_empty() && !processes::alive(shell)
        });
        let young = server.open(NOBODY);
        std::thread::sleep(Duration::from_millis(300));
        assert!(server.has(&young), "nobody has left it yet");
    }
}

#[test]
fn a_shell_that_ends_while_nobody_is_there_is_gone() {
    let server = Server::spawn();
    let (id, mut client) = server.terminal();
    client.ready();
    client.type_in("sleep 0.3; exit 7\n");
    client.until("it is typed", |client| {
        client.screen_text().contains("exit 7")
    });
    client.reset();
    eventually("it is gone", seconds(10), || !server.has(&id));
    let refused = server.attach(&id).try_connect();
    assert_eq!(refused.err().map(|(status, _)| status), Some(403));
}
