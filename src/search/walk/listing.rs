//! What a directory of a walked tree holds, packed and sorted by name.

use std::ffi::OsStr;
use std::fs::DirEntry;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Kind, Rules, Tour, Walk};
use crate::search::{Error, git};

/// Entries that are read between two looks at whether the caller has gone.
const BETWEEN_LOOKS: usize = 1024;

/// What a directory holds, sorted by name.
pub(super) struct Listing {
    /// The directory's place: its components below the root, each ended by a NUL; none for the root.
    key: Vec<u8>,
    names: Vec<u8>,
    entries: Vec<Item>,
    rules: Option<Arc<Rules>>,
    directories: bool,
}

/// One name, by its place in `names`.
struct Item {
    at: u32,
    length: u16,
    kind: Kind,
}

impl Listing {
    /// Reads the directory with that key, without what the walk leaves out.
    ///
    /// The outer error ends the walk: the caller has gone. The inner one is the directory's own.
    pub(super) fn read(
        tour: &Tour<'_>,
        key: Vec<u8>,
        rules: Option<Arc<Rules>>,
    ) -> Result<io::Result<Self>, Error> {
        let walk = &tour.walk;
        let mut listing = Self {
            key,
            names: Vec::new(),
            entries: Vec::new(),
            rules,
            directories: false,
        };
        let path = listing.path(walk.root);
        let path = Path::new(OsStr::from_bytes(&path));
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return Ok(Err(error)),
        };
        let mut marks = Marks::default();
        for (count, entry) in entries.enumerate() {
            if count % BETWEEN_LOOKS == 0 && walk.stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            // An error amid a directory is as good as its end: reading on would repeat it.
            let Ok(entry) = entry else { break };
            listing.add(&entry, walk, &mut marks);
        }
        let nested = !tour.nested && marks.git && !listing.key.is_empty();
        if nested && git::directory_of(path).is_some() {
            listing.entries.clear();
        }
        if walk.gitignore {
            listing.leave_out_ignored(path, &marks);
        }
        let names = &listing.names;
        listing
            .entries
            .sort_unstable_by(|a, b| a.name(names).cmp(b.name(names)));
        let mut kinds = listing.entries.iter().map(|item| item.kind);
        listing.directories = kinds.any(|kind| kind == Kind::Directory);
        Ok(Ok(listing))
    }

    fn add(&mut self, entry: &DirEntry, walk: &Walk<'_>, marks: &mut Marks) {
        let name = entry.file_name().into_vec();
        marks.gitignore |= name == b".gitignore";
        marks.git |= name == b".git";
        let hidden = name.first() == Some(&b'.') && !walk.hidden;
        if hidden || (walk.gitignore && name == b".git") {
            return;
        }
        let Ok(kind) = entry.file_type() else { return };
        let (Ok(at), Ok(length)) = (u32::try_from(self.names.len()), u16::try_from(name.len()))
        else {
            return; // names of 4 GiB in one directory: the rest is not seen
        };
        self.names.extend_from_slice(&name);
        self.entries.push(Item {
            at,
            length,
            kind: kind.into(),
        });
    }

    fn leave_out_ignored(&mut self, directory: &Path, marks: &Marks) {
        self.rules = Rules::entering(self.rules.take(), directory, marks.git, marks.gitignore);
        let (Some(rules), names) = (&self.rules, &self.names) else {
            return;
        };
        let mut path = directory.as_os_str().as_bytes().to_vec();
        let length = path.len();
        self.entries.retain(|item| {
            path.truncate(length);
            path.extend_from_slice(item.name(names));
            let path = Path::new(OsStr::from_bytes(&path));
            !rules.ignores(path, item.kind == Kind::Directory)
        });
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn has_directories(&self) -> bool {
        self.directories
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }

    pub(super) fn name(&self, at: usize) -> &[u8] {
        self.entries[at].name(&self.names)
    }

    pub(super) fn kind(&self, at: usize) -> Kind {
        self.entries[at].kind
    }

    /// The place of an entry in the order.
    pub(super) fn key_of(&self, at: usize) -> Vec<u8> {
        [&self.key, self.name(at)].concat()
    }

    /// The directory that the entry is: its key, and the rules of git in force there.
    pub(super) fn below(&self, at: usize) -> (Vec<u8>, Option<Arc<Rules>>) {
        let key = [&self.key, self.name(at), b"\0"].concat();
        (key, self.rules.clone())
    }

    /// The directory's path, with a slash at its end.
    pub(super) fn path(&self, root: &Path) -> Vec<u8> {
        let mut path = Vec::with_capacity(root.as_os_str().len() + self.key.len() + 64);
        path.extend_from_slice(root.as_os_str().as_bytes());
        if path.last() != Some(&b'/') {
            path.push(b'/');
        }
        path.extend(self.key.iter().map(|&b| if b == 0 { b'/' } else { b }));
        path
    }
}

impl Item {
    fn name<'a>(&self, names: &'a [u8]) -> &'a [u8] {
        &names[self.at as usize..][..usize::from(self.length)]
    }
}

/// What a directory has for git.
#[derive(Default)]
struct Marks {
    git: bool,
    gitignore: bool,
}
