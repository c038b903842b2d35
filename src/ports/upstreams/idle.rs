//! Idle connections: kept by address for the socket they lead to, and closed when nobody takes them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::client::conn::http1::SendRequest;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::KEPT;
use crate::ports::Target;
use crate::relay::Connection;

/// Kept at most for each address.
const MOST: usize = 32;
/// How often it is looked for those that were kept for long enough.
const SWEEP: Duration = Duration::from_secs(1);

/// The idle connections.
pub(super) struct Idle<B>(Arc<Mutex<Kept<B>>>);

struct Kept<B> {
    by_address: HashMap<SocketAddr, Connections<B>>,
    swept: bool,
}

/// The connections to one socket, the one used last at the end.
struct Connections<B> {
    pid: i32,
    inode: u64,
    waiting: Vec<(Instant, SendRequest<B>)>,
}

/// A connection in use.
pub struct Slot<B> {
    /// Its sending end.
    pub(super) sender: SendRequest<B>,
    /// Where it leads.
    pub(super) target: Target,
    /// Where it waits when it is not used.
    pub(super) idle: Idle<B>,
}

impl<B> Clone for Idle<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B> Default for Idle<B> {
    fn default() -> Self {
        let (by_address, swept) = (HashMap::new(), false);
        Self(Arc::new(Mutex::new(Kept { by_address, swept })))
    }
}

impl<B> Idle<B> {
    fn lock(&self) -> MutexGuard<'_, Kept<B>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one that was used within `age` and leads to the same socket.
    pub(super) fn take(&self, target: &Target, age: Duration) -> Option<Slot<B>> {
        let address = target.addresses[0]?;
        let mut kept = self.lock();
        let connections = kept.by_address.get_mut(&address)?;
        if !connections.lead_to(target) {
            kept.by_address.remove(&address);
            return None;
        }
        while let Some((since, sender)) = connections.waiting.pop() {
            if since.elapsed() > age {
                connections.waiting.push((since, sender));
                return None;
            }
            if sender.is_ready() {
                return Some(Slot {
                    sender,
                    target: *target,
                    idle: self.clone(),
                });
            }
        }
        None
    }
}

impl<B> Connections<B> {
    fn lead_to(&self, target: &Target) -> bool {
        (self.pid, self.inode) == (target.pid, target.inode)
    }
}

impl<B: Send + 'static> Connection for Slot<B> {
    fn keep(self) {
        let Some(address) = self.target.addresses[0].filter(|_| !self.sender.is_closed()) else {
            return;
        };
        let mut kept = self.idle.lock();
        let connections = kept
            .by_address
            .entry(address)
            .or_insert_with(|| Connections {
                pid: self.target.pid,
                inode: self.target.inode,
                waiting: Vec::new(),
            });
        // Another's by now: whoever took its place has come later.
        if !connections.lead_to(&self.target) || connections.waiting.len() >= MOST {
            return;
        }
        connections.waiting.push((Instant::now(), self.sender));
        // There is no runtime any more when the last requests are dropped with it.
        if !kept.swept
            && let Ok(runtime) = Handle::try_current()
        {
            kept.swept = true;
            runtime.spawn(sweep(self.idle.clone()));
        }
    }
}

/// Closes what nobody has taken, until nothing is left.
async fn sweep<B>(idle: Idle<B>) {
    loop {
        sleep(SWEEP).await;
        let mut kept = idle.lock();
        kept.by_address.retain(|_, connections| {
            (connections.waiting)
                .retain(|(since, sender)| since.elapsed() < KEPT && !sender.is_closed());
            !connections.waiting.is_empty()
        });
        if kept.by_address.is_empty() {
            kept.swept = false;
            return;
        }
    }
}
