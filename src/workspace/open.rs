//! Opening what requests name: regular files only, without ever waiting for one.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use nix::libc;

/// Why a file was not opened.
#[derive(Debug)]
pub enum Unopened {
    /// It is none with contents of its own: what it is, with its article, such as "a named pipe".
    Special(&'static str),
    /// It is a directory.
    Directory,
    /// It could not be looked at.
    Unseen(io::Error),
    /// The system refused.
    Io(io::Error),
}

/// Opens a regular file for reading, through links, and looks at what was opened.
///
/// A FIFO, socket or device is refused before it is opened, since opening alone can have effects; the
/// descriptor is looked at again, and is non-blocking (open(2), `O_NONBLOCK`), so that nothing put in its
/// place meanwhile can hold the caller. Files of /proc that wait for news give `WouldBlock`.
pub fn open_regular(path: &Path) -> Result<(File, Metadata), Unopened> {
    check(&std::fs::metadata(path).map_err(Unopened::Unseen)?)?;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .map_err(Unopened::Io)?;
    let found = file.metadata().map_err(Unopened::Io)?;
    check(&found)?;
    Ok((file, found))
}

fn check(found: &Metadata) -> Result<(), Unopened> {
    match found.file_type() {
        kind if kind.is_file() => Ok(()),
        kind if kind.is_dir() => Err(Unopened::Directory),
        kind => Err(Unopened::Special(kind_of(kind))),
    }
}

/// What a file is that is neither regular nor a directory.
fn kind_of(kind: FileType) -> &'static str {
    match kind {
        kind if kind.is_fifo() => "a named pipe",
        kind if kind.is_socket() => "a socket",
        kind if kind.is_char_device() || kind.is_block_device() => "a device",
        _ => "no regular file",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::Mode;

    #[test]
    fn only_regular_files_are_opened_and_nothing_waits() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        std::fs::write(at("file"), "text").unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        std::os::unix::fs::symlink("loop", at("loop")).unwrap();
        nix::unistd::mkfifo(&at("pipe"), Mode::S_IRWXU).unwrap();
        drop(std::os::unix::net::UnixListener::bind(at("socket")).unwrap());
        assert_eq!(open_regular(&at("file")).unwrap().1.len(), 4);
        assert_eq!(open_regular(&at("link")).unwrap().1.len(), 4);
        assert!(matches!(
            open_regular(home.path()),
            Err(Unopened::Directory)
        ));
        for (name, kind) in [
            (at("pipe"), "a named pipe"),
            (at("socket"), "a socket"),
            ("/dev/null".into(), "a device"),
        ] {
            assert!(
                matches!(open_regular(&name), Err(Unopened::Special(found)) if found == kind),
                "{name:?}"
            );
        }
        assert!(
            matches!(open_regular(&at("loop")), Err(Unopened::Unseen(error)) if error.raw_os_error() == Some(libc::ELOOP))
        );
        assert!(
            matches!(open_regular(&at("none")), Err(Unopened::Unseen(error)) if error.kind() == io::ErrorKind::NotFound)
        );
    }
}
