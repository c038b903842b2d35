//! A walk: the files of a directory and of those in it, in the order of their names.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::statfs;

use crate::workspace::shown_name;

/// How many names of one directory are held at a time; it is read again for the next ones.
const BATCH: usize = 50_000;
/// File systems that show the inside of the system (`statfs(2)`): proc and sysfs.
const KERNEL: [i64; 2] = [0x9FA0, 0x6265_6572];

/// Gives each file with its path and its name in the archive. Files are all that is neither a directory nor
/// a link to one: what they are shows when they are opened. Directories that cannot be read are left out.
pub(super) struct Walk {
    levels: Vec<Level>,
}

struct Level {
    path: PathBuf,
    /// Its name in the archive.
    name: String,
    /// The next entries, the first of them at the end.
    entries: Vec<Entry>,
    /// The last entry in `entries` at first, when there are more behind it.
    more: Option<OsString>,
}

/// A name, and whether it is a directory's.
type Entry = (OsString, bool);

impl Walk {
    /// The walk through the directory `path`, which is called `name` in the archive.
    pub(super) fn new(path: &Path, name: &str) -> Self {
        Self {
            levels: vec![Level::new(path.to_owned(), name.to_owned())],
        }
    }
}

impl Iterator for Walk {
    type Item = (PathBuf, String);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let level = self.levels.last_mut()?;
            let Some((entry, is_directory)) = level.next() else {
                self.levels.pop();
                continue;
            };
            let path = level.path.join(&entry);
            let name = format!("{}/{}", level.name, shown_name(&entry));
            if !is_directory {
                return Some((path, name));
            }
            if !is_of_the_kernel(&path) {
                self.levels.push(Level::new(path, name));
            }
        }
    }
}

impl Level {
    fn new(path: PathBuf, name: String) -> Self {
        let (entries, more) = batch(&path, None, BATCH);
        Self {
            path,
            name,
            entries,
            more,
        }
    }

    fn next(&mut self) -> Option<Entry> {
        if self.entries.is_empty() {
            let last = self.more.take()?;
            (self.entries, self.more) = batch(&self.path, Some(&last), BATCH);
        }
        self.entries.pop()
    }
}

/// Up to `most` entries of `directory`, the first ones by name behind `after`, in reverse; and the last of
/// them when there are more.
fn batch(
    directory: &Path,
    after: Option<&OsString>,
    most: usize,
) -> (Vec<Entry>, Option<OsString>) {
    let mut entries: Vec<Entry> = Vec::new();
    let mut cut = false;
    // What cannot be read is left out.
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if after.is_some_and(|after| name <= *after) {
            continue;
        }
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        // Names come with room to grow, which so many do not need.
        let mut name = name.into_vec();
        name.shrink_to_fit();
        entries.push((OsString::from_vec(name), kind.is_dir()));
        if entries.len() == 2 * most {
            entries.select_nth_unstable(most);
            entries.truncate(most);
            cut = true;
        }
    }
    entries.sort_unstable();
    cut |= entries.len() > most;
    entries.truncate(most);
    let last = entries.last().filter(|_| cut).map(|(name, _)| name.clone());
    entries.reverse();
    (entries, last)
}

/// Whether `path` lies where files are views into the system, many of them without an end.
pub(super) fn is_of_the_kernel(path: &Path) -> bool {
    statfs(path).is_ok_and(|found| KERNEL.contains(&found.f_type))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_come_in_order_and_directories_are_entered() {
        let home = tempfile::tempdir().unwrap();
        for directory in ["b", "b/c", "empty"] {
            fs::create_dir(home.path().join(directory)).unwrap();
        }
        for file in ["a", "b/z", "b/c/x", "c", ".h"] {
            fs::write(home.path().join(file), "").unwrap();
        }
        let names: Vec<String> = Walk::new(home.path(), "t").map(|(_, name)| name).collect();
        assert_eq!(names, ["t/.h", "t/a", "t/b/c/x", "t/b/z", "t/c"]);
    }

    #[test]
    fn what_shows_the_system_is_known() {
        assert!(is_of_the_kernel(Path::new("/proc/self")));
        assert!(!is_of_the_kernel(Path::new("/")));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn batches_together_are_the_directory_in_order(
            names in proptest::collection::btree_set("[a-c]{1,4}", 0..40),
            most in 1usize..12,
        ) {
            let home = tempfile::tempdir().unwrap();
            for name in &names {
                fs::write(home.path().join(name), "").unwrap();
            }
            let mut found = Vec::new();
            let mut after = None;
            loop {
                let (mut entries, more) = batch(home.path(), after.as_ref(), most);
                prop_assert!(entries.len() <= most);
                while let Some((name, _)) = entries.pop() {
                    found.push(name.into_string().unwrap());
                }
                after = more;
                if after.is_none() {
                    break;
                }
            }
            prop_assert_eq!(found, names.into_iter().collect::<Vec<_>>());
        }
    }
}
