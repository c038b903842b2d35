//! Limits of a workspace and of the whole server: what several commands use together.

use serde_json::json;

use super::hogs;
use crate::support::Server;
use crate::support::limits::{MIB, each_way, slow, struck, told_of_memory, usage};

/// Two commands that together are over the limit: the larger dies, the smaller works to its end.
#[track_caller]
fn the_larger_dies(server: &Server, scope: &str) {
    hogs::put(server);
    let small = server.start("exec python3 list.py 35 4");
    server.output_with(&small, "filled");
    let large = server.run("exec python3 list.py 300 1");
    assert_eq!(
        (large.state(), large.signal()),
        ("killed", Some("SIGKILL")),
        "{large:?}"
    );
    struck(&large, "memory", scope, 96 * MIB);
    told_of_memory(&large);
    let small = server.end(&small).expect_exit(0);
    assert_eq!(small.output(), "filled\r\nsurvived\r\n");
    assert!(small.0.get("limit").is_none(), "{small:?}");
}

#[test]
fn commands_of_a_workspace_share_its_memory() {
    each_way(&[("USER_MEMORY_LIMIT", "96MiB")], |server, _| {
        the_larger_dies(server, "user");
    });
}

#[test]
fn all_commands_share_the_memory_of_the_server() {
    each_way(&[("TOTAL_MEMORY_LIMIT", "96MiB")], |server, _| {
        the_larger_dies(server, "total");
    });
}

#[test]
fn the_narrowest_limit_is_the_one_that_is_told() {
    let settings = [
        ("COMMAND_MEMORY_LIMIT", "48MiB"),
        ("USER_MEMORY_LIMIT", "200MiB"),
        ("TOTAL_MEMORY_LIMIT", "300MiB"),
    ];
    each_way(&settings, |server, _| {
        hogs::put(server);
        let reply = server.run("exec python3 list.py 600 1");
        struck(&reply, "memory", "command", 48 * MIB);
    });
}

#[test]
fn all_commands_share_the_number_of_processes() {
    each_way(&[("TOTAL_PIDS_LIMIT", "80")], |server, way| {
        hogs::put(server);
        let quiet = server.start("for n in $(seq 30); do sleep 6 & done; echo up; wait; echo well");
        server.output_with(&quiet, "up");
        let reply = server.run("python3 forks.py");
        struck(&reply, "pids", "total", 80);
        if way.by_kernel() {
            let output = reply.output();
            let made = output.split("made ").nth(1).unwrap_or_default();
            let made = made.split(' ').next().and_then(|word| word.parse().ok());
            assert!(
                made.is_some_and(|made: u32| (30..50).contains(&made)),
                "{output}"
            );
        } else {
            assert_eq!(reply.state(), "killed", "{reply:?}");
        }
        let quiet = server.end(&quiet).expect_exit(0);
        assert_eq!(quiet.output(), "up\r\nwell\r\n");
        assert!(quiet.0.get("limit").is_none(), "{quiet:?}");
    });
}

#[test]
fn a_share_of_the_processor_is_for_all_together() {
    each_way(&[("USER_CPU_LIMIT", "0.6")], |server, _| {
        let hog = json!({"command": "timeout 3 sh -c 'while :; do :; done'; true"});
        // What it takes to start one is little of what may be used in that time.
        let quiet = server.start(&format!("sleep {}", if slow() { 15 } else { 5 }));
        let ids = [(); 3].map(|()| server.execute("wait=0", &hog).id());
        let replies = ids.map(|id| server.end(&id));
        let quiet = server.end(&quiet).expect_exit(0);
        let (used, wall) = (usage(&quiet, "cpu_seconds"), usage(&quiet, "wall_seconds"));
        if used < 0.6 * wall / 50.0 {
            assert!(quiet.0.get("limit").is_none(), "it only slept: {quiet:?}");
        } else {
            eprintln!("not judged: to start a sleeper took {used} s of processor time here");
        }
        let figure = |name: &str| {
            let figures = replies.iter();
            figures
                .map(|reply| usage(reply, name))
                .collect::<Vec<f64>>()
        };
        let used: f64 = figure("cpu_seconds").iter().sum();
        let wall = figure("wall_seconds").into_iter().fold(0.0, f64::max);
        let share = used / wall;
        assert!(share < 0.68, "{share} of a processor: {replies:?}");
        if share < 0.5 {
            eprintln!("they had {share} of a processor: the machine is too busy");
            return;
        }
        assert_eq!(replies[0].0["limit"]["kind"], "cpu", "{replies:?}");
        assert_eq!(replies[0].0["limit"]["scope"], "user", "{replies:?}");
    });
}
