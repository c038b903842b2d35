//! Launching: a workspace's account, place, limits and walls, and the process that becomes it.

mod account;
mod docker;
mod exposed;
mod output;
mod patience;
mod plan;
mod process;
mod temporary;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::Handover;
use super::control::{Lead, Said};
use super::running::{Process, Running};
use crate::api::Refusal;
use crate::config::{ApiKey, Config, Demand, Effective, Startup, WallDemands, hand_over};
use crate::limits::Limits;
use crate::users::{Account, Users};
use crate::walls::{self, Wall};

pub(super) use patience::Blocking;
use patience::{Nothing, Waited};
pub use process::WORKSPACE_ARGUMENT;
use temporary::Temporary;

/// Workspaces that are started at once; more would only wait for each other, and each for longer.
const STARTING: usize = 16;
/// How long account, home and place are waited for; the locks of the system's accounts are for up to 15 s.
const BLOCKED: Duration = Duration::from_secs(20);
/// A workspace that does not serve after this never will.
const START: Duration = Duration::from_secs(20);
/// Supervisors that wait in each of many workspaces: they are processes that an idle user has, too.
const WARM: &str = "1";
/// Time for what a killed workspace leaves behind to be gone.
pub(super) const LEFT: Duration = Duration::from_secs(1);

/// A process that is killed when nobody waits for it to serve any more.
struct Starting(Process);

impl Starting {
    fn serves(mut self) -> Process {
        std::mem::replace(&mut self.0, Process::none())
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        self.0.kill();
    }
}

/// Starts workspaces.
pub struct Launcher {
    startup: Startup,
    limits: Limits,
    whose: Whose,
    /// What had to be done for them, and what is open to them, in words.
    told: Vec<String>,
    /// Where the temporary directories of workspaces are kept; none where they have none of their own.
    temporary: Option<Temporary>,
    walls: Vec<Wall>,
    /// Who starts a workspace.
    starting: Semaphore,
    /// What is asked of each: what stood when it was tried has to stand.
    demands: WallDemands,
    /// Directories that a workspace of the server's own user writes in, as they were at the start: later, a link there
    /// would be its user's.
    own: Vec<PathBuf>,
    /// The soft limit on open files before the server raises its own.
    open_files: u64,
}

/// Whose the workspaces are.
enum Whose {
    /// Each that of an account of its user's.
    Users(Users),
    /// There is one, of this account.
    Account(Box<Account>),
    /// There is one, of the account that the server has.
    Own,
}

impl Launcher {
    /// Finds out whose workspaces there will be, and which walls will stand round them. Fails with one line for the
    /// person who starts the server. To be called before any thread is started.
    pub fn new(startup: Startup) -> Result<Self, String> {
        let (whose, told) = account::whose(&startup.loaded.config)?;
        let demands = startup.loaded.config.walls;
        let temporary = match whose {
            Whose::Own => None,
            _ => Some(Temporary::make()?),
        };
        let mut launcher = Self {
            startup,
            limits: Limits::off(),
            whose,
            told,
            temporary,
            walls: Vec::new(),
            starting: Semaphore::new(STARTING),
            demands,
            own: Vec::new(),
            open_files: getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, _)| soft),
        };
        launcher.look_at_directories()?;
        launcher.walls = launcher.try_walls()?;
        launcher.told.extend(launcher.exposed());
        for wall in launcher.walls.iter().filter(|wall| wall.active) {
            launcher.demands.require(&wall.name);
        }
        Ok(launcher)
    }

    /// The same for workspaces under these limits.
    #[must_use]
    pub fn under(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The walls that will stand, and those that will not.
    pub fn walls(&self) -> &[Wall] {
        &self.walls
    }

    /// Whose the workspaces are, in words.
    pub fn whose(&self) -> String {
        match &self.whose {
            Whose::Users(_) => {
                "each user's commands run as an account of its own, in a process of its own"
                    .to_owned()
            }
            Whose::Account(account) => format!(
                "commands run as the account {}, in a process of their own",
                account.name
            ),
            Whose::Own => {
                "commands run in a process of their own, as the user of the server".to_owned()
            }
        }
    }

    /// What had to be done for them, and what is open to them, in words.
    pub(super) fn told(&self) -> &[String] {
        &self.told
    }

    /// Somebody who has nothing, or the one account there is; none where it is the server's.
    fn anybody(&self) -> Option<Account> {
        match &self.whose {
            Whose::Users(_) => Some(account::nobody()),
            Whose::Account(account) => Some((**account).clone()),
            Whose::Own => None,
        }
    }

    /// Files of the server that commands could read. Of who is the server's own user, the walls tell that.
    fn exposed(&self) -> Vec<String> {
        let files = &self.startup.loaded.files;
        let account = self.anybody();
        account.map_or_else(Vec::new, |account| {
            exposed::warnings(files, &account, &self.walls)
        })
    }

    /// Tries the walls out.
    fn try_walls(&self) -> Result<Vec<Wall>, String> {
        let account = self.anybody();
        let directory = match &account {
            Some(_) if self.per_user() => "/".into(),
            account => self.directory(account.as_ref()),
        };
        let plan = self.plan(account.as_ref(), &directory, None, Vec::new());
        let walls = walls::probe(&plan);
        let demands = self.config().walls;
        for (name, demand) in [
            ("identity", Demand::Required),
            ("mount_namespace", demands.mount_namespace),
            ("pid_namespace", demands.pid_namespace),
            ("landlock", demands.landlock),
            ("no_new_privs", demands.no_new_privs),
            ("seccomp", demands.seccomp),
        ] {
            let lacking = walls.iter().find(|wall| wall.name == name && !wall.active);
            // Where the server is root and stays it, that is what it was told to do.
            let told = name == "identity" && matches!(self.whose, Whose::Own);
            if demand == Demand::Required
                && !told
                && let Some(wall) = lacking
            {
                return Err(format!(
                    "{name} is required and cannot be had: {}",
                    wall.detail
                ));
            }
        }
        Ok(walls)
    }

    fn config(&self) -> &Config {
        &self.startup.loaded.config
    }

    /// Whether somebody has set this setting.
    fn is_set(&self, name: &str) -> bool {
        let set = |each: &Effective| each.name == name && each.origin != "built-in";
        self.startup.loaded.settings.iter().any(set)
    }

    pub(super) fn per_user(&self) -> bool {
        matches!(self.whose, Whose::Users(_))
    }

    /// How long a workspace may be unused.
    pub(super) fn idle(&self) -> Duration {
        self.config().workspace_idle_ttl
    }

    /// Why no workspace can be started, if so. Blocks.
    pub(super) fn problem(&self) -> Option<String> {
        match &self.whose {
            Whose::Users(users) => users.problem(),
            Whose::Account(_) | Whose::Own => None,
        }
    }

    /// Starts the workspace of a user, and waits until it serves. What blocks is told by the same value the next time.
    pub(super) async fn start(
        self: &Arc<Self>,
        user: &Arc<str>,
        blocking: &mut Blocking,
    ) -> Result<Running, Refusal> {
        // Without a turn: others can go on.
        let free = blocking.free(BLOCKED).await;
        free.map_err(|why| nothing(&why, user))?;
        let _turn = self.starting.acquire().await;
        let (launcher, whose) = (Arc::clone(self), Arc::clone(user));
        let begun = blocking.run(BLOCKED, move |waited| launcher.begin(&whose, waited));
        let begun = begun.await.map_err(|why| nothing(&why, user))??;
        let process::Begun {
            name,
            key,
            socket,
            output,
            pid,
        } = begun;
        output::pass_on(name.clone(), output);
        let mut starting = Starting(Process::new(pid));
        let lead = Lead::new(socket).map_err(|error| cannot(&error.to_string()))?;
        let ready = async {
            loop {
                match lead.hear().await {
                    Some(Said::Lives(pid)) => starting.0 = Process::new(pid),
                    Some(Said::Ready(walls)) => return Ok(walls),
                    Some(Said::Failed(why)) => return Err(why),
                    Some(Said::Idle) => {}
                    None => return Err("its process ended at once".to_owned()),
                }
            }
        };
        let ready = timeout(START, ready)
            .await
            .unwrap_or_else(|_| Err(format!("it did not serve within {START:?}")));
        let walls = match ready {
            Ok(walls) => walls,
            Err(why) => {
                drop(starting);
                self.clear_up(&name, LEFT).await;
                return Err(cannot(&format!("the workspace of {name}: {why}")));
            }
        };
        tracing::debug!(
            workspace = name,
            walls = in_words(&walls),
            "a workspace serves"
        );
        Ok(Running::new(name, key, lead, starting.serves()))
    }

    /// Kills what a workspace has left behind, and removes its place.
    pub(super) async fn clear_up(self: &Arc<Self>, name: &str, most: Duration) {
        let (launcher, name) = (Arc::clone(self), name.to_owned());
        spawn_blocking(move || launcher.limits.reclaim(&name, most))
            .await
            .ok();
    }

    /// All of it that blocks.
    fn begin(
        &self,
        user: &str,
        waited: &Waited<Result<process::Begun, Refusal>>,
    ) -> Result<process::Begun, Refusal> {
        let account = self.account(user)?;
        let failed = |what: &str, error: std::io::Error| cannot(&format!("{what}: {error}"));
        let name = account
            .as_ref()
            .map_or("workspace", |account| &account.name);
        let owner = account.as_ref().map(|account| (account.uid, account.gid));
        let limits = self
            .limits
            .delegate(name, owner)
            .map_err(|error| failed("no place under the limits", error))?;
        let log_dir = self
            .log_dir(account.as_ref())
            .map_err(|error| failed("no directory for logs", error))?;
        let key =
            ApiKey::generate().map_err(|error| failed("no key", std::io::Error::other(error)))?;
        let key = key.reveal().to_owned();
        let environment =
            account::environment(&self.startup.env, account.as_ref(), self.per_user());
        let mut changes = vec![("api_key", key.as_str())];
        let shown = log_dir.as_ref().map(|path| path.to_string_lossy());
        changes.extend(shown.as_deref().map(|path| ("log_dir", path)));
        if self.per_user() && !self.is_set("warm_processes") {
            changes.push(("warm_processes", WARM));
        }
        let directory = self.directory(account.as_ref());
        let plan = self.plan(
            account.as_ref(),
            &directory,
            log_dir.as_deref(),
            limits.directories(),
        );
        let handover = Handover {
            settings: hand_over(&self.startup.loaded, &changes),
            environment: account::spelled(&environment),
            directory,
            key: key.clone(),
            plan,
            open_files: self.open_files,
            limits,
            idle: self.idle(),
        };
        if waited.is_given_up() {
            return Err(cannot("nobody waits for it any more"));
        }
        process::begin(name, key, &handover).map_err(|error| failed("no process", error))
    }

    fn account(&self, user: &str) -> Result<Option<Account>, Refusal> {
        match &self.whose {
            Whose::Users(users) => users.account(user).map(Some).map_err(account::refusal),
            Whose::Account(account) => Ok(Some((**account).clone())),
            Whose::Own => Ok(None),
        }
    }
}

fn cannot(why: &str) -> Refusal {
    Refusal::Unavailable {
        shown: "the workspace cannot be started: the server's log says why, under the x-request-id of this response",
        inner: why.to_owned(),
    }
}

/// Why what blocks has given nothing.
fn nothing(why: &Nothing, user: &str) -> Refusal {
    match why {
        Nothing::Blocked => Refusal::Unavailable {
            shown: "the workspace cannot be started now, for what it needs does not answer: ask again later; the server's log says more, under the x-request-id of this response",
            inner: format!(
                "the account, home or directory for logs of the user {user:?} is not there after {BLOCKED:?}: look whether the disks they are on answer, and who holds the locks of accounts (lslocks)"
            ),
        },
        Nothing::Broken => cannot("what makes its account and place has panicked"),
    }
}

/// Which walls hold, in a line.
fn in_words(walls: &[Wall]) -> String {
    let holding = walls.iter().filter(|wall| wall.active);
    let names: Vec<&str> = holding.map(|wall| wall.name.as_str()).collect();
    names.join(", ")
}
