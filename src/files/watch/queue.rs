//! The queue between the thread that hears of changes and the one who reads them.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::event::{CreateKind, Flag, ModifyKind, RenameMode};
use notify::{Event, EventKind};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::scope::Scope;
use super::{Change, Kind};

/// Changes that wait at most.
const MOST: usize = 1024;
/// A file that is written again and again is told once in this time.
const QUIET: Duration = Duration::from_millis(100);
/// A watched file that comes back within this was replaced.
const REPLACED: Duration = Duration::from_secs(1);
/// The two halves of a rename come within this of each other.
const RENAME: Duration = Duration::from_millis(20);

/// A change that waits.
#[derive(Debug)]
struct Waiting {
    change: Change,
    /// It is not told before this.
    due: Instant,
    /// What joins the two halves of a rename, while the second one is waited for.
    cookie: Option<usize>,
}

/// A directory that has come and is to be watched, too.
#[derive(Debug)]
pub(super) struct Fresh {
    pub(super) path: PathBuf,
    /// Whether it was made just now, so that what is in it is news.
    pub(super) is_new: bool,
}

/// What is next for the reader.
#[derive(Debug)]
pub(super) enum Step {
    Told(Change),
    Fresh(Vec<Fresh>),
    /// What was watched is gone, and that was told.
    Gone,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Waiting>,
    fresh: Vec<Fresh>,
    /// Changes are lost; the last one that waits says so.
    is_full: bool,
    /// What was watched is gone.
    is_gone: bool,
    /// Since when a watched file is not there.
    missing: Option<Instant>,
    /// What was told in the last moment, and when.
    told: VecDeque<(Change, Instant)>,
}

/// Changes on their way, in the order they happened.
#[derive(Debug)]
pub(super) struct Queue {
    scope: Scope,
    state: Mutex<State>,
    news: Notify,
}

impl Queue {
    pub(super) fn new(scope: Scope) -> Self {
        Self {
            scope,
            state: Mutex::default(),
            news: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_gone(&self) -> bool {
        self.state().is_gone
    }

    /// Takes in an entry of a directory made just now, if nobody has said so yet.
    pub(super) fn found(&self, path: &Path) {
        self.state()
            .push(&self.scope, Kind::Created, path, Instant::now(), None);
    }

    /// Takes in that something is not watched.
    pub(super) fn lose(&self) {
        self.state().lose(&self.scope);
    }

    /// Takes in what the system says.
    pub(super) fn hear(&self, event: notify::Result<Event>) {
        let brings = event
            .as_ref()
            .is_ok_and(|event| self.brings_directory(event));
        let mut state = self.state();
        if state.is_gone {
            return;
        }
        match event {
            Ok(event) => self.sort(&mut state, &event, brings),
            // A directory made later could not be watched, mostly for a limit of the system.
            Err(error) => {
                tracing::warn!(%error, "a watch misses something");
                state.lose(&self.scope);
            }
        }
        drop(state);
        self.news.notify_one();
    }

    /// Whether a rename brings a directory that is to be watched, too: the event does not say what was renamed.
    /// This asks the disk, so not while readers are kept waiting.
    fn brings_directory(&self, event: &Event) -> bool {
        let is_it = self.scope.recursive
            && event.kind == EventKind::Modify(ModifyKind::Name(RenameMode::To));
        let is_directory =
            |path: &PathBuf| path.symlink_metadata().is_ok_and(|found| found.is_dir());
        is_it && event.paths.first().is_some_and(is_directory)
    }

    fn sort(&self, state: &mut State, event: &Event, brings_directory: bool) {
        if event.flag() == Some(Flag::Rescan) {
            return state.lose(&self.scope);
        }
        let Some(path) = event.paths.first() else {
            return;
        };
        let now = Instant::now();
        let cookie = event.tracker();
        match event.kind {
            EventKind::Remove(_) if self.scope.ends_with(path) => state.end(&self.scope),
            // Without a number it is the watched directory itself that was moved away.
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) if cookie.is_none() => {
                if self.scope.ends_with(path) {
                    state.end(&self.scope);
                }
            }
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
                let due = now + RENAME;
                state.push(&self.scope, Kind::Removed, path, due, cookie);
            }
            EventKind::Modify(ModifyKind::Name(RenameMode::To)) => {
                state.arrive(&self.scope, path, now, cookie);
                if brings_directory {
                    state.follow(&self.scope, path, false);
                }
            }
            EventKind::Create(kind) => {
                state.push(&self.scope, Kind::Created, path, now, None);
                if self.scope.recursive && kind == CreateKind::Folder {
                    state.follow(&self.scope, path, true);
                }
            }
            EventKind::Remove(_) => state.push(&self.scope, Kind::Removed, path, now, None),
            // With `Name` it is the two halves of a rename once more.
            EventKind::Modify(ModifyKind::Name(_))
            | EventKind::Any
            | EventKind::Access(_)
            | EventKind::Other => {}
            EventKind::Modify(_) => state.modified(&self.scope, path, now),
        }
    }

    /// The next change, or something to do.
    pub(super) async fn next(&self) -> Step {
        loop {
            let due = match self.state().step(&self.scope) {
                Ok(step) => return step,
                Err(due) => due,
            };
            let news = self.news.notified();
            match due {
                None => news.await,
                // News may complete a rename before it is due.
                Some(due) => tokio::select! {
                    () = sleep_until(due) => {}
                    () = news => {}
                },
            }
        }
    }
}

impl State {
    /// What is next, or when to look again if nothing happens before.
    fn step(&mut self, scope: &Scope) -> Result<Step, Option<Instant>> {
        if !self.fresh.is_empty() {
            return Ok(Step::Fresh(std::mem::take(&mut self.fresh)));
        }
        let now = Instant::now();
        match self.waiting.front() {
            Some(first) if first.due > now => Err(Some(first.due)),
            Some(_) => self.take(now).map(Step::Told).ok_or(None),
            None if self.is_gone => Ok(Step::Gone),
            None => match self.missing.map(|since| since + REPLACED) {
                Some(end) if end <= now && scope.is_file => {
                    self.is_gone = true;
                    Ok(Step::Gone)
                }
                end => Err(end),
            },
        }
    }

    fn push(
        &mut self,
        scope: &Scope,
        kind: Kind,
        path: &Path,
        due: Instant,
        cookie: Option<usize>,
    ) {
        let Some(path) = scope.told(path) else {
            return;
        };
        if scope.is_file {
            self.missing = (kind == Kind::Removed).then_some(due);
        }
        if self.is_full
            || (is_told_once(&kind) && self.latest(&path).is_some_and(|(last, _)| *last == kind))
        {
            return;
        }
        if self.waiting.len() >= MOST {
            return self.lose(scope);
        }
        self.waiting.push_back(Waiting {
            change: Change { kind, path },
            due,
            cookie,
        });
    }

    /// What is the last that was, or will be, told of a path, and when it was told, if that is not long ago.
    fn latest(&mut self, path: &Path) -> Option<(&Kind, Option<Instant>)> {
        let now = Instant::now();
        while self.told.front().is_some_and(|(_, at)| *at + QUIET <= now) {
            self.told.pop_front();
        }
        // Comparing paths part by part would be slow.
        let is_it = |change: &Change| change.path.as_os_str() == path.as_os_str();
        let mut waiting = self.waiting.iter().rev();
        if let Some(waiting) = waiting.find(|waiting| is_it(&waiting.change)) {
            return Some((&waiting.change.kind, None));
        }
        let mut told = self.told.iter().rev();
        let (change, at) = told.find(|(change, _)| is_it(change))?;
        Some((&change.kind, Some(*at)))
    }

    /// Notes a directory that is to be watched, too.
    fn follow(&mut self, scope: &Scope, path: &Path, is_new: bool) {
        if self.fresh.len() >= MOST {
            return self.lose(scope);
        }
        let path = path.to_owned();
        self.fresh.push(Fresh { path, is_new });
    }

    /// Something has got this name by a rename.
    fn arrive(&mut self, scope: &Scope, path: &Path, now: Instant, cookie: Option<usize>) {
        let mut halves = self.waiting.iter_mut().rev();
        let before = halves.find(|waiting| cookie.is_some() && waiting.cookie == cookie);
        match (before, scope.told(path)) {
            (Some(before), Some(path)) => {
                let from = std::mem::replace(&mut before.change.path, path);
                before.change.kind = Kind::Renamed { from };
                before.due = now;
                before.cookie = None;
            }
            // Another file has taken the place of the watched one.
            _ if scope.is_file && self.missing.is_none() => self.modified(scope, path, now),
            // It came from where nobody watches.
            _ => self.push(scope, Kind::Created, path, now, None),
        }
    }

    fn modified(&mut self, scope: &Scope, path: &Path, now: Instant) {
        let Some(told) = scope.told(path) else {
            return;
        };
        let due = match self.latest(&told) {
            Some((Kind::Modified, None)) => return,
            Some((Kind::Modified, Some(at))) => (at + QUIET).max(now),
            _ => now,
        };
        self.push(scope, Kind::Modified, path, due, None);
    }

    /// Something is lost: that is told once, and nothing more until it was read.
    fn lose(&mut self, scope: &Scope) {
        if self.is_full {
            return;
        }
        self.is_full = true;
        self.waiting.push_back(Waiting {
            change: Change {
                kind: Kind::Overflow,
                path: scope.asked.clone(),
            },
            due: Instant::now(),
            cookie: None,
        });
    }

    /// What was watched is gone: that is told last.
    fn end(&mut self, scope: &Scope) {
        self.is_gone = true;
        let path = scope.asked.clone();
        let told = self
            .waiting
            .back()
            .is_some_and(|last| last.change.path == path && last.change.kind == Kind::Removed);
        if !told {
            self.waiting.push_back(Waiting {
                change: Change {
                    kind: Kind::Removed,
                    path,
                },
                due: Instant::now(),
                cookie: None,
            });
        }
    }

    fn take(&mut self, now: Instant) -> Option<Change> {
        let Waiting { change, .. } = self.waiting.pop_front()?;
        if change.kind == Kind::Overflow {
            self.is_full = false;
        } else {
            if self.told.len() >= MOST {
                self.told.pop_front();
            }
            self.told.push_back((change.clone(), now));
        }
        Some(change)
    }
}

/// Whether a kind means nothing when it comes a second time. The system tells of directories twice, from within
/// and from without, and a directory made just now is looked into besides.
fn is_told_once(kind: &Kind) -> bool {
    matches!(kind, Kind::Created | Kind::Removed)
}

#[cfg(test)]
mod tests;
