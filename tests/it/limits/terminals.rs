//! Terminals: a shell that is killed for memory says so in its stream.

use serde_json::json;

use super::hogs;
use crate::support::limits::{beside, each_way, limited};
use crate::support::{Server, terminal};

const SETTINGS: [(&str, &str); 1] = [("COMMAND_MEMORY_LIMIT", "64MiB")];

/// The last line of a terminal's stream.
fn last_line(client: &terminal::Client) -> String {
    let text = client.screen_text();
    text.trim_end()
        .lines()
        .last()
        .unwrap_or_default()
        .to_owned()
}

#[track_caller]
fn tells_of_memory(client: &terminal::Client) {
    let last = last_line(client).to_lowercase();
    assert!(
        last.contains("memory") && last.contains("limit"),
        "the last line should say it: {:?}",
        client.screen_text()
    );
}

/// Opens a terminal on a server that holds the hogs.
#[track_caller]
fn open(server: &Server) -> (String, terminal::Client) {
    hogs::put(server);
    let (id, mut client) = server.terminal();
    client.ready();
    (id, client)
}

#[test]
fn a_shell_that_is_killed_for_memory_says_so_at_the_end() {
    each_way(&SETTINGS, |server, _| {
        let (id, client) = beside(server, || {
            let (id, mut client) = open(server);
            client.type_in("exec python3 list.py 600 1\n");
            let frame = client.frame("exit");
            assert_eq!(
                frame,
                json!({"type": "exit", "code": -9, "signal": "SIGKILL"})
            );
            client.expect_close(1000);
            (id, client)
        });
        tells_of_memory(&client);
        let (before, _) = client.texts[0];
        assert_eq!(before, client.output.len(), "the words came after the exit");
        assert!(!server.has(&id));
    });
}

#[test]
fn a_hog_started_from_the_shell_leaves_it_alive_where_the_kernel_kills() {
    each_way(&SETTINGS, |server, way| {
        let (_, mut client) = open(server);
        if way.by_kernel() {
            let output = client.run("python3 list.py 600 1; echo status-$?");
            assert!(output.contains("status-137"), "{output}");
            assert_eq!(client.run("echo well"), "well");
        } else {
            client.type_in("python3 list.py 600 1\n");
            assert_eq!(client.frame("exit")["code"], -9);
            tells_of_memory(&client);
        }
    });
}

#[test]
fn a_shell_that_ends_otherwise_says_nothing_of_limits() {
    let (server, _) = limited(&SETTINGS);
    for last in ["exit 3", "kill -9 $$"] {
        let (_, mut client) = open(&server);
        client.type_in(format!("{last}\n"));
        client.frame("exit");
        client.expect_close(1000);
        let text = client.screen_text().to_lowercase();
        assert!(!text.contains("limit"), "{text}");
    }
}

#[test]
fn processes_of_a_terminal_are_limited() {
    each_way(&[("COMMAND_PIDS_LIMIT", "60")], |server, way| {
        let (_, mut client) = open(server);
        if way.by_kernel() {
            let output = client.run("python3 forks.py");
            let made = output.split("made ").nth(1).unwrap_or_default();
            let made = made.split(' ').next().and_then(|word| word.parse().ok());
            assert!(
                made.is_some_and(|made: u32| (40..60).contains(&made)),
                "{output}"
            );
            assert_eq!(client.run("echo well"), "well");
        } else {
            client.type_in("python3 forks.py\n");
            assert_eq!(client.frame("exit")["code"], -9);
        }
    });
}

#[test]
fn a_terminal_shares_the_limits_of_its_workspace() {
    each_way(&[("USER_PIDS_LIMIT", "60")], |server, way| {
        let (_, mut client) = open(server);
        client.run("for n in $(seq 15); do sleep 8 & done");
        let reply = server.run("python3 forks.py");
        let limit = &reply.0["limit"];
        assert_eq!(
            (&limit["kind"], &limit["scope"], &limit["value"]),
            (&json!("pids"), &json!("user"), &json!(60)),
            "{reply:?}"
        );
        if way.by_kernel() {
            assert_eq!(client.run("true; echo well").lines().last(), Some("well"));
        }
    });
}
