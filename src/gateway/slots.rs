//! The places of workspaces: one for each user who has a workspace, or waits for one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::launch::Blocking;
use super::running::{Running, Use};
use crate::api::Refusal;

/// The place of one user's workspace: whoever holds the lock starts or ends it.
pub(super) type Slot = tokio::sync::Mutex<Place>;

#[derive(Default)]
pub(super) struct Place {
    pub(super) running: Option<Arc<Running>>,
    /// When a start failed last, and why: whoever waited for it is told the same, and does not start anew.
    pub(super) failed: Option<(Instant, Refusal)>,
    /// What a start waits for that has not come back yet.
    pub(super) blocking: Blocking,
}

impl Place {
    pub(super) fn visit(&self) -> Option<Use> {
        let running = self.running.as_ref();
        running
            .filter(|running| !running.has_ended())
            .map(Running::enter)
    }

    pub(super) fn holds(&self, running: &Arc<Running>) -> bool {
        let current = self.running.as_ref();
        current.is_some_and(|current| Arc::ptr_eq(current, running))
    }
}

/// All of them, by user.
#[derive(Default)]
pub(super) struct Slots(Mutex<HashMap<Arc<str>, Arc<Slot>>>);

impl Slots {
    /// That of a user, new where there is none.
    pub(super) fn of(&self, user: &Arc<str>) -> Arc<Slot> {
        Arc::clone(self.lock().entry(Arc::clone(user)).or_default())
    }

    /// That of a user, if there is one.
    pub(super) fn known(&self, user: &str) -> Option<Arc<Slot>> {
        self.lock().get(user).map(Arc::clone)
    }

    /// All that there are.
    pub(super) fn all(&self) -> Vec<Arc<Slot>> {
        self.lock().values().cloned().collect()
    }

    /// Gives one back. It goes when nobody else has it and nothing is in it: who asks next gets a new one.
    pub(super) fn give_back(&self, user: &str, slot: Arc<Slot>) {
        let mut slots = self.lock();
        drop(slot);
        // Others get at it with the map locked only: who has none now, gets none that has gone from the map.
        let unused = slots.get(user).is_some_and(|slot| {
            let empty = |place: &Place| place.running.is_none() && place.blocking.is_free();
            Arc::strong_count(slot) == 1 && slot.try_lock().is_ok_and(|place| empty(&place))
        });
        if unused {
            slots.remove(user);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Slot>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_slot_goes_with_the_last_who_has_it() {
        let (slots, user) = (Slots::default(), Arc::from("user"));
        let (one, other) = (slots.of(&user), slots.of(&user));
        assert!(Arc::ptr_eq(&one, &other));
        let waiting = Arc::clone(&other).lock_owned().await;
        slots.give_back(&user, one);
        slots.give_back(&user, other);
        assert!(slots.known(&user).is_some(), "somebody holds it");
        drop(waiting);
        let last = slots.known(&user).unwrap();
        slots.give_back(&user, last);
        assert!(slots.known(&user).is_none());
        assert!(slots.all().is_empty());
    }

    #[tokio::test]
    async fn a_slot_stays_while_something_blocks_in_it() {
        let (slots, user) = (Slots::default(), Arc::from("user"));
        let slot = slots.of(&user);
        let (free, blocked) = mpsc::channel::<()>();
        let mut place = slot.lock().await;
        let soon = Duration::from_millis(20);
        let late = place.blocking.run(soon, move |_| blocked.recv().is_ok());
        assert!(late.await.is_err());
        drop(place);
        slots.give_back(&user, slot);
        let slot = slots.known(&user).unwrap();
        drop(free);
        slot.lock().await.blocking.free(soon * 100).await.unwrap();
        slots.give_back(&user, slot);
        assert!(slots.all().is_empty());
    }

    #[test]
    fn there_are_never_two_of_one_user() {
        let (slots, user) = (Slots::default(), Arc::<str>::from("user"));
        let held = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        let slot = slots.of(&user);
                        let place = slot.blocking_lock();
                        // As a workspace would be, it is one at a time.
                        assert!(!held.swap(true, Ordering::SeqCst));
                        std::hint::spin_loop();
                        assert!(held.swap(false, Ordering::SeqCst));
                        drop(place);
                        slots.give_back(&user, slot);
                    }
                });
            }
        });
        assert!(slots.all().is_empty());
    }
}
