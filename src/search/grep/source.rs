//! The text of a file in pieces of whole lines, for as long as it is UTF-8.
//!
//! The rules are those of a file opened as text in Python: it is decoded in blocks, the lines before the
//! first block that cannot be decoded count, and `\n`, `\r\n` and `\r` all end a line.

use std::fs::File;
use std::io::{ErrorKind, Read as _};

use memchr::{memchr, memrchr, memrchr2};

/// Bytes decoded at a time.
const BLOCK: u64 = 8192;

/// Bytes of a buffer at first; enough for most files, and for the processor's cache.
const BUFFER: usize = 256 << 10;

/// The longest line that is seen whole, in bytes; a longer one is seen in parts of this size.
const LONGEST_LINE: usize = 2 << 20;

/// Bytes that such parts have in common, for what lies on their border.
const COMMON: usize = 4096;

/// Bytes read of a file that has no size, such as those of /proc.
const SIZELESS: u64 = 1 << 20;

/// Memory to read with, used for one file after the other.
#[derive(Debug, Default)]
pub(super) struct Buffer(Vec<u8>);

/// A file being read.
pub(super) struct Source<'a> {
    file: File,
    buffer: &'a mut Vec<u8>,
    /// Where in the file the buffer begins.
    base: u64,
    /// Bytes in the buffer, and how many at its start are done with or known to be UTF-8.
    filled: usize,
    done: usize,
    checked: usize,
    /// Where reading ends, once it matters.
    limit: Option<u64>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// There may be more in the file.
    Open,
    /// All of the file is in the buffer.
    End,
    /// What the buffer holds was the last.
    Over,
}

/// A piece of a text: lines that end in `\n`, save perhaps the last.
pub(super) struct Piece<'a> {
    /// The text; UTF-8.
    pub(super) text: &'a str,
    /// Whether more may follow. Then a last line without its end goes on in the next piece.
    pub(super) more: bool,
}

impl Buffer {
    /// Begins to read `file`.
    pub(super) fn read(&mut self, file: File) -> Source<'_> {
        if self.0.len() != BUFFER {
            self.0 = vec![0; BUFFER];
        }
        Source {
            file,
            buffer: &mut self.0,
            base: 0,
            filled: 0,
            done: 0,
            checked: 0,
            limit: None,
            state: State::Open,
        }
    }
}

impl Source<'_> {
    /// The bytes of the file as they are, when all of it fits into the buffer.
    pub(super) fn whole(&mut self) -> Option<&[u8]> {
        self.fill();
        (self.state == State::End).then(|| &self.buffer[..self.filled])
    }

    /// The next piece; none at the end of what can be read as text.
    pub(super) fn next(&mut self) -> Option<Piece<'_>> {
        if self.state == State::Over {
            return None;
        }
        self.buffer.copy_within(self.done..self.filled, 0);
        self.base += self.done as u64;
        self.filled -= self.done;
        self.checked -= self.done;
        self.done = 0;
        loop {
            self.fill();
            let mut common = 0;
            let end = if let Some(end) = self.broken() {
                self.state = State::Over;
                whole_lines(&self.buffer[..end])
            } else if self.state == State::End {
                self.state = State::Over;
                self.filled
            } else if let Some(end) = self.last_break() {
                end
            } else if self.buffer.len() < LONGEST_LINE {
                let larger = self.buffer.len() * 2;
                self.buffer.resize(larger, 0);
                continue;
            } else {
                // The carriage return, when there is one, may be half of a break.
                let text = &self.buffer[..self.checked];
                let end = text.strip_suffix(b"\r").unwrap_or(text).len();
                common = COMMON;
                while self.buffer[end - common] & 0xC0 == 0x80 {
                    common += 1; // within a character
                }
                end
            };
            self.done = end - common;
            self.checked = self.checked.max(end);
            let len = unify(&mut self.buffer[..end]);
            let text = simdutf8::basic::from_utf8(&self.buffer[..len]).ok()?;
            return Some(Piece {
                text,
                more: self.state != State::Over,
            });
        }
    }

    /// Reads until the buffer is full or the file at its end. What cannot be read is not there.
    fn fill(&mut self) {
        while self.state == State::Open {
            let position = self.base + self.filled as u64;
            // Blocks are read whole, so that one that cannot be decoded is known with its first line.
            let room = self.base + self.buffer.len() as u64;
            let room = room - room % BLOCK;
            if position >= room && self.limit.is_none() {
                let size = self.file.metadata().map_or(0, |found| found.len());
                self.limit = Some(if size == 0 { SIZELESS } else { size });
            }
            let end = room.min(self.limit.unwrap_or(u64::MAX));
            if position >= end {
                if end < room || self.limit == Some(end) {
                    self.state = State::End;
                }
                return;
            }
            let end = usize::try_from(end - self.base).expect("within the buffer");
            match self.file.read(&mut self.buffer[self.filled..end]) {
                Ok(0) => self.state = State::End,
                Ok(len) => self.filled += len,
                Err(problem) if problem.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.state = State::End,
            }
        }
    }

    /// Checks what was read; when it is no UTF-8, how much of the buffer was decoded before that.
    fn broken(&mut self) -> Option<usize> {
        let problem = simdutf8::compat::from_utf8(&self.buffer[self.checked..self.filled]).err();
        let Some(problem) = problem else {
            self.checked = self.filled;
            return None;
        };
        self.checked += problem.valid_up_to();
        let Some(len) = problem.error_len() else {
            // A character cut in two: at the end of the file, found when nothing more could be read.
            return (self.state == State::End).then_some(self.filled);
        };
        // A first byte that may begin a character is only wrong when seen with what follows it.
        let begins = matches!(self.buffer[self.checked], 0xC2..=0xF4);
        let seen = self.base + (self.checked + if begins { len } else { 0 }) as u64;
        let decoded = seen - seen % BLOCK;
        Some(usize::try_from(decoded.saturating_sub(self.base)).expect("within the buffer"))
    }

    /// The end of the last whole line in the buffer.
    fn last_break(&self) -> Option<usize> {
        let bytes = &self.buffer[..self.filled];
        if let Some(at) = memrchr(b'\n', bytes) {
            return Some(at + 1);
        }
        // A carriage return at the very end may be half of a break.
        let at = memrchr(b'\r', &bytes[..bytes.len().saturating_sub(1)])?;
        Some(at + 1)
    }
}

/// How much of `bytes` is whole lines, when it cannot be known what follows.
fn whole_lines(bytes: &[u8]) -> usize {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    memrchr2(b'\n', b'\r', bytes).map_or(0, |at| at + 1)
}

/// Makes every line break a `\n`, in place; gives the new length.
fn unify(bytes: &mut [u8]) -> usize {
    let Some(first) = memchr(b'\r', bytes) else {
        return bytes.len();
    };
    let (mut from, mut to) = (first, first);
    while from < bytes.len() {
        // Here is a carriage return.
        bytes[to] = b'\n';
        to += 1;
        from += 1;
        if bytes.get(from) == Some(&b'\n') {
            from += 1;
        }
        let len = memchr(b'\r', &bytes[from..]).unwrap_or(bytes.len() - from);
        bytes.copy_within(from..from + len, to);
        from += len;
        to += len;
    }
    to
}
