//! An attachment: one client of a terminal, which reads the stream at its own pace.

use std::sync::Arc;

use nix::sys::signal;
use tokio::sync::{Notify, Semaphore};
use tokio::task::spawn_blocking;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::session::{Session, State};
use super::{End, Next, Replay, Request, Signal, Size};

/// Output handed out at once, in bytes.
const PIECE: usize = 64 * 1024;

/// A client's place in a terminal. Dropping it detaches.
#[derive(Debug)]
pub struct Attachment {
    session: Arc<Session>,
    number: u64,
    view: bool,
    /// Where its stream begins; none when a repaint comes first.
    start: Option<u64>,
    painters: Arc<Semaphore>,
    wake: Arc<Notify>,
    /// The end of the server waits for it.
    _counted: TaskTrackerToken,
}

impl Attachment {
    /// Enters where the client asks, if that can be.
    pub(super) fn enter(
        session: &Arc<Session>,
        state: &mut State,
        request: Request,
        painters: &Arc<Semaphore>,
        counted: TaskTrackerToken,
    ) -> Self {
        let wake = Arc::new(Notify::new());
        let start = state.starts_at(request.since);
        let at = start.unwrap_or_else(|| state.ring.end());
        let number = session.enter(state, at, Arc::clone(&wake));
        Self {
            session: Arc::clone(session),
            number,
            view: request.view,
            start,
            painters: Arc::clone(painters),
            wake,
            _counted: counted,
        }
    }

    /// Whether the client will get a repaint first. It fits best when the terminal knows the client's
    /// window by then.
    pub fn wants_repaint(&self) -> bool {
        self.start.is_none()
    }

    /// What the client is to be sent before anything else.
    pub async fn replay(&mut self) -> Replay {
        if let Some(offset) = self.start {
            let repaint = None;
            return Replay { repaint, offset };
        }
        // Before the stream is copied, so that few copies wait.
        let _turn = self.painters.acquire().await;
        let (screen, offset) = {
            let mut state = self.session.state();
            let offset = state.ring.end();
            if let Some(client) = state.client(self.number) {
                client.at = offset;
            }
            self.session.caught_up(&state);
            (state.ring.whole(), offset)
        };
        let painted = spawn_blocking(move || screen.repaint()).await;
        Replay {
            repaint: Some(painted.unwrap_or_default().into()),
            offset,
        }
    }

    /// What the client is to be sent next: output, at most 64 KiB of it at once.
    #[expect(
        clippy::should_implement_trait,
        reason = "it is no iterator: there may be more after nothing"
    )]
    pub fn next(&mut self) -> Next {
        let mut state = self.session.state();
        let Some(at) = state.client(self.number).map(|client| client.at) else {
            return Next::End(End::Behind);
        };
        let Some(output) = state.ring.read(at, PIECE) else {
            return Next::End(End::Behind);
        };
        if !output.is_empty() {
            if let Some(client) = state.client(self.number) {
                client.at += output.len() as u64;
            }
            self.session.caught_up(&state);
            return Next::Output(output);
        }
        match state.exit {
            Some(exit) if state.shut_down => Next::End(End::ShutDown(exit)),
            Some(exit) => Next::End(End::Exited(exit)),
            None => Next::Nothing,
        }
    }

    /// Waits until there may be something new: output, an end, room for input.
    ///
    /// Loses nothing when dropped half-way.
    pub async fn changed(&self) {
        self.wake.notified().await;
    }

    /// How many typed bytes the terminal has taken, from all clients.
    pub fn taken(&self) -> u64 {
        self.session.state().taken
    }

    /// Forgets typed bytes that the terminal has not taken.
    pub fn forget_typed(&self) {
        self.session.state().forget_typed();
    }

    /// Types bytes. Those of a client that only looks on are ignored.
    ///
    /// False when too much waits for the program already; [`Self::changed`] tells when to try again.
    pub fn type_in(&self, bytes: &[u8]) -> bool {
        self.view || self.session.type_in(bytes)
    }

    /// Says how large the client's window is; the terminal is as large as the smallest of them.
    pub fn resize(&self, size: Size) {
        if !self.view {
            self.session.resize(self.number, size);
        }
    }

    /// Sends a signal to what runs in the foreground.
    pub fn signal(&self, signal: Signal) {
        if self.view {
            return;
        }
        let signal = match signal {
            Signal::Int => signal::Signal::SIGINT,
            Signal::Term => signal::Signal::SIGTERM,
            Signal::Kill => signal::Signal::SIGKILL,
            Signal::Hup => signal::Signal::SIGHUP,
            Signal::Quit => signal::Signal::SIGQUIT,
        };
        if let Err(error) = self.session.tty.signal(signal) {
            tracing::debug!(id = %self.session.id, %signal, %error, "a signal was not sent");
        }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.session.leave(self.number);
    }
}
