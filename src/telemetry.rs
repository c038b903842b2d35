//! The server's log lines: for people on a terminal, as text or JSON elsewhere.

mod lines;

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

use lines::Lines;
pub use lines::Writer;

/// Starts the log; what still waits is written when the writer is dropped.
///
/// Fails when the level is none that `tracing` knows.
pub fn start(level: &str, json: bool) -> Result<Writer, String> {
    let filter = EnvFilter::builder().parse(level).map_err(|error| {
        format!("log_level {level:?}: {error}; use error, warn, info, debug or trace")
    })?;
    let (lines, writer) = Lines::start(io::stdout()).map_err(|error| error.to_string())?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || lines.clone())
        .with_target(false)
        .with_timer(SystemTime)
        .with_ansi(io::stdout().is_terminal());
    let started = if json {
        log.json().flatten_event(true).try_init()
    } else {
        log.try_init()
    };
    started.map_err(|error| error.to_string())?;
    Ok(writer)
}
