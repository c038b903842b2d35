//! A server whose one workspace is a process of another account, which the test has to itself.

use std::fs;
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Builder, Home, Server, eventually, needs_root, processes, variables, wait_for};

/// What the server says in its log when a workspace has started.
const SERVES: &str = "a workspace serves";
/// What a workspace's process is started with.
const ARGUMENT: &[u8] = b"workspace-of-open-terminal";

/// An account made for one test; it goes when this does.
pub(crate) struct Account {
    /// Its name.
    pub(crate) name: String,
    /// Its number.
    pub(crate) uid: u32,
}

impl Account {
    /// Makes one whose home is the working directory of `home`.
    #[track_caller]
    fn new(home: &Home) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        static ONE_BY_ONE: Mutex<()> = Mutex::new(());
        let turn = ONE_BY_ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("otit{:x}-{number}", std::process::id());
        let mut useradd = Command::new("useradd");
        useradd.args(["--no-create-home", "--shell", "/bin/bash", "--home-dir"]);
        let added = useradd.arg(home.work()).arg(&name).status();
        assert!(added.expect("useradd is there").success());
        drop(turn);
        let user = nix::unistd::User::from_name(&name);
        let user = user.ok().flatten().expect("it is there now");
        let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
        chown(home.work(), Some(uid), Some(gid)).expect("we are root");
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(home.work(), private).expect("we are root");
        Self { name, uid }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let mut userdel = Command::new("userdel");
        // It speaks of a mailbox that was never there.
        userdel.args(["--force", &self.name]).stderr(Stdio::null());
        userdel.status().ok();
    }
}

/// The server and its account, in the order in which they go.
pub(crate) struct Isolated {
    server: Server,
    /// Whose the workspace is.
    pub(crate) account: Account,
}

impl Isolated {
    /// Starts one with nothing special; none, which is said, when we are not root.
    pub(crate) fn spawn() -> Option<Self> {
        Self::with(|builder| builder)
    }

    /// Starts one whose workspace ends when it was not used for so many seconds.
    pub(crate) fn that_idles(ttl: &str) -> Option<Self> {
        Self::with(|builder| builder.env("OPEN_TERMINAL_WORKSPACE_IDLE_TTL", ttl))
    }

    /// Starts one with settings of the test's own.
    #[track_caller]
    pub(crate) fn with(settings: impl FnOnce(Builder) -> Builder) -> Option<Self> {
        if !needs_root() {
            return None;
        }
        let home = Home::new();
        let account = Account::new(&home);
        let builder = Server::builder()
            .home(&home)
            .env("OPEN_TERMINAL_ISOLATION", "process")
            .env("OPEN_TERMINAL_RUN_AS", &account.name)
            .env("OPEN_TERMINAL_LOG_LEVEL", "debug")
            .env("PATH", &for_everybody());
        let server = settings(builder).start();
        Some(Self { server, account })
    }

    /// The workspace's process, when there is one that serves.
    pub(crate) fn workspace(&self) -> Option<i32> {
        workspace_of(self.account.uid)
    }

    /// Waits until the workspace runs.
    #[track_caller]
    pub(crate) fn running(&self) -> i32 {
        wait_for("the workspace runs", Duration::from_secs(10), || {
            self.workspace()
        })
    }

    /// Waits until there is no workspace, nor anything else of its account's.
    #[track_caller]
    pub(crate) fn becomes_empty(&self, limit: Duration) {
        eventually("no process of the account is left", limit, || {
            of_account(self.account.uid).is_empty()
        });
    }

    /// Waits until the first workspace has started and, of itself, ended again.
    #[track_caller]
    pub(crate) fn becomes_idle(&self) {
        let limit = Duration::from_secs(10);
        eventually("the first workspace serves", limit, || self.starts() > 0);
        self.becomes_empty(limit);
    }

    /// How many workspaces have been started so far.
    pub(crate) fn starts(&self) -> usize {
        self.printed().matches(SERVES).count()
    }

    /// Gives the account what is in its home, whoever has put it there.
    pub(crate) fn give(&self, name: &str) {
        let path = self.home.work().join(name);
        let group = fs::metadata(self.home.work()).expect("it is there").gid();
        chown(path, Some(self.account.uid), Some(group)).expect("we are root");
    }
}

impl Deref for Isolated {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl DerefMut for Isolated {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.server
    }
}

/// Where programs are; first where every account may run them.
pub(crate) fn for_everybody() -> String {
    let path = variables::get("PATH").expect("PATH is set");
    format!("/usr/bin:{path}")
}

/// The living processes of an account.
pub(crate) fn of_account(uid: u32) -> Vec<i32> {
    of_accounts(&[uid])
}

/// The living processes of some accounts.
pub(crate) fn of_accounts(uids: &[u32]) -> Vec<i32> {
    let mut all = processes::all();
    let theirs = |pid| owner(pid).is_some_and(|uid| uids.contains(&uid));
    all.retain(|&pid| theirs(pid) && processes::alive(pid));
    all
}

/// The process that is the workspace of an account.
pub(crate) fn workspace_of(uid: u32) -> Option<i32> {
    workspaces_of(uid).into_iter().next()
}

/// The processes that are workspaces of an account: one, if all is well.
pub(crate) fn workspaces_of(uid: u32) -> Vec<i32> {
    let mut all = of_account(uid);
    all.retain(|&pid| is_workspace(pid));
    all
}

/// Whose workspaces there are, each as often as it has one, in order.
pub(crate) fn owners_of_workspaces(uids: &[u32]) -> Vec<u32> {
    let mut all = of_accounts(uids);
    all.retain(|&pid| is_workspace(pid));
    let mut owners: Vec<u32> = all.into_iter().filter_map(owner).collect();
    owners.sort_unstable();
    owners
}

fn is_workspace(pid: i32) -> bool {
    let words = processes::cmdline(pid);
    words.split(|&byte| byte == 0).nth(1) == Some(ARGUMENT)
}

/// The user that a process acts as. (Its files in `/proc` are root's when its memory is hidden.)
fn owner(pid: i32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
