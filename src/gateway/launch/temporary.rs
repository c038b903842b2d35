//! The directory in which workspaces' own `/tmp` are kept while the server runs, as systemd keeps those of services.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Where it is made.
const ABOVE: &str = "/tmp";

/// A directory that only root can enter, removed when this is dropped.
#[derive(Debug)]
pub(super) struct Temporary(PathBuf);

impl Temporary {
    /// Makes one under a name that nobody can foresee.
    pub(super) fn make() -> Result<Self, String> {
        let failed = |error: std::io::Error| {
            format!("{ABOVE} takes no directory for the temporary files of workspaces: {error}")
        };
        let number = getrandom::u64().map_err(|error| failed(std::io::Error::other(error)))?;
        let path = Path::new(ABOVE).join(format!("open-terminal-{number:016x}"));
        // It fails when anything is there.
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(failed)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It is root's, and links in it are not followed (std::fs).
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "temporary files of workspaces are left behind");
        }
    }
}
