//! Bodies on their way through two processes: piece by piece, in little memory, and no longer than somebody reads.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::support::events::Events;
use crate::support::files::{hash, hex, noise, target};
use crate::support::load::{GROWTH, Peak, ticks_of};
use crate::support::raw::Connection;
use crate::support::upstream::Upstream;
use crate::support::wire::Wire;
use crate::support::{Isolated, eventually, seconds};

/// Bytes of a mebibyte.
const MIB: usize = 1 << 20;

/// The memory of the server and of the workspace from now on.
fn peaks(server: &Isolated) -> [Peak; 2] {
    [server.pid, server.running()].map(Peak::of_process)
}

#[track_caller]
fn expect_little(peaks: &[Peak; 2]) {
    let grown = peaks.each_ref().map(Peak::growth);
    println!("grown by {grown:?} KiB, the server and the workspace");
    for peak in peaks {
        peak.expect_below(GROWTH);
    }
}

#[test]
fn a_stream_of_changes_arrives_event_by_event() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let mut events = Events::open(&server, &[("path", ".")]);
    for n in 0..5 {
        let name = format!("f{n}");
        server.put(&name, "x");
        events.change("created", &name);
    }
}

#[test]
fn a_server_behind_the_proxy_is_heard_while_it_speaks() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let upstream = Upstream::start(&server);
    let wire = Wire::open(&server, "GET", &upstream.path("/events"), &[]);
    let mut answer = wire.answer().expect("an answer comes");
    let mut times = Vec::new();
    for n in 0..4 {
        let piece = answer.first(9).expect("it comes");
        assert_eq!(piece, format!("data: {n}\n\n").as_bytes());
        times.push(Instant::now());
    }
    // They are sent 0.2 s apart; gathered, they would come at once.
    let span = times[3] - times[0];
    assert!(span > Duration::from_millis(300), "within {span:?}");
}

#[test]
fn who_waits_for_a_command_hears_of_its_end_at_once() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let id = server.start("read line; echo got $line");
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| (server.status(&id, "wait=30"), Instant::now()));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!waiting.is_finished(), "it waits");
        server.input(&id, "word\n").expect(200);
        let typed = Instant::now();
        let (reply, answered) = waiting.join().expect("it does not panic");
        assert!(answered - typed < seconds(5));
        reply.expect_exit(0)
    });
    assert!(waiting.output().contains("got word"));
}

/// Uploads so many mebibytes; the SHA-256 of what was sent.
fn upload(server: &Isolated, count: usize, chunked: bool) -> (serde_json::Value, String) {
    let begin =
        b"--BB\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.mp4\"\r\n\r\n";
    let end = b"\r\n--BB--\r\n";
    let length = (begin.len() + count * MIB + end.len()).to_string();
    let kind = ("content-type", "multipart/form-data; boundary=BB");
    let size = if chunked {
        ("transfer-encoding", "chunked")
    } else {
        ("content-length", length.as_str())
    };
    let path = target("upload", &[("directory", "up")]);
    let mut wire = Wire::open(server, "POST", &path, &[kind, size]);
    let mut send = |bytes: &[u8]| {
        let framed = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        wire.send(if chunked { &framed } else { bytes })
            .expect("it is taken");
    };
    let block = noise(MIB, 1);
    let mut hasher = Sha256::new();
    send(begin);
    for _ in 0..count {
        send(&block);
        hasher.update(&block);
    }
    send(end);
    if chunked {
        wire.send(b"0\r\nx-sum: 1\r\n\r\n").expect("it is taken");
    }
    let mut answer = wire.answer().expect("an answer comes");
    let body = answer.first(10_000).expect("it is whole");
    assert_eq!(answer.status(), 200, "{}", String::from_utf8_lossy(&body));
    let body = serde_json::from_slice(&body).expect("it is JSON");
    (body, hex(&hasher.finalize()))
}

#[test]
fn what_is_large_goes_up_and_down_in_little_memory() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    upload(&server, 1, false);
    let peaks = peaks(&server);
    for chunked in [false, true] {
        let (told, sent) = upload(&server, 64, chunked);
        assert_eq!(
            (&told["size"], &told["content_hash"]),
            (&(64 * MIB).into(), &sent.into())
        );
    }
    let path = target("view", &[("path", "up/f.mp4")]);
    let mut answer = Wire::open(&server, "GET", &path, &[])
        .answer()
        .expect("an answer comes");
    assert_eq!(answer.drain().expect("it is whole"), 64 * MIB as u64);
    expect_little(&peaks);
}

#[test]
fn a_part_of_a_file_is_given_alone() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    server.put("f.mp4", noise(MIB, 2));
    let ask = server.files("GET", "view", &[("path", "f.mp4")]);
    let answer = ask.header("range", "bytes=1000-1999").send().expect(206);
    assert_eq!(answer.body, noise(MIB, 2)[1000..2000]);
    let range = format!("bytes 1000-1999/{MIB}");
    assert_eq!(answer.header("content-range"), Some(range.as_str()));
    let whole = server.look("view", &[("path", "f.mp4")]).expect(200);
    assert_eq!(hash(&whole.body), hash(&noise(MIB, 2)));
}

#[test]
fn trailers_and_pieces_come_through_both_ways() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let upstream = Upstream::start(&server);
    let trailers = [("te", "trailers")];
    let wire = Wire::open(&server, "GET", &upstream.path("/trailers"), &trailers);
    let mut answer = wire.answer().expect("an answer comes");
    assert_eq!(answer.first(2).expect("it comes"), b"ok");
    let mut rest = String::new();
    answer.reader().read_to_string(&mut rest).expect("it ends");
    assert!(rest.ends_with("0\r\nx-sum: 5\r\n\r\n"), "{rest:?}");

    let chunked = [("transfer-encoding", "chunked")];
    let wire = Wire::open(&server, "POST", &upstream.path("/echo"), &chunked);
    let mut answer = wire.answer().expect("it begins before the body");
    for word in ["one", "two"] {
        let chunk = format!("3\r\n{word}\r\n");
        answer
            .handle()
            .write_all(chunk.as_bytes())
            .expect("it is open");
        assert_eq!(answer.first(3).expect("it comes back"), word.as_bytes());
    }
    answer.handle().write_all(b"0\r\n\r\n").expect("it is open");
    assert_eq!(answer.drain().expect("it ends"), 0);
}

#[test]
fn who_asks_before_it_sends_a_body_is_told_to_go_on_or_why_not() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let body = r#"{"path":"f","content":"text"}"#;
    let head = |key: &str, target: &str| {
        format!(
            "POST {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\nexpect: 100-continue\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
    };
    let mut connection = Connection::open(&server);
    let first = connection.request(&head(&server.key, "/files/write"));
    assert_eq!(first.status(), 100);
    assert!(
        !server.home.work().join("f").exists(),
        "the body was not sent yet"
    );
    assert_eq!(connection.request(body).status(), 200);
    let path = server.home.work().join("f");
    assert_eq!(fs::read(path).expect("it is there"), b"text");

    let refused = Connection::open(&server).request(&head("wrong", "/files/write"));
    assert_eq!(refused.status(), 401);
    let refused = Connection::open(&server).request(&head(&server.key, "/none"));
    assert_eq!(refused.status(), 404);
}

#[test]
fn a_client_that_hangs_up_is_gone_for_the_workspace_too() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let upstream = Upstream::start(&server);
    let wire = Wire::open(&server, "GET", &upstream.path("/wait"), &[]);
    is_asked(&server, &upstream);
    drop(wire);
    server.output_with(&upstream.id, "left");
}

/// Waits until somebody is connected to the upstream.
fn is_asked(server: &Isolated, upstream: &Upstream) {
    let port = format!(":{:04X}", upstream.port);
    let here = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words[1].ends_with(&port) && words[3] == "01"
    };
    eventually("the upstream is asked", seconds(5), || {
        let table = fs::read_to_string(format!("/proc/{}/net/tcp", server.pid));
        table.expect("it runs").lines().skip(1).any(here)
    });
}

#[test]
fn a_client_that_hangs_up_stops_its_search() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    for n in 0..64 {
        let path = server.put(format!("t/{n}"), "");
        let file = File::options().write(true).open(path);
        let file = file.expect("it is ours");
        file.set_len(1 << 36).expect("it may be sparse");
    }
    let workspace = server.running();
    let path = target("grep", &[("query", "needle"), ("path", "t")]);
    let before = ticks_of(workspace);
    let wire = Wire::open(&server, "GET", &path, &[]);
    eventually("it searches", seconds(10), || {
        ticks_of(workspace) > before + 5
    });
    drop(wire);
    eventually("nothing goes on in it", seconds(5), || {
        let before = ticks_of(workspace);
        std::thread::sleep(Duration::from_millis(500));
        ticks_of(workspace) <= before + 1
    });
}

#[test]
fn a_client_that_hangs_up_in_an_upload_leaves_nothing() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let kind = ("content-type", "multipart/form-data; boundary=BB");
    let path = target("upload", &[("directory", "up")]);
    let length = ("content-length", "9000000");
    let mut wire = Wire::open(&server, "POST", &path, &[kind, length]);
    let begin = b"--BB\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
    wire.send(begin).expect("it is taken");
    wire.send(&noise(4 * MIB, 3)).expect("it is taken");
    let entries = || fs::read_dir(server.home.work().join("up")).map_or(0, Iterator::count);
    eventually("it arrives", seconds(10), || entries() > 0);
    drop(wire);
    eventually("nothing of it is left", seconds(10), || entries() == 0);
}

#[test]
fn a_slow_reader_holds_up_the_upstream_and_nobodys_memory() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    let upstream = Upstream::start(&server);
    let peaks = peaks(&server);
    let wire = Wire::open(&server, "GET", &upstream.path("/flood"), &[]);
    let sent = upstream.held_up(&server, "/flood");
    assert!(sent < 64 << 20, "{sent} bytes were taken");
    expect_little(&peaks);
    drop(wire);
    server.output_with(&upstream.id, "flood ended");
}

/// The status of the answer to a request without a body, told in chunks, whose end comes some time behind its head.
fn status_with_late_end(server: &Isolated, line: &str, late: Duration) -> u16 {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("it listens");
    stream.set_nodelay(true).expect("it is a socket");
    let key = &server.key;
    let head = format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("it is read");
    std::thread::sleep(late);
    // It may have been answered and closed.
    stream.write_all(b"0\r\n\r\n").ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    let text = String::from_utf8_lossy(&answer);
    let status = text.split(' ').nth(1).and_then(|word| word.parse().ok());
    status.unwrap_or_else(|| panic!("no answer: {text:?}"))
}

#[test]
fn what_is_answered_without_its_body_is_answered_whenever_that_ends() {
    let Some(server) = Isolated::spawn() else {
        return;
    };
    server.get("/files/cwd").expect(200);
    // Many at once, so that each is now and then late for what comes next.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for step in 0..60 {
                    let late = Duration::from_micros(100) * step;
                    let status = status_with_late_end(&server, "DELETE /api/terminals/none", late);
                    assert_eq!(status, 404, "{late:?}");
                    assert_eq!(server.get("/files/cwd").status, 200, "{late:?}");
                }
            });
        }
    });
}
