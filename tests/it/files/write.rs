//! Writing: what is expected is checked, what is there is kept, and nobody sees a half-written file.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::support::files::{hash, names};
use crate::support::{Answer, Home, Server, needs_mounts, needs_root};

/// A write of `f` that expects what is there to have this hash.
fn expecting(server: &Server, content: &str, expected: &str) -> Answer {
    let body = json!({ "path": "f", "content": content, "expected_hash": expected });
    server.post("write", &body)
}

#[test]
fn what_is_written_is_there_and_its_size_and_hash_are_told() {
    let server = Server::spawn();
    for content in [
        "",
        "one\n",
        "crlf\r\ncr\r",
        "\u{feff}bom",
        "nul \0 \u{1f642}",
    ] {
        let answer = server.write("new/sub/f", content).expect(200).json();
        let path = server.home.work().join("new/sub/f");
        assert_eq!(fs::read(&path).expect("it is there"), content.as_bytes());
        let path = path.display().to_string();
        let hash = hash(content.as_bytes());
        assert_eq!(
            answer,
            json!({ "path": path, "size": content.len(), "content_hash": hash })
        );
        let read = server.seen("read", &[("path", "new/sub/f")]);
        assert_eq!(read["content_hash"], answer["content_hash"]);
    }
    assert_eq!(names(server.home.work().join("new/sub")), ["f"]);
}

#[test]
fn a_file_that_is_not_as_expected_stays_and_its_hash_is_told() {
    let server = Server::spawn();
    let path = server.put("f", "first");
    let refused = expecting(&server, "mine", &hash(b"another")).expect(409);
    assert_eq!(refused.json()["content_hash"], hash(b"first"));
    assert!(refused.detail().contains('f'));
    assert_eq!(fs::read(&path).expect("it is there"), b"first");

    expecting(&server, "second", &hash(b"first")).expect(200);
    expecting(&server, "third", &hash(b"second").to_uppercase()).expect(200);
    expecting(&server, "third", &hash(b"second")).expect(409);
    assert_eq!(fs::read(&path).expect("it is there"), b"third");

    fs::remove_file(&path).expect("it is there");
    let gone = expecting(&server, "fourth", &hash(b"third")).expect(409);
    assert_eq!(gone.json()["content_hash"], Value::Null);
    assert!(names(server.home.work()).is_empty(), "nothing was made");
}

#[test]
fn of_many_writers_with_the_same_expectation_exactly_one_wins() {
    let server = Server::spawn();
    let path = server.put("f", "0");
    for round in 0..15 {
        let expected = hash(&fs::read(&path).expect("it is there"));
        let won: Vec<String> = std::thread::scope(|scope| {
            let write = |n: i32| {
                let content = format!("{round} by {n} {}", "x".repeat(50_000));
                let answer = expecting(&server, &content, &expected);
                assert!([200, 409].contains(&answer.status), "{}", answer.text());
                (answer.status == 200).then_some(content)
            };
            let threads: Vec<_> = (0..6).map(|n| scope.spawn(move || write(n))).collect();
            let results = threads
                .into_iter()
                .map(|thread| thread.join().expect("no panic"));
            results.flatten().collect()
        });
        assert_eq!(won.len(), 1, "in round {round}");
        assert!(fs::read(&path).expect("it is there") == won[0].as_bytes());
    }
}

#[test]
fn readers_see_one_of_the_contents_whole_while_two_write() {
    let server = Server::spawn();
    let contents = ["a".repeat(300_000), "b".repeat(200_000)];
    let path = server.put("f", &contents[0]);
    let done = AtomicBool::new(false);
    let whole = |content: &[u8]| contents.iter().any(|one| one.as_bytes() == content);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) || reads < 20 {
                let content = fs::read(&path).expect("it is always there");
                assert!(whole(&content), "{} bytes, half written", content.len());
                reads += 1;
            }
        });
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let answer = server.seen("read", &[("path", "f")]);
                let content = answer["content"].as_str().expect("it is text");
                assert!(whole(content.as_bytes()), "{} bytes", content.len());
            }
        });
        let writers: Vec<_> = contents
            .iter()
            .map(|content| {
                let server = &server;
                scope.spawn(move || {
                    for _ in 0..25 {
                        server.write("f", content).expect(200);
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().expect("no panic");
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(names(server.home.work()), ["f"], "no temporary is left");
}

#[test]
fn mode_and_owner_stay_and_what_is_new_is_ordinary() {
    let server = Server::spawn();
    let path = server.put("f", "old");
    for mode in [0o755, 0o600, 0o444, 0o666] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("it is ours");
        server.write("f", "new").expect(200);
        let now = fs::metadata(&path).expect("it is there").mode() & 0o7777;
        assert_eq!(now, mode, "{now:o} instead of {mode:o}");
    }
    if needs_root() {
        chown(&path, Some(1234), Some(2345)).expect("we are root");
        server.write("f", "newer").expect(200);
        let now = fs::metadata(&path).expect("it is there");
        assert_eq!((now.uid(), now.gid()), (1234, 2345));
    }
    server.write("new", "x").expect(200);
    let new = fs::metadata(server.at("new")).expect("it is there").mode() & 0o777;
    let like = fs::metadata(server.put("like", "x"))
        .expect("it is there")
        .mode()
        & 0o777;
    assert_eq!(new, like, "as any program would make it");
}

#[test]
fn a_link_stays_a_link_and_the_file_behind_it_changes() {
    let server = Server::spawn();
    let real = server.put("elsewhere/real", "old");
    let at = |name: &str| server.home.work().join(name);
    for (target, name) in [("elsewhere/real", "link"), ("link", "twice")] {
        symlink(target, at(name)).expect("the home is writable");
        server.write(name, &format!("by {name}")).expect(200);
        let content = fs::read_to_string(&real).expect("it is there");
        assert_eq!(content, format!("by {name}"));
        assert!(
            fs::symlink_metadata(at(name))
                .expect("it is there")
                .is_symlink()
        );
    }
    symlink("elsewhere/made", at("dangling")).expect("the home is writable");
    server.write("dangling", "made").expect(200);
    assert_eq!(
        fs::read(at("elsewhere/made")).expect("it was made"),
        b"made"
    );
    fs::hard_link(&real, at("hard")).expect("the home is writable");
    server.write("hard", "both").expect(200);
    assert_eq!(fs::read(&real).expect("it is there"), b"both");
    assert_eq!(names(at("elsewhere")), ["made", "real"]);
    assert_eq!(
        names(at("")),
        ["dangling", "elsewhere", "hard", "link", "twice"]
    );
}

#[test]
fn what_cannot_be_written_is_refused_and_changes_nothing() {
    let server = Server::spawn();
    server.put("plain", "kept");
    server.put("d/inside", "");
    symlink("loop", server.at("loop")).expect("the home is writable");
    let long = "n".repeat(300);
    for path in [
        "d",
        "",
        "plain/child",
        "loop",
        long.as_str(),
        "d/loop/../../d",
    ] {
        let detail = server.write(path, "x").expect(400).detail();
        assert!(detail.len() > 10, "{detail}");
    }
    assert_eq!(names(server.home.work()), ["d", "loop", "plain"]);
    assert_eq!(fs::read(server.at("plain")).expect("it is there"), b"kept");
}

/// A server of which `disk` in the working directory is 1 MiB large.
fn on_a_small_disk() -> Server {
    let home = Home::new();
    let disk = home.work().join("disk").display().to_string();
    fs::create_dir(&disk).expect("the home is writable");
    let mount = format!("mount -t tmpfs -o size=1m tmpfs '{disk}' && exec \"$0\" \"$@\"");
    let builder = Server::builder().home(&home).env("DISK", &disk);
    builder
        .under(&["unshare", "--mount", "sh", "-c", &mount])
        .start()
}

#[test]
fn on_a_full_disk_the_old_content_stays_and_nothing_is_left_over() {
    if !needs_mounts() {
        return;
    }
    let server = on_a_small_disk();
    let large = "x".repeat(2_000_000);
    server.write("disk/f", "old").expect(200);
    server
        .run("ln $DISK/f $DISK/hard; echo 1 > $DISK/other")
        .expect_exit(0);
    let detail = server.write("disk/f", &large).expect(507).detail();
    assert!(detail.contains("room"), "{detail}");
    server.write("disk/other", &large).expect(507);
    server.write("disk/new", &large).expect(507);
    let grow = json!([{ "target": "1", "replacement": large }]);
    let body = json!({ "path": "disk/other", "replacements": grow });
    server.post("replace", &body).expect(507);
    let form = super::upload::form(b"filename=\"up\"", large.as_bytes());
    super::upload::send(&server, "disk", &form).expect(507);
    let query = [
        ("directory", "disk"),
        ("filename", "part"),
        ("offset", "0"),
        ("size", "2000000"),
    ];
    let part = server.files("PUT", "upload/an-id", &query);
    part.bytes(large.as_bytes()).send().expect(507);
    server.files("DELETE", "upload/an-id", &query[..2]).send();
    let left = server
        .run("cd $DISK && ls -1A && cat f hard other")
        .expect_exit(0);
    assert_eq!(left.output(), "f\r\nhard\r\nother\r\noldold1\r\n");
    server.write("disk/f", "there is room").expect(200);
}

#[test]
fn writes_can_be_made_to_wait_for_the_disk() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_FSYNC_WRITES", "true")
        .start();
    server.write("f", "one two\n").expect(200);
    let chunk = json!({ "target": "two", "replacement": "2" });
    let body = json!({ "path": "f", "replacements": [chunk] });
    server.post("replace", &body).expect(200);
    let form = super::upload::form(b"filename=\"g\"", b"sent");
    super::upload::send(&server, "", &form).expect(200);
    assert_eq!(fs::read(server.at("f")).expect("it is there"), b"one 2\n");
    assert_eq!(fs::read(server.at("g")).expect("it is there"), b"sent");
}
