//! The task of one command: it moves output to the log and input to the terminal, and sees the end.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use super::log::Decoder;
use super::process::{Order, Process};
use super::{Killed, Struck};
use crate::sandbox::{Event, Happening, Manner, Running, signal_name};
use crate::sys::Rusage;

mod end;

/// Output moved before others get their turn, in bytes.
const BATCH: usize = 64 * 1024;
/// How long the end of a line may follow its beginning and still be in the same record: a terminal
/// passes on the text of a write before its line break.
const SAME_LINE: Duration = Duration::from_millis(2);
/// Output that is more than one read's worth is never held back, in bytes.
const MUCH: usize = 4000;
/// How long a program may take to read what is typed.
const PATIENCE: Duration = Duration::from_secs(5);

thread_local! {
    /// One buffer for all commands: their tasks share a thread, and none keeps it while it waits.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; BATCH]);
}

/// Sees a command to the moment when nothing of it is left; gives back what ran it.
pub(super) async fn watch(
    process: Arc<Process>,
    running: Running,
    timeout: Option<Duration>,
    grace: Duration,
) -> Running {
    let due = timeout.map(|timeout| process.began + timeout);
    let watch = Watch {
        process,
        running,
        timeout,
        due,
        grace,
        decoder: Decoder::default(),
        exited: false,
        ending: false,
        signals: Vec::new(),
        asked: Vec::new(),
        typing: VecDeque::new(),
        flush_at: None,
        held: String::new(),
        held_until: None,
        mid_line: false,
        look_at: None,
    };
    watch.run().await
}

struct Watch {
    process: Arc<Process>,
    running: Running,
    /// How long the command may run.
    timeout: Option<Duration>,
    /// When it has run for long enough.
    due: Option<Instant>,
    grace: Duration,
    decoder: Decoder,
    /// Whether the shell has ended.
    exited: bool,
    /// Whether it is being ended on purpose.
    ending: bool,
    /// What was sent so far.
    signals: Vec<&'static str>,
    /// Who wants to know when all is gone.
    asked: Vec<oneshot::Sender<Killed>>,
    typing: VecDeque<Typing>,
    /// When output that waits in memory goes to the disk.
    flush_at: Option<Instant>,
    /// The beginning of a line whose end is expected any moment.
    held: String,
    held_until: Option<Instant>,
    /// Whether the output so far ends within a line.
    mid_line: bool,
    /// When what the shell left running is looked at again.
    look_at: Option<Instant>,
}

/// Input on its way.
struct Typing {
    bytes: Vec<u8>,
    taken: usize,
    until: Instant,
    answer: oneshot::Sender<usize>,
}

impl Watch {
    async fn run(mut self) -> Running {
        while self.step().await {}
        self.process.log.flush();
        for asked in std::mem::take(&mut self.asked) {
            asked.send(self.killed(Vec::new())).ok();
        }
        // Orders that came too late: dropping them tells who waits.
        drop(self.process.take_orders());
        self.running
    }

    /// Waits for one thing and acts on it; false when all is over.
    async fn step(&mut self) -> bool {
        let first_typing = self.typing.front().map(|typing| typing.until);
        let own = [self.due, self.flush_at, self.held_until, self.look_at];
        let deadline = own.into_iter().chain([first_typing]).flatten().min();
        let process = Arc::clone(&self.process);
        tokio::select! {
            biased;
            happening = self.running.next(true, !self.typing.is_empty()) => match happening {
                Happening::Event(event) => return self.on_event(event).await,
                Happening::Readable => {
                    self.read().await;
                    // A flood of output must not keep a Ctrl-C out.
                    self.type_on();
                }
                Happening::Writable => self.type_on(),
            },
            () = process.ordered.notified() => self.take_orders().await,
            () = async { sleep_until(deadline.expect("checked")).await }, if deadline.is_some() => self.on_time().await,
        }
        true
    }

    async fn on_event(&mut self, event: Event) -> bool {
        match event {
            Event::Exited(exit, children, used) => {
                self.drain().await;
                self.on_exit(exit, children, used);
            }
            Event::Sent(signal) => self.signals.push(signal_name(signal)),
            Event::Stuck => {
                let remaining = self.process.remaining();
                for asked in std::mem::take(&mut self.asked) {
                    asked.send(self.killed(remaining.clone())).ok();
                }
            }
            Event::Gone(used) => {
                self.on_gone(used).await;
                return false;
            }
            Event::Lost => {
                self.on_gone(Rusage::default()).await;
                return false;
            }
        }
        true
    }

    fn finish_text(&mut self) {
        self.let_go();
        if let Some(text) = self.decoder.finish() {
            self.process.log.append(text);
            self.mid_line = true;
        }
    }

    /// Reads all that has been written so far.
    async fn drain(&mut self) {
        while self.read_batch(true) {
            self.rotate_if_full().await;
        }
        self.let_go();
    }

    async fn read(&mut self) {
        self.read_batch(false);
        self.rotate_if_full().await;
        self.note_waiting();
    }

    /// Notes when what waits in memory is to be written.
    fn note_waiting(&mut self) {
        self.flush_at = if self.process.log.waits() {
            self.flush_at.or_else(|| self.process.log.flush_due())
        } else {
            None
        };
    }

    /// Moves up to one batch to the log; true when there may be more at once.
    fn read_batch(&mut self, now: bool) -> bool {
        BUFFER.with_borrow_mut(|buffer| {
            let (filled, more) = self.running.fill(buffer, now);
            let text: Cow<'_, str> = self.decoder.decode(&buffer[..filled]);
            let whole = text.ends_with('\n') || text.len() >= MUCH;
            if !text.is_empty() {
                self.mid_line = !text.ends_with('\n');
            }
            if whole && self.held.is_empty() {
                self.process.log.append(&text);
            } else if !text.is_empty() {
                self.held.push_str(&text);
                if whole || self.held.len() >= MUCH {
                    self.let_go();
                } else {
                    self.held_until = self.held_until.or(Some(Instant::now() + SAME_LINE));
                }
            }
            more
        })
    }

    /// Puts what was held back into the log.
    fn let_go(&mut self) {
        self.held_until = None;
        if !self.held.is_empty() {
            self.process.log.append(&std::mem::take(&mut self.held));
        }
    }

    async fn rotate_if_full(&mut self) {
        if self.process.log.is_full() {
            let process = Arc::clone(&self.process);
            // Only this command waits for the copying.
            spawn_blocking(move || process.log.rotate()).await.ok();
        }
    }

    async fn take_orders(&mut self) {
        for order in self.process.take_orders() {
            match order {
                Order::Input(bytes, answer) if !self.exited => {
                    self.typing.push_back(Typing {
                        bytes,
                        taken: 0,
                        until: Instant::now() + PATIENCE,
                        answer,
                    });
                }
                Order::Input(..) => {}
                Order::End(grace, answer) => {
                    self.asked.push(answer);
                    self.end(grace).await;
                }
            }
        }
        self.type_on();
    }

    async fn end(&mut self, grace: Duration) {
        self.ending |= !self.exited;
        self.running.end(Manner::Terminate, grace).await;
    }

    /// Types as much as the terminal takes.
    fn type_on(&mut self) {
        while let Some(typing) = self.typing.front_mut() {
            match self.running.write(&typing.bytes[typing.taken..]) {
                Ok(n) => typing.taken += n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => typing.until = Instant::now(),
            }
            if typing.taken >= typing.bytes.len() || typing.until <= Instant::now() {
                self.answer_typing();
            }
        }
    }

    fn answer_typing(&mut self) {
        if let Some(done) = self.typing.pop_front() {
            done.answer.send(done.taken).ok();
        }
    }

    async fn on_time(&mut self) {
        let now = Instant::now();
        if self.held_until.is_some_and(|at| at <= now) {
            self.let_go();
            self.note_waiting();
        }
        if self.flush_at.is_some_and(|at| at <= now) {
            self.flush_at = None;
            self.process.log.flush();
        }
        if self
            .typing
            .front()
            .is_some_and(|typing| typing.until <= now)
        {
            self.answer_typing();
        }
        if self.look_at.is_some_and(|at| at <= now) {
            self.look_at_survivors();
        }
        if self.due.is_some_and(|at| at <= now) {
            self.due = None;
            let limit = self.timeout.map(Struck::timeout);
            self.process.change(|state| {
                state.timed_out = true;
                state.limit = limit;
            });
            self.end(self.grace).await;
        }
    }

    fn killed(&self, remaining: Vec<i32>) -> Killed {
        Killed {
            already_ended: false,
            signals: self.signals.clone(),
            remaining,
        }
    }
}
