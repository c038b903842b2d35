//! The tree of files: directories made, and files and directories moved and removed.

mod copy;
mod remove;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::Error;
use crate::workspace::shown;

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// A file, a link to one, or what else is no directory.
    File,
    /// A directory with all that was in it.
    Directory,
}

/// Makes the directory `path` and those above it. One that is there already is fine.
pub fn mkdir(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|problem| match problem.kind() {
        io::ErrorKind::AlreadyExists => Error::Unfit(format!(
            "{} is there already and is no directory; choose another name, or delete it first",
            shown(path)
        )),
        _ => Error::changing(path, "made", problem),
    })
}

/// Removes the file or the whole directory at `path`; links in it are removed, not followed.
///
/// `protected` names directories that may not go, nor what they lie in; `/` never may.
pub fn remove(path: &Path, protected: &[&Path]) -> Result<Removed, Error> {
    let reading = |problem| Error::reading(path, problem);
    let found = fs::symlink_metadata(path).map_err(|problem| Error::looking(path, problem))?;
    if found.is_dir() {
        refuse_protected(path, protected, "removed")?;
        remove::directory(path, false)?;
        return Ok(Removed::Directory);
    }
    if found.is_symlink() && fs::metadata(path).map_err(reading)?.is_dir() {
        return Err(Error::Unfit(format!(
            "{} is a link to a directory; remove the link with a command (rm), or name the directory itself",
            shown(path)
        )));
    }
    fs::remove_file(path).map_err(|problem| match problem.kind() {
        io::ErrorKind::NotFound => Error::NotFound(path.to_owned()),
        _ => Error::changing(path, "removed", problem),
    })?;
    Ok(Removed::File)
}

/// Moves `source` to `destination`, which must not exist; the directory it lies in must. Links are moved
/// as links, but those that lead nowhere are refused as missing.
///
/// To another file system it is copied, then removed; until the copy is whole nothing is at `destination`,
/// and the source is untouched. `protected` as for [`remove`].
pub fn rename(
    source: &Path,
    destination: &Path,
    protected: &[&Path],
    stop: &AtomicBool,
) -> Result<(), Error> {
    let found = fs::metadata(source).map_err(|problem| Error::looking(source, problem))?;
    if found.is_dir() {
        refuse_protected(source, protected, "moved")?;
    }
    match rename_new(source, destination) {
        Ok(()) => Ok(()),
        Err(Errno::XDEV) => copy::across(source, destination, stop),
        Err(Errno::EXIST) if same_but_for_case(source, destination) => {
            fs::rename(source, destination)
                .map_err(|problem| Error::changing(source, "moved", problem))
        }
        Err(problem) => Err(unmoved(source, destination, problem)),
    }
}

/// Renames, but never onto what is there (`renameat2(2)`, `RENAME_NOREPLACE`).
fn rename_new(source: &Path, destination: &Path) -> Result<(), Errno> {
    match renameat_with(CWD, source, CWD, destination, RenameFlags::NOREPLACE) {
        // The file system cannot refuse by itself, or the move makes no sense: the plain call tells.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            if fs::symlink_metadata(destination).is_ok() {
                return Err(Errno::EXIST);
            }
            rustix::fs::rename(source, destination)
        }
        done => done,
    }
}

/// Whether both names are the same file, because its directory does not tell capitals from small letters.
fn same_but_for_case(source: &Path, destination: &Path) -> bool {
    let lower = |name: Option<&OsStr>| name.map(|name| name.to_string_lossy().to_lowercase());
    let looked = || {
        let (a, b) = (
            fs::symlink_metadata(source)?,
            fs::symlink_metadata(destination)?,
        );
        let same = (a.dev(), a.ino()) == (b.dev(), b.ino());
        // With two links they can be two names indeed; renaming one to the other would do nothing.
        io::Result::Ok(same && (a.is_dir() || a.nlink() == 1))
    };
    source.file_name() != destination.file_name()
        && source.parent() == destination.parent()
        && lower(source.file_name()) == lower(destination.file_name())
        && looked().unwrap_or(false)
}

/// Why nothing was moved.
fn unmoved(source: &Path, destination: &Path, problem: Errno) -> Error {
    match problem {
        Errno::EXIST | Errno::NOTEMPTY => Error::Exists(destination.to_owned()),
        Errno::INVAL if destination.starts_with(source) => Error::Unfit(format!(
            "{} cannot be moved into itself; choose a destination outside it",
            shown(source)
        )),
        Errno::NOENT if fs::symlink_metadata(source).is_err() => Error::NotFound(source.to_owned()),
        Errno::NOENT | Errno::NOTDIR => Error::Unfit(format!(
            "the directory {} to move to does not exist; make it first",
            shown(destination.parent().unwrap_or(Path::new("/")))
        )),
        _ => Error::changing(source, "moved", problem.into()),
    }
}

/// Refuses what the server stands on.
fn refuse_protected(path: &Path, protected: &[&Path], done: &str) -> Result<(), Error> {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let path_itself = real(path);
    let holds = |inner: &&Path| inner.starts_with(path) || real(inner).starts_with(&path_itself);
    let top = Path::new("/");
    let Some(inner) = std::iter::once(&top)
        .chain(protected)
        .find(|inner| holds(inner))
    else {
        return Ok(());
    };
    let is = if real(inner) == path_itself {
        "is"
    } else {
        "holds"
    };
    Err(Error::Unfit(format!(
        "{} {is} the directory this server works in ({}) and is not {done}; name files and directories in it instead",
        shown(path),
        shown(inner)
    )))
}

/// A hidden name beside `path` that is not taken.
fn free_beside(path: &Path) -> Result<PathBuf, Error> {
    let name = super::write::free_name(path.file_name().unwrap_or_default());
    let name = name.map_err(|problem| Error::changing(path, "written", problem))?;
    Ok(path.parent().unwrap_or(Path::new("/")).join(name))
}

#[cfg(test)]
mod tests;
