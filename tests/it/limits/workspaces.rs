//! Workspaces of their own: each user's has a branch with the user's limits, and what one takes the other does not miss.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use serde_json::json;

use super::hogs;
use crate::support::grounds::{Ground, Running, User, Walls};
use crate::support::limits::{MIB, Way, struck, told_of_memory, within_branch};
use crate::support::{
    Reply, eventually, needs_mounts, needs_pid_namespaces, needs_root, processes, seconds,
    variables,
};

/// Each level has limits of its own, by which it is known.
const LEVELS: [(&str, &str); 6] = [
    ("COMMAND_MEMORY_LIMIT", "80MiB"),
    ("COMMAND_PIDS_LIMIT", "40"),
    ("USER_MEMORY_LIMIT", "96MiB"),
    ("USER_PIDS_LIMIT", "60"),
    ("TOTAL_MEMORY_LIMIT", "1000MiB"),
    ("TOTAL_PIDS_LIMIT", "3000"),
];

/// Takes all the processes there are, and keeps them.
const MANY: &str = r"
import os, time
made = 0
try:
    while made < 500:
        if os.fork() == 0:
            time.sleep(100)
            os._exit(0)
        made += 1
except OSError:
    print('up: refused after', made, flush=True)
time.sleep(100)
";

/// A server with two users behind all walls; none, which is said, where these or the limits cannot be had.
#[track_caller]
fn ground(settings: &[(&str, &str)]) -> Option<Ground> {
    if !(needs_root() && needs_mounts() && needs_pid_namespaces()) {
        return None;
    }
    let ground = Ground::with(Walls::All, settings);
    if !Way::of_user(&ground).by_kernel() {
        eprintln!("skipped: limits of users are not kept by the kernel here");
        return None;
    }
    Some(ground)
}

/// What is so many levels above.
fn up(places: &[PathBuf], levels: usize) -> Vec<PathBuf> {
    let above = places
        .iter()
        .filter_map(|path| path.ancestors().nth(levels));
    above.map(Path::to_owned).collect()
}

/// A command's place, its user's, that of the workspace, and that of all.
#[track_caller]
fn levels(running: &Running) -> [Vec<PathBuf>; 4] {
    let leaf = within_branch(running.pid());
    assert!(!leaf.is_empty(), "a command has a place");
    [0, 1, 2, 3].map(|levels| up(&leaf, levels))
}

/// The bounds on memory and processes in a place; each is in one hierarchy.
fn bounds(place: &[PathBuf]) -> [Vec<u64>; 2] {
    let in_one = |names: &[&str]| {
        let files = place
            .iter()
            .flat_map(|at| names.iter().map(|name| at.join(name)));
        let texts = files.filter_map(|file| fs::read_to_string(file).ok());
        texts.filter_map(|text| text.trim().parse().ok()).collect()
    };
    [
        in_one(&["memory.max", "memory.limit_in_bytes"]),
        in_one(&["pids.max"]),
    ]
}

/// The files in directories that are not root's, by name.
fn given(directories: &[PathBuf]) -> Vec<String> {
    let entries = directories.iter().filter_map(|at| fs::read_dir(at).ok());
    let files = entries.flatten().flatten();
    let is_given = |file: &fs::DirEntry| {
        let found = file.metadata();
        found.is_ok_and(|file| file.is_file() && file.uid() != 0)
    };
    let given = files.filter(is_given);
    given
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn each_user_has_a_branch_with_the_limits_in_their_places() {
    let Some(ground) = ground(&LEVELS) else {
        return;
    };
    told_of_walls(&ground);
    let users = [ground.a(), ground.b()];
    let running = users.map(|user| user.start("echo up; exec sleep 1000", &[]));
    let mut tops = Vec::new();
    for (user, running) in users.iter().zip(&running) {
        let [leaf, own, workspace, top] = levels(running);
        assert_eq!(bounds(&leaf), [[80 * MIB], [40]], "{leaf:?}");
        assert_eq!(bounds(&own), [[96 * MIB], [60]], "{own:?}");
        assert_eq!(bounds(&top), [[1000 * MIB], [3000]], "{top:?}");
        for place in &workspace {
            let name = format!("w-{}", user.id());
            assert!(place.ends_with(&name), "{} is {name}", place.display());
        }
        // Beside its commands, so that what they fill is not its own.
        let serves = within_branch(ground.workspace(user));
        let beside: Vec<PathBuf> = workspace.iter().map(|at| at.join("self")).collect();
        assert_eq!(serves, beside);
        for at in &own {
            let owner = fs::metadata(at).expect("it is there").uid();
            assert_eq!(owner, user.uid(), "{}", at.display());
        }
        let mut theirs = given(&own);
        // By version 1: the mark of the most there was, which bounds nothing.
        theirs.retain(|name| !name.ends_with("max_usage_in_bytes"));
        assert_eq!(theirs, Vec::<String>::new(), "{own:?}");
        let passage = usize::from(Way::of_user(&ground) == Way::V2);
        assert_eq!(given(&workspace), vec!["cgroup.procs"; passage]);
        assert_eq!(given(&beside), Vec::<String>::new());
        assert_eq!(given(&top), Vec::<String>::new());
        tops.push(top);
    }
    assert_eq!(tops[0], tops[1], "they share what is for all");
}

/// What the server says at its start and at `/readyz`: every wall stands, and how limits are kept.
#[track_caller]
fn told_of_walls(ground: &Ground) {
    for wall in [
        "isolation",
        "identity",
        "mount_namespace",
        "pid_namespace",
        "landlock",
        "no_new_privs",
        "seccomp",
        "limits",
    ] {
        let told = ground.get("/readyz").text();
        assert!(ground.has(wall), "{wall} in {told}");
    }
    let by = ground.a().get("/api/limits").expect(200).json()["by"].clone();
    if let Some(expected) = variables::get("OT_EXPECT_LIMITS") {
        assert_eq!(by, json!(expected));
    }
    let printed = ground.printed();
    let walls = printed.lines().find(|line| line.contains("Walls:"));
    for wall in ["mount_namespace", "landlock", "seccomp"] {
        assert!(walls.is_some_and(|line| line.contains(wall)), "{printed}");
    }
    let kept = format!("kept by {}", by.as_str().unwrap_or_default());
    assert!(printed.contains(&kept), "{kept} in {printed}");
}

/// What is said of a command now.
#[track_caller]
fn status(user: &User, id: &str, wait: u32) -> Reply {
    let path = format!("/execute/{id}/status?wait={wait}");
    Reply(user.get(&path).expect(200).json())
}

#[test]
fn what_one_user_s_hog_takes_another_does_not_miss() {
    let settings = [("USER_MEMORY_LIMIT", "96MiB"), ("USER_PIDS_LIMIT", "60")];
    let Some(ground) = ground(&settings) else {
        return;
    };
    let (a, b) = (ground.a(), ground.b());
    for user in [a, b] {
        user.put("list.py", hogs::LIST);
    }
    let waits = "python3 list.py 40 0; echo up; while [ ! -e go ]; do sleep 0.2; done; echo well";
    let quiet = b.start(waits, &[]);
    let hog = a.execute("exec python3 list.py 300 1", 30, &[]);
    assert_eq!(hog.signal(), Some("SIGKILL"), "{hog:?}");
    struck(&hog, "memory", "user", 96 * MIB);
    told_of_memory(&hog);

    a.put("many.py", MANY);
    let hog = a.start("exec python3 many.py", &[]);
    let said = status(&a, &hog.id, 0);
    struck(&said, "pids", "user", 60);
    let many = "for n in $(seq 30); do sleep 1 & done; wait; echo all";
    let others = b.execute(many, 30, &[]).expect_exit(0);
    assert_eq!(others.output(), "all\r\n");
    let used = |user: &User| {
        let said = user.get("/api/limits").expect(200).json();
        let used = said["user"]["usage"]["pids"].as_u64();
        used.expect("it is counted")
    };
    let used = [used(&a), used(&b)];
    assert!(used[0] > 50 && used[1] < 20, "{used:?} processes");
    // A workspace with commands that can do nothing any more still answers, and ends them.
    a.get("/files/list").expect(200);
    a.end(&hog);
    eventually("the hog is gone", seconds(20), || !hog.lives());
    a.execute("true", 30, &[]).expect_exit(0);

    b.put("go", "");
    let quiet = status(&b, &quiet.id, 30).expect_exit(0);
    assert!(quiet.output().ends_with("well\r\n"), "{quiet:?}");
    for reply in [quiet, others] {
        assert!(reply.0.get("limit").is_none(), "{reply:?}");
    }
}

#[test]
fn a_workspace_that_ends_leaves_no_place() {
    let settings = [
        ("USER_PIDS_LIMIT", "60"),
        ("WORKSPACE_IDLE_TTL", "1"),
        ("KILL_GRACE", "1"),
    ];
    let Some(mut ground) = ground(&settings) else {
        return;
    };
    let stays = ground.b().start("echo up; exec sleep 1000", &[]);
    let of_b = up(&within_branch(stays.pid()), 2);
    let is_gone = |places: &[PathBuf]| places.iter().all(|at| !at.exists());
    let stubborn = "trap '' TERM HUP; setsid sleep 1000 & echo up; sleep 1000; sleep 1000";
    // It ends for want of use, and it is killed with what it runs.
    for killed in [false, true] {
        let a = ground.a();
        let running = a.start(stubborn, &[]);
        let [leaf, _, of_a, _] = levels(&running);
        if killed {
            processes::signal(ground.workspace(&a), Signal::SIGKILL);
        } else {
            a.end(&running);
            eventually("its place goes with a command", seconds(20), || {
                is_gone(&leaf)
            });
        }
        eventually("a workspace's place goes with it", seconds(20), || {
            is_gone(&of_a)
        });
        assert!(!running.lives(), "killed: {killed}");
        assert!(!is_gone(&of_b) && stays.lives(), "the other's stays");
        // It comes back, to a place of the same name.
        a.execute("true", 30, &[]).expect_exit(0);
    }
    let running = ground.a().start(stubborn, &[]);
    let top = up(&within_branch(running.pid()), 3);
    assert!(ground.server().stop().success());
    assert!(is_gone(&top), "{top:?}");
    assert!(!stays.lives() && !running.lives());
}
