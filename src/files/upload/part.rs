//! The file that holds what has come so far of an upload in parts.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::super::write::{cut, resolve};
use super::Error;
use super::FileError;

/// The longest name of most file systems in bytes (`NAME_MAX`).
const NAME_MAX: usize = 255;
/// The longest id in characters.
const ID_MAX: usize = 64;

/// Refuses an id that could not be part of a file name, or is no id.
pub(super) fn check_id(id: &str) -> Result<(), Error> {
    let fits = (1..=ID_MAX).contains(&id.len());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if fits && id.bytes().all(plain) {
        return Ok(());
    }
    Err(Error::Id(id.chars().take(2 * ID_MAX).collect()))
}

/// Where the parts of the file meant for `target` are gathered: in the directory where it will be.
pub(super) fn part_path(target: &Path, id: &str) -> Result<PathBuf, Error> {
    let target = resolve(target)?;
    let Some((directory, name)) = target.parent().zip(target.file_name()) else {
        return Err(FileError::IsDirectory(target).into());
    };
    let mut end = format!(".open-terminal-part-{id}");
    let mut kept = name;
    if 1 + name.len() + end.len() > NAME_MAX {
        // Two long names that begin alike stay apart.
        end = format!("~{:08x}{end}", crc32fast::hash(name.as_bytes()));
        kept = cut(name, NAME_MAX - 1 - end.len());
    }
    let mut part = OsString::from(".");
    part.push(kept);
    part.push(end);
    Ok(directory.join(part))
}
