//! A walk of a tree: parallel, in an order that depends on names alone, ended once enough is found.
//!
//! The order is depth first, by path components in byte order: `a`, `a/b`, `a.txt`. Threads take
//! pieces of directories, always the first in that order that nobody has; what they find is kept
//! with its place, so that the answer is the beginning of the whole sequence, whoever found it.

mod entry;
mod listing;
mod pool;
mod rules;

#[cfg(test)]
mod tests;

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

pub(super) use entry::{Entry, Kind, modified};
use listing::Listing;
use pool::{Bound, Pool, Task};
pub(super) use rules::Rules;

use super::Error;

/// Threads of one walk, at most.
const MOST_THREADS: usize = 8;

/// Entries that a thread takes at once: few, so that none is left working alone for long.
const PIECE: usize = 32;

/// For so long one thread works alone: most searches for the first few results end within it.
const HEAD_START: Duration = Duration::from_micros(700);

/// The longest path the system takes (`PATH_MAX` without its NUL), in bytes.
const LONGEST_PATH: usize = 4095;

/// What is walked, and how far.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    /// The directory to begin in; not an entry itself.
    pub(super) root: &'a Path,
    /// Whether names that begin with a dot are seen.
    pub(super) hidden: bool,
    /// Whether what git would ignore is left out, and `.git` with it.
    pub(super) gitignore: bool,
    /// How many results are wanted.
    pub(super) enough: usize,
    /// Set when the caller has gone.
    pub(super) stop: &'a AtomicBool,
}

impl Walk<'_> {
    /// Shows every entry to `visit`, on several threads, each with a value of its own from `scratch`.
    ///
    /// Gives what the visits returned, joined in the walk's order and cut at `enough`, and the
    /// threads' values. Entries behind the last result that counts may or may not be visited.
    /// Directories and links are entries too; links to directories are not entered. What cannot be
    /// read is left out, save the root itself. An error of a visit ends the walk.
    pub(super) fn run<S: Send, T: Send>(
        &self,
        scratch: impl Fn() -> S + Sync,
        visit: impl Fn(&mut S, &Entry<'_>) -> Result<Vec<T>, Error> + Sync,
    ) -> Result<(Vec<T>, Vec<S>), Error> {
        let walk = *self;
        let nested = true;
        Tour { walk, nested }.run(scratch, visit)
    }

    /// The same, but git repositories within the tree are not entered, only shown.
    pub(super) fn run_outside_repositories<S: Send, T: Send>(
        &self,
        scratch: impl Fn() -> S + Sync,
        visit: impl Fn(&mut S, &Entry<'_>) -> Result<Vec<T>, Error> + Sync,
    ) -> Result<(Vec<T>, Vec<S>), Error> {
        let walk = *self;
        let nested = false;
        Tour { walk, nested }.run(scratch, visit)
    }
}

/// A walk on its way.
struct Tour<'a> {
    walk: Walk<'a>,
    /// Whether repositories within the tree are entered.
    nested: bool,
}

impl Tour<'_> {
    fn run<S: Send, T: Send>(
        &self,
        scratch: impl Fn() -> S + Sync,
        visit: impl Fn(&mut S, &Entry<'_>) -> Result<Vec<T>, Error> + Sync,
    ) -> Result<(Vec<T>, Vec<S>), Error> {
        let root = self.listed_root()?;
        let wide = root.len() > PIECE || root.has_directories();
        let pool = Pool::new(self.walk.enough);
        if root.len() > 0 {
            pool.offer([Task::Rest(Arc::new(root), 0)]);
        }
        let work = || {
            let mut own = scratch();
            let mut bound = Bound::default();
            pool.work(|task| self.piece(task, &pool, &mut bound, |entry| visit(&mut own, entry)));
            own
        };
        let helpers = if wide { threads() - 1 } else { 0 };
        let scratches = thread::scope(|scope| {
            // Without a thread more, those that are there do it all.
            let late = || {
                pool.leave_head_start(HEAD_START);
                work()
            };
            let helper = |_| thread::Builder::new().spawn_scoped(scope, late).ok();
            let helpers: Vec<_> = (0..helpers).map_while(helper).collect();
            let mut scratches = vec![work()];
            for helper in helpers {
                match helper.join() {
                    Ok(own) => scratches.push(own),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            scratches
        });
        Ok((pool.into_results()?, scratches))
    }

    fn listed_root(&self) -> Result<Listing, Error> {
        let found =
            std::fs::metadata(self.walk.root).map_err(|error| Error::at(self.walk.root, error))?;
        if !found.is_dir() {
            return Err(Error::NotADirectory(self.walk.root.to_owned()));
        }
        let rules = if self.walk.gitignore {
            Rules::above(self.walk.root).0
        } else {
            None
        };
        Listing::read(self, Vec::new(), rules)?
            .map_err(|error| Error::unopened(self.walk.root, error))
    }

    /// Does one task: visits a piece of a directory, and offers the rest and what is below it.
    fn piece<T>(
        &self,
        task: Task,
        pool: &Pool<T>,
        bound: &mut Bound,
        mut visit: impl FnMut(&Entry<'_>) -> Result<Vec<T>, Error>,
    ) -> Result<(), Error> {
        let (listing, from) = match task {
            Task::Rest(listing, from) => (listing, from),
            Task::Directory(key, rules) => match Listing::read(self, key, rules)? {
                Ok(listing) => (Arc::new(listing), 0),
                Err(_) => return Ok(()), // it may have vanished, or may not be read
            },
        };
        let to = listing.len().min(from + PIECE);
        let below = (from..to).filter(|&at| listing.kind(at) == Kind::Directory);
        let below = below.map(|at| {
            let (key, rules) = listing.below(at);
            Task::Directory(key, rules)
        });
        let rest = (to < listing.len()).then(|| Task::Rest(Arc::clone(&listing), to));
        pool.offer(below.chain(rest));
        let mut path = listing.path(self.walk.root);
        let directory = path.len();
        for at in from..to {
            if self.walk.stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            pool.refresh(bound);
            let name = listing.name(at);
            if bound.is_before(listing.key(), name) {
                break; // and so is it before all that follows
            }
            path.truncate(directory);
            path.extend_from_slice(name);
            if path.len() > LONGEST_PATH {
                continue;
            }
            let entry = Entry::new(
                &path,
                relative_at(self.walk.root),
                directory,
                listing.kind(at),
            );
            let found = visit(&entry)?;
            if !found.is_empty() {
                pool.keep(listing.key_of(at), found);
            }
        }
        Ok(())
    }
}

/// Where in the path of an entry the part below the root begins.
fn relative_at(root: &Path) -> usize {
    let root = root.as_os_str().as_bytes();
    root.len() + usize::from(root.last() != Some(&b'/'))
}

/// How many threads a walk has: one for each core, up to a limit.
pub(super) fn threads() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    let cores = CORES.get_or_init(|| thread::available_parallelism().map_or(1, usize::from));
    MOST_THREADS.min(*cores)
}
