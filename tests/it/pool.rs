//! The PTY pool: its bound, and what happens when its helper processes are killed.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Server, processes, wait_for};

#[test]
fn when_all_terminals_are_in_use_the_answer_says_what_to_raise() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_MAX_PROCESSES", "2")
        .env("OPEN_TERMINAL_WARM_PROCESSES", "1")
        .start();
    let ids = [server.start("sleep 60"), server.start("sleep 60")];
    let refused = server
        .try_execute("", &json!({"command": "true"}))
        .expect(503);
    assert!(
        refused.detail().contains("max_processes"),
        "{}",
        refused.detail()
    );
    server.get("/readyz").expect(503);
    server.kill(&ids[0], true).expect(200);
    server.run("true").expect_exit(0);
    server.get("/readyz").expect(200);
}

#[test]
fn a_killed_spawner_is_replaced_and_what_ran_goes_on() {
    let server = Server::spawn();
    let running = server.start("read line; echo got $line");
    let spawner = *processes::descendants(server.pid)
        .iter()
        .find(|&&pid| processes::parent(pid) == Some(server.pid))
        .expect("the server has a child");
    processes::signal(spawner, Signal::SIGKILL);
    for n in 0..8 {
        let reply = server.run(&format!("echo {n}")).expect_exit(0);
        assert_eq!(reply.output(), format!("{n}\r\n"));
    }
    server.input(&running, "it\n").expect(200);
    let reply = server.end(&running).expect_exit(0);
    assert!(reply.output().ends_with("got it\r\n"), "{reply:?}");
}

#[test]
fn supervisors_killed_while_they_wait_cost_no_command() {
    let server = Server::spawn();
    server.run("true").expect_exit(0);
    let waiting = wait_for("supervisors wait", crate::support::seconds(5), || {
        let all = processes::descendants(server.pid);
        (all.len() > 3).then_some(all)
    });
    for pid in waiting
        .into_iter()
        .filter(|&pid| processes::parent(pid) != Some(server.pid))
    {
        processes::signal(pid, Signal::SIGKILL);
    }
    for _ in 0..6 {
        server.run("true").expect_exit(0);
    }
}
