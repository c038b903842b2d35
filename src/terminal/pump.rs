//! The task of one terminal: it moves output to the ring and typed bytes to the PTY, and sees the end.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Exit;
use super::screen::Checkpoint;
use super::session::Session;
use crate::sandbox::{self, Event, Happening, Manner, Running};

/// Output moved before others get their turn, in bytes.
const BATCH: usize = 64 * 1024;

thread_local! {
    /// One buffer for all terminals of a thread: none keeps it while it waits.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; BATCH]);
}

/// How a terminal's task treats it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// How long it lives on alone.
    pub(super) ttl: Duration,
    /// Time between asking and killing.
    pub(super) grace: Duration,
}

/// Sees a terminal to the moment when nothing of it is left; gives back what ran it.
///
/// Calls `closed` when the shell has ended, or the terminal must not be found any more. What the shell
/// left behind then lives on until it ends, or `stop`.
pub(super) async fn pump(
    session: Arc<Session>,
    running: Running,
    patience: Patience,
    stop: CancellationToken,
    closed: impl Fn(&Session),
) -> Running {
    let mut pump = Pump {
        session: Some(session),
        running,
        patience,
        stop,
        closed,
        ended: false,
        asked: Vec::new(),
    };
    while pump.step().await {}
    pump.running
}

struct Pump<F> {
    /// The terminal; none once its shell has ended.
    session: Option<Arc<Session>>,
    running: Running,
    patience: Patience,
    stop: CancellationToken,
    closed: F,
    /// Whether everything has been told to end.
    ended: bool,
    /// Who waits for that.
    asked: Vec<oneshot::Sender<()>>,
}

impl<F: Fn(&Session)> Pump<F> {
    /// Waits for one thing and acts on it; false when all is over.
    async fn step(&mut self) -> bool {
        let Some(session) = self.session.clone() else {
            return self.linger().await;
        };
        let (reading, typing) = session.plan();
        let due = session.due(self.patience.ttl);
        tokio::select! {
            biased;
            () = session.ordered.notified() => self.take_orders(&session).await,
            happening = self.running.next(reading, typing) => match happening {
                Happening::Event(event) => return self.on_event(event).await,
                Happening::Readable => {
                    if self.read(&session, false) {
                        tokio::task::yield_now().await;
                    }
                    fold(&session).await;
                    // A flood of output must not keep a Ctrl-C out.
                    session.type_on();
                }
                Happening::Writable => session.type_on(),
            },
            () = async { sleep_until(due.unwrap_or_else(Instant::now)).await }, if due.is_some() => {
                self.on_due(&session).await;
            }
        }
        true
    }

    /// After the shell's end: what it left behind may go on, its output goes nowhere.
    async fn linger(&mut self) -> bool {
        tokio::select! {
            biased;
            happening = self.running.next(true, false) => match happening {
                Happening::Event(event) => self.on_event(event).await,
                Happening::Readable | Happening::Writable => {
                    self.discard();
                    tokio::task::yield_now().await;
                    true
                }
            },
            () = self.stop.cancelled(), if !self.ended => {
                self.end().await;
                true
            }
        }
    }

    async fn on_event(&mut self, event: Event) -> bool {
        match event {
            Event::Exited(exit, ..) => self.on_exit(exit).await,
            Event::Sent(_) => {}
            // What waits for its end has waited long enough; the rest is tried on.
            Event::Stuck => self.answer(),
            Event::Gone(_) | Event::Lost => {
                self.on_exit(sandbox::Exit::Signal(libc::SIGKILL)).await;
                self.answer();
                return false;
            }
        }
        true
    }

    /// The shell's end is the terminal's.
    async fn on_exit(&mut self, exit: sandbox::Exit) {
        let Some(session) = self.session.take() else {
            return;
        };
        while self.read(&session, true) {
            fold(&session).await;
        }
        if let Some(words) = self.why_killed(exit) {
            session.push(words.as_bytes());
        }
        session.exited(Exit {
            code: exit.code(),
            signal: exit.signal(),
        });
        (self.closed)(&session);
        // After this, nobody asks the task any more.
        self.take_orders(&session).await;
    }

    /// The line that says why the shell was killed, if a limit did it.
    fn why_killed(&self, exit: sandbox::Exit) -> Option<String> {
        if exit != sandbox::Exit::Signal(libc::SIGKILL) || self.ended {
            return None;
        }
        let leaf = self.running.leaf();
        let why = leaf.why_killed(&leaf.strike()?)?;
        Some(format!("\r\n[The shell was killed: {why}.]\r\n"))
    }

    async fn take_orders(&mut self, session: &Session) {
        let asked = std::mem::take(&mut session.state().asked);
        if !asked.is_empty() {
            self.asked.extend(asked);
            self.end().await;
        }
    }

    async fn on_due(&mut self, session: &Session) {
        if !session.give_up(self.patience.ttl) {
            return;
        }
        (self.closed)(session);
        tracing::info!(id = %session.id, "a terminal is ended: nobody has come back to it");
        self.end().await;
    }

    async fn end(&mut self) {
        if !std::mem::replace(&mut self.ended, true) {
            self.running.end(Manner::HangUp, self.patience.grace).await;
        }
    }

    fn answer(&mut self) {
        for asked in self.asked.drain(..) {
            asked.send(()).ok();
        }
    }

    /// Moves up to one batch to the ring; true when there may be more at once.
    fn read(&mut self, session: &Session, now: bool) -> bool {
        BUFFER.with_borrow_mut(|buffer| {
            let (filled, more) = self.running.fill(buffer, now);
            if filled > 0 {
                session.push(&buffer[..filled]);
            }
            more
        })
    }

    fn discard(&mut self) {
        BUFFER.with_borrow_mut(|buffer| self.running.fill(buffer, false));
    }
}

/// Folds what the ring is to forget, aside: it may take milliseconds.
async fn fold(session: &Session) {
    let Some(excerpt) = session.overflow() else {
        return;
    };
    let length = excerpt.len();
    let folded = spawn_blocking(move || excerpt.fold()).await;
    let mut state = session.state();
    // A stream that cannot be understood is forgotten all the same: memory has a bound.
    let checkpoint = folded.unwrap_or_else(|_| Checkpoint::fresh(state.size));
    state.ring.forget(checkpoint, length);
}
