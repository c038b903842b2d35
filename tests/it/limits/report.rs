//! The report: what a command has used, which limit struck, and where that is told.

use std::fs;
use std::time::Instant;

use serde_json::{Value, json};

use super::hogs;
use crate::support::limits::{
    MIB, as_float, each_way, killed_for_memory, limited, peak, slow, struck, usage,
};
use crate::support::{Reply, Server, seconds, wait_for};

/// The last record of a command's log, which tells of its end.
#[track_caller]
fn end_record(reply: &Reply) -> Value {
    let text = fs::read_to_string(reply.log_path()).expect("there is a log");
    let last = text.lines().last().unwrap_or_default();
    let record: Value = serde_json::from_str(last).expect("records are JSON");
    assert_eq!(record["type"], "end", "{text}");
    record
}

#[test]
fn an_ordinary_command_tells_what_it_used() {
    each_way(&[("COMMAND_MEMORY_LIMIT", "500MiB")], |server, _| {
        hogs::put(server);
        let began = Instant::now();
        let reply = server.run("exec python3 work.py 0.5 0.6").expect_exit(0);
        let measured = began.elapsed().as_secs_f64();
        let cpu = usage(&reply, "cpu_seconds");
        let most = if slow() { 8.0 } else { 1.0 };
        assert!((0.5..most).contains(&cpu), "{cpu} s of processor time");
        let peak = peak(&reply);
        assert!((60_000_000..200_000_000).contains(&peak), "{peak} bytes");
        let wall = usage(&reply, "wall_seconds");
        let lag = if slow() { 2.0 } else { 0.3 };
        assert!(
            (1.1..measured + 0.05).contains(&wall) && measured - wall < lag,
            "{wall} s, measured {measured} s"
        );
        assert!(reply.0.get("limit").is_none(), "{reply:?}");
    });
}

#[test]
fn a_small_command_used_little() {
    each_way(&[], |server, _| {
        let reply = server.run("echo small").expect_exit(0);
        let most = if slow() { 1.0 } else { 0.1 };
        let (cpu, wall) = (usage(&reply, "cpu_seconds"), usage(&reply, "wall_seconds"));
        assert!((0.0..most).contains(&cpu), "{reply:?}");
        assert!(wall > 0.0 && wall < seconds(10).as_secs_f64(), "{reply:?}");
        assert!(peak(&reply) < 20 * MIB, "{reply:?}");
    });
}

#[test]
fn a_command_after_a_large_one_starts_from_nothing() {
    each_way(&[("COMMAND_MEMORY_LIMIT", "500MiB")], |server, _| {
        hogs::put(server);
        for _ in 0..3 {
            server.run("exec python3 work.py 0.3 0.2").expect_exit(0);
        }
        let reply = server.run("sleep 0.3; echo small").expect_exit(0);
        assert!(usage(&reply, "cpu_seconds") < 0.25, "{reply:?}");
        assert!(peak(&reply) < 20 * MIB, "{reply:?}");
    });
}

#[test]
fn a_running_command_tells_what_it_has_used_so_far() {
    each_way(&[], |server, _| {
        hogs::put(server);
        // It waits for as long as it takes: on a busy machine much time may pass between two requests.
        let id = server.start("exec python3 work.py 2 600");
        let past = |least: f64| {
            wait_for("it uses more", seconds(60), || {
                let reply = server.status(&id, "wait=0");
                // Where everything is slow, Python has used as much before it has begun.
                let begun = peak(&reply) >= 60_000_000;
                (begun && usage(&reply, "cpu_seconds") >= least).then_some(reply)
            })
        };
        let (first, then) = (past(0.5), past(1.0));
        assert_eq!(then.state(), "running");
        assert!(usage(&then, "wall_seconds") > usage(&first, "wall_seconds"));
        server.kill(&id, true).expect(200);
        let end = server.end(&id);
        assert!(usage(&end, "cpu_seconds") >= usage(&then, "cpu_seconds"));
    });
}

#[test]
fn after_the_end_the_figures_stay() {
    let (server, _) = limited(&[]);
    let reply = server.run("sleep 0.2; echo over").expect_exit(0);
    std::thread::sleep(seconds(1));
    assert_eq!(server.status(&reply.id(), "").0["usage"], reply.0["usage"]);
}

#[test]
fn the_log_tells_it_too_and_a_new_server_reads_it_there() {
    let settings = [("COMMAND_MEMORY_LIMIT", "128MiB")];
    let (mut server, _) = limited(&settings);
    hogs::put(&server);
    let work = server.run("exec python3 work.py 0.2 0.3").expect_exit(0);
    let hog = server.run("exec python3 list.py 600 1");
    // Without a shell that leaves it behind: what such a child still uses is told later.
    let late = server.execute(
        "wait=30",
        &json!({"command": "exec sleep 9", "timeout": 0.3}),
    );
    killed_for_memory(&hog);
    // What its shell leaves running counts too.
    let left = server.run("python3 work.py 0.3 0 >/dev/null & exit 0");
    let left = wait_for("that is told and written", seconds(60), || {
        let reply = server.status(&left.id(), "wait=0");
        let all = usage(&reply, "cpu_seconds") >= 0.3 && peak(&reply) >= 60_000_000;
        let written = end_record(&reply)["usage"] == reply.0["usage"];
        (reply.survivors().is_empty() && all && written).then_some(reply)
    });
    for reply in [&work, &hog, &late, &left] {
        let record = end_record(reply);
        assert_eq!(record["usage"], reply.0["usage"], "{record}");
        assert_eq!(record.get("limit"), reply.0.get("limit"), "{record}");
    }
    assert!(server.stop().success());

    let server = Server::builder().home(&server.home).start();
    for reply in [&work, &hog, &late, &left] {
        let again = server.status(&reply.id(), "");
        assert_eq!(again.0["usage"], reply.0["usage"]);
        assert_eq!(again.0.get("limit"), reply.0.get("limit"));
        assert_eq!(again.state(), reply.state());
        assert_eq!(again.output(), reply.output());
    }
}

#[test]
fn a_timeout_is_a_limit_too() {
    each_way(&[], |server, _| {
        let body = json!({"command": "echo up; sleep 100", "timeout": 0.5});
        let reply = server.execute("wait=30", &body);
        assert_eq!(reply.state(), "killed", "{reply:?}");
        assert_eq!(reply.0["timed_out"], true);
        let limit = &reply.0["limit"];
        assert_eq!(limit["kind"], "timeout", "{reply:?}");
        assert_eq!(limit["value"].as_f64(), Some(0.5), "{reply:?}");
        assert_eq!(limit["hits"], 1, "{reply:?}");
        assert_eq!(limit["scope"], "command", "{reply:?}");
        assert!(usage(&reply, "wall_seconds") >= 0.5, "{reply:?}");
        assert_eq!(server.status(&reply.id(), "").0["limit"], *limit);
    });
}

#[test]
fn words_for_the_reader_name_the_limit_and_what_to_do() {
    each_way(&[("COMMAND_MEMORY_LIMIT", "64MiB")], |server, _| {
        hogs::put(server);
        let reply = server.run("exec python3 list.py 600 1");
        struck(&reply, "memory", "command", 64 * MIB);
        let last = reply.records().last().copied().unwrap_or_default();
        eprintln!("{last}");
        // The amount in one of the ways it can be written, and a way out.
        assert!(
            ["64 MiB", "67108864", "67.1"]
                .iter()
                .any(|amount| last.contains(amount)),
            "{last}"
        );
        assert!(last.contains("memory_limit"), "{last}");
        assert!(last.ends_with('\n'), "{last:?}");
        // The words are a record like others: read again, counted, and in the part that `tail` gives.
        let again = server.status(&reply.id(), "tail=1");
        assert_eq!(again.output(), last);
        assert_eq!(again.next_offset(), reply.next_offset());
    });
}

#[test]
fn a_command_that_is_ended_by_hand_met_no_limit() {
    each_way(&[("COMMAND_MEMORY_LIMIT", "64MiB")], |server, _| {
        for force in [false, true] {
            let id = server.start("echo up; sleep 100");
            server.output_with(&id, "up");
            server.kill(&id, force).expect(200);
            let reply = server.end(&id);
            assert!(reply.0.get("limit").is_none(), "{reply:?}");
            assert_eq!(reply.output(), "up\r\n");
        }
        let reply = server.run("kill -KILL $$").expect_exit(-9);
        assert!(reply.0.get("limit").is_none(), "{reply:?}");
        assert_eq!(reply.output(), "");
    });
}

#[test]
fn without_limits_usage_is_told_all_the_same() {
    let (server, _) = limited(&[("LIMITS", "off")]);
    hogs::put(&server);
    let id = server.start("exec python3 work.py 0.5 1");
    server.output_with(&id, "worked");
    let running = server.status(&id, "wait=0");
    let reply = server.end(&id).expect_exit(0);
    assert!(usage(&reply, "cpu_seconds") >= 0.5, "{reply:?}");
    assert!(usage(&reply, "wall_seconds") >= 1.0, "{reply:?}");
    assert!(peak(&running) >= 60_000_000, "{running:?}");
    assert!(as_float(peak(&reply)) >= 60e6, "{reply:?}");
}
