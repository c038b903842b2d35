//! Old logs: removed when nobody has written to them for long enough.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Removes the logs of ended commands last written longer ago than `retention`. Blocks on the disk.
///
/// Files that are not ours (by their names), directories and the logs of `alive` ids stay.
pub(in crate::exec) fn sweep(directory: &Path, retention: Duration, alive: &HashSet<String>) {
    let Some(limit) = SystemTime::now().checked_sub(retention) else {
        return;
    };
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(id) = name.to_str().and_then(|n| {
            n.strip_suffix(".jsonl")
                .or(n.strip_suffix(".jsonl.rotating"))
        }) else {
            continue;
        };
        let old = entry
            .metadata()
            .is_ok_and(|m| m.is_file() && m.modified().is_ok_and(|time| time < limit));
        if old && !alive.contains(id) {
            match fs::remove_file(entry.path()) {
                Ok(()) => tracing::debug!(path = %entry.path().display(), "removed an old log"),
                Err(error) => {
                    tracing::warn!(path = %entry.path().display(), %error, "an old log stays");
                }
            }
        }
    }
}
