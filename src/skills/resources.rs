//! Resources: the files that come with a skill, which a model may read or run.

use std::ffi::OsString;
use std::fs::{self, DirEntry};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The most that are told.
const MOST: usize = 50;

/// How deep they may lie: the number of names in their path.
const DEPTH: usize = 4;

/// The most entries of directories that are looked at.
const ENTRIES: usize = 20_000;

/// The files below a skill's directory in the order of their paths. Hidden ones are left out, and each `SKILL.md`.
pub(super) fn beside(directory: &Path, stop: &AtomicBool) -> Vec<PathBuf> {
    let mut walk = Walk {
        stop,
        left: ENTRIES,
        found: Vec::new(),
        above: Vec::new(),
    };
    walk.enter(directory, Path::new(""), 1);
    walk.found
}

struct Walk<'a> {
    stop: &'a AtomicBool,
    left: usize,
    found: Vec<PathBuf>,
    /// The directories that are being looked at, so that no link leads round in a circle: device and inode.
    above: Vec<(u64, u64)>,
}

impl Walk<'_> {
    fn enter(&mut self, directory: &Path, seen_from_top: &Path, depth: usize) {
        let Ok(itself) = fs::metadata(directory) else {
            return;
        };
        let itself = (itself.dev(), itself.ino());
        if self.above.contains(&itself) || self.holds_the_skill(itself, directory) {
            return;
        }
        self.above.push(itself);
        for name in self.names(directory) {
            if self.found.len() >= MOST || self.stop.load(Ordering::Relaxed) {
                break;
            }
            let path = directory.join(&name);
            let shown = seen_from_top.join(&name);
            match fs::metadata(&path) {
                Ok(found) if found.is_dir() && depth < DEPTH => {
                    self.enter(&path, &shown, depth + 1);
                }
                Ok(found) if found.is_file() && name != super::FILE => self.found.push(shown),
                _ => {}
            }
        }
        self.above.pop();
    }

    /// Whether a directory, reached through a link, is one that the skill's lies in.
    fn holds_the_skill(&self, itself: (u64, u64), directory: &Path) -> bool {
        if self.above.is_empty() || !directory.is_symlink() {
            return false;
        }
        let parents = directory.ancestors().skip(1);
        parents
            .filter_map(|parent| fs::metadata(parent).ok())
            .any(|parent| (parent.dev(), parent.ino()) == itself)
    }

    fn names(&mut self, directory: &Path) -> Vec<OsString> {
        let Ok(entries) = fs::read_dir(directory) else {
            return Vec::new();
        };
        let entries: Vec<DirEntry> = entries.flatten().take(self.left).collect();
        self.left -= entries.len();
        let names = entries.iter().map(DirEntry::file_name);
        let mut names: Vec<OsString> = names
            .filter(|name| !name.as_bytes().starts_with(b"."))
            .collect();
        names.sort();
        names
    }
}
