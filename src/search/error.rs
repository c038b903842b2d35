//! Why a search could not be made.

use std::io;
use std::path::{Path, PathBuf};

use crate::workspace::shown;

/// Why a search could not be made or went no further.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing at that path.
    #[error("there is nothing at {} to search in; check the path, or list the directory it should be in", shown(.0))]
    NotFound(PathBuf),
    /// A directory is meant, and what is there is none.
    #[error("{} is not a directory; name one to search in", shown(.0))]
    NotADirectory(PathBuf),
    /// Whether something is there cannot be seen.
    #[error("{} cannot be looked at: {problem}; a directory on the way to it is closed to the server's account", shown(.path))]
    OutOfReach {
        /// The path.
        path: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// The account of the server may not read it.
    #[error("{} may not be read: {problem}; nothing in it can be found", shown(.path))]
    Denied {
        /// The path.
        path: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// The pattern means nothing; the text says what is wrong and what would be right.
    #[error("{0}")]
    Pattern(String),
    /// The pattern takes too long on what it is looked for in.
    #[error("{0}")]
    TooHard(String),
    /// The caller has gone; nobody reads this.
    #[error("stopped")]
    Stopped,
}

impl Error {
    /// What a failed look at `path` means (stat(2)).
    pub fn at(path: &Path, problem: io::Error) -> Self {
        let path = path.to_owned();
        match problem.kind() {
            io::ErrorKind::PermissionDenied => Self::OutOfReach { path, problem },
            _ => Self::NotFound(path),
        }
    }

    /// What it means that `path`, which is there, was not opened.
    pub fn unopened(path: &Path, problem: io::Error) -> Self {
        let path = path.to_owned();
        match problem.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied { path, problem },
            _ => Self::NotFound(path),
        }
    }
}
