//! The broom: a thread that removes cgroups as soon as nothing is in them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const SOON: Duration = Duration::from_millis(100);
/// What is still busy by then is left to the end of the server, or to the next one's sweep.
const PATIENCE: Duration = Duration::from_mins(5);

/// The way to the thread, which is started by the first directory and ends with the last owner of this.
#[derive(Debug, Default)]
pub(super) struct Broom {
    thread: Mutex<Option<Sender<Vec<PathBuf>>>>,
    pending: Arc<AtomicUsize>,
}

impl Broom {
    /// Has these removed, by and by.
    pub(super) fn remove(&self, directories: Vec<PathBuf>) {
        self.pending.fetch_add(1, Ordering::AcqRel);
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match thread.take() {
            Some(sender) => Some(sender),
            None => start(&self.pending),
        };
        let sent = sender
            .as_ref()
            .is_some_and(|sender| sender.send(directories).is_ok());
        if !sent {
            self.pending.fetch_sub(1, Ordering::AcqRel);
        }
        *thread = sender;
    }

    /// Waits until all is removed, at most this long.
    pub(super) fn wait(&self, most: Duration) {
        let end = Instant::now() + most;
        while self.pending.load(Ordering::Acquire) > 0 && Instant::now() < end {
            thread::sleep(FIRST_PAUSE);
        }
    }
}

fn start(pending: &Arc<AtomicUsize>) -> Option<Sender<Vec<PathBuf>>> {
    let (sender, jobs) = channel();
    let pending = Arc::clone(pending);
    thread::Builder::new()
        .name("cgroup-broom".to_owned())
        .spawn(move || sweep(&jobs, &pending))
        .ok()
        .map(|_| sender)
}

/// Directories that were busy.
struct Busy {
    directories: Vec<PathBuf>,
    pause: Duration,
    next: Instant,
    end: Instant,
}

fn sweep(jobs: &Receiver<Vec<PathBuf>>, pending: &AtomicUsize) {
    let mut busy: Vec<Busy> = Vec::new();
    loop {
        let next = busy.iter().map(|one| one.next).min();
        let job = match next {
            None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(next) => jobs.recv_timeout(next.saturating_duration_since(Instant::now())),
        };
        let now = Instant::now();
        match job {
            Ok(directories) => busy.push(Busy {
                directories,
                pause: FIRST_PAUSE,
                next: now,
                end: now + PATIENCE,
            }),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        busy.retain_mut(|one| {
            let stays = one.next > now || !one.done(now);
            if !stays {
                pending.fetch_sub(1, Ordering::AcqRel);
            }
            stays
        });
    }
}

impl Busy {
    /// Tries once more; true when there is nothing left to try.
    fn done(&mut self, now: Instant) -> bool {
        self.directories.retain(|one| !is_removed(one));
        self.next = now + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.directories.is_empty() || now > self.end
    }
}

/// Removes a cgroup and those in it, deepest first; false when something is still inside.
pub(super) fn is_removed(directory: &Path) -> bool {
    let gone = |result: io::Result<()>| match result {
        Ok(()) => true,
        // What may not be removed will not be so later either.
        Err(error) => !is_busy(&error),
    };
    if gone(std::fs::remove_dir(directory)) {
        return true;
    }
    for child in children(directory) {
        is_removed(&child);
    }
    gone(std::fs::remove_dir(directory))
}

/// Removes a cgroup that was left just now: a thread that was about to end may be in it for a moment.
pub(super) fn is_removed_soon(directory: &Path) -> bool {
    let end = Instant::now() + SOON;
    loop {
        if is_removed(directory) {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(FIRST_PAUSE);
    }
}

fn is_busy(error: &io::Error) -> bool {
    [Errno::EBUSY, Errno::ENOTEMPTY]
        .iter()
        .any(|errno| error.raw_os_error() == Some(*errno as i32))
}

/// The cgroups in a cgroup.
pub(super) fn children(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}
