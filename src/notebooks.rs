//! Notebooks: `.ipynb` files whose cells are run by a Jupyter kernel and saved in place.
//!
//! [`Notebooks`] owns the table. Each open notebook has a kernel, which is a process on the sandbox, and a task
//! (`pump`) that speaks with it over `ZeroMQ` (`zmtp`) in Jupyter's protocol (`message`). The file is the one
//! source of truth: it is read when a cell is run and read again before its outputs are put into it. Nothing
//! here knows HTTP.

mod answer;
mod channels;
mod connection;
mod document;
mod error;
mod execution;
mod file;
mod kernel;
mod layout;
mod members;
mod message;
mod output;
mod pump;
mod run;
mod saving;
mod session;
mod sessions;
mod spec;
mod tail;
mod telling;
mod version3;
mod zmtp;

use std::path::PathBuf;

pub use answer::Answer;
pub use error::Error;
pub use output::{Output, Piece};
pub use run::{Ask, Listener};
pub use sessions::{Notebooks, Settings};
pub use telling::{Pieces, Teller, telling};

/// How an open notebook is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It waits for cells.
    Ready,
    /// A cell is running.
    Busy,
    /// Its kernel has ended.
    Dead,
}

/// What is told of an open notebook.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Its id: twelve hexadecimal digits.
    pub id: String,
    /// The file.
    pub path: PathBuf,
    /// The kernel's name.
    pub kernel: String,
    /// How it is.
    pub status: Status,
}
