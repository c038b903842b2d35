//! Files of a cgroup: written in one go, read with one call.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

/// What the longest of the files that are read here fits into.
const MOST: usize = 4096;

/// Writes a value to a file that the kernel has made.
pub(super) fn write(directory: &Path, file: &str, value: &str) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .open(directory.join(file))?
        .write_all(value.as_bytes())
}

/// The first 4 KiB of a file.
pub(super) fn read(directory: &Path, file: &str) -> io::Result<String> {
    let mut bytes = [0; MOST];
    let length = File::open(directory.join(file))?.read(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..length]).into_owned())
}

/// A file that holds one number; none when it says `max`, or is not there.
pub(super) fn number(directory: &Path, file: &str) -> Option<u64> {
    read(directory, file).ok()?.trim().parse().ok()
}

/// The number behind a name, in a file of such lines; 0 when it is not there.
pub(super) fn keyed(directory: &Path, file: &str, key: &str) -> u64 {
    let text = read(directory, file).unwrap_or_default();
    keyed_in(&text, key).unwrap_or(0)
}

/// The number behind a name in lines of names and numbers.
pub(super) fn keyed_in(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(' ')?;
        (name == key).then(|| value.trim().parse().ok()).flatten()
    })
}

/// Whether the file has a word.
pub(super) fn has_word(directory: &Path, file: &str, word: &str) -> bool {
    read(directory, file).is_ok_and(|text| text.split_ascii_whitespace().any(|w| w == word))
}

/// The processes in a cgroup, but those this process cannot name (of another pid namespace).
pub(super) fn processes(directory: &Path) -> io::Result<Vec<i32>> {
    let list = std::fs::read_to_string(directory.join("cgroup.procs"))?;
    let pids = list.lines().filter_map(|line| line.trim().parse().ok());
    Ok(pids.filter(|pid| *pid > 0).collect())
}
