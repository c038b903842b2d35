//! A temporary file: content on its way to a place, removed when it does not get there.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::libc;

/// The longest name of most file systems in bytes (`NAME_MAX`).
const NAME_MAX: usize = 255;
/// What the names of temporary files have in common, so that a leftover shows whose it is.
const MARK: &str = ".open-terminal-";
/// Random names collide only when somebody makes them do so; that ends in an error, not in a loop.
const ATTEMPTS: usize = 8;

/// A temporary file, open for reading and writing.
#[derive(Debug)]
pub(in crate::files) struct Temp {
    file: File,
    place: Place,
}

/// The name of a temporary file; the file is removed with it.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    /// Whether it lies in the target's directory, so that it can be renamed.
    beside: bool,
    /// Whether the file outlives this value.
    keep: bool,
}

impl Temp {
    /// Makes one beside `target` under a name that cannot be guessed.
    pub(super) fn beside(target: &Path, mode: u32) -> io::Result<Self> {
        let directory = target.parent().unwrap_or(Path::new("/"));
        let name = target.file_name().unwrap_or_default();
        match Self::make(directory, name, mode, true) {
            // Some file systems have shorter names.
            Err(problem) if problem.kind() == io::ErrorKind::InvalidFilename => {
                Self::make(directory, OsStr::new(""), mode, true)
            }
            tried => tried,
        }
    }

    /// Makes one where everybody may, for a target whose directory takes none.
    pub(super) fn elsewhere(target: &Path) -> io::Result<Self> {
        let name = target.file_name().unwrap_or_default();
        Self::make(Path::new("/tmp"), name, 0o600, false)
    }

    /// Takes over `file`, which lies beside its target at `path` and is kept when it does not get there.
    pub(in crate::files) fn kept(file: File, path: PathBuf) -> Self {
        let place = Place {
            path,
            beside: true,
            keep: true,
        };
        Self { file, place }
    }

    fn make(directory: &Path, name: &OsStr, mode: u32, beside: bool) -> io::Result<Self> {
        let mut problem = io::Error::from(io::ErrorKind::AlreadyExists);
        for _ in 0..ATTEMPTS {
            let path = directory.join(free_name(name)?);
            let opened = OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(mode)
                .custom_flags(libc::O_NOFOLLOW)
                .open(&path);
            match opened {
                Ok(file) => {
                    let place = Place {
                        path,
                        beside,
                        keep: false,
                    };
                    return Ok(Self { file, place });
                }
                Err(refused) if refused.kind() == io::ErrorKind::AlreadyExists => {
                    problem = refused;
                }
                Err(refused) => return Err(refused),
            }
        }
        Err(problem)
    }

    /// The open file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether it lies in the target's directory, so that it can be renamed.
    pub(super) fn is_beside(&self) -> bool {
        self.place.beside
    }

    /// Closes the file; some file systems say only now that it could not be stored.
    pub(super) fn close(self) -> io::Result<Place> {
        match nix::unistd::close(self.file) {
            Ok(()) | Err(nix::Error::EINTR) => Ok(self.place),
            Err(problem) => Err(problem.into()),
        }
    }
}

impl Place {
    /// Gives the file its name.
    pub(super) fn rename(&mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.keep = true;
        Ok(())
    }

    /// Opens the file again, to be copied.
    pub(super) fn reopen(&self) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&self.path)
    }

    /// Lets the file go, though it is one that is kept: its content has arrived otherwise.
    pub(super) fn discard(mut self) {
        self.keep = false;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.keep {
            // Nobody is left to be told; the name says whose file it is.
            drop(fs::remove_file(&self.path));
        }
    }
}

/// A hidden name made of `name` that is not taken, as far as chance goes.
pub(in crate::files) fn free_name(name: &OsStr) -> io::Result<OsString> {
    let chance = getrandom::u64().map_err(|problem| io::Error::other(problem.to_string()))?;
    let end = format!("{MARK}{chance:016x}");
    let mut free = Vec::with_capacity(NAME_MAX);
    free.push(b'.');
    free.extend_from_slice(cut(name, NAME_MAX - 1 - end.len()).as_bytes());
    free.extend_from_slice(end.as_bytes());
    Ok(OsString::from_vec(free))
}

/// As much of the start of `name` as fits in `bytes`, cut between characters.
pub(in crate::files) fn cut(name: &OsStr, bytes: usize) -> &OsStr {
    let name = name.as_bytes();
    let mut end = bytes.min(name.len());
    while end > 0 && end < name.len() && name[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    OsStr::from_bytes(&name[..end])
}
