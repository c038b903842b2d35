//! The PTY pool: bounds how many PTYs there are, and keeps a few with a supervisor waiting.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::io::unix::AsyncFd;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::link::Link;
use super::pty::{self, Master};
use super::running::{Launch, Running};
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

/// A supervisor on a PTY, waiting for its program.
#[derive(Debug)]
struct Slot {
    master: AsyncFd<Master>,
    link: Link,
    permit: OwnedSemaphorePermit,
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

    /// Starts a program on a PTY of its own.
    pub async fn launch(&self, launch: &Launch) -> Result<Running, Error> {
        let mut died = None;
        for _ in 0..self.0.settings.warm + TRIES {
            let mut slot = self.take()?;
            let pool = self.clone();
            tokio::spawn(async move { pool.fill() });
            let sent = slot.link.send(launch.order()).await;
            let answer = timeout(START, slot.link.next()).await;
            match answer.map_err(|_| Error::NoSpawner(Errno::ETIMEDOUT.into()))? {
                Some(Notice::Started(shell, supervisor)) => {
                    return Ok(Running::new(
                        slot.master,
                        slot.link,
                        slot.permit,
                        shell,
                        supervisor,
                    ));
                }
                Some(Notice::Failed(failure)) => return Err(Error::Failed(failure)),
                // It was killed while it waited, or the spawner could not fork it.
                _ => died = sent.err().or(died),
            }
        }
        Err(Error::NoSpawner(
            died.unwrap_or_else(|| Errno::EAGAIN.into()),
        ))
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
