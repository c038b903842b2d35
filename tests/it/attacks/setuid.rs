//! Programs that run as their owner: planted by one for the other, or root's own.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::Command;

use crate::support::grounds::{Ground, Grounds};

/// A copy of a program in the place that everybody can pass, with an owner, a group and a mode.
fn copy(ground: &Ground, program: &str, owner: u32, group: u32, mode: u32) -> PathBuf {
    let name = format!("copy-{}", crate::support::grounds::random());
    let path = ground.place().join(name);
    fs::copy(program, &path).expect("it is ours");
    chown(&path, Some(owner), Some(group)).expect("we are root");
    fs::set_permissions(&path, Permissions::from_mode(mode)).expect("it is ours");
    path
}

#[test]
fn no_program_makes_anybody_somebody_else() {
    let Some(grounds) = Grounds::of("setuid") else {
        return;
    };
    let identity = "/usr/bin/id";
    grounds.walls_stop("a setuid program of root's", |ground| {
        let path = copy(ground, identity, 0, 0, 0o4755);
        ground.a().run(&format!("{} -u", path.display())) == "0\n"
    });
    grounds.walls_stop("a setgid program of root's group", |ground| {
        let path = copy(ground, identity, 0, 0, 0o2755);
        ground.a().run(&format!("{} -g", path.display())) == "0\n"
    });
    grounds.walls_stop(
        "a setuid program of another's, who was talked into it",
        |ground| {
            let uid = ground.b().uid();
            let path = copy(ground, identity, uid, uid, 0o4755);
            ground.a().run(&format!("{} -u", path.display())) == format!("{uid}\n")
        },
    );
    for place in ["/tmp", "/var/tmp", "/dev/shm"] {
        grounds.walls_stop(
            &format!("a setuid copy made by another in {place}"),
            |ground| {
                let path = format!("{place}/ot-it-{}", crate::support::grounds::random());
                let (a, b) = (ground.a(), ground.b());
                b.run(&format!("cp {identity} {path}; chmod 4755 {path}"));
                let shown = a.run(&format!("{path} -u"));
                b.run(&format!("rm -f {path}"));
                shown == format!("{}\n", b.uid())
            },
        );
    }
    grounds.walls_stop(
        "su, which is root's and setuid, tells who it is",
        |ground| {
            // By what it may open: su reads the shadow file, and says so by another message than that it cannot.
            let path = copy(ground, "/bin/cat", 0, 0, 0o4755);
            ground.a().can(&format!("{} /etc/shadow", path.display()))
        },
    );
    grounds.end(7);
}

#[test]
fn no_program_brings_capabilities() {
    let Some(grounds) = Grounds::of("capabilities") else {
        return;
    };
    for capability in ["cap_dac_read_search+ep", "cap_dac_override+eip"] {
        grounds.walls_stop(&format!("a program with {capability}"), |ground| {
            let path = capable(ground, capability);
            let file = ground.b().put("it.txt", "by-capability");
            let shown = ground
                .a()
                .run(&format!("{} {}", path.display(), file.display()));
            shown.contains("by-capability")
        });
    }
    grounds.accounts_stop("capabilities of a command's own", |ground| {
        has_capabilities(ground, &["CapInh", "CapPrm", "CapEff", "CapAmb"])
    });
    grounds.walls_stop("capabilities that a command could get", |ground| {
        has_capabilities(ground, &["CapBnd"])
    });
    grounds.end(4);
}

fn capable(ground: &Ground, capability: &str) -> PathBuf {
    let path = copy(ground, "/bin/cat", 0, 0, 0o755);
    let status = Command::new("setcap").arg(capability).arg(&path).status();
    assert!(status.expect("setcap is there").success());
    path
}

/// Whether any of these sets is not empty.
fn has_capabilities(ground: &Ground, sets: &[&str]) -> bool {
    let shown = ground.a().run("grep ^Cap /proc/self/status");
    assert_eq!(shown.lines().count(), 5, "{shown}");
    let of_these = |line: &&str| sets.iter().any(|set| line.starts_with(set));
    let is_empty = |line: &str| line.trim_end().ends_with("\t0000000000000000");
    !shown.lines().filter(of_these).all(is_empty)
}
