//! Paths that are no files to be read or written: always an answer, never a wait, never a failure of the server.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::time::Instant;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use super::upload;
use crate::support::files::target;
use crate::support::wire::Wire;
use crate::support::{Answer, Server, processes, seconds};

/// A body and its `content-type`.
type Body<'a> = Option<(&'a str, &'a [u8])>;

/// Asks and reads the beginning of the answer; says what is wrong with it.
///
/// It has to come within 5 s, whole as far as it is read, and to be a good one or a refusal with its reason.
fn probe(server: &Server, method: &str, target: &str, body: Body) -> Result<u16, String> {
    let start = Instant::now();
    let (kind, body) = body.unwrap_or(("application/octet-stream", b""));
    let length = body.len().to_string();
    let headers = [("content-type", kind), ("content-length", length.as_str())];
    let mut wire = Wire::open(server, method, target, &headers);
    wire.send(body)
        .map_err(|error| format!("not taken: {error}"))?;
    wire.patience(seconds(6));
    let mut incoming = wire
        .answer()
        .map_err(|error| format!("no answer: {error}"))?;
    let took = start.elapsed();
    if took > seconds(5) {
        return Err(format!("it took {took:?}"));
    }
    let status = incoming.status();
    // A watch has nothing more to say; other good answers may be endless.
    let most = if target.starts_with("/files/watch") && status == 200 {
        0
    } else {
        64 << 10
    };
    let body = incoming.first(most);
    let body = body.map_err(|error| format!("{status}, then cut off: {error}"))?;
    let text = String::from_utf8_lossy(&body);
    let detail = serde_json::from_slice::<Value>(&body).unwrap_or_default()["detail"].clone();
    let clear = detail.is_string() || detail.is_array();
    match status {
        200 | 307 => Ok(status),
        400..500 if clear => Ok(status),
        _ => Err(format!("{status} {text}")),
    }
}

/// A server with the odd things that a directory may hold, and their paths.
struct Odd {
    server: Server,
    _socket: UnixListener,
    /// What was wrong with the answers so far.
    wrong: RefCell<Vec<String>>,
}

/// What is in the working directory of [`Odd`].
const OURS: [&str; 8] = [
    "pipe",
    "socket",
    "loop",
    "d",
    "topipe",
    "tozero",
    "plain/child",
    "todir/missing/x",
];

/// What only reading and refused writing may be tried on.
const SYSTEM: [&str; 11] = [
    "/dev/zero",
    "/dev/tty",
    "/dev/random",
    "/dev/stdin",
    "/proc/kmsg",
    "/proc/self/mem",
    "/proc/self/pagemap",
    "/proc/kcore",
    "/proc/self/fd/0",
    "/sys/kernel/uevent_seqnum",
    "/sys/kernel/notes",
];

impl Odd {
    fn new() -> Self {
        let server = Server::spawn();
        server.put("d/inside", "x\n");
        server.put("plain", "x\n");
        mkfifo(&server.home.work().join("pipe"), Mode::S_IRWXU).expect("the home is writable");
        let socket = UnixListener::bind(server.at("socket")).expect("the home is writable");
        for (target, name) in [
            ("loop", "loop"),
            ("pipe", "topipe"),
            ("/dev/zero", "tozero"),
            ("d", "todir"),
        ] {
            symlink(target, server.at(name)).expect("the home is writable");
        }
        Self {
            server,
            _socket: socket,
            wrong: RefCell::default(),
        }
    }

    /// Asks; the answer is its status, 0 when something is wrong with it.
    fn ask(&self, method: &str, target: &str, body: Body) -> u16 {
        probe(&self.server, method, target, body).unwrap_or_else(|problem| {
            let body = String::from_utf8_lossy(body.unwrap_or_default().1);
            let mut wrong = self.wrong.borrow_mut();
            wrong.push(format!(
                "{method} {target:.120} {body:.120}: {problem:.300}"
            ));
            0
        })
    }

    /// Posts JSON; the answer is the status, 0 when something is wrong with it.
    fn post(&self, target: &str, body: &Value) -> u16 {
        let body = body.to_string();
        self.ask("POST", target, Some(("application/json", body.as_bytes())))
    }

    /// Fails with all that was wrong.
    #[track_caller]
    fn expect_well(self) {
        let wrong = self.wrong.take();
        assert!(
            wrong.is_empty(),
            "{} wrong answers:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        assert!(processes::alive(self.server.pid));
        self.server.get("/health").expect(200);
    }
}

/// Texts that no file is named by.
fn unnameable() -> Vec<String> {
    let mut deep = "a/".repeat(5_000);
    deep.push('a');
    let nul = "a\0b".to_owned();
    vec![
        String::new(),
        "n".repeat(10_000),
        deep,
        nul,
        format!("{}none", "../".repeat(3_000)),
        "\n".to_owned(),
    ]
}

#[test]
fn whatever_is_asked_to_be_read_there_is_an_answer() {
    let odd = Odd::new();
    let paths: Vec<String> = OURS
        .iter()
        .chain(&SYSTEM)
        .map(|&path| path.to_owned())
        .collect();
    for path in paths.iter().chain(&unnameable()) {
        for (what, name, rest) in [
            ("list", "directory", ("limit", "5")),
            ("read", "path", ("max_bytes", "1000")),
            ("read", "path", ("start_line", "2")),
            ("stat", "path", ("", "")),
            ("display", "path", ("", "")),
            ("view", "path", ("", "")),
            ("grep", "path", ("query", "x")),
            ("glob", "path", ("pattern", "*")),
            ("search", "path", ("query", "x")),
            ("matches", "path", ("query", "x")),
            ("watch", "path", ("", "")),
        ] {
            let query = [(name, path.as_str()), rest];
            let rest = usize::from(!rest.0.is_empty());
            odd.ask("GET", &target(what, &query[..=rest]), None);
        }
        let path_in_url = format!("/files/serve/{}", crate::support::files::encoded(path));
        odd.ask("GET", &path_in_url, None);
        let body = json!({ "paths": [path] });
        odd.post("/files/archive", &body);
        for body in [
            json!({ "original": path, "revised": "plain" }),
            json!({ "original": "plain", "revised": path }),
        ] {
            odd.post("/files/compare", &body);
        }
    }
    odd.expect_well();
}

#[test]
fn whatever_is_asked_to_be_written_there_is_an_answer() {
    let odd = Odd::new();
    let server = &odd.server;
    let chunk = json!([{ "target": "x", "replacement": "y" }]);
    let paths: Vec<String> = OURS
        .iter()
        .chain(&SYSTEM)
        .map(|&path| path.to_owned())
        .collect();
    // What climbs to the root is left out: a file would be made there.
    let plainer = unnameable()
        .into_iter()
        .filter(|path| !path.starts_with(".."));
    for path in paths.into_iter().chain(plainer) {
        let path = &path;
        for (what, body) in [
            ("write", json!({ "path": path, "content": "x" })),
            (
                "write",
                json!({ "path": path, "content": "x", "expected_hash": "0" }),
            ),
            ("replace", json!({ "path": path, "replacements": chunk })),
            ("mkdir", json!({ "path": path })),
            (
                "move",
                json!({ "source": "plain", "destination": format!("{path}/below") }),
            ),
        ] {
            let target = format!("/files/{what}");
            let status = odd.post(&target, &body);
            // What was moved there, moves back.
            if what == "move" && status == 200 {
                let back = json!({ "source": format!("{path}/below"), "destination": "plain" });
                server.post("move", &back).expect(200);
            }
        }
        for filename in ["f", path.as_str()] {
            let query = [
                ("directory", path.as_str()),
                ("filename", filename),
                ("offset", "0"),
                ("size", "0"),
            ];
            let target = target("upload/an-id", &query);
            odd.ask("PUT", &target, None);
            odd.ask("GET", &target, None);
            odd.ask("DELETE", &target, None);
        }
        let form = upload::form(b"filename=\"f\"", b"x");
        let target = target("upload", &[("directory", path.as_str())]);
        odd.ask("POST", &target, Some((upload::FORM, &form)));
    }
    odd.expect_well();
}

#[test]
fn whatever_is_asked_to_be_taken_away_there_is_an_answer() {
    let odd = Odd::new();
    // Only what is ours is tried to be taken away.
    for path in OURS.iter().map(|&path| path.to_owned()).chain(unnameable()) {
        if path.starts_with("..") {
            continue;
        }
        let url = target("delete", &[("path", path.as_str())]);
        let body = json!({ "source": path, "destination": "moved" });
        if odd.post("/files/move", &body) == 200 {
            let back = json!({ "source": "moved", "destination": path });
            odd.server.post("move", &back).expect(200);
        }
        odd.ask("DELETE", &url, None);
    }
    assert!(fs::exists("/dev/zero").expect("it can be looked for"));
    odd.expect_well();
}

#[test]
fn the_statuses_say_what_is_wrong() {
    let odd = Odd::new();
    let server = &odd.server;
    let long = "n".repeat(10_000);
    let get = |what: &str, path: &str| server.look(what, &[("path", path)]).status;
    let write = |path: &str| server.write(path, "x").status;
    for path in [
        "pipe",
        "socket",
        "topipe",
        "tozero",
        "/dev/zero",
        "/dev/tty",
    ] {
        assert_eq!(get("read", path), 400, "{path}");
        assert_eq!(get("view", path), 400, "{path}");
        assert_eq!(write(path), 400, "{path}");
    }
    for path in ["d", "none", long.as_str(), "plain/child"] {
        assert_eq!(get("read", path), 404, "{path:.40}");
        assert_eq!(get("view", path), 404, "{path:.40}");
    }
    for path in ["d", long.as_str(), "plain/child", "loop"] {
        assert_eq!(write(path), 400, "{path:.40}");
    }
    assert!([400, 404].contains(&get("read", "loop")));
    let sizes = [
        write("a\0b"),
        server.post("mkdir", &json!({ "path": "a\0b" })).status,
    ];
    assert!(
        sizes.iter().all(|status| [400, 422].contains(status)),
        "{sizes:?}"
    );
    assert!(server.get("/health").status == 200);
}

#[test]
fn bodies_that_are_no_text_are_refused() {
    let server = Server::spawn();
    for (what, body) in [
        ("write", r#"{"path": "f", "content": "\ud800"}"#),
        ("write", r#"{"path": "f\ud800", "content": ""}"#),
        ("mkdir", r#"{"path": "f\udfff"}"#),
        ("move", r#"{"source": "\ud83d", "destination": "x"}"#),
    ] {
        let ask = server
            .files("POST", what, &[])
            .header("content-type", "application/json");
        let answer = ask.bytes(body.as_bytes()).send();
        assert!(
            [400, 404, 422].contains(&answer.status),
            "{body}: {}",
            answer.text()
        );
    }
    assert!(crate::support::files::names(server.home.work()).is_empty());
}

#[test]
fn what_may_not_be_read_or_written_is_told_so() {
    let home = crate::support::Home::new();
    let server = crate::support::files::unprivileged(&home).start();
    let secret = server.put("secret", "x\n");
    let closed = server.put("closed/f", "x\n");
    let shut = server.put("shut/f", "x\n");
    let shut = shut.parent().expect("it has one");
    let mode = |bits| fs::Permissions::from_mode(bits);
    fs::set_permissions(shut, mode(0o555)).expect("it is ours");
    fs::set_permissions(&secret, mode(0o0)).expect("it is ours");
    fs::set_permissions(server.at("closed"), mode(0o0)).expect("it is ours");
    let told = |answer: Answer, status: u16, what: &str| {
        let detail = answer.expect(status).detail();
        assert!(detail.contains("Permission denied"), "{what}: {detail}");
    };
    for what in ["read", "view"] {
        told(server.look(what, &[("path", "secret")]), 403, what);
        // Whether it is there cannot be seen.
        told(server.look(what, &[("path", "closed/f")]), 404, what);
    }
    told(server.look("list", &[("directory", "closed")]), 403, "list");
    told(server.write("closed/new", "x"), 400, "write");
    let below = json!({ "path": "closed/new" });
    told(server.post("mkdir", &below), 400, "mkdir");
    let chunk = json!([{ "target": "x", "replacement": "y" }]);
    let body = json!({ "path": "secret", "replacements": chunk });
    told(server.post("replace", &body), 400, "replace");
    let body = json!({ "original": "secret", "revised": "secret" });
    told(server.post("compare", &body), 422, "compare");
    let body = json!({ "source": "closed/f", "destination": "g" });
    told(server.post("move", &body), 404, "move");
    let gone = server.files("DELETE", "delete", &[("path", "closed/f")]);
    told(gone.send(), 404, "delete");
    let form = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nx\r\n--B--\r\n";
    let upload = server
        .files("POST", "upload", &[("directory", "shut")])
        .header("content-type", "multipart/form-data; boundary=B");
    told(upload.bytes(form.as_bytes()).send(), 403, "upload");
    for (what, query) in [
        ("grep", ("query", "x")),
        ("glob", ("pattern", "*")),
        ("search", ("query", "")),
        ("matches", ("query", "x")),
    ] {
        let found = server.seen(what, &[query, ("path", "closed")]);
        let hint = found["hint"].as_str().unwrap_or_default();
        assert!(hint.contains("Permission denied"), "{what}: {found}");
    }
    fs::set_permissions(server.at("closed"), mode(0o755)).expect("it is ours");
    assert!(closed.exists());
}
