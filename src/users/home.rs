//! Home directories: made whole or not at all, and never reached through a link.

use std::fs::DirBuilder;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use super::{Error, Settings, skeleton};

/// How a directory is opened that must be one.
pub(super) const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// What a home lets others do: nothing.
const PRIVATE: Mode = Mode::RWXU;

/// Makes the home of an account where it is missing; an existing one must be the account's own.
pub(super) fn ensure(
    settings: &Settings,
    name: &str,
    uid: u32,
    gid: u32,
) -> Result<PathBuf, Error> {
    let path = settings.homes.join(name);
    let homes = homes(&settings.homes)?;
    let refused = |problem: String| Error::Home {
        path: path.clone(),
        problem,
    };
    loop {
        match rustix::fs::openat(&homes, name, DIRECTORY, Mode::empty()) {
            Ok(home) => {
                check(&home, uid).map_err(refused)?;
                return Ok(path);
            }
            Err(Errno::NOENT) => {}
            Err(Errno::LOOP | Errno::NOTDIR) => {
                return Err(refused(
                    "it is a link or no directory; move it away".to_owned(),
                ));
            }
            Err(problem) => return Err(refused(problem.to_string())),
        }
        match make(&homes, settings, name, uid, gid) {
            // Somebody else put something there meanwhile: look at that.
            Err(problem) if there(&problem) => {}
            made => {
                made.map_err(|problem| refused(problem.to_string()))?;
                return Ok(path);
            }
        }
    }
}

fn there(problem: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotADirectory};
    matches!(
        problem.kind(),
        AlreadyExists | DirectoryNotEmpty | NotADirectory
    )
}

/// Opens the directory of all homes, made where it is missing.
pub(super) fn homes(path: &Path) -> Result<OwnedFd, Error> {
    let refused = |problem: String| Error::Home {
        path: path.to_owned(),
        problem,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .map_err(|problem| refused(problem.to_string()))?;
    let flags = DIRECTORY.difference(OFlags::NOFOLLOW);
    let opened = rustix::fs::open(path, flags, Mode::empty());
    let homes = opened.map_err(|problem| refused(problem.to_string()))?;
    let found = rustix::fs::fstat(&homes).map_err(|problem| refused(problem.to_string()))?;
    if Mode::from_raw_mode(found.st_mode).contains(Mode::WOTH) {
        return Err(refused(
            "everybody may write to it; take that from them (chmod o-w)".to_owned(),
        ));
    }
    Ok(homes)
}

/// Whose a directory is, and what others may do there.
fn check(home: &OwnedFd, uid: u32) -> Result<(), String> {
    let found = rustix::fs::fstat(home).map_err(|problem| problem.to_string())?;
    if found.st_uid != uid {
        let owner = found.st_uid;
        return Err(format!(
            "it belongs to uid {owner} and the account has uid {uid}; give it to the account (chown), or move it away"
        ));
    }
    if Mode::from_raw_mode(found.st_mode) != PRIVATE {
        rustix::fs::fchmod(home, PRIVATE).map_err(|problem| problem.to_string())?;
    }
    Ok(())
}

/// Makes a home beside its place, where nobody else can look in, and moves it there.
fn make(homes: &OwnedFd, settings: &Settings, name: &str, uid: u32, gid: u32) -> io::Result<()> {
    // No name of an account has a dot.
    let new = format!(".open-terminal.{name}.new");
    let path = settings.homes.join(&new);
    remove_whole(&path)?;
    rustix::fs::mkdirat(homes, &new, PRIVATE)?;
    let made = (|| {
        let home = rustix::fs::openat(homes, &new, DIRECTORY, Mode::empty())?;
        skeleton::copy(&settings.skeleton, &home, uid, gid)?;
        rustix::fs::fchmod(&home, PRIVATE)?;
        rustix::fs::fchown(&home, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        rustix::fs::renameat(homes, &new, homes, name)?;
        // That it is there need not survive a crash: it would be made again.
        Ok(())
    })();
    if made.is_err() {
        remove_whole(&path).ok();
    }
    made
}

/// What is in the place of a home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// A directory of this uid.
    Directory(u32),
    /// A link or something else.
    Other,
}

/// Looks at a home without following links.
pub(super) fn look(path: &Path) -> io::Result<Found> {
    match rustix::fs::statat(rustix::fs::CWD, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) if FileType::from_raw_mode(found.st_mode) == FileType::Directory => {
            Ok(Found::Directory(found.st_uid))
        }
        Ok(_) => Ok(Found::Other),
        Err(Errno::NOENT) => Ok(Found::Nothing),
        Err(problem) => Err(problem.into()),
    }
}

/// Removes a directory with all that is in it, following no link; one that is not there is well.
pub(super) fn remove_whole(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
