//! One of two texts that are compared: read, decoded, and parted into lines.

use std::borrow::Cow;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde::ser::{SerializeStruct as _, Serializer};

use super::matcher::Numbers;
use super::{BYTES, CHARACTERS, CompareError, Error, LINES, called};
use crate::documents::{self, Extracted, Format};
use crate::text::bare_lines;
use crate::workspace::{open_regular, shown, shown_name};

/// More bytes than the longest text has: a character has four at most, and `\r\n` counts as one.
const BOUND: u64 = 4 * CHARACTERS as u64 + LINES as u64 + 4;

/// A text and where it is from.
#[derive(Debug)]
pub(super) struct Side {
    /// The file, with links followed.
    path: PathBuf,
    text: String,
    /// Where its lines are, without their ends.
    lines: Vec<Range<usize>>,
    /// What of a document is not compared.
    notices: Vec<String>,
}

impl Side {
    pub(super) fn read(path: &Path, stop: &AtomicBool) -> Result<Self, CompareError> {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped.into());
        }
        let (file, found) = open_regular(path).map_err(|why| Error::unopened(path, why))?;
        let failed = |problem| Error::reading(path, problem);
        let real = std::fs::canonicalize(path).map_err(failed)?;
        if found.len() > BYTES {
            return Err(CompareError::TooLarge(called(path)));
        }
        if let Some(format) = Format::of(path) {
            let (text, notices) = document(path, format, &file, stop)?;
            return Self::parted(path, real, text, notices);
        }
        let mut bytes = Vec::new();
        match file.take(BOUND + 1).read_to_end(&mut bytes) {
            Err(problem) if problem.kind() != ErrorKind::WouldBlock => {
                return Err(failed(problem).into());
            }
            _ => {}
        }
        if bytes.len() as u64 > BOUND {
            return Err(CompareError::TooLong(called(path)));
        }
        let text = decoded(bytes).ok_or_else(|| CompareError::NotText(called(path)))?;
        let control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r');
        if text.bytes().any(control) {
            return Err(CompareError::Control(called(path)));
        }
        Self::parted(path, real, text, Vec::new())
    }

    fn parted(
        path: &Path,
        real: PathBuf,
        text: String,
        notices: Vec<String>,
    ) -> Result<Self, CompareError> {
        let both = text.matches("\r\n").count();
        if text.chars().count() - both > CHARACTERS {
            return Err(CompareError::TooLong(called(path)));
        }
        let start = |line: &str| line.as_ptr().addr() - text.as_ptr().addr();
        let lines = bare_lines(&text).take(LINES + 1);
        let lines: Vec<_> = lines
            .map(|line| start(line)..start(line) + line.len())
            .collect();
        if lines.len() > LINES {
            return Err(CompareError::TooManyLines(called(path)));
        }
        Ok(Self {
            path: real,
            text,
            lines,
            notices,
        })
    }

    /// A line without its end, from 0 on.
    pub(super) fn line(&self, number: usize) -> &str {
        &self.text[self.lines[number].clone()]
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|range| &self.text[range.clone()])
    }
}

impl Serialize for Side {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_struct("Side", 3)?;
        let name = self.path.file_name().unwrap_or_default();
        body.serialize_field("path", &shown(&self.path))?;
        body.serialize_field("name", &shown_name(name))?;
        body.serialize_field("notices", &self.notices)?;
        body.end()
    }
}

/// A document's text, and what of such documents is not in it.
fn document(
    path: &Path,
    format: Format,
    file: &File,
    stop: &AtomicBool,
) -> Result<(String, Vec<String>), CompareError> {
    let extracted = documents::extract(format, file, BOUND, stop);
    let Extracted {
        mut text,
        notices,
        gaps,
    } = extracted.map_err(|problem| match problem {
        documents::Error::TooMuch(_) => CompareError::TooLong(called(path)),
        problem => Error::document(path, problem).into(),
    })?;
    if let Some(gap) = gaps.into_iter().next() {
        let name = called(path);
        return Err(CompareError::Incomplete { name, gap });
    }
    let mut held = String::new();
    text.rewind()
        .and_then(|()| text.read_to_string(&mut held))
        .map_err(|problem| Error::reading(path, problem))?;
    Ok((held, notices))
}

/// The lines of both texts as numbers, equal ones with the same.
pub(super) fn line_keys(
    original: &Side,
    revised: &Side,
    ignore_whitespace: bool,
) -> (Vec<u32>, Vec<u32>) {
    let mut numbers = Numbers::default();
    let old = keys(original, ignore_whitespace, &mut numbers);
    let new = keys(revised, ignore_whitespace, &mut numbers);
    (old, new)
}

fn keys<'a>(
    side: &'a Side,
    ignore_whitespace: bool,
    numbers: &mut Numbers<Cow<'a, str>>,
) -> Vec<u32> {
    let keys = side.lines().map(|line| key(line, ignore_whitespace));
    keys.map(|key| numbers.of(key)).collect()
}

/// What of a line counts.
fn key(line: &str, ignore_whitespace: bool) -> Cow<'_, str> {
    if ignore_whitespace && line.contains(char::is_whitespace) {
        Cow::Owned(line.split_whitespace().collect())
    } else {
        Cow::Borrowed(line)
    }
}

/// The text of a file: UTF-8, or what its byte order mark says, which is left out.
fn decoded(bytes: Vec<u8>) -> Option<String> {
    match bytes.as_slice() {
        [0xff, 0xfe, 0, 0, rest @ ..] => utf32(rest, u32::from_le_bytes),
        [0, 0, 0xfe, 0xff, rest @ ..] => utf32(rest, u32::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => Some(std::str::from_utf8(rest).ok()?.to_owned()),
        _ => String::from_utf8(bytes).ok(),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (units, rest) = bytes.as_chunks();
    let text: Result<String, _> =
        char::decode_utf16(units.iter().map(|bytes| unit(*bytes))).collect();
    text.ok().filter(|_| rest.is_empty())
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Option<String> {
    let (units, rest) = bytes.as_chunks();
    let text: Option<String> = units
        .iter()
        .map(|bytes| char::from_u32(unit(*bytes)))
        .collect();
    text.filter(|_| rest.is_empty())
}
