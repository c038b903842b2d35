//! The workspaces: one for each user, started by the first who asks, and ended when nobody does.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::control::Said;
use super::launch::{LEFT, Launcher};
use super::running::{Running, Use};
use super::slots::{Slot, Slots};
use crate::api::Refusal;

/// All workspaces. Cheap to clone.
#[derive(Clone)]
pub(super) struct Workspaces(Arc<Shared>);

struct Shared {
    launcher: Arc<Launcher>,
    slots: Slots,
    closing: CancellationToken,
    /// What sees each workspace to its end.
    watching: TaskTracker,
}

impl Workspaces {
    pub(super) fn new(launcher: Arc<Launcher>) -> Self {
        Self(Arc::new(Shared {
            launcher,
            slots: Slots::default(),
            closing: CancellationToken::new(),
            watching: TaskTracker::new(),
        }))
    }

    /// The workspace of a user, which is started if it does not run.
    ///
    /// Whoever asks meanwhile waits for the same start, and it goes on when the first of them goes away.
    pub(super) async fn enter(&self, user: &Arc<str>) -> Result<Use, Refusal> {
        let slot = self.0.slots.of(user);
        if let Ok(place) = slot.try_lock()
            && let Some(visit) = place.visit()
        {
            return Ok(visit);
        }
        let asked = Instant::now();
        let mut place = Arc::clone(&slot).lock_owned().await;
        if let Some(visit) = place.visit() {
            return Ok(visit);
        }
        if let Some((at, why)) = &place.failed
            && *at >= asked
        {
            let why = why.clone();
            drop(place);
            self.0.slots.give_back(user, slot);
            return Err(why);
        }
        let (all, user) = (self.clone(), Arc::clone(user));
        let start = tokio::spawn(async move {
            let started = tokio::select! {
                biased;
                () = all.0.closing.cancelled() => Err(Refusal::Unavailable {
                    shown: "the server is ending: ask again when it is back",
                    inner: "no workspace is started while the server ends".to_owned(),
                }),
                started = all.0.launcher.start(&user, &mut place.blocking) => started,
            };
            let started = match started {
                Ok(started) => Arc::new(started),
                Err(why) => {
                    place.failed = Some((Instant::now(), why.clone()));
                    drop(place);
                    all.0.slots.give_back(&user, slot);
                    return Err(why);
                }
            };
            let visit = started.enter();
            place.running = Some(Arc::clone(&started));
            drop(place);
            all.watch(user, slot, started);
            Ok(visit)
        });
        start.await.unwrap_or_else(|error| {
            Err(Refusal::Unavailable {
                shown: "the workspace could not be started: try again",
                inner: error.to_string(),
            })
        })
    }

    /// The workspace of a user, if it runs.
    pub(super) async fn visit(&self, user: &str) -> Option<Use> {
        let slot = self.0.slots.known(user)?;
        // Another request of the same user may hold it for a moment.
        let visit = slot.lock().await.visit();
        self.0.slots.give_back(user, slot);
        visit
    }

    /// Sees a workspace to its end.
    fn watch(&self, user: Arc<str>, slot: Arc<Slot>, running: Arc<Running>) {
        let all = self.clone();
        self.0.watching.spawn(async move {
            let mut asked_to_end = false;
            while let Some(said) = running.hear().await {
                if matches!(said, Said::Idle) {
                    asked_to_end |= all.end_if_unused(&slot, &running).await;
                }
            }
            // Held from before its end is known until all is cleared up, so that the next start waits for that.
            let mut place = slot.lock().await;
            running.note_end();
            let asked_to_end = asked_to_end || all.0.closing.is_cancelled();
            if asked_to_end {
                tracing::debug!(workspace = running.name, "a workspace has ended");
            } else {
                tracing::warn!(
                    workspace = running.name,
                    "a workspace has ended unexpectedly; the next request starts it anew"
                );
            }
            if place.holds(&running) {
                place.running = None;
            }
            if place.running.is_none() {
                all.0.launcher.clear_up(&running.name, LEFT).await;
            }
            drop(place);
            all.0.slots.give_back(&user, slot);
        });
    }

    /// Has a workspace end that has said it runs nothing, if nobody uses it either.
    async fn end_if_unused(&self, slot: &Slot, running: &Arc<Running>) -> bool {
        let mut place = slot.lock().await;
        // Who enters does so under the same lock.
        let unused = running.is_unused_for(self.0.launcher.idle());
        if !unused || !place.holds(running) {
            return false;
        }
        running.lead.end();
        // Its last commands have ended long ago: this takes some milliseconds, and a new one must not meet it.
        if timeout(Duration::from_secs(5), until_gone(running))
            .await
            .is_err()
        {
            running.kill();
            timeout(LEFT, until_gone(running)).await.ok();
        }
        place.running = None;
        true
    }

    /// Has all end, and kills those that have not after so long.
    pub(super) async fn shut_down(&self, most: Duration) {
        self.0.closing.cancel();
        let ends = self.0.slots.all().into_iter().map(|slot| async move {
            let running = slot.lock().await.running.clone();
            let Some(running) = running else { return };
            running.lead.end();
            if timeout(most, running.gone()).await.is_err() {
                tracing::warn!(workspace = running.name, "a workspace had to be killed");
                running.kill();
            }
        });
        futures_util::future::join_all(ends).await;
        self.0.watching.close();
        timeout(LEFT, self.0.watching.wait()).await.ok();
    }
}

/// Waits for the end of a workspace that nobody else listens to.
async fn until_gone(running: &Running) {
    while running.hear().await.is_some() {}
}
