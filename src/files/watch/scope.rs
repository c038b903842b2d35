//! What a watch is about, and the names its reader knows.

use std::path::{Path, PathBuf};

/// What is watched, and under which name.
#[derive(Debug)]
pub(super) struct Scope {
    /// Its path without links.
    real: PathBuf,
    /// Its path as it was asked for.
    pub(super) asked: PathBuf,
    /// Whether only this name counts, in a directory that is watched for its sake.
    pub(super) is_file: bool,
    /// Whether directories that come are watched, too.
    pub(super) recursive: bool,
}

impl Scope {
    pub(super) fn directory(real: &Path, asked: &Path, recursive: bool) -> Self {
        let (real, asked) = (real.to_owned(), asked.to_owned());
        Self {
            real,
            asked,
            is_file: false,
            recursive,
        }
    }

    pub(super) fn file(real: &Path, asked: &Path) -> Self {
        Self {
            is_file: true,
            ..Self::directory(real, asked, false)
        }
    }

    /// Whether the end of this path is the end of the watch.
    pub(super) fn ends_with(&self, path: &Path) -> bool {
        if self.is_file {
            self.real.parent() == Some(path)
        } else {
            self.real == path
        }
    }

    /// A path as the reader knows it; none when it does not count.
    pub(super) fn told(&self, path: &Path) -> Option<PathBuf> {
        let below = path.strip_prefix(&self.real).ok()?;
        if below.as_os_str().is_empty() {
            return Some(self.asked.clone());
        }
        (!self.is_file).then(|| self.asked.join(below))
    }
}
