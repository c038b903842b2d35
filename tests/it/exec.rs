//! Commands: what a client starts, watches, types into, and comes back to.

/// Children that outlive their shell.
mod background;
/// Output kept small for its reader.
mod budget;
/// Large, odd and rotated output.
mod output;
/// What cannot be run, and how that is said.
mod refused;
/// What is still known after the server was started again.
mod restart;
/// Time: `wait` and `timeout`.
mod time;
/// Keys and lines sent through `/input`.
mod typing;

use serde_json::json;

use crate::support::Server;

#[test]
fn a_command_gives_its_output_and_exit_status() {
    let server = Server::spawn();
    for code in [0, 1, 42, 126, 127, 255] {
        let reply = server
            .run(&format!("echo hi; exit {code}"))
            .expect_exit(code);
        assert_eq!(reply.output(), "hi\r\n");
        assert_eq!(reply.signal(), None, "{reply:?}");
    }
    assert_eq!(
        server.run("no-such-command-anywhere").exit_code(),
        Some(127)
    );
}

#[test]
fn a_signal_is_named_and_its_number_is_the_negative_exit_code() {
    let server = Server::spawn();
    for (name, code) in [
        ("TERM", -15),
        ("KILL", -9),
        ("HUP", -1),
        ("INT", -2),
        ("SEGV", -11),
    ] {
        let reply = server
            .run(&format!("ulimit -c 0; kill -{name} $$; sleep 5"))
            .expect_exit(code);
        assert_eq!(
            reply.signal(),
            Some(format!("SIG{name}").as_str()),
            "{reply:?}"
        );
    }
}

#[test]
fn a_running_command_has_neither_exit_code_nor_signal() {
    let server = Server::spawn();
    let reply = server.status(&server.start("sleep 100"), "wait=0");
    assert_eq!(reply.state(), "running");
    assert!(reply.0["exit_code"].is_null(), "{reply:?}");
    assert!(
        reply.0.get("signal").is_none() && reply.0.get("survivors").is_none(),
        "{reply:?}"
    );
}

#[test]
fn a_command_runs_in_the_directory_and_with_the_variables_given() {
    let server = Server::spawn();
    let body =
        json!({ "command": "pwd; echo $COLOUR", "cwd": "/usr", "env": { "COLOUR": "grün" } });
    let reply = server.execute("wait=30", &body).expect_exit(0);
    assert_eq!(reply.output(), "/usr\r\ngrün\r\n");
    assert_eq!(reply.0["cwd"], "/usr");
}

#[test]
fn a_command_has_a_terminal_of_80_by_24_that_controls_it() {
    let server = Server::spawn();
    let reply = server
        .run("stty size; exec 3<>/dev/tty && echo controlled; tty")
        .expect_exit(0);
    let output = reply.output();
    assert!(
        output.starts_with("24 80\r\ncontrolled\r\n/dev/pts/"),
        "{output}"
    );
}

#[test]
fn a_command_starts_with_standard_descriptors_only_and_no_signal_ignored() {
    let server = Server::spawn();
    assert_eq!(
        server.run("ls /proc/self/fd | tr '\\n' ' '").output(),
        "0 1 2 3 ",
        "the fourth is the directory"
    );
    let signals = server
        .run("grep -E 'SigIgn|SigBlk' /proc/self/status")
        .output();
    let masks = signals
        .lines()
        .map(|line| u64::from_str_radix(&line[8..], 16).expect("a mask is in hex"));
    // The 31 classic ones; of the others, the C library keeps some to itself.
    assert!(masks.map(|mask| mask & 0x7fff_ffff).eq([0, 0]), "{signals}");
}

#[test]
fn the_list_shows_the_commands_of_the_caller_alone() {
    let server = Server::spawn();
    let ask = |user: &str| {
        server
            .ask("GET", "/execute")
            .header("x-user-id", user)
            .send()
            .expect(200)
            .json()
    };
    let run = |user: &str, command: &str| {
        let body = json!({ "command": command });
        server
            .ask("POST", "/execute?wait=30")
            .header("x-user-id", user)
            .json(&body)
            .send()
            .expect(200);
    };
    run("alice", "echo 1");
    run("alice", "echo 2");
    run("bob", "echo 3");
    let commands: Vec<_> = ask("alice")
        .as_array()
        .expect("a list")
        .iter()
        .map(|c| c["command"].clone())
        .collect();
    assert_eq!(commands, ["echo 1", "echo 2"]);
    assert_eq!(ask("").as_array().map(Vec::len), Some(0));
}
