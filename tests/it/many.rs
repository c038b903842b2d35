//! Many commands: a thousand at once, thousands one after the other, and nothing grows.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::sys::resource::{Resource, getrlimit};

use crate::support::{Server, alone, eventually, processes, seconds, variables};

/// How many run at once.
const CROWD: usize = 1_000;

#[test]
fn a_thousand_commands_run_at_once() {
    let _alone = alone();
    let server = Server::builder()
        .under(&["prlimit", "--nofile=1024:"])
        .start();
    // All wait at the gate, so that they are there at the same time.
    assert!(server.run("mkfifo gate").exit_code() == Some(0));
    let ids = started(&server, "cat gate; sleep 3");
    eventually("all are running", seconds(60), || {
        states(&server, "running") == CROWD
    });
    let open = AtomicBool::new(true);
    std::thread::scope(|scope| {
        // Again and again, for those who come to the gate late.
        scope.spawn(|| {
            for _ in 0..1000 {
                if !open.load(Ordering::Relaxed) {
                    return;
                }
                drop(
                    OpenOptions::new()
                        .write(true)
                        .custom_flags(OFlag::O_NONBLOCK.bits())
                        .open(server.home.work().join("gate")),
                );
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let ended = ids.iter().map(|id| server.end(id));
        let codes: Vec<_> = ended.map(|end| end.exit_code()).collect();
        open.store(false, Ordering::Relaxed);
        assert!(codes.iter().all(|code| *code == Some(0)), "{codes:?}");
    });
    assert_eq!(states(&server, "done"), CROWD + 1);
}

/// Starts the crowd from several clients at once.
fn started(server: &Server, command: &str) -> Vec<String> {
    let ids = Mutex::new(Vec::with_capacity(CROWD));
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                for _ in 0..CROWD / 20 {
                    let id = server.start(command);
                    ids.lock().expect("no client failed").push(id);
                }
            });
        }
    });
    let ids = ids.into_inner().expect("no client failed");
    assert_eq!(ids.len(), CROWD);
    ids
}

fn states(server: &Server, state: &str) -> usize {
    let list = server.get("/execute").expect(200).json();
    list.as_array()
        .expect("a list")
        .iter()
        .filter(|command| command["status"] == state)
        .count()
}

#[test]
fn thousands_one_after_the_other_leave_nothing_behind() {
    let _alone = alone();
    let server = Server::spawn();
    let count = variables::number("OT_SOAK", 2_000);
    run(&server, count / 4);
    let before = Usage::of(&server);
    run(&server, count - count / 4);
    eventually("all its children are waited for", seconds(5), || {
        processes::zombies(server.pid).is_empty()
    });
    let after = Usage::of(&server);
    assert!(
        after.memory < before.memory + 2048,
        "it grew from {before:?} to {after:?}"
    );
    assert!(
        after.descriptors <= before.descriptors + 4,
        "it grew from {before:?} to {after:?}"
    );
    assert!(
        after.threads <= before.threads + 2,
        "it grew from {before:?} to {after:?}"
    );
    assert!(
        after.children <= before.children + 2,
        "it grew from {before:?} to {after:?}"
    );
}

fn run(server: &Server, count: usize) {
    for n in 0..count {
        let reply = server.run(&format!("echo {n}")).expect_exit(0);
        assert_eq!(reply.output(), format!("{n}\r\n"));
    }
}

/// What a server holds.
#[derive(Debug)]
struct Usage {
    memory: u64,
    descriptors: usize,
    threads: u64,
    children: usize,
}

impl Usage {
    fn of(server: &Server) -> Self {
        Self {
            memory: processes::figure(server.pid, "VmRSS"),
            descriptors: processes::descriptors(server.pid),
            threads: processes::figure(server.pid, "Threads"),
            children: processes::descendants(server.pid).len(),
        }
    }
}

#[test]
fn commands_see_the_limit_on_open_files_that_the_server_was_started_with() {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("the limit can be read");
    assert_eq!(limits(&Server::spawn()), format!("{soft} {hard}"));
    let lowered = Server::builder()
        .under(&["prlimit", "--nofile=512:"])
        .start();
    assert_eq!(limits(&lowered), format!("512 {hard}"));
}

fn limits(server: &Server) -> String {
    server
        .run("echo $(ulimit -Sn) $(ulimit -Hn)")
        .expect_exit(0)
        .output()
        .trim()
        .to_owned()
}
