//! Cutting the older part off a log, at a record's beginning.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use nix::sys::memfd::{MFdFlags, memfd_create};

use super::marks::{Mark, Marks};
use super::place::Place;
use super::records;

/// A log to be cut.
#[derive(Debug)]
pub(super) struct Rotation {
    /// None when it never had a file.
    pub(super) file: Option<Arc<File>>,
    pub(super) written: u64,
    pub(super) first: Mark,
    pub(super) marks: Marks,
    pub(super) start: Box<[u8]>,
    /// Bytes of the newest records that stay.
    pub(super) keep: u64,
    /// Whether what is left is to be in memory, the disk having failed.
    pub(super) in_memory: bool,
}

/// The log that is left.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) file: File,
    pub(super) written: u64,
    pub(super) first: Mark,
    pub(super) marks: Marks,
}

impl Rotation {
    /// Copies the newest part: beside the log, and renames it into place, or into memory
    /// (`memfd_create(2)`). Blocks on the disk.
    pub(super) fn run(&self, place: &Place) -> io::Result<Cut> {
        if self.in_memory {
            return self.copy_to(File::from(memfd_create(c"output", MFdFlags::MFD_CLOEXEC)?));
        }
        let beside = place.rotating();
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        let cut = self
            .copy_to(file)
            .and_then(|cut| fs::rename(&beside, place.path()).map(|()| cut));
        if cut.is_err() {
            fs::remove_file(&beside).ok();
        }
        cut
    }

    /// Takes back the part of a line that did not fit on the disk.
    pub(super) fn trim(&self) {
        if let Some(file) = &self.file {
            // A reader passes over a cut line anyway.
            file.set_len(self.written).ok();
        }
    }

    fn copy_to(&self, mut to: File) -> io::Result<Cut> {
        let Some(mut from) = self.file.as_deref() else {
            return Ok(Cut {
                file: to,
                written: 0,
                first: self.first,
                marks: Marks::default(),
            });
        };
        let at = self.boundary(from)?;
        let mut head = records::rotated_line(at.record);
        head.extend_from_slice(&self.start);
        to.write_all(&head)?;
        // The kernel copies (`copy_file_range(2)`) where the file systems allow it.
        from.seek(SeekFrom::Start(at.position))?;
        io::copy(&mut from.take(self.written - at.position), &mut to)?;
        let head = head.len() as u64;
        let written = self.written - at.position + head;
        Ok(Cut {
            file: to,
            written,
            first: Mark::beginning(at.record, at.text),
            marks: self.marks.cut(at, head),
        })
    }

    /// Where the part begins that stays: the first line with no more than `keep` bytes after it.
    fn boundary(&self, mut file: &File) -> io::Result<Mark> {
        let wanted = self.written.saturating_sub(self.keep);
        let mut at = self.marks.before_position(wanted, self.first);
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
            if records::is_output(&line) {
                at.record += 1;
                at.text += records::text_length(&line);
            }
        }
        Ok(at)
    }
}
