//! Directories: what is in them, page by page, whatever the names are and however many.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use crate::support::files::{shown, texts};
use crate::support::load::{GROWTH, Peak};
use crate::support::{Home, Server, variables};

#[test]
fn entries_say_what_they_are() {
    let server = Server::spawn();
    server.put("d/b.txt", "12345");
    server.put("d/A/inside", "");
    symlink("b.txt", server.at("d/link")).expect("the home is writable");
    symlink("A", server.at("d/todir")).expect("the home is writable");
    symlink("nowhere", server.at("d/broken")).expect("the home is writable");
    let listed = server.seen("list", &[("directory", "d")]);
    assert_eq!(listed["dir"], server.at("d"));
    assert_eq!(listed["writable"], true);
    assert!(
        listed.get("truncated").is_none(),
        "older clients see no change"
    );
    let entries = listed["entries"].as_array().expect("it is a list");
    let found: Vec<(&Value, &Value)> = entries.iter().map(|e| (&e["name"], &e["type"])).collect();
    let expected = [
        ("A", "directory"),
        ("b.txt", "file"),
        ("link", "file"),
        ("todir", "directory"),
    ];
    assert_eq!(json!(found), json!(expected));
    assert_eq!(entries[1]["size"], 5);
    assert!(entries[1]["modified"].as_f64() > Some(1e9));
    server.look("list", &[("directory", "none")]).expect(404);
    server.look("list", &[("directory", "d/b.txt")]).expect(404);
}

/// Fills `many` with so many empty files.
fn crowd(home: &Home, count: usize) {
    let many = home.work().join("many");
    fs::create_dir(&many).expect("the home is writable");
    let at = |n: usize| many.join(format!("{n:07}"));
    for n in 0..count {
        // Links to one file are made and removed faster than files; a file may have only so many.
        let first = n - n % 20_000;
        if n == first {
            File::create(at(n)).expect("the home is writable");
        } else {
            fs::hard_link(at(first), at(n)).expect("the home is writable");
        }
    }
}

/// Reads `many` in pages of so many entries and checks that they add up.
fn pages(server: &Server, count: usize, limit: usize) {
    let mut all = BTreeSet::new();
    let mut last = String::new();
    let limit_text = limit.to_string();
    let mut offset = 0;
    loop {
        let from = offset.to_string();
        let query = [
            ("directory", "many"),
            ("offset", from.as_str()),
            ("limit", limit_text.as_str()),
        ];
        let page = server.seen("list", &query);
        let names = texts(&page["entries"], "name");
        assert!(names.len() <= limit && names.is_sorted());
        assert!(
            names.first() > Some(&last) || names.is_empty(),
            "pages follow each other"
        );
        last = names.last().cloned().unwrap_or(last);
        let there = names.len();
        all.extend(names);
        if page.get("next_offset").is_none_or(Value::is_null) {
            break;
        }
        assert_eq!(
            (&page["truncated"], &page["total"]),
            (&json!(true), &json!(count))
        );
        offset += there;
        assert_eq!(page["next_offset"], offset);
    }
    assert_eq!(all.len(), count);
}

#[test]
fn the_pages_of_100_000_entries_add_up_and_take_little_memory() {
    let server = Server::spawn();
    crowd(&server.home, 100_000);
    server.seen("list", &[]);
    let peak = Peak::of(&server);
    pages(&server, 100_000, 30_000);
    let whole = server.look("list", &[("directory", "many")]).expect(200);
    peak.expect_below(GROWTH);
    let whole = whole.json();
    assert_eq!(whole["entries"].as_array().map(Vec::len), Some(100_000));
    let beyond = server.seen("list", &[("directory", "many"), ("offset", "100001")]);
    assert_eq!(beyond["entries"], json!([]));
}

#[test]
fn a_million_entries_are_listed_and_searched() {
    let count = variables::number("OT_SOAK", 0);
    if count < 1_000_000 {
        eprintln!("skipped: set OT_SOAK=1000000 for a million entries");
        return;
    }
    let server = Server::spawn();
    crowd(&server.home, count);
    pages(&server, count, 100_000);
    for (what, query) in [
        ("glob", [("pattern", "0999999"), ("path", "many")]),
        ("search", [("query", "0999999"), ("path", "many")]),
        ("grep", [("query", "nothing"), ("path", "many")]),
        ("matches", [("query", "0999999"), ("path", "many")]),
    ] {
        server.seen(what, &query);
    }
}

#[test]
fn names_that_are_not_utf8_are_shown_and_name_their_file_again() {
    let server = Server::spawn();
    let odd: [&[u8]; 6] = [
        b"caf\xe9",
        b"\xff\xfe",
        b"half \xe6\x97",
        "private \u{efe9}".as_bytes(),
        b"\xed\xa0\x80",
        b"line\nbreak \"q\" \\ \x01",
    ];
    for (n, name) in odd.iter().enumerate() {
        let path = std::path::Path::new("d").join(OsStr::from_bytes(name));
        server.put(path, format!("needle {n}\n"));
    }
    let shown_odd = shown(OsStr::from_bytes(odd[0]));
    let names = texts(
        &server.seen("list", &[("directory", "d")])["entries"],
        "name",
    );
    assert_eq!(names.len(), odd.len(), "{names:?}");
    assert!(names.contains(&shown_odd), "{names:?}");
    let mut contents = BTreeSet::new();
    for name in &names {
        let path = format!("d/{name}");
        let read = server.seen("read", &[("path", path.as_str())]);
        contents.insert(read["content"].to_string());
        assert_eq!(read["path"], server.at(&path));
        assert_eq!(server.seen("stat", &[("path", path.as_str())])["size"], 9);
        server.look("view", &[("path", path.as_str())]).expect(200);
        server.write(&path, "new\n").expect(200);
        let moved = format!("{path}.moved");
        let body = json!({ "source": path, "destination": moved });
        server.post("move", &body).expect(200);
        server
            .files("DELETE", "delete", &[("path", moved.as_str())])
            .send()
            .expect(200);
    }
    assert_eq!(contents.len(), odd.len(), "each names a file of its own");
    assert_eq!(
        server.seen("list", &[("directory", "d")])["entries"],
        json!([])
    );
}
