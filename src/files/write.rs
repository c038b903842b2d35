//! A write: new content that replaces a file's old content as a whole, or not at all.
//!
//! The content goes to a temporary file beside the target, which is then renamed onto it; mode, owner,
//! extended attributes and access lists are carried over, and links at the end of the path are followed.
//! Where a rename would break something (other names of the same file, a mount, an owner or an attribute
//! that cannot be given to another file) or is not allowed, the file is overwritten in place instead, once
//! room for the new content is sure. Readers can then see a mixture for a moment, and a crash of the
//! machine in that moment can leave one.

mod attributes;
mod in_place;
mod put;
mod target;
mod temp;

use std::fs::Metadata;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::Error;
use crate::workspace::{open_regular, shown};

pub(super) use attributes::copy_attributes;
pub(super) use put::put;
pub(super) use target::{Target, resolve};
pub(super) use temp::{Temp, cut, free_name};

/// The largest file that is edited, in bytes: it is held in memory twice.
const EDITABLE: u64 = 256 << 20;
/// Bytes of the largest file that is hashed for a comparison.
const HASHED: u64 = 4 << 30;
/// Bytes that are read at most of a file that says it has none.
const UNSIZED: u64 = 4 << 20;
/// How much is hashed and written at a time: it stays in the processor's cache between the two.
const CHUNK: usize = 256 << 10;
/// From this size on a second thread hashes while the first one writes.
const WORTH_A_THREAD: usize = 1 << 20;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The size of the file in bytes.
    pub size: u64,
    /// SHA-256 of the content in lower-case hex.
    pub content_hash: String,
}

/// Makes `content` the content of the file at the absolute `path`, and its directories when they are missing.
///
/// With `expected_hash` only if that is the present content's hash, else [`Error::Changed`]; of several
/// writers that expect the same, one succeeds. `durable` waits for the disk. On any error the old content is
/// still there.
pub fn write(
    path: &Path,
    content: &[u8],
    expected_hash: Option<&str>,
    durable: bool,
) -> Result<Written, Error> {
    let target = Target::of(path)?;
    let _alone = target.lock();
    let old = target.existing()?;
    if let Some(expected) = expected_hash {
        let current = old.as_ref().map(|_| hash_of(path)).transpose()?;
        expect(path, expected, current)?;
    }
    store(&target, old.as_ref(), content, durable)
}

/// Makes what `edit` makes of the content of the file at `path` its new content; see [`write`].
///
/// No other write of ours comes between. Files over 256 MiB are refused.
pub(super) fn update(
    path: &Path,
    expected_hash: Option<&str>,
    durable: bool,
    edit: impl FnOnce(&[u8]) -> Result<Vec<u8>, Error>,
) -> Result<Written, Error> {
    // Parents are only made for files that are new, and here none is.
    let (mut file, found) = open_regular(path).map_err(|why| Error::unopened(path, why))?;
    let target = Target::of(path)?;
    let _alone = target.lock();
    let Some(old) = target.existing()? else {
        return Err(Error::NotFound(path.to_owned()));
    };
    if (old.dev(), old.ino()) != (found.dev(), found.ino()) {
        // Replaced between the two looks; the lock is held now.
        (file, _) = open_regular(path).map_err(|why| Error::unopened(path, why))?;
    }
    let mut content = Vec::with_capacity(usize::try_from(old.len().min(EDITABLE)).unwrap_or(0));
    let most = bound(&old, EDITABLE);
    file.take(most + 1)
        .read_to_end(&mut content)
        .map_err(|problem| Error::reading(path, problem))?;
    if content.len() as u64 > most {
        return Err(Error::TooLarge(format!(
            "{} is over {} MiB; edit files of that size with a command, such as sed",
            shown(path),
            most >> 20
        )));
    }
    if let Some(expected) = expected_hash {
        expect(path, expected, Some(hex(&Sha256::digest(&content))))?;
    }
    let edited = edit(&content)?;
    drop(content);
    store(&target, Some(&old), &edited, durable)
}

/// Content that arrives in pieces; nothing is at the target until [`Staged::commit`].
///
/// Dropped without, it is removed.
#[derive(Debug)]
pub struct Staged {
    target: Target,
    temp: Temp,
    hasher: Sha256,
    size: u64,
    durable: bool,
}

impl Staged {
    /// Begins new content for the file at the absolute `target`, and makes its directories.
    pub fn create(target: &Path, durable: bool) -> Result<Self, Error> {
        let target = Target::of(target)?;
        let old = target.existing()?;
        let temp = match Temp::beside(target.path(), mode(old.as_ref())) {
            // What can be written in a directory that cannot is written in place at the end.
            Err(problem) if old.is_some() && put::is_denied(&problem) => {
                Temp::elsewhere(target.path())
            }
            made => made,
        };
        let temp = temp.map_err(|problem| target.refused(problem))?;
        Ok(Self {
            target,
            temp,
            hasher: Sha256::new(),
            size: 0,
            durable,
        })
    }

    /// Adds a piece.
    pub fn write_all(&mut self, piece: &[u8]) -> Result<(), Error> {
        for chunk in piece.chunks(CHUNK) {
            self.hasher.update(chunk);
            self.temp
                .file()
                .write_all(chunk)
                .map_err(|problem| self.target.refused(problem))?;
        }
        self.size += piece.len() as u64;
        Ok(())
    }

    /// Puts the content into its place.
    pub fn commit(self) -> Result<Written, Error> {
        let _alone = self.target.lock();
        let old = self.target.existing()?;
        put(self.temp, &self.target, old.as_ref(), self.durable)?;
        Ok(Written {
            size: self.size,
            content_hash: hex(&self.hasher.finalize()),
        })
    }
}

/// The mode that a temporary file is made with. One that replaces another shows nothing until it has the
/// other's mode; a new one has at once what the process's umask and the directory's access list give it.
pub(super) fn mode(old: Option<&Metadata>) -> u32 {
    if old.is_some() { 0o600 } else { 0o666 }
}

/// Writes `content` under the target's lock.
fn store(
    target: &Target,
    old: Option<&Metadata>,
    content: &[u8],
    durable: bool,
) -> Result<Written, Error> {
    let written = |hash: String| Written {
        size: content.len() as u64,
        content_hash: hash,
    };
    let overwrite = |old: &Metadata| {
        in_place::overwrite(target, old, content, content.len() as u64, durable)?;
        Ok(written(hex(&Sha256::digest(content))))
    };
    if let Some(old) = old.filter(|old| old.nlink() > 1) {
        return overwrite(old);
    }
    let temp = match (Temp::beside(target.path(), mode(old)), old) {
        (Err(problem), Some(old)) if put::is_denied(&problem) => return overwrite(old),
        (made, _) => made.map_err(|problem| target.refused(problem))?,
    };
    let hash = fill(&temp, content).map_err(|problem| target.refused(problem))?;
    put(temp, target, old, durable)?;
    Ok(written(hash))
}

/// Writes `content` and returns its hash.
fn fill(temp: &Temp, content: &[u8]) -> io::Result<String> {
    let mut file = temp.file();
    if content.len() >= WORTH_A_THREAD {
        return std::thread::scope(|scope| {
            let compute = || hex(&Sha256::digest(content));
            let hash = std::thread::Builder::new().spawn_scoped(scope, compute);
            file.write_all(content)?;
            // Where there are no threads to be had it is computed here.
            hash.map_or_else(
                |_| Ok(compute()),
                |hash| {
                    hash.join()
                        .map_err(|_| io::Error::other("the hash could not be computed"))
                },
            )
        });
    }
    file.write_all(content)?;
    Ok(hex(&Sha256::digest(content)))
}

/// The hash of what is in the file now, read in pieces.
pub(super) fn hash_of(path: &Path) -> Result<String, Error> {
    let (file, found) = open_regular(path).map_err(|why| Error::unopened(path, why))?;
    let most = bound(&found, HASHED);
    let mut content = file.take(most + 1);
    let hash = hash_from(&mut content).map_err(|problem| Error::reading(path, problem))?;
    if content.limit() == 0 {
        return Err(Error::TooLarge(format!(
            "{} has more than {most} bytes, too many to compare it with expected_hash; leave that out",
            shown(path)
        )));
    }
    Ok(hash)
}

/// How many bytes of a file are read at most: of one that says it has none, such as those of /proc, which may be
/// endless, not many.
fn bound(found: &Metadata, most: u64) -> u64 {
    if found.len() == 0 { UNSIZED } else { most }
}

/// The hash of all that `content` gives.
pub(super) fn hash_from(content: &mut impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; CHUNK];
    loop {
        match content.read(&mut piece) {
            Ok(0) => return Ok(hex(&hasher.finalize())),
            Ok(read) => hasher.update(&piece[..read]),
            Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
            Err(problem) => return Err(problem),
        }
    }
}

/// Compares hashes; the expected one may be in upper case and have "sha256:" before it.
fn expect(path: &Path, expected: &str, current: Option<String>) -> Result<(), Error> {
    let asked = expected.trim().to_ascii_lowercase();
    let asked = asked.strip_prefix("sha256:").unwrap_or(&asked);
    if current.as_deref() == Some(asked) {
        return Ok(());
    }
    Err(Error::Changed {
        path: path.to_owned(),
        expected: expected.to_owned(),
        current,
    })
}

/// `bytes` in lower-case hex.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digits = bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|half| char::from(DIGITS[usize::from(half)]));
    digits.collect()
}

#[cfg(test)]
mod tests;
