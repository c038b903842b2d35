//! Why something about a notebook cannot be done.

use std::path::PathBuf;

use crate::sandbox;
use crate::workspace::shown;

/// An error of [`Notebooks`](super::Notebooks). The texts are for clients.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller has no such notebook open (any more).
    #[error(
        "there is no open notebook {id} here: it was closed, was idle for too long, or is another user's; open one with POST /notebooks"
    )]
    NotFound {
        /// As asked for.
        id: String,
    },
    /// There is no such file.
    #[error("there is no notebook file {}; give the path of an .ipynb file", shown(.0))]
    NoFile(PathBuf),
    /// The file cannot be read.
    #[error("the notebook {} cannot be read: {problem}", shown(.path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// The file is not a notebook.
    #[error("{} is not a notebook that can be run: {problem}", shown(.path))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// There is no such cell.
    #[error("there is no cell {index}: the notebook has {count} cells, counted from 0")]
    NoCell {
        /// As asked for.
        index: i64,
        /// How many there are.
        count: usize,
    },
    /// A cell runs already.
    #[error(
        "a cell of this notebook is running; wait for it, or stop it with POST /notebooks/{id}/interrupt (or restart)"
    )]
    Busy {
        /// The notebook.
        id: String,
    },
    /// There are as many open as there may be.
    #[error(
        "{most} notebooks are open, as many as there may be; close one (DELETE /notebooks/ID) or raise max_notebooks"
    )]
    TooMany {
        /// How many there may be.
        most: usize,
    },
    /// No kernel has that name.
    #[error(
        "there is no kernel named {name:?} on this machine; {known}. Install it (for Python: pip install ipykernel), or name another in the notebook's metadata.kernelspec.name"
    )]
    NoKernel {
        /// As the notebook names it.
        name: String,
        /// Which there are, in words.
        known: String,
    },
    /// A kernel's description cannot be used.
    #[error("the kernel {name:?} cannot be started: {problem}")]
    BadKernel {
        /// The kernel.
        name: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The kernel ended, or said nothing, before it was ready.
    #[error("the kernel {name:?} did not start: {problem}")]
    NotStarted {
        /// The kernel.
        name: String,
        /// How it ended, and what it printed.
        problem: String,
    },
    /// The kernel takes no orders: it is dead.
    #[error("the kernel is dead; start it anew with POST /notebooks/{id}/restart")]
    Dead {
        /// The notebook.
        id: String,
    },
    /// No PTY can be had.
    #[error("no pseudo-terminal for a kernel: {problem}")]
    NoPty {
        /// Why.
        problem: String,
    },
    /// The kernel's process could not be made.
    #[error("the kernel's process could not be started: {problem}")]
    Start {
        /// Why.
        problem: String,
    },
    /// The server ends.
    #[error("the server is shutting down")]
    ShuttingDown,
}

impl Error {
    /// Why a kernel's process was not made.
    pub(super) fn of_start(name: &str, error: &sandbox::Error) -> Self {
        let problem = error.to_string();
        match error {
            sandbox::Error::Failed(failure) if failure.problem == sandbox::Problem::Shell => {
                Self::BadKernel {
                    name: name.to_owned(),
                    problem: format!(
                        "its program cannot be executed ({}); reinstall the kernel",
                        failure.errno.desc()
                    ),
                }
            }
            sandbox::Error::Full(_) | sandbox::Error::NoPty(_) => Self::NoPty { problem },
            sandbox::Error::NoSpawner(_)
            | sandbox::Error::NoLeaf(_)
            | sandbox::Error::Busy
            | sandbox::Error::Failed(_) => Self::Start { problem },
        }
    }
}
