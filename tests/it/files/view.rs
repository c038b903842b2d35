//! Files as a browser gets them: ranges (RFC 9110, section 14), and nothing sent twice (section 13).

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use crate::support::files::target;
use crate::support::load::{GROWTH, Peak};
use crate::support::wire::Wire;
use crate::support::{Answer, Server, processes};

fn bytes() -> Vec<u8> {
    (0..1_000_u32).map(|n| (n % 251) as u8).collect()
}

/// Gets `f.mp4` with headers, by both of the ways there are.
fn both(server: &Server, headers: &[(&str, &str)]) -> [Answer; 2] {
    [
        target("view", &[("path", "f.mp4")]),
        format!("/files/serve{}", server.at("f.mp4")),
    ]
    .map(|path| {
        let ask = server.ask("GET", &path);
        let ask = headers
            .iter()
            .fold(ask, |ask, (name, value)| ask.header(name, value));
        ask.send()
    })
}

#[test]
fn a_file_comes_as_it_is_with_what_a_client_needs_to_ask_again() {
    let server = Server::spawn();
    server.put("f.mp4", bytes());
    for answer in both(&server, &[]) {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, bytes());
        assert_eq!(answer.header("content-type"), Some("video/mp4"));
        assert_eq!(answer.header("content-length"), Some("1000"));
        assert_eq!(answer.header("accept-ranges"), Some("bytes"));
        let etag = answer.header("etag").expect("it has one");
        assert!(
            etag.trim_start_matches("W/").starts_with('"') && etag.ends_with('"'),
            "{etag}"
        );
        assert!(
            answer
                .header("last-modified")
                .is_some_and(|date| date.ends_with(" GMT"))
        );
    }
    for method in ["HEAD", "POST"] {
        let answer = server.files(method, "view", &[("path", "f.mp4")]).send();
        assert_eq!(answer.status, 405);
    }
    for (what, status) in [
        ("serve/none", 404),
        ("serve/", 404),
        ("serve/f.mp4%00", 404),
    ] {
        let answer = server.look(what, &[]);
        assert!(
            answer.status == status || answer.status == 422,
            "{what}: {}",
            answer.status
        );
    }
    server.look("view", &[("path", "")]).expect(404);
}

#[test]
fn the_files_of_the_kernel_come_as_they_are_though_they_tell_another_size() {
    let server = Server::spawn();
    for path in [
        "/proc/version",
        "/proc/self/limits",
        "/sys/kernel/cpu_byteorder",
        "/sys/kernel/fscaps",
    ] {
        let Ok(content) = fs::read(path) else {
            eprintln!("skipped: there is no {path}");
            continue;
        };
        let read = server.seen("read", &[("path", path)]);
        assert_eq!(
            read["content"].as_str().map(str::len),
            Some(content.len()),
            "{path}"
        );
        let view = server.look("view", &[("path", path)]).expect(200);
        assert_eq!(view.body.len(), content.len(), "{path}");
    }
}

#[test]
fn one_range_is_given_alone_and_what_is_no_range_is_ignored() {
    let server = Server::spawn();
    server.put("f.mp4", bytes());
    let part = |from: usize, to: usize| Some((206, from, to));
    let refused = Some((416, 0, 0));
    for (range, expected) in [
        ("bytes=0-0", part(0, 0)),
        ("bytes=0-499", part(0, 499)),
        ("bytes=999-999", part(999, 999)),
        ("bytes=900-", part(900, 999)),
        ("bytes=-1", part(999, 999)),
        ("bytes=-300", part(700, 999)),
        ("bytes=-5000", part(0, 999)),
        ("bytes=990-2000", part(990, 999)),
        ("bytes=0-18446744073709551615", part(0, 999)),
        ("bytes= 5-6", part(5, 6)),
        ("bytes=1000-", refused),
        ("bytes=1000-1001", refused),
        ("bytes=18446744073709551615-", refused),
        ("bytes=-0", refused),
        ("bytes=5-2", None),
        ("bytes=a-b", None),
        ("bytes=-", None),
        ("bytes=", None),
        ("bytes", None),
        ("bytes=1", None),
        ("bytes=--1", None),
        ("bytes=0x1-2", None),
        ("bytes=+1-2", None),
        ("lines=1-2", None),
        ("bytes=0-1,5-6", None),
    ] {
        for answer in both(&server, &[("range", range)]) {
            // An odd space may be taken either way.
            if range.contains(' ') && answer.status == 200 {
                continue;
            }
            let (status, from, to) = expected.unwrap_or((200, 0, 999));
            assert_eq!(answer.status, status, "{range}: {:?}", answer.headers);
            let told = answer.header("content-range").map(str::to_owned);
            match status {
                206 => assert_eq!(told, Some(format!("bytes {from}-{to}/1000")), "{range}"),
                416 => assert_eq!(told, Some("bytes */1000".to_owned()), "{range}"),
                _ => assert_eq!(told, None, "{range}"),
            }
            if status != 416 {
                assert_eq!(answer.body, bytes()[from..=to], "{range}");
            }
        }
    }
    server.put("f.mp4", "");
    for answer in both(&server, &[("range", "bytes=0-")]) {
        assert!([200, 416].contains(&answer.status), "{}", answer.status);
    }
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let server = Server::spawn();
    let path = server.put("f.mp4", bytes());
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    let file = File::options().write(true).open(&path).expect("it is ours");
    file.set_modified(then).expect("it is ours");
    let [first, _] = both(&server, &[]);
    let etag = first.header("etag").expect("it has one").to_owned();
    let date = first
        .header("last-modified")
        .expect("it has one")
        .to_owned();
    assert_eq!(date, "Sun, 13 Sep 2020 12:26:40 GMT");
    let opaque = etag.trim_start_matches("W/");
    let (weak, several) = (format!("W/{opaque}"), format!("\"x\", {etag} , \"y\""));
    let earlier = "Sun, 13 Sep 2020 12:26:39 GMT";
    let matching = "if-none-match";
    let since = "if-modified-since";
    for (headers, status) in [
        (&[(matching, etag.as_str())][..], 304),
        (&[(matching, weak.as_str())], 304),
        (&[(matching, several.as_str())], 304),
        // For changes it means something; a client that sends it with everything wants the file.
        (&[(matching, "*")], 200),
        (&[(matching, "\"another\"")], 200),
        (&[(since, date.as_str())], 304),
        (&[(since, "Fri, 01 Jan 2100 00:00:00 GMT")], 304),
        (&[(since, earlier)], 200),
        (&[(since, "no date")], 200),
        (&[(matching, "\"another\""), (since, date.as_str())], 200),
        (&[(matching, etag.as_str()), (since, earlier)], 304),
        (&[(matching, etag.as_str()), ("range", "bytes=0-9")], 304),
    ] {
        for answer in both(&server, headers) {
            assert_eq!(answer.status, status, "{headers:?}");
            assert_eq!(answer.header("etag"), Some(etag.as_str()), "{headers:?}");
            let expected = if status == 304 { Vec::new() } else { bytes() };
            assert_eq!(answer.body, expected, "{headers:?}");
        }
    }
    fs::write(&path, [7; 1_000]).expect("it is ours");
    for answer in both(&server, &[(matching, &etag)]) {
        assert_eq!(answer.status, 200, "it has changed");
        assert_eq!(answer.body, [7; 1_000]);
    }
}

#[test]
fn a_range_is_given_only_of_the_file_that_the_client_has_begun() {
    let server = Server::spawn();
    let path = server.put("f.mp4", bytes());
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    let file = File::options().write(true).open(&path).expect("it is ours");
    file.set_modified(then).expect("it is ours");
    let [first, _] = both(&server, &[]);
    let etag = first.header("etag").expect("it has one").to_owned();
    let range = ("range", "bytes=500-599");
    for (condition, status) in [
        (etag.as_str(), 206),
        ("Sun, 13 Sep 2020 12:26:40 GMT", 206),
        ("\"another\"", 200),
        ("Sun, 13 Sep 2020 12:26:39 GMT", 200),
        ("Sun, 13 Sep 2020 12:26:41 GMT", 200),
        ("nonsense", 200),
    ] {
        for answer in both(&server, &[range, ("if-range", condition)]) {
            assert_eq!(answer.status, status, "{condition}");
        }
    }
    fs::write(&path, [7; 1_000]).expect("it is ours");
    for answer in both(&server, &[range, ("if-range", &etag)]) {
        assert_eq!(answer.status, 200, "parts of two files do not fit");
        assert_eq!(answer.body.len(), 1_000);
    }
}

#[test]
fn a_large_file_is_handed_out_in_little_memory() {
    let server = Server::spawn();
    let path = server.put("f.mp4", "");
    let file = File::options().write(true).open(path).expect("it is ours");
    file.set_len(300_000_000).expect("it may be sparse");
    server.put("small", "warm");
    server.look("view", &[("path", "small")]).expect(200);
    let peak = Peak::of(&server);
    let path = target("view", &[("path", "f.mp4")]);
    let mut incoming = Wire::open(&server, "GET", &path, &[])
        .answer()
        .expect("it comes");
    assert_eq!(incoming.drain().expect("it is whole"), 300_000_000);
    let [end, _] = both(&server, &[("range", "bytes=-5")]);
    assert_eq!((end.status, end.body.len()), (206, 5));
    peak.expect_below(GROWTH);
}

#[test]
fn a_file_that_is_cut_or_replaced_while_it_is_sent_harms_nobody() {
    let server = Server::spawn();
    let path = server.put("f.mp4", vec![b'x'; 40_000_000]);
    let url = target("view", &[("path", "f.mp4")]);
    let begin = || {
        let wire = Wire::open(&server, "GET", &url, &[]);
        let mut incoming = wire.answer().expect("an answer comes");
        incoming.first(1_000).expect("it begins");
        incoming
    };
    let mut incoming = begin();
    fs::write(server.at("other"), "y").expect("the home is writable");
    fs::rename(server.at("other"), &path).expect("the home is writable");
    assert_eq!(incoming.drain().expect("it is whole"), 39_999_000);

    fs::write(&path, vec![b'x'; 40_000_000]).expect("it is ours");
    let mut incoming = begin();
    let file = File::options().write(true).open(&path).expect("it is ours");
    file.set_len(0).expect("it may be cut");
    assert!(
        incoming.drain().is_err(),
        "it should be broken off, not filled up"
    );
    assert!(processes::alive(server.pid));
    server.get("/health").expect(200);
}
