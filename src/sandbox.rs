//! The sandbox: where the shells of commands and terminals run.
//!
//! ```text
//! server ──fork me a supervisor──▶ spawner ──fork──▶ supervisor ──▶ the shell
//!    └────────── a socket (orders, events) and a PTY's master ─────────┘
//! ```
//!
//! The *spawner* is this program once more, with one thread, a clean environment and none of the
//! server's memory. A *supervisor* leads one session on one PTY, keeps one child ready there, under its limits,
//! to become the shell, and knows when it, and all it left behind, is gone. [`Pool`] keeps a few waiting.

mod link;
mod pool;
mod pty;
mod running;
mod shell;
mod slot;
mod spawner;
mod supervisor;
mod tty;
mod wire;

pub use pool::{Error, Pool, Settings, Start};
pub use running::{Event, Exit, Happening, Launch, Running, signal_name};
pub use spawner::{GUARD_ARGUMENT, SPAWNER_ARGUMENT, spawner_main};
pub use tty::Tty;
pub use wire::{Failure, Manner, Problem};
