//! The kernel made safe: small calls that no crate offers safely, and the only `unsafe` of the project.

mod children;
mod fds;
mod file;
mod memory;
mod schedule;
mod seccomp;
mod secrets;
mod signals;
mod socket;
mod spawn;
pub mod tree;
mod tty;

pub use children::{Ended, Rusage, reap, take_ended};
pub use fds::{receive_with_fds, send_with_fds};
pub use file::{read_cached, reserve};
pub use memory::{Program, mapped_pages};
pub use schedule::run_soon;
pub use seccomp::filter_calls;
pub use secrets::{erase_environment, hide_memory};
pub use signals::{close_all_but_standard, start_clean, survive_file_size_limit};
pub use socket::unsent;
pub use spawn::{exit_now, fork_single_threaded};
pub use tree::{Process, ticks_in_a_second};
pub use tty::{borrow, leave_controlling, make_controlling, register};
