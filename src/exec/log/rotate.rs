//! Cutting the older part off a log, at a record's beginning.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use nix::sys::memfd::{MFdFlags, memfd_create};

use super::place::Place;
use super::records;
use super::state::Mark;

/// A file that is nowhere but in memory (`memfd_create(2)`).
pub(super) fn memory() -> io::Result<File> {
    Ok(File::from(memfd_create(c"output", MFdFlags::MFD_CLOEXEC)?))
}

/// A log to be cut.
#[derive(Debug)]
pub(super) struct Rotation {
    pub(super) file: Arc<File>,
    pub(super) written: u64,
    pub(super) first: u64,
    pub(super) marks: Vec<Mark>,
    pub(super) start: Box<[u8]>,
    /// Bytes of the newest records that stay.
    pub(super) keep: u64,
    /// Whether the log is in memory, its disk having failed.
    pub(super) in_memory: bool,
}

/// The log that is left.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) file: Arc<File>,
    pub(super) written: u64,
    pub(super) first: u64,
    pub(super) marks: Vec<Mark>,
}

impl Rotation {
    /// Copies the newest part beside the log and renames it into place.
    pub(super) fn run(&self, place: &Place) -> io::Result<Cut> {
        if self.in_memory {
            return self.copy_to(Arc::new(memory()?));
        }
        let beside = place.rotating();
        let options = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        let cut = self
            .copy_to(Arc::new(options))
            .and_then(|cut| fs::rename(&beside, place.path()).map(|()| cut));
        if cut.is_err() {
            fs::remove_file(&beside).ok();
        }
        cut
    }

    /// Copies the newest part into another, empty file.
    pub(super) fn copy_to(&self, file: Arc<File>) -> io::Result<Cut> {
        let at = self.boundary()?;
        let mut head = records::rotated_line(at.record);
        head.extend_from_slice(&self.start);
        let mut to = file.as_ref();
        to.write_all(&head)?;
        // The kernel copies (`copy_file_range(2)`) where the file systems allow it.
        let mut from = self.file.as_ref();
        from.seek(SeekFrom::Start(at.position))?;
        io::copy(&mut from.take(self.written - at.position), &mut to)?;
        let shift = |mark: &Mark| Mark {
            position: mark.position - at.position + head.len() as u64,
            ..*mark
        };
        let marks = self
            .marks
            .iter()
            .filter(|mark| mark.position >= at.position)
            .map(shift)
            .collect();
        let written = self.written - at.position + head.len() as u64;
        Ok(Cut {
            file,
            written,
            first: at.record,
            marks,
        })
    }

    /// Where the part begins that stays: the first line with no more than `keep` bytes after it.
    fn boundary(&self) -> io::Result<Mark> {
        let wanted = self.written.saturating_sub(self.keep);
        let before = self
            .marks
            .partition_point(|mark| mark.position <= wanted)
            .checked_sub(1);
        let mut at = before.map_or(
            Mark {
                record: self.first,
                position: 0,
            },
            |at| self.marks[at],
        );
        let mut file = self.file.as_ref();
        file.seek(SeekFrom::Start(at.position))?;
        let mut lines = BufReader::new(file.take(self.written - at.position));
        let mut line = Vec::new();
        while at.position < wanted {
            line.clear();
            let read = lines.read_until(b'\n', &mut line)?;
            if read == 0 {
                break;
            }
            at.position += read as u64;
            at.record += u64::from(records::is_output(&line));
        }
        Ok(at)
    }
}
