//! With the cgroups of version 1 of this machine; as root, else it is said that nothing was tried.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::mounts::{self, Version};
use super::sweep::{BRANCH, Id};
use super::*;
use crate::limits::{Amount, Kind, Strike};

const MEBI: u64 = 1 << 20;

/// A cgroup for one test in every hierarchy of version 1.
struct Ground {
    system: System,
    directories: Vec<PathBuf>,
}

impl Ground {
    /// None, saying so, where there are none that can be written.
    fn new() -> Option<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ot-test-{}-{number}", std::process::id());
        let mut ground = Self {
            system: System::here().unwrap(),
            directories: Vec::new(),
        };
        let cgroup = std::mem::take(&mut ground.system.cgroup);
        for hierarchy in mounts::find(&cgroup, &ground.system.mountinfo) {
            if let (Version::One, Ok(place)) = (hierarchy.version, hierarchy.place) {
                let directory = place.own.join(&name);
                if std::fs::create_dir(&directory).is_ok() {
                    ground.directories.push(directory);
                }
            }
        }
        for line in cgroup.lines().filter(|line| !line.starts_with("0:")) {
            let line = line.trim_end_matches('/');
            ground.system.cgroup += &format!("{line}/{name}\n");
        }
        if ground.directories.len() < 5 {
            writeln!(std::io::stderr(), "not tried: no cgroup v1 to write to").unwrap();
            return None;
        }
        Some(ground)
    }

    fn set_up(&self, levels: &Levels) -> Cgroups {
        let cgroups = Cgroups::set_up_in(&self.system, levels).unwrap();
        assert_eq!(cgroups.describe(), "cgroup v1");
        cgroups
    }

    /// The directories that are left of servers.
    fn left(&self) -> Vec<PathBuf> {
        let children = self.directories.iter().map(|at| broom::children(at));
        children.flatten().collect()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for directory in &self.directories {
            assert!(
                broom::is_removed(directory),
                "{} is busy",
                directory.display()
            );
        }
    }
}

/// Starts a shell that enters the leaf before the script is run.
fn start(leaf: &Leaf, script: &str) -> Child {
    let join = leaf.ticket().join;
    let enter: Vec<String> = join
        .iter()
        .map(|at| format!("echo 0 > {}/cgroup.procs", at.display()))
        .collect();
    Command::new("sh")
        .args(["-c", &format!("{}; {script}", enter.join("; "))])
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

#[test]
fn bounds_are_written_where_the_kernel_looks_and_can_be_narrowed() {
    let Some(ground) = Ground::new() else { return };
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
    let cgroups = ground.set_up(&levels(command, total, total));
    let all = Holds {
        memory: true,
        swap: true,
        cpu: true,
        pids: true,
        io_weight: true,
    };
    assert_eq!((cgroups.holds(), cgroups.lacks()), (all, vec![]));
    let leaf = cgroups.leaf(&command).unwrap();
    for (file, value) in [
        ("memory.limit_in_bytes", "67108864"),
        ("memory.memsw.limit_in_bytes", "67108864"),
        ("cpu.cfs_quota_us", "50000"),
        ("pids.max", "20"),
        ("blkio.bfq.weight", "50"),
    ] {
        assert_eq!(text(&leaf, file), value, "{file}");
    }
    let narrower = Bounds {
        memory: Some(32 * MEBI),
        swap: Some(MEBI),
        cpu: Some(0.25),
        ..command
    };
    leaf.narrow(&narrower).unwrap();
    assert_eq!(text(&leaf, "memory.limit_in_bytes"), "33554432");
    assert_eq!(text(&leaf, "memory.memsw.limit_in_bytes"), "34603008");
    assert_eq!(text(&leaf, "cpu.cfs_quota_us"), "25000");
    // No less than the level above has: it is that level's to bound.
    let wide = Bounds {
        cpu: Some(2.0),
        ..command
    };
    assert_eq!(
        text(&cgroups.leaf(&wide).unwrap(), "cpu.cfs_quota_us"),
        "-1"
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
    assert_eq!(text(&leaf, "freezer.state"), "THAWED");
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
    writeln!(std::io::stderr(), "1000 leaves: {took:?}").unwrap();
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
    assert!(used.clone().count() >= 5);
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
    while cgroups.present(Scope::Total).pids != Some(1) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    let present = cgroups.present(Scope::User);
    assert_eq!(present.pids, Some(1));
    assert!(present.memory_bytes.unwrap() > 0 && present.cpu_seconds.unwrap() > 0.0);
    assert_eq!(cgroups.present(Scope::Command), Present::default());
    kill_all(&leaf.ticket().kill.unwrap()).unwrap();
    sleeper.wait().unwrap();
}
