//! The directories of a watch: each one below the top is watched by itself.

use std::path::Path;

use notify::{ErrorKind, INotifyWatcher, RecursiveMode, Watcher};
use tokio_util::sync::CancellationToken;

/// Why not all of a tree is watched.
#[derive(Debug)]
pub(super) enum Unwatched {
    /// There are more directories than were allowed.
    TooMany,
    /// The system refused.
    System(notify::Error),
}

/// Watches `top` and, when `recursive`, up to `most` directories in all, through no link. What cannot be looked
/// into, or is gone meanwhile, is passed over, unless it is `top`. `found` is told every entry. Ends early when
/// stopped. Blocks on the file system.
pub(super) fn add(
    watcher: &mut INotifyWatcher,
    top: &Path,
    (recursive, most): (bool, usize),
    stop: &CancellationToken,
    mut found: impl FnMut(&Path),
) -> Result<(), Unwatched> {
    let mut left = most;
    let mut waiting = vec![top.to_owned()];
    while let Some(directory) = waiting.pop() {
        if stop.is_cancelled() {
            return Ok(());
        }
        left = left.checked_sub(1).ok_or(Unwatched::TooMany)?;
        match watcher.watch(&directory, RecursiveMode::NonRecursive) {
            Ok(()) => {}
            Err(error) if directory == top || is_limit(&error) => {
                return Err(Unwatched::System(error));
            }
            Err(_) => continue,
        }
        if !recursive {
            return Ok(());
        }
        // Looked into after it is watched, so that nothing falls between.
        let Ok(entries) = std::fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            found(&path);
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if waiting.len() >= left {
                    return Err(Unwatched::TooMany);
                }
                waiting.push(path);
            }
        }
    }
    Ok(())
}

/// Whether the system has no more to give.
pub(super) fn is_limit(error: &notify::Error) -> bool {
    use nix::errno::Errno;
    match &error.kind {
        ErrorKind::MaxFilesWatch => true,
        ErrorKind::Io(problem) => matches!(
            problem.raw_os_error().map(Errno::from_raw),
            Some(Errno::ENOSPC | Errno::ENOMEM | Errno::EMFILE)
        ),
        ErrorKind::Generic(_)
        | ErrorKind::PathNotFound
        | ErrorKind::WatchNotFound
        | ErrorKind::InvalidConfig(_) => false,
    }
}
