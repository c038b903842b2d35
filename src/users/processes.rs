//! The processes of an account, from proc(5).

use std::path::Path;

/// Those that have the number as any of their uids: real, effective, saved or of the file system. One that has ended
/// and waits for somebody to take note does nothing any more, and may wait for long.
pub(super) fn of(uid: u32) -> std::io::Result<Vec<i32>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?;
        let pid = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        if let Some(pid) = pid
            && has(&entry.path(), uid)
        {
            found.push(pid);
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn has(process: &Path, uid: u32) -> bool {
    // One that cannot be read has just ended.
    let status = std::fs::read(process.join("status")).unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let mut uids = uids.unwrap_or_default().split_ascii_whitespace();
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    let ended = state.is_some_and(|state| state.trim_start().starts_with(['Z', 'X']));
    !ended && uids.any(|found| found.parse() == Ok(uid))
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_is_among_ours() {
        let own = nix::unistd::geteuid().as_raw();
        assert!(
            super::of(own)
                .unwrap()
                .contains(&std::process::id().cast_signed())
        );
        assert!(super::of(59_999).unwrap().is_empty());
    }
}
