//! What is said about one path, of whatever type.

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use nix::sys::stat::Mode;
use nix::unistd::{getgid, getuid, mkfifo};

use crate::support::Server;

#[test]
fn every_type_of_file_is_named() {
    let server = Server::spawn();
    let path = server.put("d/f.json", "{}\n");
    fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("it is ours");
    symlink("f.json", server.at("d/link")).expect("the home is writable");
    symlink("nowhere", server.at("d/dangling")).expect("the home is writable");
    symlink("loop", server.at("d/loop")).expect("the home is writable");
    symlink("/dev/zero", server.at("d/zero")).expect("the home is writable");
    mkfifo(&server.home.work().join("d/pipe"), Mode::S_IRWXU).expect("the home is writable");
    let _socket = UnixListener::bind(server.at("d/socket")).expect("the home is writable");
    let mut types = vec![
        ("d/f.json".to_owned(), "file"),
        ("d/link".to_owned(), "file"),
        ("d".to_owned(), "directory"),
        ("/".to_owned(), "directory"),
        ("d/pipe".to_owned(), "fifo"),
        ("d/socket".to_owned(), "socket"),
        ("/dev/null".to_owned(), "char_device"),
        ("d/zero".to_owned(), "char_device"),
        ("d/dangling".to_owned(), "symlink"),
        ("d/loop".to_owned(), "symlink"),
    ];
    let devices = fs::read_dir("/dev").expect("there is /dev").flatten();
    let is_block =
        |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_block_device());
    if let Some(block) = devices.into_iter().find(is_block) {
        types.push((block.path().display().to_string(), "block_device"));
    }
    for (path, kind) in types {
        let stat = server.seen("stat", &[("path", path.as_str())]);
        assert_eq!(stat["type"], kind, "{stat}");
    }
    let stat = server.seen("stat", &[("path", "d/f.json")]);
    assert_eq!(stat["path"], server.at("d/f.json"));
    assert_eq!(stat["name"], "f.json");
    assert_eq!(stat["size"], 3);
    assert_eq!(stat["mode"], "0640");
    assert_eq!(stat["media_type"], "application/json");
    assert_eq!(stat["writable"], true);
    assert_eq!(stat["uid"], getuid().as_raw());
    assert_eq!(stat["gid"], getgid().as_raw());
    assert!(
        stat["owner"].is_string() && stat["group"].is_string(),
        "{stat}"
    );
    assert!(stat["modified"].as_f64() > Some(1e9), "{stat}");
    assert_eq!(
        server.seen("stat", &[("path", "d/link")])["link_target"],
        "f.json"
    );
    let dangling = server.seen("stat", &[("path", "d/dangling")]);
    assert_eq!(dangling["link_target"], "nowhere");
}

#[test]
fn what_is_not_there_is_not_found() {
    let server = Server::spawn();
    server.put("plain", "");
    for path in ["none", "none/below", "plain/below"] {
        let detail = server.look("stat", &[("path", path)]).expect(404).detail();
        assert!(detail.len() > 10, "{detail}");
    }
    server.look("stat", &[]).expect(422);
}

#[test]
fn display_says_whether_a_file_is_there() {
    let server = Server::spawn();
    server.put("f", "");
    for (path, exists) in [("f", true), ("none", false)] {
        let shown = server.seen("display", &[("path", path)]);
        assert_eq!(shown["path"], server.at(path));
        assert_eq!(shown["exists"], exists);
    }
}
