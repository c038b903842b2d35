//! Uploads in parts: they go on where they were broken off, also after the server was started again.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::json;

use crate::support::files::{hash, names, noise, target};
use crate::support::wire::Wire;
use crate::support::{Answer, Server, seconds, wait_for};

/// Sends a part of `up/f`.
fn put(server: &Server, id: &str, offset: usize, size: usize, bytes: &[u8]) -> Answer {
    let (offset, size) = (offset.to_string(), size.to_string());
    let query = [
        ("directory", "up"),
        ("filename", "f"),
        ("offset", offset.as_str()),
        ("size", size.as_str()),
    ];
    server
        .files("PUT", &format!("upload/{id}"), &query)
        .bytes(bytes)
        .send()
}

/// Asks how far the upload of `up/f` is, or gives it up.
fn ask(server: &Server, method: &str, id: &str) -> Answer {
    let query = [("directory", "up"), ("filename", "f")];
    server.files(method, &format!("upload/{id}"), &query).send()
}

fn offset(server: &Server, id: &str) -> usize {
    let answer = ask(server, "GET", id).expect(200).json();
    assert_eq!(answer["id"], id);
    let offset = answer["offset"].as_u64().expect("an offset is a number");
    usize::try_from(offset).expect("it is small")
}

fn content() -> Vec<u8> {
    noise(3_000_000, 1)
}

#[test]
fn the_last_part_makes_the_file_and_not_before() {
    let server = Server::spawn();
    let path = server.put("up/f", "old");
    fs::set_permissions(&path, Permissions::from_mode(0o750)).expect("it is ours");
    let content = content();
    let size = content.len();
    for (from, to) in [
        (0, 1_000_000),
        (1_000_000, 1_000_001),
        (1_000_001, 2_999_999),
    ] {
        let answer = put(&server, "some-id_1", from, size, &content[from..to])
            .expect(200)
            .json();
        assert_eq!(answer["offset"], to);
        assert_eq!(answer["complete"], false);
        assert_eq!(offset(&server, "some-id_1"), to);
        assert_eq!(fs::read(&path).expect("it is there"), b"old");
    }
    let last = put(&server, "some-id_1", size - 1, size, &content[size - 1..])
        .expect(200)
        .json();
    assert_eq!(last["complete"], true);
    assert_eq!(last["path"], path.display().to_string());
    assert_eq!(
        (&last["size"], &last["offset"]),
        (&json!(size), &json!(size))
    );
    assert_eq!(last["content_hash"], hash(&content));
    assert!(fs::read(&path).expect("it is there") == content);
    let mode = fs::metadata(&path).expect("it is there").mode() & 0o777;
    assert_eq!(mode, 0o750, "as any other write keeps it");
    assert_eq!(names(server.at("up")), ["f"]);
}

#[test]
fn a_part_at_the_wrong_place_is_refused_and_the_right_one_told() {
    let server = Server::spawn();
    put(&server, "id", 0, 10, b"01234").expect(200);
    for wrong in [4, 6, 10] {
        let refused = put(&server, "id", wrong, 10, b"56789").expect(409);
        assert_eq!(refused.json()["offset"], 5);
        assert!(refused.detail().contains('5'));
    }
    let over = put(&server, "id", 5, 10, b"56789 and more");
    assert!([400, 413].contains(&over.status), "{}", over.text());
    let have = offset(&server, "id");
    assert!((5..=10).contains(&have), "{have}");
    put(&server, "id", have, 10, &b"0123456789"[have..]).expect(200);
    assert_eq!(
        fs::read(server.at("up/f")).expect("it is there"),
        b"0123456789"
    );
    put(&server, "empty", 0, 0, b"").expect(200);
    assert_eq!(fs::read(server.at("up/f")).expect("it is there"), b"");
    put(&server, "begun", 0, 10, b"wrong").expect(200);
    put(&server, "begun", 0, 10, b"anew").expect(200);
    assert_eq!(offset(&server, "begun"), 4, "at 0 it starts again");
    assert!(
        put(&server, "late", 7, 10, b"x").status == 409,
        "nothing is there yet"
    );
}

#[test]
fn it_goes_on_after_the_server_was_killed() {
    let mut server = Server::spawn();
    let content = content();
    let size = content.len();
    put(&server, "id", 0, size, &content[..1_234_567]).expect(200);
    server.crash();
    let home = server.home.clone();
    let server = Server::builder().home(&home).start();
    assert_eq!(offset(&server, "id"), 1_234_567);
    let last = put(&server, "id", 1_234_567, size, &content[1_234_567..]).expect(200);
    assert_eq!(last.json()["content_hash"], hash(&content));
    assert_eq!(names(server.at("up")), ["f"]);
}

#[test]
fn what_arrived_of_a_part_that_was_broken_off_stays() {
    let server = Server::spawn();
    let content = content();
    let size = content.len();
    let (length, total) = (size.to_string(), size.to_string());
    let query = [
        ("directory", "up"),
        ("filename", "f"),
        ("offset", "0"),
        ("size", total.as_str()),
    ];
    let headers = [("content-length", length.as_str())];
    let mut wire = Wire::open(&server, "PUT", &target("upload/id", &query), &headers);
    wire.send(&content[..2_000_000]).expect("it is taken");
    drop(wire);
    let have = wait_for("it is told how far it came", seconds(10), || {
        let answer = ask(&server, "GET", "id");
        // At 0 it would start again.
        if answer.status != 200 || answer.json()["offset"] == 0 {
            return None;
        }
        let have = offset(&server, "id");
        // While the broken-off request is still at work its part may be held.
        let rest = put(&server, "id", have, size, b"");
        (rest.status == 200 && offset(&server, "id") == have).then_some(have)
    });
    assert!(have <= 2_000_000, "{have}");
    assert!(!fs::exists(server.at("up/f")).expect("it can be looked for"));
    let last = put(&server, "id", have, size, &content[have..])
        .expect(200)
        .json();
    assert_eq!(last["content_hash"], hash(&content));
    assert!(fs::read(server.at("up/f")).expect("it is there") == content);
}

#[test]
fn parts_sent_at_the_same_time_do_not_mix() {
    let server = Server::spawn();
    let content = content();
    let size = content.len();
    for _ in 0..3 {
        put(&server, "id", 0, size, &content[..1_000_000]).expect(200);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let go = || put(&server, "id", 1_000_000, size, &content[1_000_000..]);
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(go)).collect();
            let results = threads
                .into_iter()
                .map(|thread| thread.join().expect("no panic"));
            results.collect()
        });
        let done = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(
            done,
            1,
            "{:?}",
            answers.iter().map(Answer::text).collect::<Vec<_>>()
        );
        assert!(
            answers
                .iter()
                .all(|answer| [200, 409].contains(&answer.status))
        );
        assert!(fs::read(server.at("up/f")).expect("it is there") == content);
        fs::remove_file(server.at("up/f")).expect("it is there");
        assert!(names(server.at("up")).is_empty());
    }
}

#[test]
fn a_part_that_is_refused_is_answered_however_long_it_is() {
    let server = Server::spawn();
    for _ in 0..5 {
        let answer = put(&server, "id", 5, 30_000_000, &vec![b'x'; 20_000_000]);
        assert_eq!(answer.expect(409).json()["offset"], 0);
    }
}

#[test]
fn one_that_is_given_up_leaves_nothing() {
    let server = Server::spawn();
    put(&server, "id", 0, 10, b"01234").expect(200);
    let answer = ask(&server, "DELETE", "id").expect(200).json();
    assert_eq!(answer, json!({ "id": "id", "status": "removed" }));
    assert!(names(server.at("up")).is_empty());
    let after = ask(&server, "GET", "id");
    let nothing = after.status == 404 || after.json()["offset"] == 0;
    assert!(nothing, "{}", after.text());
    let again = ask(&server, "DELETE", "id");
    assert!([200, 404].contains(&again.status), "{}", again.text());
}

#[test]
fn ids_that_are_no_plain_words_are_refused() {
    let server = Server::spawn();
    let long = "i".repeat(65);
    for id in [
        "..",
        "%2e%2e",
        "a%2Fb",
        "a b",
        "%00",
        "\u{e9}",
        long.as_str(),
        "a.b",
        "%E9",
    ] {
        let id = if id.contains('%') {
            id.to_owned()
        } else {
            crate::support::files::encoded(id)
        };
        let answer = put(&server, &id, 0, 1, b"x");
        assert!(
            [400, 404, 405, 422].contains(&answer.status),
            "{id}: {}",
            answer.text()
        );
    }
    let up = server.home.work().join("up");
    assert!(!up.exists() || names(up).is_empty());
}
