//! Moving to another file system: a copy of all that is there, then the removal of the original.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, Metadata, OpenOptions, Permissions, ReadDir};
use std::io::{self, Read};
use std::os::unix::fs::{
    DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, lchown, symlink,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::libc;
use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, mknodat, utimensat};

use super::super::write::copy_attributes;
use super::{Error, free_beside, remove, rename_new, unmoved};
use crate::workspace::shown;

/// How much is copied between two looks at whether to stop, in bytes.
const STRIDE: u64 = 4 << 20;

/// A copy that is being made under a hidden name; removed unless it got its own.
struct Copy<'a> {
    path: PathBuf,
    done: bool,
    stop: &'a AtomicBool,
    /// Where files with several names have been copied to, by device and number.
    links: HashMap<(u64, u64), PathBuf>,
}

/// A directory in work.
struct Level {
    from: PathBuf,
    to: PathBuf,
    found: Metadata,
    entries: ReadDir,
}

/// Moves `source` to `destination` on another file system.
pub(super) fn across(source: &Path, destination: &Path, stop: &AtomicBool) -> Result<(), Error> {
    let mut copy = Copy {
        path: free_beside(destination)?,
        done: false,
        stop,
        links: HashMap::new(),
    };
    let top = copy.path.clone();
    copy.tree(source, &top)?;
    rename_new(&copy.path, destination).map_err(|problem| unmoved(source, destination, problem))?;
    copy.done = true;
    let found =
        fs::symlink_metadata(source).map_err(|problem| left(destination, source, &problem))?;
    if found.is_dir() {
        return remove::directory(source, false).map_err(|error| match error {
            Error::Refused { path, problem, .. } => left(destination, &path, &problem),
            other => other,
        });
    }
    fs::remove_file(source).map_err(|problem| left(destination, source, &problem))
}

/// The error when all is copied, but something of the original stays.
fn left(destination: &Path, stuck: &Path, problem: &io::Error) -> Error {
    let text = format!(
        "{problem}; the copy at {} is whole, delete what is left of the original",
        shown(destination)
    );
    Error::Refused {
        path: stuck.to_owned(),
        done: "removed",
        problem: io::Error::new(problem.kind(), text),
    }
}

impl Copy<'_> {
    fn tree(&mut self, from: &Path, to: &Path) -> Result<(), Error> {
        let failed = |path: &Path, problem| Error::changing(path, "moved", problem);
        let mut levels = Vec::new();
        let first = self.entry(from, to);
        levels.extend(first.map_err(|problem| self.explain(from, problem))?);
        while let Some(level) = levels.last_mut() {
            let Some(entry) = level.entries.next() else {
                // Last, since what is made in it changes its times and may need its mode.
                dress(&level.to, &level.found).map_err(|problem| failed(&level.from, problem))?;
                levels.pop();
                continue;
            };
            let entry = entry.map_err(|problem| failed(&level.from, problem))?;
            let (from, to) = (entry.path(), level.to.join(entry.file_name()));
            let below = self.entry(&from, &to);
            levels.extend(below.map_err(|problem| self.explain(&from, problem))?);
        }
        Ok(())
    }

    fn explain(&self, path: &Path, problem: io::Error) -> Error {
        if self.stop.load(Ordering::Relaxed) {
            return Error::Stopped;
        }
        Error::changing(path, "moved", problem)
    }

    /// Copies one entry; a directory is only begun.
    fn entry(&mut self, from: &Path, to: &Path) -> io::Result<Option<Level>> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let found = fs::symlink_metadata(from)?;
        let kind = found.file_type();
        if kind.is_dir() {
            DirBuilder::new().mode(0o700).create(to)?;
            return Ok(Some(Level {
                from: from.to_owned(),
                to: to.to_owned(),
                entries: fs::read_dir(from)?,
                found,
            }));
        }
        let id = (found.dev(), found.ino());
        if found.nlink() > 1
            && let Some(first) = self.links.get(&id)
        {
            fs::hard_link(first, to)?;
            return Ok(None);
        }
        if kind.is_file() {
            self.file(from, to, id)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(from)?, to)?;
        } else {
            let mode = Mode::from_raw_mode(found.mode() & 0o777);
            let kind = FileType::from_raw_mode(found.mode());
            mknodat(CWD, to, kind, mode, found.rdev())?;
        }
        dress(to, &found)?;
        if found.nlink() > 1 {
            self.links.insert(id, to.to_owned());
        }
        Ok(None)
    }

    fn file(&self, from: &Path, to: &Path, id: (u64, u64)) -> io::Result<()> {
        let source = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(from)?;
        let found = source.metadata()?;
        if (found.dev(), found.ino()) != id {
            return Err(io::Error::other("it was replaced while it was moved"));
        }
        let mut target = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(to)?;
        while io::copy(&mut (&source).take(STRIDE), &mut target)? > 0 {
            if self.stop.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::Interrupted.into());
            }
        }
        // A file system without attributes takes the content all the same.
        drop(copy_attributes(&target, from));
        Ok(nix::unistd::close(target)?)
    }
}

/// Gives the copy at `path` the owner, mode and times of the original.
fn dress(path: &Path, original: &Metadata) -> io::Result<()> {
    let own = fs::symlink_metadata(path)?;
    let same = (own.uid(), own.gid()) == (original.uid(), original.gid());
    // Only root gives files away; for others they become theirs, as with any copy.
    let owned = same || lchown(path, Some(original.uid()), Some(original.gid())).is_ok();
    if !original.is_symlink() {
        // The bits that run a program as its owner mean nothing good under another.
        let kept = if owned { 0o7777 } else { 0o1777 };
        fs::set_permissions(path, Permissions::from_mode(original.mode() & kept))?;
    }
    let at = |seconds, nanoseconds| Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds,
    };
    let times = Timestamps {
        last_access: at(original.atime(), original.atime_nsec()),
        last_modification: at(original.mtime(), original.mtime_nsec()),
    };
    Ok(utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

impl Drop for Copy<'_> {
    fn drop(&mut self) {
        if !self.done && fs::remove_file(&self.path).is_err() {
            // Nobody is left to be told; the name says whose it is.
            drop(remove::directory(&self.path, true));
        }
    }
}
