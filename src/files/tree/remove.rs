//! Removing a whole directory, however deep, without following a link.
//!
//! The tree is gone through by descriptors, so nobody can lead the removal elsewhere by putting a link in
//! its way. A few levels are held open; from deeper down the way back is by `..`, checked against what was
//! there before. So neither the stack nor the number of descriptors grows with the depth.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{
    Access, AtFlags, CWD, Dir, FileType, Mode, OFlags, accessat, chmodat, fstat, openat, unlinkat,
};
use rustix::io::Errno;
use rustix::path::Arg;

use super::Error;
use crate::workspace::shown;

/// How many directories are open at a time.
const OPEN: usize = 32;

/// A directory that is being emptied.
struct Level {
    /// Its name in the one above.
    name: CString,
    /// Device and number.
    id: (u64, u64),
    /// Its entries; closed while work is far below.
    entries: Option<Dir>,
}

/// What cannot be removed: its name in the innermost directory, and why.
type Failure = (CString, Errno);

/// Removes the directory `path` with all that is in it, and stops at the first thing that cannot be.
///
/// With `force`, for what we made ourselves, directories in it are made writable first.
pub(super) fn directory(path: &Path, force: bool) -> Result<(), Error> {
    let refused = |problem: Errno| Error::changing(path, "removed", problem.into());
    let parent = path.parent().unwrap_or(Path::new("/"));
    // Else everything in it would be gone before it shows that the directory itself has to stay.
    let access = Access::WRITE_OK | Access::EXEC_OK;
    accessat(CWD, parent, access, AtFlags::EACCESS).map_err(refused)?;
    let top = Level::enter(CWD, path, force).map_err(refused)?;
    let mut levels = vec![top];
    while !levels.is_empty() {
        if let Err((name, problem)) = step(&mut levels, force) {
            return Err(partly(path, &levels, &name, problem));
        }
    }
    rustix::fs::rmdir(path).map_err(refused)
}

/// Removes one entry of the innermost directory, enters it when it is a directory, or leaves it at the end.
fn step(levels: &mut Vec<Level>, force: bool) -> Result<(), Failure> {
    let here = levels
        .last_mut()
        .expect("called only while there is a level");
    let Some(entries) = here.entries.as_mut() else {
        return Err((CString::default(), Errno::BADF));
    };
    let entry = match entries.read() {
        None => return leave(levels),
        Some(Err(problem)) => return Err((CString::default(), problem)),
        Some(Ok(entry)) => entry,
    };
    let name = entry.file_name();
    if name == c"." || name == c".." {
        return Ok(());
    }
    let fd = entries
        .fd()
        .map_err(|problem| (CString::default(), problem))?;
    let failed = |problem| (name.to_owned(), problem);
    if entry.file_type() != FileType::Directory {
        match unlinkat(fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => return Ok(()),
            // Not every file system tells beforehand.
            Err(Errno::ISDIR) => {}
            Err(problem) => return Err(failed(problem)),
        }
    }
    match Level::enter(fd, name, force) {
        Ok(level) => {
            levels.push(level);
            if let Some(far) = levels.len().checked_sub(OPEN + 1) {
                levels[far].entries = None;
            }
            Ok(())
        }
        Err(Errno::NOENT) => Ok(()),
        // Replaced by something else meanwhile; or closed to us, and yet removable when empty.
        Err(Errno::NOTDIR | Errno::LOOP) => unlinkat(fd, name, AtFlags::empty()).map_err(failed),
        Err(problem) => match unlinkat(fd, name, AtFlags::REMOVEDIR) {
            Ok(()) => Ok(()),
            Err(_) => Err(failed(problem)),
        },
    }
}

/// Goes back to the directory above and removes the one that is empty now.
fn leave(levels: &mut Vec<Level>) -> Result<(), Failure> {
    let Some(mut done) = levels.pop() else {
        return Ok(());
    };
    let Some(above) = levels.last_mut() else {
        return Ok(());
    };
    let removed = above.reopen(&mut done).and_then(|()| {
        let entries = above.entries.as_ref().ok_or(Errno::BADF)?;
        unlinkat(entries.fd()?, &done.name, AtFlags::REMOVEDIR)
    });
    match removed {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(problem) => Err((done.name, problem)),
    }
}

impl Level {
    /// Opens the directory `name` of `above`; a link is refused.
    fn enter(above: impl AsFd, name: impl Arg, force: bool) -> Result<Self, Errno> {
        let name = name.into_c_str()?.into_owned();
        let above = above.as_fd();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if force {
            // Only for what we made: its owner may always do this.
            chmodat(above, &name, Mode::RWXU, AtFlags::empty()).ok();
        }
        let fd = openat(above, &name, flags, Mode::empty())?;
        let found = fstat(&fd)?;
        Ok(Self {
            name,
            id: (found.st_dev, found.st_ino),
            entries: Some(Dir::new(fd)?),
        })
    }

    /// Opens it again, when it was closed, from `below`, which lies in it.
    fn reopen(&mut self, below: &mut Self) -> Result<(), Errno> {
        if self.entries.is_some() {
            return Ok(());
        }
        let entries = below.entries.as_ref().ok_or(Errno::BADF)?;
        let back = Self::enter(entries.fd()?, c"..", false)?;
        if back.id != self.id {
            // Somebody moved the directory while it was emptied.
            return Err(Errno::XDEV);
        }
        self.entries = back.entries;
        Ok(())
    }
}

/// The error when some of the directory is gone already.
fn partly(path: &Path, levels: &[Level], name: &CStr, problem: Errno) -> Error {
    let mut stuck = path.to_owned();
    let below = levels.iter().skip(1).map(|level| level.name.as_c_str());
    for name in below.chain([name]).filter(|name| !name.is_empty()) {
        stuck.push(OsStr::from_bytes(name.to_bytes()));
    }
    let problem = io::Error::from(problem);
    let text = format!(
        "{problem}; other parts of {} may be gone already",
        shown(path)
    );
    Error::Refused {
        path: stuck,
        done: "removed",
        problem: io::Error::new(problem.kind(), text),
    }
}
