//! Making, deleting and moving: nothing is overwritten, nothing beyond what was named goes.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::support::files::names;
use crate::support::{Answer, Server};

fn delete(server: &Server, path: &str) -> Answer {
    server.files("DELETE", "delete", &[("path", path)]).send()
}

fn rename(server: &Server, source: &str, destination: &str) -> Answer {
    server.post(
        "move",
        &json!({ "source": source, "destination": destination }),
    )
}

#[test]
fn a_directory_is_made_with_those_above_it() {
    let server = Server::spawn();
    for path in ["a/b/c", "a/b/c", "a/", "x/../y", "\u{fc} \u{1f642}"] {
        server.post("mkdir", &json!({ "path": path })).expect(200);
    }
    assert!(server.home.work().join("a/b/c").is_dir());
    assert_eq!(names(server.home.work()), ["a", "y", "\u{fc} \u{1f642}"]);
    server.put("plain", "");
    for path in ["plain", "plain/below"] {
        server.post("mkdir", &json!({ "path": path })).expect(400);
    }
}

#[test]
fn deleting_takes_what_was_named_and_follows_no_link() {
    let server = Server::spawn();
    server.put("tree/sub/f", "x");
    let kept = server.put("kept/f", "kept");
    symlink("../kept", server.at("tree/out")).expect("the home is writable");
    symlink("kept", server.at("link")).expect("the home is writable");
    symlink("kept/f", server.at("tofile")).expect("the home is writable");
    symlink("nowhere", server.at("dangling")).expect("the home is writable");
    let answer = delete(&server, "tree").expect(200).json();
    assert_eq!(
        answer,
        json!({ "path": server.at("tree"), "type": "directory" })
    );
    delete(&server, "tree").expect(404);
    delete(&server, "link").expect(400);
    delete(&server, "dangling").expect(404);
    assert_eq!(delete(&server, "tofile").expect(200).json()["type"], "file");
    assert_eq!(fs::read(kept).expect("it is there"), b"kept");
    assert_eq!(names(server.home.work()), ["dangling", "kept", "link"]);
}

#[test]
fn the_home_directory_and_what_is_above_it_are_not_deleted() {
    let server = Server::spawn();
    let kept = server.put("kept", "kept");
    let home = server.at("");
    let above = server.home.path().display().to_string();
    for path in ["", ".", "sub/..", home.as_str(), above.as_str(), ".."] {
        let answer = delete(&server, path);
        assert!(
            [400, 403, 422].contains(&answer.status),
            "{path}: {}",
            answer.status
        );
        assert!(answer.detail().len() > 10);
        assert!(kept.exists(), "{path} was deleted");
    }
}

#[test]
fn a_tree_of_3000_levels_is_deleted() {
    let server = Server::spawn();
    let program = "import os\nfor _ in range(3000): os.mkdir('d'); os.chdir('d')";
    let status = Command::new("python3")
        .args(["-c", program])
        .current_dir(server.home.work())
        .status();
    assert!(status.expect("python3 is installed").success());
    // On the way: whoever walks through it comes back.
    for what in ["glob", "search", "grep", "matches"] {
        let query = [("pattern", "nothing"), ("query", "nothing"), ("path", "d")];
        server.look(what, &query).expect(200);
    }
    server
        .post("archive", &json!({ "paths": ["d"] }))
        .expect(200);
    delete(&server, "d").expect(200);
    assert!(names(server.home.work()).is_empty());
}

#[test]
fn moving_overwrites_nothing_and_a_second_time_finds_nothing() {
    let server = Server::spawn();
    server.put("a", "a");
    server.put("b", "b");
    server.put("d/inside", "");
    for destination in ["b", "d", "a", "d/"] {
        rename(&server, "a", destination).expect(409);
    }
    rename(&server, "a", "no/such/place").expect(400);
    rename(&server, "a", "b/below").expect(400);
    rename(&server, "d", "d/into/itself").expect(400);
    rename(&server, "a", "A").expect(200);
    rename(&server, "a", "A").expect(404);
    rename(&server, "d", "A-directory").expect(200);
    assert_eq!(names(server.home.work()), ["A", "A-directory", "b"]);
    assert_eq!(fs::read(server.at("b")).expect("it is there"), b"b");
}

#[test]
fn of_two_moves_to_one_name_one_is_refused_and_nothing_is_lost() {
    let server = Server::spawn();
    for round in 0..20 {
        for n in 0..4 {
            server.put(format!("{round}/{n}"), n.to_string());
        }
        let destination = format!("{round}/there");
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let go = |n| rename(&server, &format!("{round}/{n}"), &destination).status;
            let threads: Vec<_> = (0..4).map(|n| scope.spawn(move || go(n))).collect();
            let results = threads
                .into_iter()
                .map(|thread| thread.join().expect("no panic"));
            results.collect()
        });
        let moved = statuses.iter().filter(|&&status| status == 200).count();
        assert_eq!(moved, 1, "{statuses:?}");
        assert_eq!(names(server.at(&round.to_string())).len(), 4);
    }
}

#[test]
fn a_tree_is_moved_to_another_file_system_as_it_was() {
    let server = Server::spawn();
    let Ok(other) = tempfile::tempdir_in("/dev/shm") else {
        eprintln!("skipped: there is no /dev/shm to write to");
        return;
    };
    let device = |path: &Path| fs::metadata(path).expect("it is there").dev();
    if device(other.path()) == device(&server.home.work()) {
        eprintln!("skipped: /dev/shm is no other file system");
        return;
    }
    let script = server.put("tree/sub/script", "#!/bin/sh\n");
    fs::set_permissions(&script, Permissions::from_mode(0o750)).expect("it is ours");
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    let file = fs::File::options()
        .write(true)
        .open(&script)
        .expect("it is ours");
    file.set_modified(then).expect("it is ours");
    symlink("sub/script", server.at("tree/link")).expect("the home is writable");
    fs::create_dir(server.at("tree/empty")).expect("the home is writable");

    let there = other.path().join("moved");
    rename(&server, "tree", &there.display().to_string()).expect(200);
    assert!(names(server.home.work()).is_empty(), "the source is gone");
    assert_eq!(names(&there), ["empty", "link", "sub"]);
    let script = there.join("sub/script");
    let meta = fs::metadata(&script).expect("it is there");
    assert_eq!(meta.mode() & 0o777, 0o750);
    assert_eq!(meta.mtime(), 1_600_000_000);
    assert_eq!(fs::read(script).expect("it is there"), b"#!/bin/sh\n");
    let link = fs::read_link(there.join("link")).expect("it is a link");
    assert_eq!(link, Path::new("sub/script"));
}
