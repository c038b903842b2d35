//! Reading: line ranges, hashes, large files in little memory, files that change meanwhile.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};

use serde_json::Value;

use crate::support::files::{hash, target};
use crate::support::load::{GROWTH, Peak};
use crate::support::wire::{Incoming, Wire};
use crate::support::{Server, processes, seconds};

/// A file of so many lines of 60 bytes.
fn lines(count: usize) -> String {
    (1..=count).fold(String::with_capacity(count * 60), |text, n| {
        text + &format!(
            "{n:09} {}\n",
            "the quick brown fox jumps over a lazy dog, twice."
        )
    })
}

fn range(server: &Server, path: &str, start: &str, end: &str) -> Value {
    let range = [("path", path), ("start_line", start), ("end_line", end)];
    server.seen("read", &range)
}

#[test]
fn a_file_is_read_with_its_lines_counted_and_its_hash_told() {
    let server = Server::spawn();
    let contents: [&[u8]; 6] = [
        b"",
        b"one\ntwo\n",
        b"no end",
        b"crlf\r\ncr\rlf\n",
        "\u{feff}bom \u{1f642}\n".as_bytes(),
        b"nul \0 and \x1b[0m \"quoted\" \\ \x7f\n",
    ];
    for content in contents {
        let path = server.put("f", content);
        let answer = server.seen("read", &[("path", "f")]);
        let text = String::from_utf8_lossy(content);
        let plain = text.replace("\r\n", "\n").replace('\r', "\n");
        assert_eq!(answer["content"], plain.as_str());
        assert_eq!(
            answer["content_hash"],
            hash(content),
            "of the bytes as they are"
        );
        assert_eq!(answer["path"], path.display().to_string());
        assert_eq!(answer["total_lines"], plain.lines().count());
        assert!(answer.get("truncated").is_none(), "{answer}");
    }
}

#[test]
fn ranges_count_lines_at_every_break_that_python_knows() {
    let server = Server::spawn();
    server.put(
        "f",
        "one\r\ntwo\rthree\u{b}four\u{2028}five\u{85}six\u{1c}seven\neight",
    );
    for (start, end, content) in [
        ("1", "1", "one\n"),
        ("1", "2", "one\ntwo\n"),
        ("3", "4", "three\u{b}four\u{2028}"),
        ("5", "7", "five\u{85}six\u{1c}seven\n"),
        ("8", "8", "eight"),
        ("7", "900", "seven\neight"),
        ("9", "10", ""),
        ("5", "4", ""),
        ("null", "1", "one\n"),
        ("8", "null", "eight"),
    ] {
        let answer = range(&server, "f", start, end);
        assert_eq!(answer["content"], content, "{start}-{end}");
        assert_eq!(answer["total_lines"], 8, "{start}-{end}");
    }
    for (start, end) in [
        ("0", "1"),
        ("-1", "1"),
        ("1", "0"),
        ("two", "3"),
        ("1.5", "2"),
    ] {
        let range = [("path", "f"), ("start_line", start), ("end_line", end)];
        server.look("read", &range).expect(422);
    }
}

#[test]
fn what_is_no_text_is_given_as_bytes_when_it_is_an_image_and_else_refused() {
    let server = Server::spawn();
    server.put("a.png", b"\x89PNG\r\n\x1a\n\xff");
    let image = server.look("read", &[("path", "a.png")]).expect(200);
    assert_eq!(image.header("content-type"), Some("image/png"));
    assert_eq!(image.body, b"\x89PNG\r\n\x1a\n\xff");
    server.put("text.png", "a text all the same\n");
    let text = server.seen("read", &[("path", "text.png")]);
    assert_eq!(text["content"], "a text all the same\n");

    let mut late = lines(40_000).into_bytes();
    late.push(0xff);
    for (name, content) in [
        ("latin1.txt", b"caf\xe9\n".to_vec()),
        ("cut.txt", b"caf\xc3".to_vec()),
        ("surrogate.txt", b"\xed\xa0\x80".to_vec()),
        ("overlong.txt", b"\xc0\xaf".to_vec()),
        ("late.txt", late),
        ("sound.mp3", b"\xff\xfb".to_vec()),
    ] {
        server.put(name, &content);
        let detail = server.look("read", &[("path", name)]).expect(415).detail();
        assert!(detail.contains(name), "{detail}");
        // Also where the range asked for would be text.
        let first = [("path", name), ("start_line", "1"), ("end_line", "1")];
        server.look("read", &first).expect(415);
    }
}

#[test]
fn the_files_of_the_kernel_are_read_though_they_seem_empty() {
    let server = Server::spawn();
    let version = server.seen("read", &[("path", "/proc/version")]);
    let real = fs::read_to_string("/proc/version").expect("/proc is mounted");
    assert_eq!(version["content"], real);
    let status = server.seen("read", &[("path", "/proc/self/status")]);
    assert!(status["total_lines"].as_u64() > Some(20), "{status}");
}

#[test]
fn a_large_file_is_streamed_in_little_memory() {
    let server = Server::spawn();
    let text = lines(1_000_000);
    assert_eq!(text.len(), 60_000_000);
    server.put("large", &text);
    server.put("small", "warm\n");
    server.seen("read", &[("path", "small")]);

    let peak = Peak::of(&server);
    let wire = Wire::open(&server, "GET", &target("read", &[("path", "large")]), &[]);
    let mut incoming = wire.answer().expect("an answer comes");
    assert_eq!(incoming.status(), 200);
    let mut body = Vec::with_capacity(62_000_000);
    incoming.read_to_end(&mut body).expect("it is whole");
    let answer: Value = serde_json::from_slice(&body).expect("it is JSON");
    assert!(answer["content"] == text.as_str(), "the content is another");
    assert_eq!(answer["content_hash"], hash(text.as_bytes()));
    peak.expect_below(GROWTH);

    let middle = range(&server, "large", "500000", "500099");
    let expected = &text[499_999 * 60..500_099 * 60];
    assert_eq!(middle["content"], expected);
    assert_eq!(middle["total_lines"], 1_000_000);
    peak.expect_below(GROWTH);
}

#[test]
fn one_line_of_24_mib_is_streamed_in_little_memory_too() {
    let server = Server::spawn();
    let path = server.put("line", "");
    let file = OpenOptions::new()
        .write(true)
        .open(path)
        .expect("it is ours");
    file.set_len(24 << 20).expect("it may be sparse");
    server.seen("read", &[("path", "/proc/version")]);
    let peak = Peak::of(&server);
    // Each NUL takes six bytes in JSON.
    let wire = Wire::open(&server, "GET", &target("read", &[("path", "line")]), &[]);
    let mut incoming = wire.answer().expect("an answer comes");
    let count = incoming.drain().expect("it is whole");
    assert!(count > 6 * (24 << 20), "{count} bytes came");
    peak.expect_below(GROWTH);
}

/// An answer to a read of which the beginning came while nobody reads the rest.
fn half_read(server: &Server) -> (Incoming, Vec<u8>) {
    let wire = Wire::open(server, "GET", &target("read", &[("path", "large")]), &[]);
    let mut incoming = wire.answer().expect("an answer comes");
    assert_eq!(incoming.status(), 200);
    let begun = incoming.first(100_000).expect("it goes on");
    assert_eq!(begun.len(), 100_000);
    (incoming, begun)
}

#[test]
fn a_file_that_changes_while_it_is_read_gives_no_false_content() {
    let server = Server::spawn();
    let text = lines(700_000);
    let changes: [fn(&File); 3] = [
        |file| file.set_len(0).expect("it may be cut"),
        |file| file.set_len(10_000_000).expect("it may be cut"),
        |mut file| {
            file.write_all(&vec![0xff; 5_000_000])
                .expect("there is room");
        },
    ];
    for change in changes {
        let path = server.put("large", &text);
        let (mut incoming, mut body) = half_read(&server);
        let file = OpenOptions::new().write(true).open(path);
        change(&file.expect("it is there"));
        // Either it is broken off, or what came is what the hash says.
        if incoming.read_to_end(&mut body).is_ok() {
            let answer: Value = serde_json::from_slice(&body).expect("it is JSON");
            let content = answer["content"].as_str().expect("it is text");
            assert_eq!(answer["content_hash"], hash(content.as_bytes()));
        }
        assert!(processes::alive(server.pid));
        server.get("/health").expect(200);
    }
}

#[test]
fn a_file_that_vanishes_or_grows_while_it_is_read_is_read_as_it_was() {
    let server = Server::spawn();
    let text = lines(400_000);
    for grows in [false, true] {
        let path = server.put("large", &text);
        let (mut incoming, mut body) = half_read(&server);
        if grows {
            let mut file = OpenOptions::new()
                .append(true)
                .open(&path)
                .expect("it is there");
            file.write_all(&vec![b'x'; 100_000]).expect("there is room");
        } else {
            fs::remove_file(&path).expect("it is there");
        }
        incoming.read_to_end(&mut body).expect("it is whole");
        let answer: Value = serde_json::from_slice(&body).expect("it is JSON");
        assert!(answer["content"] == text.as_str(), "the content is another");
    }
}

#[test]
fn a_reader_that_leaves_stops_the_reading() {
    let server = Server::spawn();
    let path = server.put("endless", "");
    let file = OpenOptions::new()
        .write(true)
        .open(path)
        .expect("it is ours");
    file.set_len(1 << 40).expect("it may be sparse");
    let wire = Wire::open(&server, "GET", &target("read", &[("path", "endless")]), &[]);
    crate::support::load::becomes_busy(&server);
    drop(wire);
    crate::support::load::becomes_quiet(&server, seconds(8));
}
