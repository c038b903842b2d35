//! Frames of every wrong shape: ignored or refused, and the shell goes on.

use serde_json::json;
use tungstenite::Message;

use crate::support::terminal::LOST;
use crate::support::{Server, processes, seconds};

/// A frame by hand: first byte, mask or not, payload.
fn frame(first: u8, masked: bool, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let bit = if masked { 0x80 } else { 0 };
    match payload.len() {
        length @ 0..126 => bytes.push(bit | u8::try_from(length).expect("it is short")),
        length => {
            bytes.push(bit | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    if masked {
        // Masking with zeros changes nothing.
        bytes.extend([0; 4]);
    }
    bytes.extend(payload);
    bytes
}

#[test]
fn text_frames_that_say_nothing_known_are_ignored() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    client.ready();
    let deep = format!("{{\"type\":{}", "[".repeat(100_000));
    for text in [
        "not json",
        "{}",
        "",
        " ",
        "[]",
        "null",
        "5",
        "\"text\"",
        "true",
        "{\"type\":null}",
        "{\"type\":5}",
        "{\"type\":\"\"}",
        "{\"type\":[\"ping\"]}",
        "{\"type\":\"unknown\"}",
        "{\"type\":\"input\",\"data\":\"touch typed\\n\"}",
        "{\"type\":\"exit\",\"code\":1}",
        "{\"type\":\"\\ud800\"}",
        "{\"type\":\"ping\"",
        "{\"type\":\"resize\",\"cols\":1e999,\"rows\":1}",
        "{\"type\":\"resize\",\"cols\":10,\"rows\":10}{}",
        "{\"TYPE\":\"resize\",\"cols\":10,\"rows\":10}",
        "touch typed\n",
        "\u{0}\u{1b}[A\u{7f}",
        &deep,
    ] {
        client.text(text);
    }
    assert_eq!(client.run("stty size; ls"), "24 80");
    assert_eq!(client.texts, [], "nothing was said back");
    assert!(!client.is_closed());
}

#[test]
fn binary_frames_are_typed_whatever_they_hold() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    client.type_in("stty raw -echo; echo go''on; head -c 1024 | od -An -v -tu1 | tr -s ' \\n' '  '; stty sane; echo\n");
    client.expect("goon");
    client.type_in("");
    let all: Vec<u8> = (0..=255).collect();
    for part in [&all[..], &all[..128], &all[128..], b"", &all[..], &all[..]] {
        client.type_in(part);
    }
    let numbers: Vec<String> = (0..1024).map(|n| (n % 256).to_string()).collect();
    client.expect(&numbers.join(" "));
    assert_eq!(client.run("echo well"), "well");
}

#[test]
fn fragments_are_put_together_and_pings_pass_between_them() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    client.ready();
    let text = json!({"type": "resize", "cols": 77, "rows": 11}).to_string();
    let (one, two) = text.as_bytes().split_at(9);
    client.raw(&frame(0x01, true, one));
    client.raw(&frame(0x89, true, b"between"));
    client.raw(&frame(0x00, true, b""));
    client.raw(&frame(0x80, true, two));
    client.until("a pong", |client| client.pongs == [b"between"]);
    assert_eq!(client.run("stty size"), "11 77");
    client.raw(&frame(0x02, true, b"echo a''"));
    client.raw(&frame(0x00, true, b"b''"));
    client.raw(&frame(0x80, true, b"c\n"));
    client.expect("abc\r\n");
    // Byte by byte, as a slow network brings it.
    for byte in frame(0x82, true, b"echo s''low\n") {
        client.raw(&[byte]);
    }
    client.expect("slow\r\n");
}

/// Sends bytes over a connection of its own: it must end with one of these codes, the shell must not.
#[track_caller]
fn ends_the_connection_alone(name: &str, bytes: &[u8], codes: &[u16]) {
    let server = Server::spawn();
    let (id, mut other) = server.terminal();
    let mut client = server.attach(&id).start();
    client.ready();
    client.raw(bytes);
    let closed = client.closed();
    assert!(codes.contains(&closed.code), "{name}: {closed:?}");
    server.attached(&id, 1);
    assert_eq!(other.run("echo well"), "well", "{name}");
    assert!(
        !server.printed().contains("panicked"),
        "{name}: {}",
        server.printed()
    );
}

#[test]
fn a_breach_of_the_protocol_ends_the_connection_and_not_the_shell() {
    // A close frame may say what was wrong; the end of the connection says enough.
    let breach = [1002, LOST];
    for (name, bytes) in [
        ("unmasked", frame(0x82, false, b"touch typed\n")),
        ("unmasked text", frame(0x81, false, b"{}")),
        ("reserved opcode 3", frame(0x83, true, b"x")),
        ("reserved opcode 15", frame(0x8f, true, b"x")),
        ("reserved bit", frame(0xc2, true, b"x")),
        ("long ping", frame(0x89, true, &[b'x'; 126])),
        ("fragmented ping", frame(0x09, true, b"x")),
        ("continuation of nothing", frame(0x80, true, b"x")),
        ("close of one byte", frame(0x88, true, b"x")),
        ("HTTP", b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
    ] {
        ends_the_connection_alone(name, &bytes, &breach);
    }
}

#[test]
fn text_that_is_no_utf_8_ends_the_connection_and_not_the_shell() {
    let bytes = frame(0x81, true, b"{\"type\":\"\xff\"}");
    ends_the_connection_alone("text", &bytes, &[1007, 1002, LOST]);
}

#[test]
fn a_message_of_more_than_sixteen_mebibytes_ends_the_connection_and_not_the_shell() {
    let server = Server::spawn();
    let (id, mut other) = server.terminal();
    for parts in [1, 3] {
        let memory = processes::figure(server.pid, "VmRSS");
        let mut client = server.attach(&id).start();
        client.ready();
        let huge = vec![b'x'; (17 << 20) / parts];
        client.raw(&frame(if parts == 1 { 0x82 } else { 0x02 }, true, &huge));
        for _ in 1..parts {
            client.raw(&frame(0x00, true, &huge));
        }
        let closed = client.closed();
        assert!([1009, LOST].contains(&closed.code), "{closed:?}");
        server.attached(&id, 1);
        let grown = processes::figure(server.pid, "VmRSS").saturating_sub(memory);
        assert!(grown < 24 << 10, "{grown} KiB were kept");
    }
    assert_eq!(other.run("echo well"), "well");
}

#[test]
fn a_huge_frame_is_refused_with_1009_as_soon_as_it_is_announced() {
    let server = Server::spawn();
    let (id, mut client) = server.terminal();
    client.ready();
    let mut head = vec![0x82, 0xff];
    head.extend((1_u64 << 62).to_be_bytes());
    head.extend([0; 4]);
    client.raw(&head);
    client.expect_close(1009);
    assert_eq!(server.attach(&id).start().run("echo well"), "well");
}

#[test]
fn sixteen_mebibytes_less_a_little_are_taken() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    client.type_in("stty raw -echo; echo go''on; head -c 16000000 | wc -c; stty sane\n");
    client.expect("goon");
    client.type_in(vec![b'x'; 16_000_000]);
    client.expect("16000000");
    assert_eq!(client.run("echo well"), "well");
}

#[test]
fn a_close_frame_is_answered_and_what_follows_ignored() {
    let server = Server::spawn();
    for payload in [
        &b""[..],
        b"\x03\xe8",
        b"\x03\xe9going away",
        b"\x0f\xa0own code",
    ] {
        let (id, mut client) = server.terminal();
        client.ready();
        client.raw(&frame(0x88, true, payload));
        client.raw(&frame(0x82, true, b"touch typed\n"));
        let closed = client.closed();
        assert_ne!(closed.code, LOST, "{payload:?}: {closed:?}");
        server.attached(&id, 0);
        let mut again = server.attach(&id).start();
        assert_eq!(again.run("ls"), "");
    }
}

#[test]
fn pongs_that_nobody_asked_for_are_harmless() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    for _ in 0..1_000 {
        client.send(Message::Pong(b"unasked".to_vec().into()));
    }
    assert_eq!(client.run("echo well"), "well");
}

#[test]
fn a_flood_of_control_frames_keeps_nobody_else_waiting() {
    let server = Server::spawn();
    let (id, mut client) = server.terminal();
    let mut other = server.attach(&id).start();
    for n in 0..20_000_u32 {
        client.resize(80 + n % 50, 24);
    }
    let start = std::time::Instant::now();
    server.get("/health").expect(200);
    assert!(start.elapsed() < seconds(5), "{:?}", start.elapsed());
    assert_eq!(other.run("echo well"), "well");
    assert_eq!(client.run("echo well"), "well");
}

#[test]
fn a_breach_of_the_protocol_before_the_first_message_is_harmless_too() {
    let server = Server::spawn();
    let (id, mut other) = server.terminal();
    let mut huge = vec![0x81, 0xff];
    huge.extend((1_u64 << 40).to_be_bytes());
    for (name, bytes) in [
        ("unmasked", frame(0x81, false, b"{}")),
        ("reserved opcode", frame(0x8f, true, b"x")),
        ("not UTF-8", frame(0x81, true, b"{\"type\":\"\xff\"}")),
        ("huge", huge),
        ("close", frame(0x88, true, b"\x03\xe8")),
        ("half a frame", vec![0x81]),
        ("fragments of nothing", frame(0x01, true, b"")),
    ] {
        let mut client = server.attach(&id).connect();
        client.raw(&bytes);
        if ["half a frame", "fragments of nothing"].contains(&name) {
            client.pump(std::time::Duration::from_millis(100));
            client.reset();
            continue;
        }
        let code = client.closed().code;
        let known = [1000, 1002, 1005, 1007, 1009, 4001, LOST];
        assert!(known.contains(&code), "{name}: {code}");
        assert_eq!(client.output.len(), 0, "{name}");
    }
    assert_eq!(other.run("echo well"), "well");
    assert_eq!(server.summary(&id)["attached"], 1);
    assert!(!server.printed().contains("panicked"));
}
