//! All commands: starting, finding, asking and ending them.

use std::collections::HashSet;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::task::TaskTracker;

use super::log::{self, Limits, Log, Place, recover};
use super::process::{Order, Process};
use super::table::Table;
use super::watch;
use super::{Error, Killed, Report, Request, Status, Struck, Summary, Window, id};
use crate::sandbox::{Launch, Pool, Running, Start, signal_name};
use crate::workspace::Owner;

/// A request to end a command is answered within this.
const ANSWER: Duration = Duration::from_millis(2900);
/// How often old logs are looked for.
const SWEEP: Duration = Duration::from_hours(1);
/// How often the table looks for what is due when nothing is.
const IDLE: Duration = Duration::from_mins(1);

/// What the settings say about commands.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The directory in which `processes/` holds the logs.
    pub log_dir: PathBuf,
    /// Size and flushing of a log.
    pub limits: Limits,
    /// How long a log stays after its last write.
    pub retention: Duration,
    /// Time between SIGTERM and SIGKILL.
    pub kill_grace: Duration,
    /// What runs a command, given as `-c COMMAND`.
    pub shell: PathBuf,
}

/// The commands of a workspace. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Processes(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Settings,
    directory: Arc<Path>,
    pool: Pool,
    /// Where the tasks of commands run: they write logs, which may block, so not where HTTP is served.
    runtime: Handle,
    tasks: TaskTracker,
    table: Mutex<Table>,
    closing: AtomicBool,
}

impl Processes {
    /// No commands yet. Their tasks run on the current runtime, which must be the pool's.
    pub fn new(settings: Settings, pool: Pool) -> Self {
        Self(Arc::new(Shared {
            directory: settings.log_dir.join("processes").into(),
            settings,
            pool,
            runtime: Handle::current(),
            tasks: TaskTracker::new(),
            table: Mutex::new(Table::default()),
            closing: AtomicBool::new(false),
        }))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, owner: &Owner, id: &str) -> Option<Arc<Process>> {
        self.table()
            .get(id)
            .filter(|process| process.owner == *owner)
    }

    /// Starts a command; returns its id once the shell runs.
    ///
    /// The command goes on when the caller does not wait.
    pub async fn run(&self, request: Request) -> Result<Arc<str>, Error> {
        if self.0.closing.load(Ordering::Relaxed) {
            return Err(Error::ShuttingDown);
        }
        let launch = Launch::shell(
            &self.0.settings.shell,
            &request.command,
            &request.cwd,
            &request.env,
        );
        let launch = launch.map_err(|_| Error::Command {
            problem: "it, its directory or its environment holds a NUL byte".into(),
        })?;
        let launch = match request.limits {
            Some(limits) => launch.within(limits),
            None => launch,
        };
        let begun = {
            let _runtime = self.0.runtime.enter();
            self.0.pool.begin(launch)
        };
        let begun = begun.map_err(|error| Error::of_start(error, request.cwd.clone()))?;
        let this = self.clone();
        let started = self
            .0
            .runtime
            .spawn(async move { this.start(request, begun).await });
        started.await.unwrap_or(Err(Error::ShuttingDown))
    }

    async fn start(&self, request: Request, begun: Start) -> Result<Arc<str>, Error> {
        let shared = &self.0;
        let running = begun.finish().await;
        let running = running.map_err(|error| Error::of_start(error, request.cwd.clone()))?;
        let process = Arc::new(self.enter(&request, &running));
        self.table().insert(Arc::clone(&process));
        let id = Arc::clone(&process.id);
        if shared.closing.load(Ordering::Relaxed) {
            // It began when the end did, and was not in the table yet when all were told.
            process.order(Order::End(shared.settings.kill_grace, oneshot::channel().0));
        }
        let this = self.clone();
        let grace = shared.settings.kill_grace;
        shared.tasks.spawn(async move {
            let watch = watch::watch(Arc::clone(&process), running, request.timeout, grace);
            match AssertUnwindSafe(watch).catch_unwind().await {
                Ok(running) => this.0.pool.take_back(running),
                Err(_) => process.abandon(),
            }
            let to_close = this.table().finish(&process);
            if let Some(old) = to_close {
                old.log.close();
            }
        });
        Ok(id)
    }

    /// Gives a command that runs its id and its log.
    fn enter(&self, request: &Request, running: &Running) -> Process {
        let cwd = request.cwd.to_string_lossy();
        let owner = (&request.owner).into();
        let start = log::Start {
            command: &request.command,
            pid: running.shell(),
            cwd: &cwd,
            owner,
        };
        loop {
            let id: Arc<str> = id::new().into();
            let place = Place::new(Arc::clone(&self.0.directory), Arc::clone(&id));
            let file = place.create();
            let taken = file
                .as_ref()
                .is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists);
            if taken || self.table().contains(&id) {
                continue;
            }
            let log = Log::create(place, file, self.0.settings.limits, &start);
            return Process::new(id, request.owner.clone(), &request.command, log, running);
        }
    }

    /// The caller's commands, in the order of their starts.
    pub fn list(&self, owner: &Owner) -> Vec<Summary> {
        let own: Vec<_> = self
            .table()
            .all()
            .filter(|process| process.owner == *owner)
            .cloned()
            .collect();
        own.iter().map(|process| process.summary()).collect()
    }

    /// What became of a command so far; waits at most `wait` for its end.
    ///
    /// A command that is no longer listed, or that an earlier server ran, is read from its log.
    pub async fn status(
        &self,
        owner: &Owner,
        id: &str,
        wait: Duration,
        window: Window,
    ) -> Result<Report, Error> {
        if let Some(process) = self.find(owner, id) {
            if !wait.is_zero() {
                process.ended(wait).await;
            }
            return Ok(process.report(window).await);
        }
        self.recovered(owner, id, window)
            .await
            .ok_or_else(|| Error::NotFound { id: id.to_owned() })
    }

    async fn recovered(&self, owner: &Owner, id: &str, window: Window) -> Option<Report> {
        if !id::is_id(id) || self.table().contains(id) {
            return None;
        }
        let place = Place::new(Arc::clone(&self.0.directory), id.into());
        let limits = self.0.settings.limits;
        let found = spawn_blocking(move || recover(place, limits))
            .await
            .ok()?
            .ok()?;
        if found.owner != *owner {
            return None;
        }
        let excerpt = found.log.read(window).await;
        let summary = Summary {
            id: id.to_owned(),
            command: found.command,
            status: found.status,
            exit_code: found.exit_code,
            signal: found
                .exit_code
                .filter(|code| *code < 0)
                .map(|code| signal_name(-code)),
            log_path: found.log.path(),
            survivors: Vec::new(),
        };
        Some(Report {
            summary,
            log_error: excerpt.error,
            timed_out: found.limit.as_ref().is_some_and(Struck::is_timeout),
            usage: found.usage,
            limit: found.limit,
            output: excerpt.output,
            next_offset: excerpt.next_offset,
            truncated: excerpt.truncated,
        })
    }

    /// Types into a command; returns when all was taken, or fails after some patience.
    pub async fn input(&self, owner: &Owner, id: &str, data: Vec<u8>) -> Result<(), Error> {
        let ended = || Error::Ended { id: id.to_owned() };
        let Some(process) = self.find(owner, id) else {
            let earlier = self.recovered(owner, id, Window::default()).await;
            return Err(earlier.map_or_else(|| Error::NotFound { id: id.to_owned() }, |_| ended()));
        };
        if process.status() != Status::Running {
            return Err(ended());
        }
        let total = data.len();
        let (answer, taken) = oneshot::channel();
        if !process.order(Order::Input(data, answer)) {
            return Err(ended());
        }
        match taken.await {
            Ok(accepted) if accepted == total => Ok(()),
            Ok(accepted) => Err(Error::InputStuck { accepted, total }),
            Err(_) => Err(ended()),
        }
    }

    /// Ends a command and all it started: SIGTERM, then SIGKILL after the grace, or at once by `force`.
    ///
    /// Answers within three seconds, with what happened.
    pub async fn kill(&self, owner: &Owner, id: &str, force: bool) -> Result<Killed, Error> {
        let nothing = || Killed {
            already_ended: true,
            signals: Vec::new(),
            remaining: Vec::new(),
        };
        let Some(process) = self.find(owner, id) else {
            let earlier = self.recovered(owner, id, Window::default()).await;
            return earlier
                .map(|_| nothing())
                .ok_or_else(|| Error::NotFound { id: id.to_owned() });
        };
        let already_ended = process.status() != Status::Running;
        let grace = if force {
            Duration::ZERO
        } else {
            self.0.settings.kill_grace
        };
        let (answer, killed) = oneshot::channel();
        if !process.order(Order::End(grace, answer)) {
            return Ok(nothing());
        }
        match timeout(ANSWER, killed).await {
            Ok(Ok(killed)) => Ok(Killed {
                already_ended,
                ..killed
            }),
            Ok(Err(_)) => Ok(nothing()),
            Err(_) => Ok(Killed {
                already_ended,
                signals: Vec::new(),
                remaining: process.remaining(),
            }),
        }
    }

    /// Whether a command could be started now; else why not.
    pub fn ready(&self) -> Result<(), String> {
        let _runtime = self.0.runtime.enter();
        self.0.pool.check().map_err(|error| error.to_string())
    }

    /// Why no logs can be written, if so. Blocks on the disk.
    pub fn log_problem(&self) -> Option<String> {
        log::problem(&self.0.directory)
    }

    /// Forgets finished commands in time. Runs for ever.
    pub async fn expire(self) {
        loop {
            let due = self.table().expire();
            sleep_until(due.unwrap_or_else(|| Instant::now() + IDLE)).await;
        }
    }

    /// Removes old logs, now and every hour. Runs for ever.
    pub async fn sweep(self) {
        loop {
            let alive: HashSet<String> = self
                .table()
                .all()
                .map(|process| process.id.to_string())
                .collect();
            let (directory, retention) = (Arc::clone(&self.0.directory), self.0.settings.retention);
            spawn_blocking(move || log::sweep(&directory, retention, &alive))
                .await
                .ok();
            sleep(SWEEP).await;
        }
    }

    /// Starts no more commands, ends all, and waits for them at most this long.
    pub async fn shut_down(&self, most: Duration) {
        self.0.closing.store(true, Ordering::Relaxed);
        let all: Vec<_> = self.table().all().cloned().collect();
        for process in all {
            process.order(Order::End(self.0.settings.kill_grace, oneshot::channel().0));
        }
        self.0.tasks.close();
        if timeout(most, self.0.tasks.wait()).await.is_err() {
            tracing::warn!("some commands could not be ended");
        }
        self.0.pool.close();
    }
}
