//! All terminals: opening, finding, attaching and ending them.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::pump::{Patience, pump};
use super::session::Session;
use super::table::Table;
use super::{Attachment, Error, Exit, Request, Shell, Summary};
use crate::sandbox::{self, Launch, Pool, Problem, Running};
use crate::workspace::Owner;

/// A request to close a terminal is answered within this.
const ANSWER: Duration = Duration::from_millis(2900);
/// Output of a terminal that a model is shown, in bytes.
const SHOWN: usize = 64 * 1024;
/// Bytes that wait for a program before what a model types is refused: it can be told at once.
const MOST_WAITING_FOR_TEXT: usize = 1 << 20;
/// Screens painted at once; each takes some megabytes for a moment.
const PAINTERS: usize = 2;
/// How long clients have to take the news of the server's end.
const FAREWELL: Duration = Duration::from_secs(1);

/// What the settings say about terminals.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Terminals at once.
    pub most: usize,
    /// How long a terminal lives on when its last client has gone; zero is not at all.
    pub detach_ttl: Duration,
    /// Bytes of output kept for clients that come back.
    pub replay: usize,
    /// Whether a second client is refused.
    pub exclusive: bool,
    /// Whether a caller who asks for a new terminal gets the one left behind.
    pub reuse: bool,
    /// Time between asking a terminal's processes to end and killing them.
    pub kill_grace: Duration,
    /// What runs in them.
    pub shell: Shell,
}

/// The terminals of a workspace. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Terminals(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Settings,
    pool: Pool,
    /// The runtime of the commands, to which the pool belongs.
    runtime: Handle,
    table: Mutex<Table>,
    painters: Arc<Semaphore>,
    /// The tasks of terminals.
    tasks: TaskTracker,
    /// Clients that are attached.
    attached: TaskTracker,
    /// Ends what shells have left behind.
    stop: CancellationToken,
    closing: AtomicBool,
}

/// The place in the table of a terminal that is being made.
struct Place<'a>(&'a Terminals);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.table().starting -= 1;
    }
}

impl Terminals {
    /// No terminals yet. To be called on the pool's runtime.
    pub fn new(settings: Settings, pool: Pool) -> Self {
        Self(Arc::new(Shared {
            settings,
            pool,
            runtime: Handle::current(),
            table: Mutex::new(Table::default()),
            painters: Arc::new(Semaphore::new(PAINTERS)),
            tasks: TaskTracker::new(),
            attached: TaskTracker::new(),
            stop: CancellationToken::new(),
            closing: AtomicBool::new(false),
        }))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, owner: &Owner, id: &str) -> Result<Arc<Session>, Error> {
        let found = self.table().get(id).cloned();
        found
            .filter(|session| session.owner == *owner)
            .ok_or_else(|| Error::NotFound { id: id.to_owned() })
    }

    /// Opens a terminal whose shell starts in this directory, in `home` if that is gone; or gives the
    /// one the caller has left behind, if that is wanted.
    ///
    /// Its task runs on the current runtime.
    pub async fn open(
        &self,
        owner: Owner,
        directory: &Path,
        home: &Path,
    ) -> Result<Summary, Error> {
        let settings = &self.0.settings;
        // One that ends when it is left is not worth finding.
        if settings.reuse
            && !settings.detach_ttl.is_zero()
            && let Some(left) = self.table().left_by(&owner)
        {
            return Ok(left.summary());
        }
        let place = self.reserve()?;
        let running = match self.start(directory).await {
            Err(sandbox::Error::Failed(failure)) if failure.problem == Problem::Directory => {
                self.start(home).await
            }
            other => other,
        };
        // From here on one thread takes what is typed, has it written, and brings the echo.
        let running =
            running.and_then(|running| running.move_here().map_err(sandbox::Error::NoPty));
        let running = running.map_err(|error| Error::of_start(&error))?;
        let session = self.enter(&owner, &running)?;
        drop(place);
        let summary = session.summary();
        if self.0.closing.load(Ordering::Relaxed) {
            // It began when the end did, and was not in the table yet when all were told.
            drop(session.end(true));
        }
        let this = self.clone();
        self.0
            .tasks
            .spawn(async move { this.see_to(session, running).await });
        Ok(summary)
    }

    /// Takes a place in the table; at the bound, a terminal left alone makes room.
    fn reserve(&self) -> Result<Place<'_>, Error> {
        if self.0.closing.load(Ordering::Relaxed) {
            return Err(Error::ShuttingDown);
        }
        let most = self.0.settings.most;
        let mut table = self.table();
        if table.count() >= most {
            let room = table.make_room().ok_or(Error::TooMany { most })?;
            tracing::info!(id = %room.id, "a terminal is ended: it was left behind, and another needs its place");
            drop(room.end(false));
        }
        table.starting += 1;
        Ok(Place(self))
    }

    async fn start(&self, directory: &Path) -> Result<Running, sandbox::Error> {
        let shell = &self.0.settings.shell;
        let launch = Launch::program(&shell.path, shell.arguments, directory, &shell.variables);
        let launch = launch.map_err(|nul| sandbox::Error::NoSpawner(nul.into()))?;
        // Whoever sits there loses the program that went too far, not the shell.
        let launch = launch.in_parts();
        let begun = {
            let _runtime = self.0.runtime.enter();
            self.0.pool.begin(launch)?
        };
        let started = self.0.runtime.spawn(begun.finish()).await;
        started.map_err(|error| sandbox::Error::NoSpawner(error.into()))?
    }

    /// Gives a shell that runs its id and its place in the table.
    fn enter(&self, owner: &Owner, running: &Running) -> Result<Arc<Session>, Error> {
        loop {
            let number = getrandom::u32().map_err(|error| Error::Start {
                problem: format!("no random number for its id: {error}"),
            })?;
            let id: Arc<str> = format!("{number:08x}").into();
            let mut table = self.table();
            if table.get(&id).is_some() {
                continue;
            }
            let replay = self.0.settings.replay;
            let owner = owner.clone();
            let session = Session::new(id, owner, running.shell(), running.tty(), replay);
            let session = Arc::new(session);
            table.insert(Arc::clone(&session));
            return Ok(session);
        }
    }

    /// The task of one terminal.
    async fn see_to(self, session: Arc<Session>, running: Running) {
        let patience = Patience {
            ttl: self.0.settings.detach_ttl,
            grace: self.0.settings.kill_grace,
        };
        let stop = self.0.stop.clone();
        let closed = |session: &Session| drop(self.table().remove(&session.id));
        // What a shell left behind may run for long after the terminal: its output is let go then.
        let weak = Arc::downgrade(&session);
        let pumped = pump(session, running, patience, stop, closed);
        if let Ok(running) = AssertUnwindSafe(pumped).catch_unwind().await {
            let _runtime = self.0.runtime.enter();
            self.0.pool.take_back(running);
            return;
        }
        tracing::error!("the task of a terminal has failed; the terminal is ended");
        if let Some(session) = weak.upgrade() {
            session.exited(Exit {
                code: -libc::SIGKILL,
                signal: Some("SIGKILL"),
            });
            closed(&session);
        }
    }

    /// The caller's terminals, in the order they were made.
    pub fn list(&self, owner: &Owner) -> Vec<Summary> {
        let own: Vec<_> = self.table().of(owner).cloned().collect();
        own.iter().map(|session| session.summary()).collect()
    }

    /// One of the caller's terminals.
    pub fn get(&self, owner: &Owner, id: &str) -> Result<Summary, Error> {
        Ok(self.find(owner, id)?.summary())
    }

    /// Whether there is such a terminal, whoever's.
    pub fn exists(&self, id: &str) -> bool {
        self.table().get(id).is_some()
    }

    /// Ends a terminal and all that runs in it; answers within three seconds.
    pub async fn close(&self, owner: &Owner, id: &str) -> Result<(), Error> {
        let session = self.find(owner, id)?;
        self.table().remove(id);
        timeout(ANSWER, session.end(false)).await.ok();
        Ok(())
    }

    /// The newest output of the terminal the caller's user looks at, as text.
    pub fn output(&self, owner: &Owner) -> Result<String, Error> {
        let session = self.in_use(owner)?;
        let last = session.state().ring.last(SHOWN);
        // It may begin in the middle of a character.
        let cut = last.iter().take(3).take_while(|byte| **byte & 0xC0 == 0x80);
        let cut = if last.len() == SHOWN { cut.count() } else { 0 };
        Ok(String::from_utf8_lossy(&last[cut..]).into_owned())
    }

    /// Types text into that terminal. What the program does not read at once waits for it.
    pub fn input(&self, owner: &Owner, text: &str) -> Result<(), Error> {
        let session = self.in_use(owner)?;
        let waiting = session.state().typed.len();
        if waiting > 0 && waiting + text.len() > MOST_WAITING_FOR_TEXT {
            return Err(Error::InputFull { waiting });
        }
        session.type_in(text.as_bytes());
        Ok(())
    }

    fn in_use(&self, owner: &Owner) -> Result<Arc<Session>, Error> {
        let table = self.table();
        table.in_use(owner).cloned().ok_or(Error::NoneConnected)
    }

    /// Attaches a client to one of the caller's terminals.
    pub fn attach(&self, owner: &Owner, id: &str, request: Request) -> Result<Attachment, Error> {
        let session = self.find(owner, id)?;
        let mut state = session.state();
        if state.ending {
            return Err(Error::NotFound { id: id.to_owned() });
        }
        if self.0.settings.exclusive && !state.clients.is_empty() {
            return Err(Error::Taken { id: id.to_owned() });
        }
        let (painters, counted) = (&self.0.painters, self.0.attached.token());
        Ok(Attachment::enter(
            &session, &mut state, request, painters, counted,
        ))
    }

    /// Opens no more terminals, ends all, and waits for them at most this long.
    pub async fn shut_down(&self, most: Duration) {
        let deadline = Instant::now() + most;
        self.0.closing.store(true, Ordering::Relaxed);
        let all: Vec<_> = self.table().all().cloned().collect();
        for session in all {
            drop(session.end(true));
        }
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.attached.close();
        if timeout_at(deadline, self.0.tasks.wait()).await.is_err() {
            tracing::warn!("some terminals could not be ended");
        }
        timeout(FAREWELL, self.0.attached.wait()).await.ok();
    }
}
