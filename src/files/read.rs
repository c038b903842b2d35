//! Reading: a file's text, whole or some lines of it, or its bytes where those are asked for.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest as _, Sha256};

use super::Error;
use super::media::media_type;
use crate::documents::{self, Extracted, Format};
use crate::text::{NotUtf8, Scanned, Scanner};
use crate::workspace::open_regular;
use pieces::Source;
pub use text_file::{Cut, TextFile};

mod budget;
mod json;
mod pieces;
#[cfg(test)]
mod tests;
mod text_file;

/// Bytes read at once.
const BUFFER: usize = 256 * 1024;

/// Files up to so many bytes are read once and held.
const HELD: u64 = 1 << 20;

/// Files that tell no size, as those of /proc, are held up to so many bytes.
const HELD_UNSIZED: u64 = 4 << 20;

/// Of a document's text so many bytes are taken.
const DOCUMENT_TEXT: u64 = 64 << 20;

/// What is to be read.
#[derive(Clone, Debug, Default)]
pub struct ReadRequest {
    /// The file, in full.
    pub path: PathBuf,
    /// The first line, from 1; the first of all when not given.
    pub start_line: Option<u64>,
    /// The last line, from 1, given too; the last of all when not given.
    pub end_line: Option<u64>,
    /// How many bytes of text are given at most, in whole lines, long ones cut short; all when not given.
    pub max_bytes: Option<usize>,
    /// How the media types begin of which files are given as bytes when they are no text.
    pub binary_prefixes: Vec<String>,
}

/// What was found.
#[derive(Debug)]
pub enum Readable {
    /// Text in UTF-8.
    Text(TextFile),
    /// Something else, of a media type that is given as it is.
    Bytes {
        /// The file, to be read from its beginning.
        file: File,
        /// How many bytes it had when it was opened.
        size: u64,
        /// What it is by its name.
        media_type: String,
    },
}

/// Looks through the file once and says what it is; its text is given by [`TextFile::content_json`].
///
/// Text is whatever is UTF-8 in full, whatever the name says; else the name tells a document. `stop` ends the work with [`Error::Stopped`].
pub fn read(request: &ReadRequest, stop: &AtomicBool) -> Result<Readable, Error> {
    let path = &request.path;
    let (mut file, found) = open_regular(path).map_err(|why| Error::unopened(path, why))?;
    let size = found.len();
    let failed = |problem| Error::reading(path, problem);
    let held = match size {
        0 => Some(unsized_text(&mut file, path)?),
        1..=HELD => Some(held(&mut file, size).map_err(failed)?),
        _ => None,
    };
    let mut look = Look::new(request, stop);
    let seen = match &held {
        Some(bytes) => look.take(bytes),
        None => look.take_file(&file, size),
    };
    match seen.and_then(|()| look.finish()) {
        Ok((scanned, hash)) => {
            let source = match held {
                Some(bytes) => Source::Held(bytes),
                None => Source::File(file),
            };
            TextFile::new(request, source, &scanned, hash, stop).map(Readable::Text)
        }
        Err(Unread::NotText) => {
            if let Some(format) = Format::of(path) {
                return document(request, format, &file, stop).map(Readable::Text);
            }
            file.rewind().map_err(failed)?;
            as_bytes(request, file, size)
        }
        Err(Unread::Stopped) => Err(Error::Stopped),
        Err(Unread::Io(problem)) => Err(failed(problem)),
    }
}

/// The text of a document, of which the lines are read as of any other; the hash stays the file's.
fn document(
    request: &ReadRequest,
    format: Format,
    file: &File,
    stop: &AtomicBool,
) -> Result<TextFile, Error> {
    let path = &request.path;
    let failed = |problem| Error::reading(path, problem);
    let extracted = documents::extract(format, file, DOCUMENT_TEXT, stop);
    let Extracted { text, gaps, .. } =
        extracted.map_err(|problem| Error::document(path, problem))?;
    let size = text.metadata().map_err(failed)?.len();
    let mut look = Look::new(request, stop);
    let seen = look.take_file(&text, size).and_then(|()| look.finish());
    let (scanned, _) = seen.map_err(|why| why.of(path))?;
    let hash = hash_of(file, stop).map_err(|why| why.of(path))?;
    let text = TextFile::new(request, Source::File(text), &scanned, hash, stop)?;
    Ok(text.of_document(gaps))
}

/// The SHA-256 of all of a file's bytes, in lower-case hexadecimal digits.
fn hash_of(file: &File, stop: &AtomicBool) -> Result<String, Unread> {
    let mut hash = Sha256::new();
    let (mut buffer, mut offset) = (vec![0; BUFFER], 0);
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Unread::Stopped);
        }
        let filled = fill(file, &mut buffer, offset).map_err(Unread::Io)?;
        hash.update(&buffer[..filled]);
        offset += filled as u64;
        if filled < buffer.len() {
            return Ok(hexadecimal(hash));
        }
    }
}

fn hexadecimal(hash: Sha256) -> String {
    let mut digits = String::with_capacity(64);
    for byte in hash.finalize() {
        digits.extend(
            [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])),
        );
    }
    digits
}

/// What is done with a file that is no text.
fn as_bytes(request: &ReadRequest, file: File, size: u64) -> Result<Readable, Error> {
    let (media_type, _) = media_type(&request.path);
    let mut prefixes = request.binary_prefixes.iter();
    if prefixes.any(|prefix| media_type.starts_with(prefix.as_str())) {
        return Ok(Readable::Bytes {
            file,
            size,
            media_type,
        });
    }
    Err(Error::NotText {
        path: request.path.clone(),
        media_type,
    })
}

/// The contents of a file that tells no size, as those of /proc do.
fn unsized_text(file: &mut File, path: &Path) -> Result<Vec<u8>, Error> {
    let bytes = held(file, HELD_UNSIZED + 1).map_err(|problem| Error::reading(path, problem))?;
    if bytes.len() as u64 > HELD_UNSIZED {
        return Err(Error::TooLarge(format!(
            "{} tells no size and has more than {} MiB; use a command such as head to look into it",
            crate::workspace::shown(path),
            HELD_UNSIZED >> 20
        )));
    }
    Ok(bytes)
}

/// Up to `bound` bytes of the file. One that would have to be waited for ends there.
fn held(file: &mut File, bound: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match file.take(bound).read_to_end(&mut bytes) {
        Err(problem) if problem.kind() != io::ErrorKind::WouldBlock => Err(problem),
        _ => Ok(bytes),
    }
}

/// Fills `buffer` from `offset` of the file, as far as there is something; says how far.
fn fill(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
            Err(problem) if problem.kind() == io::ErrorKind::WouldBlock => break,
            Err(problem) => return Err(problem),
        }
    }
    Ok(filled)
}

/// Why a look came to no end.
enum Unread {
    NotText,
    Stopped,
    Io(io::Error),
}

impl Unread {
    /// The error it is for the document at `path`, whose text is in UTF-8.
    fn of(self, path: &Path) -> Error {
        match self {
            Self::Stopped => Error::Stopped,
            Self::Io(problem) => Error::reading(path, problem),
            Self::NotText => Error::document(
                path,
                documents::Error::Damaged("its text is in no encoding that is known".to_owned()),
            ),
        }
    }
}

impl From<NotUtf8> for Unread {
    fn from(_: NotUtf8) -> Self {
        Self::NotText
    }
}

/// The first look at a file's bytes: whether they are text, their lines and their hash.
struct Look<'a> {
    scanner: Scanner,
    hash: Sha256,
    stop: &'a AtomicBool,
}

impl<'a> Look<'a> {
    fn new(request: &ReadRequest, stop: &'a AtomicBool) -> Self {
        let first = request.start_line.unwrap_or(1);
        let after = request.end_line.map(|line| line.saturating_add(1));
        Self {
            scanner: Scanner::new(&[first, after.unwrap_or(u64::MAX)]),
            hash: Sha256::new(),
            stop,
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Unread> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Unread::Stopped);
        }
        self.scanner.push(bytes)?;
        self.hash.update(bytes);
        Ok(())
    }

    /// Takes the file up to `size`, or to where it ends by now.
    fn take_file(&mut self, file: &File, size: u64) -> Result<(), Unread> {
        let mut buffer = vec![0; BUFFER];
        let mut offset = 0;
        while offset < size {
            let wanted = usize::try_from(size - offset).map_or(BUFFER, |left| left.min(BUFFER));
            let filled = fill(file, &mut buffer[..wanted], offset).map_err(Unread::Io)?;
            self.take(&buffer[..filled])?;
            offset += filled as u64;
            if filled < wanted {
                break;
            }
        }
        Ok(())
    }

    /// What was seen, and the hash as lower-case hexadecimal digits.
    fn finish(self) -> Result<(Scanned, String), Unread> {
        let scanned = self.scanner.finish()?;
        Ok((scanned, hexadecimal(self.hash)))
    }
}
