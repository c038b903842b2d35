//! A slot: a supervisor on a PTY, waiting for its program.

use std::io;

use tokio::sync::OwnedSemaphorePermit;

use super::link::Link;
use super::tty::Tty;
use super::wire::Order;
use crate::limits::Leaf;

/// What a command needs to start.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) tty: Tty,
    pub(super) link: Link,
    /// Its place among the PTYs that may be open.
    pub(super) permit: OwnedSemaphorePermit,
}

/// A slot whose supervisor has a child ready, under its limits: what a command needs to start at once.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) slot: Slot,
    pub(super) leaf: Leaf,
}

impl Slot {
    /// Has the supervisor get a child ready in this leaf.
    pub(super) async fn prepare(self, leaf: Leaf) -> io::Result<Ready> {
        let order = Order::Prepare(leaf.ticket()).encode();
        self.link.send(&order).await?;
        Ok(Ready { slot: self, leaf })
    }
}
