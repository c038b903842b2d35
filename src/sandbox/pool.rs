//! The PTY pool: bounds how many PTYs there are, and keeps a few with a supervisor waiting.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::link::Link;
use super::pty;
use super::running::{Launch, Running};
use super::slot::Slot;
use super::spawner;
use super::wire::{Failure, Notice};
use crate::config::Environment;
use crate::sys;

/// How often a start is tried beyond the supervisors that waited: all of those may turn out to be dead.
const TRIES: usize = 3;

/// A shell that has not started after this never will, or its directory is on a disk that hangs.
const START: Duration = Duration::from_secs(30);

/// How large the pool is.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// PTYs open at once.
    pub most: usize,
    /// Supervisors waiting.
    pub warm: usize,
}

/// Why there is no shell.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The pool's own bound.
    #[error("all {0} pseudo-terminals of this server are in use")]
    Full(usize),
    /// The system has none, or too few descriptors.
    #[error("no pseudo-terminal can be opened: {0}")]
    NoPty(io::Error),
    /// No spawner can be started or reached.
    #[error("no process can be started: {0}")]
    NoSpawner(io::Error),
    /// The shell itself did not start.
    #[error("the shell did not start: {0:?}")]
    Failed(Failure),
}

/// Where shells come from. Cheap to clone; all of its futures belong on one runtime.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Settings,
    environment: Environment,
    open_files: u64,
    permits: Arc<Semaphore>,
    spawner: Mutex<Option<OwnedFd>>,
    warm: Mutex<VecDeque<Slot>>,
}

/// A program on its way to a supervisor.
#[derive(Debug)]
pub struct Start {
    pool: Pool,
    slot: Slot,
    launch: Launch,
    /// Bytes of the order that are sent.
    sent: usize,
    /// Supervisors that may yet turn out to be dead.
    tries: usize,
}

impl Start {
    /// Waits until the program runs, on the runtime that runs the commands.
    pub async fn finish(mut self) -> Result<Running, Error> {
        self.pool.fill_if_low();
        loop {
            let rest = &self.launch.order()[self.sent..];
            let sent = self.slot.link.send(rest).await;
            let answer = timeout(START, self.slot.link.next()).await;
            match answer.map_err(|_| Error::NoSpawner(Errno::ETIMEDOUT.into()))? {
                Some(Notice::Started(shell, supervisor)) => {
                    return Ok(Running::new(self.slot, shell, supervisor));
                }
                Some(Notice::Failed(failure)) => return Err(Error::Failed(failure)),
                // It was killed while it waited, or the spawner could not fork it.
                _ => self.replace_slot(sent.err().unwrap_or_else(|| Errno::EAGAIN.into()))?,
            }
        }
    }

    fn send_now(&mut self) -> io::Result<()> {
        self.sent = self.slot.link.send_now(self.launch.order())?;
        Ok(())
    }

    fn replace_slot(&mut self, died: io::Error) -> Result<(), Error> {
        self.tries = self.tries.checked_sub(1).ok_or(Error::NoSpawner(died))?;
        self.sent = 0;
        self.slot = self.pool.take()?;
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// An empty pool, which starts a spawner when it needs one.
    ///
    /// Raises this process's soft limit on open files to the hard one: each command takes three.
    /// Commands get the one there was.
    pub fn new(settings: Settings, environment: Environment) -> Self {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1024, 1024));
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).ok();
        Self(Arc::new(Shared {
            settings,
            environment,
            open_files: soft,
            permits: Arc::new(Semaphore::new(settings.most)),
            spawner: Mutex::new(None),
            warm: Mutex::new(VecDeque::new()),
        }))
    }

    /// Fills the pool. To be called on the runtime that runs the commands.
    pub fn warm_up(&self) {
        self.fill();
    }

    /// Begins to start a program on a PTY of its own, without waiting for anything.
    ///
    /// To be called in the context of the runtime that runs the commands, from whatever thread: the
    /// supervisor is at work before that runtime's thread wakes up.
    pub fn begin(&self, launch: Launch) -> Result<Start, Error> {
        let mut start = Start {
            slot: self.take()?,
            pool: self.clone(),
            launch,
            sent: 0,
            tries: self.0.settings.warm + TRIES,
        };
        while let Err(error) = start.send_now() {
            start.replace_slot(error)?;
        }
        Ok(start)
    }

    /// Whether a shell could be started now: a spawner is there, and a PTY is free.
    pub fn check(&self) -> Result<(), Error> {
        let slot = self.take()?;
        lock(&self.0.warm).push_back(slot);
        Ok(())
    }

    /// Lets the waiting supervisors and the spawner end.
    pub fn close(&self) {
        lock(&self.0.warm).clear();
        lock(&self.0.spawner).take();
    }

    fn take(&self) -> Result<Slot, Error> {
        let waiting = lock(&self.0.warm).pop_front();
        waiting.map_or_else(|| self.make(), Ok)
    }

    fn make(&self) -> Result<Slot, Error> {
        let permit = Arc::clone(&self.0.permits).try_acquire_owned();
        let permit = permit.map_err(|_| Error::Full(self.0.settings.most))?;
        let (master, terminal) = pty::open().map_err(Error::NoPty)?;
        let master = sys::register(master).map_err(Error::NoPty)?;
        let (link, theirs) = Link::pair().map_err(Error::NoPty)?;
        let mut spawner = lock(&self.0.spawner);
        for again in [true, false] {
            let socket = self.spawner(&mut spawner)?;
            match sys::send_with_fds(socket.as_fd(), [terminal.as_fd(), theirs.as_fd()]) {
                Ok(()) => break,
                Err(Errno::EPIPE | Errno::ECONNRESET) if again => *spawner = None,
                Err(error) => return Err(Error::NoSpawner(error.into())),
            }
        }
        Ok(Slot {
            master,
            link,
            permit,
        })
    }

    /// The spawner's socket; a spawner that is not there is started.
    fn spawner<'a>(&self, spawner: &'a mut Option<OwnedFd>) -> Result<&'a OwnedFd, Error> {
        if spawner.is_none() {
            let socket =
                spawner::start(&self.0.environment, self.0.open_files).map_err(Error::NoSpawner)?;
            *spawner = Some(socket);
        }
        Ok(spawner.as_ref().expect("it was just made"))
    }

    /// Takes back what is over ([`Event::Gone`](super::Event)): its supervisor waits on a new PTY.
    ///
    /// That is cheaper than forking another; it ends when enough are waiting already. To be called on
    /// the runtime that runs the commands.
    pub fn take_back(&self, running: Running) {
        // Its own terminal is closed when this returns.
        let (_old, link, permit) = match running.supervisor_again() {
            Some(again) if lock(&self.0.warm).len() < self.0.settings.warm => again,
            _ => return,
        };
        let slot = pty::open().and_then(|(master, terminal)| {
            link.send_terminal(terminal.as_fd())?;
            let master = sys::register(master)?;
            Ok(Slot {
                master,
                link,
                permit,
            })
        });
        match slot {
            Ok(slot) => lock(&self.0.warm).push_back(slot),
            Err(error) => tracing::debug!(%error, "a supervisor could not be kept waiting"),
        }
    }

    /// Supervisors come back when their commands end, so new ones are made only when few are left.
    fn fill_if_low(&self) {
        if lock(&self.0.warm).len() < self.0.settings.warm.div_ceil(2) {
            let pool = self.clone();
            tokio::spawn(async move { pool.fill() });
        }
    }

    fn fill(&self) {
        while lock(&self.0.warm).len() < self.0.settings.warm {
            match self.make() {
                Ok(slot) => lock(&self.0.warm).push_back(slot),
                Err(error) => {
                    tracing::debug!(%error, "no supervisor could be kept waiting");
                    break;
                }
            }
        }
    }
}
