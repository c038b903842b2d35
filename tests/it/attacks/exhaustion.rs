//! A user who takes all there is, felt by another: the other's commands are as quick as before.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::alone;
use crate::support::grounds::{Ground, Grounds, Running, Theme, User};
use crate::support::limits::Way;

/// How many commands are timed.
const COMMANDS: usize = 40;
/// How often a hog runs again: other tests run beside this, and the machine may be busy by itself, or stand still.
const TRIES: usize = 10;

/// What a machine that is busy with other things adds to a time, as seen with no hog at all.
const NOISE: Duration = Duration::from_millis(25);

/// What a user's limits are while they take all they get.
const LIMITS: [(&str, &str); 3] = [
    ("USER_PIDS_LIMIT", "150"),
    ("USER_MEMORY_LIMIT", "256MiB"),
    ("USER_CPU_LIMIT", "0.5"),
];

/// Hogs, and what they print or leave when they have met their limit.
const HOGS: [(&str, &str); 6] = [
    (
        "a fork bomb",
        "echo up; bomb() { bomb | bomb & }; while :; do bomb 2>/dev/null; done",
    ),
    (
        "many processes that do nothing",
        "echo up; for n in $(seq 400); do sleep 1000 & done 2>/dev/null; wait",
    ),
    (
        "all memory, again and again",
        "echo up; while :; do python3 -c 'a = []\nwhile True: a.append(bytearray(1 << 20))' 2>/dev/null; done",
    ),
    (
        "all processors",
        "echo up; for n in 1 2 3 4 5 6 7 8; do (while :; do :; done) & done; wait",
    ),
    (
        "a full /dev/shm",
        "echo up; while :; do dd if=/dev/zero of=/dev/shm/full bs=1M count=2000 2>/dev/null; rm -f /dev/shm/full; done",
    ),
    ("endless output", "echo up; yes 'nothing but words'"),
];

/// The time within which 99 of 100 commands of a user's are answered with their end.
fn p99(user: &User) -> Duration {
    let mut times: Vec<Duration> = (0..COMMANDS).map(|_| timed(user)).collect();
    times.sort();
    times[COMMANDS - 2]
}

fn timed(user: &User) -> Duration {
    let start = Instant::now();
    let answer = user.post("/execute?wait=10", &json!({"command": "true"}));
    let answer = answer.expect(200).json();
    assert_eq!(answer["exit_code"], 0, "{answer}");
    start.elapsed()
}

/// Whether somebody's commands take longer than twice the usual while a hog of another's runs, each time it is tried.
fn felt(ground: &Ground, hog: &str) -> bool {
    let (a, b) = (ground.a(), ground.b());
    for _ in 0..TRIES {
        let before = p99(&b);
        let running = a.start(hog, &[]);
        std::thread::sleep(Duration::from_millis(300));
        let beside = p99(&b);
        ended(&a, &running);
        eprintln!("{hog:.30}: p99 {before:?} before, {beside:?} beside it");
        if beside <= before * 2 + NOISE {
            return false;
        }
    }
    true
}

/// Whether a hog is one: whoever runs it feels it themselves, by a limit that strikes or by commands that are slow.
fn felt_by_oneself(ground: &Ground, hog: &str) -> bool {
    let a = ground.a();
    let start = Instant::now();
    a.run("true");
    let usual = start.elapsed();
    let running = a.start(hog, &[]);
    std::thread::sleep(Duration::from_secs(1));
    let start = Instant::now();
    let answer = a.post(
        "/execute?wait=20",
        &json!({"command": "for n in 1 2 3; do ls / >/dev/null || exit 1; done"}),
    );
    let slow = start.elapsed() > usual * 2;
    let fails = answer.status != 200 || answer.json()["exit_code"] != 0;
    let status = a
        .get(&format!("/execute/{}/status?tail=1", running.id))
        .text();
    let struck = status.contains("\"limit\":{") || status.contains("\"truncated\":true");
    ended(&a, &running);
    slow || fails || struck
}

/// Ends a hog, and takes away what it has left in memory, for which there may be no command any more.
fn ended(a: &User, running: &Running) {
    a.end(running);
    a.ask("DELETE", "/files/delete?path=/dev/shm/full").send();
}

#[test]
fn what_one_takes_is_not_missed_by_another() {
    let Some(grounds) = Grounds::with("exhaustion", &LIMITS) else {
        return;
    };
    let _alone = alone();
    let ground = grounds.all();
    if !Way::of_user(ground).by_kernel() {
        eprintln!("skipped: limits of users are not kept by the kernel here");
        return;
    }
    for (name, hog) in HOGS {
        grounds
            .theme
            .attempt(name, || felt_by_oneself(ground, hog), || felt(ground, hog));
    }
    requests(&grounds.theme, ground);
    grounds.end(7);
}

/// One user asks without end, on many connections at once.
fn requests(theme: &Theme, ground: &Ground) {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    let (over, made) = (AtomicBool::new(false), AtomicUsize::new(0));
    let asking = |attack: &dyn Fn() -> bool| {
        over.store(false, Ordering::Relaxed);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        let body = json!({"command": "head -c 100000 /dev/zero | od"});
                        ground
                            .a()
                            .ask("POST", "/execute?wait=1")
                            .json(&body)
                            .try_send()
                            .ok();
                        made.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(300));
            let result = attack();
            over.store(true, Ordering::Relaxed);
            result
        })
    };
    let quick = p99(&ground.a());
    theme.attempt(
        "commands without end",
        || asking(&|| p99(&ground.a()) > quick),
        || {
            (0..TRIES).all(|_| {
                let before = p99(&ground.b());
                let beside = std::cell::Cell::new(Duration::ZERO);
                asking(&|| {
                    beside.set(p99(&ground.b()));
                    true
                });
                let beside = beside.get();
                eprintln!("commands without end: p99 {before:?} before, {beside:?} beside them");
                // The four connections' own client, and the server between, take of the same processors what no limit of
                // the user counts.
                beside > before * 3 + NOISE
            })
        },
    );
    assert!(made.load(Ordering::Relaxed) > 4);
}
