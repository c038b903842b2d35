//! Being told of changes: what happened, for as long as the client listens, and no longer.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use crate::support::events::Events;
use crate::support::files::shown;
use crate::support::{Server, eventually, processes, seconds};

/// How many inotify instances a server has.
fn instances(server: &Server) -> usize {
    let open = fs::read_dir(format!("/proc/{}/fd", server.pid)).expect("it runs");
    let links = open.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
    links
        .filter(|link| link.as_os_str().as_bytes().ends_with(b"inotify"))
        .count()
}

#[test]
fn every_change_of_a_directory_is_told() {
    let server = Server::spawn();
    fs::create_dir(server.at("d")).expect("the home is writable");
    let mut events = Events::open(&server, &[("path", "d")]);
    server.put("d/f", "");
    let event = events.change("created", "/d/f");
    assert_eq!(event.data["path"], server.at("d/f"));
    fs::write(server.at("d/f"), "more").expect("it is ours");
    events.change("modified", "/d/f");
    fs::rename(server.at("d/f"), server.at("d/g")).expect("it is ours");
    let event = events.change("renamed", "/d/g");
    assert_eq!(event.data["from"], server.at("d/f"));
    fs::remove_file(server.at("d/g")).expect("it is ours");
    events.change("removed", "/d/g");
    let odd = OsStr::from_bytes(b"caf\xe9");
    server.put(std::path::Path::new("d").join(odd), "");
    events.change("created", &shown(odd));
    server.write("d/by-ourselves", "x").expect(200);
    events.wait("our own write", |event| {
        let path = event.data["path"].as_str().unwrap_or_default();
        path.ends_with("/d/by-ourselves")
    });
}

#[test]
fn what_is_further_down_is_told_only_when_it_was_asked_for() {
    let server = Server::spawn();
    server.put("d/sub/old", "");
    server.put("elsewhere/old", "");
    symlink("../elsewhere", server.at("d/link")).expect("the home is writable");
    let mut flat = Events::open(&server, &[("path", "d")]);
    let mut deep = Events::open(&server, &[("path", "d"), ("recursive", "true")]);
    server.put("d/sub/new", "");
    deep.change("created", "/d/sub/new");
    fs::create_dir(server.at("d/later")).expect("the home is writable");
    deep.change("created", "/d/later");
    let mut n = 0;
    // The new directory is watched a moment after it was made.
    let told = loop {
        server.put(format!("d/later/{n}"), "");
        match deep.next(seconds(2)) {
            Some(event)
                if event.data["path"]
                    .as_str()
                    .is_some_and(|path| path.contains("/d/later/")) =>
            {
                break true;
            }
            _ if n > 8 => break false,
            _ => n += 1,
        }
    };
    assert!(
        told,
        "nothing of what is in a new directory: {:?}",
        deep.seen
    );
    server.put("elsewhere/new", "");
    server.put("d/end", "");
    deep.change("created", "/d/end");
    flat.change("created", "/d/end");
    let paths = |events: &Events| format!("{:?}", events.seen);
    assert!(!paths(&deep).contains("elsewhere"), "a link was followed");
    assert!(!paths(&flat).contains("/d/sub/"), "{:?}", flat.seen);
}

#[test]
fn a_watch_ends_with_what_it_watches() {
    let server = Server::spawn();
    fs::create_dir(server.at("d")).expect("the home is writable");
    let file = server.put("f", "");
    let mut directory = Events::open(&server, &[("path", "d")]);
    let mut single = Events::open(&server, &[("path", "f")]);
    fs::write(&file, "x").expect("it is ours");
    single.change("modified", "/f");
    fs::remove_dir(server.at("d")).expect("it is ours");
    fs::remove_file(&file).expect("it is ours");
    assert!(directory.ends_within(seconds(10)), "{:?}", directory.seen);
    assert!(
        directory
            .seen
            .iter()
            .any(|event| event.tells("removed", "/d")),
        "{:?}",
        directory.seen
    );
    assert!(single.ends_within(seconds(10)), "{:?}", single.seen);
    eventually("nothing is watched any more", seconds(10), || {
        instances(&server) == 0
    });
    let gone = Events::try_open(&server, &[("path", "d")]).err();
    assert_eq!(gone.map(|(status, _)| status), Some(404));
}

#[test]
fn a_watch_ends_with_its_client() {
    let server = Server::spawn();
    let threads = processes::figure(server.pid, "Threads");
    for _ in 0..3 {
        let watches: Vec<Events> = (0..8).map(|_| Events::open(&server, &[])).collect();
        assert!(instances(&server) > 0);
        drop(watches);
        eventually("nothing is watched any more", seconds(15), || {
            instances(&server) == 0
        });
    }
    eventually("no thread is left of it", seconds(15), || {
        processes::figure(server.pid, "Threads") <= threads + 4
    });
}

#[test]
fn there_are_only_so_many_watches() {
    let server = Server::spawn();
    let mut open = Vec::new();
    let refused = (0..100).find_map(|_| match Events::try_open(&server, &[]) {
        Ok(events) => {
            open.push(events);
            None
        }
        Err(refused) => Some(refused),
    });
    let (status, body) = refused.expect("there is a limit");
    assert_eq!(status, 429, "{body}");
    assert!(body.contains("detail"), "{body}");
    assert!(open.len() >= 16, "only {}", open.len());
    server.get("/health").expect(200);
    open.truncate(2);
    eventually("there is room again", seconds(15), || {
        Events::try_open(&server, &[]).is_ok()
    });
}

#[test]
fn a_flood_of_changes_is_told_or_said_to_be_lost() {
    let server = Server::spawn();
    fs::create_dir(server.at("d")).expect("the home is writable");
    let mut events = Events::open(&server, &[("path", "d")]);
    for n in 0..20_000 {
        fs::File::create(server.at(&format!("d/{n}"))).expect("the home is writable");
    }
    let end = Instant::now() + seconds(20);
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let event = events
            .next(left)
            .expect("the flood is told or said to be lost");
        if event.name == "overflow" || event.tells("created", "/d/19999") {
            break;
        }
    }
}

#[test]
fn an_open_watch_does_not_keep_the_server_from_ending() {
    let mut server = Server::spawn();
    let mut events = Events::open(&server, &[]);
    let start = Instant::now();
    server.stop();
    assert!(
        start.elapsed() < Duration::from_secs(6),
        "{:?}",
        start.elapsed()
    );
    assert!(events.ends_within(seconds(5)));
}
