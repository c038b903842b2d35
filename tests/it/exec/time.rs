//! Time: `wait` returns when the command ends, `timeout` ends it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Server, alone, eventually, processes, seconds};

#[test]
fn wait_returns_the_moment_the_command_ends() {
    let _alone = alone();
    let server = Server::spawn();
    server.run("true");
    let late = (0..5).map(|_| lateness(&server)).min().expect("five tries");
    assert!(
        late < Duration::from_millis(50),
        "it took {late:?} longer than the command"
    );
}

/// How long after the command's own last word the answer comes.
fn lateness(server: &Server) -> Duration {
    let reply = server.run("sleep 0.2; date +%s%N").expect_exit(0);
    let now = std::time::UNIX_EPOCH.elapsed().expect("it is after 1970");
    let said = reply.output().trim().parse().expect("date prints a number");
    now.saturating_sub(Duration::from_nanos(said))
}

#[test]
fn a_status_request_that_waits_returns_when_the_command_ends() {
    let server = Server::spawn();
    let id = server.start("sleep 0.5; echo over");
    let start = Instant::now();
    server.status(&id, "wait=60").expect_exit(0);
    assert!(
        start.elapsed() < seconds(5),
        "it took {:?}",
        start.elapsed()
    );
}

#[test]
fn wait_runs_out_while_the_command_goes_on() {
    let server = Server::spawn();
    let start = Instant::now();
    let reply = server.execute("wait=0.3", &json!({ "command": "sleep 100" }));
    assert_eq!(reply.state(), "running");
    assert!(
        (Duration::from_millis(300)..seconds(5)).contains(&start.elapsed()),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_client_that_hangs_up_ends_nothing() {
    let server = Server::spawn();
    let mut connection = crate::support::raw::Connection::open(&server);
    let body = r#"{"command":"sleep 1; echo went on > proof"}"#;
    let head = format!(
        "host: localhost\r\nauthorization: Bearer {}\r\ncontent-type: application/json",
        server.key
    );
    let request = format!(
        "POST /execute?wait=20 HTTP/1.1\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection
        .send(request.as_bytes())
        .expect("the connection is open");
    eventually("the command is listed", seconds(5), || {
        server.get("/execute").text().contains("went on")
    });
    drop(connection);
    let proof = server.home.work().join("proof");
    eventually("the command went on", seconds(10), || proof.exists());
}

#[test]
fn timeout_ends_the_command_and_says_so() {
    let server = Server::spawn();
    let start = Instant::now();
    let env = json!({ "OT_TEST_MARK": "time-timeout" });
    let body =
        json!({ "command": "echo up; setsid sleep 100 & sleep 100", "timeout": 0.5, "env": env });
    let reply = server.execute("wait=30", &body);
    assert!(
        start.elapsed() < seconds(5),
        "it took {:?}",
        start.elapsed()
    );
    assert_eq!(
        (reply.state(), &reply.0["timed_out"]),
        ("killed", &json!(true)),
        "{reply:?}"
    );
    assert!(reply.output().starts_with("up\r\n"));
    eventually("all its processes are gone", seconds(3), || {
        processes::marked("time-timeout").is_empty()
    });
    assert_eq!(
        server.status(&reply.id(), "").0["timed_out"],
        json!(true),
        "later, too"
    );
}

#[test]
fn a_command_that_is_quick_enough_did_not_time_out() {
    let server = Server::spawn();
    let reply = server
        .execute(
            "wait=30",
            &json!({ "command": "echo quick", "timeout": 20 }),
        )
        .expect_exit(0);
    assert!(reply.0.get("timed_out").is_none(), "{reply:?}");
}

#[test]
fn a_timeout_must_be_a_number_above_zero() {
    let server = Server::spawn();
    for timeout in [json!(0), json!(-1), json!("soon"), json!([])] {
        let answer = server
            .try_execute("", &json!({ "command": "true", "timeout": timeout }))
            .expect(422);
        assert_eq!(
            answer.json()["detail"][0]["loc"],
            json!(["body", "timeout"])
        );
    }
}
