//! The ZIP format, written from front to back (PKWARE's APPNOTE 6.3).

mod time;

use std::io::{Read, Write};

use crc32fast::Hasher;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use time::dos_time;

/// Fields of four bytes hold less than this; beyond, eight bytes elsewhere count (4.5.3).
const WIDE: u64 = 0xFFFF_FFFF;
/// The same for the number of entries.
const MANY: u64 = 0xFFFF;
/// From this size on a file that is written block by block gets fields of eight bytes: what does not shrink
/// grows a little when it is compressed.
const MAY_BE_WIDE: u64 = 0xFF00_0000;
/// Names are UTF-8 (4.4.4, bit 11).
const UTF8: u16 = 1 << 11;
/// Checksum and sizes follow the data (4.4.4, bit 3).
const DESCRIBED: u16 = 1 << 3;
/// Compressed with deflate (4.4.5).
const DEFLATED: u16 = 8;
/// Made on Unix, so that the file's mode counts (4.4.2).
const UNIX: u16 = 3 << 8;
/// How much of the directory is written at a time, in bytes.
const STEP: u64 = 32 << 10;

/// A file of the archive.
#[derive(Debug)]
pub(super) struct Member {
    /// Its path in the archive, divided by slashes.
    pub(super) name: String,
    /// When it was changed last, in seconds since 1970.
    pub(super) modified: i64,
    /// Its type and permissions.
    pub(super) mode: u32,
    /// Its size in bytes, as far as known before.
    pub(super) size: u64,
}

/// An archive that is being written. What is written is fetched with [`Zip::take`].
pub(super) struct Zip {
    buffer: Vec<u8>,
    /// How much was fetched already, in bytes.
    taken: u64,
    /// The file that is being written block by block.
    open: Option<Entry>,
    /// The directory so far; compressed, because it stays in memory until the end.
    directory: DeflateEncoder<Vec<u8>>,
    entries: u64,
}

/// A file that is written, or being written.
struct Entry {
    member: Member,
    offset: u64,
    flags: u16,
    wide: bool,
    crc: Hasher,
    size: u64,
    compressed: u64,
}

/// The directory at the end, while it is written.
pub(super) struct Directory {
    rest: DeflateDecoder<std::io::Cursor<Vec<u8>>>,
    start: u64,
}

impl Zip {
    pub(super) fn new() -> Self {
        Self {
            buffer: Vec::new(),
            taken: 0,
            open: None,
            directory: DeflateEncoder::new(Vec::new(), Compression::fast()),
            entries: 0,
        }
    }

    /// How much can be fetched, in bytes.
    pub(super) fn written(&self) -> usize {
        self.buffer.len()
    }

    /// Fetches what is written.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.taken += self.buffer.len() as u64;
        let next = Vec::with_capacity(self.buffer.capacity());
        std::mem::replace(&mut self.buffer, next)
    }

    /// Writes a file of which all is known.
    pub(super) fn whole(&mut self, member: Member, crc: &Hasher, size: u64, data: &[u8]) {
        let entry = Entry {
            member,
            offset: self.position(),
            flags: UTF8,
            wide: false,
            crc: crc.clone(),
            size,
            compressed: data.len() as u64,
        };
        self.local_header(&entry);
        self.buffer.extend_from_slice(data);
        self.record(&entry);
    }

    /// Begins a file whose blocks follow.
    pub(super) fn begin(&mut self, member: Member) {
        let entry = Entry {
            offset: self.position(),
            flags: UTF8 | DESCRIBED,
            wide: member.size >= MAY_BE_WIDE,
            member,
            crc: Hasher::new(),
            size: 0,
            compressed: 0,
        };
        self.local_header(&entry);
        self.open = Some(entry);
    }

    /// Adds a block of `size` bytes, compressed to `data`, to the file that was begun.
    pub(super) fn block(&mut self, crc: &Hasher, size: u64, data: &[u8]) {
        let entry = self
            .open
            .as_mut()
            .expect("a block comes after the beginning of its file");
        entry.crc.combine(crc);
        entry.size += size;
        entry.compressed += data.len() as u64;
        self.buffer.extend_from_slice(data);
    }

    /// Ends the file that was begun.
    pub(super) fn finish(&mut self) {
        let entry = self
            .open
            .take()
            .expect("an end comes after the beginning of its file");
        self.u32(0x0807_4B50);
        self.u32(entry.crc.clone().finalize());
        if entry.wide {
            self.u64(entry.compressed);
            self.u64(entry.size);
        } else {
            self.u32(narrow(entry.compressed));
            self.u32(narrow(entry.size));
        }
        self.record(&entry);
    }

    /// Ends the files; the directory is written with [`Zip::list`].
    pub(super) fn directory(&mut self) -> Directory {
        let empty = DeflateEncoder::new(Vec::new(), Compression::fast());
        let written = std::mem::replace(&mut self.directory, empty).finish();
        let compressed = written.expect("memory takes all that is written");
        Directory {
            rest: DeflateDecoder::new(std::io::Cursor::new(compressed)),
            start: self.position(),
        }
    }

    /// Writes the next piece of the directory; returns whether there is more.
    pub(super) fn list(&mut self, directory: &mut Directory) -> bool {
        let mut piece = (&mut directory.rest).take(STEP);
        let read = piece
            .read_to_end(&mut self.buffer)
            .expect("what was compressed here is sound");
        if read > 0 {
            return true;
        }
        self.end(directory.start);
        false
    }

    fn position(&self) -> u64 {
        self.taken + self.buffer.len() as u64
    }

    /// 4.3.7
    fn local_header(&mut self, entry: &Entry) {
        let described = entry.flags & DESCRIBED != 0;
        let (crc, compressed, size) = match (described, entry.wide) {
            (true, true) => (0, WIDE, WIDE),
            (true, false) => (0, 0, 0),
            (false, _) => (entry.crc.clone().finalize(), entry.compressed, entry.size),
        };
        self.u32(0x0403_4B50);
        self.u16(version(entry.wide));
        self.shared_fields(entry, crc, compressed, size);
        let extra = Extra::new(entry.member.modified);
        let wide = if entry.wide { 20 } else { 0 };
        self.u16(small(extra.len() + wide));
        self.buffer.extend_from_slice(entry.member.name.as_bytes());
        extra.write(&mut self.buffer);
        if entry.wide {
            self.u16(1);
            self.u16(16);
            // Told after the data.
            self.u64(0);
            self.u64(0);
        }
    }

    /// What the local header and the directory have in common, from the flags to the length of the name.
    fn shared_fields(&mut self, entry: &Entry, crc: u32, compressed: u64, size: u64) {
        let (time, date) = dos_time(entry.member.modified);
        self.u16(entry.flags);
        self.u16(DEFLATED);
        self.u16(time);
        self.u16(date);
        self.u32(crc);
        self.u32(narrow(compressed));
        self.u32(narrow(size));
        self.u16(small(entry.member.name.len()));
    }

    /// Puts a finished file into the directory (4.3.12).
    fn record(&mut self, entry: &Entry) {
        let start = self.buffer.len();
        let mut wide = Vec::new();
        for value in [entry.size, entry.compressed, entry.offset] {
            if value >= WIDE {
                wide.extend_from_slice(&value.to_le_bytes());
            }
        }
        let extra = Extra::new(entry.member.modified);
        let needed = version(entry.wide || !wide.is_empty());
        self.u32(0x0201_4B50);
        self.u16(UNIX | needed);
        self.u16(needed);
        let crc = entry.crc.clone().finalize();
        self.shared_fields(entry, crc, entry.compressed, entry.size);
        let wide_size = if wide.is_empty() { 0 } else { 4 + wide.len() };
        self.u16(small(extra.len() + wide_size));
        // No comment, one disk, nothing told about the content.
        self.u16(0);
        self.u16(0);
        self.u16(0);
        self.u32(entry.member.mode << 16);
        self.u32(narrow(entry.offset));
        self.buffer.extend_from_slice(entry.member.name.as_bytes());
        extra.write(&mut self.buffer);
        if !wide.is_empty() {
            self.u16(1);
            self.u16(small(wide.len()));
            self.buffer.extend_from_slice(&wide);
        }
        let written = self.directory.write_all(&self.buffer[start..]);
        written.expect("memory takes all that is written");
        self.buffer.truncate(start);
        self.entries += 1;
    }

    /// The end of the archive (4.3.14 to 4.3.16).
    fn end(&mut self, start: u64) {
        let end = self.position();
        let size = end - start;
        let entries = self.entries;
        if entries >= MANY || start >= WIDE || size >= WIDE {
            self.u32(0x0606_4B50);
            self.u64(44);
            self.u16(UNIX | version(true));
            self.u16(version(true));
            self.u32(0);
            self.u32(0);
            self.u64(entries);
            self.u64(entries);
            self.u64(size);
            self.u64(start);
            self.u32(0x0706_4B50);
            self.u32(0);
            self.u64(end);
            self.u32(1);
        }
        let count = u16::try_from(entries).unwrap_or(u16::MAX);
        self.u32(0x0605_4B50);
        self.u16(0);
        self.u16(0);
        self.u16(count);
        self.u16(count);
        self.u32(narrow(size));
        self.u32(narrow(start));
        self.u16(0);
    }

    fn u16(&mut self, value: u16) {
        self.buffer.extend_from_slice(&value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.buffer.extend_from_slice(&value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.buffer.extend_from_slice(&value.to_le_bytes());
    }
}

/// The time of the last change as Unix has it ("UT", 4.6.1 and Info-ZIP's extra fields), where it fits.
struct Extra(Option<[u8; 4]>);

impl Extra {
    fn new(modified: i64) -> Self {
        Self(i32::try_from(modified).ok().map(i32::to_le_bytes))
    }

    fn len(&self) -> usize {
        if self.0.is_some() { 9 } else { 0 }
    }

    fn write(&self, buffer: &mut Vec<u8>) {
        if let Some(time) = self.0 {
            buffer.extend_from_slice(b"UT\x05\0\x01");
            buffer.extend_from_slice(&time);
        }
    }
}

/// The version of the format that is needed, for fields of eight bytes or without (4.4.3).
fn version(wide: bool) -> u16 {
    if wide { 45 } else { 20 }
}

/// `value` for a field of four bytes; where it does not fit, the mark for that.
fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// A length for a field of two bytes.
fn small(length: usize) -> u16 {
    u16::try_from(length).expect("paths and extra fields are far shorter than 64 KiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of an archive of one member that says it has `size` bytes, at `offset`.
    fn one_at(offset: u64, size: u64) -> Vec<u8> {
        let mut zip = Zip::new();
        zip.taken = offset;
        zip.begin(Member {
            name: "a".to_owned(),
            modified: 0,
            mode: 0o100_644,
            size,
        });
        zip.block(&Hasher::new(), size, b"\x03\0");
        zip.finish();
        let mut directory = zip.directory();
        while zip.list(&mut directory) {}
        zip.take()
    }

    #[test]
    fn long_fields_are_used_where_short_ones_do_not_fit() {
        let has = |bytes: &[u8], mark: &[u8]| bytes.windows(mark.len()).any(|part| part == mark);
        for (offset, size, end) in [(0, 10, false), (WIDE, 10, true), (0, 5 << 30, false)] {
            let bytes = one_at(offset, size);
            assert_eq!(has(&bytes, b"PK\x06\x06"), end, "{offset} {size}: the end");
            let size_told = has(&bytes, &size.to_le_bytes());
            assert_eq!(size_told, size > WIDE, "{offset} {size}: the size");
        }
    }
}
