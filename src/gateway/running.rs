//! A running workspace: its process, its control socket, and who uses it.

use std::convert::Infallible;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::io::unix::AsyncFd;
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::connections::Idle;
use super::control::{Lead, Said};
use crate::sys;

/// Requests of one user at once, streams and terminals among them: each takes two descriptors of the server.
const MOST: usize = 1024;
/// How often, and how long, a full socket is waited for.
const TRIES: usize = 200;
const PAUSE: Duration = Duration::from_millis(10);
/// How often a workspace is woken while an answer of it is waited for.
const AWAKE: Duration = Duration::from_secs(1);

/// A process, held so that its number cannot become another's meanwhile (`pidfd_open(2)`).
pub(super) struct Process(Option<AsyncFd<OwnedFd>>);

impl Process {
    /// The one that has this number now.
    pub(super) fn new(pid: i32) -> Self {
        let process = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        Self(process.and_then(|process| sys::register(process).ok()))
    }

    /// Waits for its end (`pidfd_open(2)`); for ever where it is not known.
    async fn ended(&self) {
        match &self.0 {
            Some(process) => drop(process.readable().await),
            None => std::future::pending().await,
        }
    }

    /// No process.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Sends it a signal, if it is still there.
    fn signal(&self, signal: Signal) {
        if let Some(process) = &self.0 {
            pidfd_send_signal(process.get_ref(), signal).ok();
        }
    }

    /// Kills it, if it is still there.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }
}

/// A workspace that serves requests.
pub(super) struct Running {
    /// Its account's name, or another word for the log.
    pub(super) name: String,
    /// What it takes for a key.
    pub(super) key: String,
    pub(super) lead: Lead,
    process: Process,
    idle: Idle,
    users: AtomicUsize,
    used: Mutex<Instant>,
    ended: CancellationToken,
}

impl Running {
    pub(super) fn new(name: String, key: String, lead: Lead, process: Process) -> Self {
        Self {
            name,
            key,
            lead,
            process,
            idle: Idle::default(),
            users: AtomicUsize::new(0),
            used: Mutex::new(Instant::now()),
            ended: CancellationToken::new(),
        }
    }

    /// Uses it: it is not ended for want of use until this is dropped.
    pub(super) fn enter(self: &Arc<Self>) -> Use {
        self.users.fetch_add(1, Ordering::Relaxed);
        Use(Arc::clone(self))
    }

    /// Whether nobody uses it, or has for so long.
    pub(super) fn is_unused_for(&self, span: Duration) -> bool {
        let used = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.users.load(Ordering::Relaxed) == 0 && used.elapsed() >= span
    }

    /// Whether as many use it as may.
    pub(super) fn is_full(&self) -> bool {
        self.users.load(Ordering::Relaxed) > MOST
    }

    /// Whether its process has gone.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Waits for that.
    pub(super) async fn gone(&self) {
        self.ended.cancelled().await;
    }

    /// To be called when its process has gone.
    pub(super) fn note_end(&self) {
        self.ended.cancel();
        self.idle.clear();
    }

    /// Hears what it says, until its process ends or it has no more to say.
    pub(super) async fn hear(&self) -> Option<Said> {
        tokio::select! {
            said = self.lead.hear() => said,
            // Somebody else may hold its end of the socket still.
            () = self.process.ended() => None,
        }
    }

    /// Wakes its process now and then: where it has no PID namespace, a command of its user's can stop it (`kill -STOP -1`).
    pub(super) async fn kept_awake(&self) -> Infallible {
        loop {
            sleep(AWAKE).await;
            self.process.signal(Signal::CONT);
        }
    }

    /// Kills its process.
    pub(super) fn kill(&self) {
        self.process.kill();
    }
}

/// The use of a workspace by one request, or by what a request became.
pub(super) struct Use(Arc<Running>);

impl Use {
    pub(super) fn workspace(&self) -> &Arc<Running> {
        &self.0
    }

    pub(super) fn idle(&self) -> &Idle {
        &self.0.idle
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> io::Result<UnixStream> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::Stream, None, flags)?;
        let mut tries = TRIES;
        loop {
            match self.0.lead.connect(theirs.as_fd()) {
                Ok(()) => break,
                // More wait for it than the socket holds, or than there may be descriptors under way.
                Err(Errno::EAGAIN | Errno::ETOOMANYREFS) if tries > 0 => tokio::select! {
                    () = sleep(PAUSE) => tries -= 1,
                    () = self.0.gone() => return Err(Errno::EPIPE.into()),
                },
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        UnixStream::from_std(ours.into())
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        *self.0.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.users.fetch_sub(1, Ordering::Relaxed);
    }
}
