//! Waiting for what blocks: so long, and no thread more for as long as it does not come back.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// What blocks for one user, and may not have come back.
#[derive(Default)]
pub(in crate::gateway) struct Blocking(Option<CancellationToken>);

/// Whether somebody waits for what is done still.
pub(in crate::gateway) struct Waited<T>(oneshot::Sender<T>);

impl<T> Waited<T> {
    pub(super) fn is_given_up(&self) -> bool {
        self.0.is_closed()
    }
}

/// Why there is nothing.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Nothing {
    /// It has not come back.
    Blocked,
    /// It has panicked.
    Broken,
}

impl Blocking {
    /// Whether nothing blocks that was begun before.
    pub(in crate::gateway) fn is_free(&self) -> bool {
        self.0.as_ref().is_none_or(CancellationToken::is_cancelled)
    }

    /// Waits so long at most until nothing blocks any more that was begun before.
    pub(in crate::gateway) async fn free(&self, most: Duration) -> Result<(), Nothing> {
        let Some(before) = &self.0 else { return Ok(()) };
        let back = timeout(most, before.cancelled()).await;
        back.map_err(|_| Nothing::Blocked)
    }

    /// Has it done on a thread that may block, and waits for that so long at most. What comes later is dropped. While
    /// what was begun before has not come back, nothing is begun, and the time is spent on waiting for that.
    pub(in crate::gateway) async fn run<T: Send + 'static>(
        &mut self,
        most: Duration,
        work: impl FnOnce(&Waited<T>) -> T + Send + 'static,
    ) -> Result<T, Nothing> {
        let all = async {
            if let Some(before) = &self.0 {
                before.cancelled().await;
            }
            let back = CancellationToken::new();
            self.0 = Some(back.clone());
            let (sender, receiver) = oneshot::channel();
            spawn_blocking(move || {
                let _back = back.drop_guard();
                let waited = Waited(sender);
                let done = work(&waited);
                waited.0.send(done).ok();
            });
            receiver.await.map_err(|_| Nothing::Broken)
        };
        timeout(most, all).await.unwrap_or(Err(Nothing::Blocked))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use tokio::time::Instant;

    use super::*;

    const SOON: Duration = Duration::from_millis(50);
    const LATER: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn what_blocks_is_waited_for_so_long_and_not_begun_twice() {
        let mut blocking = Blocking::default();
        let begun = Arc::new(AtomicUsize::new(0));
        let (free, blocked) = mpsc::channel::<()>();
        let count = Arc::clone(&begun);
        let first = blocking.run(SOON, move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            blocked.recv().ok();
        });
        assert_eq!(first.await, Err(Nothing::Blocked));
        for _ in 0..3 {
            let (start, count) = (Instant::now(), Arc::clone(&begun));
            let next = blocking.run(SOON, move |_| {
                count.fetch_add(1, Ordering::SeqCst);
            });
            assert_eq!(next.await, Err(Nothing::Blocked));
            assert!(start.elapsed() >= SOON);
        }
        assert_eq!(begun.load(Ordering::SeqCst), 1);
        // Others have nothing to do with it.
        assert_eq!(Blocking::default().run(LATER, |_| 1).await, Ok(1));
        // When it comes back, whoever waits goes on at once.
        let freed = tokio::spawn(async move {
            tokio::time::sleep(SOON).await;
            drop(free);
        });
        assert_eq!(blocking.run(LATER, |_| 2).await, Ok(2));
        freed.await.unwrap();
    }

    #[tokio::test]
    async fn who_comes_back_late_sees_that_nobody_waits() {
        let mut blocking = Blocking::default();
        let (free, blocked) = mpsc::channel::<()>();
        let (say, said) = mpsc::channel();
        let late = blocking.run(SOON, move |waited| {
            let before = waited.is_given_up();
            blocked.recv().ok();
            say.send((before, waited.is_given_up())).ok();
        });
        assert_eq!(late.await, Err(Nothing::Blocked));
        drop(free);
        assert_eq!(blocking.run(LATER, Waited::is_given_up).await, Ok(false));
        assert_eq!(said.recv(), Ok((false, true)));
    }

    #[tokio::test]
    async fn who_is_dropped_meanwhile_is_waited_for_by_the_next() {
        let mut blocking = Blocking::default();
        let (free, blocked) = mpsc::channel::<()>();
        let first = blocking.run(LATER, move |_| blocked.recv().is_ok());
        assert!(timeout(SOON, first).await.is_err());
        assert_eq!(blocking.run(SOON, |_| ()).await, Err(Nothing::Blocked));
        drop(free);
        assert_eq!(blocking.run(LATER, |_| ()).await, Ok(()));
    }

    #[tokio::test]
    async fn what_panics_is_no_end_of_the_world() {
        let mut blocking = Blocking::default();
        let broken = blocking.run(LATER, |_| -> () { panic!("this is expected") });
        assert_eq!(broken.await, Err(Nothing::Broken));
        assert_eq!(blocking.run(LATER, |_| 3).await, Ok(3));
    }
}
