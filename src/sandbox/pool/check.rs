//! Whether a shell could be started now. Anybody may ask, as often as they like, so the answer costs little.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::{Error, Pool, lock};

/// How long an answer that took some work is good for.
const GOOD: Duration = Duration::from_secs(1);

/// An answer, and when it was found.
#[derive(Debug)]
pub(super) struct Checked {
    at: Instant,
    answer: Result<(), Arc<Error>>,
}

impl Pool {
    /// Whether a shell could be started now: one waits already, or a spawner is there, a PTY is free, and there is a
    /// place under the limits. Blocks for a moment; to be called in the context of the runtime that runs the commands,
    /// by a thread that may wait.
    pub fn check(&self) -> Result<(), Arc<Error>> {
        // Who asks at the same time waits for this answer, and makes nothing of their own.
        let mut checked = lock(&self.0.checked);
        if !lock(&self.0.warm).is_empty() {
            *checked = None;
            return Ok(());
        }
        if let Some(last) = &*checked
            && last.at.elapsed() < GOOD
        {
            return last.answer.clone();
        }
        let answer = self.try_to_make().map_err(Arc::new);
        *checked = Some(Checked {
            at: Instant::now(),
            answer: answer.clone(),
        });
        answer
    }

    /// Makes what a command needs, which is kept if there is not enough of it.
    fn try_to_make(&self) -> Result<(), Error> {
        let leaf = {
            let _turn = Handle::current().block_on(self.0.making.acquire());
            self.0.limits.leaf().map_err(Error::NoLeaf)?
        };
        let slot = self.make()?;
        let pool = self.clone();
        tokio::spawn(async move { pool.keep(slot.prepare(leaf).await.map_err(Error::NoSpawner)) });
        Ok(())
    }
}
