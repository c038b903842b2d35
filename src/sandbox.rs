//! The sandbox: where the shells of commands and terminals run.
//!
//! ```text
//! server ──fork me a supervisor──▶ spawner ──fork──▶ supervisor ──▶ the shell
//!    └────────── a socket (orders, events) and a PTY's master ─────────┘
//! ```
//!
//! The *spawner* is this program once more, with one thread, a clean environment and none of the
//! server's memory. A *supervisor* leads one session on one PTY, starts one shell there, and knows
//! when it, and all it left behind, is gone. [`Pool`] keeps a few supervisors waiting.

mod link;
mod pool;
mod pty;
mod running;
mod slot;
mod spawner;
mod supervisor;
mod tty;
mod wire;

pub use pool::{Error, Pool, Settings, Start};
pub use running::{Event, Exit, Happening, Launch, Running, signal_name};
pub use spawner::{SPAWNER_ARGUMENT, spawner_main};
pub use tty::Tty;
pub use wire::{Failure, Manner, Problem};
