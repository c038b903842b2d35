//! A target: the file that a write is meant for, with the links at its end followed.

use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::libc;
use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::super::Error;
use crate::workspace::open_regular;

/// How many links the kernel follows before it takes them for a loop (`path_resolution(7)`).
const LINKS: usize = 40;

/// Locks shared by all targets: two that fall on the same one only wait for each other.
static LOCKS: [Mutex<()>; 64] = [const { Mutex::new(()) }; 64];

/// Where a write goes.
#[derive(Debug)]
pub(in crate::files) struct Target {
    /// The path as the caller named it, for errors.
    named: PathBuf,
    /// The file itself; it is no link.
    path: PathBuf,
    /// Device and number of its directory: they are the same by whatever path it is reached.
    directory: (u64, u64),
}

impl Target {
    /// The target that the absolute `path` names. Missing directories above it are made.
    pub(in crate::files) fn of(path: &Path) -> Result<Self, Error> {
        let refused = |problem| Error::changing(path, "written", problem);
        let target = resolve(path)?;
        let Some((parent, _)) = target.parent().zip(target.file_name()) else {
            return Err(Error::IsDirectory(path.to_owned()));
        };
        let found = match fs::metadata(parent) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(parent).map_err(refused)?;
                fs::metadata(parent).map_err(refused)?
            }
            found => found.map_err(refused)?,
        };
        Ok(Self {
            named: path.to_owned(),
            directory: (found.dev(), found.ino()),
            path: target,
        })
    }

    /// The file's own path.
    pub(in crate::files) fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps other writes of ours away from this target. Not to be taken twice.
    pub(in crate::files) fn lock(&self) -> MutexGuard<'static, ()> {
        lock(&LOCKS, &(self.directory, self.path.file_name()))
    }

    /// The regular file that is there and may be written, if one is; anything else there is an error.
    pub(in crate::files) fn existing(&self) -> Result<Option<Metadata>, Error> {
        let found = match fs::symlink_metadata(&self.path) {
            Ok(found) => found,
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(problem) => return Err(self.refused(problem)),
        };
        if found.is_file() {
            // A rename asks only the directory; that must not be a way round the file's own mode.
            accessat(CWD, &self.path, Access::WRITE_OK, AtFlags::EACCESS)
                .map_err(|problem| self.refused(problem.into()))?;
            return Ok(Some(found));
        }
        if found.is_symlink() {
            // Put there since it was looked at.
            return Err(self.refused(io::Error::from_raw_os_error(libc::ELOOP)));
        }
        match open_regular(&self.path) {
            Err(why) => Err(Error::unopened(&self.named, why)),
            Ok(_) => Err(self.refused(io::ErrorKind::ResourceBusy.into())),
        }
    }

    /// What it means that a step of writing failed.
    pub(in crate::files) fn refused(&self, problem: io::Error) -> Error {
        Error::changing(&self.named, "written", problem)
    }
}

/// Takes the lock that falls to `key`.
pub(super) fn lock(locks: &'static [Mutex<()>], key: &impl Hash) -> MutexGuard<'static, ()> {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let count = locks.len() as u64;
    let index = usize::try_from(hasher.finish() % count).expect("less than the number of locks");
    // The lock protects no data of ours, so a panic under it leaves nothing broken.
    locks[index].lock().unwrap_or_else(PoisonError::into_inner)
}

/// Follows the links at the end of `path`, also to where nothing is yet.
pub(in crate::files) fn resolve(path: &Path) -> Result<PathBuf, Error> {
    let mut at = path.to_owned();
    for _ in 0..=LINKS {
        let Ok(link) = fs::read_link(&at) else {
            // No link; whatever else is wrong shows when it is used.
            return Ok(at);
        };
        at = at.parent().unwrap_or(Path::new("/")).join(link);
    }
    let problem = io::Error::from_raw_os_error(libc::ELOOP);
    Err(Error::changing(path, "written", problem))
}
