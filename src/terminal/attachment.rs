//! An attachment: one client of a terminal, which reads the stream at its own pace.

use std::sync::Arc;

use nix::sys::signal;
use tokio::sync::Notify;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::session::{MOST_WAITING, Session, State};
use super::{End, Next, Signal, Size};

/// Output handed out at once, in bytes.
const PIECE: usize = 64 * 1024;

/// A client's place in a terminal. Dropping it detaches.
#[derive(Debug)]
pub struct Attachment {
    session: Arc<Session>,
    number: u64,
    view: bool,
    wake: Arc<Notify>,
    /// The end of the server waits for it.
    _counted: TaskTrackerToken,
}

impl Attachment {
    /// Enters at this place in the stream.
    pub(super) fn enter(
        session: &Arc<Session>,
        state: &mut State,
        at: u64,
        view: bool,
        counted: TaskTrackerToken,
    ) -> Self {
        let wake = Arc::new(Notify::new());
        let number = session.enter(state, at, Arc::clone(&wake));
        Self {
            session: Arc::clone(session),
            number,
            view,
            wake,
            _counted: counted,
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

    /// Whether more may be typed now; if not, [`Self::changed`] tells when.
    pub fn has_room(&self) -> bool {
        self.session.state().typed.len() < MOST_WAITING
    }

    /// Types bytes. Those of a client that only looks on are ignored.
    pub fn type_in(&self, bytes: &[u8]) {
        if !self.view {
            self.session.type_in(bytes);
        }
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
