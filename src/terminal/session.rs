//! One terminal: its stream, who is attached to it, and what its task is to do.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::ring::{Excerpt, Ring};
use super::{Exit, Size, Summary};
use crate::sandbox::Tty;
use crate::workspace::Owner;

/// The window every terminal starts with, as the wire promises.
const WINDOW: Size = Size { cols: 80, rows: 24 };
/// The foremost client may be so many bytes behind before the program in the terminal is held back.
const AHEAD: u64 = 256 * 1024;
/// Typed bytes that wait for the program, at which no more are taken.
const MOST_WAITING: usize = 8 << 20;
/// A terminal nobody has come to is kept at least this long.
const FIRST_VISIT: Duration = Duration::from_mins(1);

/// A terminal. Its task ([`super::pump`]) moves output; everybody else asks.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: Arc<str>,
    pub(super) owner: Owner,
    pub(super) created_at: Timestamp,
    /// The shell's pid.
    pub(super) pid: i32,
    pub(super) tty: Tty,
    state: Mutex<State>,
    /// There is something for the task to do.
    pub(super) ordered: Notify,
}

/// What changes about a terminal.
#[derive(Debug)]
pub(super) struct State {
    pub(super) ring: Ring,
    pub(super) clients: Vec<Client>,
    next_client: u64,
    pub(super) size: Size,
    /// Typed bytes the terminal has not taken yet.
    pub(super) typed: VecDeque<u8>,
    /// How many it has taken.
    pub(super) taken: u64,
    /// When the last client came, if any ever did.
    pub(super) visited: Option<Instant>,
    /// Since when nobody is attached.
    pub(super) alone_since: Instant,
    /// Whether it is being ended: nobody may attach any more.
    pub(super) ending: bool,
    /// Whether that is because the server ends.
    pub(super) shut_down: bool,
    /// How the shell ended.
    pub(super) exit: Option<Exit>,
    /// Who waits for the end of everything; the task has to see to it when there is one.
    pub(super) asked: Vec<oneshot::Sender<()>>,
    /// Whether the task does not read because all clients are behind.
    held_back: bool,
}

/// One attached client.
#[derive(Debug)]
pub(super) struct Client {
    number: u64,
    /// Where in the stream it is.
    pub(super) at: u64,
    /// What it says its window is; none for viewers.
    size: Option<Size>,
    /// There is something for it.
    wake: Arc<Notify>,
}

impl Session {
    pub(super) fn new(id: Arc<str>, owner: Owner, pid: i32, tty: Tty, replay: usize) -> Self {
        let state = State {
            ring: Ring::new(replay, WINDOW),
            clients: Vec::new(),
            next_client: 0,
            size: WINDOW,
            typed: VecDeque::new(),
            taken: 0,
            visited: None,
            alone_since: Instant::now(),
            ending: false,
            shut_down: false,
            exit: None,
            asked: Vec::new(),
            held_back: false,
        };
        Self {
            id,
            owner,
            created_at: Timestamp::now(),
            pid,
            tty,
            state: Mutex::new(state),
            ordered: Notify::new(),
        }
    }

    /// The state. Held for moments only, never while anything is awaited.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn summary(&self) -> Summary {
        let state = self.state();
        Summary {
            id: self.id.to_string(),
            created_at: self.created_at,
            pid: self.pid,
            attached: state.clients.len(),
            size: state.size,
            offset: state.ring.end(),
        }
    }

    /// Adds output, and tells all clients.
    pub(super) fn push(&self, output: &[u8]) {
        let mut state = self.state();
        state.ring.push(output);
        state.wake_all();
    }

    /// What should be folded away now: nothing that the foremost client still has to read.
    pub(super) fn overflow(&self) -> Option<Excerpt> {
        let state = self.state();
        state.ring.overflow(state.foremost().unwrap_or(u64::MAX))
    }

    /// Whether the task should read, and whether it should write.
    pub(super) fn plan(&self) -> (bool, bool) {
        let mut state = self.state();
        let end = state.ring.end();
        state.held_back = state.foremost().is_some_and(|at| end - at >= AHEAD);
        (!state.held_back, !state.typed.is_empty())
    }

    /// Types bytes after what still waits to be typed; false when too much does already.
    pub(super) fn type_in(&self, bytes: &[u8]) -> bool {
        let mut state = self.state();
        if state.exit.is_some() {
            return true;
        }
        let taken = match bytes {
            _ if state.typed.is_empty() => write_all_now(&self.tty, bytes),
            // Nobody who presses Ctrl-C wants to wait until all the rest has been read.
            [key] if self.tty.interrupt(*key).unwrap_or(false) => {
                state.forget_typed();
                1
            }
            _ if state.typed.len() >= MOST_WAITING => return false,
            _ => 0,
        };
        state.taken += taken as u64;
        if taken < bytes.len() {
            state.typed.extend(&bytes[taken..]);
            self.ordered.notify_one();
        }
        true
    }

    /// Types more of what waits.
    pub(super) fn type_on(&self) {
        let mut state = self.state();
        let full = state.typed.len() >= MOST_WAITING;
        while !state.typed.is_empty() {
            let (front, _) = state.typed.as_slices();
            let (most, taken) = (front.len(), write_all_now(&self.tty, front));
            state.typed.drain(..taken);
            state.taken += taken as u64;
            if taken < most {
                break;
            }
        }
        if state.typed.is_empty() {
            state.typed = VecDeque::new();
        }
        if full && state.typed.len() < MOST_WAITING {
            state.wake_all();
        }
    }

    /// When it will have been alone for long enough.
    pub(super) fn due(&self, ttl: Duration) -> Option<Instant> {
        self.state().due(ttl)
    }

    /// Lets nobody attach any more if it has been alone for long enough: somebody may have come, or
    /// may be about to, since that was found.
    pub(super) fn give_up(&self, ttl: Duration) -> bool {
        let mut state = self.state();
        let due = state.due(ttl).is_some_and(|due| due <= Instant::now());
        state.ending |= due;
        due
    }

    /// Begins its end: nobody attaches any more, and the task ends everything.
    ///
    /// Returns what resolves when all is gone, or cannot be ended.
    pub(super) fn end(&self, shut_down: bool) -> oneshot::Receiver<()> {
        let (asked, answer) = oneshot::channel();
        let mut state = self.state();
        state.ending = true;
        state.shut_down |= shut_down;
        // Without its shell there is no task that would answer.
        if state.exit.is_none() {
            state.asked.push(asked);
        }
        drop(state);
        self.ordered.notify_one();
        answer
    }

    /// Notes how the shell ended.
    pub(super) fn exited(&self, exit: Exit) {
        let mut state = self.state();
        state.ending = true;
        state.exit = Some(exit);
        state.typed = VecDeque::new();
        state.wake_all();
    }

    /// Adds a client that is at this place in the stream.
    pub(super) fn enter(&self, state: &mut State, at: u64, wake: Arc<Notify>) -> u64 {
        let number = state.next_client;
        state.next_client += 1;
        state.visited = Some(Instant::now());
        state.clients.push(Client {
            number,
            at,
            size: None,
            wake,
        });
        // The task has no more to wait for the end of being alone.
        self.ordered.notify_one();
        number
    }

    /// Removes a client.
    pub(super) fn leave(&self, number: u64) {
        let mut state = self.state();
        state.clients.retain(|client| client.number != number);
        if state.clients.is_empty() {
            state.alone_since = Instant::now();
        }
        self.fit(&mut state);
        drop(state);
        self.ordered.notify_one();
    }

    /// Notes the size of a client's window.
    pub(super) fn resize(&self, number: u64, size: Size) {
        let mut state = self.state();
        if let Some(client) = state.client(number) {
            client.size = Some(size);
            self.fit(&mut state);
        }
    }

    /// Makes the terminal as large as its smallest window; as it was when there is none.
    fn fit(&self, state: &mut State) {
        let smallest = state
            .clients
            .iter()
            .filter_map(|client| client.size)
            .reduce(|a, b| Size {
                cols: a.cols.min(b.cols),
                rows: a.rows.min(b.rows),
            });
        if let Some(size) = smallest
            && size != state.size
            && self.tty.resize(size.cols, size.rows).is_ok()
        {
            state.size = size;
            state.ring.resize(size);
        }
    }

    /// Tells the task to go on if it waits for clients to catch up.
    pub(super) fn caught_up(&self, state: &State) {
        if state.held_back {
            self.ordered.notify_one();
        }
    }
}

impl State {
    pub(super) fn client(&mut self, number: u64) -> Option<&mut Client> {
        self.clients
            .iter_mut()
            .find(|client| client.number == number)
    }

    /// Forgets what was typed and waits.
    pub(super) fn forget_typed(&mut self) {
        self.typed = VecDeque::new();
        self.wake_all();
    }

    /// Where in the stream a client that has it up to `since` goes on; none if it needs a repaint.
    pub(super) fn starts_at(&self, since: Option<u64>) -> Option<u64> {
        // What nobody has seen yet is no repetition: the stream itself is the screen.
        let first = self.visited.is_none().then_some(0);
        since.or(first).filter(|since| self.ring.holds(*since))
    }

    fn due(&self, ttl: Duration) -> Option<Instant> {
        let ttl = if self.visited.is_some() {
            ttl
        } else {
            ttl.max(FIRST_VISIT)
        };
        (self.clients.is_empty() && !self.ending).then(|| self.alone_since + ttl)
    }

    /// Where in the stream the foremost client is.
    fn foremost(&self) -> Option<u64> {
        self.clients.iter().map(|client| client.at).max()
    }

    fn wake_all(&self) {
        for client in &self.clients {
            client.wake.notify_one();
        }
    }
}

/// Types as much as the terminal takes now.
fn write_all_now(tty: &Tty, bytes: &[u8]) -> usize {
    let mut taken = 0;
    while taken < bytes.len() {
        match tty.write(&bytes[taken..]) {
            Ok(n) => taken += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Full; or broken, which its end will tell.
            Err(_) => break,
        }
    }
    taken
}
