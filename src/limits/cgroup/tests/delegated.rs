//! Places that are handed over, with real cgroups and processes of the account that has them.

mod left;

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::*;

/// An account that nobody has.
const ACCOUNT: (u32, u32) = (12345, 12345);
const OTHER: (u32, u32) = (12346, 12346);

/// The ground, where this process may give things away; else it is said what is not shown.
fn ground() -> Option<Ground> {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("not shown: what an account can do in a place of its own, for this is not root");
        return None;
    }
    Ground::new()
}

/// Does something with the rights of the account for files, which count for one thread (setfsuid(2)).
fn as_account<T: Send>(what: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            nix::unistd::setfsgid(ACCOUNT.1.into());
            nix::unistd::setfsuid(ACCOUNT.0.into());
            what()
        });
        thread.join().unwrap()
    })
}

fn give(cgroups: &Cgroups) -> Handed {
    let handed = cgroups.delegate("a", Some(ACCOUNT)).unwrap();
    // As it is sent to the workspace.
    let sent = serde_json::to_string(&handed).unwrap();
    assert_eq!(serde_json::from_str::<Handed>(&sent).unwrap(), handed);
    handed
}

fn enter(spot: &[PathBuf]) -> String {
    let enter = |at: &PathBuf| format!("echo 0 > {}/cgroup.procs", at.display());
    spot.iter().map(enter).collect::<Vec<_>>().join(" && ")
}

/// Starts a shell of the account, in the workspace's own place.
fn start_in_self(handed: &Handed, script: &str) -> Child {
    let (user, group) = ACCOUNT;
    let setpriv = format!("setpriv --reuid={user} --regid={group} --clear-groups");
    let enter = enter(&handed.places.own.0);
    Command::new("sh")
        .args([
            "-c",
            &format!("{enter} && exec {setpriv} sh -c \"$0\""),
            script,
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Starts a shell of the account, which moves itself from the workspace's own place to the leaf.
fn start_as_account(handed: &Handed, leaf: &Leaf, script: &str) -> Child {
    let enter = enter(&leaf.ticket().join);
    start_in_self(handed, &format!("{enter} && {{ {script}; }}"))
}

fn soon(what: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    while !what() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    what()
}

fn is_inside(spot: &[PathBuf]) -> bool {
    spot.iter()
        .all(|at| files::processes(at).is_ok_and(|all| !all.is_empty()))
}

#[test]
fn a_workspace_runs_and_ends_commands_in_its_place_as_its_account() {
    let Some(ground) = ground() else { return };
    let cgroups = ground.set_up(&wide());
    let handed = give(&cgroups);
    let workspace = Cgroups::join(handed.clone(), wide());
    let leaf = as_account(|| workspace.leaf(&wide().command).unwrap());
    for at in &leaf.ticket().join {
        assert_eq!(at.metadata().unwrap().uid(), ACCOUNT.0, "{}", at.display());
    }
    // On version 2 what the shell had before it came is charged to where it was.
    let script = "head -c 9000000 /dev/zero | tail -c 8000000; while :; do :; done";
    let mut hog = start_as_account(&handed, &leaf, script);
    let least = Duration::from_millis(20);
    assert!(soon(|| workspace.present(Scope::User).pids == Some(1)));
    let has_used = |used: Usage| used.cpu > least && used.memory_peak > 0;
    assert!(soon(|| has_used(leaf.usage())), "{:?}", leaf.usage());
    let user = workspace.present(Scope::User);
    assert!(
        user.cpu_seconds > Some(0.0) && user.memory_bytes.is_some(),
        "{user:?}"
    );
    assert!(workspace.present(Scope::Total).pids >= Some(1));
    let narrower = Bounds {
        memory: Some(32 * MEBI),
        ..wide().command
    };
    as_account(|| {
        leaf.narrow(&narrower).unwrap();
        leaf.die_whole(false).unwrap();
        kill_all(&leaf.ticket().kill.unwrap()).unwrap();
    });
    assert_eq!(hog.wait().unwrap().signal(), Some(9));
    let at = leaf.ticket().join;
    as_account(|| {
        drop(leaf);
        workspace.close(Duration::from_secs(5));
    });
    assert!(at.iter().all(|at| !at.exists()));
    drop(workspace);
    assert!(handed.directories().iter().all(|at| at.exists()));
    cgroups.reclaim("a", Duration::from_secs(5));
    cgroups.close(Duration::from_secs(5));
    assert_eq!(ground.left(), Vec::<PathBuf>::new());
}

#[test]
fn bounds_of_the_user_and_the_total_strike_there_and_are_told() {
    let Some(ground) = ground() else { return };
    let none = Bounds::default();
    let small = Bounds {
        memory: Some(24 * MEBI),
        ..none
    };
    let few = Bounds {
        pids: Some(12),
        ..none
    };
    let bomb = "f() { f & f & wait; }; f";
    for (given, script, kind, scope, value) in [
        (
            levels(none, small, none),
            "exec tail /dev/zero",
            Kind::Memory,
            Scope::User,
            small.memory,
        ),
        (
            levels(none, none, small),
            "exec tail /dev/zero",
            Kind::Memory,
            Scope::Total,
            small.memory,
        ),
        (
            levels(none, few, none),
            bomb,
            Kind::Pids,
            Scope::User,
            few.pids,
        ),
    ] {
        let cgroups = ground.set_up(&given);
        let handed = give(&cgroups);
        let workspace = Cgroups::join(handed.clone(), given);
        // The second time it has to be seen anew.
        for round in 0..2 {
            let leaf = as_account(|| workspace.leaf(&none).unwrap());
            let mut shell = start_as_account(&handed, &leaf, script);
            let strikes = || as_account(|| leaf.strikes());
            assert!(soon(|| !strikes().is_empty()), "{kind:?} {scope:?} {round}");
            kill_all(&leaf.ticket().kill.unwrap()).unwrap();
            shell.wait().unwrap();
            let strike = strikes()[0];
            let expected = (kind, scope, value.map(Amount::Whole));
            assert_eq!(
                (strike.kind, strike.scope, strike.value),
                expected,
                "{round}"
            );
        }
        drop(workspace);
        cgroups.reclaim("a", Duration::from_secs(5));
    }
}

/// What is in a directory, at all depths.
fn below(directory: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        all.push(entry.path());
        if entry.file_type().unwrap().is_dir() {
            below(&entry.path(), all);
        }
    }
}

#[test]
fn an_account_owns_nothing_by_which_it_could_widen_its_bounds() {
    let Some(ground) = ground() else { return };
    let cgroups = ground.set_up(&wide());
    let handed = give(&cgroups);
    cgroups.delegate("b", Some(OTHER)).unwrap();
    let mut all = Vec::new();
    for top in &cgroups.branch.top.0 {
        all.push(top.clone());
        below(top, &mut all);
    }
    let writable = |path: &PathBuf| {
        use nix::unistd::{AccessFlags, faccessat};
        let flags = nix::fcntl::AtFlags::AT_EACCESS;
        faccessat(nix::fcntl::AT_FDCWD, path, AccessFlags::W_OK, flags).is_ok()
    };
    let found: Vec<PathBuf> = as_account(|| all.into_iter().filter(writable).collect());
    assert!(!found.is_empty());
    for path in &found {
        let name = path.file_name().unwrap().to_str().unwrap();
        let place = path.parent().unwrap();
        let fine = match name {
            "workspace" => place.ends_with("w-a"),
            // Not of the kernel's limits, but a place to ask for news; what is asked for has to be written too.
            "cgroup.event_control" | "memory.pressure_level" => true,
            "cgroup.procs" => place.ends_with("w-a") && ground.version == Version::Two,
            _ => name.ends_with("max_usage_in_bytes") && place.ends_with("w-a/workspace"),
        };
        assert!(fine, "{} can be written", path.display());
    }
    let given: Vec<PathBuf> = handed.directories().to_vec();
    assert!(given.iter().all(|at| found.contains(at)));
    cgroups.reclaim("a", Duration::from_secs(5));
    cgroups.reclaim("b", Duration::from_secs(5));
}

/// What the account must not be able to do, as commands.
fn forbidden(
    ground: &Ground,
    handed: &Handed,
    other: &Handed,
    leaf: &Leaf,
    pid: u32,
) -> Vec<String> {
    let mut deny = Vec::new();
    for (part, own) in handed.directories().iter().enumerate() {
        let place = own.parent().unwrap();
        let top = place.parent().unwrap();
        let (own, place, top) = (own.display(), place.display(), top.display());
        let there = other.directories()[part].display();
        for at in [
            format!("{place}/x"),
            format!("{top}/x"),
            format!("{there}/x"),
        ] {
            deny.push(format!("mkdir {at}"));
        }
        for at in [
            &format!("{place}/self"),
            &top.to_string(),
            &there.to_string(),
        ] {
            deny.push(format!("echo 0 > {at}/cgroup.procs"));
        }
        if ground.version == Version::Two {
            deny.push(format!("echo 0 > {place}/cgroup.procs"));
            deny.push(format!("echo -memory > {own}/cgroup.subtree_control"));
            deny.push(format!("echo -memory > {place}/cgroup.subtree_control"));
        }
        deny.push(format!(
            "echo {pid} > {}/cgroup.procs",
            leaf.ticket().join[part].display()
        ));
        for (file, value) in [
            ("memory.limit_in_bytes", "-1"),
            ("memory.max", "max"),
            ("pids.max", "max"),
            ("cpu.max", "max"),
            ("cpu.cfs_quota_us", "-1"),
            ("cgroup.max.depth", "max"),
        ] {
            for at in [
                &own.to_string(),
                &format!("{place}/self"),
                &place.to_string(),
                &top.to_string(),
            ] {
                deny.push(format!("[ -e {at}/{file} ] && echo {value} > {at}/{file}"));
            }
        }
    }
    deny
}

#[test]
fn an_account_stays_in_its_place_and_leaves_others_alone() {
    let Some(ground) = ground() else { return };
    let cgroups = ground.set_up(&wide());
    let handed = give(&cgroups);
    let other = cgroups.delegate("b", Some(OTHER)).unwrap();
    let workspace = Cgroups::join(handed.clone(), wide());
    let leaf = as_account(|| workspace.leaf(&wide().command).unwrap());
    let mut foreign = Command::new("sleep").arg("60").spawn().unwrap();
    let report = tempfile::NamedTempFile::new().unwrap();
    std::os::unix::fs::chown(report.path(), Some(ACCOUNT.0), None).unwrap();
    let mut script = format!("exec 2>/dev/null; r={}; ", report.path().display());
    for what in forbidden(&ground, &handed, &other, &leaf, foreign.id()) {
        use std::fmt::Write;
        write!(script, "( {what} ) && echo '{what}' >> $r; ").unwrap();
    }
    script.push_str("echo done >> $r");
    start_as_account(&handed, &leaf, &script).wait().unwrap();
    let done = std::fs::read_to_string(report.path()).unwrap();
    foreign.kill().unwrap();
    foreign.wait().unwrap();
    assert_eq!(done.trim(), "done");
    drop((leaf, workspace));
    for name in ["a", "b"] {
        cgroups.reclaim(name, Duration::from_secs(5));
    }
}
