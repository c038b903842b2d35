//! Limits: nobody raises their own, leaves them, or puts their hands on those of another.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::support::grounds::{Ground, Grounds, User};
use crate::support::limits::{Way, cgroups_of};

/// Where a command of each is: its leaf, the place of its user, and that of all.
struct Places {
    own: Vec<PathBuf>,
    others: Vec<PathBuf>,
    other: i32,
}

fn places(ground: &Ground, a: &User, b: &User) -> (Places, [crate::support::grounds::Running; 2]) {
    let sleep = "echo up; exec sleep 1000";
    let running = [a.start(sleep, &[]), b.start(sleep, &[])];
    let leaves = |pid: i32| -> Vec<PathBuf> {
        let all = cgroups_of(pid).into_iter();
        all.filter(|path| path.to_string_lossy().contains("/open-terminal"))
            .collect()
    };
    let places = Places {
        own: leaves(running[0].pid()),
        others: leaves(running[1].pid()),
        other: running[1].pid(),
    };
    assert!(
        !places.own.is_empty(),
        "{:?}: a command has a place",
        ground.walls
    );
    (places, running)
}

/// A shell's lines that do something in the places, `$1` being the number of the other's process; the last prints
/// `GOT` when any of it was done.
fn attack(places: &Places, lines: &str) -> String {
    let quoted = |paths: &[PathBuf], up: usize| {
        let at = |path: &PathBuf| {
            path.ancestors()
                .nth(up)
                .unwrap_or(Path::new("/"))
                .display()
                .to_string()
        };
        paths.iter().map(at).collect::<Vec<_>>().join(" ")
    };
    let lines = lines
        .replace("OWNLEAF", &quoted(&places.own, 0))
        .replace("OWNUSER", &quoted(&places.own, 1))
        .replace("ALL", &quoted(&places.own, 2))
        .replace("OTHERLEAF", &quoted(&places.others, 0))
        .replace("OTHERUSER", &quoted(&places.others, 1))
        .replace("OTHERPID", &places.other.to_string());
    // Writing what is there already shows that one could write anything.
    format!(
        "same() {{ [ -e \"$1\" ] && v=$(cat \"$1\") && (echo \"$v\" >\"$1\") 2>/dev/null && echo \"GOT $1\"; }}\nput() {{ [ -e \"$2\" ] && (echo \"$1\" >\"$2\") 2>/dev/null && echo \"GOT $2\"; }}\n{lines}\ntrue"
    )
}

/// Attacks on the files of cgroups.
const ATTACKS: [(&str, &str); 10] = [
    (
        "raising one's own user's limits",
        "for d in OWNUSER; do for f in pids.max memory.max memory.limit_in_bytes cpu.max cpu.cfs_quota_us; do same $d/$f; done; done",
    ),
    (
        "raising the limits of all",
        "for d in ALL; do for f in pids.max memory.max memory.limit_in_bytes cpu.max cpu.cfs_quota_us; do same $d/$f; done; done",
    ),
    (
        "leaving for the root of the hierarchy",
        "for d in /sys/fs/cgroup /sys/fs/cgroup/*; do sh -c \"echo \\$\\$ >$d/cgroup.procs\" 2>/dev/null && echo GOT $d; done",
    ),
    (
        "leaving for the place of all",
        "for d in ALL; do sh -c \"echo \\$\\$ >$d/cgroup.procs\" 2>/dev/null && echo GOT $d; done",
    ),
    (
        "moving into another's place",
        "for d in OTHERUSER OTHERLEAF; do sh -c \"echo \\$\\$ >$d/cgroup.procs\" 2>/dev/null && echo GOT $d; done",
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
        "for d in OTHERUSER OTHERLEAF; do for f in cgroup.freeze freezer.state memory.force_empty; do same $d/$f; done; put 0 $d/cgroup.freeze; put THAWED $d/freezer.state; done",
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
    if !Way::of_user(grounds.all()).by_kernel() {
        eprintln!("skipped: there are no cgroups to write to");
        return;
    }
    for (name, lines) in ATTACKS {
        grounds.theme.attempt(
            name,
            || {
                // Root may: so these are the right files.
                let ground = grounds.all();
                let (places, running) = places(ground, &ground.a(), &ground.b());
                let script = attack(&places, lines).replace("MOUNT", "unshare --mount");
                let output = Command::new("sh")
                    .args(["-c", &script])
                    .output()
                    .expect("sh is there");
                ground.a().end(&running[0]);
                ground.b().end(&running[1]);
                String::from_utf8_lossy(&output.stdout).contains("GOT")
            },
            || {
                [grounds.accounts(), grounds.all()]
                    .into_iter()
                    .any(|ground| {
                        let (places, running) = places(ground, &ground.a(), &ground.b());
                        let script = attack(&places, lines)
                            .replace("MOUNT", "unshare --user --map-root-user --mount");
                        ground.a().put("attack.sh", script);
                        let shown = ground.a().run("sh attack.sh");
                        ground.a().end(&running[0]);
                        ground.b().end(&running[1]);
                        if shown.contains("GOT") {
                            eprintln!("{name}, {:?}: {shown}", ground.walls);
                        }
                        shown.contains("GOT")
                    })
            },
        );
    }
    own_command(&grounds);
    grounds.end(13);
}

/// The files of a command's own leaf belong to its user, so that only a wall of its own keeps it from them.
fn own_command(grounds: &Grounds) {
    let lines = "for d in OWNLEAF; do for f in pids.max memory.max memory.limit_in_bytes; do same $d/$f; done; done";
    grounds.theme.attempt(
        "raising the limits of one's own command",
        || {
            let ground = grounds.all();
            let (places, _running) = places(ground, &ground.a(), &ground.b());
            let output = Command::new("sh")
                .args(["-c", &attack(&places, lines)])
                .output();
            String::from_utf8_lossy(&output.expect("sh is there").stdout).contains("GOT")
        },
        || {
            let ground = grounds.all();
            let (places, _running) = places(ground, &ground.a(), &ground.b());
            let shown = ground.a().run(&attack(&places, lines));
            shown.contains("GOT")
        },
    );
    for what in ["write", "upload"] {
        grounds.theme.attempt(
            &format!("raising the limits of one's own command by {what}"),
            || {
                let ground = grounds.none();
                ground
                    .a()
                    .post(
                        "/files/write",
                        &json!({"path": ground.a().at("f"), "content": "max\n"}),
                    )
                    .status
                    == 200
            },
            || {
                let ground = grounds.all();
                let (places, _running) = places(ground, &ground.a(), &ground.b());
                let file = places
                    .own
                    .iter()
                    .map(|path| path.join("pids.max"))
                    .find(|path| path.exists());
                let file = file.expect("there is a limit");
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
