//! Groups, user namespaces, and other ways to be somebody else.

use std::process::Command;

use crate::support::grounds::{Ground, Grounds};

fn name(ground: &Ground) -> String {
    if ground.b().uid() == 0 {
        return "root".to_owned();
    }
    ground.b().id().to_owned()
}

#[test]
fn nobody_becomes_another() {
    let Some(grounds) = Grounds::of("becoming another") else {
        return;
    };
    for (what, command) in [
        ("su", "timeout 5 su {} -c 'cat \"$B/it.txt\"' </dev/null"),
        ("sg", "timeout 5 sg {} -c 'cat \"$B/it.txt\"' </dev/null"),
        ("newgrp", "echo 'cat \"$B/it.txt\"' | timeout 5 newgrp {}"),
        (
            "setpriv",
            "setpriv --reuid {} --regid {} --clear-groups cat \"$B/it.txt\"",
        ),
        (
            "runuser",
            "timeout 5 runuser -u {} -- cat \"$B/it.txt\" </dev/null",
        ),
        (
            "setuid",
            "python3 -c 'import os, sys; os.setgroups([]); os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1])); print(open(os.environ[\"B\"] + \"/it.txt\").read())' UID",
        ),
        (
            "setgid alone",
            "python3 -c 'import os, sys; os.setgid(int(sys.argv[1])); print(open(os.environ[\"B\"] + \"/it.txt\").read())' UID",
        ),
        (
            "setgroups alone",
            "python3 -c 'import os, sys; os.setgroups([int(sys.argv[1])]); print(open(os.environ[\"B\"] + \"/it.txt\").read())' UID",
        ),
        (
            "a user namespace",
            "unshare --user --map-root-user cat \"$B/it.txt\"",
        ),
        (
            "a user namespace that maps the other",
            "unshare --user --map-users 0,UID,1 --map-groups 0,UID,1 cat \"$B/it.txt\" || unshare --user --map-user UID cat \"$B/it.txt\"",
        ),
        (
            "nsenter",
            "nsenter --target PID --mount --user --preserve-credentials cat \"$B/it.txt\" || nsenter --target PID --mount cat \"$B/it.txt\"",
        ),
        (
            "chroot by magic link",
            "chroot /proc/PID/root cat \"$B/it.txt\"",
        ),
    ] {
        grounds.accounts_stop(what, |ground| {
            let b = ground.b();
            b.put("it.txt", "of-another");
            let running = b.start("echo up; exec sleep 1000", &[]);
            let command = command
                .replace("{}", &name(ground))
                .replace("UID", &b.uid().to_string())
                .replace("PID", &running.pid().to_string());
            let shown = ground.a().run(&command);
            b.end(&running);
            shown.contains("of-another")
        });
    }
    grounds.end(12);
}

#[test]
fn nothing_is_given_to_or_taken_from_another() {
    let Some(grounds) = Grounds::of("owners and groups") else {
        return;
    };
    for (what, command) in [
        (
            "chgrp of one's own to another's group",
            "chgrp -v GID mine && [ \"$(stat -c %g mine)\" = GID ]",
        ),
        (
            "chown of one's own to another",
            "chown UID mine && [ \"$(stat -c %u mine)\" = UID ]",
        ),
        ("chown of another's to oneself", "chown OWN \"$B/it.txt\""),
        ("chmod of another's file", "chmod 777 \"$B/it.txt\""),
        ("chmod of another's home", "chmod 755 \"$B\""),
        (
            "an ACL on another's file",
            "python3 -c 'import os; os.setxattr(os.environ[\"B\"] + \"/it.txt\", \"user.x\", b\"1\")'",
        ),
        ("another's time stamps", "touch -d @1 \"$B/it.txt\""),
        (
            "mknod of a disk",
            "mknod d b 7 0 && head -c1 d >/dev/null; [ -b d ]; s=$?; rm -f d; exit $s",
        ),
    ] {
        grounds.accounts_stop(what, |ground| {
            let (a, b) = (ground.a(), ground.b());
            b.put("it.txt", "of-another");
            a.put("mine", "");
            // Where all are root, any other number stands for another.
            let other = |id| if id == 0 { 65_534 } else { id };
            let (uid, gid) = (other(b.uid()), other(b.gid()));
            let command = command
                .replace("GID", &gid.to_string())
                .replace("UID", &uid.to_string())
                .replace("OWN", &a.uid().to_string());
            a.can(&command)
        });
    }
    grounds.end(8);
}

/// What covers a path in the namespace of a workspace.
fn cover_of(path: &str) -> &str {
    let whole = ["/home", "/root", "/tmp", "/var/tmp"];
    let above = |cover: &&str| std::path::Path::new(path).starts_with(cover);
    whole.into_iter().find(above).unwrap_or(path)
}

#[test]
fn what_is_covered_is_not_uncovered() {
    let Some(grounds) = Grounds::of("covers") else {
        return;
    };
    let ground = grounds.all();
    let b = ground.b();
    b.put("it.txt", "below-a-cover");
    let (home, state) = (b.at(""), ground.place().join("state").display().to_string());
    let place = ground.home.path().display().to_string();
    for (path, seen) in [
        (home.as_str(), format!("ls -d {home}")),
        (state.as_str(), format!("ls {state}/*")),
        (place.as_str(), format!("ls -d {place}")),
    ] {
        let what = cover_of(path);
        let uncover = format!("umount -l {what}; {seen}");
        grounds.theme.attempt(
            &format!("uncovering {what}"),
            || {
                // Root, in a copy of the user's namespace of mounts.
                let pid = ground.workspace(&ground.a()).to_string();
                let words = [
                    "-t", &pid, "--mount", "--pid", "unshare", "--mount", "sh", "-c", &uncover,
                ];
                let output = Command::new("nsenter").args(words).output();
                output.expect("nsenter is there").status.success()
            },
            || {
                [
                    "",
                    "unshare --user --map-root-user --mount ",
                    "unshare --user --map-root-user --mount --propagation unchanged ",
                ]
                .iter()
                .any(|by| ground.a().can(&format!("{by} sh -c '{uncover}'")))
            },
        );
    }
    grounds.theme.attempt(
        "a new /proc in a user namespace that shows all",
        || {
            let output = Command::new("unshare").args(["--mount", "sh", "-c", "mount -t proc proc /proc; ls -d /proc/$0"]).arg(ground.pid.to_string()).output();
            output.expect("unshare is there").status.success()
        },
        || {
            let command = format!("unshare --user --map-root-user --pid --fork --mount sh -c 'mount -t proc proc /proc; ls -d /proc/{}'", ground.pid);
            ground.a().can(&command)
        },
    );
    grounds.theme.attempt(
        "another's home under another mount",
        || {
            let output = Command::new("cat").arg(b.at("it.txt")).output();
            output.expect("cat is there").stdout == b"below-a-cover"
        },
        || {
            let command = "unshare --user --map-root-user --mount sh -c 'mkdir -p m; mount --rbind / m; cat \"m$B/it.txt\"; mount -t overlay -o lowerdir=\"$B\",upperdir=m,workdir=x o m; cat m/it.txt'";
            ground.a().run(command).contains("below-a-cover")
        },
    );
    grounds.end(5);
}
