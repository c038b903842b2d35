//! Limits: nobody raises their own, leaves them, or puts their hands on those of another.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::support::grounds::{Ground, Grounds, User};
use crate::support::limits::{Way, within_branch};
use crate::support::processes;

/// Where a command of each is: its leaf. Above are the places of its user, of the workspace, and of all.
struct Places {
    own: Vec<PathBuf>,
    others: Vec<PathBuf>,
    other: i32,
}

fn places(ground: &Ground, a: &User, b: &User) -> Places {
    let sleep = "echo up; exec sleep 1000";
    let running = [a.start(sleep, &[]), b.start(sleep, &[])];
    let places = Places {
        own: within_branch(running[0].pid()),
        others: within_branch(running[1].pid()),
        other: running[1].pid(),
    };
    assert!(
        !places.own.is_empty(),
        "{:?}: a command has a place",
        ground.walls
    );
    places
}

impl Places {
    /// Whether the other's command is there, where it was.
    fn stand(&self) -> bool {
        processes::alive(self.other) && within_branch(self.other) == self.others
    }
}

/// A shell's lines that do something in the places, `$1` being the number of the other's process; the last prints
/// `GOT` when any of it was done.
fn attack(places: &Places, lines: &str) -> String {
    let quoted = |paths: &[PathBuf], up: usize, below: &str| {
        let at = |path: &PathBuf| {
            let above = path.ancestors().nth(up).unwrap_or(Path::new("/"));
            above.join(below).display().to_string()
        };
        paths.iter().map(at).collect::<Vec<_>>().join(" ")
    };
    let lines = lines
        .replace("OWNLEAF", &quoted(&places.own, 0, ""))
        .replace("OWNUSER", &quoted(&places.own, 1, ""))
        .replace("OWNSELF", &quoted(&places.own, 2, "self"))
        .replace("OWNALL", &quoted(&places.own, 2, ""))
        .replace("ALL", &quoted(&places.own, 3, ""))
        .replace("OTHERLEAF", &quoted(&places.others, 0, ""))
        .replace("OTHERUSER", &quoted(&places.others, 1, ""))
        .replace("OTHERSELF", &quoted(&places.others, 2, "self"))
        .replace("OTHERPID", &places.other.to_string());
    // Writing what is there already shows that one could write anything.
    format!(
        "same() {{ [ -e \"$1\" ] && v=$(cat \"$1\") && (echo \"$v\" >\"$1\") 2>/dev/null && echo \"GOT $1\"; }}\nput() {{ [ -e \"$2\" ] && (echo \"$1\" >\"$2\") 2>/dev/null && echo \"GOT $2\"; }}\n{lines}\ntrue"
    )
}

/// On version 2 a place that hands on controllers takes no processes, whoever asks.
const INNER: &str = "leaving for the place of all";

/// Attacks on the files of cgroups.
const ATTACKS: [(&str, &str); 12] = [
    (
        "raising one's own user's limits",
        "for d in OWNUSER; do for f in pids.max memory.max memory.limit_in_bytes cpu.max cpu.cfs_quota_us; do same $d/$f; done; done",
    ),
    (
        "raising the limits of all",
        "for d in ALL OWNALL OWNSELF; do for f in pids.max memory.max memory.limit_in_bytes cpu.max cpu.cfs_quota_us; do same $d/$f; done; done",
    ),
    (
        "taking the limits away from one's own commands",
        "for d in OWNUSER OWNALL; do same $d/cgroup.subtree_control; put +pids $d/cgroup.subtree_control; same $d/cgroup.max.depth; same $d/cgroup.clone_children; same $d/notify_on_release; done",
    ),
    (
        "leaving for the root of the hierarchy",
        "for d in /sys/fs/cgroup /sys/fs/cgroup/*/; do sh -c \"echo \\$\\$ >$d/cgroup.procs\" 2>/dev/null && echo GOT $d; done",
    ),
    (
        INNER,
        "for d in ALL OWNALL; do sh -c \"echo \\$\\$ >$d/cgroup.procs\" 2>/dev/null && echo GOT $d; done",
    ),
    (
        "leaving for the workspace's own place",
        "for d in OWNSELF; do sh -c \"echo \\$\\$ >$d/cgroup.procs\" 2>/dev/null && echo GOT $d; done",
    ),
    (
        "moving into another's place",
        "for d in OTHERUSER OTHERLEAF OTHERSELF; do sh -c \"echo \\$\\$ >$d/cgroup.procs\" 2>/dev/null && echo GOT $d; done",
    ),
    (
        "moving another's process",
        "for d in OWNUSER OWNLEAF; do put OTHERPID $d/cgroup.procs; done",
    ),
    (
        "changing another's limits",
        "for d in OTHERUSER OTHERLEAF; do for f in pids.max memory.max memory.limit_in_bytes cpu.max cpu.cfs_quota_us; do same $d/$f; done; done",
    ),
    (
        "making a place in another's",
        "for d in OTHERUSER OTHERLEAF; do mkdir $d/ot-it-x 2>/dev/null && rmdir $d/ot-it-x && echo GOT $d; done",
    ),
    (
        "freezing or ending another's",
        "for d in OTHERUSER OTHERLEAF; do for f in cgroup.freeze freezer.state memory.force_empty; do same $d/$f; done; put 0 $d/cgroup.freeze; put THAWED $d/freezer.state; put 1 $d/cgroup.kill; done",
    ),
    (
        "a hierarchy of one's own",
        "d=$(mktemp -d); MOUNT sh -c \"mount -t cgroup2 none $d && echo GOT || mount -t cgroup -o pids none $d && echo GOT; umount $d\" 2>/dev/null; rmdir $d",
    ),
];

#[test]
fn the_files_of_limits_are_not_the_user_s() {
    let settings = [
        ("USER_PIDS_LIMIT", "200"),
        ("USER_MEMORY_LIMIT", "1GiB"),
        ("COMMAND_PIDS_LIMIT", "100"),
    ];
    let Some(grounds) = Grounds::with("cgroups", &settings) else {
        return;
    };
    let way = Way::of_user(grounds.all());
    if !way.by_kernel() {
        eprintln!("skipped: there are no cgroups to write to");
        return;
    }
    let (apart, ground) = (grounds.accounts(), grounds.all());
    let kept = places(apart, &apart.a(), &apart.b());
    let mut held = places(ground, &ground.a(), &ground.b());
    for (name, lines) in ATTACKS {
        // First behind the walls, for what root does may leave nothing as it was.
        let gets_through = [(apart, &kept), (ground, &held)]
            .into_iter()
            .any(|(ground, places)| tried(ground, name, &attack(places, lines)));
        let harmed = !(kept.stand() && held.stand());
        grounds.theme.attempt(
            name,
            // Root may: so these are the right files.
            || (way == Way::V2 && name == INNER) || root_may(&attack(&held, lines)),
            || gets_through || harmed,
        );
        if !held.stand() {
            held = places(ground, &ground.a(), &ground.b());
        }
    }
    own_command(&grounds, &held);
    grounds.end(15);
}

/// Whether root, outside of all walls, does any of it.
fn root_may(script: &str) -> bool {
    let script = script.replace("MOUNT", "unshare --mount");
    let output = Command::new("sh").args(["-c", &script]).output();
    let output = output.expect("sh is there");
    String::from_utf8_lossy(&output.stdout).contains("GOT")
}

/// Whether a user does any of it.
fn tried(ground: &Ground, name: &str, script: &str) -> bool {
    let script = script.replace("MOUNT", "unshare --user --map-root-user --mount");
    ground.a().put("attack.sh", script);
    let shown = ground.a().run("sh attack.sh");
    let got = shown.contains("GOT");
    if got {
        eprintln!("{name}, {:?}: {shown}", ground.walls);
    }
    got
}

/// The files of a command's own leaf belong to its user, so that only a wall of its own keeps it from them.
fn own_command(grounds: &Grounds, places: &Places) {
    let lines = "for d in OWNLEAF; do for f in pids.max memory.max memory.limit_in_bytes; do same $d/$f; done; done";
    let (script, ground) = (attack(places, lines), grounds.all());
    grounds.theme.attempt(
        "raising the limits of one's own command",
        || root_may(&script),
        || ground.a().run(&script).contains("GOT"),
    );
    let file = places
        .own
        .iter()
        .map(|path| path.join("pids.max"))
        .find(|path| path.exists());
    let file = file.expect("there is a limit");
    for what in ["write", "upload"] {
        grounds.theme.attempt(
            &format!("raising the limits of one's own command by {what}"),
            || {
                let a = grounds.none().a();
                let body = json!({"path": a.at("f"), "content": "max\n"});
                a.post("/files/write", &body).status == 200
            },
            || {
                let before = std::fs::read_to_string(&file).expect("it can be read");
                put(&ground.a(), what, &file);
                std::fs::read_to_string(&file).is_ok_and(|after| after != before)
            },
        );
    }
}

fn put(a: &User, what: &str, file: &Path) {
    if what == "write" {
        a.post("/files/write", &json!({"path": file, "content": "max\n"}));
        return;
    }
    let directory = file.parent().expect("it has one").display().to_string();
    let path = crate::support::files::target("upload", &[("directory", &directory)]);
    let form = "--BB\r\nContent-Disposition: form-data; name=\"file\"; filename=\"pids.max\"\r\n\r\nmax\n\r\n--BB--\r\n";
    let ask = a
        .ask("POST", &path)
        .header("content-type", "multipart/form-data; boundary=BB");
    ask.bytes(form.as_bytes()).send();
}
