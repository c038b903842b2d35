//! Commands: what a client starts, watches, types into and ends.
//!
//! [`Processes`] owns the table of commands. Each one is started on the sandbox, its output goes to
//! an output log, and a task that outlives the request sees it to its end. Nothing here knows HTTP.

mod account;
mod error;
pub mod escapes;
#[cfg(fuzzing)]
pub mod fuzz;
mod id;
mod log;
mod process;
mod processes;
mod table;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;

use crate::limits::Bounds;
use crate::workspace::Owner;

pub use account::{Spent, Struck};
pub use error::Error;
pub use log::Limits;
pub use processes::{Processes, Settings};

/// A command to start.
#[derive(Clone, Debug)]
pub struct Request {
    /// The line given to `/bin/sh -c`.
    pub command: String,
    /// The directory it starts in, absolute.
    pub cwd: PathBuf,
    /// Variables set on top of the inherited environment.
    pub env: Vec<(String, String)>,
    /// After this long the command is ended.
    pub timeout: Option<Duration>,
    /// What it may use, where that is less than the settings allow.
    pub limits: Option<Bounds>,
    /// Who may see it.
    pub owner: Owner,
}

/// Which output records a reader wants.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    /// Number of the first record wanted; records count from 0 and keep their number for ever.
    pub offset: u64,
    /// At most this many, the last ones.
    pub tail: Option<u64>,
    /// Bytes of text at most: of more, only the beginning and the end are given. None: no limit.
    pub max_bytes: Option<u64>,
}

/// Where a command is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The shell runs.
    Running,
    /// The shell ended by itself.
    Done,
    /// It was ended by a request, a timeout, or the server's own end.
    Killed,
    /// It ran when an earlier server ended; how it went is not known.
    Lost,
}

impl Status {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Killed => "killed",
            Self::Lost => "lost",
        }
    }
}

/// One line of the list of commands.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The command's id, such as `20260102-030405-a1b2c3`.
    pub id: String,
    /// As it was given.
    pub command: String,
    /// Where it is in its life.
    pub status: Status,
    /// Exit status, negative for a signal; none while it runs.
    pub exit_code: Option<i32>,
    /// Name of the signal that ended the shell, such as `SIGKILL`.
    pub signal: Option<&'static str>,
    /// The log on disk; none when it could not be made.
    pub log_path: Option<PathBuf>,
    /// Processes the shell left running, which DELETE still ends.
    pub survivors: Vec<i32>,
}

/// The answer to a question about one command.
#[derive(Debug)]
pub struct Report {
    /// What the list would show of it.
    pub summary: Summary,
    /// Why the log on disk is incomplete or missing, when it is.
    pub log_error: Option<String>,
    /// Whether the request's `timeout` ended it.
    pub timed_out: bool,
    /// What it has used so far; none when that is not known any more.
    pub usage: Option<Spent>,
    /// The limit that struck, if one did.
    pub limit: Option<Struck>,
    /// The output asked for.
    pub output: Output,
    /// Number of the next record to come: the `offset` to ask for next.
    pub next_offset: u64,
    /// Whether output that the window asked for is missing (cut by `tail` or `max_bytes`, or rotated away).
    pub truncated: bool,
}

/// Output records as the elements of a JSON array, `{"type":"output","data":"…"}` joined by commas.
///
/// Where a part is left out there is one `{"type":"omitted","bytes":N,"data":"…"}`, whose `data` says so.
#[derive(Debug)]
pub enum Output {
    /// All of it.
    Whole(Bytes),
    /// Pieces that arrive as they are read; together they are the whole.
    Stream(tokio::sync::mpsc::Receiver<std::io::Result<Bytes>>),
}

/// How a request to end a command went.
#[derive(Clone, Debug)]
pub struct Killed {
    /// Whether the command had ended before.
    pub already_ended: bool,
    /// What was sent, in order: `SIGTERM`, `SIGKILL`.
    pub signals: Vec<&'static str>,
    /// Processes that are still there (stuck in the kernel, or of another user).
    pub remaining: Vec<i32>,
}
