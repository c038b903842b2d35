//! Children that outlive their shell: they live on, are heard, are listed, and can be ended.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::{Server, alone, eventually, processes, seconds};

const WEB_SERVER: &str =
    "python3 -u -m http.server 0 --bind 127.0.0.1 & echo \"started $! at $(date +%s%N)\"";

#[test]
fn the_end_of_the_shell_is_the_end_though_a_child_holds_the_terminal() {
    let _alone = alone();
    let server = Server::spawn();
    let mut late = Vec::new();
    for _ in 0..5 {
        let reply = server.run(WEB_SERVER).expect_exit(0);
        let now = std::time::UNIX_EPOCH.elapsed().expect("it is after 1970");
        let said: u64 = word_after(&reply.output(), " at ")
            .parse()
            .expect("date prints a number");
        late.push(now.saturating_sub(Duration::from_nanos(said)));
        server.kill(&reply.id(), true).expect(200);
    }
    assert!(
        late.iter().any(|late| *late < Duration::from_millis(100)),
        "the answers came late by {late:?}"
    );
}

#[test]
fn a_web_server_in_the_background_lives_on_is_heard_and_can_be_ended() {
    let server = Server::spawn();
    let reply = server.run(WEB_SERVER).expect_exit(0);
    let pid: i32 = word_after(&reply.output(), "started ")
        .parse()
        .expect("$! is a number");
    // Where python3 is a script that finds the real one, there are more of them.
    assert!(reply.survivors().contains(&i64::from(pid)), "{reply:?}");

    let output = server.output_with(&reply.id(), "Serving HTTP on");
    let port = word_after(&output, " port ")
        .parse()
        .expect("it says its port");
    assert!(page(port).starts_with("HTTP/1.0 200"));
    server.output_with(&reply.id(), "\"GET / HTTP/1.0\"");
    assert!(processes::alive(pid));

    let killed = server.kill(&reply.id(), false).expect(200).json();
    assert_eq!(killed["signals"][0], "SIGTERM", "{killed}");
    assert!(
        !processes::alive(pid),
        "DELETE should have ended it: {killed}"
    );
    let after = server.status(&reply.id(), "").expect_exit(0);
    assert_eq!(after.survivors(), [] as [i64; 0]);
}

#[test]
fn a_survivor_that_ends_by_itself_is_listed_no_longer() {
    let server = Server::spawn();
    let reply = server
        .run("(sleep 1; echo late) & echo early")
        .expect_exit(0);
    assert!(!reply.survivors().is_empty(), "{reply:?}");
    server.output_with(&reply.id(), "late\r\n");
    eventually("no survivor is left", seconds(5), || {
        server.status(&reply.id(), "").survivors().is_empty()
    });
}

#[test]
fn survivors_in_a_session_of_their_own_are_listed_too() {
    let server = Server::spawn();
    let reply = server
        .run("setsid sh -c 'sleep 1000 & exec sleep 1000' </dev/null >/dev/null 2>&1 & echo x");
    eventually("both are listed", seconds(5), || {
        server.status(&reply.id(), "").survivors().len() == 2
    });
    let list = server.get("/execute").json();
    assert_eq!(list[0]["status"], "done", "{list}");
    server.kill(&reply.id(), false).expect(200);
    assert_eq!(server.status(&reply.id(), "").survivors(), [] as [i64; 0]);
}

#[test]
fn a_background_child_gets_no_hangup_when_its_shell_ends() {
    let server = Server::spawn();
    let reply = server
        .run("sh -c 'trap \"echo hung up\" HUP; sleep 1; echo went well' & sleep 0.2")
        .expect_exit(0);
    let output = server.output_with(&reply.id(), "went well");
    assert!(
        !output.contains("hung up") && !output.contains("error"),
        "{output}"
    );
}

fn word_after(text: &str, mark: &str) -> String {
    let (_, rest) = text
        .split_once(mark)
        .unwrap_or_else(|| panic!("{mark:?} is not in {text:?}"));
    rest.split_whitespace()
        .next()
        .expect("a word follows")
        .to_owned()
}

fn page(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the web server lives");
    stream
        .write_all(b"GET / HTTP/1.0\r\n\r\n")
        .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}
