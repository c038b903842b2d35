//! The server's log lines: for people on a terminal, as text or JSON elsewhere.
//!
//! Lines are written by a thread of their own, so that a reader who stops reading stops nothing; a
//! line too many is dropped, never waited for.

use std::io::{self, IsTerminal};

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

/// Lines that may wait for the terminal or pipe.
const WAITING: usize = 8192;

/// Starts the log; what still waits is written when the guard is dropped.
///
/// Fails when the level is none that `tracing` knows.
pub fn start(level: &str, json: bool) -> Result<WorkerGuard, String> {
    let filter = EnvFilter::builder()
        .parse(level)
        .map_err(|error| format!("log_level {level:?}: {error}"))?;
    let builder = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING)
        .thread_name("log");
    let (writer, guard) = builder.finish(io::stdout());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_target(false)
        .with_timer(SystemTime)
        .with_ansi(io::stdout().is_terminal());
    let started = if json {
        lines.json().flatten_event(true).try_init()
    } else {
        lines.try_init()
    };
    started.map_err(|error| error.to_string())?;
    Ok(guard)
}
