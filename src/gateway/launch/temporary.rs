//! The directory in which workspaces' own `/tmp` are kept while the server runs, as systemd keeps those of services.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use rustix::fs::{FlockOperation, flock};

/// Where it is made.
const ABOVE: &str = "/tmp";
/// What its name begins with.
const PREFIX: &str = "open-terminal-";

/// A directory that only root can enter, removed when this is dropped.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
    /// Locked as long as the server runs, by which it is told from what a dead one has left (and by which
    /// systemd-tmpfiles(8) leaves it alone).
    _lock: File,
}

impl Temporary {
    /// Makes one under a name that nobody can foresee, and removes those of servers that were killed.
    pub(super) fn make() -> Result<Self, String> {
        let failed = |error: io::Error| {
            format!("{ABOVE} takes no directory for the temporary files of workspaces: {error}")
        };
        sweep();
        let number = getrandom::u64().map_err(|error| failed(io::Error::other(error)))?;
        let path = Path::new(ABOVE).join(format!("{PREFIX}{number:016x}"));
        // It fails when anything is there.
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(failed)?;
        let lock = lock(&path).map_err(failed)?;
        Ok(Self { path, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It is root's, and links in it are not followed (std::fs).
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "temporary files of workspaces are left behind");
        }
    }
}

/// Opens a directory of root's that nobody else enters, and locks it; fails when somebody has.
fn lock(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let opened = File::from(open(path, flags, Mode::empty())?);
    let found = opened.metadata()?;
    if found.uid() != 0 || found.mode() & 0o777 != 0o700 {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    flock(&opened, FlockOperation::NonBlockingLockExclusive)?;
    Ok(opened)
}

/// Removes what servers have left that could not do so themselves.
fn sweep() {
    let entries = std::fs::read_dir(ABOVE).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let is_ours = number.is_some_and(|number| {
            number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        if is_ours && let Ok(_lock) = lock(&entry.path()) {
            std::fs::remove_dir_all(entry.path()).ok();
        }
    }
}
