//! An entry of a walked tree: its path, its name and what it is.

use std::ffi::OsStr;
use std::fs::{File, FileType, Metadata, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::libc;

/// What a directory says is there under a name; links are not followed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::search) enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, to whatever.
    Link,
    /// A FIFO, a socket or a device.
    Special,
}

impl From<FileType> for Kind {
    fn from(found: FileType) -> Self {
        if found.is_file() {
            Self::File
        } else if found.is_dir() {
            Self::Directory
        } else if found.is_symlink() {
            Self::Link
        } else {
            Self::Special
        }
    }
}

/// An entry of a walked tree.
pub(in crate::search) struct Entry<'a> {
    path: &'a [u8],
    relative: usize,
    name: usize,
    kind: Kind,
}

impl<'a> Entry<'a> {
    /// The entry at `path`, in which the part below the root and the name begin at those bytes.
    pub(in crate::search) fn new(path: &'a [u8], relative: usize, name: usize, kind: Kind) -> Self {
        Self {
            path,
            relative,
            name,
            kind,
        }
    }

    /// The root's path and the one below it.
    pub(in crate::search) fn path(&self) -> &'a Path {
        Path::new(OsStr::from_bytes(self.path))
    }

    /// The path below the root.
    pub(in crate::search) fn relative(&self) -> &'a Path {
        Path::new(OsStr::from_bytes(&self.path[self.relative..]))
    }

    /// The last component.
    pub(in crate::search) fn name(&self) -> &'a OsStr {
        OsStr::from_bytes(&self.path[self.name..])
    }

    /// What it is; links are not followed for it.
    pub(in crate::search) fn kind(&self) -> Kind {
        self.kind
    }

    /// What it is, through links; none when it has vanished or is a broken link.
    pub(in crate::search) fn metadata(&self) -> Option<Metadata> {
        std::fs::metadata(self.path()).ok()
    }

    /// Opens it when it is a regular file or a link to one; never waits.
    ///
    /// The descriptor is non-blocking, so that a FIFO put in its place meanwhile holds nobody: such
    /// a one reads as empty. Files of /proc that wait for news give `WouldBlock`.
    pub(in crate::search) fn open(&self) -> Option<File> {
        let regular = match self.kind {
            Kind::File => true,
            Kind::Directory | Kind::Special => false,
            Kind::Link => self.metadata().is_some_and(|found| found.is_file()),
        };
        let mut options = OpenOptions::new();
        options
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
        regular.then(|| options.open(self.path()).ok()).flatten()
    }
}

/// When the content was last changed: seconds since 1970, in the nearest double as Python gives it.
#[expect(
    clippy::cast_precision_loss,
    reason = "clients get times as doubles; what is lost is below a microsecond"
)]
pub(in crate::search) fn modified(metadata: &Metadata) -> f64 {
    metadata.mtime() as f64 + 1e-9 * metadata.mtime_nsec() as f64
}
