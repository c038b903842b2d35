//! `GET /api/limits`: limits and present use, for who has the key.

use serde_json::{Value, json};

use super::hogs;
use crate::support::limits::{each_way, limited, shown};
use crate::support::{Server, eventually, seconds, wait_for};

#[test]
fn limits_are_shown_to_who_has_the_key() {
    let server = Server::spawn();
    let ask = server.ask("GET", "/api/limits").without_key();
    ask.send().expect(401);
    let ask = server.ask("GET", "/api/limits").without_key();
    ask.header("authorization", "Bearer wrong")
        .send()
        .expect(401);
    server.get("/api/limits").expect(200);
}

/// The names of the members of an object, in order.
#[track_caller]
fn members(value: &Value) -> Vec<&str> {
    let object = value.as_object();
    let object = object.unwrap_or_else(|| panic!("no object: {value}"));
    let mut names: Vec<&str> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn all_limits_are_shown_set_or_not() {
    let settings = [
        ("COMMAND_MEMORY_LIMIT", "256M"),
        ("USER_CPU_LIMIT", "1.5"),
        ("TOTAL_PIDS_LIMIT", "1000"),
        ("LIMIT_CORE", "0"),
    ];
    each_way(&settings, |server, _| {
        let said = shown(server);
        let limits = [
            "cpu_limit",
            "io_weight",
            "memory_limit",
            "pids_limit",
            "swap_limit",
        ];
        assert_eq!(members(&said["command"]), limits, "{said}");
        for level in ["user", "total"] {
            let mut names: Vec<&str> = limits.into();
            names.push("usage");
            names.sort_unstable();
            assert_eq!(members(&said[level]), names, "{said}");
            assert_eq!(
                members(&said[level]["usage"]),
                ["cpu_seconds", "memory_bytes", "pids", "swap_bytes"],
                "{said}"
            );
        }
        assert_eq!(
            said["process"],
            json!({"nofile": null, "fsize": null, "core": 0}),
            "{said}"
        );
        assert!(said["detail"].as_str().is_some_and(|text| !text.is_empty()));
        assert_eq!(said["command"]["memory_limit"], 256_000_000);
        assert_eq!(said["command"]["pids_limit"], Value::Null);
        assert_eq!(said["user"]["cpu_limit"], 1.5);
        assert_eq!(said["user"]["memory_limit"], Value::Null);
        assert_eq!(said["total"]["pids_limit"], 1000);
        // Nine tenths of what there is.
        assert!(
            said["total"]["memory_limit"].as_u64() > Some(64 << 20),
            "{said}"
        );
    });
}

/// A figure of what the workspace uses.
fn used(server: &Server, name: &str) -> f64 {
    let said = shown(server);
    let figure = said["user"]["usage"][name].as_f64();
    figure.unwrap_or_else(|| panic!("no {name}: {said}"))
}

#[test]
fn present_use_grows_with_a_command_and_shrinks_after_it() {
    let settings = [("USER_MEMORY_LIMIT", "1GiB"), ("WARM_PROCESSES", "0")];
    each_way(&settings, |server, _| {
        hogs::put(server);
        server.run("true").expect_exit(0);
        let before = ["memory_bytes", "cpu_seconds", "pids"].map(|name| used(server, name));
        let id = server.start("python3 work.py 1 1000; true");
        server.output_with(&id, "worked");
        let grown = wait_for("it shows", seconds(5), || {
            let now = ["memory_bytes", "cpu_seconds", "pids"].map(|name| used(server, name));
            (now[0] >= before[0] + 50e6).then_some(now)
        });
        assert!(grown[1] >= before[1] + 0.9, "{before:?}, then {grown:?}");
        assert!(grown[2] >= before[2] + 2.0, "{before:?}, then {grown:?}");
        let said = shown(server);
        let total = said["total"]["usage"]["memory_bytes"].as_f64();
        assert!(total.is_some_and(|total| total >= 50e6), "{said}");
        server.kill(&id, true).expect(200);
        eventually("it shrinks", seconds(10), || {
            used(server, "pids") <= before[2] && used(server, "memory_bytes") < 30e6
        });
    });
}

#[test]
fn without_limits_that_is_shown() {
    let (server, _) = limited(&[("LIMITS", "off")]);
    let said = shown(&server);
    assert_eq!(said["by"], "off", "{said}");
    server.run("true").expect_exit(0);
}
