//! Turns: work that takes much memory is done so many at a time; others wait, but not for ever.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::Error;

/// How long a turn is waited for. It is longer than one lasts whose client takes the answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// The turns of one kind of work.
pub(super) struct Turns {
    free: Arc<Semaphore>,
    most: usize,
    /// What those before do: "files are being compared".
    doing: &'static str,
}

/// A turn, which ends when it is dropped.
pub(super) type Turn = OwnedSemaphorePermit;

impl Turns {
    /// So many at once.
    pub(super) fn new(most: usize, doing: &'static str) -> Self {
        Self {
            free: Arc::new(Semaphore::new(most)),
            most,
            doing,
        }
    }

    /// Waits for the next one.
    pub(super) async fn next(&self) -> Result<Turn, Error> {
        match timeout(PATIENCE, Arc::clone(&self.free).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            // They are never closed.
            Ok(Err(_)) | Err(_) => Err(Error::Busy(format!(
                "{} {} already, and no turn came within {} s; try again later",
                self.most,
                self.doing,
                PATIENCE.as_secs()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;
    use axum::response::IntoResponse as _;

    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_the_next_turn_or_is_told_after_a_while() {
        let turns = Turns::new(2, "documents are being read");
        let first = turns.next().await.unwrap();
        let _second = turns.next().await.unwrap();
        let refused = turns.next().await.unwrap_err();
        let detail = refused.detail();
        assert_eq!(
            detail,
            "2 documents are being read already, and no turn came within 60 s; try again later"
        );
        let status = refused.into_response().status();
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let (third, ()) = tokio::join!(turns.next(), async { drop(first) });
        drop(third.unwrap());
    }
}
