//! A log while it is written: the file, what waits for it, and where which record is.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use tokio::time::Instant;

use super::reader::Plan;
use super::rotate::{self, Rotation};
use super::{Limits, Window, records, text};

/// Text of one output record at most, in bytes: about what one read of a terminal gives.
const RECORD: usize = 4096;
/// A record's place is noted whenever this many bytes of log have come since the last note.
const STRIDE: u64 = 64 * 1024;
/// What is kept of a command's output when the disk fails.
const IN_MEMORY: u64 = 256 * 1024;
/// Output that waits for a flush by time alone is written anyway past this.
const WAITING: u64 = 1024 * 1024;

/// Where a record begins in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Its number.
    pub(super) record: u64,
    /// Its first byte.
    pub(super) position: u64,
}

#[derive(Debug)]
pub(super) struct State {
    limits: Limits,
    file: Option<Arc<File>>,
    /// Bytes in the file.
    written: u64,
    /// Lines that wait to be written.
    waiting: Vec<u8>,
    /// Number of the first record that is still there.
    first: u64,
    /// Records so far, those gone included.
    count: u64,
    marks: Vec<Mark>,
    /// The `start` line, which a rotated log keeps.
    start: Box<[u8]>,
    /// Whether there is a file on disk at all.
    on_disk: bool,
    /// Why the file on disk is not complete; output then goes to memory.
    error: Option<Box<str>>,
}

impl State {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            file: None,
            written: 0,
            waiting: Vec::new(),
            first: 0,
            count: 0,
            marks: Vec::new(),
            start: Box::default(),
            on_disk: false,
            error: None,
        }
    }

    /// A finished log found on disk.
    pub(super) fn found(
        limits: Limits,
        file: File,
        written: u64,
        numbers: (u64, u64),
        marks: Vec<Mark>,
    ) -> Self {
        let (first, count) = numbers;
        Self {
            file: Some(Arc::new(file)),
            written,
            first,
            count,
            marks,
            on_disk: true,
            ..Self::new(limits)
        }
    }

    pub(super) fn open(&mut self, file: io::Result<File>, start: Vec<u8>) {
        self.start = start.into_boxed_slice();
        match file {
            Ok(file) => {
                self.file = Some(Arc::new(file));
                self.on_disk = true;
            }
            Err(error) => self.fall_back(&error),
        }
        let line = self.start.clone();
        self.append_line(&line);
    }

    pub(super) fn rotated(&self) -> bool {
        self.first > 0
    }

    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn flush_due(&self) -> Option<Instant> {
        let interval = self.limits.flush_interval;
        (!interval.is_zero()).then(|| Instant::now() + interval)
    }

    pub(super) fn error(&self) -> Option<String> {
        self.error.as_deref().map(str::to_owned)
    }

    pub(super) fn has_file(&self) -> bool {
        self.on_disk
    }

    /// The size at which a log is cut: less when it is in memory.
    fn limit(&self) -> u64 {
        if self.error.is_some() {
            self.limits.max_size.min(IN_MEMORY)
        } else {
            self.limits.max_size
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.written > self.limit()
    }

    pub(super) fn append(&mut self, text: &str) {
        let most = RECORD.min(usize::try_from(self.limits.max_size / 4).unwrap_or(RECORD));
        for piece in text::pieces(text, most) {
            let position = self.written + self.waiting.len() as u64;
            let last = self.marks.last().map_or(0, |mark| mark.position);
            if position >= last + STRIDE {
                self.marks.push(Mark {
                    record: self.count,
                    position,
                });
            }
            records::push_output(&mut self.waiting, piece);
            self.count += 1;
        }
        self.flush_if_due();
    }

    pub(super) fn append_line(&mut self, line: &[u8]) {
        self.waiting.extend_from_slice(line);
        self.flush_if_due();
    }

    fn flush_if_due(&mut self) {
        let Limits {
            flush_interval,
            flush_buffer,
            ..
        } = self.limits;
        let most = if flush_buffer > 0 {
            flush_buffer
        } else if flush_interval.is_zero() {
            0
        } else {
            WAITING
        };
        if self.waiting.len() as u64 > most.min(WAITING) || most == 0 {
            self.flush();
        }
    }

    pub(super) fn flush(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let lines = std::mem::take(&mut self.waiting);
        let result = if let Some(file) = &self.file {
            file.write_all_at(&lines, self.written)
        } else {
            self.first = self.count;
            return;
        };
        match result {
            Ok(()) => self.written += lines.len() as u64,
            Err(error) if self.error.is_none() => {
                self.give_up_file(&error);
                self.waiting = lines;
                self.flush();
            }
            // Memory itself is short: what could not be kept is counted and gone.
            Err(_) => self.first = self.count,
        }
    }

    /// Leaves the file at its last whole record, and goes on in memory with its newest part.
    fn give_up_file(&mut self, error: &io::Error) {
        let Some(file) = self.file.take() else { return };
        file.set_len(self.written).ok();
        let (written, first, marks) = (self.written, self.first, std::mem::take(&mut self.marks));
        let old = Rotation {
            file,
            written,
            first,
            marks,
            start: self.start.clone(),
            keep: IN_MEMORY / 2,
            in_memory: true,
        };
        self.fall_back(error);
        if let Some(memory) = self.file.clone()
            && let Ok(kept) = old.copy_to(memory)
        {
            self.take_over(kept);
        }
    }

    fn fall_back(&mut self, error: &io::Error) {
        let (size, path) = (
            IN_MEMORY / 1024,
            if self.on_disk {
                "is incomplete"
            } else {
                "was not made"
            },
        );
        self.error = Some(
            format!("the log on disk {path} ({error}); the newest {size} KiB are in memory").into(),
        );
        self.written = 0;
        self.first = self.count;
        self.file = rotate::memory().ok().map(Arc::new);
    }

    /// What cutting the log takes; none when it has no file.
    pub(super) fn rotation(&mut self) -> Option<Rotation> {
        self.flush();
        let file = self.file.clone()?;
        let (start, marks, keep) = (self.start.clone(), self.marks.clone(), self.limit() / 2);
        let in_memory = self.error.is_some();
        Some(Rotation {
            file,
            written: self.written,
            first: self.first,
            marks,
            start,
            keep,
            in_memory,
        })
    }

    /// The cut log takes the old one's place; when cutting failed, the disk is given up.
    pub(super) fn rotated_to(&mut self, cut: io::Result<rotate::Cut>) {
        match cut {
            Ok(cut) => self.take_over(cut),
            Err(error) if self.error.is_none() => self.give_up_file(&error),
            Err(_) => {
                self.file = None;
                self.first = self.count;
            }
        }
    }

    fn take_over(&mut self, cut: rotate::Cut) {
        self.file = Some(cut.file);
        self.written = cut.written;
        self.first = cut.first;
        self.marks = cut.marks;
    }

    pub(super) fn close(&mut self) {
        self.flush();
        self.waiting = Vec::new();
        self.marks.shrink_to_fit();
        self.start = Box::default();
        if self.error.is_none() {
            self.file = None;
        }
    }

    pub(super) fn plan(&self, window: Window) -> Plan {
        let wanted = window.offset.min(self.count);
        let mut from = wanted.max(self.first);
        if let Some(tail) = window.tail {
            from = from.max(self.count.saturating_sub(tail));
        }
        let nearest = self
            .marks
            .partition_point(|mark| mark.record <= from)
            .checked_sub(1);
        let mark = nearest.map_or(
            Mark {
                record: self.first,
                position: 0,
            },
            |at| self.marks[at],
        );
        let nothing = from == self.count;
        Plan {
            file: self.file.clone(),
            from: if nothing {
                self.written
            } else {
                mark.position.min(self.written)
            },
            to: self.written,
            more: if nothing {
                Vec::new()
            } else {
                self.waiting_from(mark.position)
            },
            skip: from - mark.record.min(from),
            next_offset: self.count,
            truncated: from > wanted,
        }
    }

    fn waiting_from(&self, position: u64) -> Vec<u8> {
        let skip = usize::try_from(position.saturating_sub(self.written)).unwrap_or(usize::MAX);
        self.waiting.get(skip..).unwrap_or_default().to_vec()
    }
}
