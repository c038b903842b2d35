//! What a request asks for: less than the settings allow, never more.

use serde_json::{Value, json};

use super::hogs;
use crate::support::limits::{
    MIB, Way, each_way, killed_for_memory, limit, limited, struck, usage, watched,
};
use crate::support::{Reply, Server};

const SETTINGS: [(&str, &str); 3] = [
    ("COMMAND_MEMORY_LIMIT", "128MiB"),
    ("COMMAND_PIDS_LIMIT", "100"),
    ("COMMAND_CPU_LIMIT", "1.0"),
];

/// Runs a command with a limit of its own.
#[track_caller]
fn run(server: &Server, command: &str, name: &str, value: &Value) -> Reply {
    server.execute("wait=30", &json!({ "command": command, name: value }))
}

#[test]
fn a_smaller_memory_limit_is_kept() {
    each_way(&SETTINGS, |server, _| {
        hogs::put(server);
        for (asked, bytes) in [
            (json!("64M"), 64_000_000),
            (json!("64MiB"), 64 << 20),
            (json!(50_000_000), 50_000_000),
        ] {
            let hog = "exec python3 list.py 600 1";
            let reply = run(server, hog, "memory_limit", &asked);
            killed_for_memory(&reply);
            // The kernel counts in pages.
            let (_, scope, value) = limit(&reply);
            assert_eq!(scope, "command");
            assert!(
                (value - f64::from(bytes)).abs() < 4096.0,
                "{asked}: {reply:?}"
            );
        }
        // What others ask for is no matter of this one.
        let reply = server.run("exec python3 list.py 90 0.3").expect_exit(0);
        assert!(reply.output().contains("survived"));
    });
}

#[test]
fn without_cgroups_a_process_gets_a_bound_of_its_own_that_fits() {
    let (server, way) = watched(&SETTINGS);
    if way != Way::Watchdog {
        eprintln!("skipped: there are cgroups, which bound all together");
        return;
    }
    let of = |memory: u64| (2 * memory + (1 << 30)).to_string();
    // Twice, so that one of them gets a shell that has waited for its command.
    for memory in [64 * MIB, 32 * MIB] {
        // What the shell starts, and the shell, by the time it has run for a moment.
        let command = "sleep 0.3; cat /proc/self/limits; echo and; cat /proc/$$/limits";
        let reply = run(&server, command, "memory_limit", &json!(memory)).expect_exit(0);
        let output = reply.output();
        let lines = output
            .lines()
            .filter(|line| line.starts_with("Max data size"));
        let bounds: Vec<Vec<&str>> = lines
            .map(|line| {
                line["Max data size".len()..]
                    .split_whitespace()
                    .take(2)
                    .collect()
            })
            .collect();
        let own = of(memory);
        assert_eq!(bounds, [[&own, &own], [&own, &own]], "{output}");
    }
    let output = server.run("cat /proc/self/limits").expect_exit(0).output();
    assert!(
        output.contains(&of(128 * MIB)),
        "others have theirs: {output}"
    );
}

#[test]
fn fewer_processes_are_kept() {
    each_way(&SETTINGS, |server, way| {
        hogs::put(server);
        let reply = run(server, "python3 forks.py", "pids_limit", &json!(20));
        struck(&reply, "pids", "command", 20);
        if way.by_kernel() {
            let output = reply.output();
            let made = output.split("made ").nth(1).unwrap_or_default();
            let made = made.split(' ').next().and_then(|word| word.parse().ok());
            assert!(
                made.is_some_and(|made: u32| (10..20).contains(&made)),
                "{output}"
            );
        }
    });
}

#[test]
fn a_smaller_share_of_the_processor_is_kept() {
    each_way(&SETTINGS, |server, _| {
        let hog = "timeout 3 sh -c 'while :; do :; done'; true";
        let reply = run(server, hog, "cpu_limit", &json!(0.3));
        let share = usage(&reply, "cpu_seconds") / usage(&reply, "wall_seconds");
        assert!(share < 0.35, "{share} of a processor: {reply:?}");
        let (kind, _, value) = limit(&reply);
        assert_eq!(kind, "cpu");
        assert!((value - 0.3).abs() < 1e-9, "{reply:?}");
    });
}

#[test]
fn as_much_as_is_allowed_may_be_asked_for() {
    let (server, _) = limited(&SETTINGS);
    for (name, value) in [
        ("memory_limit", json!(128 << 20)),
        ("memory_limit", json!("128MiB")),
        ("swap_limit", json!(0)),
        ("pids_limit", json!(100)),
        ("cpu_limit", json!(1)),
        ("cpu_limit", json!(1.0)),
        ("memory_limit", json!(null)),
    ] {
        let reply = run(&server, "echo well", name, &value).expect_exit(0);
        assert_eq!(reply.output(), "well\r\n", "{name}: {value}");
    }
}

#[test]
fn more_is_refused_with_what_is_allowed() {
    each_way(&SETTINGS, |server, _| {
        for (name, value, allowed) in [
            ("memory_limit", json!("129MiB"), "134217728"),
            ("memory_limit", json!(u64::MAX), "134217728"),
            ("pids_limit", json!(101), "100"),
            ("cpu_limit", json!(1.01), "1"),
        ] {
            let body = json!({ "command": "echo ran > ran", name: value });
            let answer = server.try_execute("", &body).expect(422);
            let text = answer.text();
            assert!(text.contains(name) && text.contains(allowed), "{text}");
        }
        assert!(
            !server.home.work().join("ran").exists(),
            "it ran all the same"
        );
    });
}

#[test]
fn what_cannot_be_kept_here_is_refused_with_the_reason() {
    each_way(&[], |server, way| {
        let refused = |body: &Value, name: &str, reason: &str| {
            let told = server.try_execute("", body).expect(422).json();
            let first = &told["detail"][0];
            assert_eq!(first["loc"], json!(["body", name]), "{told}");
            let words = first["msg"].as_str().unwrap_or_default();
            assert!(
                words.contains(reason) && words.contains(&format!("leave {name} out")),
                "{told}"
            );
        };
        let swap = json!({"command": "true", "swap_limit": 0});
        let weight = json!({"command": "true", "io_weight": 50});
        match way {
            Way::V2 => drop(server.execute("wait=30", &swap).expect_exit(0)),
            _ => refused(&swap, "swap_limit", "memory_limit"),
        }
        match way {
            Way::V1 => refused(&weight, "io_weight", "command_io_weight"),
            Way::Watchdog => refused(&weight, "io_weight", "cgroups"),
            // Which ways there are to share a disk depends on the kernel.
            _ => eprintln!("{}", server.try_execute("", &weight).text()),
        }
        server.run("echo well").expect_exit(0);
    });
}

#[test]
fn what_is_no_limit_is_refused() {
    let (server, _) = limited(&[]);
    for (name, value) in [
        ("memory_limit", json!("lots")),
        ("memory_limit", json!(-1)),
        ("memory_limit", json!(0)),
        ("memory_limit", json!([])),
        ("swap_limit", json!("-1M")),
        ("cpu_limit", json!(0)),
        ("cpu_limit", json!(-0.5)),
        ("cpu_limit", json!("fast")),
        ("pids_limit", json!(0)),
        ("pids_limit", json!(2.5)),
        ("io_weight", json!(0)),
        ("io_weight", json!(10_001)),
        ("io_weight", json!("high")),
    ] {
        let body = json!({ "command": "true", name: value });
        let answer = server.try_execute("", &body).expect(422);
        assert_eq!(
            answer.json()["detail"][0]["loc"][1],
            name,
            "{value}: {}",
            answer.text()
        );
    }
}

#[test]
fn where_nothing_is_set_any_limit_may_be_asked_for() {
    each_way(&[], |server, _| {
        hogs::put(server);
        let hog = "exec python3 list.py 600 1";
        let reply = run(server, hog, "memory_limit", &json!("40MiB"));
        killed_for_memory(&reply);
        struck(&reply, "memory", "command", 40 << 20);
    });
}

#[test]
fn without_limits_none_can_be_asked_for() {
    let (server, _) = limited(&[("LIMITS", "off")]);
    for (name, value) in [
        ("memory_limit", json!("64M")),
        ("swap_limit", json!(0)),
        ("cpu_limit", json!(0.5)),
        ("pids_limit", json!(10)),
        ("io_weight", json!(10)),
    ] {
        let body = json!({ "command": "true", name: value });
        let answer = server.try_execute("", &body).expect(422);
        let text = answer.text();
        assert!(
            text.contains("limits"),
            "it should name the setting: {text}"
        );
    }
    server.run("true").expect_exit(0);
}
