//! Names in uploads that would lead elsewhere, in every spelling: the file is below the directory named, or nowhere.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::upload::{form, send};
use crate::support::files::{names, shown};
use crate::support::{Answer, Server};

/// Names that some server or other has taken for a way out.
const NAMES: [&[u8]; 28] = [
    b"../evil",
    b"..",
    b".",
    b"...",
    b"/",
    b"//",
    b"../",
    b"../../../../../../../../evil",
    b"/etc/evil",
    b"sub/evil",
    b"./evil",
    b"..\\evil",
    b"..\\\\..\\\\evil",
    b"C:\\\\dir\\\\evil",
    b"%2e%2e%2fevil",
    b"..%2fevil",
    b"%2e%2e/evil",
    b"..%5cevil",
    b"%252e%252e%252fevil",
    b"..%c0%afevil",
    b"\xc0\xae\xc0\xae\xc0\xafevil",
    b"..\xc0\xafevil",
    b"\xef\xbc\x8e\xef\xbc\x8e\xef\xbc\x8fevil",
    b"....//evil",
    b"..;/evil",
    b"evil\0.txt",
    b"..\0/evil",
    b"\xee\xbe\xaf..",
];

/// Everything below a directory, as relative paths.
fn below(directory: &Path, prefix: &str) -> Vec<String> {
    let mut all = Vec::new();
    for name in names(directory) {
        let path = directory.join(&name);
        if path.is_dir() {
            all.extend(below(&path, &format!("{prefix}{name}/")));
        }
        all.push(format!("{prefix}{name}"));
    }
    all
}

/// Checks that what was sent to `a/b/up` is directly in there under the name that was answered, or was refused.
#[track_caller]
fn check(server: &Server, name: &str, answer: &Answer) {
    assert!(
        [200, 400, 422].contains(&answer.status),
        "{name}: {}",
        answer.text()
    );
    if answer.status == 200 {
        let path = answer.json()["path"]
            .as_str()
            .expect("it has a path")
            .to_owned();
        let up = server.at("a/b/up/");
        let file = path
            .strip_prefix(&up)
            .unwrap_or_else(|| panic!("{name}: {path}"));
        assert!(!file.contains('/'), "{name}: {path}");
    } else {
        answer.detail();
    }
    let all = below(server.home.path(), "");
    let out: Vec<&String> = all
        .iter()
        .filter(|path| {
            let ours = ["work", "work/a", "work/a/b", "work/a/b/up"].contains(&path.as_str());
            let theirs = ["config", "state", "cache", "tmp", "server-output.txt"];
            let theirs = theirs.iter().any(|name| path.starts_with(name));
            !ours && !theirs && !path.starts_with("work/a/b/up/")
        })
        .collect();
    assert!(out.is_empty(), "{name}: {out:?}");
    let inside = names(server.at("a/b/up"));
    assert!(inside.len() <= 1, "{name}: {inside:?}");
    assert!(
        !Path::new("/etc/evil").exists() && !Path::new("/evil").exists(),
        "{name}"
    );
    for file in inside {
        let query = [("path", server.at(&format!("a/b/up/{file}")))];
        let query = [("path", query[0].1.as_str())];
        server.files("DELETE", "delete", &query).send().expect(200);
    }
}

#[test]
fn no_name_leads_out_of_the_directory() {
    let server = Server::spawn();
    fs::create_dir_all(server.at("a/b/up")).expect("the home is writable");
    for name in NAMES {
        let text = String::from_utf8_lossy(name).into_owned();
        let quoted = [b"filename=\"", name, b"\""].concat();
        check(
            &server,
            &text,
            &send(&server, "a/b/up", &form(&quoted, b"x")),
        );
        let star = format!(
            "filename*=UTF-8''{}",
            crate::support::files::encoded(&text).replace('/', "%2F")
        );
        check(
            &server,
            &star,
            &send(&server, "a/b/up", &form(star.as_bytes(), b"x")),
        );
        let both = [&quoted[..], b"; ", star.as_bytes()].concat();
        check(
            &server,
            "both",
            &send(&server, "a/b/up", &form(&both, b"x")),
        );
        let query = [("directory", server.at("a/b/up"))];
        let query = [
            ("directory", query[0].1.as_str()),
            ("filename", text.as_str()),
            ("offset", "0"),
            ("size", "1"),
        ];
        let part = server.files("PUT", "upload/an-id", &query);
        check(&server, &format!("part {text}"), &part.bytes(b"x").send());
    }
    let long = [b"filename=\"", "n".repeat(5_000).as_bytes(), b"\""].concat();
    check(
        &server,
        "long",
        &send(&server, "a/b/up", &form(&long, b"x")),
    );
}

#[test]
fn a_name_that_is_not_utf8_can_be_given_as_it_is_shown() {
    let server = Server::spawn();
    let name = OsStr::from_bytes(b"caf\xe9 \xff.txt");
    let shown = shown(name);
    let quoted = format!("filename=\"{shown}\"");
    let sent = send(&server, "up", &form(quoted.as_bytes(), b"content\n"));
    let answer = sent.expect(200).json();
    let path = server.home.work().join("up").join(name);
    assert_eq!(fs::read(path).expect("it is there"), b"content\n");
    let path = answer["path"].as_str().expect("it has a path");
    assert_eq!(
        server.seen("read", &[("path", path)])["content"],
        "content\n"
    );
    let listed = server.seen("list", &[("directory", "up")]);
    assert_eq!(listed["entries"][0]["name"], shown.as_str());
}

#[test]
fn a_name_in_bytes_that_are_no_text_is_kept_or_refused() {
    let server = Server::spawn();
    let quoted = b"filename=\"caf\xe9.txt\"";
    let answer = send(&server, "up", &form(quoted, b"content\n"));
    if answer.status == 200 {
        let answer = answer.json();
        let path = answer["path"].as_str().expect("it has a path");
        assert_eq!(
            server.seen("read", &[("path", path)])["content"],
            "content\n"
        );
        return;
    }
    assert!([400, 422].contains(&answer.status), "{}", answer.text());
    answer.detail();
    let up = server.home.work().join("up");
    assert!(!up.exists() || names(up).is_empty());
}
