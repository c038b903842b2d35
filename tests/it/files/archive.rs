//! Archives: whole whatever is in the tree, streamed, stopped when nobody reads.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::time::{Duration, SystemTime};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::json;

use crate::support::files::{hash, noise, shown};
use crate::support::load::{GROWTH, Peak, becomes_busy, becomes_quiet};
use crate::support::wire::Wire;
use crate::support::zip::{Member, members, names};
use crate::support::{Answer, Server, seconds, variables};

fn archive(server: &Server, paths: &[&str]) -> Answer {
    server.post("archive", &json!({ "paths": paths }))
}

#[test]
fn every_file_of_a_tree_is_in_it_as_it_is() {
    let server = Server::spawn();
    let noise = noise(300_000, 1);
    let zeros = vec![0; 500_000];
    let files: [(&str, &[u8]); 6] = [
        ("tree/empty", b""),
        ("tree/text", b"some text\n"),
        ("tree/.hidden/deep/er", b"x"),
        ("tree/noise", &noise),
        ("tree/zeros", &zeros),
        ("tree/\u{65e5}\u{672c} \u{1f642}.txt", "\u{fc}".as_bytes()),
    ];
    for (name, content) in files {
        server.put(name, content);
    }
    let answer = archive(&server, &["tree"]).expect(200);
    assert_eq!(answer.header("content-type"), Some("application/zip"));
    assert_eq!(
        answer.header("content-disposition"),
        Some("attachment; filename=\"tree.zip\"")
    );
    assert!(answer.body.len() < 320_000, "{} bytes", answer.body.len());
    let found = members(&answer.body);
    assert_eq!(found.len(), files.len(), "{found:?}");
    for (name, content) in files {
        let it = |member: &&Member| member.name == name;
        let member = found.iter().find(it).expect("every file is in it");
        assert_eq!(member.size, content.len() as u64);
        assert_eq!(member.hash, hash(content), "{name}");
    }
    let again = archive(&server, &["tree"]).expect(200);
    assert!(again.body == answer.body, "the order is stable");
}

#[test]
fn what_is_no_file_is_left_out_and_stops_nothing() {
    let server = Server::spawn();
    server.put("tree/plain", "plain");
    server.put("tree/sub/f", "f");
    server.put("outside/secret", "");
    let at = |name: &str| server.home.work().join("tree").join(name);
    symlink("plain", at("link")).expect("the home is writable");
    symlink("sub", at("tosub")).expect("the home is writable");
    symlink("../outside", at("out")).expect("the home is writable");
    symlink("nowhere", at("dangling")).expect("the home is writable");
    symlink("loop", at("loop")).expect("the home is writable");
    symlink("/dev/zero", at("zero")).expect("the home is writable");
    mkfifo(&at("pipe"), Mode::S_IRWXU).expect("the home is writable");
    let _socket = UnixListener::bind(at("socket")).expect("the home is writable");
    fs::create_dir(at("empty")).expect("the home is writable");
    let answer = archive(&server, &["tree"]).expect(200);
    assert_eq!(
        names(&answer.body),
        ["tree/link", "tree/plain", "tree/sub/f"]
    );
    let empty = archive(&server, &["tree/empty"]).expect(200);
    assert!(names(&empty.body).is_empty());
    for path in ["tree/pipe", "tree/zero", "tree/socket"] {
        let answer = archive(&server, &[path]);
        assert!(
            [200, 400].contains(&answer.status),
            "{path}: {}",
            answer.status
        );
    }
    for paths in [
        &["tree/nothing"][..],
        &["tree", "nothing"],
        &["tree/dangling"],
    ] {
        archive(&server, paths).expect(404).detail();
    }
    archive(&server, &[]).expect(400);
}

#[test]
fn odd_names_and_dates_harm_neither_the_archive_nor_the_answer() {
    let server = Server::spawn();
    let odd: [&[u8]; 6] = [
        b"say \"hi\".txt",
        b"two\r\nX-Injected: yes",
        b"back\\slash",
        b"caf\xe9",
        "\u{65e5}\u{672c}".as_bytes(),
        b"a;b=c'd",
    ];
    for name in odd {
        let name = OsStr::from_bytes(name);
        server.put(format!("tree/{}", "plain"), "x");
        server.put(std::path::Path::new("tree").join(name), "odd");
        let text = shown(name);
        let answer = archive(&server, &[&format!("tree/{text}")]).expect(200);
        let found = members(&answer.body);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].hash, hash(b"odd"));
        let told = answer
            .headers
            .get("content-disposition")
            .expect("it has one");
        let told = String::from_utf8_lossy(told.as_bytes()).into_owned();
        assert!(told.starts_with("attachment; filename"), "{told}");
        assert!(answer.header("x-injected").is_none());
        if let Some((_, rest)) = told.split_once("filename=\"") {
            let (inner, _) = rest.rsplit_once('"').expect("the quote ends");
            let inner = inner.split("\"; filename*=").next().expect("there is one");
            assert!(!inner.replace("\\\"", "").contains('"'), "{told}");
        }
    }
    let all = archive(&server, &["tree"]).expect(200);
    assert_eq!(members(&all.body).len(), odd.len() + 1);

    for (name, seconds) in [("old", 100_000), ("late", 6_000_000_000)] {
        let file = File::create(server.at(name)).expect("the home is writable");
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        file.set_modified(then).expect("it is ours");
        let answer = archive(&server, &[name]).expect(200);
        let year = members(&answer.body)[0].year;
        assert!((1980..=2107).contains(&year), "{year}");
    }
}

#[test]
fn no_member_leads_out_of_where_it_is_unpacked() {
    let server = Server::spawn();
    server.put("a/b/f", "1");
    server.put("c/b/f", "2");
    let home = server.at("a/b");
    for paths in [
        &["a/.."][..],
        &["a/b/../../a"],
        &[""],
        &[home.as_str()],
        &["a/b", "c/b"],
    ] {
        let answer = archive(&server, paths);
        if answer.status == 400 {
            continue;
        }
        let found = members(&answer.expect(200).body);
        assert!(!found.is_empty(), "{paths:?}");
        for member in &found {
            let out =
                member.name.starts_with('/') || member.name.split('/').any(|part| part == "..");
            assert!(!out, "{paths:?}: {}", member.name);
        }
        if paths.len() == 2 {
            let mut hashes: Vec<&String> = found.iter().map(|member| &member.hash).collect();
            hashes.sort();
            hashes.dedup();
            assert_eq!(hashes.len(), 2, "both are in it: {found:?}");
        }
    }
}

#[test]
fn a_large_tree_is_streamed_in_little_memory() {
    let server = Server::spawn();
    for n in 0..1_500 {
        server.put(
            format!("tree/{}/{n}.txt", n % 40),
            format!("{n}\n").repeat(500),
        );
    }
    let big = File::create(server.at("tree/big")).expect("the home is writable");
    big.set_len(100_000_000).expect("it may be sparse");
    archive(&server, &["tree/1"]).expect(200);
    let peak = Peak::of(&server);
    let answer = archive(&server, &["tree"]).expect(200);
    peak.expect_below(GROWTH);
    assert_eq!(members(&answer.body).len(), 1_501);
}

#[test]
fn a_client_that_leaves_stops_the_work() {
    let server = Server::spawn();
    for n in 0..4 {
        let big = server.put(format!("tree/{n}"), "");
        let big = File::options().write(true).open(big).expect("it is ours");
        big.set_len(1 << 36).expect("it may be sparse");
    }
    for first in [0, 20_000] {
        let wire = Wire::json(&server, "/files/archive", &json!({ "paths": ["tree"] }));
        let mut incoming = wire.answer().expect("an answer comes");
        assert_eq!(incoming.status(), 200);
        incoming.first(first).expect("it begins");
        becomes_busy(&server);
        drop(incoming);
        becomes_quiet(&server, seconds(8));
    }
}

#[test]
fn a_client_that_does_not_read_costs_no_memory() {
    let server = Server::spawn();
    for n in 0..40 {
        server.put(format!("tree/{n}"), noise(1_000_000, n));
    }
    archive(&server, &["tree/1"]).expect(200);
    let peak = Peak::of(&server);
    let wire = Wire::json(&server, "/files/archive", &json!({ "paths": ["tree"] }));
    let incoming = wire.answer().expect("an answer comes");
    becomes_quiet(&server, seconds(30));
    peak.expect_below(GROWTH);
    drop(incoming);
    server.get("/health").expect(200);
}

#[test]
fn more_members_than_a_plain_archive_can_have() {
    let count = variables::number("OT_SOAK", 0).min(70_000);
    if count < 70_000 {
        eprintln!("skipped: set OT_SOAK=70000 for 70,000 members");
        return;
    }
    let server = Server::spawn();
    for n in 0..count {
        server.put(format!("tree/{}/{n}", n / 1_000), "");
    }
    let answer = archive(&server, &["tree"]).expect(200);
    assert_eq!(names(&answer.body).len(), count);
}
