//! The text of a file: what is known of it after one look, and its lines, given piece by piece.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use super::budget::Budget;
use super::json::escape;
use super::pieces::{Pieces, Source, changed};
use super::{Error, ReadRequest};
use crate::text::Scanned;

/// About how many bytes of JSON are given at once.
const GIVEN: usize = 64 * 1024;

/// Bytes of text that are escaped at once; even when each needs six, little more than [`GIVEN`] comes of it.
const ESCAPED: usize = 4 * 1024;

/// Where the budget of bytes ended the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The line to go on with; none when all lines were given, some of them cut short.
    pub next_line: Option<u64>,
    /// How many lines were cut short.
    pub clipped: u64,
}

/// The text of a file, or of the lines of it that were asked for.
#[derive(Debug)]
pub struct TextFile {
    path: PathBuf,
    source: Source,
    /// Where the lines asked for are, in bytes.
    range: Range<u64>,
    total_lines: u64,
    content_hash: String,
    gaps: Vec<String>,
    /// How many bytes may be given, and how many lines that makes.
    budget: Option<(usize, u64)>,
    cut: Option<Cut>,
}

impl TextFile {
    pub(super) fn new(
        request: &ReadRequest,
        source: Source,
        scanned: &Scanned,
        content_hash: String,
        stop: &AtomicBool,
    ) -> Result<Self, Error> {
        let at = |number: usize| scanned.starts[number].unwrap_or(scanned.size);
        let mut file = Self {
            path: request.path.clone(),
            source,
            // A range that ends before it begins is empty.
            range: at(0)..at(1).max(at(0)),
            total_lines: scanned.lines,
            content_hash,
            gaps: Vec::new(),
            budget: None,
            cut: None,
        };
        if let Some(bytes) = request.max_bytes {
            file.cut_to(bytes, request.start_line.unwrap_or(1), stop)?;
        }
        Ok(file)
    }

    /// The same as a document's text, of which this is missing.
    pub(super) fn of_document(mut self, gaps: Vec<String>) -> Self {
        self.gaps = gaps;
        self
    }

    /// What of a document is not in the text, such as pages that are pictures.
    pub fn gaps(&self) -> &[String] {
        &self.gaps
    }

    /// Finds out which lines there is room for.
    fn cut_to(&mut self, bytes: usize, start_line: u64, stop: &AtomicBool) -> Result<(), Error> {
        let mut budget = Budget::new(bytes);
        self.through(&mut budget, stop, &mut |_| true)?;
        if budget.ended || budget.clipped > 0 {
            self.cut = Some(Cut {
                next_line: budget.ended.then_some(start_line + budget.lines),
                clipped: budget.clipped,
            });
            self.budget = Some((bytes, budget.lines));
        }
        Ok(())
    }

    /// How many lines the whole file has.
    pub fn total_lines(&self) -> u64 {
        self.total_lines
    }

    /// The SHA-256 of the whole file's bytes, in lower-case hexadecimal digits.
    pub fn content_hash(&self) -> &str {
        &self.content_hash
    }

    /// Where the budget ended the text, or what was cut short for it; none when all is given.
    pub fn cut(&self) -> Option<&Cut> {
        self.cut.as_ref()
    }

    /// Gives the text as the inside of a JSON string (escaped, without the quotes) in pieces of about 64 KiB.
    ///
    /// `\r\n` and `\r` become `\n`. `take` returns false when nobody wants more; that and `stop` end it with
    /// [`Error::Stopped`]. When the file is no longer what it was, it fails after what was given till then.
    pub fn content_json(
        self,
        stop: &AtomicBool,
        take: &mut dyn FnMut(Vec<u8>) -> bool,
    ) -> Result<(), Error> {
        let mut json = Json::new(take);
        if let Some((bytes, lines)) = self.budget {
            let mut budget = Budget::new(bytes);
            self.through(&mut budget, stop, &mut |text| json.push(text))?;
            if budget.lines != lines {
                return Err(Error::reading(&self.path, changed()));
            }
        } else {
            let mut pieces = Pieces::new(&self.source, self.range.clone());
            while let Some(piece) = self.next(&mut pieces, stop)? {
                if !json.push(piece) {
                    return Err(Error::Stopped);
                }
            }
        }
        if json.finish() {
            Ok(())
        } else {
            Err(Error::Stopped)
        }
    }

    /// Gives the lines that `budget` has room for to `give`, until that returns false.
    fn through(
        &self,
        budget: &mut Budget,
        stop: &AtomicBool,
        give: &mut dyn FnMut(&str) -> bool,
    ) -> Result<(), Error> {
        let mut wanted = true;
        let mut give = |text: &str| wanted = wanted && give(text);
        let mut pieces = Pieces::new(&self.source, self.range.clone());
        while let Some(piece) = self.next(&mut pieces, stop)? {
            budget.push(piece, &mut give);
            if budget.ended {
                break;
            }
        }
        budget.finish(&mut give);
        if wanted { Ok(()) } else { Err(Error::Stopped) }
    }

    fn next<'a>(
        &self,
        pieces: &'a mut Pieces<'_>,
        stop: &AtomicBool,
    ) -> Result<Option<&'a str>, Error> {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        pieces
            .next()
            .map_err(|problem| Error::reading(&self.path, problem))
    }
}

/// Text made JSON and handed on.
struct Json<'a> {
    json: Vec<u8>,
    take: &'a mut dyn FnMut(Vec<u8>) -> bool,
}

impl<'a> Json<'a> {
    fn new(take: &'a mut dyn FnMut(Vec<u8>) -> bool) -> Self {
        Self {
            json: Vec::new(),
            take,
        }
    }

    /// Adds `text`; false when nobody wants more.
    fn push(&mut self, mut text: &str) -> bool {
        while !text.is_empty() {
            let mut end = text.floor_char_boundary(ESCAPED);
            if text.as_bytes()[..end].ends_with(b"\r") && text.as_bytes().get(end) == Some(&b'\n') {
                end += 1;
            }
            let (now, later) = text.split_at(end);
            if self.json.capacity() == 0 {
                self.json.reserve_exact(GIVEN + 6 * (ESCAPED + 1));
            }
            escape(now, &mut self.json);
            text = later;
            if self.json.len() >= GIVEN && !(self.take)(std::mem::take(&mut self.json)) {
                return false;
            }
        }
        true
    }

    /// Hands on what is left; false when nobody wants it.
    fn finish(self) -> bool {
        self.json.is_empty() || (self.take)(self.json)
    }
}
