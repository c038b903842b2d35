//! Session directories: where each chat session last said it works.
//!
//! An entry lives as long as it is asked for at least once per time to live. The table is bounded,
//! since session ids come from clients: the one longest unused makes room for a new one.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Most sessions remembered at once.
const MOST: usize = 10_000;

/// The table of session directories.
#[derive(Debug)]
pub(super) struct SessionDirs {
    ttl: Duration,
    entries: Mutex<HashMap<Box<str>, Entry>>,
}

#[derive(Debug)]
struct Entry {
    path: PathBuf,
    used: Instant,
}

impl SessionDirs {
    /// An empty table whose entries are forgotten when unused for `ttl`.
    pub(super) fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            entries: Mutex::default(),
        }
    }

    /// The directory of `session`, if it has one; asking keeps it alive.
    pub(super) fn get(&self, session: &str) -> Option<PathBuf> {
        let now = Instant::now();
        let mut entries = self.lock();
        let entry = entries.get_mut(session)?;
        if now - entry.used >= self.ttl {
            entries.remove(session);
            return None;
        }
        entry.used = now;
        Some(entry.path.clone())
    }

    /// Sets the directory of `session`.
    pub(super) fn set(&self, session: &str, path: &Path) {
        let now = Instant::now();
        let mut entries = self.lock();
        if entries.len() >= MOST && !entries.contains_key(session) {
            make_room(&mut entries, now, self.ttl);
        }
        let path = path.to_owned();
        entries.insert(session.into(), Entry { path, used: now });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops what is past its time, or else the entry longest unused.
fn make_room(entries: &mut HashMap<Box<str>, Entry>, now: Instant, ttl: Duration) {
    entries.retain(|_, entry| now - entry.used < ttl);
    if entries.len() < MOST {
        return;
    }
    let oldest = entries.iter().min_by_key(|(_, entry)| entry.used);
    if let Some(session) = oldest.map(|(session, _)| session.clone()) {
        entries.remove(&session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::sleep;

    #[test]
    fn asking_keeps_an_entry_alive_and_silence_ends_it() {
        let dirs = SessionDirs::new(Duration::from_millis(200));
        dirs.set("s", Path::new("/a"));
        for _ in 0..3 {
            sleep(Duration::from_millis(100));
            assert_eq!(dirs.get("s"), Some("/a".into()));
        }
        sleep(Duration::from_millis(250));
        assert_eq!(dirs.get("s"), None);
        assert!(dirs.lock().is_empty());
    }

    #[test]
    fn the_table_is_bounded_and_the_longest_unused_goes_first() {
        let dirs = SessionDirs::new(Duration::from_hours(1));
        for n in 0..MOST {
            dirs.set(&n.to_string(), Path::new("/a"));
        }
        assert!(dirs.get("0").is_some());
        dirs.set("new", Path::new("/b"));
        assert_eq!(dirs.lock().len(), MOST);
        assert_eq!(dirs.get("1"), None);
        assert!(dirs.get("0").is_some() && dirs.get("new").is_some());
    }

    #[test]
    fn sessions_do_not_see_each_other() {
        let dirs = SessionDirs::new(Duration::from_hours(1));
        dirs.set("a", Path::new("/a"));
        assert_eq!(dirs.get("b"), None);
    }
}
