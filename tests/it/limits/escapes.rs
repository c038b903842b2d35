//! Ways out that are none: other sessions, `ulimit`, and the files of the cgroups themselves.

use super::hogs;
use crate::support::limits::{
    MIB, Way, cgroups_of, each_way, killed_for_memory, limited, struck, usage,
};
use crate::support::{processes, seconds, wait_for};

/// Runs this in the background, each time further away from the shell.
const WAYS_OUT: [&str; 4] = [
    "setsid {} &",
    "(setsid sh -c '{} & exit' &);",
    "nohup {} >/dev/null 2>&1 &",
    "(trap '' TERM HUP INT; setsid setsid {} </dev/null >/dev/null 2>&1 &);",
];

#[test]
fn a_hog_in_another_session_still_meets_the_limit() {
    each_way(&[("COMMAND_MEMORY_LIMIT", "64MiB")], |server, way| {
        hogs::put(server);
        server.put("away.sh", "python3 list.py 600 1; : > gone");
        for way_out in WAYS_OUT {
            let away = way_out.replace("{}", "sh away.sh");
            // The shell stays until the hog is gone.
            let command = format!(
                "{away} for n in $(seq 250); do sleep 0.1; [ -e gone ] && break; done; echo status-$?; rm -f gone"
            );
            let reply = server.run(&command);
            struck(&reply, "memory", "command", 64 * MIB);
            if way.kills_whole() {
                killed_for_memory(&reply);
            } else {
                assert!(reply.output().contains("status-0"), "{way_out}: {reply:?}");
            }
        }
    });
}

#[test]
fn work_in_another_session_is_counted() {
    each_way(&[("COMMAND_PIDS_LIMIT", "50")], |server, _| {
        hogs::put(server);
        let reply = server.run(
            "(setsid sh -c 'python3 work.py 0.6 0; : > worked' &); until [ -e worked ]; do sleep 0.1; done; echo over",
        );
        let used = usage(&reply.expect_exit(0), "cpu_seconds");
        assert!(used >= 0.55, "{used} s of processor time");
    });
}

#[test]
fn what_is_in_other_sessions_is_ended_with_its_command() {
    let settings = [
        ("COMMAND_MEMORY_LIMIT", "200MiB"),
        ("COMMAND_CPU_LIMIT", "0.9"),
    ];
    each_way(&settings, |server, _| {
        for force in [false, true] {
            let mark = format!("limits-sessions-{}-{force}", server.pid);
            let away = WAYS_OUT.map(|way| way.replace("{}", "sleep 1000"));
            let command = format!("{} sleep 0.3; echo up; sleep 1000", away.join(" "));
            let id = server.start_marked(&command, &mark);
            server.output_with(&id, "up");
            assert!(processes::marked(&mark).len() > 4, "they run");
            let answer = server.kill(&id, force).expect(200).json();
            assert!(answer.get("remaining").is_none(), "{answer}");
            let left = processes::marked(&mark);
            assert!(left.is_empty(), "{left:?} are left after {answer}");
        }
    });
}

#[test]
fn limits_of_each_process_are_set_for_good() {
    let settings = [
        ("LIMIT_NOFILE", "64"),
        ("LIMIT_FSIZE", "1MiB"),
        ("LIMIT_CORE", "0"),
    ];
    each_way(&settings, |server, way| {
        let shown = server.run("cat /proc/self/limits").expect_exit(0).output();
        for (name, value) in [
            ("Max open files", "64"),
            ("Max file size", "1048576"),
            ("Max core file size", "0"),
        ] {
            let line = shown.lines().find(|line| line.starts_with(name));
            let words = line.unwrap_or_default()[name.len()..].split_whitespace();
            let words: Vec<&str> = words.take(2).collect();
            assert_eq!(words, [value, value], "{name} in {shown}");
        }
        assert_eq!(server.run("ulimit -Hn").output(), "64\r\n");
        // In blocks of 512 bytes by POSIX.
        let fsize = server.run("ulimit -Hf").output();
        assert!(
            ["2048\r\n", "1024\r\n"].contains(&fsize.as_str()),
            "{fsize}"
        );
        let reply = server.run("dd if=/dev/zero of=big bs=1M count=2 2>/dev/null; wc -c < big");
        assert_eq!(reply.output().trim(), "1048576");
        if way == Way::Watchdog && server.run("id -u").output().trim() != "0" {
            let reply =
                server.run("ulimit -n 65 && echo raised; ulimit -c unlimited && echo raised");
            assert!(!reply.output().contains("raised"), "{reply:?}");
        } else {
            eprintln!("not tried to raise them: root may");
        }
    });
}

#[test]
fn ulimit_gives_nothing_back() {
    each_way(&[("COMMAND_MEMORY_LIMIT", "64MiB")], |server, _| {
        hogs::put(server);
        let reply = server.run(
            "ulimit -d unlimited; ulimit -v unlimited; ulimit -u unlimited; ulimit -n 100000; exec python3 list.py 600 1",
        );
        killed_for_memory(&reply);
        struck(&reply, "memory", "command", 64 * MIB);
    });
}

/// Tries to write every file that limits, and to leave; says what worked.
const ATTACK: &str = r#"
for leaf in "$@"; do
    for at in "$leaf" "$leaf/.." "$leaf/../.."; do
        for file in "$at"/*limit_in_bytes "$at"/*.max "$at"/*.high "$at"/*quota* "$at"/memory.oom* "$at"/freezer.state "$at"/cgroup.kill "$at"/cgroup.subtree_control; do
            [ -e "$file" ] || continue
            (echo 9000000000 > "$file") 2>/dev/null && echo "broke $file"
            (echo max > "$file") 2>/dev/null && echo "broke $file"
        done
        (mkdir "$at/ot-test-x") 2>/dev/null && echo "broke $at" && rmdir "$at/ot-test-x"
    done
    for at in "$leaf/../../.." "$leaf/../../../.." "$leaf/.." "$leaf"; do
        for file in "$at/cgroup.procs" "$at/tasks"; do
            (echo 0 > "$file") 2>/dev/null && echo "broke $file"
        done
    done
done
cat /proc/self/cgroup
echo tried
exec python3 list.py 600 1
"#;

#[test]
fn another_user_cannot_write_the_files_of_the_cgroups() {
    let (server, way) = limited(&[("COMMAND_MEMORY_LIMIT", "64MiB")]);
    if !way.by_kernel() {
        eprintln!("skipped: there are no cgroups to write to");
        return;
    }
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: commands are the user who made the cgroups, and who may undo them");
        return;
    }
    hogs::put(&server);
    server.put("attack.sh", ATTACK);
    let id = server.start(
        "echo pid-$$; read leaves; exec setpriv --reuid=65534 --regid=65534 --clear-groups sh attack.sh $leaves",
    );
    let pid = wait_for("its pid", seconds(10), || {
        let output = server.status(&id, "wait=0").output();
        let (_, rest) = output.split_once("pid-")?;
        rest.split_once("\r\n")?.0.parse().ok()
    });
    let own = cgroups_of(pid).into_iter();
    let own: Vec<String> = own
        .map(|path| path.display().to_string())
        .filter(|path| path.contains("/open-terminal."))
        .collect();
    assert!(!own.is_empty(), "it has a leaf");
    server
        .input(&id, &format!("{}\n", own.join(" ")))
        .expect(200);
    let reply = server.end(&id);
    let output = reply.output();
    assert!(
        output.contains("tried") && !output.contains("broke"),
        "{output}"
    );
    for leaf in own {
        let leaf = leaf
            .split("/open-terminal.")
            .nth(1)
            .expect("it has one")
            .to_owned();
        assert!(output.contains(&leaf), "it has left {leaf}: {output}");
    }
    killed_for_memory(&reply);
    struck(&reply, "memory", "command", 64 * MIB);
}
