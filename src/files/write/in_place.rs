//! Overwriting in place: for files that no rename can replace.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::sync::Mutex;

use nix::errno::Errno;
use nix::libc;

use super::super::Error;
use super::Target;
use super::target::lock;
use crate::sys;

/// One writer at a time in one file, by whichever of its names.
static LOCKS: [Mutex<()>; 64] = [const { Mutex::new(()) }; 64];

/// Writes the `size` bytes that `content` gives over the file at `target`, which `old` describes.
///
/// Room is reserved first, so that a full disk leaves the old content.
pub(super) fn overwrite(
    target: &Target,
    old: &Metadata,
    mut content: impl Read,
    size: u64,
    durable: bool,
) -> Result<(), Error> {
    let refused = |problem| target.refused(problem);
    let file = OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(target.path())
        .map_err(refused)?;
    let _alone = lock(&LOCKS, &(old.dev(), old.ino()));
    let found = file.metadata().map_err(refused)?;
    if !found.is_file() || (found.dev(), found.ino()) != (old.dev(), old.ino()) {
        return Err(refused(io::ErrorKind::ResourceBusy.into()));
    }
    if holds_limits(&file) {
        let why = "it is a file of a cgroup, and the limits of commands are not changed this way";
        return Err(refused(io::Error::new(
            io::ErrorKind::PermissionDenied,
            why,
        )));
    }
    sys::reserve(&file, size).map_err(refused)?;
    let copied = io::copy(&mut content, &mut &file).and_then(|_| {
        // Files of the kernel are never long, and cannot be cut.
        let longer = found.len() > size;
        if longer { file.set_len(size) } else { Ok(()) }
    });
    copied.map_err(|problem| broken(target, &problem))?;
    if durable {
        file.sync_all().map_err(refused)?;
    }
    match nix::unistd::close(file) {
        Ok(()) | Err(Errno::EINTR) => Ok(()),
        Err(problem) => Err(broken(target, &problem.into())),
    }
}

/// Whether a file is the kernel's, of a cgroup (cgroups(7)): those of a command's place belong to the workspace, so that
/// it can bound the command, and the command is not to have them written by its workspace.
fn holds_limits(file: &File) -> bool {
    const MAGIC: [i64; 2] = [0x0027_e0eb, 0x6367_7270];
    // Where that cannot be told, nothing is known to speak against it.
    rustix::fs::fstatfs(file).is_ok_and(|system| MAGIC.contains(&system.f_type))
}

/// What it means that writing failed half-way: the one case in which the old content is lost.
fn broken(target: &Target, problem: &io::Error) -> Error {
    let text =
        format!("{problem}; part of the new content may be in it already: look at it before use");
    Error::Refused {
        path: target.path().to_owned(),
        done: "written",
        problem: io::Error::new(problem.kind(), text),
    }
}
