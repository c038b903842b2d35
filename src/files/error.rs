//! Why something could not be done with files.

use std::io;
use std::path::{Path, PathBuf};

use crate::documents;
use crate::workspace::{Unopened, shown};

/// Why something could not be done with a file or directory.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing at that path.
    #[error("there is nothing at {}; check the path, or list the directory it should be in", shown(.0))]
    NotFound(PathBuf),
    /// Whether something is there cannot be seen.
    #[error("{} cannot be looked at: {problem}; a directory on the way to it is closed to the server's account", shown(.path))]
    OutOfReach {
        /// The path.
        path: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// A directory is where a file is meant.
    #[error("{} is a directory, not a file; list it, or name a file in it", shown(.0))]
    IsDirectory(PathBuf),
    /// What is there is no directory.
    #[error("{} is not a directory", shown(.0))]
    NotADirectory(PathBuf),
    /// It has no contents that could be read or replaced.
    #[error("{} is {found}, not a regular file; only regular files are read and written here, use a command for others", shown(.path))]
    Special {
        /// The path.
        path: PathBuf,
        /// What it is, with its article.
        found: &'static str,
    },
    /// The account of the server may not look at it.
    #[error("{} may not be read: {problem}", shown(.path))]
    Denied {
        /// The path.
        path: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// The system refused what was to be done.
    #[error("{} could not be {done}: {problem}", shown(.path))]
    Refused {
        /// The path.
        path: PathBuf,
        /// What was to be done, as a participle: "written", "removed".
        done: &'static str,
        /// What the system said.
        problem: io::Error,
    },
    /// It cannot be done as asked; the text says why and what would be right.
    #[error("{0}")]
    Unfit(String),
    /// Something is there already.
    #[error("{} exists already; choose another name, or delete it first", shown(.0))]
    Exists(PathBuf),
    /// It is not what the caller takes it for.
    #[error("{} has changed: its content_hash is {}, not {expected}; read it again and decide anew", shown(.path), .current.as_deref().unwrap_or("none, for it does not exist"))]
    Changed {
        /// The path.
        path: PathBuf,
        /// The hash that the caller expected.
        expected: String,
        /// The hash it has now; none when there is no file.
        current: Option<String>,
    },
    /// No room is left.
    #[error("there is no room left for {}: {problem}; what was there is unchanged; delete something first", shown(.path))]
    Full {
        /// The path.
        path: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// It is no text, and of no kind that is handed out otherwise.
    #[error("{} is not text in UTF-8 but {media_type}; use a command to look into it", shown(.path))]
    NotText {
        /// The path.
        path: PathBuf,
        /// Its media type by its name.
        media_type: String,
    },
    /// It is a document whose text cannot be had.
    #[error("{} {problem}", shown(.path))]
    Document {
        /// The path.
        path: PathBuf,
        /// Why not.
        problem: documents::Error,
    },
    /// It is more than is taken at once.
    #[error("{0}")]
    TooLarge(String),
    /// The caller has gone; nobody reads this.
    #[error("stopped")]
    Stopped,
}

impl Error {
    /// What a failed look at `path` means.
    pub fn reading(path: &Path, problem: io::Error) -> Self {
        use io::ErrorKind as Kind;
        let path = path.to_owned();
        match problem.kind() {
            // A path through a file, or one that cannot be, names nothing.
            Kind::NotFound | Kind::NotADirectory | Kind::InvalidInput | Kind::InvalidFilename => {
                Self::NotFound(path)
            }
            Kind::PermissionDenied => Self::Denied { path, problem },
            _ => Self::Refused {
                path,
                done: "read",
                problem,
            },
        }
    }

    /// What it means that `path` could not even be looked at (stat(2)).
    pub fn looking(path: &Path, problem: io::Error) -> Self {
        if problem.kind() == io::ErrorKind::PermissionDenied {
            let path = path.to_owned();
            return Self::OutOfReach { path, problem };
        }
        Self::reading(path, problem)
    }

    /// Why the text of the document at `path` cannot be had.
    pub(super) fn document(path: &Path, problem: documents::Error) -> Self {
        match problem {
            documents::Error::Stopped => Self::Stopped,
            problem => Self::Document {
                path: path.to_owned(),
                problem,
            },
        }
    }

    /// What a failed change of `path` means; `done` is a participle, such as "written".
    pub fn changing(path: &Path, done: &'static str, problem: io::Error) -> Self {
        use io::ErrorKind as Kind;
        let path = path.to_owned();
        match problem.kind() {
            Kind::StorageFull | Kind::QuotaExceeded => Self::Full { path, problem },
            _ => Self::Refused {
                path,
                done,
                problem,
            },
        }
    }

    /// What it means that `path` was not opened for reading.
    pub fn unopened(path: &Path, why: Unopened) -> Self {
        match why {
            Unopened::Directory => Self::IsDirectory(path.to_owned()),
            Unopened::Special(found) => Self::Special {
                path: path.to_owned(),
                found,
            },
            Unopened::Unseen(problem) => Self::looking(path, problem),
            Unopened::Io(problem) => Self::reading(path, problem),
        }
    }
}
