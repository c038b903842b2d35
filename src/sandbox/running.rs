//! A shell that runs on a PTY, and how it ends.

use std::ffi::{CString, NulError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::Interest;
use tokio::sync::OwnedSemaphorePermit;

use super::link::Link;
use super::slot::Slot;
use super::tty::Tty;
use super::wire::{Manner, Notice, Order, Program};
use crate::limits::{Bounds, Leaf};
use crate::sys::{Rusage, tree};

/// A program to run: where, and with which variables on top of the inherited ones.
#[derive(Debug)]
pub struct Launch {
    order: Order,
    fit: Fit,
}

/// How the limits of a program differ from those that every one gets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    /// Narrower bounds.
    limits: Option<Bounds>,
    /// Whether all of it goes when one process is killed for memory.
    whole: bool,
}

impl Default for Fit {
    fn default() -> Self {
        Self {
            limits: None,
            whole: true,
        }
    }
}

impl Fit {
    /// Makes a leaf as the program's is to be, before it is there.
    pub(super) fn adapt(self, leaf: &mut Leaf) -> io::Result<()> {
        leaf.narrow(self.limits, self.whole)
    }
}

impl Launch {
    /// A shell, `SHELL -c LINE`, in a directory. Fails when a string holds a NUL byte.
    pub fn shell(
        shell: &Path,
        line: &str,
        directory: &Path,
        environment: &[(String, String)],
    ) -> Result<Self, NulError> {
        Self::program(shell, &["-c", line], directory, environment)
    }

    /// A program, with these arguments after its own path. Fails when a string holds a NUL byte.
    pub fn program(
        path: &Path,
        arguments: &[&str],
        directory: &Path,
        environment: &[(String, String)],
    ) -> Result<Self, NulError> {
        let path = CString::new(path.as_os_str().as_encoded_bytes())?;
        let arguments = arguments.iter().map(|argument| CString::new(*argument));
        let arguments = std::iter::once(Ok(path.clone())).chain(arguments);
        let arguments = arguments.collect::<Result<_, _>>()?;
        let assign = |(name, value): &(String, String)| CString::new(format!("{name}={value}"));
        let environment = environment.iter().map(assign).collect::<Result<_, _>>()?;
        let directory = CString::new(directory.as_os_str().as_encoded_bytes())?;
        let program = Program {
            path,
            arguments,
            environment,
            directory,
            input: true,
        };
        Ok(Self {
            order: Order::Run(program),
            fit: Fit::default(),
        })
    }

    /// Under these bounds, which are no wider than those of the settings.
    #[must_use]
    pub fn within(mut self, limits: Bounds) -> Self {
        self.fit.limits = Some(limits);
        self
    }

    /// When one of its processes is killed for memory, the others stay: the kernel decides who goes.
    #[must_use]
    pub fn in_parts(mut self) -> Self {
        self.fit.whole = false;
        self
    }

    /// For a program that nobody types to: its standard input is at its end, and it has no terminal to ask at. What
    /// it prints still goes to one.
    #[must_use]
    pub fn without_input(mut self) -> Self {
        if let Order::Run(program) = &mut self.order {
            program.input = false;
        }
        self
    }

    /// The order that says what to run, as it travels.
    pub(super) fn order(&self) -> Vec<u8> {
        self.order.encode()
    }

    /// How its limits differ from those that every program gets.
    pub(super) fn fit(&self) -> Fit {
        self.fit
    }
}

/// How a shell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this status, 0 to 255.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// The name of a signal, as the shell's `kill -l` has it with `SIG` before.
pub fn signal_name(number: i32) -> &'static str {
    Signal::try_from(number).map_or("a real-time signal", Signal::as_str)
}

impl Exit {
    /// The exit status as the wire has it: negative for a signal.
    pub fn code(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => -signal,
        }
    }

    /// The name of the signal that ended it, such as `SIGKILL`.
    pub fn signal(self) -> Option<&'static str> {
        match self {
            Self::Code(_) => None,
            Self::Signal(signal) => Some(signal_name(signal)),
        }
    }
}

/// What a PTY gives at once, in bytes.
const PAGE: usize = 4096;

/// What becomes of a running shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The shell ended; whether it left children behind; what all that has ended had used.
    Exited(Exit, bool, Rusage),
    /// A signal was sent to all there is.
    Sent(i32),
    /// Nothing is left of it; what all of it had used.
    Gone(Rusage),
    /// SIGKILL was sent, and something is still there.
    Stuck,
    /// The supervisor itself was killed; the spawner ends what it watched over.
    Lost,
}

/// What [`Running::next`] waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The supervisor has news.
    Event(Event),
    /// There is output, or its end.
    Readable,
    /// The terminal takes input.
    Writable,
}

fn event(notice: Option<Notice>) -> Event {
    match notice {
        Some(Notice::Gone(used)) => Event::Gone(used),
        Some(Notice::Stuck) => Event::Stuck,
        Some(Notice::Sent(signal)) => Event::Sent(signal),
        Some(Notice::Exited(code, 0, children, used)) => {
            Event::Exited(Exit::Code(code), children, used)
        }
        Some(Notice::Exited(_, signal, children, used)) => {
            Event::Exited(Exit::Signal(signal), children, used)
        }
        // A second start is never asked for, so these would be a broken supervisor.
        Some(Notice::Started(..) | Notice::Failed(_)) | None => Event::Lost,
    }
}

/// A shell on a PTY, and its supervisor.
#[derive(Debug)]
pub struct Running {
    slot: Slot,
    leaf: Arc<Leaf>,
    shell: i32,
    supervisor: i32,
    /// Whether there may be more output.
    open: bool,
    /// Whether the supervisor was told to end it: then it ends itself too.
    ended: bool,
}

impl Running {
    pub(super) fn new(slot: Slot, mut leaf: Leaf, shell: i32, supervisor: i32) -> Self {
        leaf.begin(supervisor);
        Self {
            slot,
            leaf: Arc::new(leaf),
            shell,
            supervisor,
            open: true,
            ended: false,
        }
    }

    /// The old terminal, and the supervisor if it may serve another command: when nothing had to be
    /// ended, by the supervisor or by a limit.
    pub(super) fn supervisor_again(self) -> Option<(Tty, Link, OwnedSemaphorePermit)> {
        let Slot { tty, link, permit } = self.slot;
        let over = self.ended || self.leaf.kills_all();
        (!over).then_some((tty, link, permit))
    }

    /// Has the current runtime tell when the terminal can be read or written, instead of the one
    /// that runs the commands. To be called before anybody else holds the terminal; ends everything
    /// when it fails.
    pub fn move_here(self) -> io::Result<Self> {
        let Slot { tty, link, permit } = self.slot;
        let tty = tty.register_again()?;
        Ok(Self {
            slot: Slot { tty, link, permit },
            ..self
        })
    }

    /// Its place among the limits: what it uses, and which of them strike.
    pub fn leaf(&self) -> Arc<Leaf> {
        Arc::clone(&self.leaf)
    }

    /// The terminal, for others to type into and to resize.
    pub fn tty(&self) -> Tty {
        self.slot.tty.clone()
    }

    /// The shell's pid.
    pub fn shell(&self) -> i32 {
        self.shell
    }

    /// The supervisor's pid, below which everything of the command is.
    pub fn supervisor(&self) -> i32 {
        self.supervisor
    }

    /// Waits for what happens next: an event, output to read if `reading`, room to type if `typing`.
    ///
    /// Loses nothing when dropped half-way.
    pub async fn next(&mut self, reading: bool, typing: bool) -> Happening {
        let wanted = match (reading && self.open, typing) {
            (true, true) => Some(Interest::READABLE | Interest::WRITABLE),
            (true, false) => Some(Interest::READABLE),
            (false, true) => Some(Interest::WRITABLE),
            (false, false) => None,
        };
        let tty = &self.slot.tty;
        let ready = async {
            match wanted {
                Some(interest) => tty.ready(interest).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            notice = self.slot.link.next() => Happening::Event(event(notice)),
            ready = ready => match ready {
                Ok(ready) if typing && ready.is_writable() && !(reading && ready.is_readable()) => Happening::Writable,
                _ => Happening::Readable,
            },
        }
    }

    /// Fills a buffer with the output there is; says how much that was, and whether there may be more
    /// at once.
    ///
    /// With `now` the kernel is asked even if it announced nothing: what was written before an event
    /// is there when the event is (the master's read flushes the line discipline's queue).
    pub fn fill(&mut self, buffer: &mut [u8], now: bool) -> (usize, bool) {
        let mut filled = 0;
        // A terminal gives at most a page at a time.
        while self.open && (filled == 0 || buffer.len() - filled >= PAGE) {
            let rest = &mut buffer[filled..];
            let tty = &self.slot.tty;
            match if now {
                tty.read_now(rest)
            } else {
                tty.read(rest)
            } {
                Ok(n) if n > 0 => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return (filled, false),
                // There never will be more.
                Ok(_) | Err(_) => self.open = false,
            }
        }
        (filled, self.open)
    }

    /// Types bytes; returns how many were taken, and fails with `WouldBlock` when none can be now.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.slot.tty.write(bytes)
    }

    /// The processes of this command that are alive now: the shell, and all below the supervisor.
    pub fn processes(supervisor: i32) -> Vec<i32> {
        tree::descendants(supervisor)
    }

    /// Ends everything: asks in this manner, and kills after the grace (at once when it is zero).
    pub async fn end(&mut self, manner: Manner, grace: Duration) {
        self.ended = true;
        let grace = u32::try_from(grace.as_millis()).unwrap_or(u32::MAX);
        let order = Order::End(manner, grace).encode();
        // When the supervisor has gone, the next event says so.
        self.slot.link.send(&order).await.ok();
    }
}
