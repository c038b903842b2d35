//! A file's text piece by piece: each is whole characters, and no `\r\n` is cut in two.

use std::fs::File;
use std::io;
use std::ops::Range;

use super::{BUFFER, fill};

/// Where text comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// Bytes that were read at the first look.
    Held(Vec<u8>),
    /// The file itself, read again.
    File(File),
}

/// The pieces of a range of a source's bytes, which were found to be text.
pub(super) struct Pieces<'a> {
    source: &'a Source,
    range: Range<u64>,
    buffer: Vec<u8>,
    /// How many bytes of the buffer were given already.
    given: usize,
    /// How many bytes of the buffer are read.
    filled: usize,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(source: &'a Source, range: Range<u64>) -> Self {
        Self {
            source,
            range,
            buffer: Vec::new(),
            given: 0,
            filled: 0,
        }
    }

    /// The next piece; none at the end of the range.
    ///
    /// Fails when the file is no longer what it was.
    pub(super) fn next(&mut self) -> io::Result<Option<&str>> {
        match self.source {
            Source::Held(bytes) => {
                let bytes = usize::try_from(self.range.start)
                    .ok()
                    .zip(usize::try_from(self.range.end).ok())
                    .and_then(|(start, end)| bytes.get(start..end))
                    .unwrap_or_default();
                self.range.start = self.range.end;
                let piece = (!bytes.is_empty()).then(|| text(bytes));
                piece.transpose()
            }
            Source::File(file) => self.next_of(file),
        }
    }

    fn next_of(&mut self, file: &File) -> io::Result<Option<&str>> {
        self.buffer.resize(BUFFER, 0);
        self.buffer.copy_within(self.given..self.filled, 0);
        self.filled -= self.given;
        self.given = 0;
        let left = usize::try_from(self.range.end - self.range.start).unwrap_or(usize::MAX);
        let end = BUFFER.min(self.filled.saturating_add(left));
        let read = fill(file, &mut self.buffer[self.filled..end], self.range.start)?;
        if self.filled + read < end {
            return Err(changed());
        }
        self.filled = end;
        self.range.start += read as u64;
        let whole = if self.range.is_empty() {
            end
        } else {
            end - begun(&self.buffer[..end])
        };
        self.given = whole;
        let piece = (whole > 0).then(|| text(&self.buffer[..whole]));
        piece.transpose()
    }
}

/// How many bytes at the end belong together with what follows: a character begun, or `\r`.
fn begun(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return 1;
    }
    let last = bytes.iter().rev().take(3);
    match last.clone().position(|byte| *byte >= 0xc0) {
        // One that is whole waits a moment too, which does no harm.
        Some(back) => back + 1,
        None => 0,
    }
}

fn text(bytes: &[u8]) -> io::Result<&str> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| changed())
}

/// The file is not what it was at the first look.
pub(super) fn changed() -> io::Error {
    io::Error::other("it changed while it was read; read it again")
}
