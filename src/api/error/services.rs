//! The services' errors as clients see them: which status each has, and what of it is shown.

use super::Error;
use crate::{documents, exec, files, notebooks, ports, search, skills, terminal, workspace};

impl From<exec::Error> for Error {
    fn from(error: exec::Error) -> Self {
        let shown = error.to_string();
        match error {
            exec::Error::NotFound { .. } => Self::NotFound(shown),
            exec::Error::Ended { .. } | exec::Error::Cwd { .. } | exec::Error::Command { .. } => {
                Self::BadRequest(shown)
            }
            exec::Error::Closed { .. } => Self::Refused(shown),
            exec::Error::InputStuck { .. } => Self::Conflict(shown),
            exec::Error::NoPty { .. } => Self::Unavailable {
                shown: "no pseudo-terminal is free: end commands that are no longer needed, or have the setting max_processes (or the system's kernel.pty.max and its limit on open files) raised",
                inner: shown,
            },
            exec::Error::Start { .. } => Self::Unavailable {
                shown: "the command could not be started; the server's log says why; try again later",
                inner: shown,
            },
            exec::Error::ShuttingDown => Self::Unavailable {
                shown: "the server is shutting down and starts nothing new; try again in a moment",
                inner: shown,
            },
        }
    }
}

impl From<terminal::Error> for Error {
    fn from(error: terminal::Error) -> Self {
        let shown = error.to_string();
        match error {
            terminal::Error::NotFound { .. } | terminal::Error::NoneConnected => {
                Self::NotFound(shown)
            }
            terminal::Error::Taken { .. } | terminal::Error::InputFull { .. } => {
                Self::Conflict(shown)
            }
            terminal::Error::TooMany { .. } => Self::TooMany(shown),
            terminal::Error::NoPty { .. } => Self::Unavailable {
                shown: "no pseudo-terminal is free: end terminals and commands that are no longer needed, or have the setting max_processes (or the system's kernel.pty.max and its limit on open files) raised",
                inner: shown,
            },
            terminal::Error::Start { .. } => Self::Unavailable {
                shown: "the terminal's shell could not be started; the server's log says why; try again later",
                inner: shown,
            },
            terminal::Error::ShuttingDown => Self::Unavailable {
                shown: "the server is shutting down and opens no more terminals; try again in a moment",
                inner: shown,
            },
        }
    }
}

impl From<notebooks::Error> for Error {
    fn from(error: notebooks::Error) -> Self {
        use notebooks::Error as Why;
        let shown = error.to_string();
        match error {
            Why::NotFound { .. } | Why::NoFile(_) => Self::NotFound(shown),
            Why::Unreadable { .. } => Self::Refused(shown),
            Why::Invalid { .. } | Why::NoCell { .. } => Self::BadRequest(shown),
            Why::Busy { .. } | Why::Dead { .. } => Self::Conflict(shown),
            Why::TooMany { .. } => Self::TooMany(shown),
            Why::BadKernel { .. } => Self::Unprocessable(shown),
            // The Python server's status for a kernel that cannot be started.
            Why::NoKernel { .. } | Why::NotStarted { .. } => Self::Failed(shown),
            Why::NoPty { .. } => Self::Unavailable {
                shown: "no pseudo-terminal is free for a kernel: end commands and terminals that are no longer needed, or have the setting max_processes raised",
                inner: shown,
            },
            Why::Start { .. } => Self::Unavailable {
                shown: "the kernel's process could not be started; the server's log says why; try again later",
                inner: shown,
            },
            Why::ShuttingDown => Self::Unavailable {
                shown: "the server is shutting down and opens no more notebooks; try again in a moment",
                inner: shown,
            },
        }
    }
}

impl Error {
    /// What it means to clients that a file or directory was not changed: all that stands in the way is a matter of
    /// the request.
    pub(in crate::api) fn of_change(error: files::Error) -> Self {
        let shown = error.to_string();
        match error {
            files::Error::IsDirectory(_)
            | files::Error::NotADirectory(_)
            | files::Error::Denied { .. } => Self::BadRequest(shown),
            other => other.into(),
        }
    }
}

impl From<files::Error> for Error {
    fn from(error: files::Error) -> Self {
        let shown = error.to_string();
        match error {
            files::Error::NotFound(_)
            | files::Error::OutOfReach { .. }
            | files::Error::IsDirectory(_)
            | files::Error::NotADirectory(_) => Self::NotFound(shown),
            files::Error::Denied { .. } => Self::Refused(shown),
            files::Error::Special { .. }
            | files::Error::Refused { .. }
            | files::Error::Unfit(_)
            | files::Error::Stopped => Self::BadRequest(shown),
            files::Error::Exists(_) => Self::Conflict(shown),
            files::Error::Changed { current, .. } => Self::Outdated {
                shown,
                member: "content_hash",
                value: current.into(),
            },
            files::Error::Full { .. } => Self::Full(shown),
            files::Error::NotText { .. } => Self::Unsupported(shown),
            files::Error::Document {
                problem: documents::Error::Io(_),
                ..
            } => Self::Unavailable {
                shown: "the document's reader could not be started or could not do its work; the server's log says why; try again later",
                inner: shown,
            },
            files::Error::Document { .. } => Self::Unprocessable(shown),
            files::Error::TooLarge(_) => Self::TooLarge(shown),
        }
    }
}

impl From<files::UploadError> for Error {
    fn from(error: files::UploadError) -> Self {
        let shown = error.to_string();
        match error {
            files::UploadError::Offset { have, .. } => Self::Outdated {
                shown,
                member: "offset",
                value: have.into(),
            },
            files::UploadError::Busy => Self::Conflict(shown),
            files::UploadError::Id(_) | files::UploadError::TooLong { .. } => {
                Self::BadRequest(shown)
            }
            files::UploadError::File(error) => Self::of_change(error),
        }
    }
}

impl From<files::CompareError> for Error {
    fn from(error: files::CompareError) -> Self {
        use files::CompareError as Why;
        match error {
            Why::File(files::Error::Denied { .. })
            | Why::TooLarge(_)
            | Why::TooLong(_)
            | Why::TooManyLines(_)
            | Why::NotText(_)
            | Why::Control(_)
            | Why::Incomplete { .. } => Self::Unprocessable(error.to_string()),
            Why::File(error) => error.into(),
        }
    }
}

impl From<ports::Error> for Error {
    fn from(error: ports::Error) -> Self {
        let shown = error.to_string();
        match error {
            ports::Error::NotFound { .. } => Self::NotFound(shown),
            ports::Error::Request { .. } => Self::BadRequest(shown),
            ports::Error::Exhausted { .. } => Self::Unavailable {
                shown: "the server has no connection left for this: too many are open; try again in a moment",
                inner: shown,
            },
            ports::Error::Elsewhere { .. }
            | ports::Error::Namespace { .. }
            | ports::Error::Connect { .. }
            | ports::Error::Answer { .. } => Self::BadGateway(shown),
            ports::Error::Scan { .. } => Self::Internal(shown),
        }
    }
}

impl From<search::Error> for Error {
    fn from(error: search::Error) -> Self {
        let shown = error.to_string();
        match error {
            search::Error::NotFound(_)
            | search::Error::OutOfReach { .. }
            | search::Error::NotADirectory(_) => Self::NotFound(shown),
            search::Error::Denied { .. } => Self::Refused(shown),
            search::Error::Pattern(_) | search::Error::TooHard(_) | search::Error::Stopped => {
                Self::BadRequest(shown)
            }
        }
    }
}

impl From<skills::Error> for Error {
    fn from(error: skills::Error) -> Self {
        let shown = error.to_string();
        match error {
            skills::Error::NotFound(_) => Self::NotFound(shown),
            skills::Error::TooLarge(_) => Self::TooLarge(shown),
            skills::Error::Unreadable { .. } => Self::Refused(shown),
            skills::Error::Stopped => Self::BadRequest(shown),
        }
    }
}

impl Error {
    /// What clients of the Python server read where a path is in the home of another user: not everywhere the same.
    pub(in crate::api) fn of_place(error: workspace::Error, foreign: fn(String) -> Self) -> Self {
        match error {
            workspace::Error::Foreign { .. } => foreign(error.to_string()),
            other => other.into(),
        }
    }
}

impl From<workspace::Error> for Error {
    fn from(error: workspace::Error) -> Self {
        let shown = error.to_string();
        match error {
            workspace::Error::NoDirectory(_) => Self::NotFound(shown),
            workspace::Error::Unusable { .. } => Self::BadRequest(shown),
            workspace::Error::Foreign { .. } => Self::Refused(shown),
        }
    }
}
