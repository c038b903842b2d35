//! The notebook's file: read with care, and written back whole.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use super::Error;
use crate::sys;
use crate::workspace::{Unopened, open_regular, shown};

/// Bytes of the largest notebook: it is held in memory a few times over.
pub(super) const LARGEST: u64 = 256 << 20;

/// The text of the notebook at `path`.
pub(super) fn read(path: &Path) -> Result<String, Error> {
    let unreadable = |problem: io::Error| match problem.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::InvalidFilename => Error::NoFile(path.to_owned()),
        _ => Error::Unreadable {
            path: path.to_owned(),
            problem: problem.to_string(),
        },
    };
    let invalid = |problem: String| Error::Invalid {
        path: path.to_owned(),
        problem,
    };
    let (file, _) = open_regular(path).map_err(|why| match why {
        Unopened::Directory => Error::NoFile(path.to_owned()),
        Unopened::Special(kind) => invalid(format!("it is {kind}; name a file")),
        Unopened::Unseen(problem) | Unopened::Io(problem) => unreadable(problem),
    })?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(invalid(format!("it is over {} MiB", LARGEST >> 20)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        invalid(format!(
            "it is not UTF-8: byte {at} is wrong; notebooks are JSON in UTF-8"
        ))
    })
}

/// Makes `text` the content of the file at `path`, which keeps its mode and owner; links are followed.
///
/// The text goes to a file beside it that is renamed; where that would break something (other names of the
/// file, a directory that takes no files, another owner), the file is overwritten.
pub(super) fn write(path: &Path, text: &str) -> Result<(), String> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let old = fs::metadata(&target).ok();
    let told = |problem: io::Error| format!("{} cannot be written: {problem}", shown(path));
    if let Some(old) = &old {
        // A rename asks only the directory; that must not be a way round the file's own mode.
        OpenOptions::new()
            .write(true)
            .custom_flags(nix::libc::O_NONBLOCK)
            .open(&target)
            .map_err(told)?;
        if !old.is_file() {
            return Err(told(io::ErrorKind::InvalidInput.into()));
        }
    }
    if old.as_ref().is_none_or(|old| old.nlink() == 1) {
        match replace(&target, text, old.as_ref()) {
            Ok(()) => return Ok(()),
            Err(problem) if old.is_none() || !is_of_the_directory(&problem) => {
                return Err(told(problem));
            }
            Err(_) => {}
        }
    }
    overwrite(&target, text).map_err(told)
}

/// Whether a file was refused for where it is, so that overwriting the old one may go well.
fn is_of_the_directory(problem: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        problem.kind(),
        Kind::PermissionDenied
            | Kind::ReadOnlyFilesystem
            | Kind::CrossesDevices
            | Kind::ResourceBusy
            | Kind::InvalidFilename
    )
}

/// Writes over what is there. Room is reserved first, so that a full disk leaves the old text.
fn overwrite(target: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(target)?;
    let old = file.metadata()?.len();
    sys::reserve(&file, text.len() as u64)?;
    file.write_all(text.as_bytes())?;
    if old > text.len() as u64 {
        file.set_len(text.len() as u64)?;
    }
    Ok(())
}

fn replace(target: &Path, text: &str, old: Option<&Metadata>) -> io::Result<()> {
    let directory = target.parent().unwrap_or(Path::new("/"));
    let chance = getrandom::u64().map_err(|problem| io::Error::other(problem.to_string()))?;
    let temporary = Temporary(directory.join(format!(".notebook.open-terminal-{chance:016x}")));
    let mode = if old.is_some() { 0o600 } else { 0o666 };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&temporary.0)?;
    file.write_all(text.as_bytes())?;
    if let Some(old) = old {
        carry_over(&file, old)?;
    }
    drop(file);
    fs::rename(&temporary.0, target)?;
    std::mem::forget(temporary);
    Ok(())
}

fn carry_over(file: &File, old: &Metadata) -> io::Result<()> {
    let made = file.metadata()?;
    let uid = Some(old.uid()).filter(|uid| *uid != made.uid());
    let gid = Some(old.gid()).filter(|gid| *gid != made.gid());
    if uid.is_some() || gid.is_some() {
        fchown(file, uid, gid)?;
    }
    file.set_permissions(Permissions::from_mode(old.mode() & 0o1777))
}

/// A file that is removed unless it gets to its place.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mode_links_and_other_names_stay() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::write(at("n"), "old").unwrap();
        fs::set_permissions(at("n"), Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("n", at("link")).unwrap();
        write(&at("link"), "new").unwrap();
        assert_eq!(read(&at("n")).unwrap(), "new");
        assert!(at("link").is_symlink());
        assert_eq!(fs::metadata(at("n")).unwrap().mode() & 0o7777, 0o640);
        fs::hard_link(at("n"), at("twin")).unwrap();
        write(&at("n"), "newer").unwrap();
        assert_eq!(read(&at("twin")).unwrap(), "newer");
        write(&at("n"), "new").unwrap();
        assert_eq!(read(&at("twin")).unwrap(), "new", "and it gets shorter");
        write(&at("fresh"), "x").unwrap();
        assert_eq!(
            fs::read_dir(home.path()).unwrap().count(),
            4,
            "nothing else is left"
        );
    }

    #[test]
    fn what_is_no_text_file_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::write(at("bytes"), b"\xff\xfe{}").unwrap();
        assert!(matches!(read(&at("bytes")), Err(Error::Invalid { .. })));
        assert!(matches!(
            read(Path::new("/dev/null")),
            Err(Error::Invalid { .. })
        ));
        for none in [at("none"), at(""), at("bytes/below"), at("nul\0")] {
            assert!(matches!(read(&none), Err(Error::NoFile(_))), "{none:?}");
        }
    }
}
