//! What changed between two files.

use serde_json::{Value, json};

use crate::support::wire::Wire;
use crate::support::{Answer, Server, seconds};

fn compare(server: &Server, original: &str, revised: &str) -> Answer {
    server.post(
        "compare",
        &json!({ "original": original, "revised": revised }),
    )
}

#[test]
fn the_lines_that_changed_are_told_with_their_numbers() {
    let server = Server::spawn();
    let lines: Vec<String> = (1..=40).map(|n| format!("line {n}\n")).collect();
    server.put("a.txt", lines.concat());
    let edited = lines
        .concat()
        .replace("line 7\n", "line seven\n")
        .replace("line 30\n", "");
    server.put("b.txt", edited);
    let answer = compare(&server, "a.txt", "b.txt").expect(200).json();
    assert_eq!(
        (&answer["additions"], &answer["deletions"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(answer["original"]["path"], server.at("a.txt"));
    let hunks = answer["hunks"].as_array().expect("it is a list");
    assert_eq!(hunks.len(), 2);
    let of = |kind: &str| -> Vec<&Value> {
        let lines = hunks
            .iter()
            .flat_map(|hunk| hunk["lines"].as_array().expect("it is a list"));
        lines.filter(|line| line["type"] == kind).collect()
    };
    let removed: Vec<(&Value, &Value)> = of("removed")
        .iter()
        .map(|l| (&l["oldNumber"], &l["content"]))
        .collect();
    assert_eq!(json!(removed), json!([(7, "line 7"), (30, "line 30")]));
    assert_eq!(of("added")[0]["newNumber"], 7);
    let same = compare(&server, "a.txt", "a.txt").expect(200).json();
    assert_eq!(
        (&same["additions"], &same["hunks"]),
        (&json!(0), &json!([]))
    );
}

#[test]
fn what_cannot_be_compared_is_refused_with_a_reason() {
    let server = Server::spawn();
    server.put("a.txt", "text\n");
    server.put("binary", b"\x00\xff\xfe\x80");
    server.put("long", "x\n".repeat(50_001));
    server.put("d/inside", "");
    let large = server.put("large", "");
    let file = std::fs::File::options()
        .write(true)
        .open(large)
        .expect("it is ours");
    file.set_len((50 << 20) + 1).expect("it may be sparse");
    for (other, statuses) in [
        ("none", &[404][..]),
        ("d", &[404, 400]),
        ("binary", &[422]),
        ("long", &[422]),
        ("large", &[413, 422]),
        ("/dev/zero", &[400, 404, 422]),
    ] {
        for (original, revised) in [("a.txt", other), (other, "a.txt")] {
            let answer = compare(&server, original, revised);
            assert!(
                statuses.contains(&answer.status),
                "{other}: {}",
                answer.text()
            );
            assert!(answer.detail().len() > 10);
        }
    }
}

#[test]
fn many_equal_lines_take_no_time() {
    let server = Server::spawn();
    server.put("a", "same\n".repeat(50_000));
    server.put("b", format!("{}other\n", "same\n".repeat(49_999)));
    let start = std::time::Instant::now();
    let answer = compare(&server, "a", "b").expect(200).json();
    assert_eq!(
        (&answer["additions"], &answer["deletions"]),
        (&json!(1), &json!(1))
    );
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn four_are_compared_at_once_and_others_wait() {
    let server = Server::spawn();
    // Long enough that no socket takes the answer, and quick to compare.
    for (name, letter) in [("old", "\""), ("new", "\\")] {
        let line = letter.repeat(4_900) + "\n";
        server.put(name, line.repeat(400));
    }
    let body = json!({ "original": "old", "revised": "new" });
    let ask = || Wire::json(&server, "/files/compare", &body);
    let mut held: Vec<_> = (0..4)
        .map(|_| ask().answer().expect("it begins at once"))
        .collect();
    let mut fifth = ask();
    fifth.patience(seconds(2));
    let still = fifth.answer();
    assert!(still.is_err(), "it has to wait");
    let sixth = ask();
    held.pop();
    assert_eq!(sixth.answer().expect("its turn has come").status(), 200);
}
