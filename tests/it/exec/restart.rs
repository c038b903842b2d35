//! What is still known of a command after the server was started again.

use serde_json::json;

use crate::support::{Home, Server};

fn again(home: &Home) -> Server {
    Server::builder().home(home).start()
}

#[test]
fn a_finished_command_still_has_its_output_and_exit_status() {
    let mut server = Server::spawn();
    let before = server
        .run("echo first; sleep 0.2; echo second; exit 7")
        .expect_exit(7);
    assert!(server.stop().success());

    let after = again(&server.home);
    let reply = after.status(&before.id(), "").expect_exit(7);
    assert_eq!(reply.output(), "first\r\nsecond\r\n");
    assert_eq!(reply.next_offset(), before.next_offset());
    assert_eq!(
        reply.0["command"],
        "echo first; sleep 0.2; echo second; exit 7"
    );
    assert_eq!(after.status(&before.id(), "tail=1").output(), "second\r\n");
    after.input(&before.id(), "x").expect(400);
}

#[test]
fn a_command_that_a_signal_ended_still_says_which() {
    let mut server = Server::spawn();
    let id = server.run("kill -KILL $$").expect_exit(-9).id();
    server.stop();
    let reply = again(&server.home).status(&id, "").expect_exit(-9);
    assert_eq!(reply.signal(), Some("SIGKILL"), "{reply:?}");
}

#[test]
fn a_command_that_ran_when_the_server_died_is_lost_with_its_output_kept() {
    let mut server = Server::spawn();
    let id = server.start("echo so far; sleep 1000");
    server.output_with(&id, "so far");
    server.crash();

    let after = again(&server.home);
    let reply = after.status(&id, "wait=1");
    assert_eq!(
        (reply.state(), reply.output().as_str()),
        ("lost", "so far\r\n"),
        "{reply:?}"
    );
    assert_eq!(reply.exit_code(), None);
    after.input(&id, "x").expect(400);
    after.kill(&id, false).expect(200);
    assert_eq!(after.status(&id, "").state(), "lost");
}

#[test]
fn a_command_that_ran_when_the_server_was_stopped_is_killed() {
    let mut server = Server::spawn();
    let id = server.start("echo so far; sleep 1000");
    server.output_with(&id, "so far");
    assert!(server.stop().success());
    let reply = again(&server.home).status(&id, "");
    assert_eq!(
        (reply.state(), reply.output().as_str()),
        ("killed", "so far\r\n"),
        "{reply:?}"
    );
}

#[test]
fn a_log_that_broke_off_in_a_record_is_read_up_to_there() {
    let mut server = Server::spawn();
    let reply = server.run("echo whole");
    server.stop();
    let text = std::fs::read_to_string(reply.log_path()).expect("there is a log");
    let cut = text.find("\"end\"").expect("it has an end record");
    std::fs::write(reply.log_path(), &text[..cut]).expect("it is ours");
    let after = again(&server.home).status(&reply.id(), "");
    assert_eq!(
        (after.state(), after.output().as_str()),
        ("lost", "whole\r\n"),
        "{after:?}"
    );
}

#[test]
fn a_command_is_still_its_owners_alone() {
    let mut server = Server::spawn();
    let body = json!({ "command": "echo private" });
    let ask = server
        .ask("POST", "/execute?wait=30")
        .header("x-user-id", "alice")
        .header("x-session-id", "chat");
    let id = ask.json(&body).send().expect(200).json()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let nobodys = server.run("echo public").id();
    server.stop();

    let after = again(&server.home);
    let status = |id: &str, user: &str, session: &str| {
        let ask = after.ask("GET", &format!("/execute/{id}/status"));
        ask.header("x-user-id", user)
            .header("x-session-id", session)
            .send()
            .status
    };
    assert_eq!(status(&id, "alice", "chat"), 200);
    assert_eq!(status(&id, "bob", "chat"), 404);
    assert_eq!(status(&id, "alice", "other"), 404);
    assert_eq!(status(&id, "", ""), 404);
    assert_eq!(status(&nobodys, "", ""), 200);
    assert_eq!(status(&nobodys, "alice", "chat"), 404);
}
