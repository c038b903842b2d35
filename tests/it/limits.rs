//! Limits: a runaway command is held back or ended, it is told why, and the server and the others go on.
//!
//! How limits are kept differs from place to place, and `GET /api/limits` says how. The tests read it there, run
//! every hog once more as a user who may make no cgroups, and say in code what the watchdog cannot do. With
//! `OT_EXPECT_LIMITS` one of them checks that it is kept as it should be here.

/// Less than the settings allow, asked for by a request.
mod asked;
/// Processor time.
mod cpu;
/// Ways out that are none.
mod escapes;
/// What the hogs run.
mod hogs;
/// Directories of cgroups: where everybody is, and that none is left.
mod leaves;
/// Memory.
mod memory;
/// Numbers of processes and threads.
mod pids;
/// What is said of a command: what it has used, and which limit struck.
mod report;
/// Limits of a workspace and of the whole server.
mod shared;
/// `GET /api/limits`.
mod shown;
/// What is demanded at the start, and what comes of it.
mod start;
/// Terminals.
mod terminals;
/// Workspaces of their own.
mod workspaces;
