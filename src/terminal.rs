//! Terminals: interactive shells that outlive the connections to them.
//!
//! [`Terminals`] owns the table. Each terminal is a shell on a PTY with a task of its own (`pump`) that
//! moves output into a ring; clients [attach](Terminals::attach) and read the ring at their own
//! place, so that one who lags keeps nobody else back. Nothing here knows HTTP.

mod attachment;
mod error;
mod pump;
mod ring;
mod screen;
mod session;
mod shell;
mod table;
mod terminals;

use bytes::Bytes;
use jiff::Timestamp;

pub use attachment::Attachment;
pub use error::Error;
pub use shell::Shell;
pub use terminals::{Settings, Terminals};

/// The size of a terminal's window, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

/// What the list shows of a terminal.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Its id: eight hexadecimal digits.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The shell's pid.
    pub pid: i32,
    /// How many clients are attached.
    pub attached: usize,
    /// The window.
    pub size: Size,
    /// Bytes of output so far: where its stream is now.
    pub offset: u64,
}

/// How a client attaches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request {
    /// Whether it only looks on: what it types, resizes or signals is ignored.
    pub view: bool,
    /// Go on from this byte of the stream; none for a repaint of the screen.
    pub since: Option<u64>,
}

/// What a client that attaches gets first.
#[derive(Debug)]
pub struct Replay {
    /// Escape sequences and text that bring a terminal emulator to the present screen; none when the
    /// stream itself goes on from where the client asked, or from its very beginning.
    pub repaint: Option<Bytes>,
    /// Where in the stream the bytes after it begin.
    pub offset: u64,
}

/// How a shell ended: as `/execute` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Exit status, negative for a signal.
    pub code: i32,
    /// Name of the signal that ended it, such as `SIGKILL`.
    pub signal: Option<&'static str>,
}

/// Why an attachment is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The shell has ended.
    Exited(Exit),
    /// The shell was ended because the server ends.
    ShutDown(Exit),
    /// The client fell too far behind the output.
    Behind,
}

/// What an attached client is to be sent next.
#[derive(Debug)]
pub enum Next {
    /// Output.
    Output(Bytes),
    /// Nothing for now: wait for [`Attachment::changed`].
    Nothing,
    /// Nothing more: why.
    End(End),
}

/// Signals that a client may send to what runs in the foreground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT
    Int,
    /// SIGTERM
    Term,
    /// SIGKILL
    Kill,
    /// SIGHUP
    Hup,
    /// SIGQUIT
    Quit,
}
