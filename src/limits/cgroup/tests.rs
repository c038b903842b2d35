//! With the cgroups of this machine, of either version; as root, else it is said that nothing was tried.

mod delegated;
mod ground;

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use self::ground::Ground;
use super::mounts::Version;
use super::sweep::{BRANCH, Id};
use super::*;
use crate::limits::{Amount, Kind, Strike};

const MEBI: u64 = 1 << 20;

/// Starts a shell that enters the leaf before the script is run, which would do harm elsewhere.
fn start(leaf: &Leaf, script: &str) -> Child {
    let join = leaf.ticket().join;
    let enter: Vec<String> = join
        .iter()
        .map(|at| format!("echo 0 > {}/cgroup.procs", at.display()))
        .collect();
    Command::new("sh")
        .args(["-c", &format!("{} && {{ {script}; }}", enter.join(" && "))])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn levels(command: Bounds, user: Bounds, total: Bounds) -> Levels {
    Levels {
        command,
        user,
        total,
    }
}

fn text(leaf: &Leaf, file: &str) -> String {
    let join = leaf.ticket().join;
    let at = join.iter().find(|at| at.join(file).exists()).unwrap();
    files::read(at, file).unwrap().trim().to_owned()
}

/// Files of both versions and a value, which version 1 writes in a part only.
fn check(ground: &Ground, leaf: &Leaf, values: &[[&str; 3]]) {
    for [one, two, value] in values {
        let (file, value) = match ground.version {
            Version::One => (one, value.replace(" 100000", "").replace("max", "-1")),
            Version::Two => (two, (*value).to_owned()),
        };
        assert_eq!(text(leaf, file), value, "{file}");
    }
}

fn wide() -> Levels {
    let command = Bounds {
        memory: Some(64 * MEBI),
        cpu: Some(0.5),
        pids: Some(20),
        io_weight: Some(50),
        swap: None,
    };
    let total = Bounds {
        memory: Some(512 * MEBI),
        cpu: Some(1.0),
        pids: Some(1000),
        ..Bounds::default()
    };
    levels(command, total, total)
}

#[test]
fn bounds_are_written_where_the_kernel_looks() {
    let Some(ground) = Ground::new() else { return };
    let cgroups = ground.set_up(&wide());
    let all = Holds {
        memory: true,
        swap: true,
        cpu: true,
        pids: true,
        io_weight: true,
    };
    let holds = Holds {
        // Which ways there are to share a disk depends on the kernel.
        io_weight: ground.version == Version::Two || cgroups.holds().io_weight,
        ..cgroups.holds()
    };
    assert_eq!(holds, all, "{:?}", cgroups.lacks());
    let leaf = cgroups.leaf(&wide().command).unwrap();
    check(
        &ground,
        &leaf,
        &[
            ["memory.limit_in_bytes", "memory.max", "67108864"],
            ["cpu.cfs_quota_us", "cpu.max", "50000 100000"],
            ["pids.max", "pids.max", "20"],
        ],
    );
    match ground.version {
        Version::One => {
            assert_eq!(text(&leaf, "memory.memsw.limit_in_bytes"), "67108864");
            assert_eq!(text(&leaf, "blkio.bfq.weight"), "50");
        }
        Version::Two => {
            assert_eq!(text(&leaf, "memory.swap.max"), "0");
            assert_eq!(text(&leaf, "memory.oom.group"), "1");
            leaf.die_whole(false).unwrap();
            assert_eq!(text(&leaf, "memory.oom.group"), "0");
        }
    }
}

#[test]
fn bounds_can_be_narrowed_and_are_left_to_the_level_above_where_that_is_narrower() {
    let Some(ground) = Ground::new() else { return };
    let cgroups = ground.set_up(&wide());
    let leaf = cgroups.leaf(&wide().command).unwrap();
    let narrower = Bounds {
        memory: Some(32 * MEBI),
        swap: Some(MEBI),
        cpu: Some(0.25),
        ..wide().command
    };
    leaf.narrow(&narrower).unwrap();
    check(
        &ground,
        &leaf,
        &[
            ["memory.limit_in_bytes", "memory.max", "33554432"],
            ["cpu.cfs_quota_us", "cpu.max", "25000 100000"],
        ],
    );
    match ground.version {
        Version::One => assert_eq!(text(&leaf, "memory.memsw.limit_in_bytes"), "34603008"),
        Version::Two => assert_eq!(text(&leaf, "memory.swap.max"), "1048576"),
    }
    let more = Bounds {
        cpu: Some(2.0),
        ..wide().command
    };
    let leaf = cgroups.leaf(&more).unwrap();
    check(
        &ground,
        &leaf,
        &[["cpu.cfs_quota_us", "cpu.max", "max 100000"]],
    );
}

#[test]
fn a_hog_is_killed_and_whose_limit_it_was_is_told() {
    let Some(ground) = Ground::new() else { return };
    let small = Bounds {
        memory: Some(24 * MEBI),
        ..Bounds::default()
    };
    let none = Bounds::default();
    for (given, scope, value) in [
        (levels(small, none, none), Scope::Command, None),
        (levels(none, small, none), Scope::User, small.memory),
        (levels(none, none, small), Scope::Total, small.memory),
    ] {
        let cgroups = ground.set_up(&given);
        let leaf = cgroups.leaf(&given.command).unwrap();
        let status = start(&leaf, "exec tail /dev/zero").wait().unwrap();
        assert_eq!(status.signal(), Some(9), "{scope:?}");
        let expected = Strike {
            kind: Kind::Memory,
            scope,
            value: value.map(Amount::Whole),
            hits: 1,
        };
        assert_eq!(leaf.strikes(), [expected]);
        let usage = leaf.usage();
        let peak = usage.memory_peak / MEBI;
        assert!((20..=24).contains(&peak), "{scope:?}: {peak} MiB");
        assert!(usage.cpu > Duration::ZERO);
    }
}

#[test]
fn a_fork_bomb_stays_within_its_bound_and_is_killed_whole() {
    let Some(ground) = Ground::new() else { return };
    let command = Bounds {
        pids: Some(30),
        ..Bounds::default()
    };
    let cgroups = ground.set_up(&levels(command, Bounds::default(), Bounds::default()));
    let leaf = cgroups.leaf(&command).unwrap();
    let mut shell = start(&leaf, "f() { f & f & wait; }; f");
    let end = Instant::now() + Duration::from_secs(20);
    while leaf.strikes().is_empty() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    let strikes = leaf.strikes();
    assert_eq!(strikes.len(), 1);
    assert_eq!(
        (strikes[0].kind, strikes[0].scope),
        (Kind::Pids, Scope::Command)
    );
    assert!(cgroups.present(Scope::User).pids.unwrap() <= 30);
    let kill = leaf.ticket().kill.unwrap();
    kill_all(&kill).unwrap();
    shell.wait().unwrap();
    let end = Instant::now() + Duration::from_secs(5);
    while !files::processes(&kill).unwrap().is_empty() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(files::processes(&kill).unwrap(), Vec::<i32>::new());
    if ground.version == Version::One {
        assert_eq!(text(&leaf, "freezer.state"), "THAWED");
    }
}

#[test]
fn processor_time_is_held_back_at_each_level() {
    let Some(ground) = Ground::new() else { return };
    let half = Bounds {
        cpu: Some(0.2),
        ..Bounds::default()
    };
    let none = Bounds::default();
    for (given, scope, value) in [
        (levels(half, none, none), Scope::Command, None),
        (
            levels(none, half, none),
            Scope::User,
            Some(Amount::Cores(0.2)),
        ),
        (
            levels(half, half, half),
            Scope::Total,
            Some(Amount::Cores(0.2)),
        ),
    ] {
        let cgroups = ground.set_up(&given);
        let leaf = cgroups.leaf(&given.command).unwrap();
        let began = Instant::now();
        let mut hog = start(&leaf, "for i in 1 2; do while :; do :; done & done; wait");
        std::thread::sleep(Duration::from_millis(1500));
        let share = leaf.usage().cpu.as_secs_f64() / began.elapsed().as_secs_f64();
        kill_all(&leaf.ticket().kill.unwrap()).unwrap();
        hog.wait().unwrap();
        assert!((0.05..0.3).contains(&share), "{scope:?}: {share}");
        let strikes = leaf.strikes();
        assert_eq!(strikes.len(), 1, "{scope:?}");
        assert_eq!((strikes[0].scope, strikes[0].value), (scope, value));
    }
}

#[test]
fn where_no_leaf_can_be_made_nothing_is_held() {
    let Some(ground) = Ground::new() else { return };
    // A name that is taken stands for what the kernel refuses.
    let (mut branch, mut reasons) = Branch::make(&ground.system, &Levels::default()).unwrap();
    let taken = branch.workspace.child("trial");
    for directory in &taken.0 {
        std::fs::create_dir(directory).unwrap();
    }
    leaf::try_one(&mut branch, &mut reasons);
    assert_eq!(branch.holds, Holds::default());
    let words = reasons.in_words(&Held::MAIN);
    assert!(
        words.contains("no cgroup for memory, processor time and processes: "),
        "{words}"
    );
}

#[test]
fn a_thousand_leaves_leave_nothing_behind() {
    let Some(ground) = Ground::new() else { return };
    let total = Bounds {
        memory: Some(MEBI << 10),
        pids: Some(1000),
        ..Bounds::default()
    };
    let cgroups = ground.set_up(&levels(total, total, total));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..250 {
                    drop(cgroups.leaf(&total).unwrap());
                }
            });
        }
    });
    let took = began.elapsed();
    cgroups.close(Duration::from_secs(30));
    assert_eq!(ground.left(), Vec::<PathBuf>::new());
    eprintln!("1000 leaves: {took:?}");
}

#[test]
fn a_leaf_with_something_left_in_it_is_removed_when_that_ends() {
    let Some(ground) = Ground::new() else { return };
    let cgroups = ground.set_up(&Levels::default());
    let leaf = cgroups.leaf(&Bounds::default()).unwrap();
    let at = leaf.ticket().join;
    let mut sleeper = start(&leaf, "exec sleep 0.3");
    let entered = || {
        at.iter()
            .all(|at| !files::processes(at).unwrap().is_empty())
    };
    while !entered() {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(leaf);
    std::thread::sleep(Duration::from_millis(20));
    assert!(at.iter().all(|at| at.exists()));
    sleeper.wait().unwrap();
    cgroups.close(Duration::from_secs(10));
    assert_eq!(ground.left(), Vec::<PathBuf>::new());
}

#[test]
fn what_a_dead_server_left_is_killed_and_swept_by_the_next() {
    let Some(ground) = Ground::new() else { return };
    let me = Id::own().unwrap().to_string();
    let (rest, start) = me.rsplit_once('.').unwrap();
    let dead = format!("{rest}.{}", start.parse::<u64>().unwrap() + 1);
    let mut sleeper = Command::new("sleep").arg("60").spawn().unwrap();
    for directory in &ground.directories {
        let leaf = directory.join(format!("{BRANCH}{dead}/workspace/7"));
        std::fs::create_dir_all(&leaf).unwrap();
        if !directory.starts_with("/sys/fs/cgroup/cpuset") {
            files::write(&leaf, "cgroup.procs", &sleeper.id().to_string()).unwrap();
        }
    }
    let cgroups = ground.set_up(&Levels::default());
    assert_eq!(sleeper.wait().unwrap().signal(), Some(9));
    cgroups.branch.broom.wait(Duration::from_secs(5));
    let dead = format!("{BRANCH}{dead}");
    let used = cgroups
        .branch
        .top
        .0
        .iter()
        .map(|top| top.with_file_name(&dead));
    assert!(used.clone().count() >= 1);
    for directory in used {
        assert!(!directory.exists(), "{}", directory.display());
    }
}

#[test]
fn present_use_is_that_of_all_leaves() {
    let Some(ground) = Ground::new() else { return };
    let cgroups = ground.set_up(&Levels::default());
    let leaf = cgroups.leaf(&Bounds::default()).unwrap();
    let mut sleeper = start(&leaf, "exec sleep 60");
    let end = Instant::now() + Duration::from_secs(5);
    let mut present = cgroups.present(Scope::User);
    while present.cpu_seconds <= Some(0.0) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
        present = cgroups.present(Scope::User);
    }
    kill_all(&leaf.ticket().kill.unwrap()).unwrap();
    sleeper.wait().unwrap();
    assert_eq!(present.pids, Some(1));
    assert!(present.memory_bytes > Some(0) && present.cpu_seconds > Some(0.0));
    assert_eq!(cgroups.present(Scope::Command), Present::default());
}
