//! The search of one file after the other, on one thread.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use memchr::{memchr, memchr_iter, memrchr};

use super::clip::clip;
use super::source::{Buffer, Piece};
use super::{GrepLine, GrepMatch};
use crate::search::Error;
use crate::search::pattern::{Pattern, too_hard};

/// Bytes that are left of a line that is clipped.
pub(super) const CLIPPED: usize = 2000;

/// Bytes searched between two looks at whether the caller has gone; a line more at most.
const WINDOW: usize = 32 << 10;

/// Bytes of a line that are given to a pattern that backtracks at once.
const BACKTRACKED: usize = 64 << 10;

/// What is looked for, for all threads.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    /// Whether every line counts, or only which files match.
    pub(super) per_line: bool,
    /// Lines before and after that are shown.
    pub(super) context: usize,
    /// Results wanted.
    pub(super) enough: usize,
    /// Bytes from which a line is clipped.
    pub(super) long: usize,
    /// When a pattern that backtracks is given up.
    pub(super) deadline: Instant,
    /// Set when the caller has gone.
    pub(super) stop: &'a AtomicBool,
}

/// One thread's search.
pub(super) struct Searcher<'a> {
    task: Task<'a>,
    pattern: Pattern,
    buffer: Buffer,
}

/// What is known of the file being searched.
struct Progress<'a> {
    path: &'a Path,
    found: Vec<GrepMatch>,
    /// The number of the line in which the next piece begins.
    line: u64,
    /// Whether that line has begun before, and whether it was found to match.
    inside: bool,
    matched: bool,
    /// The last lines of the pieces before.
    before: Vec<String>,
}

impl<'a> Searcher<'a> {
    /// A search for `pattern`.
    pub(super) fn new(task: Task<'a>, pattern: Pattern) -> Self {
        Self {
            task,
            pattern,
            buffer: Buffer::default(),
        }
    }

    /// What is found in `file`, which is at `path`.
    pub(super) fn search(&mut self, file: File, path: &Path) -> Result<Vec<GrepMatch>, Error> {
        let Self {
            task,
            pattern,
            buffer,
        } = self;
        let mut source = buffer.read(file);
        if let Some(bytes) = source.whole()
            && (bytes.is_empty()
                || pattern.any_breaks() && candidate(bytes, 0, task, pattern)?.is_none())
        {
            return Ok(Vec::new());
        }
        let mut progress = Progress {
            path,
            found: Vec::new(),
            line: 1,
            inside: false,
            matched: false,
            before: Vec::new(),
        };
        while let Some(piece) = source.next() {
            progress.add_after(piece.text, task);
            if progress.found.len() < task.enough {
                progress.add_found(&piece, task, pattern)?;
            }
            let full = progress.found.len() >= task.enough;
            if task.stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            if full && !progress.wants_more(task) {
                break;
            }
            if piece.more {
                progress.pass(piece.text, task);
            }
        }
        Ok(progress.found)
    }
}

impl Progress<'_> {
    fn add_found(
        &mut self,
        piece: &Piece<'_>,
        task: &Task<'_>,
        pattern: &Pattern,
    ) -> Result<(), Error> {
        let text = piece.text;
        let bytes = text.as_bytes();
        let (mut number, mut counted) = (self.line, 0);
        let mut at = if self.matched { line_end(bytes, 0) } else { 0 };
        while at < bytes.len()
            && let Some(place) = candidate(bytes, at, task, pattern)?
        {
            let start = memrchr(b'\n', &bytes[at..place]).map_or(at, |back| at + back + 1);
            let end = line_end(bytes, place);
            if pattern.is_exact() || first(&text[start..end], task, pattern)?.is_some() {
                number += breaks(&bytes[counted..start]);
                counted = start;
                let line = if task.per_line {
                    let unfinished = piece.more && !bytes[..end].ends_with(b"\n");
                    let partial = unfinished || (start == 0 && self.inside);
                    Some(self.line(text, start..end, number, partial, task, pattern)?)
                } else {
                    None
                };
                self.found.push(GrepMatch {
                    file: self.path.to_owned(),
                    line,
                });
                self.matched = end == bytes.len();
                if self.found.len() >= task.enough || !task.per_line {
                    return Ok(());
                }
            }
            at = end;
        }
        Ok(())
    }

    /// The line of `text` in that range, as it is told.
    fn line(
        &self,
        text: &str,
        range: std::ops::Range<usize>,
        number: u64,
        partial: bool,
        task: &Task<'_>,
        pattern: &Pattern,
    ) -> Result<GrepLine, Error> {
        let whole = &text[range.clone()];
        let content = whole.strip_suffix('\n').unwrap_or(whole);
        let clipped = partial || content.len() > task.long;
        let content = if clipped {
            let start = first(whole, task, pattern)?.unwrap_or(0);
            clip(content, start, CLIPPED)
        } else {
            content.to_owned()
        };
        let mut before: Vec<String> =
            lines_back(&text[self.begun(text).min(range.start)..range.start])
                .take(task.context)
                .map(|line| shown(line, task))
                .collect();
        let missing = task.context - before.len();
        before.extend(self.before.iter().rev().take(missing).cloned());
        before.reverse();
        Ok(GrepLine {
            number,
            content,
            before,
            after: lines(&text[range.end..])
                .take(task.context)
                .map(|line| shown(line, task))
                .collect(),
            clipped,
        })
    }

    /// How much of `text`, at its start, belongs to a line that began before it.
    fn begun(&self, text: &str) -> usize {
        if self.inside {
            line_end(text.as_bytes(), 0)
        } else {
            0
        }
    }

    /// Gives matches of earlier pieces the lines after them.
    fn add_after(&mut self, text: &str, task: &Task<'_>) {
        if task.context == 0 || !task.per_line {
            return;
        }
        let start = self.begun(text);
        for found in self.found.iter_mut().rev() {
            let Some(line) = &mut found.line else { return };
            let missing = task.context - line.after.len();
            if missing == 0 {
                return;
            }
            let more = lines(&text[start..]).take(missing);
            line.after.extend(more.map(|line| shown(line, task)));
        }
    }

    /// Whether the last match has not all lines after it.
    fn wants_more(&self, task: &Task<'_>) -> bool {
        let last = self.found.last().and_then(|found| found.line.as_ref());
        last.is_some_and(|line| line.after.len() < task.context)
    }

    /// Goes on behind `text`.
    fn pass(&mut self, text: &str, task: &Task<'_>) {
        let begun = self.begun(text);
        self.line += breaks(text.as_bytes());
        self.inside = !text.ends_with('\n');
        self.matched &= self.inside;
        if task.context > 0 {
            let mut last: Vec<String> = lines_back(&text[begun..])
                .take(task.context)
                .map(|line| shown(line, task))
                .collect();
            last.reverse();
            self.before.append(&mut last);
            let surplus = self.before.len().saturating_sub(task.context);
            self.before.drain(..surplus);
        }
    }
}

/// A place in the first line from `start` on that may match.
fn candidate(
    bytes: &[u8],
    mut start: usize,
    task: &Task<'_>,
    pattern: &Pattern,
) -> Result<Option<usize>, Error> {
    loop {
        if task.stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        let end = line_end(bytes, bytes.len().min(start + WINDOW));
        let found = pattern.candidate(&bytes[..end], start);
        if found.is_some() || end == bytes.len() {
            return Ok(found);
        }
        start = end;
    }
}

/// Where the pattern first matches in `line`. One that backtracks sees a long line in parts.
fn first(line: &str, task: &Task<'_>, pattern: &Pattern) -> Result<Option<usize>, Error> {
    let Some(part) = pattern.backtracks() else {
        return Ok(pattern.find(line)?.map(|found| found.start));
    };
    let mut rest = line;
    loop {
        if task.stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        if Instant::now() > task.deadline {
            return Err(too_hard(part));
        }
        let end = if rest.len() > BACKTRACKED {
            rest.floor_char_boundary(BACKTRACKED)
        } else {
            rest.len()
        };
        if let Some(found) = pattern.find(&rest[..end])? {
            return Ok(Some(line.len() - rest.len() + found.start));
        }
        rest = &rest[end..];
        if rest.is_empty() {
            return Ok(None);
        }
    }
}

/// A line of the surroundings as it is told.
fn shown(line: &str, task: &Task<'_>) -> String {
    if line.len() > task.long {
        clip(line, 0, CLIPPED)
    } else {
        line.to_owned()
    }
}

/// The end of the line that `place` is in, behind its line break.
fn line_end(bytes: &[u8], place: usize) -> usize {
    memchr(b'\n', &bytes[place..]).map_or(bytes.len(), |ahead| place + ahead + 1)
}

fn breaks(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

/// The lines of `text`, without their ends.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_terminator('\n')
}

/// The same from the last to the first.
fn lines_back(text: &str) -> impl Iterator<Item = &str> {
    text.strip_suffix('\n')
        .into_iter()
        .chain((!text.ends_with('\n') && !text.is_empty()).then_some(text))
        .flat_map(|text| text.rsplit('\n'))
}
