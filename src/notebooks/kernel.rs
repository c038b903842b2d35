//! A kernel: a process on the sandbox, and the three channels over which it is spoken to.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout, timeout_at};

use super::Error;
use super::channels::{Channels, open};
use super::connection::Connection;
use super::message::{Message, Signer, hex};
use super::spec::Spec;
use super::tail::Tail;
use super::zmtp::Incoming;
use crate::config::Environment;
use crate::sandbox::{Event, Exit, Happening, Launch, Manner, Pool, Running, signal_name};

/// How long a kernel may take to be ready.
const START: Duration = Duration::from_mins(1);
/// How long a kernel that was asked to end may take before it gets SIGTERM.
const FAREWELL: Duration = Duration::from_millis(700);
/// Bytes read from the kernel's terminal at a time.
const PAGE: usize = 4096;
/// How many such pages are read after the kernel's end: more than a terminal holds.
const LAST_PAGES: usize = 64;

/// Where kernels run.
#[derive(Clone)]
pub(super) struct Ground {
    pub(super) pool: Pool,
    /// The runtime of the commands, to which the pool belongs.
    pub(super) runtime: Handle,
    pub(super) environment: Environment,
    /// Where kernels start.
    pub(super) home: PathBuf,
    /// Time between SIGTERM and SIGKILL.
    pub(super) grace: Duration,
}

/// One kernel.
pub(super) struct Kernel {
    running: Running,
    channels: Channels,
    signer: Signer,
    tail: Tail,
    interrupt_by_message: bool,
    /// When it is given up, once a channel is broken.
    pub(super) given_up_at: Option<Instant>,
    /// Whether nothing more is published.
    deaf: bool,
    /// It goes when the kernel does.
    _connection: Connection,
}

/// What comes from a kernel.
#[derive(Debug)]
pub(super) enum News {
    /// A reply to a request.
    Reply(Message),
    /// Something published.
    Published(Message),
    /// Something published that was too large to be taken.
    Lost,
    /// It has ended; why, in words.
    Died(String),
    /// Nothing of interest.
    Nothing,
}

impl Kernel {
    /// Starts a kernel and waits until it is ready. Dropped half-way, it ends.
    pub(super) async fn start(ground: &Ground, spec: &Spec) -> Result<Self, Error> {
        let connection = {
            let (environment, unix_sockets) = (ground.environment.clone(), spec.unix_sockets);
            let made = spawn_blocking(move || Connection::make(&environment, unix_sockets)).await;
            let made = made.unwrap_or_else(|error| Err(io::Error::other(error)));
            made.map_err(|error| Error::Start {
                problem: format!("no directory for its sockets can be made: {error}"),
            })?
        };
        let mut running = launch(ground, spec, &connection.file()).await?;
        let mut tail = Tail::default();
        let session = hex(&connection.key.as_bytes()[..8]);
        let mut signer = Signer::new(&connection.key, session);
        let channels = {
            let open = timeout(START, open(&connection, &mut signer));
            tokio::pin!(open);
            loop {
                tokio::select! {
                    opened = &mut open => break opened.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
                    happening = running.next(true, false) => {
                        if let Some(words) = notice(&mut running, &mut tail, happening) {
                            return Err(not_started(spec, words + &tail.words()));
                        }
                    }
                }
            }
        };
        let channels = match channels {
            Ok(channels) => channels,
            Err(problem) => {
                // It may be about to end, and says then why.
                let words = match timeout(FAREWELL, end_of(&mut running, &mut tail)).await {
                    Ok(words) => words,
                    Err(_) => format!("it does not answer ({problem})"),
                };
                return Err(not_started(spec, words + &tail.words()));
            }
        };
        Ok(Self {
            running,
            channels,
            signer,
            tail,
            interrupt_by_message: spec.interrupt_by_message,
            given_up_at: None,
            deaf: false,
            _connection: connection,
        })
    }

    /// Waits for what comes next. Loses nothing when dropped half-way.
    pub(super) async fn next(&mut self) -> News {
        let heard = self.given_up_at.is_none();
        let Channels {
            shell,
            iopub,
            control,
        } = &mut self.channels;
        let (incoming, published) = tokio::select! {
            happening = self.running.next(true, false) => {
                let died = notice(&mut self.running, &mut self.tail, happening);
                return died.map_or(News::Nothing, |words| News::Died(words + &self.tail.words()));
            }
            incoming = iopub.receive(), if !self.deaf => (incoming, true),
            incoming = shell.receive(), if heard => (incoming, false),
            incoming = control.receive(), if heard => (incoming, false),
        };
        match incoming {
            Ok(Incoming::Message(frames)) => match self.signer.read(&frames) {
                Some(message) if published => News::Published(message),
                Some(message) => News::Reply(message),
                None => News::Nothing,
            },
            Ok(Incoming::TooLarge) if published => News::Lost,
            // That the reply never comes is noticed when the kernel says that it is done.
            Ok(Incoming::TooLarge) => News::Nothing,
            Err(_) => {
                self.deaf |= published;
                self.given_up_at
                    .get_or_insert_with(|| Instant::now() + FAREWELL);
                News::Nothing
            }
        }
    }

    /// Waits for what it had published when it ended; none when that was all.
    pub(super) async fn last_words(&mut self, until: Instant) -> Option<Message> {
        // What is there at once is had however late it is, and a child that it has left may publish for ever.
        while !self.deaf && Instant::now() < until {
            match timeout_at(until, self.channels.iopub.receive()).await {
                Ok(Ok(Incoming::Message(frames))) => {
                    if let Some(message) = self.signer.read(&frames) {
                        return Some(message);
                    }
                }
                Ok(Ok(Incoming::TooLarge)) => {}
                Ok(Err(_)) | Err(_) => self.deaf = true,
            }
        }
        None
    }

    /// Asks for code to be executed; gives the request's id.
    pub(super) async fn execute(&mut self, code: &str) -> io::Result<String> {
        let content = json!({
            "code": code,
            "silent": false,
            "store_history": true,
            "user_expressions": {},
            "allow_stdin": false,
            "stop_on_error": true,
        });
        let (id, frames) = self.signer.request("execute_request", &content);
        let sent = self.channels.shell.send(&frames).await;
        self.give_up_unless(sent)?;
        Ok(id)
    }

    /// Interrupts what it executes.
    pub(super) async fn interrupt(&mut self) {
        if self.interrupt_by_message {
            let (_, frames) = self.signer.request("interrupt_request", &json!({}));
            let sent = self.channels.control.send(&frames).await;
            self.give_up_unless(sent).ok();
            return;
        }
        // The group of what it started in the foreground is its own, as at a terminal.
        killpg(Pid::from_raw(self.running.shell()), Signal::SIGINT).ok();
    }

    /// Gives it up when something was not sent: half a request may be on its way, and nothing can follow that.
    fn give_up_unless(&mut self, sent: io::Result<()>) -> io::Result<()> {
        if sent.is_err() {
            self.given_up_at = Some(Instant::now());
        }
        sent
    }

    /// Ends it and all it started: `kindly`, so that it can put things in order, or by signals at once.
    pub(super) async fn end(mut self, ground: &Ground, kindly: bool) {
        if kindly && self.given_up_at.is_none() {
            let (_, frames) = self
                .signer
                .request("shutdown_request", &json!({"restart": false}));
            let ended = async {
                self.channels.control.send(&frames).await.ok();
                while !matches!(self.next().await, News::Died(_)) {}
            };
            timeout(FAREWELL, ended).await.ok();
        }
        self.running.end(Manner::Terminate, ground.grace).await;
        let mut page = [0; PAGE];
        loop {
            match self.running.next(true, false).await {
                Happening::Event(Event::Gone(_) | Event::Lost) => break,
                Happening::Event(_) => {}
                Happening::Readable | Happening::Writable => {
                    self.running.fill(&mut page, false);
                    tokio::task::yield_now().await;
                }
            }
        }
        let _runtime = ground.runtime.enter();
        ground.pool.take_back(self.running);
    }
}

/// Starts the process.
async fn launch(ground: &Ground, spec: &Spec, file: &Path) -> Result<Running, Error> {
    let refused = |error: crate::sandbox::Error| Error::of_start(&spec.name, &error);
    let file = file.to_string_lossy();
    let arguments: Vec<String> = spec
        .arguments
        .iter()
        .map(|word| word.replace("{connection_file}", &file))
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let launch = Launch::program(&spec.program, &arguments, &ground.home, &spec.environment);
    let launch = launch.map_err(|_| Error::BadKernel {
        name: spec.name.clone(),
        problem: "its \"argv\" or \"env\" holds a NUL byte".to_owned(),
    })?;
    // What the kernel started goes before the kernel itself, which holds the variables.
    // Nobody answers what it asks for, so it finds the end of its input at once.
    let launch = launch.in_parts().without_input();
    let begun = {
        let _runtime = ground.runtime.enter();
        ground.pool.begin(launch).map_err(refused)?
    };
    let started = ground.runtime.spawn(begun.finish()).await;
    let started = started.map_err(|error| Error::Start {
        problem: error.to_string(),
    })?;
    let running = started.map_err(refused)?;
    running.move_here().map_err(|error| Error::NoPty {
        problem: error.to_string(),
    })
}

/// Waits for its end; gives it in words.
async fn end_of(running: &mut Running, tail: &mut Tail) -> String {
    loop {
        let happening = running.next(true, false).await;
        if let Some(words) = notice(running, tail, happening) {
            return words;
        }
    }
}

/// Takes note of what has become of the process; when it has ended, why, in words.
fn notice(running: &mut Running, tail: &mut Tail, happening: Happening) -> Option<String> {
    let mut page = [0; PAGE];
    match happening {
        Happening::Readable | Happening::Writable => {
            let (filled, _) = running.fill(&mut page, false);
            tail.push(&page[..filled]);
            None
        }
        Happening::Event(Event::Exited(exit, ..)) => {
            // What it left running may print for ever.
            for _ in 0..LAST_PAGES {
                let (filled, more) = running.fill(&mut page, true);
                tail.push(&page[..filled]);
                if !more {
                    break;
                }
            }
            Some(why(running, exit))
        }
        Happening::Event(Event::Gone(_) | Event::Lost) => {
            Some(why(running, Exit::Signal(Signal::SIGKILL as i32)))
        }
        Happening::Event(Event::Sent(_) | Event::Stuck) => None,
    }
}

fn why(running: &Running, exit: Exit) -> String {
    let leaf = running.leaf();
    let limit = leaf.strike().and_then(|strike| leaf.why_killed(&strike));
    match (exit, limit) {
        (Exit::Signal(signal), Some(limit)) if signal == Signal::SIGKILL as i32 => {
            format!("the kernel was killed: {limit}")
        }
        (Exit::Signal(signal), _) => format!("the kernel was ended by {}", signal_name(signal)),
        (Exit::Code(code), _) => format!("the kernel ended by itself, with status {code}"),
    }
}

fn not_started(spec: &Spec, problem: String) -> Error {
    let advice = if problem.contains("No module named ipykernel") {
        " (install it with: pip install ipykernel)"
    } else {
        ""
    };
    Error::NotStarted {
        name: spec.name.clone(),
        problem: problem + advice,
    }
}
