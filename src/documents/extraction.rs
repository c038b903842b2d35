//! An extraction as the server sees it: started, waited for with patience, and its end explained.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::memfd::{MFdFlags, memfd_create};
use tokio::time::Instant;

use super::Format;
use super::extractor::{self, EXTRACTOR_ARGUMENT, Report};

/// The largest document that is read, in bytes.
const LARGEST: u64 = 200 << 20;

/// How long a document may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How soon it is seen that nobody waits any more, in milliseconds.
const LOOK: u16 = 100;

/// A report is not longer, in bytes.
const REPORT: u64 = 64 << 10;

/// Why there is no text of a document. Each is the end of a sentence that begins with the file's name.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not what its name says, or broken.
    #[error(
        "cannot be read as a document: {0}; check whether the file is whole, and what `file` says it is"
    )]
    Damaged(String),
    /// A password is needed.
    #[error("is encrypted; have it saved without a password, or decrypt it with a command")]
    Encrypted,
    /// It has more text than was to be taken, in bytes.
    #[error("has more than {} MiB of text; take its parts with a command", .0 >> 20)]
    TooMuch(u64),
    /// It is too large itself.
    #[error("has more than {} MiB; split it, or extract its text with a command", LARGEST >> 20)]
    TooLarge,
    /// What it is packed from is too large; the text says what of it.
    #[error("is too large to be read: {0}; use a command to look into it, or split it")]
    Unpacked(String),
    /// Its reader needed more memory than it may have, in bytes.
    #[error("needs more than {} MiB of memory to be read, as documents made to do harm do; use a command to look into it", .0 >> 20)]
    Memory(u64),
    /// Its reader took too long.
    #[error("takes more than {} s to be read; use a command to look into it", PATIENCE.as_secs())]
    Slow,
    /// Its reader ended without a word, and not by us.
    #[error(
        "could not be read, for its reader was killed: either the machine is short of memory, and it can be read later, or the document is made to do harm; use a command to look into it"
    )]
    Killed,
    /// No reader could be started, or it could not work, or the file not be read.
    #[error("could not be read: {0}")]
    Io(#[from] io::Error),
    /// The caller has gone; nobody reads this.
    #[error("stopped")]
    Stopped,
}

/// A document's text, and what is to be said about it.
#[derive(Debug)]
pub struct Extracted {
    /// The text in UTF-8; in memory, not on a disk (`memfd_create(2)`).
    pub text: File,
    /// What this kind of document has that is not in the text.
    pub notices: Vec<String>,
    /// What is missing in this very document.
    pub gaps: Vec<String>,
}

/// Extracts at most so many bytes of text from a document, in a process of its own. Blocks.
///
/// `file` is read from its beginning. `stop` ends it with [`Error::Stopped`].
pub fn extract(
    format: Format,
    file: &File,
    most: u64,
    stop: &AtomicBool,
) -> Result<Extracted, Error> {
    if file.metadata()?.len() > LARGEST {
        return Err(Error::TooLarge);
    }
    let text: File = memfd_create("text", MFdFlags::MFD_CLOEXEC)
        .map_err(io::Error::from)?
        .into();
    let mut child = start(format, file, &text, most)?;
    let report = child
        .stderr
        .take()
        .ok_or_else(|| io::Error::from(ErrorKind::BrokenPipe))?;
    let said = listen(report, stop);
    if said.is_err() {
        // Whoever takes this process's children takes note of its end.
        child.kill().ok();
    }
    let said = said?;
    match serde_json::from_slice(&said) {
        Ok(Report::Read { notices, gaps }) => Ok(Extracted {
            text,
            notices,
            gaps,
        }),
        Ok(Report::Damaged(how)) => Err(Error::Damaged(how)),
        Ok(Report::Encrypted) => Err(Error::Encrypted),
        Ok(Report::TooMuch) => Err(Error::TooMuch(most)),
        Ok(Report::TooLarge(what)) => Err(Error::Unpacked(what)),
        Ok(Report::Memory) => Err(Error::Memory(extractor::memory())),
        Ok(Report::Failed(how)) => Err(io::Error::other(how).into()),
        Err(_) => Err(died(&said)),
    }
}

fn start(format: Format, file: &File, text: &File, most: u64) -> io::Result<Child> {
    use std::io::Seek as _;
    let mut document = file.try_clone()?;
    document.rewind()?;
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0("open-terminal")
        .arg(EXTRACTOR_ARGUMENT)
        .arg(format.ending())
        .arg(most.to_string());
    command
        .env_clear()
        .current_dir("/")
        .stdin(document)
        .stdout(text.try_clone()?)
        .stderr(Stdio::piped())
        .process_group(0);
    command.spawn()
}

/// What the extractor says, all of it.
fn listen(mut report: ChildStderr, stop: &AtomicBool) -> Result<Vec<u8>, Error> {
    let began = Instant::now();
    let mut said = Vec::new();
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        if began.elapsed() > PATIENCE {
            return Err(Error::Slow);
        }
        let mut fds = [PollFd::new(report.as_fd(), PollFlags::POLLIN)];
        if !matches!(poll(&mut fds, PollTimeout::from(LOOK)), Ok(1..)) {
            continue;
        }
        let mut piece = [0; 4096];
        match report.read(&mut piece) {
            Ok(0) => return Ok(said),
            Ok(read) => said.extend_from_slice(&piece[..read]),
            Err(problem) if problem.kind() == ErrorKind::Interrupted => {}
            Err(problem) => return Err(problem.into()),
        }
        if said.len() as u64 > REPORT {
            return Err(Error::Damaged("its reader had too much to say".to_owned()));
        }
    }
}

/// Why an extractor ended without a report: what the runtime said last, if anything.
fn died(said: &[u8]) -> Error {
    let said = String::from_utf8_lossy(said);
    if said.contains("memory allocation") {
        Error::Memory(extractor::memory())
    } else if said.contains("overflowed its stack") {
        Error::Damaged("it is nested too deeply".to_owned())
    } else {
        Error::Killed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_runtime_said_last_is_the_reason() {
        let said = b"\nthread '<unnamed>' (7) has overflowed its stack\nfatal runtime error";
        assert!(matches!(died(said), Error::Damaged(how) if how.contains("nested")));
        let said = b"memory allocation of 8 bytes failed\n";
        assert!(matches!(died(said), Error::Memory(_)));
        // A reader that is killed says nothing, and who killed it is not known.
        let killed = died(b"").to_string();
        assert!(
            killed.contains("short of memory") && killed.contains("harm"),
            "{killed}"
        );
    }
}
