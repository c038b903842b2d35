//! A listing: the entries of one directory by name, each with what a file browser shows of it.
//!
//! Names are read and sorted at once, packed one after the other; everything else of an entry is looked
//! up when it is written out, so that a directory of a million entries costs little more than its names.

use std::ffi::CStr;
use std::io::Write;
use std::ops::Range;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::dir::Dir;
use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat};
use nix::unistd::{AccessFlags, faccessat};
use serde::Serialize;

use super::{Error, modified};
use crate::workspace::{shown, shown_name};

/// Entries between two looks at whether somebody still wants them.
const BREATH: usize = 256;

/// Which part of a directory is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Entries to leave out at the beginning.
    pub offset: usize,
    /// Entries at most.
    pub limit: usize,
    /// Bytes of JSON at most for the entries; one is always given.
    pub max_bytes: usize,
}

/// An open directory with the names of its entries in order of their bytes.
pub struct Listing {
    path: PathBuf,
    dir: Dir,
    names: Names,
}

/// One entry on the wire.
#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    r#type: &'static str,
    size: i64,
    modified: f64,
    writable: bool,
}

/// What is told when there is more.
#[derive(Serialize)]
struct Cut {
    truncated: bool,
    next_offset: usize,
    total: usize,
    hint: String,
}

impl Listing {
    /// Opens the directory at `path` and reads its names.
    pub fn open(path: &Path, stop: &AtomicBool) -> Result<Self, Error> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let failed = |problem: nix::Error| Error::reading(path, problem.into());
        let mut dir = Dir::open(path, flags, Mode::empty()).map_err(|problem| {
            if problem == nix::Error::ENOTDIR && path.exists() {
                return Error::NotADirectory(path.to_owned());
            }
            failed(problem)
        })?;
        let mut names = Names::default();
        for entry in dir.iter() {
            names.push(entry.map_err(failed)?.file_name());
            if names.len().is_multiple_of(BREATH) && stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
        }
        names.sort();
        Ok(Self {
            path: path.to_owned(),
            dir,
            names,
        })
    }

    /// Writes the listing as a JSON object; `out` fails when nobody wants more.
    pub fn write_json(
        &self,
        page: Page,
        out: &mut dyn Write,
        stop: &AtomicBool,
    ) -> Result<(), Error> {
        self.write(page, out, stop).map_err(|_| Error::Stopped)
    }

    fn write(&self, page: Page, out: &mut dyn Write, stop: &AtomicBool) -> std::io::Result<()> {
        out.write_all(b"{\"dir\":")?;
        serde_json::to_writer(&mut *out, &*shown(&self.path))?;
        write!(out, ",\"writable\":{},\"entries\":[", self.writable(c"."))?;
        let (mut first, mut bytes, mut given) = (true, 0, 0);
        let mut line = Vec::with_capacity(256);
        let mut next = page.offset.min(self.names.len());
        while next < self.names.len() && given < page.limit {
            if given.is_multiple_of(BREATH) && stop.load(Ordering::Relaxed) {
                return Err(std::io::ErrorKind::Interrupted.into());
            }
            line.clear();
            if !first {
                line.push(b',');
            }
            if self.entry(self.names.get(next), &mut line)? {
                bytes += line.len();
                if !first && bytes > page.max_bytes {
                    break;
                }
                out.write_all(&line)?;
                first = false;
                given += 1;
            }
            next += 1;
        }
        out.write_all(b"]")?;
        if next < self.names.len() {
            self.write_cut(next, out)?;
        }
        out.write_all(b"}")
    }

    /// Writes one entry; false when there is none any more, or it is a link to nothing.
    fn entry(&self, name: &CStr, line: &mut Vec<u8>) -> std::io::Result<bool> {
        let Ok(found) = fstatat(&self.dir, name, AtFlags::empty()) else {
            return Ok(false);
        };
        let bytes = std::os::unix::ffi::OsStrExt::from_bytes(name.to_bytes());
        let entry = Entry {
            name: &shown_name(bytes),
            r#type: if is_directory(&found) {
                "directory"
            } else {
                "file"
            },
            size: found.st_size,
            modified: modified(found.st_mtime, found.st_mtime_nsec),
            writable: self.writable(name),
        };
        serde_json::to_writer(line, &entry)?;
        Ok(true)
    }

    fn writable(&self, name: &CStr) -> bool {
        faccessat(self.dir.as_fd(), name, AccessFlags::W_OK, AtFlags::empty()).is_ok()
    }

    fn write_cut(&self, next: usize, out: &mut dyn Write) -> std::io::Result<()> {
        let total = self.names.len();
        let cut = Cut {
            truncated: true,
            next_offset: next,
            total,
            hint: format!(
                "{} of {total} entries are left: go on with offset={next}, or use glob_search to find names",
                total - next
            ),
        };
        let members = serde_json::to_vec(&cut)?;
        out.write_all(b",")?;
        // Without the braces round it.
        out.write_all(&members[1..members.len() - 1])
    }
}

fn is_directory(found: &FileStat) -> bool {
    SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT == SFlag::S_IFDIR
}

/// Names, one after the other in one piece of memory, each with its NUL.
#[derive(Default)]
struct Names {
    bytes: Vec<u8>,
    places: Vec<Range<u32>>,
}

impl Names {
    fn push(&mut self, name: &CStr) {
        if matches!(name.to_bytes(), b"." | b"..") {
            return;
        }
        let begin = self.bytes.len();
        let end = begin + name.to_bytes_with_nul().len();
        // More than 4 GiB of names in one directory are cut off there.
        if let (Ok(begin), Ok(end)) = (u32::try_from(begin), u32::try_from(end)) {
            self.bytes.extend_from_slice(name.to_bytes_with_nul());
            self.places.push(begin..end);
        }
    }

    fn len(&self) -> usize {
        self.places.len()
    }

    fn get(&self, at: usize) -> &CStr {
        CStr::from_bytes_with_nul(self.slice(&self.places[at])).expect("names are kept with NUL")
    }

    fn slice(&self, place: &Range<u32>) -> &[u8] {
        &self.bytes[place.start as usize..place.end as usize]
    }

    fn sort(&mut self) {
        let mut places = std::mem::take(&mut self.places);
        places.sort_unstable_by(|a, b| self.slice(a).cmp(self.slice(b)));
        self.places = places;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const ALL: Page = Page {
        offset: 0,
        limit: usize::MAX,
        max_bytes: usize::MAX,
    };

    fn listed(path: &Path, page: Page) -> Value {
        let stop = AtomicBool::new(false);
        let mut out = Vec::new();
        let listing = Listing::open(path, &stop).unwrap();
        listing.write_json(page, &mut out, &stop).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    fn names(listing: &Value) -> Vec<&str> {
        let entries = listing["entries"].as_array().unwrap();
        entries
            .iter()
            .map(|entry| entry["name"].as_str().unwrap())
            .collect()
    }

    #[test]
    fn entries_come_in_order_without_links_to_nothing() {
        let home = tempfile::tempdir().unwrap();
        for name in ["b", "a", "B"] {
            std::fs::write(home.path().join(name), name).unwrap();
        }
        std::fs::create_dir(home.path().join("d")).unwrap();
        std::os::unix::fs::symlink("none", home.path().join("broken")).unwrap();
        std::os::unix::fs::symlink("d", home.path().join("link")).unwrap();
        let listing = listed(home.path(), ALL);
        assert_eq!(names(&listing), ["B", "a", "b", "d", "link"]);
        assert_eq!(listing["entries"][4]["type"], "directory");
        assert_eq!(listing["entries"][0]["size"], 1);
        assert_eq!(listing["writable"], true);
        assert_eq!(listing.get("truncated"), None);
    }

    #[test]
    fn pages_add_up_to_the_whole() {
        let home = tempfile::tempdir().unwrap();
        for n in 0..10 {
            std::fs::write(home.path().join(format!("f{n}")), "").unwrap();
        }
        for page in [
            Page { limit: 3, ..ALL },
            Page {
                max_bytes: 200,
                ..ALL
            },
            Page {
                max_bytes: 1,
                ..ALL
            },
        ] {
            let (mut all, mut offset) = (Vec::new(), 0);
            loop {
                let listing = listed(home.path(), Page { offset, ..page });
                all.extend(names(&listing).into_iter().map(str::to_owned));
                let Some(next) = listing["next_offset"].as_u64() else {
                    break;
                };
                assert_eq!(listing["truncated"], true);
                assert_eq!(listing["total"], 10);
                offset = usize::try_from(next).unwrap();
            }
            let expected: Vec<String> = (0..10).map(|n| format!("f{n}")).collect();
            assert_eq!(all, expected);
        }
    }

    #[test]
    fn what_is_no_directory_is_told_apart_from_nothing() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("f");
        std::fs::write(&file, "").unwrap();
        let stop = AtomicBool::new(false);
        assert!(matches!(
            Listing::open(&file, &stop),
            Err(Error::NotADirectory(_))
        ));
        for path in [home.path().join("none"), file.join("x")] {
            assert!(matches!(
                Listing::open(&path, &stop),
                Err(Error::NotFound(_))
            ));
        }
    }
}
