//! Processes and threads: at the limit there are no more, and a fork bomb leaves nothing behind.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;

use super::hogs;
use crate::support::limits::{Way, beside, each_way, shown, struck};
use crate::support::{Reply, Server, eventually, processes, seconds};

const LIMIT: u64 = 100;
const SETTINGS: [(&str, &str); 1] = [("COMMAND_PIDS_LIMIT", "100")];

/// Runs a hog to its end while the server is asked and another command works; the answer is also how many
/// processes there were at most, as the server counts them.
#[track_caller]
fn hog(server: &Server, command: &str, mark: &str) -> (Reply, u64) {
    hogs::put(server);
    beside(server, || watched(server, command, mark))
}

/// Runs a command to its end and asks all the time how many processes there are.
#[track_caller]
fn watched(server: &Server, command: &str, mark: &str) -> (Reply, u64) {
    let over = AtomicBool::new(false);
    let most = AtomicU64::new(0);
    let body = json!({ "command": command, "env": { "OT_TEST_MARK": mark } });
    let answer = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let pids = shown(server)["user"]["usage"]["pids"].as_u64();
                most.fetch_max(pids.unwrap_or(0), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let answer = server.try_execute("wait=60", &body);
        over.store(true, Ordering::Relaxed);
        answer
    });
    (Reply(answer.expect(200).json()), most.into_inner())
}

/// Checks what became of a command that wanted more processes than it may have.
#[track_caller]
fn met_the_limit(server: &Server, way: Way, (reply, most): (Reply, u64), mark: &str) {
    struck(&reply, "pids", "command", LIMIT);
    eprintln!("{most} processes at most");
    if way.by_kernel() {
        assert_eq!(reply.state(), "done", "{reply:?}");
        // The other command has some as well, and a few shells wait for their commands.
        assert!(most <= LIMIT + 8, "{most} processes");
    } else {
        assert_eq!(
            (reply.state(), reply.signal()),
            ("killed", Some("SIGKILL")),
            "{reply:?}"
        );
    }
    let last = reply.records().last().copied().unwrap_or_default();
    if !way.by_kernel() {
        assert!(last.contains("process") && last.contains("limit"), "{last}");
    }
    eventually("none is left", seconds(30), || {
        processes::marked(mark).is_empty()
    });
    server.run("echo well").expect_exit(0);
}

#[test]
fn a_fork_bomb_of_the_shell_stays_small() {
    each_way(&SETTINGS, |server, way| {
        let mark = format!("limits-bomb-{way:?}");
        let seen = hog(server, hogs::BOMB, &mark);
        met_the_limit(server, way, seen, &mark);
    });
}

#[test]
fn children_in_sessions_of_their_own_count() {
    each_way(&SETTINGS, |server, way| {
        let mark = format!("limits-forks-{way:?}");
        let (reply, most) = hog(server, "python3 forks.py", &mark);
        if way.by_kernel() {
            let made = number_after(&reply, "made ");
            assert!((LIMIT - 10..LIMIT).contains(&made), "{reply:?}");
            assert!(reply.0["limit"]["hits"].as_u64() >= Some(50), "{reply:?}");
        }
        met_the_limit(server, way, (reply, most), &mark);
    });
}

#[test]
fn ten_thousand_threads_are_not_had() {
    each_way(&SETTINGS, |server, way| {
        let mark = format!("limits-threads-{way:?}");
        let (reply, most) = hog(server, "exec python3 threads.py", &mark);
        if way.by_kernel() {
            let made = number_after(&reply, "made ");
            assert!((LIMIT - 10..LIMIT).contains(&made), "{reply:?}");
            assert!(reply.output().contains("refused"), "{reply:?}");
        }
        met_the_limit(server, way, (reply, most), &mark);
    });
}

#[test]
fn a_command_with_fewer_processes_is_let_alone() {
    each_way(&SETTINGS, |server, _| {
        let reply = server
            .run("for n in $(seq 50); do sleep 0.5 & done; wait; echo well")
            .expect_exit(0);
        assert_eq!(reply.output(), "well\r\n");
        assert!(reply.0.get("limit").is_none(), "{reply:?}");
    });
}

/// The number behind these words in the output.
#[track_caller]
fn number_after(reply: &Reply, words: &str) -> u64 {
    let output = reply.output();
    let rest = output.split(words).nth(1).unwrap_or_default();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits
        .parse()
        .unwrap_or_else(|_| panic!("no number after {words:?}: {reply:?}"))
}
