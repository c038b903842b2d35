//! The best of many results, of which only so many are kept.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The `limit` results with the least keys of all that were added, from whatever thread.
pub(super) struct Best<K, V> {
    kept: Mutex<BTreeMap<K, V>>,
    limit: usize,
}

impl<K: Ord, V> Best<K, V> {
    pub(super) fn new(limit: usize) -> Self {
        let kept = Mutex::new(BTreeMap::new());
        Self { kept, limit }
    }

    /// Whether there is no room left and the last result kept is before what `behind` stands for.
    pub(super) fn is_full_before(&self, behind: impl FnOnce(&K) -> bool) -> bool {
        let kept = self.lock();
        let full = kept.len() >= self.limit;
        full && kept.last_key_value().is_none_or(|(last, _)| behind(last))
    }

    /// Whether a result with that key would be kept now, and is not yet there.
    pub(super) fn takes(&self, key: &K) -> bool {
        let kept = self.lock();
        let last = kept.last_key_value();
        let room = kept.len() < self.limit || last.is_some_and(|(last, _)| key < last);
        room && !kept.contains_key(key)
    }

    /// Adds a result; the last one goes when there is one too many.
    pub(super) fn add(&self, key: K, value: V) {
        let mut kept = self.lock();
        kept.insert(key, value);
        if kept.len() > self.limit {
            kept.pop_last();
        }
    }

    /// The results, the one with the least key first.
    pub(super) fn into_sorted(self) -> BTreeMap<K, V> {
        let kept = self.kept.into_inner();
        kept.unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<K, V>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
