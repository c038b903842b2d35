//! A git work tree, read without git: where it is, and which files it tracks.

mod index;

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// How much of a `.git` file or of a configuration is read, in bytes.
const MOST_SETTINGS: u64 = 1 << 20;

/// The repository whose work tree begins at `top`: its own directory, none when there is no such.
///
/// A work tree of its own and a submodule have a file that names it (gitrepository-layout(5)).
pub(super) fn directory_of(top: &Path) -> Option<PathBuf> {
    let git = top.join(".git");
    let found = fs::metadata(&git).ok()?;
    let directory = if found.is_file() {
        let text = beginning(&git)?;
        let named = text
            .trim_end_matches(['\n', '\r'])
            .strip_prefix("gitdir: ")?;
        top.join(named)
    } else {
        git
    };
    directory.join("HEAD").exists().then_some(directory)
}

/// The directory that the work trees of a repository share, of one of theirs.
pub(super) fn common_of(directory: &Path) -> PathBuf {
    match beginning(&directory.join("commondir")) {
        Some(text) => directory.join(text.trim_end()),
        None => directory.to_owned(),
    }
}

/// A git work tree, seen from a directory in it.
pub(super) struct WorkTree {
    repository: PathBuf,
    /// Where the directory is below the top, with a slash at its end; empty for the top itself.
    prefix: Vec<u8>,
}

impl WorkTree {
    /// The work tree that `directory` is in; none when it is in none, or inside of a `.git`.
    pub(super) fn around(directory: &Path) -> Option<Self> {
        let directory = fs::canonicalize(directory).ok()?;
        let found = directory
            .ancestors()
            .find_map(|top| Some((top, directory_of(top)?)));
        let (top, repository) = found?;
        let below = directory.strip_prefix(top).ok()?;
        if below.iter().any(|name| name == ".git") {
            return None;
        }
        let mut prefix = below.as_os_str().as_bytes().to_vec();
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        Some(Self { repository, prefix })
    }

    /// Tells the path of each tracked file below the directory, relative to it, in git's order.
    ///
    /// Without an index nothing is tracked; a damaged one tells what is before the damage.
    pub(super) fn tracked(&self, mut each: impl FnMut(&[u8])) {
        let Ok(file) = File::open(self.repository.join("index")) else {
            return;
        };
        if !file.metadata().is_ok_and(|found| found.is_file()) {
            return;
        }
        let hash = if self.has_long_hashes() { 32 } else { 20 };
        let told = index::names(BufReader::with_capacity(1 << 16, file), hash, |name| {
            if let Some(below) = name.strip_prefix(self.prefix.as_slice()) {
                each(below);
            }
        });
        if let Err(problem) = told {
            tracing::debug!(%problem, "a git index could not be read to its end");
        }
    }

    /// Whether the repository names objects by SHA-256.
    fn has_long_hashes(&self) -> bool {
        let settings = beginning(&common_of(&self.repository).join("config")).unwrap_or_default();
        settings.lines().any(|line| {
            let line = line.to_ascii_lowercase();
            let mut words = line.split('=').map(str::trim);
            words.next() == Some("objectformat") && words.next() == Some("sha256")
        })
    }
}

fn beginning(path: &Path) -> Option<String> {
    let (file, _) = crate::workspace::open_regular(path).ok()?;
    let mut text = String::new();
    file.take(MOST_SETTINGS).read_to_string(&mut text).ok()?;
    Some(text)
}
