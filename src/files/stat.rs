//! Facts: everything the system knows of one path, without its contents.

use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};
use serde::Serialize;

use super::{Error, media, modified};
use crate::config::{Group, Passwd};
use crate::workspace::{shown, shown_name};

/// What there is to know of a path. Of a link that leads somewhere, what is at its end; of one that
/// leads nowhere, the link itself.
#[derive(Debug, Serialize)]
pub struct Facts {
    /// The path, as it was asked for.
    pub path: String,
    /// Its last name.
    pub name: String,
    /// The kind of file: `file`, `directory`, `fifo`, `socket`, `char_device`, `block_device` or `symlink`.
    pub r#type: &'static str,
    /// Bytes.
    pub size: u64,
    /// When the contents changed last, in seconds since 1970.
    pub modified: f64,
    /// The permission bits in octal, such as `0644`.
    pub mode: String,
    /// The owner's name, or number when it has none.
    pub owner: String,
    /// The group's name, or number when it has none.
    pub group: String,
    /// The owner's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// Whether the server's account may read it.
    pub readable: bool,
    /// Whether the server's account may write to it.
    pub writable: bool,
    /// Number of names it has.
    pub links: u64,
    /// Where the path leads, when it is a symbolic link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_target: Option<String>,
    /// The media type its name stands for, when it is a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

/// Looks at `path`.
pub fn stat(path: &Path) -> Result<Facts, Error> {
    let itself =
        std::fs::symlink_metadata(path).map_err(|problem| Error::looking(path, problem))?;
    let link_target: Option<PathBuf> = if itself.is_symlink() {
        std::fs::read_link(path).ok()
    } else {
        None
    };
    let found = if link_target.is_some() {
        std::fs::metadata(path).unwrap_or(itself)
    } else {
        itself
    };
    let (uid, gid) = (found.uid(), found.gid());
    Ok(Facts {
        path: shown(path).into_owned(),
        name: path
            .file_name()
            .map_or_else(|| "/".to_owned(), |name| shown_name(name).into_owned()),
        r#type: kind(&found),
        size: found.len(),
        modified: modified(found.mtime(), found.mtime_nsec()),
        mode: format!("{:04o}", found.mode() & 0o7777),
        owner: owner(uid),
        group: group(gid),
        uid,
        gid,
        readable: access(path, AccessFlags::R_OK).is_ok(),
        writable: access(path, AccessFlags::W_OK).is_ok(),
        links: found.nlink(),
        link_target: link_target.map(|target| shown(&target).into_owned()),
        media_type: found.is_file().then(|| media::content_type(path)),
    })
}

fn kind(found: &Metadata) -> &'static str {
    match found.file_type() {
        kind if kind.is_file() => "file",
        kind if kind.is_dir() => "directory",
        kind if kind.is_symlink() => "symlink",
        kind if kind.is_fifo() => "fifo",
        kind if kind.is_socket() => "socket",
        kind if kind.is_char_device() => "char_device",
        _ => "block_device",
    }
}

fn owner(uid: u32) -> String {
    Passwd::of_uid(uid).map_or_else(|| uid.to_string(), |user| user.name)
}

fn group(gid: u32) -> String {
    Group::of_gid(gid).map_or_else(|| gid.to_string(), |group| group.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_link_is_told_with_what_it_leads_to() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::write(at("f.txt"), "12345").unwrap();
        fs::set_permissions(at("f.txt"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("f.txt", at("link")).unwrap();
        symlink("none", at("broken")).unwrap();
        let facts = stat(&at("link")).unwrap();
        assert_eq!((facts.r#type, facts.size), ("file", 5));
        assert_eq!((facts.name.as_str(), facts.mode.as_str()), ("link", "0640"));
        assert_eq!(facts.link_target.as_deref(), Some("f.txt"));
        let broken = stat(&at("broken")).unwrap();
        assert_eq!(broken.r#type, "symlink");
        assert_eq!(broken.link_target.as_deref(), Some("none"));
        assert!(matches!(stat(&at("none")), Err(Error::NotFound(_))));
    }

    #[test]
    fn every_kind_of_file_has_a_name() {
        let home = tempfile::tempdir().unwrap();
        let pipe = home.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(stat(&pipe).unwrap().r#type, "fifo");
        assert_eq!(stat(home.path()).unwrap().r#type, "directory");
        assert_eq!(stat(Path::new("/dev/null")).unwrap().r#type, "char_device");
        assert_eq!(stat(Path::new("/")).unwrap().name, "/");
    }
}
