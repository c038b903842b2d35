//! What the tests stand on: a [`Server`] of one's own, the [`Answer`]s it gives, and the processes behind it.

mod answer;
mod commands;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod grounds;
pub(crate) mod isolated;
pub(crate) mod limits;
pub(crate) mod load;
mod needs;
pub(crate) mod people;
pub(crate) mod processes;
pub(crate) mod raw;
mod server;
pub(crate) mod terminal;
pub(crate) mod upstream;
pub(crate) mod variables;
pub(crate) mod wire;
pub(crate) mod zip;

use std::time::{Duration, Instant};

pub(crate) use answer::{Answer, Ask};
pub(crate) use commands::Reply;
pub(crate) use isolated::Isolated;
pub(crate) use needs::{alone, busy, needs_mounts, needs_pid_namespaces, needs_root};
pub(crate) use server::{Builder, Home, KEY, Server, binary};

/// Waits until `check` holds; fails naming `what` when it does not within `timeout`.
pub(crate) fn eventually(what: &str, timeout: Duration, mut check: impl FnMut() -> bool) {
    wait_for(what, timeout, || check().then_some(()));
}

/// Waits until `check` gives a value; fails naming `what` when it does not within `timeout`.
pub(crate) fn wait_for<T>(
    what: &str,
    timeout: Duration,
    mut check: impl FnMut() -> Option<T>,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = check() {
            return value;
        }
        assert!(start.elapsed() < timeout, "{what}: not within {timeout:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whole seconds as a duration.
pub(crate) const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}
