//! The terminals there are, in the order they were made, and which of them makes room for another.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::session::Session;
use crate::workspace::Owner;

/// A terminal that was just made and not yet attached to is left alone for this long.
const ARRIVING: Duration = Duration::from_secs(30);

/// The table.
#[derive(Debug, Default)]
pub(super) struct Table {
    sessions: Vec<Arc<Session>>,
    /// Terminals on their way into it.
    pub(super) starting: usize,
}

impl Table {
    pub(super) fn get(&self, id: &str) -> Option<&Arc<Session>> {
        self.sessions.iter().find(|session| *session.id == *id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Session>> {
        self.sessions.iter()
    }

    pub(super) fn of<'a>(&'a self, owner: &'a Owner) -> impl Iterator<Item = &'a Arc<Session>> {
        self.all().filter(|session| session.owner == *owner)
    }

    /// How many there are, or will be in a moment.
    pub(super) fn count(&self) -> usize {
        self.sessions.len() + self.starting
    }

    pub(super) fn insert(&mut self, session: Arc<Session>) {
        self.sessions.push(session);
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Arc<Session>> {
        let at = self.sessions.iter().position(|s| *s.id == *id)?;
        Some(self.sessions.remove(at))
    }

    /// The terminal this caller has left, the one left last; it will not be left for ever.
    ///
    /// Callers without any name are never taken for one another.
    pub(super) fn left_by(&self, owner: &Owner) -> Option<Arc<Session>> {
        if owner.user.is_none() && owner.session.is_none() {
            return None;
        }
        let left = self.of(owner).filter_map(|session| {
            let state = session.state();
            let left = state.visited.is_some() && state.clients.is_empty() && !state.ending;
            left.then_some((state.alone_since, session))
        });
        let (_, last) = left.max_by_key(|(since, _)| *since)?;
        last.state().alone_since = Instant::now();
        Some(Arc::clone(last))
    }

    /// The terminal that has been alone for the longest, out of the table: nobody attaches to it any
    /// more.
    pub(super) fn make_room(&mut self) -> Option<Arc<Session>> {
        let alone = self.all().filter_map(|session| {
            let state = session.state();
            let arriving = state.visited.is_none() && state.alone_since.elapsed() < ARRIVING;
            let alone = state.clients.is_empty() && !state.ending && !arriving;
            alone.then_some((state.alone_since, &session.id))
        });
        let (_, longest) = alone.min_by_key(|(since, _)| *since)?;
        let id = Arc::clone(longest);
        {
            let mut state = self.get(&id)?.state();
            // Somebody may have come while the others were looked at.
            if !state.clients.is_empty() {
                return None;
            }
            state.ending = true;
        }
        self.remove(&id)
    }

    /// The terminal a person looks at: the one attached to last, else the one left last.
    pub(super) fn in_use(&self, owner: &Owner) -> Option<&Arc<Session>> {
        let used = self.all().filter_map(|session| {
            let state = session.state();
            let visited = state.visited.filter(|_| session.owner == *owner)?;
            let attached = !state.clients.is_empty();
            let when = if attached { visited } else { state.alone_since };
            Some(((attached, when), session))
        });
        used.max_by_key(|(used, _)| *used)
            .map(|(_, session)| session)
    }
}
