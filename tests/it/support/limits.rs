//! Limits as the tests see them: how they are kept here, the cgroups behind them, and what goes on beside a hog.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

mod beside;
mod stalls;
mod witness;

pub(crate) use beside::beside;
pub(crate) use stalls::{Machine, Stalls};

use super::files::unprivileged;
use super::{Builder, Home, Reply, Server, variables};

/// Bytes of a mebibyte.
pub(crate) const MIB: u64 = 1 << 20;

/// How a server keeps its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// cgroup v1, or at least its memory controller.
    V1,
    /// cgroup v2.
    V2,
    /// The watchdog.
    Watchdog,
    /// Not at all.
    Off,
}

impl Way {
    /// As the server says.
    #[track_caller]
    pub(crate) fn of(server: &Server) -> Self {
        Self::said(&server.get("/api/limits").expect(200).json())
    }

    #[track_caller]
    fn said(said: &Value) -> Self {
        match said["by"].as_str() {
            Some("cgroup v1" | "cgroup v1 and v2") => Self::V1,
            Some("cgroup v2") => Self::V2,
            Some("watchdog") => Self::Watchdog,
            Some("off") => Self::Off,
            _ => panic!("it does not say by what limits are kept: {said}"),
        }
    }

    /// As the workspace of a user says.
    #[track_caller]
    pub(crate) fn of_user(ground: &super::grounds::Ground) -> Self {
        Self::said(&ground.a().get("/api/limits").expect(200).json())
    }

    /// Whether the kernel keeps them, at every moment and to the byte.
    pub(crate) fn by_kernel(self) -> bool {
        matches!(self, Self::V1 | Self::V2)
    }

    /// Whether a command dies as a whole when it uses too much memory; else its largest process does.
    pub(crate) fn kills_whole(self) -> bool {
        matches!(self, Self::V2 | Self::Watchdog)
    }
}

/// Whether the machine is emulated: everything takes ten times as long.
pub(crate) fn slow() -> bool {
    variables::get("OT_SLOW").is_some()
}

/// A server with these settings, named without their prefix, that finds the system's Python first: the other
/// may be a script, and not for every user.
pub(crate) fn set(mut builder: Builder, settings: &[(&str, &str)]) -> Builder {
    for (name, value) in settings {
        builder = builder.env(&format!("OPEN_TERMINAL_{name}"), value);
    }
    let path = variables::get("PATH").expect("PATH is set");
    if Path::new("/usr/bin/python3").exists() {
        return builder.env("PATH", &format!("/usr/bin:{path}"));
    }
    builder
}

/// A server with these settings, and how it keeps its limits.
#[track_caller]
pub(crate) fn limited(settings: &[(&str, &str)]) -> (Server, Way) {
    let server = set(Server::builder(), settings).start();
    let way = Way::of(&server);
    (server, way)
}

/// The same as a user who may make no cgroups, when we are root.
#[track_caller]
pub(crate) fn watched(settings: &[(&str, &str)]) -> (Server, Way) {
    if !nix::unistd::geteuid().is_root() {
        return limited(settings);
    }
    let server = set(unprivileged(&Home::new()), settings).start();
    let way = Way::of(&server);
    (server, way)
}

/// Runs a test in each way there is here: as we are, and, when we are root, as a user who may make no cgroups.
#[track_caller]
pub(crate) fn each_way(settings: &[(&str, &str)], test: impl Fn(&Server, Way)) {
    let (server, way) = limited(settings);
    eprintln!("limits are kept by {way:?}");
    test(&server, way);
    if way == Way::Watchdog || !nix::unistd::geteuid().is_root() {
        eprintln!("not tried as another user: there is none who could do less");
    } else if slow() {
        eprintln!("not tried as another user: this machine is too slow to do everything twice");
    } else {
        drop(server);
        let server = set(unprivileged(&Home::new()), settings).start();
        assert_eq!(Way::of(&server), Way::Watchdog, "nobody has no cgroups");
        eprintln!("limits are kept by the watchdog");
        test(&server, Way::Watchdog);
    }
}

/// The `limit` of a reply: kind, scope and value; fails when there is none that struck at least once.
#[track_caller]
pub(crate) fn limit(reply: &Reply) -> (String, String, f64) {
    let limit = &reply.0["limit"];
    let text = |name: &str| limit[name].as_str().unwrap_or_default().to_owned();
    let hits = limit["hits"].as_u64().unwrap_or_default();
    assert!(hits > 0, "no limit struck: {reply:?}");
    let value = limit["value"].as_f64().unwrap_or(f64::NAN);
    (text("kind"), text("scope"), value)
}

/// Checks that a limit struck, which and whose.
#[track_caller]
pub(crate) fn struck(reply: &Reply, kind: &str, scope: &str, value: u64) {
    let (is_kind, is_scope, is_value) = limit(reply);
    assert_eq!(
        (is_kind.as_str(), is_scope.as_str()),
        (kind, scope),
        "{reply:?}"
    );
    assert!((is_value - as_float(value)).abs() < 0.5, "{reply:?}");
}

/// Checks that the last record of the output says in words that memory was at its limit.
#[track_caller]
pub(crate) fn told_of_memory(reply: &Reply) {
    let last = reply.records().last().copied().unwrap_or_default();
    let words = last.to_lowercase();
    assert!(
        words.contains("memory") && words.contains("limit"),
        "the last record should say what happened: {reply:?}"
    );
}

/// Checks that a command was killed for memory as a whole: status, signal, exit code, and words.
#[track_caller]
pub(crate) fn killed_for_memory(reply: &Reply) {
    assert_eq!(
        (reply.state(), reply.signal(), reply.exit_code()),
        ("killed", Some("SIGKILL"), Some(-9)),
        "{reply:?}"
    );
    told_of_memory(reply);
}

/// A figure of the `usage` of a reply.
#[track_caller]
pub(crate) fn usage(reply: &Reply, name: &str) -> f64 {
    let value = reply.0["usage"][name].as_f64();
    value.unwrap_or_else(|| panic!("no usage.{name}: {reply:?}"))
}

/// Most memory a command had, in bytes.
#[track_caller]
pub(crate) fn peak(reply: &Reply) -> u64 {
    let value = reply.0["usage"]["memory_peak_bytes"].as_u64();
    value.unwrap_or_else(|| panic!("no peak of memory: {reply:?}"))
}

/// A number as a float; those here are small enough to stay what they are.
#[expect(
    clippy::cast_precision_loss,
    reason = "figures in tests are far below 2^53"
)]
pub(crate) fn as_float(value: u64) -> f64 {
    value as f64
}

/// What `GET /api/limits` says.
#[track_caller]
pub(crate) fn shown(server: &Server) -> Value {
    server.get("/api/limits").expect(200).json()
}

/// The directories of a process's own cgroups, in every hierarchy that is mounted here.
pub(crate) fn cgroups_of(pid: i32) -> Vec<PathBuf> {
    let own = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("/proc is mounted");
    let mut found = Vec::new();
    for line in mounts.lines() {
        let Some((mount, rest)) = line.split_once(" - ") else {
            continue;
        };
        let kind = rest.split(' ').next().unwrap_or_default();
        let options = rest.rsplit(' ').next().unwrap_or_default();
        let fields: Vec<&str> = mount.split(' ').collect();
        let (root, point) = (fields[3], fields[4]);
        let is_it = |names: &str| match kind {
            "cgroup2" => names.is_empty(),
            "cgroup" => !names.is_empty() && names.split(',').all(|name| has(options, name)),
            _ => false,
        };
        let paths = own.lines().filter_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (names, path) = rest.split_once(':')?;
            is_it(names).then(|| below(root, path)).flatten()
        });
        found.extend(paths.map(|path| Path::new(point).join(path)));
    }
    found.retain(|directory| directory.is_dir());
    found.sort();
    found.dedup();
    found
}

/// Those of its directories that are below the branch of a server.
pub(crate) fn within_branch(pid: i32) -> Vec<PathBuf> {
    let mut all = cgroups_of(pid);
    all.retain(|path| path.to_string_lossy().contains("/open-terminal."));
    all
}

fn has(options: &str, name: &str) -> bool {
    options.split(',').any(|option| option == name)
}

/// A cgroup's path below the root of a mount.
fn below(root: &str, path: &str) -> Option<String> {
    let rest = path.strip_prefix(root.trim_end_matches('/'))?;
    Some(rest.trim_start_matches('/').to_owned())
}

/// The directories that servers have made for what they run, where a server with this pid makes its own.
pub(crate) fn branches(above: &[PathBuf], pid: i32) -> Vec<PathBuf> {
    let part = format!(".{pid}.");
    let mut found = Vec::new();
    for directory in above {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("open-terminal") && name.contains(&part) {
                found.push(entry.path());
            }
        }
    }
    found
}

/// Where a server makes its directories: its own cgroups, or, once it has moved into one, those above.
pub(crate) fn places(server: &Server) -> Vec<PathBuf> {
    let own = cgroups_of(server.pid).into_iter();
    own.map(|directory| {
        let name = directory.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("open-terminal-server.") {
            directory.parent().map(PathBuf::from).unwrap_or_default()
        } else {
            directory
        }
    })
    .collect()
}

/// The leaves in branches: directories two levels down.
pub(crate) fn leaves(branches: &[PathBuf]) -> Vec<PathBuf> {
    let directories = |above: &PathBuf| -> Vec<PathBuf> {
        let entries = fs::read_dir(above).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path());
        paths.filter(|path| path.is_dir()).collect()
    };
    let workspaces = branches.iter().flat_map(directories);
    let workspaces: Vec<PathBuf> = workspaces.collect();
    workspaces.iter().flat_map(directories).collect()
}
