//! The start: what is demanded, what can be had, and what is said about it.

use std::fs;

use serde_json::{Value, json};

use crate::support::files::unprivileged;
use crate::support::limits::{Way, limited, set, shown};
use crate::support::{Home, KEY, Server, binary, variables};

/// The protection `limits` as `/readyz` tells it.
#[track_caller]
fn protection(server: &Server) -> Value {
    let ready = server.get("/readyz").expect(200).json();
    let list = ready["protections"].as_array().cloned().unwrap_or_default();
    let found = list.into_iter().find(|each| each["name"] == "limits");
    found.unwrap_or_else(|| panic!("limits are not told of: {ready}"))
}

#[test]
fn limits_are_kept_as_they_should_be_here() {
    let server = Server::spawn();
    let said = shown(&server);
    eprintln!("limits: {said}");
    match variables::get("OT_EXPECT_LIMITS") {
        Some(expected) => assert_eq!(said["by"], json!(expected), "{said}"),
        None => eprintln!("not checked: set OT_EXPECT_LIMITS to what it should be"),
    }
}

#[test]
fn it_is_told_at_the_start_and_at_readyz_how_limits_are_kept() {
    let server = Server::spawn();
    let said = shown(&server);
    let by = said["by"].as_str().expect("it is text");
    let told = protection(&server);
    let detail = told["detail"].as_str().expect("it is text");
    assert!(detail.contains(by), "{by} in {told}");
    assert_eq!(told["active"], json!(true), "{told}");
    assert!(
        server.printed().contains(by),
        "{by} in {}",
        server.printed()
    );
}

#[test]
fn required_limits_that_can_be_had_are_had() {
    let (_, way) = limited(&[]);
    if !way.by_kernel() {
        eprintln!("skipped: they cannot be had here, limits are kept by {way:?}");
        return;
    }
    let settings = [("LIMITS", "required"), ("COMMAND_MEMORY_LIMIT", "64MiB")];
    let (server, again) = limited(&settings);
    assert_eq!(again, way);
    let told = protection(&server);
    assert_eq!(
        (&told["asked"], &told["active"]),
        (&json!(true), &json!(true)),
        "{told}"
    );
    server.run("true").expect_exit(0);
}

#[test]
fn required_limits_that_cannot_be_had_stop_the_start() {
    let (_, way) = limited(&[]);
    if way.by_kernel() && !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: they can be had here, and there is no user who could do less");
        return;
    }
    let home = Home::new();
    let program = home.path().join("open-terminal");
    fs::copy(binary(), &program).expect("the home is writable");
    let mut command = home.command("timeout");
    command.args(["-k", "1", "10"]);
    if nix::unistd::geteuid().is_root() && way.by_kernel() {
        command.args([
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
        ]);
    }
    command
        .arg(&program)
        .args([
            "run",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--limits",
            "required",
        ])
        .args(["--command-memory-limit", "64MiB", "--api-key", KEY]);
    let output = command.output().expect("the program starts");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code();
    assert!(
        code.is_some_and(|code| code != 0 && code != 124),
        "{code:?}: {text}"
    );
    let last = text.trim_end().lines().last().unwrap_or_default();
    eprintln!("{last}");
    assert!(
        last.contains("limits"),
        "it should name the setting: {text}"
    );
    assert!(
        last.contains("cgroup"),
        "it should say what is missing: {text}"
    );
    // The way to get on without them.
    assert!(
        last.contains("optional"),
        "it should say what helps: {text}"
    );
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn optional_limits_that_cannot_be_had_are_kept_by_the_watchdog_and_that_is_told() {
    let settings = [("LIMITS", "optional"), ("COMMAND_MEMORY_LIMIT", "64MiB")];
    let (server, way) = limited(&settings);
    let server = if way == Way::Watchdog {
        server
    } else if nix::unistd::geteuid().is_root() {
        set(unprivileged(&Home::new()), &settings).start()
    } else {
        eprintln!("skipped: they can be had here, and there is no user who could do less");
        return;
    };
    assert_eq!(shown(&server)["by"], "watchdog");
    let told = protection(&server);
    let detail = told["detail"].as_str().expect("it is text");
    eprintln!("{detail}");
    assert!(
        detail.contains("watchdog") && detail.contains("cgroup"),
        "{told}"
    );
    assert!(
        server.printed().contains("watchdog"),
        "{}",
        server.printed()
    );
}

#[test]
fn limits_can_be_switched_off() {
    let (server, way) = limited(&[("LIMITS", "off")]);
    assert_eq!(way, Way::Off);
    assert_eq!(protection(&server)["asked"], json!(false));
    let reply = server.run("cat /proc/self/cgroup").expect_exit(0);
    assert!(!reply.output().contains("/open-terminal."), "{reply:?}");
    assert!(reply.0["usage"]["cpu_seconds"].is_number(), "{reply:?}");
}

#[test]
fn a_limit_is_set_by_file_variable_or_flag_and_the_later_wins() {
    let file = "command_memory_limit = \"200MiB\"\nlimit_nofile = 500\ncommand_cpu_limit = 0.75\ntotal_memory_limit = \"25%\"\n";
    let server = Server::builder()
        .config_toml(file)
        .env("OPEN_TERMINAL_COMMAND_MEMORY_LIMIT", "150M")
        .env("OPEN_TERMINAL_COMMAND_PIDS_LIMIT", "77")
        .arg("--command-pids-limit")
        .arg("66")
        .start();
    let said = shown(&server);
    let command = &said["command"];
    assert_eq!(command["memory_limit"], 150_000_000, "{said}");
    assert_eq!(command["pids_limit"], 66, "{said}");
    assert_eq!(command["cpu_limit"], 0.75, "{said}");
    assert_eq!(command["swap_limit"], 0, "no way round by the disk: {said}");
    assert_eq!(said["process"]["nofile"], 500, "{said}");
    let total = said["total"]["memory_limit"]
        .as_u64()
        .expect("it is bounded");
    let memory = fs::read_to_string("/proc/meminfo").expect("/proc is mounted");
    let kib: u64 = memory
        .split_whitespace()
        .nth(1)
        .and_then(|word| word.parse().ok())
        .expect("it begins with MemTotal");
    assert!(total <= kib * 1024 / 4, "a quarter of {kib} KiB: {total}");
}

#[test]
fn limits_that_make_no_sense_stop_the_start() {
    for (name, value) in [
        ("COMMAND_MEMORY_LIMIT", "lots"),
        ("COMMAND_MEMORY_LIMIT", "0"),
        ("COMMAND_CPU_LIMIT", "-1"),
        ("COMMAND_CPU_LIMIT", "0"),
        ("COMMAND_PIDS_LIMIT", "0"),
        ("TOTAL_MEMORY_LIMIT", "120%"),
        ("USER_IO_WEIGHT", "20000"),
        ("LIMITS", "sometimes"),
    ] {
        let home = Home::new();
        let mut command = home.command("timeout");
        command.args(["-k", "1", "10"]).arg(binary());
        command.args([
            "run",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--api-key",
            KEY,
        ]);
        let output = command.env(format!("OPEN_TERMINAL_{name}"), value).output();
        let output = output.expect("the program starts");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        assert!(
            code.is_some_and(|code| code != 0 && code != 124),
            "{name}={value}: {code:?}: {text}"
        );
        assert!(text.to_uppercase().contains(name), "{name}={value}: {text}");
        assert!(text.contains(value), "{name}={value}: {text}");
    }
}
