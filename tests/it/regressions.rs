//! Bugs that were found once and must not come back.
//!
//! To add one: a test named after what a user would see when the bug is there, with a first line
//! that says what was wrong.

use serde_json::json;

use crate::support::Server;

/// SIGXFSZ was not ignored, and its default action ends the process.
#[test]
fn a_file_past_the_limit_on_sizes_ends_the_server() {
    let server = Server::builder()
        .under(&["prlimit", "--fsize=1000000"])
        .start();
    let body = json!({ "path": "large.txt", "content": "x".repeat(3_000_000) });
    let answer = server.ask("POST", "/files/write").json(&body).send();
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("File too large"), "{answer:?}");
    assert_eq!(server.get("/health").status, 200);
    let left = std::fs::read_dir(server.home.work()).expect("it is there");
    assert_eq!(left.count(), 0);
}
