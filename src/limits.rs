//! Limits: what commands and terminals may use, kept by cgroups or by a watchdog, and what they did use.
//!
//! ```text
//! open-terminal.<id>          all that the server runs: `total_*`
//! └── workspace               all of one workspace: `user_*`
//!     ├── 1                   a leaf: one command or terminal, `command_*`
//!     └── 2
//! ```
//!
//! Where there are no cgroups to be had, a [watchdog](watchdog) looks at the processes and ends or stops what goes
//! too far. It is slower, and [`Limits::status`] says so.

mod bounds;
mod cgroup;
mod leaf;
mod levels;
mod ticket;
mod usage;
mod watchdog;

pub use bounds::{Bounds, Refusal, TooMuch, readable};
pub use leaf::Leaf;
pub use levels::{Delegated, Limits, Settings, Status, memory_here, pids_here};
pub use ticket::{OwnLimits, Ticket};
pub use usage::{Amount, Kind, Present, Scope, Strike, Usage};
