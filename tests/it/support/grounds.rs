//! Grounds for attacks: servers with two users, one of whom is after what the other has.
//!
//! They are the same in all but what keeps the two apart, so that an attack that succeeds on one ground and fails on
//! the next was stopped by what the next has more.

mod theme;
mod user;

use std::cell::OnceCell;
use std::fs::{self, Permissions};
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use tempfile::TempDir;

pub(crate) use theme::{Grounds, Theme};
pub(crate) use user::{Running, User};

use super::limits::set;
use super::{Home, Server, binary, processes};

/// The word on the command line of a workspace's process.
pub(crate) const WORKSPACE: &str = "workspace-of-open-terminal";

/// What the settings file of the server holds. (The key that counts is another, from the environment.)
pub(crate) const IN_SETTINGS: &str = "kept-in-the-settings-file-2b";

/// What keeps the two users apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walls {
    /// Nothing: there is one workspace, of root, and the user's id is a word.
    None,
    /// An account each, and no other wall.
    Accounts,
    /// An account each, and all walls.
    All,
}

/// A server with two users. Dropping it ends the server and removes their accounts.
pub(crate) struct Ground {
    /// What keeps them apart.
    pub(crate) walls: Walls,
    server: Option<Server>,
    people: [Person; 2],
    also: Mutex<Vec<String>>,
    place: TempDir,
}

/// A user by id, and where their home is.
pub(crate) struct Person {
    id: String,
    home: PathBuf,
}

impl Ground {
    /// Makes one.
    #[track_caller]
    pub(crate) fn new(walls: Walls) -> Self {
        Self::with(walls, &[])
    }

    /// Makes one with further settings, named without their prefix. `PLACE` in them is the place.
    ///
    /// Where many servers that do not know each other make accounts at once, two may choose the same number. One is
    /// then refused, and tries again as somebody else.
    #[track_caller]
    pub(crate) fn with(walls: Walls, settings: &[(&str, &str)]) -> Self {
        for _ in 0..10 {
            let ground = Self::begin(walls, settings);
            let answers = [ground.a(), ground.b()].map(|user| user.get("/files/cwd"));
            if answers.iter().any(|answer| answer.status != 200) {
                // Until it has said why.
                std::thread::sleep(Duration::from_millis(300));
            }
            let printed = ground.printed();
            if printed.contains("is taken: ") {
                continue;
            }
            for answer in answers {
                assert_eq!(answer.status, 200, "{}: {printed}", answer.text());
            }
            for user in [ground.a(), ground.b()] {
                let uid = user.uid();
                assert_eq!(uid == 0, walls == Walls::None, "who is it? uid {uid}");
            }
            return ground;
        }
        panic!("the numbers of accounts are always taken by others");
    }

    fn begin(walls: Walls, settings: &[(&str, &str)]) -> Self {
        let place = TempDir::with_prefix_in("ot-place-", env!("CARGO_TARGET_TMPDIR"));
        let place = place.expect("the target directory can be written");
        let everybody = Permissions::from_mode(0o755);
        fs::set_permissions(place.path(), everybody).expect("it is ours");
        let home = Home::new();
        let at = place.path().display().to_string();
        let state = format!("{at}/state");
        let settings: Vec<(&str, String)> = settings
            .iter()
            .map(|(name, value)| (*name, value.replace("PLACE", &at)))
            .collect();
        let mut all = vec![("STATE_DIR", state.as_str()), ("KILL_GRACE", "1")];
        all.extend(match walls {
            Walls::None => Vec::new(),
            Walls::Accounts => demands("off"),
            Walls::All => demands("required"),
        });
        all.extend(settings.iter().map(|(name, value)| (*name, value.as_str())));
        let builder = Server::builder().home(&home);
        let builder = builder.config_toml(&format!("api_key = \"{IN_SETTINGS}\"\n"));
        let server = set(builder, &all).start();
        let people = ["a", "b"].map(|name| match walls {
            Walls::None => Person::of_none(name, &home),
            Walls::Accounts | Walls::All => Person::of_account(name),
        });
        Self {
            walls,
            server: Some(server),
            people,
            also: Mutex::default(),
            place,
        }
    }

    /// The one who attacks.
    pub(crate) fn a(&self) -> User<'_> {
        User::new(self, &self.people[0])
    }

    /// The one who is attacked.
    pub(crate) fn b(&self) -> User<'_> {
        User::new(self, &self.people[1])
    }

    /// Somebody else who comes here, and is removed as the two are.
    pub(crate) fn also(&self, id: &str) {
        self.also
            .lock()
            .expect("nobody panics with it")
            .push(id.to_owned());
    }

    /// A directory outside all homes and temporary directories, of root's, that everybody may pass.
    pub(crate) fn place(&self) -> &Path {
        self.place.path()
    }

    /// The server, to end it or to see that it lives.
    pub(crate) fn server(&mut self) -> &mut Server {
        self.server
            .as_mut()
            .expect("it is there until it is dropped")
    }

    /// The process of a user's workspace as the whole machine numbers it.
    #[track_caller]
    pub(crate) fn workspace(&self, user: &User) -> i32 {
        if self.walls == Walls::None {
            return self.pid;
        }
        let uid = u64::from(user.uid());
        let found = processes::all().into_iter().find(|&pid| {
            let line = processes::cmdline(pid);
            String::from_utf8_lossy(&line).contains(WORKSPACE)
                && processes::alive(pid)
                && processes::figure(pid, "Uid") == uid
        });
        found.expect("the user's workspace runs")
    }

    /// Waits until a user's workspace has ended for want of use.
    #[track_caller]
    pub(crate) fn workspace_ends(&self, user: &User) {
        user.get("/files/cwd").expect(200);
        let pid = self.workspace(user);
        let what = format!("the unused workspace of {} ends", user.id());
        super::eventually(&what, Duration::from_secs(20), || !processes::alive(pid));
    }

    /// Whether `/readyz` says that a wall holds.
    pub(crate) fn has(&self, wall: &str) -> bool {
        let answer = self.get("/readyz").json();
        let found = theme::find(&answer, wall);
        found.is_some_and(|entry| entry["active"] == true || entry["status"] == "active")
    }
}

impl Deref for Ground {
    type Target = Server;

    fn deref(&self) -> &Server {
        self.server
            .as_ref()
            .expect("it is there until it is dropped")
    }
}

impl Person {
    fn of_none(name: &str, home: &Home) -> Self {
        let directory = home.work().join(name);
        fs::create_dir_all(&directory).expect("the home is writable");
        Self {
            id: format!("{name}{}", random()),
            home: directory,
        }
    }

    fn of_account(name: &str) -> Self {
        let id = format!("it{name}{}", random());
        let home = Path::new("/home").join(&id);
        Self { id, home }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        // Accounts whose processes run are not removed.
        drop(self.server.take());
        if self.walls == Walls::None {
            return;
        }
        let state = self.place.path().join("state");
        for person in &self.people {
            remove(&person.id, &state);
        }
        for id in std::mem::take(&mut *self.also.lock().expect("nobody panics with it")) {
            remove(&id, &state);
        }
    }
}

/// Removes a user and all they had, once their processes are gone.
pub(crate) fn remove(id: &str, state: &Path) {
    let mut said = String::new();
    for _ in 0..50 {
        let mut command = Command::new(binary());
        command
            .args(["users", "remove", id, "--state-dir"])
            .arg(state);
        let output = command.output().expect("the program starts");
        let none = String::from_utf8_lossy(&output.stderr).contains("there is no user");
        if output.status.success() || none {
            return;
        }
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        if !accounts
            .lines()
            .any(|line| line.starts_with(&format!("{id}:")))
        {
            // It was refused one, and the processes are those of who has its number.
            return;
        }
        said = String::from_utf8_lossy(&output.stderr).into_owned();
        std::thread::sleep(Duration::from_millis(100));
    }
    eprintln!("the user {id} is left behind: {said}");
}

/// All walls with the same demand.
fn demands(word: &str) -> Vec<(&str, &str)> {
    let walls = [
        "MOUNT_NAMESPACE",
        "PID_NAMESPACE",
        "LANDLOCK",
        "NO_NEW_PRIVS",
        "SECCOMP",
    ];
    let mut all = vec![("MULTI_USER", "true")];
    all.extend(walls.map(|name| (name, word)));
    all
}

/// Five characters that no other run has.
pub(crate) fn random() -> String {
    let uuid = fs::read_to_string("/proc/sys/kernel/random/uuid").expect("/proc is mounted");
    uuid[..5].to_owned()
}

/// A cell for a ground that is made when it is first asked for.
pub(super) type Later = OnceCell<Ground>;
