//! The PTY pool: its bound, and what happens when its helper processes are killed.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Server, eventually, processes, seconds, wait_for};

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
    // The answer does not wait for the terminal to be free again.
    eventually("one is free", seconds(5), || {
        server.get("/readyz").status == 200
    });
    server.run_when_free("true").expect_exit(0);
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
    let waiting = wait_for("supervisors wait", seconds(5), || {
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

#[test]
fn a_spawner_that_hangs_delays_starts_but_never_the_server() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_WARM_PROCESSES", "0")
        .start();
    server.run("true").expect_exit(0);
    let spawner = *processes::descendants(server.pid)
        .iter()
        .find(|&&pid| processes::parent(pid) == Some(server.pid))
        .expect("the server has a child");
    processes::signal(spawner, Signal::SIGSTOP);
    // More than the socket to it holds, so that some could not be sent without waiting.
    std::thread::scope(|scope| {
        for _ in 0..600 {
            scope.spawn(|| {
                server
                    .try_execute("", &json!({"command": "true"}))
                    .expect(200)
            });
        }
        // However this goes, it does not hang for ever.
        scope.spawn(|| {
            std::thread::sleep(seconds(4));
            processes::signal(spawner, Signal::SIGCONT);
        });
        let end = std::time::Instant::now() + seconds(2);
        while std::time::Instant::now() < end {
            let asked = std::time::Instant::now();
            server.get("/health").expect(200);
            assert!(asked.elapsed() < seconds(2), "the server hung");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    });
    server.run("true").expect_exit(0);
}

/// The settings of the terminal, and the session of the shell on it.
fn terminal_and_session(server: &Server) -> (String, String) {
    let output = server
        .run("stty -a; ps -o sid= -p $$")
        .expect_exit(0)
        .output();
    let (settings, session) = output
        .trim_end()
        .rsplit_once('\n')
        .expect("there are two things");
    (settings.to_owned(), session.trim().to_owned())
}

#[test]
fn a_supervisor_that_serves_again_gives_each_command_a_fresh_terminal() {
    let server = Server::spawn();
    let (settings, first) = terminal_and_session(&server);
    let mut sessions = vec![first];
    for spoil in [
        "stty raw -echo -isig rows 50 cols 132",
        "printf 'typed for nobody' > /dev/tty; stty -icanon min 0; exec sleep 0.1",
        "trap '' HUP INT; (sleep 0.2; echo late) & exit 3",
        "stty intr x; (sleep 0.1; kill -CONT $$) & kill -STOP $$; wait",
    ] {
        let spoilt = server.run(spoil);
        server.input(&spoilt.id(), "left over\n");
        eventually("nothing of it is left", seconds(5), || {
            server.status(&spoilt.id(), "").survivors().is_empty()
        });
        let (next, session) = terminal_and_session(&server);
        assert_eq!(next, settings, "after {spoil:?}");
        sessions.push(session);
        // A shell that forks just then would keep the signal from its child.
        let interrupted = server.start("read line; echo \"[$line]\"; exec cat");
        server.input(&interrupted, "mine\n").expect(200);
        server.output_with(&interrupted, "[mine]");
        server.input(&interrupted, "\\x03").expect(200);
        assert_eq!(server.end(&interrupted).signal(), Some("SIGINT"));
    }
    // Others may have waited longer than those that became free; then it is their turn first.
    eventually("a supervisor serves again", seconds(10), || {
        let (next, session) = terminal_and_session(&server);
        assert_eq!(next, settings);
        let again = sessions.contains(&session);
        sessions.push(session);
        again
    });
}
