//! A session: one open notebook with its kernel, as everybody but its task sees it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::execution::Task;
use super::spec::Spec;
use super::{Error, Status};

/// What the task of a session is asked.
pub(super) enum Order {
    /// Execute this.
    Execute(Task),
    /// Interrupt what runs.
    Interrupt(oneshot::Sender<bool>),
    /// Start the kernel anew.
    Restart(oneshot::Sender<Result<(), Error>>),
}

/// One open notebook.
pub(super) struct Session {
    pub(super) id: Arc<str>,
    pub(super) user: Option<Arc<str>>,
    pub(super) path: PathBuf,
    pub(super) spec: Spec,
    pub(super) orders: mpsc::UnboundedSender<Order>,
    /// Ends it.
    pub(super) stop: CancellationToken,
    /// Is told when it has ended.
    pub(super) ended: CancellationToken,
    /// Is told when it is not busy any more.
    pub(super) released: Notify,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) claimed: bool,
    pub(super) dead: bool,
    /// When it was last used.
    pub(super) used: Instant,
    /// The notebook's text when it was last read or written, in case its file goes.
    pub(super) kept: Option<Arc<str>>,
}

impl Session {
    pub(super) fn new(
        id: Arc<str>,
        user: Option<Arc<str>>,
        path: PathBuf,
        spec: Spec,
        kept: Arc<str>,
        stop: CancellationToken,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Order>) {
        let (orders, received) = mpsc::unbounded_channel();
        let state = State {
            claimed: false,
            dead: false,
            used: Instant::now(),
            kept: Some(kept),
        };
        let session = Self {
            id,
            user,
            path,
            spec,
            orders,
            stop,
            ended: CancellationToken::new(),
            released: Notify::new(),
            state: Mutex::new(state),
        };
        (Arc::new(session), received)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn status(&self) -> Status {
        let state = self.state();
        match (state.dead, state.claimed) {
            (_, true) => Status::Busy,
            (true, false) => Status::Dead,
            (false, false) => Status::Ready,
        }
    }

    /// Makes it busy till the claim goes.
    pub(super) fn claim(self: &Arc<Self>) -> Result<Claim, Error> {
        let mut state = self.state();
        if std::mem::replace(&mut state.claimed, true) {
            return Err(Error::Busy {
                id: self.id.to_string(),
            });
        }
        state.used = Instant::now();
        Ok(Claim(Arc::clone(self)))
    }

    /// Notes that it is used.
    pub(super) fn touch(&self) {
        self.state().used = Instant::now();
    }
}

/// The right to run a cell.
pub(super) struct Claim(Arc<Session>);

impl Drop for Claim {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.claimed = false;
        state.used = Instant::now();
        drop(state);
        self.0.released.notify_one();
    }
}
