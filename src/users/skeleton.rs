//! What a new home holds: a copy of the skeleton directory, as useradd(8) makes it.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use nix::libc;
use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid};

use super::home::DIRECTORY;

/// How deep directories are followed into each other.
const DEEPEST: usize = 64;

/// Copies what the skeleton holds into an empty directory that nobody else can enter yet.
pub(super) fn copy(skeleton: &Path, home: &OwnedFd, uid: u32, gid: u32) -> io::Result<()> {
    let owner = (Uid::from_raw(uid), Gid::from_raw(gid));
    match fs::metadata(skeleton) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => directory(skeleton, home.as_fd(), owner, DEEPEST),
    }
}

fn directory(from: &Path, to: BorrowedFd, owner: (Uid, Gid), left: usize) -> io::Result<()> {
    let (uid, gid) = (Some(owner.0), Some(owner.1));
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let found = entry.metadata()?;
        let mode = Mode::from_raw_mode(found.mode() & 0o777);
        if found.is_symlink() {
            rustix::fs::symlinkat(fs::read_link(&path)?, to, &name)?;
            rustix::fs::chownat(to, &name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?;
        } else if found.is_dir() {
            if left == 0 {
                return Err(io::Error::other(format!(
                    "the skeleton is too deep at {}",
                    path.display()
                )));
            }
            rustix::fs::mkdirat(to, &name, Mode::RWXU)?;
            let inner = rustix::fs::openat(to, &name, DIRECTORY, Mode::empty())?;
            directory(&path, inner.as_fd(), owner, left - 1)?;
            rustix::fs::fchown(&inner, uid, gid)?;
            rustix::fs::fchmod(&inner, mode)?;
        } else if found.is_file() {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let new = rustix::fs::openat(to, &name, flags, Mode::RUSR | Mode::WUSR)?;
            let mut new = File::from(new);
            let mut old = fs::OpenOptions::new();
            let old = old
                .read(true)
                .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
            io::copy(&mut old.open(&path)?, &mut new)?;
            rustix::fs::fchown(&new, uid, gid)?;
            rustix::fs::fchmod(&new, mode)?;
        }
    }
    Ok(())
}
