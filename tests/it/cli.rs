//! The command line: exit status, one-line errors, and what is printed at the start.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{Home, KEY, Server, binary, eventually, processes, seconds};

/// Runs the program to its end, at most 10 s.
fn run(home: &Home, args: &[&str]) -> Output {
    run_with(home, args, &[])
}

fn run_with(home: &Home, args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = home.command("timeout");
    command
        .args(["-k", "1", "10"])
        .arg(binary())
        .args(args)
        .envs(env.iter().copied());
    let output = command.output().expect("the program starts");
    assert_ne!(
        output.status.code(),
        Some(124),
        "{args:?} did not come to an end"
    );
    output
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Checks that it failed with this status and one line that has these words.
#[track_caller]
fn failed(output: &Output, status: i32, words: &[&str]) {
    let line = stderr(output);
    assert_eq!(output.status.code(), Some(status), "{line}");
    assert_eq!(
        line.trim_end().lines().count(),
        1,
        "one line says it: {line}"
    );
    for word in words {
        assert!(line.contains(word), "it should name {word:?}: {line}");
    }
    assert_eq!(stdout(output), "");
}

#[test]
fn who_asks_for_its_health_is_told_by_the_exit_status() {
    let server = Server::builder().host("0.0.0.0").start();
    let port = server.port.to_string();
    let home = Home::new();
    let well = run_with(&home, &["health"], &[("OPEN_TERMINAL_PORT", &port)]);
    assert_eq!((well.status.code(), &*stdout(&well)), (Some(0), "well\n"));
    drop(server);
    let gone = run(&home, &["health", "--port", &port]);
    failed(&gone, 1, &["no server at 0.0.0.0", &port]);
    failed(&run(&home, &["health", "--port", "x"]), 2, &["port"]);
}

#[test]
fn a_port_in_use_is_one_line_and_a_failure() {
    let server = Server::spawn();
    let port = server.port.to_string();
    let output = run(
        &Home::new(),
        &[
            "run",
            "--host",
            "127.0.0.1",
            "--port",
            &port,
            "--api-key",
            KEY,
        ],
    );
    assert!(!output.status.success());
    let line = stderr(&output);
    // Warnings about the settings may come before it.
    let last = line.trim_end().lines().last().unwrap_or_default();
    assert!(last.contains(&port) && last.contains("in use"), "{line}");
}

#[test]
fn port_0_takes_a_free_one_and_prints_it() {
    let (one, other) = (Server::spawn(), Server::spawn());
    assert!(one.port > 1023 && one.port != other.port);
    assert!(
        one.printed()
            .contains(&format!("http://127.0.0.1:{}", one.port)),
        "{}",
        one.printed()
    );
    one.get("/health").expect(200);
}

#[test]
fn without_a_word_it_serves_and_ends_when_told_to_at_once() {
    for _ in 0..5 {
        let home = Home::new();
        let mut child = (home
            .command(binary())
            .args(["--host", "127.0.0.1", "--port", "0"]))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is a pipe")).lines();
        let told = lines.any(|line| line.is_ok_and(|line| line.contains("http://127.0.0.1:")));
        assert!(told, "it says where it listens");
        processes::signal(child.id().cast_signed(), Signal::SIGTERM);
        let status = child.wait().expect("it is our child");
        assert!(status.success(), "{status}");
    }
}

#[test]
fn config_masks_secrets_and_shows_where_each_value_is_from() {
    let home = Home::new();
    fs::write(
        home.path().join("config/open-terminal/config.toml"),
        "term = \"vt100\"\nmax_log_size = 777\n",
    )
    .expect("the home is writable");
    let env = [
        ("OPEN_TERMINAL_API_KEY", KEY),
        ("OPEN_TERMINAL_INFO", "hello"),
    ];
    let output = run_with(&home, &["config", "--port", "7123"], &env);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        !text.contains(KEY) && !stderr(&output).contains(KEY),
        "the key is shown"
    );
    let line = |name: &str| {
        let found = text
            .lines()
            .find(|line| line.split([' ', '=']).next() == Some(name));
        found
            .unwrap_or_else(|| panic!("no {name} in {text}"))
            .to_owned()
    };
    for (name, value, origin) in [
        ("port", "7123", "--port"),
        ("term", "vt100", "config.toml"),
        ("max_log_size", "777", "config.toml"),
        ("info", "hello", "OPEN_TERMINAL_INFO"),
        ("api_key", "****", "OPEN_TERMINAL_API_KEY"),
        ("host", "0.0.0.0", "built-in"),
    ] {
        let line = line(name);
        assert!(line.contains(value) && line.contains(origin), "{line}");
    }
}

#[test]
fn config_check_says_ok_or_what_is_wrong() {
    let home = Home::new();
    let path = home.path().join("checked.toml");
    let check = |text: &str| {
        fs::write(&path, text).expect("the home is writable");
        run(&home, &["config", "--check", &path.display().to_string()])
    };
    let good = check("port = 9000\nterm = \"vt100\"\n");
    assert!(
        good.status.success() && stdout(&good).contains("ok"),
        "{} {}",
        stdout(&good),
        stderr(&good)
    );
    for (text, words) in [
        ("prot = 9000\n", ["prot", "port"]),
        (
            "completely_unknown_thing = 1\n",
            ["completely_unknown_thing", "checked.toml"],
        ),
        ("port = \"many\"\n", ["port", "many"]),
        ("port = 99999\n", ["port", "99999"]),
    ] {
        let output = check(text);
        assert_eq!(output.status.code(), Some(2), "{text}");
        let told = stderr(&output) + &stdout(&output);
        assert!(
            words.iter().all(|word| told.contains(word)),
            "{text}: {told}"
        );
    }
    assert!(!check("port = = 3").status.success());
    assert!(
        !run(&home, &["config", "--check", "/not/there.toml"])
            .status
            .success()
    );
}

#[test]
fn a_key_that_is_nearly_right_is_an_error_naming_the_nearest() {
    let home = Home::new();
    let path = home.path().join("config/open-terminal/config.toml");
    fs::write(path, "max_log_sizes = 5\n").expect("the home is writable");
    failed(
        &run(&home, &["run", "--port", "0"]),
        2,
        &["max_log_sizes", "max_log_size", "config.toml"],
    );
}

#[test]
fn wrong_values_and_usage_end_with_status_2() {
    let home = Home::new();
    failed(
        &run_with(&home, &["run"], &[("OPEN_TERMINAL_MAX_LOG_SIZE", "lots")]),
        2,
        &["OPEN_TERMINAL_MAX_LOG_SIZE", "lots"],
    );
    let both = [
        ("OPEN_TERMINAL_API_KEY", "a"),
        ("OPEN_TERMINAL_API_KEY_FILE", "/dev/null"),
    ];
    failed(
        &run_with(&home, &["run"], &both),
        2,
        &["OPEN_TERMINAL_API_KEY_FILE"],
    );
    failed(
        &run(&home, &["run", "--cwd", "/not/there"]),
        2,
        &["/not/there"],
    );
    for args in [
        &["run", "--nonsense"][..],
        &["dance"],
        &["run", "--port"],
        &["run", "--port", "99999"],
    ] {
        let output = run(&home, args);
        assert_eq!(
            (output.status.code(), stdout(&output).as_str()),
            (Some(2), ""),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(!stderr(&output).is_empty(), "{args:?}");
    }
}

#[test]
fn every_setting_can_come_from_a_file() {
    let home = Home::new();
    let path = home.path().join("info.txt");
    fs::write(&path, "from a file\n").expect("the home is writable");
    let path = path.display().to_string();
    let server = Server::builder()
        .env("OPEN_TERMINAL_INFO_FILE", &path)
        .start();
    assert!(
        server
            .get("/info")
            .expect(200)
            .text()
            .contains("from a file")
    );
    failed(
        &run_with(
            &home,
            &["run"],
            &[("OPEN_TERMINAL_TERM_FILE", "/not/there")],
        ),
        1,
        &["OPEN_TERMINAL_TERM_FILE"],
    );
}

#[test]
fn completions_are_a_script_that_bash_takes() {
    let home = Home::new();
    let output = run(&home, &["completions", "bash"]);
    assert!(
        output.status.success() && stdout(&output).contains("complete "),
        "{}",
        stderr(&output)
    );
    fs::write(home.path().join("completions"), &output.stdout).expect("the home is writable");
    let status = home
        .command("bash")
        .arg("-n")
        .arg(home.path().join("completions"))
        .status();
    assert!(status.expect("bash is there").success());
}

#[test]
fn version_and_help_are_told() {
    let home = Home::new();
    let version = run(&home, &["--version"]);
    assert!(version.status.success());
    assert_eq!(
        stdout(&version).trim(),
        format!("open-terminal {}", env!("CARGO_PKG_VERSION"))
    );
    let help = stdout(&run(&home, &["run", "--help"]));
    for flag in [
        "--host",
        "--port",
        "--config",
        "--cwd",
        "--api-key",
        "--cors-allowed-origins",
        "--log-dir",
    ] {
        assert!(help.contains(flag), "no {flag} in {help}");
    }
}

#[test]
fn a_generated_key_has_64_characters_and_works() {
    let home = Home::new();
    let mut server = Server::builder().home(&home).key_from_elsewhere("").start();
    let printed = server.printed();
    let is_key = |word: &&str| {
        word.len() == 64
            && word
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let mut words = printed.split([' ', '\n', '"', '=', ',', '}', '`', '\'']);
    let key = words
        .find(is_key)
        .unwrap_or_else(|| panic!("no key in {printed}"))
        .to_owned();
    server.get("/files/cwd").expect(401);
    server.key.clone_from(&key);
    server.get("/files/cwd").expect(200);
    assert!(
        !server
            .run("env; cat /proc/$PPID/environ")
            .output()
            .contains(&key)
    );
}

#[test]
fn all_interfaces_and_every_origin_are_warned_about() {
    let warned = |server: &Server, words: &[&str]| {
        let text = server.printed().to_lowercase();
        text.lines()
            .any(|line| line.contains("warn") && words.iter().all(|word| line.contains(word)))
    };
    let open = Server::builder().host("0.0.0.0").start();
    eventually("it warns", seconds(5), || {
        warned(&open, &["interfaces"]) && warned(&open, &["cors"])
    });
    let closed = Server::builder()
        .arg("--cors-allowed-origins")
        .arg("https://app.example")
        .start();
    closed.get("/health").expect(200);
    assert!(
        !warned(&closed, &["interfaces"]) && !warned(&closed, &["cors"]),
        "{}",
        closed.printed()
    );
}

#[test]
fn json_logs_are_one_object_a_line() {
    let mut server = Server::builder().arg("--json-logs").start();
    server.get("/health").expect(200);
    server.get("/nope").expect(404);
    server.stop();
    let printed = server.printed();
    assert!(printed.lines().count() > 2, "{printed}");
    for line in printed.lines() {
        let object: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(object.is_object(), "{line}");
    }
}

#[test]
fn a_log_level_that_is_none_is_refused_before_anything_starts() {
    let output = run(&Home::new(), &["run", "--port", "0", "--log-level", "loud"]);
    failed(&output, 2, &["log_level", "loud", "debug"]);
}
