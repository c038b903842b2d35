//! Files: what a client reads, writes, moves, sends and watches under `/files`.

/// Archives: whole whatever is in the tree, streamed, stopped when nobody reads.
mod archive;
/// Answers that must not drown a model.
mod budget;
/// What changed between two files.
mod compare;
/// Directories, also very large ones.
mod list;
/// Paths that are no files to be read or written: always an answer, never a wait.
mod odd;
/// Uploads in parts that go on after a break.
mod parts;
/// Reading text.
mod read;
/// Replacing text in files.
mod replace;
/// What is said about one path.
mod stat;
/// Making, deleting and moving.
mod tree;
/// Uploads as forms send them.
mod upload;
/// Names in uploads that would lead elsewhere.
mod upload_names;
/// Files as a browser gets them: ranges, and nothing sent twice.
mod view;
/// Being told of changes.
mod watch;
/// Writing: nothing lost, nothing half done.
mod write;

use std::fs;

use serde_json::json;

use crate::support::Server;

#[test]
fn nothing_is_done_without_the_key() {
    let server = Server::spawn();
    let kept = server.put("kept.txt", "kept\n");
    let query = [("path", "kept.txt")];
    for what in [
        "list", "read", "stat", "display", "view", "grep", "glob", "search", "matches", "watch",
    ] {
        server
            .files("GET", what, &query)
            .without_key()
            .send()
            .expect(401);
    }
    for what in [
        "write", "replace", "mkdir", "move", "compare", "upload", "archive",
    ] {
        let ask = server.files("POST", what, &query).without_key();
        ask.json(&json!({ "path": "kept.txt", "content": "" }))
            .send()
            .expect(401);
    }
    let ask = server.files("DELETE", "delete", &query).without_key();
    ask.send().expect(401);
    let ask = server.files("GET", "serve/kept.txt", &[]).without_key();
    ask.send().expect(401);
    for method in ["GET", "PUT", "DELETE"] {
        let ask = server.files(method, "upload/some-id", &query).without_key();
        ask.send().expect(401);
    }
    assert_eq!(fs::read(kept).expect("it is still there"), b"kept\n");
}

#[test]
fn relative_paths_start_where_the_session_is() {
    let server = Server::spawn();
    server.put("there/note.txt", "a needle\n");
    let go = json!({ "path": server.at("there") });
    let ask = server.files("POST", "cwd", &[]).header("x-session-id", "s");
    ask.json(&go).send().expect(200);
    let get = |what: &str, query: &[(&str, &str)]| {
        let ask = server.files("GET", what, query);
        ask.header("x-session-id", "s").send().expect(200).json()
    };
    let post = |what: &str, body| {
        let ask = server.files("POST", what, &[]).header("x-session-id", "s");
        ask.json(&body).send().expect(200).json()
    };
    assert_eq!(
        get("read", &[("path", "note.txt")])["content"],
        "a needle\n"
    );
    assert_eq!(get("stat", &[("path", "note.txt")])["size"], 9);
    assert_eq!(get("list", &[])["entries"][0]["name"], "note.txt");
    assert_eq!(get("grep", &[("query", "needle")])["matches"][0]["line"], 1);
    assert_eq!(
        get("glob", &[("pattern", "*")])["matches"][0]["path"],
        "note.txt"
    );
    assert_eq!(
        get("search", &[("query", "note")])["results"][0]["name"],
        "note.txt"
    );
    assert_eq!(
        get("matches", &[("query", "needle")])["results"][0]["name"],
        "note.txt"
    );
    post("write", json!({ "path": "new.txt", "content": "x" }));
    post(
        "replace",
        json!({ "path": "new.txt", "replacements": [{ "target": "x", "replacement": "y" }] }),
    );
    let new = server.home.work().join("there/new.txt");
    assert_eq!(fs::read(new).expect("it was written there"), b"y");
    // What the file browser asks for starts at home, as its paths are absolute.
    server.look("view", &[("path", "note.txt")]).expect(404);
    server
        .look("view", &[("path", "there/note.txt")])
        .expect(200);
}
