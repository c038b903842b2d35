//! The content of a file, as far as it is looked at, and its lines that have a text in them.

use std::fs::File;
use std::io::{ErrorKind, Read};

use memchr::memmem::Finder;

use crate::search::names::lower;

/// A longer file is not looked into, in bytes.
const LONGEST: usize = 1 << 20;

/// A NUL before this byte means that a file is no text.
const TEXT_SHOWS: usize = 8192;

/// A line is clipped to so many bytes when there is a budget.
const CLIPPED: usize = 500;

/// How much of a clipped line is before the match, in bytes.
const BEFORE_MATCH: usize = 120;

/// A line that has the text in it.
#[derive(Debug, PartialEq)]
pub struct LineMatch {
    /// The number of the line, from 1.
    pub line: u64,
    /// Where the text begins: UTF-16 units, from 1, in the line in lower case.
    pub column: u64,
    /// The line without its end; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// Whether the line is longer than what is given of it.
    pub clipped: bool,
    /// Where the text begins, in bytes, about.
    at: usize,
}

/// A buffer with the content of one file after the other.
pub(super) struct Content {
    buffer: Vec<u8>,
    length: usize,
}

impl Content {
    pub(super) fn new() -> Self {
        Self {
            buffer: Vec::new(),
            length: 0,
        }
    }

    /// Reads a file; false when it is none to look into.
    pub(super) fn read(&mut self, mut file: &File) -> bool {
        self.length = 0;
        if self.buffer.is_empty() {
            // One more than counts, so that a longer file shows. Fresh zeroed pages cost nothing
            // until they are used.
            self.buffer = vec![0; LONGEST + 1];
        }
        while self.length < self.buffer.len() {
            match file.read(&mut self.buffer[self.length..]) {
                Ok(0) => break,
                Ok(read) => self.length += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
            if memchr::memchr(0, &self.bytes()[..self.length.min(TEXT_SHOWS)]).is_some() {
                return false;
            }
        }
        self.length <= LONGEST
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }

    /// The first lines that have the text in them, which is in lower case, at most so many.
    pub(super) fn lines_with(&self, text: &Finder<'_>, most: usize) -> Vec<LineMatch> {
        let content = String::from_utf8_lossy(self.bytes());
        let mut found = Vec::new();
        let mut lowered = String::new();
        for (number, line) in (1..).zip(lines(&content)) {
            let lowered = lower(line, &mut lowered);
            let Some(at) = text.find(lowered.as_bytes()) else {
                continue;
            };
            let units = lowered[..at].encode_utf16().count();
            found.push(LineMatch {
                line: number,
                column: u64::try_from(units).map_or(u64::MAX, |units| units + 1),
                text: line.to_owned(),
                clipped: false,
                at,
            });
            if found.len() >= most {
                break;
            }
        }
        found
    }
}

impl LineMatch {
    /// Clips the text to a bound, round the match, with an ellipsis where something is cut.
    pub(super) fn clip(&mut self) {
        if self.text.len() <= CLIPPED {
            return;
        }
        let mark = "…";
        let most = CLIPPED - 2 * mark.len();
        // The match is where it is in lower case, which can be beside where it is in the line.
        let from = self.at.min(self.text.len()).saturating_sub(BEFORE_MATCH);
        let from = from.min(self.text.len() - most);
        let from = self.text.ceil_char_boundary(from);
        let to = self.text.floor_char_boundary(from + most);
        let before = if from > 0 { mark } else { "" };
        let after = if to < self.text.len() { mark } else { "" };
        self.text = format!("{before}{}{after}", &self.text[from..to]);
        self.clipped = true;
    }
}

/// Lines as Python's `str.splitlines` ends them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let ends =
            |c| matches!(c, '\n'..='\r' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}');
        let end = rest.find(ends).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        let mut after = after.chars();
        if after.next() == Some('\r') && after.as_str().starts_with('\n') {
            after.next();
        }
        rest = after.as_str();
        Some(line)
    })
}
