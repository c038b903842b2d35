//! A shelf: the previews of the last minutes, for clients that ask twice or in parts.

use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

/// How many are kept.
const MOST: usize = 4;

/// How large one may be, in bytes.
const LARGEST: u64 = 32 << 20;

/// How long they are kept.
const AGE: Duration = Duration::from_mins(5);

/// A document in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    path: PathBuf,
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Key {
    pub(super) fn of(document: &Path, found: &Metadata) -> Self {
        Self {
            path: document.to_owned(),
            file: (found.dev(), found.ino()),
            size: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }
}

/// Open files without names, so that nothing of them is left when the server ends.
#[derive(Debug, Default)]
pub(super) struct Shelf(VecDeque<(Key, File, Instant)>);

impl Shelf {
    /// The preview of a document in this state, open anew.
    pub(super) fn get(&mut self, key: &Key) -> Option<File> {
        self.0.retain(|(_, _, made)| made.elapsed() < AGE);
        let (_, pdf, _) = self.0.iter().find(|(held, ..)| held == key)?;
        reopened(pdf)
    }

    /// Keeps a preview; the oldest makes room.
    pub(super) fn put(&mut self, key: Key, pdf: &File) {
        self.0.retain(|(held, ..)| *held != key);
        if pdf.metadata().is_ok_and(|found| found.len() <= LARGEST)
            && let Ok(pdf) = pdf.try_clone()
        {
            self.0.truncate(MOST - 1);
            self.0.push_front((key, pdf, Instant::now()));
        }
    }
}

/// The same file, read from its beginning whoever else reads it (proc(5), `/proc/self/fd`).
fn reopened(file: &File) -> Option<File> {
    File::open(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn file(text: &str) -> File {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("f");
        std::fs::write(&path, text).unwrap();
        File::open(path).unwrap()
    }

    fn key(name: &str, state: &File) -> Key {
        Key::of(Path::new(name), &state.metadata().unwrap())
    }

    fn text(mut file: File) -> String {
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        text
    }

    #[tokio::test(start_paused = true)]
    async fn a_preview_is_kept_for_some_minutes_and_as_long_as_its_document_stays_the_same() {
        let mut shelf = Shelf::default();
        let (before, after) = (file("before"), file("after"));
        shelf.put(key("d", &before), &file("pdf"));
        for _ in 0..2 {
            assert_eq!(shelf.get(&key("d", &before)).map(text).unwrap(), "pdf");
        }
        assert!(shelf.get(&key("d", &after)).is_none());
        assert!(shelf.get(&key("e", &before)).is_none());
        tokio::time::advance(AGE).await;
        assert!(shelf.get(&key("d", &before)).is_none());
    }

    #[tokio::test]
    async fn the_oldest_makes_room() {
        let mut shelf = Shelf::default();
        let state = file("");
        for name in ["a", "b", "c", "d", "e"] {
            shelf.put(key(name, &state), &file(name));
        }
        assert!(shelf.get(&key("a", &state)).is_none());
        assert_eq!(shelf.get(&key("e", &state)).map(text).unwrap(), "e");
        assert_eq!(shelf.get(&key("b", &state)).map(text).unwrap(), "b");
    }
}
