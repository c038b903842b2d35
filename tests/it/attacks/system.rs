//! Files of the system: accounts, programs that run by themselves, devices and what crashes leave behind.

use crate::support::grounds::{Ground, Grounds};

/// Files and directories of the system that only root may change. They are opened for writing, and nothing is written.
const KEPT: [&str; 16] = [
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/crontab",
    "/etc/cron.d",
    "/etc/cron.daily",
    "/etc/profile.d",
    "/var/spool",
    "/usr/local/bin",
    "/usr/bin/env",
    "/etc/.pwd.lock",
    "/etc/skel",
    "/home",
    "/proc/sys/kernel/core_pattern",
];

/// Says whether a file can be opened for writing, or something be made in a directory; what is made is removed.
const WRITE: &str = "
import os, sys
path = sys.argv[1]
try:
    if os.path.isdir(path):
        name = path + '/ot-it-planted'
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        os.unlink(name)
    else:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
    print('GOT')
except OSError as error:
    print('refused', error)
";

#[test]
fn the_system_s_files_are_not_changed() {
    let Some(grounds) = Grounds::of("the system's files") else {
        return;
    };
    for path in KEPT {
        if !std::path::Path::new(path).exists() {
            eprintln!("skipped: there is no {path} here");
            continue;
        }
        grounds.accounts_stop(&format!("writing to {path}"), |ground| {
            ground.a().python(WRITE, path).contains("GOT")
        });
    }
    for (name, command) in [
        ("reading the shadow file", "cat /etc/shadow"),
        ("listing root's home", "[ -n \"$(ls -A /root)\" ]"),
        (
            "reading the kernel's log",
            "timeout 2 dd if=/dev/kmsg of=/dev/null bs=8192 count=1",
        ),
        (
            "reading a disk",
            "set -- /dev/[svx]d[a-z] /dev/nvme0n1 /dev/loop0; for d; do [ -b $d ] && head -c1 $d >/dev/null && exit 0; done; [ -w /dev/loop0 ]",
        ),
        (
            "making a virtual machine or a file system of one's own",
            "for d in /dev/kvm /dev/fuse /dev/loop-control; do [ -e $d ] && : <>$d && exit 0; done; exit 1",
        ),
        (
            "changing the clock or the host's name",
            "hostname \"$(hostname)\"",
        ),
    ] {
        grounds.accounts_stop(name, |ground| ground.a().can(command));
    }
    grounds.end(18);
}

#[test]
fn nothing_of_a_user_s_runs_by_itself() {
    let Some(grounds) = Grounds::of("cron and at") else {
        return;
    };
    for (program, command) in [
        ("crontab", "echo '* * * * * true' | crontab - && crontab -r"),
        ("at", "echo true | at now + 1 hour && atrm $(atq | cut -f1)"),
    ] {
        let found = std::process::Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .output();
        if !found.is_ok_and(|output| output.status.success()) {
            eprintln!("not tried: there is no {program} here");
            continue;
        }
        grounds.accounts_stop(program, |ground| ground.a().can(command));
    }
    for path in [
        "/var/spool/cron/crontabs",
        "/var/spool/cron",
        "/var/spool/at",
        "/etc/cron.d",
        "/etc/init.d",
        "/etc/systemd/system",
        "/usr/lib/systemd/system",
        "/etc/xdg/autostart",
        "/etc/update-motd.d",
    ] {
        if std::path::Path::new(path).is_dir() {
            grounds.accounts_stop(&format!("a file in {path}"), |ground| {
                ground.a().python(WRITE, path).contains("GOT")
            });
        }
    }
    grounds.end(1);
}

#[test]
fn crashes_leave_nothing_for_others() {
    let Some(grounds) = Grounds::with("core dumps", &[("LIMIT_CORE", "1GiB")]) else {
        return;
    };
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    if pattern.trim() != "core" {
        eprintln!("not tried: cores are written to {pattern}");
        return;
    }
    let crash = |ground: &Ground| {
        ground.b().run("mkdir -p c; cd c; chmod 755 .; rm -f core*; ulimit -c unlimited; umask 0; sh -c 'word=in-the-core-dump; kill -SEGV $$'; ls");
        ground.b().home().join("c")
    };
    grounds.accounts_stop("reading another's core", |ground| {
        let directory = crash(ground);
        ground
            .a()
            .run(&format!(
                "cat {}/core* | strings | grep in-the-core; grep -l in-the-core-dump {0}/core*",
                directory.display()
            ))
            .contains("core")
            && ground
                .a()
                .can(&format!("head -c1 {}/core*", directory.display()))
    });
    grounds.walls_stop("a core in a place that all share", |ground| {
        let (a, b) = (ground.a(), ground.b());
        b.run("mkdir -p /tmp/ot-it-core; chmod 777 /tmp/ot-it-core; cd /tmp/ot-it-core; ulimit -c unlimited; sh -c 'kill -SEGV $$'");
        let seen = a.can("ls /tmp/ot-it-core/core*");
        b.run("rm -rf /tmp/ot-it-core");
        seen
    });
    grounds.theme.attempt(
        "a core of one's own workspace, which has its key in it",
        || {
            let a = grounds.all().a();
            a.can("ulimit -c unlimited; sh -c 'kill -SEGV $$'; ls core*")
        },
        || {
            [grounds.accounts(), grounds.all()].into_iter().any(|ground| {
                let a = ground.a();
                a.run("rm -f core*");
                let pid = match ground.walls {
                    crate::support::grounds::Walls::All => 1,
                    _ => ground.workspace(&a),
                };
                let body = serde_json::json!({"command": format!("prlimit --core=unlimited --pid {pid}; kill -SEGV {pid}; sleep 1")});
                a.ask("POST", "/execute?wait=3").json(&body).try_send().ok();
                let made = std::fs::read_dir(a.home()).expect("it is there").flatten();
                let mut names = made.map(|entry| entry.file_name().to_string_lossy().into_owned());
                names.any(|name| name.starts_with("core")) || std::path::Path::new("/core").exists()
            })
        },
    );
    grounds.end(3);
}
