//! A log while it is written: the file, what waits for it, and where which record is.
//!
//! Nothing here touches the disk: readers take the same lock as the writer, and must not wait for it.

use std::fs::File;
use std::io;
use std::sync::Arc;

use tokio::time::Instant;

use super::marks::{Mark, Marks};
use super::plan::Budget;
use super::plan::Plan;
use super::rotate::{Cut, Rotation};
use super::{Limits, Window, records, text};

/// Text of one output record at most, in bytes: about what one read of a terminal gives.
const RECORD: usize = 4096;
/// What is kept of a command's output when the disk fails.
const IN_MEMORY: u64 = 256 * 1024;
/// Output that waits for a flush by time alone is written anyway past this.
const WAITING: u64 = 1024 * 1024;

#[derive(Debug)]
pub(super) struct State {
    limits: Limits,
    file: Option<Arc<File>>,
    /// Bytes in the file.
    written: u64,
    /// Lines that wait to be written, or are being written.
    waiting: Arc<Vec<u8>>,
    /// The first record that is still there.
    first: Mark,
    /// Records so far, those gone included.
    count: u64,
    /// Bytes of output in them.
    text: u64,
    marks: Marks,
    /// The `start` line, which a rotated log keeps.
    start: Box<[u8]>,
    /// Whether there is a file on disk at all.
    on_disk: bool,
    /// Why the file on disk is not complete; output then goes to memory.
    error: Option<Box<str>>,
}

/// Lines on their way to the file.
pub(super) struct Write {
    pub(super) file: Arc<File>,
    pub(super) lines: Arc<Vec<u8>>,
    pub(super) position: u64,
}

impl State {
    /// A new log, with its first line; without a file when none could be made.
    pub(super) fn new(limits: Limits, file: Option<File>, start: Vec<u8>) -> Self {
        let waiting = Arc::new(start.clone());
        let (on_disk, file) = (file.is_some(), file.map(Arc::new));
        let start = start.into_boxed_slice();
        Self {
            waiting,
            start,
            ..Self::of_file(limits, file, on_disk)
        }
    }

    /// A finished log found on disk.
    pub(super) fn found(
        limits: Limits,
        file: File,
        (first, end): (Mark, Mark),
        marks: Marks,
    ) -> Self {
        Self {
            written: end.position,
            first,
            count: end.record,
            text: end.text,
            marks,
            ..Self::of_file(limits, Some(Arc::new(file)), true)
        }
    }

    fn of_file(limits: Limits, file: Option<Arc<File>>, on_disk: bool) -> Self {
        Self {
            limits,
            file,
            written: 0,
            waiting: Arc::default(),
            first: Mark::beginning(0, 0),
            count: 0,
            text: 0,
            marks: Marks::default(),
            start: Box::default(),
            on_disk,
            error: None,
        }
    }

    pub(super) fn rotated(&self) -> bool {
        self.first.record > 0
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

    /// Adds output to what waits; true when it is to be written now.
    pub(super) fn append(&mut self, text: &str) -> bool {
        let most = RECORD.min(usize::try_from(self.limits.max_size / 4).unwrap_or(RECORD));
        let waiting = Arc::make_mut(&mut self.waiting);
        for piece in text::pieces(text, most) {
            self.marks.note(Mark {
                record: self.count,
                position: self.written + waiting.len() as u64,
                text: self.text,
            });
            records::push_output(waiting, piece);
            self.count += 1;
            self.text += piece.len() as u64;
        }
        self.is_due()
    }

    /// Adds a line that is no output.
    pub(super) fn append_line(&mut self, line: &[u8]) {
        Arc::make_mut(&mut self.waiting).extend_from_slice(line);
    }

    fn is_due(&self) -> bool {
        let Limits {
            flush_interval,
            flush_buffer,
            ..
        } = self.limits;
        let most = match flush_buffer {
            0 if flush_interval.is_zero() => 0,
            0 => WAITING,
            some => some.min(WAITING),
        };
        self.waiting.len() as u64 > most
    }

    /// What is to be written where; none when there is nothing, or nowhere to write it.
    pub(super) fn next_write(&mut self) -> Option<Write> {
        if self.waiting.is_empty() {
            return None;
        }
        let Some(file) = self.file.clone() else {
            self.forget();
            return None;
        };
        Some(Write {
            file,
            lines: Arc::clone(&self.waiting),
            position: self.written,
        })
    }

    /// What waited is in the file.
    pub(super) fn wrote(&mut self) {
        self.written += self.waiting.len() as u64;
        self.waiting = Arc::default();
    }

    /// What waits, and what the file held, cannot be kept: it is counted and gone.
    pub(super) fn forget(&mut self) {
        self.waiting = Arc::default();
        self.first = Mark::beginning(self.count, self.text);
        self.marks = Marks::default();
    }

    /// Gives up the disk; says what there is to be copied to memory. None when memory is in use already.
    pub(super) fn leave_disk(&mut self, error: &io::Error) -> Option<Rotation> {
        if self.error.is_some() {
            self.file = None;
            return None;
        }
        let (kib, what) = (
            IN_MEMORY / 1024,
            if self.on_disk {
                "is incomplete"
            } else {
                "was not made"
            },
        );
        self.error = Some(
            format!("the log on disk {what} ({error}); the newest {kib} KiB are in memory").into(),
        );
        Some(self.cut_to(IN_MEMORY / 2))
    }

    /// What cutting the log takes.
    pub(super) fn rotation(&self) -> Rotation {
        self.cut_to(self.limit() / 2)
    }

    fn cut_to(&self, keep: u64) -> Rotation {
        Rotation {
            file: self.file.clone(),
            written: self.written,
            first: self.first,
            marks: self.marks.clone(),
            start: self.start.clone(),
            keep,
            in_memory: self.error.is_some(),
        }
    }

    /// The log goes on in this file.
    pub(super) fn go_on_in(&mut self, cut: Cut) {
        self.file = Some(Arc::new(cut.file));
        self.written = cut.written;
        self.first = cut.first;
        self.marks = cut.marks;
    }

    pub(super) fn close(&mut self) {
        self.marks.shrink();
        self.start = Box::default();
        self.file = None;
        // Memory is for a moment: it would add up over all finished commands.
        if self.error.is_some() {
            self.error = Some("the log on disk is incomplete; what was in memory is gone".into());
            self.forget();
        }
    }

    pub(super) fn plan(&self, window: Window) -> Plan {
        let wanted = window.offset.min(self.count);
        let mut from = wanted.max(self.first.record);
        if let Some(tail) = window.tail {
            from = from.max(self.count.saturating_sub(tail));
        }
        let mark = self.marks.before_record(from, self.first);
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
            budget: self.budget(window, mark).filter(|_| !nothing),
        }
    }

    /// What there is to know for keeping a window that begins behind a place small; none when it is small.
    fn budget(&self, window: Window, start: Mark) -> Option<Budget> {
        let most = window.max_bytes?;
        if self.text.saturating_sub(start.text) <= most {
            return None;
        }
        let tail = self
            .marks
            .before_text(self.text.saturating_sub(most / 2), self.first);
        Some(Budget {
            most,
            start,
            tail: if tail.position > start.position {
                tail
            } else {
                start
            },
            end: self.text,
            is_in_log: self.on_disk && self.error.is_none(),
        })
    }

    fn waiting_from(&self, position: u64) -> Vec<u8> {
        let skip = usize::try_from(position.saturating_sub(self.written)).unwrap_or(usize::MAX);
        self.waiting.get(skip..).unwrap_or_default().to_vec()
    }
}
