//! Attacks on the walls, each first without the wall that it is about.
//!
//! They run in children: this program once more, which takes its order from standard input and forks, since walls are
//! for processes with one thread. Nothing of them is left: mounts are in namespaces that end with the child.

mod attacks;
mod degraded;
mod seen;

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Uid};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::{CommandWall, Entered, Identity, Plan, Wall, enter, probe};
use crate::config::{Demand, WallDemands};
use crate::sys;

/// Ids that are nobody's.
const ALICE: u32 = 64_001;
const BOB: u32 = 64_002;

/// What precedes the answer, among what the test harness says.
const MARK: &str = "\nANSWER ";

/// What a child does.
#[derive(Serialize, Deserialize)]
struct Order {
    plan: Plan,
    /// What is run inside.
    script: String,
    /// It is first this user.
    user: Option<u32>,
    /// It is first without this capability.
    without_admin: bool,
    /// The script runs behind a [`CommandWall`].
    guard: bool,
    /// It only tries out.
    probe: bool,
}

/// What it found.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    walls: Vec<Wall>,
    said: String,
    /// What entering the wall of a command took, in microseconds.
    micros: u128,
}

impl Answer {
    #[track_caller]
    fn wall(&self, name: &str) -> &Wall {
        self.walls.iter().find(|wall| wall.name == name).unwrap()
    }
}

impl Order {
    fn new(plan: &Plan, script: &str) -> Self {
        Self {
            plan: plan.clone(),
            script: script.to_owned(),
            user: None,
            without_admin: false,
            guard: false,
            probe: false,
        }
    }

    /// What comes of it; an error is that of [`enter`].
    #[track_caller]
    fn carry_out(&self) -> Result<Answer, String> {
        let mut child = Command::new("/proc/self/exe")
            .args([
                "--exact",
                "walls::tests::inside",
                "--ignored",
                "--nocapture",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let order = serde_json::to_vec(self).unwrap();
        child.stdin.take().unwrap().write_all(&order).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let (_, answer) = said.split_once(MARK).unwrap_or_else(|| panic!("{said}"));
        serde_json::from_str(answer.lines().next().unwrap()).unwrap()
    }
}

/// What a script says inside the walls of a plan.
#[track_caller]
fn run(plan: &Plan, script: &str) -> Answer {
    Order::new(plan, script).carry_out().unwrap()
}

#[test]
#[ignore = "the child of the other tests"]
fn inside() {
    let mut order = Vec::new();
    std::io::stdin().read_to_end(&mut order).unwrap();
    let Ok(order) = serde_json::from_slice::<Order>(&order) else {
        return;
    };
    // The harness waits in its own thread; the child of this fork has one.
    match sys::fork_single_threaded().unwrap() {
        ForkResult::Parent { child } => drop(waitpid(child, None)),
        ForkResult::Child => {
            let answer = obey(&order);
            let line = format!("{MARK}{}\n", serde_json::to_string(&answer).unwrap());
            nix::unistd::write(std::io::stdout(), line.as_bytes()).ok();
            sys::exit_now(0)
        }
    }
}

fn obey(order: &Order) -> Result<Answer, String> {
    if order.without_admin {
        let mut sets = capabilities(None).unwrap();
        sets.effective -= CapabilitySet::SYS_ADMIN;
        sets.permitted -= CapabilitySet::SYS_ADMIN;
        set_capabilities(None, sets).unwrap();
    }
    if let Some(user) = order.user {
        let user = Uid::from_raw(user);
        nix::unistd::setgroups(&[]).unwrap();
        nix::unistd::setresuid(user, user, user).unwrap();
    }
    let mut answer = Answer {
        walls: Vec::new(),
        said: String::new(),
        micros: 0,
    };
    if order.probe {
        answer.walls = probe(&order.plan);
        return Ok(answer);
    }
    answer.walls = match enter(&order.plan)? {
        Entered::Inside(walls) => walls,
        Entered::Outside(child) => {
            waitpid(child, None).ok();
            sys::exit_now(0)
        }
    };
    if order.guard
        && let Some(wall) = CommandWall::prepare()
    {
        let began = Instant::now();
        wall.enter().unwrap();
        answer.micros = began.elapsed().as_micros();
    }
    let output = Command::new("/bin/sh")
        .args(["-c", &order.script])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output();
    let output = output.map_err(|error| error.to_string())?;
    let said = [output.stdout, output.stderr].concat();
    answer.said = String::from_utf8_lossy(&said).into_owned();
    Ok(answer)
}

/// Directories of users, one of whom is attacked from inside the workspace of another; both have one uid, so that it is
/// the walls that are tested.
struct Place(TempDir);

impl Place {
    /// None where the tests are not root's.
    fn new() -> Option<Self> {
        if !Uid::effective().is_root() {
            eprintln!("not shown: walls for other users take root, and this is not");
            return None;
        }
        let place = Self(tempfile::tempdir_in("/var").unwrap());
        fs::set_permissions(place.0.path(), Permissions::from_mode(0o755)).unwrap();
        for (directory, owner, mode) in [
            ("home", 0, 0o755),
            ("home/alice", ALICE, 0o700),
            ("home/bob", ALICE, 0o700),
            ("state", 0, 0o755),
            ("logs", 0, 0o755),
            ("logs/alice", ALICE, 0o700),
            ("temporary", 0, 0o700),
            ("open", 0, 0o777),
        ] {
            place.directory(directory, owner, mode);
        }
        for (file, text) in [
            ("settings.toml", "the key"),
            ("state/secret", "the key"),
            ("home/bob/diary", "private"),
        ] {
            fs::write(place.at(file), text).unwrap();
            chown(place.at(file), Some(ALICE), Some(ALICE)).unwrap();
        }
        Some(place)
    }

    fn directory(&self, name: &str, owner: u32, mode: u32) {
        let path = self.at(name);
        fs::create_dir(&path).unwrap();
        chown(&path, Some(owner), Some(owner)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// A plan for Alice in which nothing is asked for.
    fn plan(&self) -> Plan {
        Plan {
            identity: Some(Identity {
                name: "alice".to_owned(),
                uid: ALICE,
                gid: ALICE,
                groups: Vec::new(),
            }),
            private: true,
            demands: demands(&[]),
            home: self.at("home/alice"),
            writable: vec![self.at("logs/alice")],
            hidden: vec![
                self.at("state"),
                self.at("settings.toml"),
                self.at("nothing"),
                self.at("logs"),
            ],
            homes: vec![self.at("home")],
            temporary: Some(self.at("temporary")),
            cgroups: Vec::new(),
        }
    }

    /// The same with these walls required.
    fn with(&self, walls: &[&str]) -> Plan {
        Plan {
            demands: demands(walls),
            ..self.plan()
        }
    }
}

const ALL: [&str; 5] = [
    "mount_namespace",
    "pid_namespace",
    "landlock",
    "no_new_privs",
    "seccomp",
];

fn demands(walls: &[&str]) -> WallDemands {
    let demand = |name| {
        if walls.contains(&name) {
            Demand::Required
        } else {
            Demand::Off
        }
    };
    WallDemands {
        mount_namespace: demand("mount_namespace"),
        pid_namespace: demand("pid_namespace"),
        landlock: demand("landlock"),
        no_new_privs: demand("no_new_privs"),
        seccomp: demand("seccomp"),
    }
}
