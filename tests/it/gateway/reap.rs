//! Workspaces that nobody uses end, those that somebody uses do not, and nobody notices.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::events::Events;
use crate::support::files::target;
use crate::support::limits::slow;
use crate::support::terminal::NOBODY;
use crate::support::upstream::Upstream;
use crate::support::wire::{Incoming, Wire};
use crate::support::{Isolated, busy, eventually, processes, seconds};

/// Seconds after which an unused one ends here.
const TTL: &str = "0.3";
/// Several times that.
const LONG: Duration = Duration::from_millis(1500);

#[test]
fn what_nobody_uses_ends_and_comes_back() {
    let Some(server) = Isolated::that_idles(TTL) else {
        return;
    };
    let mut last = None;
    for _ in 0..3 {
        server.run("echo hello").expect_exit(0);
        let pid = server.running();
        assert_ne!(Some(pid), last, "it is another one");
        last = Some(pid);
        server.becomes_empty(seconds(5));
    }
    server.get("/health").expect(200);
    assert_eq!(server.workspace(), None, "the edge answers alone");
    let unexpected = server.printed().contains("unexpectedly");
    assert!(!unexpected, "{}", server.printed());
}

#[test]
fn with_no_time_to_live_it_stays() {
    let Some(server) = Isolated::that_idles("0") else {
        return;
    };
    let pid = server.running();
    std::thread::sleep(LONG);
    assert_eq!(server.workspace(), Some(pid));
}

/// Begins something that is in use until what it gives is dropped, or [`stop`] is called.
type Begin = fn(&Isolated) -> Box<dyn std::any::Any>;

fn command(server: &Isolated) -> Box<dyn std::any::Any> {
    server.start("exec sleep 1000");
    Box::new(())
}

fn survivor(server: &Isolated) -> Box<dyn std::any::Any> {
    let id = server.start("sleep 1000 & exit 0");
    server.end(&id).expect_exit(0);
    Box::new(())
}

/// As a kernel: it waits for what comes, and never ends by itself.
fn listener(server: &Isolated) -> Box<dyn std::any::Any> {
    Box::new(Upstream::start(server))
}

fn terminal(server: &Isolated) -> Box<dyn std::any::Any> {
    Box::new(server.open(NOBODY))
}

fn attached(server: &Isolated) -> Box<dyn std::any::Any> {
    Box::new(server.terminal())
}

fn watch(server: &Isolated) -> Box<dyn std::any::Any> {
    Box::new(Events::open(server, &[("path", ".")]))
}

/// A download that is paused.
fn download(server: &Isolated) -> Box<dyn std::any::Any> {
    let path = server.put("large", "");
    let file = fs::File::options().write(true).open(path);
    let file = file.expect("it is ours");
    file.set_len(300_000_000).expect("it may be sparse");
    let wire = Wire::open(server, "GET", &target("view", &[("path", "large")]), &[]);
    let incoming: Incoming = wire.answer().expect("an answer comes");
    Box::new(incoming)
}

/// An upload that is paused.
fn upload(server: &Isolated) -> Box<dyn std::any::Any> {
    let headers = [
        ("content-type", "application/json"),
        ("content-length", "1000"),
    ];
    let mut wire = Wire::open(server, "POST", "/files/write", &headers);
    wire.send(b"{").expect("it is taken");
    Box::new(wire)
}

/// Ends all that runs.
fn stop(server: &Isolated) {
    let list = server.get("/execute").expect(200).json();
    for entry in list.as_array().expect("it is a list") {
        let id = entry["id"].as_str().expect("it has an id");
        server.kill(id, true);
    }
    for id in server.terminals(NOBODY) {
        server.close(&id).expect(200);
    }
}

#[test]
fn what_is_in_use_stays_until_it_is_not() {
    let uses: [(&str, Begin); 8] = [
        ("command", command),
        ("survivor", survivor),
        ("listener", listener),
        ("terminal", terminal),
        ("attached terminal", attached),
        ("watch", watch),
        ("download", download),
        ("upload", upload),
    ];
    std::thread::scope(|scope| {
        for (name, begin) in uses {
            scope.spawn(move || {
                let Some(server) = Isolated::that_idles(TTL) else {
                    return;
                };
                let held = begin(&server);
                let pid = server.running();
                std::thread::sleep(LONG);
                assert_eq!(server.workspace(), Some(pid), "{name}: it has ended");
                drop(held);
                stop(&server);
                server.becomes_empty(seconds(10));
                server.get("/files/cwd").expect(200);
            });
        }
    });
}

#[test]
fn no_request_is_lost_that_comes_at_the_moment_of_the_end() {
    let _turn = busy();
    let starts: usize = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..3)
            .map(|client| scope.spawn(move || ask_round_the_end(client)))
            .collect();
        let counts = clients
            .into_iter()
            .map(|client| client.join().expect("no request is lost"));
        counts.flatten().sum()
    });
    println!("{starts} starts among the requests");
}

/// Asks a server of its own after pauses about as long as its workspace lives; gives the number of its starts.
fn ask_round_the_end(client: u64) -> Option<usize> {
    let server = Isolated::that_idles("0.1")?;
    let start = Instant::now();
    let mut round = client;
    while start.elapsed() < seconds(8) {
        round += 1;
        if round.is_multiple_of(2) {
            server.get("/files/cwd").expect(200);
        } else {
            let word = format!("word-{round}");
            let body = json!({ "command": format!("echo {word}") });
            let reply = server.execute("wait=10", &body).expect_exit(0);
            assert_eq!(reply.output().trim_end(), word);
        }
        std::thread::sleep(Duration::from_millis(80 + (round * 7) % 80));
    }
    let starts = server.starts();
    assert!(
        starts > 5,
        "the pauses are of the right length: {starts} starts"
    );
    Some(starts)
}

/// The directories of control groups below the server's branch, which has its number in its name.
fn groups(pid: i32) -> Vec<PathBuf> {
    let mut all = Vec::new();
    directories(Path::new("/sys/fs/cgroup"), 5, &mut all);
    let mark = format!(".{pid}.");
    let inside = |path: &PathBuf| {
        let mut names = path.iter().map(|name| name.to_string_lossy());
        names.any(|name| name.starts_with("open-terminal.") && name.contains(&mark))
    };
    all.retain(inside);
    all.sort();
    all
}

fn directories(top: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(top) else {
        return;
    };
    for entry in entries.flatten() {
        if depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            directories(&entry.path(), depth - 1, found);
            found.push(entry.path());
        }
    }
}

#[test]
fn a_hundred_lives_leave_nothing_behind() {
    let _turn = busy();
    let Some(server) = Isolated::that_idles("0.05") else {
        return;
    };
    let cycle = || {
        server.run("echo hello").expect_exit(0);
        eventually("it ends", seconds(5), || server.workspace().is_none());
    };
    // What is made once and kept.
    let (first, lives) = if slow() { (2, 5) } else { (10, 100) };
    for _ in 0..first {
        cycle();
    }
    server.becomes_empty(seconds(5));
    let measure = || {
        let descriptors = processes::descriptors(server.pid);
        let resident = processes::figure(server.pid, "VmRSS");
        let children = processes::descendants(server.pid).len();
        (descriptors, resident, children, groups(server.pid))
    };
    let (descriptors, resident, children, before) = measure();
    let (start, starts) = (Instant::now(), server.starts());
    for _ in 0..lives {
        cycle();
    }
    server.becomes_empty(seconds(5));
    let each = start.elapsed() / u32::try_from(lives).expect("they are few");
    eventually("the log says so", seconds(5), || {
        server.starts() >= starts + lives
    });
    println!(
        "{each:?} for a life; {descriptors} descriptors, {resident} KiB, {} groups before",
        before.len()
    );
    let (mut last, mut resident_after) = (0, 0);
    eventually("no descriptor or process is left", seconds(5), || {
        let now = measure();
        (last, resident_after) = (now.0, now.1);
        now.0 <= descriptors && now.2 <= children
    });
    println!("{last} descriptors, {resident_after} KiB after");
    assert!(
        resident_after < resident + 4 * 1024,
        "{resident} KiB before, {resident_after} after"
    );
    assert_eq!(groups(server.pid), before, "control groups are left");
}
