//! The PTY pool: bounds how many PTYs there are, and keeps a few with a supervisor waiting.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout_at};

use super::link::Link;
use super::pty;
use super::running::{Fit, Launch, Running};
use super::slot::{Ready, Slot};
use super::spawner;
use super::tty::Tty;
use super::wire::{Failure, Notice};
use crate::config::Environment;
use crate::limits::{Leaf, Limits};
use crate::sys;
use check::Checked;

mod check;

/// How often a start is tried beyond the supervisors that waited: all of those may turn out to be dead.
const TRIES: usize = 3;

/// A shell that has not started after this never will, or its directory is on a disk that hangs.
const START: Duration = Duration::from_secs(30);

/// How many places under the limits are made at once. The kernel makes them one after the other anyway; more would
/// only be threads that wait for its lock.
const MAKING: usize = 2;

/// How soon a busy spawner is asked again.
const BUSY: Duration = Duration::from_millis(2);

/// How large the pool is.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// PTYs open at once.
    pub most: usize,
    /// Supervisors waiting.
    pub warm: usize,
    /// Whether commands are kept from the files of cgroups, which belong to the user that they run as.
    pub guard_cgroups: bool,
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
    /// More is asked of the spawner than it has done yet.
    #[error("more commands are starting than processes can be made at once")]
    Busy,
    /// No place under the limits can be made.
    #[error("no place under the limits can be made: {0}")]
    NoLeaf(io::Error),
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
    limits: Limits,
    open_files: u64,
    permits: Arc<Semaphore>,
    making: Semaphore,
    spawner: Mutex<Option<OwnedFd>>,
    warm: Mutex<VecDeque<Ready>>,
    checked: Mutex<Option<Checked>>,
}

/// A program on its way to a supervisor.
#[derive(Debug)]
pub struct Start {
    pool: Pool,
    launch: Launch,
    begun: Begun,
    /// Supervisors that may yet turn out to be dead.
    tries: usize,
}

/// How far a start has come.
#[derive(Debug)]
enum Begun {
    /// The spawner is busy.
    Nothing,
    /// There is a supervisor, which has no child ready yet.
    Slot(Slot),
    /// So many bytes of the order are sent to one that has.
    Sent(Box<Ready>, usize),
}

impl Start {
    /// Waits until the program runs, on the runtime that runs the commands.
    pub async fn finish(mut self) -> Result<Running, Error> {
        self.pool.fill_if_low();
        let deadline = Instant::now() + START;
        loop {
            let (mut ready, sent) = match std::mem::replace(&mut self.begun, Begun::Nothing) {
                Begun::Sent(ready, sent) => (ready, sent),
                Begun::Slot(slot) => {
                    let leaf = self.pool.leaf(self.launch.fit()).await?;
                    match slot.prepare(leaf).await {
                        Ok(ready) => self.begun = Begun::Sent(ready.into(), 0),
                        Err(died) => {
                            self.count(died)?;
                            self.try_now()?;
                        }
                    }
                    continue;
                }
                Begun::Nothing => {
                    if Instant::now() >= deadline {
                        return Err(self.pool.give_up_spawner());
                    }
                    sleep(BUSY).await;
                    self.try_now()?;
                    continue;
                }
            };
            let link = &mut ready.slot.link;
            let sent = link.send(&self.launch.order()[sent..]).await;
            match timeout_at(deadline, link.next()).await {
                Err(_) => return Err(self.pool.give_up_spawner()),
                Ok(Some(Notice::Started(shell, supervisor))) => {
                    let Ready { slot, leaf } = *ready;
                    return Ok(Running::new(slot, leaf, shell, supervisor));
                }
                Ok(Some(Notice::Failed(failure))) => return Err(Error::Failed(failure)),
                // It was killed while it waited, or the spawner could not fork it.
                Ok(_) => {
                    self.count(sent.err().unwrap_or_else(|| Errno::EAGAIN.into()))?;
                    self.try_now()?;
                }
            }
        }
    }

    /// Takes supervisors that wait until one takes the order, else has one made; leaves that when the spawner
    /// is busy.
    fn try_now(&mut self) -> Result<(), Error> {
        loop {
            let waiting = lock(&self.pool.0.warm).pop_front();
            let Some(mut ready) = waiting else {
                self.begun = match self.pool.make() {
                    Err(Error::Busy) => Begun::Nothing,
                    other => Begun::Slot(other?),
                };
                return Ok(());
            };
            if let Err(error) = self.launch.fit().adapt(&mut ready.leaf) {
                // Some of its bounds may be set: it is of no more use to others.
                drop(ready);
                self.pool.fill_if_low();
                return Err(Error::NoLeaf(error));
            }
            match ready.slot.link.send_now(&self.launch.order()) {
                Ok(sent) => {
                    self.begun = Begun::Sent(ready.into(), sent);
                    return Ok(());
                }
                Err(died) => self.count(died)?,
            }
        }
    }

    fn count(&mut self, died: io::Error) -> Result<(), Error> {
        self.tries = self.tries.checked_sub(1).ok_or(Error::NoSpawner(died))?;
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a spawner has more to do already than it should.
fn is_busy(spawner: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(spawner.as_fd(), PollFlags::POLLOUT)];
    matches!(poll(&mut fds, PollTimeout::ZERO), Ok(0))
}

impl Pool {
    /// An empty pool, which starts a spawner when it needs one.
    ///
    /// Raises this process's soft limit on open files to the hard one: each command takes three.
    /// Commands get the one there was, and are under these limits.
    pub fn new(settings: Settings, environment: Environment, limits: Limits) -> Self {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1024, 1024));
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).ok();
        Self(Arc::new(Shared {
            settings,
            environment,
            limits,
            open_files: soft,
            permits: Arc::new(Semaphore::new(settings.most)),
            making: Semaphore::new(MAKING),
            spawner: Mutex::new(None),
            warm: Mutex::new(VecDeque::new()),
            checked: Mutex::new(None),
        }))
    }

    /// Fills the pool. To be called on the runtime that runs the commands.
    pub fn warm_up(&self) {
        let pool = self.clone();
        tokio::spawn(async move { pool.fill().await });
    }

    /// Begins to start a program on a PTY of its own, without waiting for anything.
    ///
    /// To be called in the context of the runtime that runs the commands, from whatever thread: the
    /// supervisor is at work before that runtime's thread wakes up.
    pub fn begin(&self, launch: Launch) -> Result<Start, Error> {
        let mut start = Start {
            pool: self.clone(),
            launch,
            begun: Begun::Nothing,
            tries: self.0.settings.warm + TRIES,
        };
        start.try_now()?;
        Ok(start)
    }

    /// How many programs run here, or are being started.
    pub fn in_use(&self) -> usize {
        let open = self.0.settings.most - self.0.permits.available_permits();
        open.saturating_sub(lock(&self.0.warm).len())
    }

    /// Lets the waiting supervisors and the spawner end.
    pub fn close(&self) {
        // Nothing is kept from now on.
        self.0.permits.close();
        lock(&self.0.warm).clear();
        lock(&self.0.spawner).take();
    }

    /// A place under the limits, as it fits.
    async fn leaf(&self, fit: Fit) -> Result<Leaf, Error> {
        let _turn = self.0.making.acquire().await;
        let limits = self.0.limits.clone();
        let make = move || {
            let mut leaf = limits.leaf()?;
            fit.adapt(&mut leaf)?;
            Ok(leaf)
        };
        // It panics when there is no thread to be had.
        let leaf: io::Result<Leaf> = match catch_unwind(|| spawn_blocking(make)) {
            Ok(thread) => thread.await.unwrap_or_else(|error| Err(error.into())),
            Err(_) => Err(Errno::EAGAIN.into()),
        };
        leaf.map_err(Error::NoLeaf)
    }

    fn make(&self) -> Result<Slot, Error> {
        // Asked before a PTY is opened for nothing, as many may be waiting.
        if lock(&self.0.spawner).as_ref().is_some_and(is_busy) {
            return Err(Error::Busy);
        }
        let permit = Arc::clone(&self.0.permits).try_acquire_owned();
        let permit = permit.map_err(|_| Error::Full(self.0.settings.most))?;
        let (master, terminal) = pty::open().map_err(Error::NoPty)?;
        let tty = Tty::register(master).map_err(Error::NoPty)?;
        let (link, theirs) = Link::pair().map_err(Error::NoPty)?;
        let mut spawner = lock(&self.0.spawner);
        for again in [true, false] {
            let socket = self.spawner(&mut spawner)?;
            match sys::send_with_fds(socket.as_fd(), [terminal.as_fd(), theirs.as_fd()]) {
                Ok(()) => break,
                Err(Errno::EPIPE | Errno::ECONNRESET) if again => *spawner = None,
                Err(Errno::EAGAIN) => return Err(Error::Busy),
                Err(error) => return Err(Error::NoSpawner(error.into())),
            }
        }
        Ok(Slot { tty, link, permit })
    }

    /// Who forks for us may hang, and who waits may be stopped with it: the next start has others do it.
    fn give_up_spawner(&self) -> Error {
        lock(&self.0.spawner).take();
        lock(&self.0.warm).clear();
        Error::NoSpawner(Errno::ETIMEDOUT.into())
    }

    /// The spawner's socket; a spawner that is not there is started.
    fn spawner<'a>(&self, spawner: &'a mut Option<OwnedFd>) -> Result<&'a OwnedFd, Error> {
        if spawner.is_none() {
            let guard = self.0.settings.guard_cgroups;
            let socket = spawner::start(&self.0.environment, self.0.open_files, guard);
            *spawner = Some(socket.map_err(Error::NoSpawner)?);
        }
        Ok(spawner.as_ref().expect("it was just made"))
    }

    /// Takes back what is over ([`Event::Gone`](super::Event)): its supervisor waits on a new PTY.
    ///
    /// That is cheaper than forking another; it ends when enough are waiting already. To be called on
    /// the runtime that runs the commands.
    pub fn take_back(&self, running: Running) {
        // Its own terminal, and its place among the limits, are given up when this returns.
        let (_old, link, permit) = match running.supervisor_again() {
            Some(again) if lock(&self.0.warm).len() < self.0.settings.warm => again,
            _ => return,
        };
        let slot = pty::open().and_then(|(master, terminal)| {
            link.send_terminal(terminal.as_fd())?;
            let tty = Tty::register(master)?;
            Ok(Slot { tty, link, permit })
        });
        let pool = self.clone();
        tokio::spawn(async move {
            let ready = async {
                let slot = slot.map_err(Error::NoPty)?;
                let leaf = pool.leaf(Fit::default()).await?;
                slot.prepare(leaf).await.map_err(Error::NoSpawner)
            };
            pool.keep(ready.await);
        });
    }

    /// Supervisors come back when their commands end, so new ones are made only when few are left.
    fn fill_if_low(&self) {
        if lock(&self.0.warm).len() < self.0.settings.warm.div_ceil(2) {
            self.warm_up();
        }
    }

    async fn fill(&self) {
        while lock(&self.0.warm).len() < self.0.settings.warm {
            let ready = async {
                let slot = self.make()?;
                let leaf = self.leaf(Fit::default()).await?;
                slot.prepare(leaf).await.map_err(Error::NoSpawner)
            };
            if !self.keep(ready.await) {
                break;
            }
        }
    }

    /// Lets a supervisor wait, if there are not enough; says whether there was one.
    fn keep(&self, ready: Result<Ready, Error>) -> bool {
        match ready {
            Ok(ready) => {
                let mut warm = lock(&self.0.warm);
                if warm.len() < self.0.settings.warm && !self.0.permits.is_closed() {
                    warm.push_back(ready);
                }
                true
            }
            Err(error) => {
                tracing::debug!(%error, "no supervisor could be kept waiting");
                false
            }
        }
    }
}
