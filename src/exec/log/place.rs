//! Where a log is: `<log_dir>/processes/<id>.jsonl`.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The directory of all logs and the id of one command.
#[derive(Clone, Debug)]
pub(in crate::exec) struct Place {
    directory: Arc<Path>,
    id: Arc<str>,
}

impl Place {
    /// The log of one command; the directory is the one the logs themselves are in.
    pub(in crate::exec) fn new(directory: Arc<Path>, id: Arc<str>) -> Self {
        Self { directory, id }
    }

    /// The log.
    pub(in crate::exec) fn path(&self) -> PathBuf {
        self.directory.join(format!("{}.jsonl", self.id))
    }

    /// The next log, while it is being copied together.
    pub(super) fn rotating(&self) -> PathBuf {
        self.directory.join(format!("{}.jsonl.rotating", self.id))
    }

    /// Makes a new, empty log that only this user may read.
    pub(in crate::exec) fn create(&self) -> io::Result<File> {
        match new_file(&self.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_directory(&self.directory)?;
                new_file(&self.path())
            }
            other => other,
        }
    }
}

fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

fn make_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

/// Why no log can be made in this directory, if so.
pub(super) fn problem(directory: &Path) -> Option<String> {
    let trial = directory.join(".writable");
    let made = make_directory(directory)
        .and_then(|()| fs::write(&trial, b""))
        .and_then(|()| fs::remove_file(&trial));
    made.err()
        .map(|error| format!("{} cannot be written: {error}", directory.display()))
}
