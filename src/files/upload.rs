//! An upload: a file that comes over the network, at once or in parts.
//!
//! One that comes at once is a [`Staged`](super::Staged) file. One that comes in parts is kept under a
//! hidden name beside its target, `.NAME.open-terminal-part-ID`, so that it can go on after a broken
//! connection and also after a restart of the server.

mod name;
mod part;

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::libc;

use super::Error as FileError;
use super::write::{self, Target, Temp, Written, put};

pub use name::base_name;
use part::{check_id, part_path};

/// Why a part of an upload was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not begin where the parts before it end.
    #[error(
        "{have} bytes of this upload are here, so the next part begins at offset={have}, not {given}; offset=0 begins anew"
    )]
    Offset {
        /// How many bytes are here.
        have: u64,
        /// The offset that the client gave.
        given: u64,
    },
    /// Another request is writing to the same upload.
    #[error(
        "another request is sending this upload now; wait for it to end, then ask for the offset"
    )]
    Busy,
    /// The id is none.
    #[error("{0:?} is no id for an upload; use 1 to 64 letters, digits, - and _")]
    Id(String),
    /// There is more than was announced.
    #[error(
        "this part goes beyond the announced size of {size} bytes and was not kept; check offset and size"
    )]
    TooLong {
        /// The announced size of the whole file in bytes.
        size: u64,
    },
    /// Something went wrong with the file.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The uploads that come in parts. Cheap to clone; all clones know the same uploads.
#[derive(Clone, Debug, Default)]
pub struct Parts(Arc<Mutex<HashSet<PathBuf>>>);

/// One request's part, while it comes in. What arrived stays when it is dropped.
#[derive(Debug)]
pub struct Part {
    target: PathBuf,
    path: PathBuf,
    file: File,
    /// Where this request began.
    start: u64,
    /// How much is here, in bytes.
    have: u64,
    size: u64,
    durable: bool,
    _turn: Turn,
}

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The next part begins here.
    Partial {
        /// How many bytes are here.
        offset: u64,
    },
    /// The file is in its place.
    Complete(Written),
}

/// The right to write to one upload.
#[derive(Debug)]
struct Turn {
    busy: Parts,
    path: PathBuf,
}

impl Parts {
    /// Begins to take a part at `offset` of the upload `id` for the file at the absolute `target`, which will
    /// be `size` bytes long. Offset 0 begins anew. Missing directories are made.
    pub fn open(
        &self,
        id: &str,
        target: &Path,
        offset: u64,
        size: u64,
        durable: bool,
    ) -> Result<Part, Error> {
        check_id(id)?;
        if offset > size {
            return Err(Error::TooLong { size });
        }
        let path = part_path(target, id)?;
        let turn = self.turn(&path)?;
        let place = Target::of(target)?;
        let old = place.existing()?;
        let mut options = part_options();
        options
            .write(true)
            .create(offset == 0)
            .mode(write::mode(old.as_ref()));
        let (mut file, have) = match open(&path, &options) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
                return Err(Error::Offset {
                    have: 0,
                    given: offset,
                });
            }
            opened => opened.map_err(|problem| place.refused(problem))?,
        };
        if offset != 0 && offset != have {
            return Err(Error::Offset {
                have,
                given: offset,
            });
        }
        let ready = file
            .set_len(offset)
            .and_then(|()| file.seek(SeekFrom::Start(offset)));
        ready.map_err(|problem| place.refused(problem))?;
        Ok(Part {
            target: target.to_owned(),
            path,
            file,
            start: offset,
            have: offset,
            size,
            durable,
            _turn: turn,
        })
    }

    /// How many bytes of the upload `id` for the file at `target` are here; none when there is no such upload.
    pub fn offset(&self, id: &str, target: &Path) -> Result<Option<u64>, Error> {
        check_id(id)?;
        let path = part_path(target, id)?;
        match open(&path, part_options().write(false)) {
            Ok((_, have)) => Ok(Some(have)),
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(problem) => Err(FileError::reading(&path, problem).into()),
        }
    }

    /// Gives up the upload `id` for the file at `target`. There need be none.
    pub fn remove(&self, id: &str, target: &Path) -> Result<(), Error> {
        check_id(id)?;
        let path = part_path(target, id)?;
        let _turn = self.turn(&path)?;
        match std::fs::remove_file(&path) {
            Err(problem) if problem.kind() != io::ErrorKind::NotFound => {
                Err(FileError::changing(&path, "removed", problem).into())
            }
            _ => Ok(()),
        }
    }

    fn turn(&self, path: &Path) -> Result<Turn, Error> {
        if !self.busy().insert(path.to_owned()) {
            return Err(Error::Busy);
        }
        Ok(Turn {
            busy: self.clone(),
            path: path.to_owned(),
        })
    }

    fn busy(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Part {
    /// Adds a piece. One that goes beyond the announced size takes with it all that this request brought.
    pub fn write_all(&mut self, piece: &[u8]) -> Result<(), Error> {
        if piece.len() as u64 > self.size - self.have {
            self.file
                .set_len(self.start)
                .map_err(|problem| self.refused(problem))?;
            return Err(Error::TooLong { size: self.size });
        }
        // A piece that comes half-way stays: the file's own length says how much is here.
        self.file
            .write_all(piece)
            .map_err(|problem| self.refused(problem))?;
        self.have += piece.len() as u64;
        Ok(())
    }

    /// Ends the part; when it was the last, puts the file into its place.
    pub fn finish(mut self) -> Result<Progress, Error> {
        if self.have < self.size {
            if self.durable {
                self.file
                    .sync_data()
                    .map_err(|problem| self.refused(problem))?;
            }
            return Ok(Progress::Partial { offset: self.have });
        }
        let hash = self
            .file
            .rewind()
            .and_then(|()| write::hash_from(&mut self.file));
        let content_hash = hash.map_err(|problem| self.refused(problem))?;
        let target = Target::of(&self.target)?;
        let _alone = target.lock();
        let old = target.existing()?;
        put(
            Temp::kept(self.file, self.path),
            &target,
            old.as_ref(),
            self.durable,
        )?;
        Ok(Progress::Complete(Written {
            size: self.size,
            content_hash,
        }))
    }

    fn refused(&self, problem: io::Error) -> Error {
        FileError::changing(&self.target, "written", problem).into()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.busy.busy().remove(&self.path);
    }
}

fn part_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY);
    options
}

/// Opens the file of a part, and nothing that somebody put there in its place; with its length in bytes.
fn open(path: &Path, options: &OpenOptions) -> io::Result<(File, u64)> {
    let file = options.open(path)?;
    let found = file.metadata()?;
    if !found.is_file() || found.nlink() != 1 {
        return Err(io::Error::other(
            "what is there under the name of the unfinished upload is not ours",
        ));
    }
    Ok((file, found.len()))
}

#[cfg(test)]
mod tests;
