//! Memory: a hog dies at the limit, and is told so.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::hogs;
use crate::support::limits::{
    MIB, Way, beside, each_way, killed_for_memory, limited, peak, struck, told_of_memory,
};
use crate::support::{Reply, Server, seconds, wait_for};

const LIMIT: u64 = 64 * MIB;
const SETTINGS: [(&str, &str); 1] = [("COMMAND_MEMORY_LIMIT", "64MiB")];

/// Runs a hog to its end while the server is asked and another command works.
#[track_caller]
fn hog(server: &Server, command: &str) -> Reply {
    hogs::put(server);
    beside(server, || server.run(command))
}

/// Checks the peak of a command that met the limit: the kernel lets it have that much and no more, the watchdog
/// sees that it has more.
#[track_caller]
fn met_the_limit(reply: &Reply, way: Way) {
    struck(reply, "memory", "command", LIMIT);
    let most = if way.by_kernel() { LIMIT } else { 700 * MIB };
    let peak = peak(reply);
    assert!(
        (LIMIT * 9 / 10..=most).contains(&peak),
        "a peak of {peak}: {reply:?}"
    );
}

#[test]
fn a_list_that_grows_dies_at_the_limit() {
    each_way(&SETTINGS, |server, way| {
        let reply = hog(server, "echo begun; exec python3 list.py 600 1");
        assert!(reply.output().starts_with("begun\r\n"), "{reply:?}");
        assert!(!reply.output().contains("survived"), "{reply:?}");
        killed_for_memory(&reply);
        met_the_limit(&reply, way);
        server.run("echo well").expect_exit(0);
    });
}

#[test]
fn a_hog_below_the_shell_ends_the_shell_only_where_all_die_together() {
    each_way(&SETTINGS, |server, way| {
        let reply = hog(server, "python3 list.py 600 1; echo status-$?");
        met_the_limit(&reply, way);
        if way.kills_whole() {
            killed_for_memory(&reply);
            assert!(!reply.output().contains("status-"), "{reply:?}");
        } else {
            // The largest process dies, which here is never the shell.
            let reply = reply.expect_exit(0);
            assert!(reply.output().contains("status-137\r\n"), "{reply:?}");
            told_of_memory(&reply);
        }
    });
}

#[test]
fn tail_of_an_endless_line_dies_at_the_limit() {
    each_way(&SETTINGS, |server, way| {
        // Its own limit is for the case that ours does not work.
        let reply = hog(server, "ulimit -v 700000; exec timeout 20 tail /dev/zero");
        met_the_limit(&reply, way);
        if way.kills_whole() {
            killed_for_memory(&reply);
        } else {
            told_of_memory(&reply);
        }
    });
}

#[test]
fn eight_children_that_touch_mappings_share_one_limit() {
    each_way(&SETTINGS, |server, way| {
        let reply = hog(server, "exec python3 mappings.py");
        met_the_limit(&reply, way);
        if way.kills_whole() {
            killed_for_memory(&reply);
        } else {
            // None of them fits; the parent, which is small, is not chosen.
            let output = reply.output();
            assert!(output.contains("of 8 were killed: 8\r\n"), "{reply:?}");
            assert_eq!(reply.0["limit"]["hits"], 8, "{reply:?}");
            told_of_memory(&reply);
        }
    });
}

#[test]
fn what_was_left_running_and_killed_later_is_told() {
    each_way(&SETTINGS, |server, way| {
        hogs::put(server);
        let hog = "(sleep 1; exec python3 list.py 600 1) & echo started";
        let first = server.run(hog).expect_exit(0);
        assert!(first.0.get("limit").is_none(), "{first:?}");
        let told = wait_for("the words", seconds(30), || {
            let reply = server.status(&first.id(), "");
            reply.output().contains("memory_limit").then_some(reply)
        });
        assert_eq!(told.state(), "done", "{told:?}");
        assert_eq!(told.exit_code(), Some(0), "{told:?}");
        struck(&told, "memory", "command", LIMIT);
        told_of_memory(&told);
        assert!(
            told.output().contains("left running was killed"),
            "{told:?}"
        );
        // A later server finds the same.
        let log = std::fs::read_to_string(told.log_path()).expect("there is a log");
        let last: Value =
            serde_json::from_str(log.lines().last().unwrap_or_default()).expect("records are JSON");
        assert_eq!(
            (&last["type"], &last["limit"]),
            (&json!("end"), &told.0["limit"]),
            "{log}"
        );
        if way.kills_whole() {
            return;
        }
        // Others that were left running go on, so it is told before their end.
        let second = server.run(&format!("sleep 30 & {hog}")).expect_exit(0);
        let told = wait_for("the words", seconds(30), || {
            let reply = server.status(&second.id(), "");
            reply.output().contains("memory_limit").then_some(reply)
        });
        struck(&told, "memory", "command", LIMIT);
        assert!(
            told.output()
                .contains("A process that this command had left"),
            "{told:?}"
        );
        server.kill(&second.id(), true).expect(200);
    });
}

/// A file in memory that goes when the test ends.
struct InMemory(PathBuf);

impl Drop for InMemory {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

#[test]
fn a_file_in_memory_counts_where_the_kernel_counts() {
    // No more than half of what containers get for such files.
    each_way(&[("COMMAND_MEMORY_LIMIT", "32MiB")], |server, way| {
        let name = format!("ot-test-{}", server.pid);
        let file = InMemory(PathBuf::from("/dev/shm").join(name));
        let path = file.0.display().to_string();
        if !std::path::Path::new("/dev/shm").is_dir() {
            eprintln!("skipped: there is no /dev/shm");
            return;
        }
        let command = format!("exec dd if=/dev/zero of={path} bs=1M count=300");
        let reply = hog(server, &command);
        let size = std::fs::metadata(&file.0).map_or(0, |about| about.len());
        if way.by_kernel() {
            struck(&reply, "memory", "command", 32 * MIB);
            killed_for_memory(&reply);
            assert!(size <= 32 * MIB, "{size} bytes were written");
        } else {
            eprintln!("the watchdog cannot see files in memory: {size} bytes were written");
            assert!(reply.0["limit"].is_null(), "{reply:?}");
        }
    });
}

#[test]
fn a_command_that_stays_below_the_limit_is_let_alone() {
    each_way(&SETTINGS, |server, _| {
        hogs::put(server);
        let reply = server.run("exec python3 list.py 30 0.2").expect_exit(0);
        assert_eq!(reply.output(), "filled\r\nsurvived\r\n");
        assert!(reply.0.get("limit").is_none(), "{reply:?}");
    });
}

#[test]
fn many_hogs_one_after_the_other_die_each() {
    let (server, _) = limited(&SETTINGS);
    hogs::put(&server);
    for _ in 0..5 {
        killed_for_memory(&server.run("exec python3 list.py 600 1"));
    }
    let reply = server.execute("wait=30", &json!({"command": "echo well"}));
    assert_eq!(reply.expect_exit(0).output(), "well\r\n");
}
