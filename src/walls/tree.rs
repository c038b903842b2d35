//! Paths opened step by step, so that no link that a user left leads elsewhere.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Component, Path};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{FileStat, Mode, fstat, mkdirat};

/// An open place of the file system, not for reading: `O_PATH` of open(2).
const PLACE: OFlag = OFlag::O_PATH
    .union(OFlag::O_CLOEXEC)
    .union(OFlag::O_NOFOLLOW);

/// Opens what is at a path, whose steps are all directories and no links.
pub(super) fn at(path: &Path) -> nix::Result<OwnedFd> {
    walk(path, false)
}

/// Opens the directory at a path, and makes it and those above it where they lack.
pub(super) fn make(path: &Path) -> nix::Result<OwnedFd> {
    walk(path, true)
}

fn walk(path: &Path, make: bool) -> nix::Result<OwnedFd> {
    let mut here = open("/", PLACE | OFlag::O_DIRECTORY, Mode::empty())?;
    let mut steps = path.components().peekable();
    while let Some(step) = steps.next() {
        let Component::Normal(name) = step else {
            continue;
        };
        let directory = steps.peek().is_some() || make;
        let flags = if directory {
            PLACE | OFlag::O_DIRECTORY
        } else {
            PLACE
        };
        here = match openat(&here, name, flags, Mode::empty()) {
            Err(Errno::ENOENT) if make => {
                mkdirat(&here, name, Mode::from_bits_truncate(0o755))?;
                openat(&here, name, flags, Mode::empty())?
            }
            opened => opened?,
        };
    }
    Ok(here)
}

/// The name by which calls that take a path reach an open place.
pub(super) fn name(place: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", place.as_raw_fd())
}

/// Whether two are one.
pub(super) fn is_same(one: &OwnedFd, other: &OwnedFd) -> bool {
    let key = |status: FileStat| (status.st_dev, status.st_ino);
    let (one, other) = (fstat(one).map(key), fstat(other).map(key));
    one.is_ok() && one == other
}

/// What kind of file it is: the bits `S_IFMT` of its mode; 0 where that cannot be told.
pub(super) fn kind(place: &OwnedFd) -> libc::mode_t {
    fstat(place).map_or(0, |status| status.st_mode & libc::S_IFMT)
}
