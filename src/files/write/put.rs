//! Putting a finished temporary file into its target's place.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::libc;

use super::super::Error;
use super::temp::Place;
use super::{Target, Temp, attributes, in_place};

/// Makes `temp` the file at `target`, where `old` is now. Under the target's lock.
pub(in crate::files) fn put(
    temp: Temp,
    target: &Target,
    old: Option<&Metadata>,
    durable: bool,
) -> Result<(), Error> {
    let refused = |problem| target.refused(problem);
    let by_rename = temp.is_beside()
        && old.is_none_or(|old| {
            old.nlink() == 1 && attributes::carry_over(temp.file(), target.path(), old).is_ok()
        });
    if durable && by_rename {
        temp.file().sync_all().map_err(refused)?;
    }
    let mut place = temp.close().map_err(refused)?;
    if by_rename {
        match (place.rename(target.path()), old) {
            (Ok(()), _) if durable => return sync_directory(target.path()).map_err(refused),
            (Ok(()), _) => return Ok(()),
            // A mount on the file, or a sticky directory: the file itself may well be written.
            (Err(problem), Some(_)) if is_bound(&problem) || is_denied(&problem) => {}
            (Err(problem), _) => return Err(refused(problem)),
        }
    }
    match old {
        Some(old) => copy(place, target, old, durable),
        // It was there when the content began to arrive, in a directory that takes no new files.
        None => Err(refused(io::ErrorKind::PermissionDenied.into())),
    }
}

fn copy(place: Place, target: &Target, old: &Metadata, durable: bool) -> Result<(), Error> {
    let refused = |problem| target.refused(problem);
    let content = place.reopen().map_err(refused)?;
    let size = content.metadata().map_err(refused)?.len();
    in_place::overwrite(target, old, content, size, durable)?;
    place.discard();
    Ok(())
}

/// Whether `problem` says that a directory takes no new file, though one is in it; "not found" is what
/// those of the kernel say.
pub(super) fn is_denied(problem: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        problem.kind(),
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem | Kind::NotFound
    )
}

/// Whether `problem` says that the file's name is fixed: it is mounted there.
fn is_bound(problem: &io::Error) -> bool {
    matches!(problem.raw_os_error(), Some(libc::EBUSY | libc::EXDEV))
}

/// Waits until the new name of `path` is on the disk.
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}
