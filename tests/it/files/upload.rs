//! Uploads as forms send them: streamed, whole or not there at all.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use sha2::{Digest, Sha256};

use crate::support::files::{hash, hex, names, noise, target};
use crate::support::load::{GROWTH, Peak};
use crate::support::wire::Wire;
use crate::support::{Answer, Server, eventually, seconds};

/// The `content-type` of [`form`].
pub(super) const FORM: &str = "multipart/form-data; boundary=BB";

/// The beginning and the end of a form with one file; `name` is what follows `name="file"; `.
fn frame(name: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let begin = [
        b"--BB\r\nContent-Disposition: form-data; name=\"file\"; ",
        name,
        b"\r\nContent-Type: application/octet-stream\r\n\r\n",
    ];
    (begin.concat(), b"\r\n--BB--\r\n".to_vec())
}

/// A form with one file.
pub(super) fn form(name: &[u8], content: &[u8]) -> Vec<u8> {
    let (begin, end) = frame(name);
    [&begin, content, &end].concat()
}

/// Sends a form to a directory.
pub(super) fn send(server: &Server, directory: &str, form: &[u8]) -> Answer {
    let ask = server.files("POST", "upload", &[("directory", directory)]);
    ask.header("content-type", FORM).bytes(form).send()
}

/// Starts an upload of so many bytes, of which the form's beginning is sent.
fn begin(server: &Server, name: &str, length: usize) -> (Wire, Vec<u8>) {
    let (begin, end) = frame(format!("filename=\"{name}\"").as_bytes());
    let length = (begin.len() + length + end.len()).to_string();
    let headers = [("content-type", FORM), ("content-length", length.as_str())];
    let path = target("upload", &[("directory", "up")]);
    let mut wire = Wire::open(server, "POST", &path, &headers);
    wire.send(&begin).expect("the connection is open");
    (wire, end)
}

#[test]
fn what_is_sent_is_there_and_its_size_and_hash_are_told() {
    let server = Server::spawn();
    let every: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let tricky = b"\r\n--B\r\n--bb\r\n-\r\n--BA--\r\n\r\n--\r\n".repeat(3_000);
    for content in [&b""[..], b"x", b"\r\n", &every, &tricky] {
        let form = form("filename=\"na\u{ef}ve \u{65e5}.bin\"".as_bytes(), content);
        let answer = send(&server, "up/new", &form).expect(200).json();
        let path = server.home.work().join("up/new/na\u{ef}ve \u{65e5}.bin");
        assert!(fs::read(&path).expect("it is there") == content);
        assert_eq!(answer["path"], path.display().to_string());
        assert_eq!(answer["size"], content.len());
        assert_eq!(answer["content_hash"], hash(content));
    }
    assert_eq!(names(server.at("up/new")).len(), 1, "no temporary is left");
}

#[test]
fn an_upload_onto_a_file_keeps_its_mode() {
    let server = Server::spawn();
    let path = server.put("up/run.sh", "old");
    fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("it is ours");
    send(&server, "up", &form(b"filename=\"run.sh\"", b"new")).expect(200);
    assert_eq!(fs::read(&path).expect("it is there"), b"new");
    let mode = fs::metadata(&path).expect("it is there").mode() & 0o777;
    assert_eq!(mode, 0o755, "{mode:o}");
}

#[test]
fn a_large_upload_is_streamed_in_little_memory() {
    let server = Server::spawn();
    send(&server, "up", &form(b"filename=\"warm\"", b"x")).expect(200);
    let peak = Peak::of(&server);
    let block = noise(1_000_000, 1);
    let (mut wire, end) = begin(&server, "large", 200 * block.len());
    let mut hasher = Sha256::new();
    for _ in 0..200 {
        wire.send(&block).expect("it is taken");
        hasher.update(&block);
    }
    wire.send(&end).expect("it is taken");
    let mut incoming = wire.answer().expect("an answer comes");
    let body = incoming.first(10_000).expect("it is whole");
    assert_eq!(incoming.status(), 200, "{}", String::from_utf8_lossy(&body));
    let answer: serde_json::Value = serde_json::from_slice(&body).expect("it is JSON");
    assert_eq!(answer["size"], 200_000_000);
    assert_eq!(answer["content_hash"], hex(&hasher.finalize()));
    let there = fs::metadata(server.at("up/large"))
        .expect("it is there")
        .len();
    assert_eq!(there, 200_000_000);
    peak.expect_below(GROWTH);
}

#[test]
fn an_upload_cut_off_midway_leaves_nothing() {
    let server = Server::spawn();
    let kept = server.put("up/kept", "old content");
    for name in ["new", "kept"] {
        let (mut wire, _) = begin(&server, name, 20_000_000);
        wire.send(&vec![b'x'; 4_000_000]).expect("it is taken");
        eventually("it arrives in a temporary file", seconds(10), || {
            names(server.at("up")).len() == 2
        });
        assert!(!fs::exists(server.at("up/new")).expect("it can be looked for"));
        drop(wire);
        eventually("nothing is left of it", seconds(10), || {
            names(server.at("up")) == ["kept"]
        });
    }
    assert_eq!(fs::read(kept).expect("it is there"), b"old content");
}

#[test]
fn a_form_that_does_not_end_or_is_none_is_refused_and_leaves_nothing() {
    let server = Server::spawn();
    let whole = form(b"filename=\"f\"", b"content");
    let cut = &whole[..whole.len() - 8];
    let ask = |kind: &str, body: &[u8]| {
        let ask = server.files("POST", "upload", &[("directory", "up")]);
        ask.header("content-type", kind).bytes(body).send()
    };
    for (kind, body, status) in [
        (FORM, cut, 400),
        (FORM, &b"junk"[..], 400),
        ("multipart/form-data", &whole[..], 400),
        ("application/json", b"{}", 422),
        (FORM, b"--BB\r\nContent-Disposition: form-data; name=\"other\"; filename=\"f\"\r\n\r\nx\r\n--BB--\r\n", 422),
    ] {
        let answer = ask(kind, body);
        assert_eq!(answer.status, status, "{kind}: {}", answer.text());
        answer.detail();
    }
    let up = server.home.work().join("up");
    assert!(!up.exists() || names(up).is_empty());
}
