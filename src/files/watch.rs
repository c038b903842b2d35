//! Watching: told of what is made, changed, renamed and removed in a directory, as the system tells it (inotify(7)).
//!
//! The system's words arrive on a thread of the watch and wait in a queue that is bounded: a reader who is too
//! slow is told that something was lost, and memory does not grow. A file is watched by its name, through the
//! directory it is in, so that a file replaced by a rename, as editors and this server do, is still watched.

mod queue;
mod scope;
mod tree;

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use notify::{Config, ErrorKind, INotifyWatcher, Watcher};
use tokio_util::sync::CancellationToken;

use super::Error;
use crate::workspace::shown;
use queue::{Fresh, Queue, Step};
use scope::Scope;
use tree::Unwatched;

/// Watches at once. Each has a thread and one of the user's inotify instances, which are 128 by default.
const MOST: usize = 64;
/// Directories that one watch may begin with: each takes memory here and in the kernel.
const MOST_DIRECTORIES: usize = 16_384;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is there now.
    Created,
    /// Its contents or its attributes are other than before.
    Modified,
    /// It is gone, or was moved to where nobody watches.
    Removed,
    /// It has another name.
    Renamed {
        /// The name before.
        from: PathBuf,
    },
    /// Something happened that is not told, because too much happened at once: look anew.
    Overflow,
}

/// Something that happened to a file or directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: Kind,
    /// To what; for [`Kind::Overflow`] it is what is watched.
    pub path: PathBuf,
}

/// All watches of the server: how many there are, and their end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Watches {
    taken: Arc<AtomicUsize>,
    stop: CancellationToken,
}

impl Watches {
    /// No watches yet. All that come end when `stop` is cancelled.
    pub fn new(stop: CancellationToken) -> Self {
        let taken = Arc::default();
        Self { taken, stop }
    }

    /// A place for one more watch; none when there are 64 already. It is free again when the watch is dropped.
    pub fn take(&self) -> Option<Place> {
        let more = |taken| (taken < MOST).then_some(taken + 1);
        self.taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .ok()?;
        Some(Place(self.clone()))
    }
}

/// The right to one watch.
#[derive(Debug)]
pub struct Place(Watches);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A watch. Dropping it ends it, and its thread.
#[derive(Debug)]
pub struct Watching {
    queue: Arc<Queue>,
    watcher: Arc<Mutex<INotifyWatcher>>,
    place: Place,
}

impl Place {
    /// Watches a directory (with all below it, when `recursive`) or a file; `path` is absolute. Links below it are
    /// not followed, and directories that may not be looked into are passed over. Blocks on the file system.
    ///
    /// Fails when there is nothing, when it may not be looked at, when there is too much below it, and when the
    /// system has no more watches to give.
    pub fn watch(self, path: &Path, recursive: bool) -> Result<Watching, Error> {
        let reading = |problem| Error::reading(path, problem);
        // Through links, since the system would look at the link itself.
        let real = std::fs::canonicalize(path).map_err(reading)?;
        let is_directory = std::fs::metadata(&real).map_err(reading)?.is_dir();
        let recursive = recursive && is_directory;
        let (top, scope) = if is_directory {
            let scope = Scope::directory(&real, path, recursive);
            (real, scope)
        } else {
            // Only the top has no parent, and that is a directory.
            let parent = real.parent().unwrap_or(&real).to_owned();
            (parent, Scope::file(&real, path))
        };
        let queue = Arc::new(Queue::new(scope));
        let heard = Arc::clone(&queue);
        let hear = move |event| heard.hear(event);
        let watcher = INotifyWatcher::new(hear, Config::default());
        let mut watcher = ManuallyDrop::new(watcher.map_err(|error| refused(path, error))?);
        let depth = (recursive, MOST_DIRECTORIES);
        // Where no thread can be started the watcher is not told, and panics, also when it is dropped.
        let begun = catch_unwind(AssertUnwindSafe(|| {
            tree::add(&mut watcher, &top, depth, &self.0.stop, |_| {})
        }));
        let begun = begun.map_err(|_| {
            refused(path, notify::Error::generic("no thread can be started for it; end commands, or raise the limit on processes"))
        })?;
        let watcher = ManuallyDrop::into_inner(watcher);
        begun.map_err(|why| unwatched(path, why))?;
        Ok(Watching {
            queue,
            watcher: Arc::new(Mutex::new(watcher)),
            place: self,
        })
    }
}

impl Watching {
    /// What happened next; none when what is watched is gone, or the server ends. It may be dropped and asked
    /// again, nothing is lost by that.
    pub async fn next(&mut self) -> Option<Change> {
        loop {
            let step = tokio::select! {
                biased;
                () = self.place.0.stop.cancelled() => return None,
                step = self.queue.next() => step,
            };
            match step {
                Step::Told(change) => return Some(change),
                Step::Fresh(directories) => self.follow(directories).await,
                Step::Gone => return None,
            }
        }
    }

    /// Watches directories that have come.
    async fn follow(&self, directories: Vec<Fresh>) {
        let (queue, watcher) = (Arc::clone(&self.queue), Arc::clone(&self.watcher));
        let stop = self.place.0.stop.clone();
        let following = tokio::task::spawn_blocking(move || {
            let mut watcher = watcher.lock().unwrap_or_else(PoisonError::into_inner);
            for Fresh { path, is_new } in directories {
                let found = |path: &Path| {
                    if is_new {
                        queue.found(path);
                    }
                };
                match tree::add(&mut watcher, &path, (true, MOST_DIRECTORIES), &stop, found) {
                    // It is gone again, or nobody may look into it.
                    Err(Unwatched::System(error)) if !tree::is_limit(&error) => {}
                    Err(why) => {
                        tracing::warn!(
                            ?why,
                            "a watch cannot follow all directories that were made"
                        );
                        queue.lose();
                    }
                    Ok(()) => {}
                }
            }
        });
        following.await.ok();
    }

    /// Whether it ended because what was watched is gone.
    pub fn is_gone(&self) -> bool {
        self.queue.is_gone()
    }
}

/// What it means that a tree is not watched.
fn unwatched(path: &Path, why: Unwatched) -> Error {
    match why {
        Unwatched::TooMany => Error::Unfit(format!(
            "there are more than {MOST_DIRECTORIES} directories in {}, too many to watch them all; watch a part of it, or without recursive",
            shown(path)
        )),
        Unwatched::System(error) => refused(path, error),
    }
}

/// What it means that the system does not watch.
fn refused(path: &Path, error: notify::Error) -> Error {
    use nix::errno::Errno;
    let limit = |what: &str| std::io::Error::other(what.to_owned());
    let problem = match error.kind {
        ErrorKind::PathNotFound => return Error::NotFound(path.to_owned()),
        ErrorKind::MaxFilesWatch => limit(
            "the system has no more watches to give; watch less, or raise its setting fs.inotify.max_user_watches",
        ),
        ErrorKind::Io(problem) => match problem.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EMFILE) => limit(
                "there are too many watches at once; end some, or raise the system's setting fs.inotify.max_user_instances and the limit on open files",
            ),
            Some(Errno::ENOSPC) => limit(
                "the system has no more watches to give; raise its setting fs.inotify.max_user_watches",
            ),
            Some(Errno::EACCES | Errno::ENOENT | Errno::ENOTDIR) => {
                return Error::reading(path, problem);
            }
            _ => problem,
        },
        ErrorKind::Generic(said) => limit(&said),
        ErrorKind::WatchNotFound | ErrorKind::InvalidConfig(_) => limit("the system refused"),
    };
    Error::Refused {
        path: path.to_owned(),
        done: "watched",
        problem,
    }
}

#[cfg(test)]
mod tests;
