//! A slot: a supervisor on a PTY, waiting for its program.

use tokio::sync::OwnedSemaphorePermit;

use super::link::Link;
use super::tty::Tty;

/// What a command needs to start at once.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) tty: Tty,
    pub(super) link: Link,
    /// Its place among the PTYs that may be open.
    pub(super) permit: OwnedSemaphorePermit,
}
