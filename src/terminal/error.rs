//! Why something about a terminal cannot be done.

use crate::sandbox;

/// An error of [`Terminals`](super::Terminals). The texts are for clients.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller has no such terminal (any more).
    #[error(
        "there is no terminal {id} here: it was closed, or is of another user or chat; make one with POST /api/terminals"
    )]
    NotFound {
        /// As asked for.
        id: String,
    },
    /// With `terminal_exclusive`: a client is attached already.
    #[error("another client is attached to the terminal {id}; it must leave first")]
    Taken {
        /// As asked for.
        id: String,
    },
    /// All terminals there may be are in use.
    #[error(
        "all {most} terminals are in use; close one (DELETE /api/terminals/ID) or raise max_terminal_sessions"
    )]
    TooMany {
        /// How many there may be.
        most: usize,
    },
    /// The caller has no terminal a person is, or was, connected to.
    #[error(
        "the user has no terminal open in this chat; ask the user to open one, or run commands with run_command"
    )]
    NoneConnected,
    /// The program in the terminal does not read what is typed.
    #[error(
        "the program in the terminal does not read its input: {waiting} bytes wait for it and nothing more was typed; read the terminal to see what runs there"
    )]
    InputFull {
        /// Bytes that wait.
        waiting: usize,
    },
    /// No PTY can be had.
    #[error("no pseudo-terminal for a terminal: {problem}")]
    NoPty {
        /// Why.
        problem: String,
    },
    /// The shell could not be started.
    #[error("the shell could not be started: {problem}")]
    Start {
        /// Why.
        problem: String,
    },
    /// The server ends.
    #[error("the server is shutting down")]
    ShuttingDown,
}

impl Error {
    /// Why a shell did not start.
    pub(super) fn of_start(error: &sandbox::Error) -> Self {
        let problem = error.to_string();
        match error {
            sandbox::Error::Full(_) | sandbox::Error::NoPty(_) => Self::NoPty { problem },
            sandbox::Error::NoSpawner(_)
            | sandbox::Error::NoLeaf(_)
            | sandbox::Error::Busy
            | sandbox::Error::Failed(_) => Self::Start { problem },
        }
    }
}
