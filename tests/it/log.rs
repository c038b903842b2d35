//! The output log on disk: what is in it, how long it stays, and what happens when the disk fails.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::support::{Reply, Server, eventually, needs_mounts, seconds, wait_for};

/// The records of a log, once it has its end.
fn records(reply: &Reply) -> Vec<Value> {
    let path = reply.log_path();
    wait_for("the end record", seconds(5), || {
        let text = fs::read_to_string(&path).expect("a log is UTF-8");
        let rows: Vec<Value> = text
            .lines()
            .map(|row| serde_json::from_str(row).expect("a row is JSON"))
            .collect();
        (rows.last()?["type"] == "end").then_some(rows)
    })
}

fn text(rows: &[Value]) -> String {
    let outputs = rows.iter().filter(|row| row["type"] == "output");
    outputs
        .map(|row| row["data"].as_str().expect("output has data"))
        .collect()
}

#[test]
fn it_holds_the_start_the_output_and_the_end() {
    let server = Server::spawn();
    let reply = server.run("printf 'héllo\\n'; exit 4").expect_exit(4);
    assert!(
        Path::new(&reply.log_path()).starts_with(server.home.logs()),
        "{}",
        reply.log_path()
    );
    let rows = records(&reply);
    assert_eq!(
        (&rows[0]["type"], &rows[0]["command"]),
        (&"start".into(), &"printf 'héllo\\n'; exit 4".into())
    );
    assert!(
        rows.iter()
            .all(|row| row["ts"].as_f64().is_some_and(|ts| ts > 1e9)),
        "each has its time: {rows:?}"
    );
    assert_eq!(text(&rows), "héllo\r\n");
    let end = rows.last().expect("there is one");
    assert_eq!(
        (&end["exit_code"], &end["log_rotated"]),
        (&4.into(), &false.into())
    );
}

#[test]
fn a_character_is_never_split_over_records() {
    let server = Server::spawn();
    let reply = server
        .run("PYTHONUTF8=1 python3 -c \"print('x' + '🙂' * 30000)\"")
        .expect_exit(0);
    let rows = records(&reply);
    assert!(rows.len() > 3, "it should take several records");
    assert!(
        text(&rows) == format!("x{}\r\n", "🙂".repeat(30_000)),
        "something was mangled"
    );
}

#[test]
fn rotation_drops_the_older_part_and_keeps_count() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_MAX_LOG_SIZE", "20000")
        .start();
    let reply = server.run("seq 1 30000").expect_exit(0);
    let rows = records(&reply);
    let size = fs::metadata(reply.log_path())
        .expect("there is a log")
        .len();
    assert!(size < 45_000, "it is {size} bytes with a limit of 20000");
    let kept = rows.iter().filter(|row| row["type"] == "output").count() as u64;
    assert_eq!(
        rows[0]["offset"].as_u64(),
        Some(reply.next_offset() - kept),
        "{}",
        rows[0]
    );
    assert_eq!(rows.last().expect("there is one")["log_rotated"], true);
    assert!(text(&rows).ends_with("\r\n29999\r\n30000\r\n"));
    assert!(reply.truncated());
}

#[test]
fn logs_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::spawn();
    let mode = fs::metadata(server.run("true").log_path())
        .expect("there is a log")
        .permissions()
        .mode();
    assert_eq!(mode & 0o077, 0, "it is {mode:o}");
}

#[test]
fn old_logs_are_swept_and_nothing_else() {
    let home = crate::support::Home::new();
    let place = |name: &str, age: u64| {
        fs::create_dir_all(home.logs()).expect("the home is writable");
        let file = File::create(home.logs().join(name)).expect("the home is writable");
        file.set_modified(SystemTime::now() - Duration::from_secs(age))
            .expect("it is ours");
    };
    place("20200101-000000-aaaaaa.jsonl", 5_000);
    place("20260101-000000-bbbbbb.jsonl", 10);
    place("notes.txt", 5_000);
    let server = Server::builder()
        .home(&home)
        .env("OPEN_TERMINAL_LOG_RETENTION", "3600")
        .start();
    let is_there = |name: &str| home.logs().join(name).exists();
    eventually("the old log is gone", seconds(5), || {
        !is_there("20200101-000000-aaaaaa.jsonl")
    });
    server.run("true").expect_exit(0);
    assert!(is_there("20260101-000000-bbbbbb.jsonl") && is_there("notes.txt"));
}

#[test]
fn with_a_flush_interval_readers_miss_nothing() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_LOG_FLUSH_INTERVAL", "60")
        .env("OPEN_TERMINAL_LOG_FLUSH_BUFFER", "1000000")
        .start();
    let id = server.start("echo one; sleep 0.2; echo two; read x; echo three");
    server.output_with(&id, "one\r\ntwo\r\n");
    server.input(&id, "\n").expect(200);
    let reply = server.end(&id).expect_exit(0);
    assert!(reply.output().ends_with("three\r\n"));
    let path = server.status(&id, "");
    assert_eq!(
        text(&records(&path)),
        reply.output(),
        "the end writes what was held back"
    );
}

#[test]
fn without_flush_settings_output_is_on_disk_while_the_command_runs() {
    let server = Server::spawn();
    let id = server.start("echo early; sleep 1000");
    server.output_with(&id, "early");
    let path = server.status(&id, "").log_path();
    eventually("it is on disk", seconds(2), || {
        fs::read_to_string(&path).is_ok_and(|log| log.contains("early"))
    });
}

#[test]
fn a_log_directory_that_cannot_be_made_costs_the_log_only() {
    let home = crate::support::Home::new();
    let in_the_way = home.path().join("in-the-way");
    fs::write(&in_the_way, "a file").expect("the home is writable");
    let directory = in_the_way.display().to_string();
    let server = Server::builder()
        .home(&home)
        .env("OPEN_TERMINAL_LOG_DIR", &directory)
        .start();
    let reply = server.run("echo still here; exit 3").expect_exit(3);
    assert_eq!(reply.output(), "still here\r\n");
    let problem = reply
        .log_error()
        .unwrap_or_else(|| panic!("it says what is missing: {reply:?}"));
    assert!(problem.len() > 10, "{problem}");
    let ready = server.ask("GET", "/readyz").without_key().send();
    assert!(
        ready.text().contains("log"),
        "{} {}",
        ready.status,
        ready.text()
    );
    assert_eq!(
        fs::read_to_string(in_the_way).expect("it is still there"),
        "a file"
    );
}

/// A server whose logs are on a disk of 1 MiB that only it and its commands see.
fn on_a_small_disk() -> Server {
    let home = crate::support::Home::new();
    let disk = home.path().join("disk").display().to_string();
    fs::create_dir(&disk).expect("the home is writable");
    let mount = format!("mount -t tmpfs -o size=1m tmpfs '{disk}' && exec \"$0\" \"$@\"");
    let builder = Server::builder()
        .home(&home)
        .env("OPEN_TERMINAL_LOG_DIR", &disk)
        .env("DISK", &disk);
    builder
        .under(&["unshare", "--mount", "sh", "-c", &mount])
        .start()
}

#[test]
fn on_a_full_disk_commands_run_and_are_answered() {
    if !needs_mounts() {
        return;
    }
    let server = on_a_small_disk();
    server.run("head -c 2000000 /dev/zero > $DISK/filler");
    for n in 0..3 {
        let reply = server
            .run(&format!("echo hello {n}; exit 6"))
            .expect_exit(6);
        assert_eq!(reply.output(), format!("hello {n}\r\n"));
        assert!(
            reply.log_error().is_some_and(|problem| problem.len() > 10),
            "{reply:?}"
        );
    }
    server.run("rm $DISK/filler");
    let reply = server.run("echo there is room again").expect_exit(0);
    assert_eq!(
        (reply.output().as_str(), reply.log_error()),
        ("there is room again\r\n", None)
    );
}

#[test]
fn a_disk_that_fills_up_during_a_command_costs_the_rest_of_its_log_only() {
    if !needs_mounts() {
        return;
    }
    let server = on_a_small_disk();
    let reply = server
        .run("seq 1 400000; echo the end > proof; exit 2")
        .expect_exit(2);
    assert!(
        server.home.work().join("proof").exists(),
        "the command should have come to its end"
    );
    assert!(
        reply.log_error().is_some_and(|problem| problem.len() > 10),
        "{:?}",
        reply.log_error()
    );
    let output = reply.output();
    let expected: String = (1..=400_000).map(|n| n.to_string() + "\r\n").collect();
    let whole = output == expected;
    let part = expected.starts_with(&output) || expected.ends_with(&output);
    // The newest half of 256 KiB is kept, counted as lines of the log: each text as JSON, with its frame and time.
    let line = |text: &&str| {
        Value::from(*text).to_string().len()
            + r#"{"type":"output","data":,"ts":1234567890.123456}"#.len()
    };
    let kept: usize = reply.records().iter().map(line).sum();
    assert!(
        whole || (part && kept > 100_000),
        "{} bytes that are no part of it",
        output.len()
    );
    server.status(&reply.id(), "").expect_exit(2);
    server.run("rm -f $DISK/processes/*.jsonl");
    assert_eq!(
        server.run("echo again").expect_exit(0).output(),
        "again\r\n"
    );
}
