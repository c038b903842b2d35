//! The output log: one JSON Lines file per command, the one source of truth for its output.
//!
//! Records are `start`, `output`, `end` and, first in a file that was cut, `log_rotated`. Output
//! records are numbered from 0 and keep their number when older ones go. A disk that fails ends the
//! file, not the command: the newest output is then kept in memory, and [`Excerpt::error`] says so.

mod budget;
#[cfg(fuzzing)]
pub(super) mod fuzz;
mod marks;
mod place;
mod plan;
mod reader;
mod records;
mod recover;
mod retention;
mod rotate;
mod state;
mod text;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

pub(super) use place::Place;
pub(super) use records::{End, Start};
pub(super) use recover::recover;
pub(super) use retention::sweep;
pub(super) use text::Decoder;

use super::{Output, Window};
use state::{State, Write};

/// What the settings say about logs.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one log before its older half goes.
    pub max_size: u64,
    /// Longest time output waits in memory for its write; zero: none, unless there is a buffer.
    pub flush_interval: Duration,
    /// Bytes that may wait in memory; zero: none, unless there is an interval.
    pub flush_buffer: u64,
}

/// What a window of a log holds.
#[derive(Debug)]
pub(super) struct Excerpt {
    /// The records; none when they could not be read.
    pub(super) output: Output,
    /// Why the file is missing or incomplete, or could not be read now.
    pub(super) error: Option<String>,
    /// Number of the next record to come.
    pub(super) next_offset: u64,
    /// Whether output was asked for and is not there: records before the ones given, or a part in the middle.
    pub(super) truncated: bool,
}

/// One command's log. Written by the command's task, read by anybody.
#[derive(Debug)]
pub(super) struct Log {
    place: Place,
    state: Mutex<State>,
}

impl Log {
    /// Writes the first record into a file just made ([`Place::create`]), or in memory when it could
    /// not be made. Blocks on the disk; never fails (see [`Excerpt::error`]).
    pub(super) fn create(
        place: Place,
        file: io::Result<File>,
        limits: Limits,
        start: &Start<'_>,
    ) -> Self {
        let (file, error) = match file {
            Ok(file) => (Some(file), None),
            Err(error) => (None, Some(error)),
        };
        let log = Self {
            place,
            state: Mutex::new(State::new(limits, file, start.line())),
        };
        match error {
            Some(error) => log.leave_disk(&error),
            None => log.flush(),
        }
        log
    }

    /// The state; never locked while the disk is waited for, because readers lock it too.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends output. Blocks on the disk.
    pub(super) fn append(&self, text: &str) {
        let due = self.state().append(text);
        if due {
            self.flush();
        }
    }

    /// Appends the record of the shell's end and writes out what waited. Blocks on the disk.
    pub(super) fn end(&self, end: &End<'_>) {
        let line = end.line(self.state().rotated());
        self.state().append_line(&line);
        self.flush();
    }

    /// Writes out what waits in memory. Blocks on the disk.
    pub(super) fn flush(&self) {
        let write = self.state().next_write();
        let Some(Write {
            file,
            lines,
            position,
        }) = write
        else {
            return;
        };
        match file.write_all_at(&lines, position) {
            Ok(()) => self.state().wrote(),
            Err(error) => self.leave_disk(&error),
        }
    }

    /// Leaves the file at its last whole record, and goes on in memory with its newest part.
    fn leave_disk(&self, error: &io::Error) {
        let old = self.state().leave_disk(error);
        let kept = old.and_then(|old| {
            old.trim();
            old.run(&self.place).ok()
        });
        match kept {
            Some(kept) => {
                self.state().go_on_in(kept);
                self.flush();
            }
            // Memory itself is short.
            None => self.state().forget(),
        }
    }

    /// Whether output waits in memory for a flush.
    pub(super) fn waits(&self) -> bool {
        self.state().waits()
    }

    /// When what waits in memory now is to be written; never, when only its size decides.
    pub(super) fn flush_due(&self) -> Option<Instant> {
        self.state().flush_due()
    }

    /// Whether the file has outgrown its limit: then [`Self::rotate`] is due.
    pub(super) fn is_full(&self) -> bool {
        self.state().is_full()
    }

    /// Cuts the older half off. Blocks on the disk for as long as copying the newer half takes;
    /// readers go on meanwhile. To be called by the writer alone.
    pub(super) fn rotate(&self) {
        self.flush();
        let rotation = self.state().rotation();
        match rotation.run(&self.place) {
            Ok(cut) => self.state().go_on_in(cut),
            Err(error) => self.leave_disk(&error),
        }
    }

    /// Closes the file, which readers then open again when they need it.
    pub(super) fn close(&self) {
        self.flush();
        self.state().close();
    }

    /// The file; none when it could not be made.
    pub(super) fn path(&self) -> Option<PathBuf> {
        self.state().has_file().then(|| self.place.path())
    }

    /// The records of a window: small ones at once, large ones as a stream. Does not block.
    pub(super) async fn read(&self, window: Window) -> Excerpt {
        let plan = self.state().plan(window);
        let (next_offset, truncated) = (plan.next_offset, plan.truncated);
        let ((output, cut), unread) = match reader::read(plan, &self.place).await {
            Ok(read) => (read, None),
            Err(error) => (
                (Output::Whole(Bytes::new()), false),
                Some(format!("the log on disk cannot be read: {error}")),
            ),
        };
        let error = self.state().error().or(unread);
        Excerpt {
            output,
            error,
            next_offset,
            truncated: truncated || cut,
        }
    }
}

/// Why no log can be written in this directory, if so: it is made if need be, and a file is tried.
pub(super) fn problem(directory: &Path) -> Option<String> {
    place::problem(directory)
}
