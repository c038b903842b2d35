//! The table: what the last scan found, good for a moment, and one scan for all who ask at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::scan::Scanner;
use super::{Error, Port, Target};

/// A list may be this old.
const LIST_AGE: Duration = Duration::from_millis(500);
/// A port that was found counts as found for this long.
const HIT_AGE: Duration = Duration::from_secs(1);
/// A port that was not found is looked for again no sooner than this after the last scan began.
const MISS_PAUSE: Duration = Duration::from_millis(50);

/// The ports that the processes below the server listen on.
#[derive(Clone)]
pub struct Ports(Arc<Shared>);

struct Shared {
    server: i32,
    scanner: Mutex<Scanner>,
    latest: Mutex<Option<Arc<Found>>>,
    /// Held while a scan is under way.
    turn: tokio::sync::Mutex<()>,
}

/// What a scan has found.
pub struct Found {
    began: Instant,
    /// In order of their numbers.
    ports: Vec<Port>,
}

impl Ports {
    /// The ports below the process `server`.
    pub fn new(server: u32) -> Self {
        Self(Arc::new(Shared {
            server: server.cast_signed(),
            scanner: Mutex::default(),
            latest: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }))
    }

    /// Those of nobody: there are none.
    pub fn none() -> Self {
        Self::new(u32::MAX)
    }

    /// All of them, as they were at most half a second ago.
    pub async fn list(&self) -> Result<Arc<Found>, Error> {
        self.scanned(|found| found.began.elapsed() <= LIST_AGE)
            .await
    }

    /// Where a port is reached. One that was opened just before is found too.
    pub async fn find(&self, port: u16) -> Result<Target, Error> {
        let asked = Instant::now();
        let found = self
            .scanned(|found| found.began.elapsed() <= HIT_AGE)
            .await?;
        if let Some(target) = found.target(port) {
            return Ok(target);
        }
        if found.began < asked {
            sleep_until(found.began + MISS_PAUSE).await;
            let again = self.scanned(|found| found.began >= asked).await?;
            if let Some(target) = again.target(port) {
                return Ok(target);
            }
        }
        Err(Error::NotFound { port })
    }

    /// What the last scan found when that is good enough, else what a new one finds.
    async fn scanned(&self, good: impl Fn(&Found) -> bool) -> Result<Arc<Found>, Error> {
        if let Some(found) = self.0.latest().filter(|found| good(found)) {
            return Ok(found);
        }
        let _turn = self.0.turn.lock().await;
        // Whoever had the turn before may have done it.
        if let Some(found) = self.0.latest().filter(|found| good(found)) {
            return Ok(found);
        }
        let shared = Arc::clone(&self.0);
        let scan = tokio::task::spawn_blocking(move || shared.scan());
        scan.await.map_err(|problem| Error::Scan {
            problem: problem.to_string(),
        })
    }
}

impl Shared {
    fn latest(&self) -> Option<Arc<Found>> {
        let latest = self.latest.lock();
        latest.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn scan(&self) -> Arc<Found> {
        let mut scanner = (self.scanner.lock()).unwrap_or_else(PoisonError::into_inner);
        let began = Instant::now();
        let ports = scanner.scan(self.server);
        let found = Arc::new(Found { began, ports });
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&found));
        found
    }
}

impl Found {
    /// The ports, in order of their numbers.
    pub fn ports(&self) -> &[Port] {
        &self.ports
    }

    fn target(&self, port: u16) -> Option<Target> {
        let at = self.ports.binary_search_by_key(&port, |each| each.port);
        at.ok().map(|at| self.ports[at].target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_scan_serves_all_who_ask_within_its_time() {
        let ports = Ports::new(std::process::id());
        let (first, second) = (ports.list().await.unwrap(), ports.list().await.unwrap());
        assert!(Arc::ptr_eq(&first, &second));
    }

    #[tokio::test]
    async fn a_port_that_is_missed_costs_one_more_scan_for_all_who_miss_it() {
        let ports = Ports::new(std::process::id());
        let before = ports.list().await.unwrap();
        let missed = tokio::join!(ports.find(1), ports.find(2), ports.find(3));
        assert!(matches!(missed.0, Err(Error::NotFound { port: 1 })));
        assert!(missed.1.is_err() && missed.2.is_err());
        let after = ports.list().await.unwrap();
        assert!(after.began >= before.began + MISS_PAUSE);
        assert!(after.began < before.began + 2 * MISS_PAUSE);
    }
}
