//! Connections that change their protocol, through the gateway; and the key, which ends there.

use std::fs::{self, File};
use std::io::{self, BufRead, Write};
use std::net::Shutdown;
use std::os::unix::fs::FileExt;
use std::time::Instant;

use serde_json::json;
use tungstenite::Message;

use crate::support::isolated::of_account;
use crate::support::terminal::NOBODY;
use crate::support::upstream::Upstream;
use crate::support::wire::{Incoming, Wire};
use crate::support::{Isolated, KEY, seconds};

/// Bytes of a mebibyte.
const MIB: usize = 1 << 20;

/// A short frame by hand, with a mask.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("it is short");
    let mask = [7, 5, 3, 1];
    let mut bytes = vec![first, 0x80 | length];
    bytes.extend(mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

fn auth(key: &str) -> String {
    json!({"type": "auth", "token": key}).to_string()
}

#[test]
fn a_terminal_works_and_is_of_the_account() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let (id, mut client) = server.terminal();
    assert_eq!(
        client.run("echo 'café 日本'; id -un"),
        format!("café 日本\n{}", server.account.name)
    );
    assert_eq!(client.run("pwd"), server.home.work().display().to_string());
    client.resize(91, 17);
    assert_eq!(client.run("stty size"), "17 91");
    client.type_in("seq 1 20000; echo D''ONE\n");
    client.expect("DONE\r\n");
    let paste = vec![b'x'; 400_000];
    client.type_in("stty raw -echo; echo go''on; head -c 400000 | wc -c; stty sane\n");
    client.expect("goon");
    client.type_in(&paste);
    client.expect("400000");
    client.type_in("exit\n");
    client.closed();
    assert!(!server.has(&id));
}

#[test]
fn only_the_clients_key_lets_anybody_in() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let id = server.open(NOBODY);
    let messages = [
        Message::text(auth("sesame-open")),
        Message::text(auth("")),
        Message::text(auth(&format!("{KEY}x"))),
        Message::text("{}"),
        Message::text(KEY),
        Message::binary(auth(KEY).into_bytes()),
        Message::text(format!("[{}]", auth(KEY))),
        Message::text(json!({"type": "hello", "token": KEY}).to_string()),
        Message::text("x".repeat(100_000)),
        Message::binary(b"touch typed\n".to_vec()),
    ];
    for message in messages {
        let shown = format!("{message:?}").chars().take(90).collect::<String>();
        let mut client = server.attach(&id).connect();
        client.send(message);
        // What follows is for nobody.
        client.control(&json!({"type": "auth", "token": KEY}));
        client.type_in("touch typed\n");
        let closed = client.closed();
        assert_eq!(closed.code, 4001, "{shown}: {closed:?}");
        assert!(!closed.reason.is_empty(), "{shown}");
        assert_eq!(client.output, b"", "{shown}");
    }
    let mut client = server
        .attach(&id)
        .header("authorization", &format!("Bearer {KEY}"))
        .connect();
    client.type_in("touch typed\n");
    client.expect_close(4001);
    let mut good = server.attach(&id).start();
    assert_eq!(good.run("ls"), "");
    assert!(!server.printed().contains("sesame"));
}

#[test]
fn who_says_nothing_for_long_is_sent_away() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let id = server.open(NOBODY);
    let start = Instant::now();
    let mut silent = server.attach(&id).connect();
    // A message that never ends is none.
    let mut half = server.attach(&id).connect();
    half.raw(&frame(0x01, b"{\"type\":"));
    let mut busy = server.attach(&id).connect();
    for n in 0..3 {
        busy.send(Message::Ping(vec![n].into()));
        busy.pump(seconds(1));
    }
    for client in [&mut silent, &mut half, &mut busy] {
        client.expect_close(4001);
    }
    let took = start.elapsed();
    assert!(seconds(9) < took && took < seconds(20), "after {took:?}");
    assert_eq!(busy.pongs, [[0], [1], [2]]);
}

#[test]
fn a_first_message_in_pieces_and_what_follows_it_at_once_arrive() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let id = server.open(NOBODY);
    let text = auth(KEY);
    let (one, two) = text.as_bytes().split_at(25);
    let whole = [
        frame(0x01, one),
        frame(0x89, b"between"),
        frame(0x00, b""),
        frame(0x80, two),
        frame(0x82, b"echo a''b\n"),
    ]
    .concat();
    let mut client = server.attach(&id).connect();
    client.raw(&whole);
    client.expect("ab\r\n");
    assert_eq!(client.pongs, [b"between"]);
    // As a slow network brings it.
    let mut client = server.attach(&id).connect();
    for byte in &whole {
        client.raw(&[*byte]);
    }
    client.until("a pong", |client| client.pongs == [b"between"]);
    client.type_in("echo c''d\n");
    client.expect("cd\r\n");
}

#[test]
fn a_client_comes_back_to_its_place_and_another_only_looks_on() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let (id, mut client) = server.terminal();
    client.hush();
    let place = client.offset;
    client.leave();
    let mut viewer = server.attach(&id).view().start();
    let mut client = server.attach(&id).since(place).start();
    viewer.until("a repaint", |viewer| !viewer.output.is_empty());
    viewer.type_in("echo typed by who looks on\n");
    assert_eq!(client.run("echo one; echo two"), "one\ntwo");
    viewer.expect("one\r\ntwo\r\n");
    assert!(!client.screen_text().contains("looks on"));
    assert!(
        !client.screen_text().contains("\u{1b}c"),
        "it was not repainted"
    );
    server.attached(&id, 2);
    drop(viewer);
    server.attached(&id, 1);
}

#[test]
fn an_unknown_terminal_is_refused_at_the_handshake() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    for id in ["deadbeef", ".."] {
        let refused = server.attach(id).try_connect().err();
        let (status, body) = refused.expect("it is refused");
        assert_eq!(status, 403, "{body}");
        assert!(body.contains("\"error\""), "{body}");
    }
}

/// Looks for bytes in all that a process may write to: how much was looked at, and whether they are there.
fn search(pid: i32, bytes: &[u8]) -> io::Result<(usize, bool)> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let (mut looked_at, mut found) = (0, false);
    let mut block = vec![0; 1 << 20];
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (range, _) = line.split_once(' ').expect("a line has a range");
        let (from, to) = range.split_once('-').expect("a range has two ends");
        let number = |text| u64::from_str_radix(text, 16).expect("it is a number");
        let (mut at, to) = (number(from), number(to));
        while at < to {
            let rest = usize::try_from(to - at).expect("it is no more than there is");
            let wanted = block.len().min(rest);
            let Ok(count) = memory.read_at(&mut block[..wanted], at) else {
                break;
            };
            looked_at += count;
            found |= memchr::memmem::find(&block[..count], bytes).is_some();
            // A word over the border of two blocks is in the next one whole.
            let kept = if count < rest { bytes.len() } else { 0 };
            at += count.saturating_sub(kept).max(1) as u64;
        }
    }
    Ok((looked_at, found))
}

#[test]
fn the_workspace_never_sees_the_clients_key() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let upstream = Upstream::start(&server);
    for _ in 0..3 {
        let (_, mut client) = server.terminal();
        client.ready();
        assert!(server.attach("x").try_connect().is_err());
    }
    let id = server.open(NOBODY);
    for message in [Message::binary(auth(KEY).into_bytes()), Message::text(KEY)] {
        let mut client = server.attach(&id).connect();
        client.send(message);
        client.expect_close(4001);
    }
    let sent = server.get(&upstream.path("/show")).expect(200).text();
    assert!(!sent.contains(KEY), "{sent}");
    for _ in 0..20 {
        server.get("/files/cwd").expect(200);
        let ask = server.ask("GET", "/files/list");
        ask.header("proxy-authorization", &format!("Bearer {KEY}"))
            .send()
            .expect(200);
    }
    server.run("echo seen-by-the-workspace").expect_exit(0);
    let (_, found) = search(server.pid, KEY.as_bytes()).expect("root may see it");
    assert!(found, "the search finds what is there");
    let workspace = server.running();
    let (looked_at, found) = search(workspace, KEY.as_bytes()).expect("root may see it");
    assert!(looked_at > MIB, "{looked_at} bytes were looked at");
    assert!(!found, "the workspace has the key");
    for pid in of_account(server.account.uid) {
        // One that has ended meanwhile has nothing any more.
        let found = search(pid, KEY.as_bytes()).is_ok_and(|(_, found)| found);
        assert!(!found, "{pid} has the key, and is no {workspace}");
    }
}

#[test]
fn a_servers_own_protocol_passes_both_ways() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let upstream = Upstream::start(&server);
    let headers = [("connection", "upgrade"), ("upgrade", "shout")];
    let wire = Wire::open(&server, "GET", &upstream.path("/upgrade"), &headers);
    let mut answer = wire.answer().expect("an answer comes");
    assert_eq!(answer.status(), 101);
    assert_eq!(answer.header("upgrade"), Some("shout"));
    let mut line = String::new();
    let mut next = |answer: &mut Incoming| {
        line.clear();
        answer.reader().read_line(&mut line).expect("a line comes");
        line.clone()
    };
    assert_eq!(next(&mut answer), "hello\n");
    for word in ["one\n", "two\n"] {
        answer
            .handle()
            .write_all(word.as_bytes())
            .expect("it is open");
        assert_eq!(next(&mut answer), word.to_uppercase());
    }
    answer
        .handle()
        .shutdown(Shutdown::Write)
        .expect("it is open");
    assert_eq!(next(&mut answer), "bye\n");
    assert_eq!(next(&mut answer), "");
    let wire = Wire::open(&server, "GET", &upstream.path("/status/426"), &headers);
    assert_eq!(wire.answer().expect("an answer comes").status(), 426);
}
