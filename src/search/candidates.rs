//! The candidates of a search for people: in a git work tree what git would list, else all there is.
//!
//! Git lists what it tracks and what it neither tracks nor ignores, and knows directories only by
//! the files below them. The untracked come from a walk, which finds most of the tracked on its way;
//! the others (ignored nevertheless, or gone) come from the index.

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Error;
use super::git::{self, WorkTree};
use super::walk::{Entry, Kind, Rules, Walk};

/// Where candidates are looked for, and which.
#[derive(Clone, Copy)]
pub(super) struct Candidates<'a> {
    /// The directory.
    pub(super) root: &'a Path,
    /// Whether those count that have a name on their path below it that begins with a dot.
    pub(super) hidden: bool,
    /// Set when the caller has gone.
    pub(super) stop: &'a AtomicBool,
}

/// One of them.
pub(super) struct Candidate<'a> {
    /// Where and what it is; a file too for what git tracks and is gone.
    pub(super) entry: &'a Entry<'a>,
    /// What git takes it for; it knows of no directory but those above its files, so that links to
    /// directories and repositories within are files to it. None outside of a work tree.
    pub(super) git_says_directory: Option<bool>,
}

impl Candidates<'_> {
    /// Shows each to `visit`, on several threads, each with a value of its own.
    ///
    /// In no order; directories that git knows of are shown more than once.
    pub(super) fn each<S: Send>(
        &self,
        scratch: impl Fn() -> S + Sync,
        visit: impl Fn(&mut S, &Candidate<'_>) -> Result<(), Error> + Sync,
    ) -> Result<(), Error> {
        // What is no directory is the walk's to tell.
        let tree = self
            .root
            .is_dir()
            .then(|| WorkTree::around(self.root))
            .flatten();
        let walk = Walk {
            root: self.root,
            hidden: self.hidden,
            gitignore: tree.is_some(),
            enough: usize::MAX,
            stop: self.stop,
        };
        let Some(tree) = tree else {
            walk.run(scratch, |own, entry| {
                let candidate = Candidate {
                    entry,
                    git_says_directory: None,
                };
                visit(own, &candidate).map(|()| Vec::<()>::new())
            })?;
            return Ok(());
        };
        let tracked = Tracked::read(&tree);
        let listed = |own: &mut Parents<S>, entry: &Entry<'_>| own.show(entry, &visit);
        let parents = || Parents::new(scratch());
        if !Rules::above(self.root).1 {
            walk.run_outside_repositories(parents, |own, entry| {
                let is_file = match entry.kind() {
                    Kind::File | Kind::Link => true,
                    Kind::Directory => git::directory_of(entry.path()).is_some(),
                    Kind::Special => false,
                };
                tracked.see(entry.relative());
                let shown = if is_file { listed(own, entry) } else { Ok(()) };
                shown.map(|()| Vec::<()>::new())
            })?;
        }
        if tracked.all_seen() {
            return Ok(());
        }
        self.unseen(&tree, &tracked, parents(), listed)
    }

    /// Shows what is tracked and no walk has seen.
    fn unseen<S>(
        &self,
        tree: &WorkTree,
        tracked: &Tracked,
        mut own: Parents<S>,
        listed: impl Fn(&mut Parents<S>, &Entry<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let root = self.root.as_os_str().as_bytes();
        let slash: &[u8] = if root.ends_with(b"/") { b"" } else { b"/" };
        let mut outcome = Ok(());
        tree.tracked(|relative| {
            let hidden =
                relative.starts_with(b".") || relative.windows(2).any(|pair| pair == b"/.");
            if outcome.is_err() || (hidden && !self.hidden) || tracked.was_seen(relative) {
                return;
            }
            if self.stop.load(Ordering::Relaxed) {
                outcome = Err(Error::Stopped);
                return;
            }
            let path = [root, slash, relative].concat();
            let below = path.len() - relative.len();
            let name = memchr::memrchr(b'/', relative).map_or(0, |at| at + 1);
            let kind = kind_at(Path::new(OsStr::from_bytes(&path)));
            outcome = listed(&mut own, &Entry::new(&path, below, below + name, kind));
        });
        outcome
    }
}

fn kind_at(path: &Path) -> Kind {
    match std::fs::symlink_metadata(path) {
        Ok(found) => found.file_type().into(),
        Err(_) => Kind::File,
    }
}

/// The tracked files, by hashes of their paths, and which of them were seen.
struct Tracked {
    hashes: Vec<u64>,
    seen: Vec<AtomicBool>,
}

impl Tracked {
    fn read(tree: &WorkTree) -> Self {
        let mut hashes = Vec::new();
        tree.tracked(|name| hashes.push(hash(name)));
        hashes.sort_unstable();
        let seen = hashes.iter().map(|_| AtomicBool::new(false)).collect();
        Self { hashes, seen }
    }

    fn see(&self, relative: &Path) {
        if let Ok(at) = self
            .hashes
            .binary_search(&hash(relative.as_os_str().as_bytes()))
        {
            self.seen[at].store(true, Ordering::Relaxed);
        }
    }

    fn all_seen(&self) -> bool {
        self.seen.iter().all(|seen| seen.load(Ordering::Relaxed))
    }

    fn was_seen(&self, relative: &[u8]) -> bool {
        let at = self.hashes.binary_search(&hash(relative));
        at.is_ok_and(|at| self.seen[at].load(Ordering::Relaxed))
    }
}

fn hash(name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// A thread's value, and the directory whose way up it has shown last.
struct Parents<S> {
    own: S,
    shown: Vec<u8>,
}

impl<S> Parents<S> {
    fn new(own: S) -> Self {
        let shown = Vec::new();
        Self { own, shown }
    }

    /// Shows an entry, and before it the directories above that were not just shown.
    fn show(
        &mut self,
        entry: &Entry<'_>,
        visit: impl Fn(&mut S, &Candidate<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let path = entry.path().as_os_str().as_bytes();
        let below = path.len() - entry.relative().as_os_str().len();
        let parent = memchr::memrchr(b'/', &path[below..]).unwrap_or(0);
        let parent = &path[below..below + parent];
        if parent != self.shown {
            for end in memchr::memchr_iter(b'/', parent).chain([parent.len()]) {
                // Those that the last way up had in common were shown with it.
                let common = self.shown.starts_with(&parent[..end])
                    && matches!(self.shown.get(end), None | Some(b'/'));
                if end == 0 || common {
                    continue;
                }
                let name = memchr::memrchr(b'/', &parent[..end]).map_or(0, |at| at + 1);
                let entry = Entry::new(&path[..below + end], below, below + name, Kind::Directory);
                let candidate = Candidate {
                    entry: &entry,
                    git_says_directory: Some(true),
                };
                visit(&mut self.own, &candidate)?;
            }
            self.shown.clear();
            self.shown.extend_from_slice(parent);
        }
        let candidate = Candidate {
            entry,
            git_says_directory: Some(false),
        };
        visit(&mut self.own, &candidate)
    }
}
