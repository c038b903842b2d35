//! Directories of cgroups: commands are in leaves from the first, the server never is, and none is left.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::hogs;
use crate::support::limits::{MIB, Way, branches, each_way, leaves, limited, places, slow, struck};
use crate::support::{Server, eventually, processes, seconds, variables};

/// No shell waits for its command in a leaf already.
const NONE_WAITS: [(&str, &str); 1] = [("WARM_PROCESSES", "0")];

/// The branch of a server, in each hierarchy where it has one; none when there are no cgroups to be had here.
#[track_caller]
fn branch(server: &Server, way: Way) -> Option<Vec<PathBuf>> {
    if !way.by_kernel() {
        eprintln!("skipped: there are no cgroups here, limits are kept by {way:?}");
        return None;
    }
    let found = branches(&places(server), server.pid);
    assert!(!found.is_empty(), "it has a branch in {:?}", places(server));
    Some(found)
}

/// Fails when there are leaves after some time.
#[track_caller]
fn no_leaf_is_left(branch: &[PathBuf]) {
    eventually("all leaves are removed", seconds(20), || {
        leaves(branch).is_empty()
    });
}

/// Runs so many commands, eight at a time.
fn run_many(server: &Server, count: usize) {
    std::thread::scope(|scope| {
        for worker in 0..8 {
            scope.spawn(move || {
                for n in (worker..count).step_by(8) {
                    let reply = server.run(&format!("echo {n}")).expect_exit(0);
                    assert_eq!(reply.output(), format!("{n}\r\n"));
                }
            });
        }
    });
}

#[test]
fn leaves_are_removed_when_their_commands_have_ended() {
    let (server, way) = limited(&NONE_WAITS);
    let Some(branch) = branch(&server, way) else {
        return;
    };
    let running = server.start("sleep 1000");
    assert!(!leaves(&branch).is_empty(), "a running command has a leaf");
    server.kill(&running, true).expect(200);
    run_many(&server, 50);
    no_leaf_is_left(&branch);
}

#[test]
fn only_shells_that_wait_have_leaves_after_two_hundred_commands() {
    let (server, way) = limited(&[("COMMAND_PIDS_LIMIT", "50"), ("WARM_PROCESSES", "3")]);
    let Some(branch) = branch(&server, way) else {
        return;
    };
    run_many(&server, 200);
    eventually("all other leaves are removed", seconds(20), || {
        leaves(&branch).len() <= 3 * branch.len()
    });
}

#[test]
fn leaves_of_commands_that_had_to_be_ended_are_removed() {
    let (server, way) = limited(&[("COMMAND_MEMORY_LIMIT", "48MiB"), NONE_WAITS[0]]);
    let Some(branch) = branch(&server, way) else {
        return;
    };
    hogs::put(&server);
    for command in [
        "exec python3 list.py 600 1",
        "(setsid sleep 0.7 &); exit 0",
        "trap '' TERM; sleep 1000 & sleep 1000",
    ] {
        let body = json!({"command": command, "timeout": 3});
        server.execute("wait=30", &body);
    }
    let (_, mut client) = server.terminal();
    client.ready();
    assert!(!leaves(&branch).is_empty(), "a terminal has a leaf");
    client.type_in("exit\n");
    client.frame("exit");
    no_leaf_is_left(&branch);
}

#[test]
fn a_thousand_commands_leave_no_leaf() {
    let count = variables::number("OT_SOAK", if slow() { 50 } else { 1_000 });
    let (server, way) = limited(&NONE_WAITS);
    let Some(branch) = branch(&server, way) else {
        return;
    };
    run_many(&server, count);
    no_leaf_is_left(&branch);
}

#[test]
fn to_ask_whether_commands_can_be_started_makes_few_leaves() {
    let (server, way) = limited(&NONE_WAITS);
    if branch(&server, way).is_none() {
        return;
    }
    // Anybody may ask, without a key.
    for _ in 0..200 {
        server.get("/readyz").expect(200);
    }
    let output = server.run("cat /proc/self/cgroup").expect_exit(0).output();
    let lines = limited_lines(&output);
    let leaf = lines[0].rsplit('/').next().unwrap_or_default();
    let number: u32 = leaf.parse().expect("leaves are numbered");
    assert!(number < 100, "{number} leaves were made: {output}");
}

#[test]
fn a_server_that_ends_leaves_nothing() {
    let (mut server, way) = limited(&[("COMMAND_PIDS_LIMIT", "50")]);
    if branch(&server, way).is_none() {
        return;
    }
    let mark = format!("limits-end-{}", server.pid);
    server.start_marked("setsid sleep 1000 & trap '' TERM; sleep 1000", &mark);
    server.start_marked("sleep 1000", &mark);
    run_many(&server, 20);
    let (_, mut client) = server.terminal();
    client.ready();
    let (above, pid) = (places(&server), server.pid);
    assert!(server.stop().success());
    // Its own cgroup, where it had one, goes with it: nobody else is there to do it.
    let left = branches(&above, pid);
    assert!(left.is_empty(), "{left:?} are left");
    assert!(processes::marked(&mark).is_empty());
}

#[test]
fn what_a_crashed_server_left_is_swept_by_the_next() {
    let (mut server, way) = limited(&[("COMMAND_PIDS_LIMIT", "50")]);
    let mark = format!("limits-crash-{}", server.pid);
    for command in [
        "setsid sleep 1000 & sleep 1000",
        "trap '' TERM HUP; sleep 1000; sleep 1000",
    ] {
        server.start_marked(command, &mark);
    }
    eventually("they run", seconds(10), || {
        processes::marked(&mark).len() >= 4
    });
    let (above, pid) = (places(&server), server.pid);
    server.crash();
    eventually("its commands are dead", seconds(10), || {
        processes::marked(&mark).is_empty()
    });
    let other = Server::spawn();
    if way.by_kernel() {
        eventually("its directories are swept", seconds(10), || {
            branches(&above, pid).is_empty()
        });
        assert!(!branches(&places(&other), other.pid).is_empty());
    } else {
        eprintln!("no directories to look for: limits are kept by {way:?}");
    }
    other.run("echo well").expect_exit(0);
}

#[test]
fn a_new_server_leaves_the_branches_of_living_ones_alone() {
    let (server, way) = limited(&[("COMMAND_MEMORY_LIMIT", "64MiB")]);
    let Some(before) = branch(&server, way) else {
        return;
    };
    let id = server.start("read line; exec python3 list.py 600 1");
    hogs::put(&server);
    let mut others = [(); 3].map(|()| Server::spawn());
    for other in &others {
        other.run("echo well").expect_exit(0);
    }
    for other in &mut others {
        assert!(other.stop().success());
    }
    assert_eq!(branches(&places(&server), server.pid), before);
    server.input(&id, "\n").expect(200);
    struck(&server.end(&id), "memory", "command", 64 * MIB);
}

/// The lines of a process's `/proc/PID/cgroup` that are below a branch.
fn limited_lines(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.contains("/open-terminal."));
    lines.map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn the_server_and_its_helpers_are_outside_of_the_limits() {
    let (server, way) = limited(&[("TOTAL_MEMORY_LIMIT", "200MiB")]);
    if branch(&server, way).is_none() {
        return;
    }
    server.run("true").expect_exit(0);
    let above = |pid: i32| processes::parent(pid).unwrap_or(0);
    let below = processes::descendants(server.pid).into_iter();
    // The spawner and the supervisors; below these are the shells, which wait where they will run.
    let helpers: Vec<i32> = below
        .filter(|&pid| [above(pid), above(above(pid))].contains(&server.pid))
        .collect();
    assert!(helpers.len() >= 2, "spawner and supervisors: {helpers:?}");
    for pid in helpers.into_iter().chain([server.pid]) {
        // A supervisor that nobody needs any more may end meanwhile.
        let Ok(text) = std::fs::read_to_string(format!("/proc/{pid}/cgroup")) else {
            continue;
        };
        assert_eq!(limited_lines(&text), Vec::<String>::new(), "{pid}");
    }
}

#[test]
fn a_command_is_inside_from_its_first_instruction() {
    let (server, way) = limited(&[("COMMAND_CPU_LIMIT", "1.5")]);
    if branch(&server, way).is_none() {
        return;
    }
    // By the shell itself, before it starts anything; then by a child.
    let command =
        "while read line; do echo $line; done < /proc/$$/cgroup; echo and; cat /proc/self/cgroup";
    for _ in 0..5 {
        let output = server.run(command).expect_exit(0).output();
        let (own, childs) = output.split_once("and\r\n").expect("there are two");
        let own = limited_lines(own);
        assert_eq!(own, limited_lines(childs));
        let names: Vec<&str> = own
            .iter()
            .filter_map(|line| line.split(':').nth(1))
            .collect();
        if way == Way::V2 {
            assert_eq!(names, [""], "{output}");
        } else {
            for controller in ["memory", "cpu", "pids"] {
                let there = names
                    .iter()
                    .any(|names| names.split(',').any(|name| name == controller));
                assert!(there, "not inside for {controller}: {output}");
            }
        }
        for line in own {
            let leaf = Path::new(&line);
            let above = leaf.parent().and_then(Path::file_name);
            assert_eq!(above, Some("workspace".as_ref()), "{line}");
        }
    }
    let (_, mut client) = server.terminal();
    let output = client.run("cat /proc/$$/cgroup");
    assert!(!limited_lines(&output).is_empty(), "{output}");
}

#[test]
fn commands_are_killed_before_the_server_when_memory_is_short() {
    each_way(&[], |server, _| {
        let path = format!("/proc/{}/oom_score_adj", server.pid);
        let own = std::fs::read_to_string(path).expect("it runs");
        let own: i32 = own.trim().parse().expect("it is a number");
        let output = server
            .run("cat /proc/self/oom_score_adj")
            .expect_exit(0)
            .output();
        let theirs: i32 = output.trim().parse().expect("it is a number");
        assert!(
            theirs > own || theirs == 1000,
            "{theirs}, the server has {own}"
        );
        let (_, mut client) = server.terminal();
        assert_eq!(
            client.run("cat /proc/self/oom_score_adj"),
            theirs.to_string()
        );
    });
}
