//! An archive: files and directories as one ZIP, made while it is sent.
//!
//! One thread walks, reads and writes in order; the others only compress. A file goes to them in blocks,
//! each of which may refer back to the end of the one before, so that also a single big file uses every
//! core. Only some blocks are in work at a time; what grows with the archive is its directory at the end,
//! and that is kept compressed.

mod format;
mod packer;
mod walk;

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::Error;
use crate::workspace::{open_regular, shown, shown_name};
use format::{Member, Zip};
use packer::{Packed, Packer};
use walk::Walk;

/// How much of a file is compressed at a time, in bytes.
const BLOCK: usize = 64 << 10;
/// How far back compressed data can refer, in bytes (RFC 1951).
const WINDOW: usize = 32 << 10;
/// How many blocks are in work for each thread.
const AHEAD: usize = 6;
/// How much is gathered before it is sent, in bytes.
const PIECE: usize = 64 << 10;
/// As much is read of a file that says it is empty, in bytes: those of the kernel do and are not.
const UNTOLD: u64 = 16 << 20;

/// The name under which an archive of `paths` is offered, once it is sure that each of them can be read.
pub fn check(paths: &[PathBuf]) -> Result<String, Error> {
    for path in paths {
        let found = fs::metadata(path).map_err(|problem| Error::looking(path, problem))?;
        if !found.is_dir() {
            open_regular(path).map_err(|why| Error::unopened(path, why))?;
            continue;
        }
        fs::read_dir(path).map_err(|problem| Error::reading(path, problem))?;
        if walk::is_of_the_kernel(path) {
            return Err(Error::Unfit(format!(
                "{} shows the inside of the system, not files; name single files in it",
                shown(path)
            )));
        }
    }
    match paths {
        [] => Err(Error::Unfit(
            "there is nothing to archive; name at least one file or directory in paths".to_owned(),
        )),
        [path] => Ok(format!("{}.zip", top_name(path))),
        _ => Ok("download.zip".to_owned()),
    }
}

/// Makes a ZIP archive of the files at and below `paths` and hands it to `out` piece by piece, until that
/// returns `false` or `stop` is set.
///
/// What in a directory is no file, cannot be read or is gone meanwhile is left out. A file that changes while
/// it is read is archived as it was read, but never longer than it was at first.
pub fn archive(
    paths: &[PathBuf],
    out: impl FnMut(Vec<u8>) -> bool,
    stop: &AtomicBool,
) -> Result<(), Error> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.min(8);
    std::thread::scope(|scope| {
        let packer = Packer::start(scope, threads).map_err(|problem| Error::Refused {
            path: paths.first().cloned().unwrap_or_default(),
            done: "compressed",
            problem,
        })?;
        let mut making = Making {
            packer,
            most: threads * AHEAD,
            pending: VecDeque::new(),
            zip: Zip::new(),
            out,
            stop,
        };
        for (path, name) in tops(paths) {
            making.top(&path, &name)?;
        }
        making.end()
    })
}

/// A block that is being compressed.
struct Pending {
    packed: Packed,
    /// The file it belongs to, with its first block.
    member: Option<Member>,
    last: bool,
}

/// An archive in the making.
struct Making<'a, Out> {
    packer: Packer,
    most: usize,
    pending: VecDeque<Pending>,
    zip: Zip,
    out: Out,
    stop: &'a AtomicBool,
}

impl<Out: FnMut(Vec<u8>) -> bool> Making<'_, Out> {
    /// Adds what one of the paths names.
    fn top(&mut self, path: &Path, name: &str) -> Result<(), Error> {
        let found = fs::metadata(path).map_err(|problem| Error::looking(path, problem))?;
        if !found.is_dir() {
            let (file, found) = open_regular(path).map_err(|why| Error::unopened(path, why))?;
            return self.file(file, &found, name.to_owned());
        }
        for (path, name) in Walk::new(path, name) {
            self.heed()?;
            if let Ok((file, found)) = open_regular(&path) {
                self.file(file, &found, name)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, file: File, found: &Metadata, name: String) -> Result<(), Error> {
        let size = match found.len() {
            0 => UNTOLD,
            size => size,
        };
        let mut file = file.take(size);
        let mut bytes = self.packer.buffer(found.len().min(BLOCK as u64));
        // What cannot be read at all is left out.
        let Ok(mut ended) = fill(&mut file, &mut bytes) else {
            return Ok(());
        };
        let mut member = Some(Member {
            name,
            modified: found.mtime(),
            mode: found.mode(),
            size: found.len(),
        });
        let mut from = 0;
        loop {
            let next = if ended {
                Vec::new()
            } else {
                let mut next = self.packer.buffer((WINDOW + BLOCK) as u64);
                next.extend_from_slice(&bytes[bytes.len() - WINDOW.min(bytes.len())..]);
                next
            };
            let window = next.len();
            self.submit(bytes, from, member.take(), ended)?;
            if ended {
                return Ok(());
            }
            bytes = next;
            from = window;
            // From here on, what cannot be read is taken for the end.
            ended = fill(&mut file, &mut bytes).unwrap_or(true);
        }
    }

    fn submit(
        &mut self,
        bytes: Vec<u8>,
        from: usize,
        member: Option<Member>,
        last: bool,
    ) -> Result<(), Error> {
        self.heed()?;
        let packed = self.packer.pack(bytes, from, last);
        self.pending.push_back(Pending {
            packed,
            member,
            last,
        });
        while self.pending.len() >= self.most {
            self.take()?;
        }
        Ok(())
    }

    /// Writes the block that is next in order, once it is compressed.
    fn take(&mut self) -> Result<(), Error> {
        let Some(Pending {
            packed,
            member,
            last,
        }) = self.pending.pop_front()
        else {
            return Ok(());
        };
        let block = packed.wait().map_err(|problem| Error::Refused {
            path: PathBuf::new(),
            done: "compressed",
            problem,
        })?;
        match member {
            Some(member) if last => {
                self.zip
                    .whole(member, &block.crc, block.size, &block.compressed);
            }
            Some(member) => {
                self.zip.begin(member);
                self.zip.block(&block.crc, block.size, &block.compressed);
            }
            None => {
                self.zip.block(&block.crc, block.size, &block.compressed);
                if last {
                    self.zip.finish();
                }
            }
        }
        self.packer.recycle(block);
        self.send(PIECE)
    }

    /// Sends what is written, when it is at least `least` bytes.
    fn send(&mut self, least: usize) -> Result<(), Error> {
        if self.zip.written() >= least && !(self.out)(self.zip.take()) {
            return Err(Error::Stopped);
        }
        Ok(())
    }

    fn heed(&self) -> Result<(), Error> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), Error> {
        while !self.pending.is_empty() {
            self.take()?;
        }
        let mut directory = self.zip.directory();
        while self.zip.list(&mut directory) {
            self.heed()?;
            self.send(PIECE)?;
        }
        self.send(1)
    }
}

/// Reads one block behind what `bytes` holds; returns whether the file ends with it.
fn fill(file: &mut io::Take<File>, bytes: &mut Vec<u8>) -> io::Result<bool> {
    let wanted = (BLOCK as u64).min(file.limit());
    let read = file.by_ref().take(wanted).read_to_end(bytes)?;
    Ok(file.limit() == 0 || (read as u64) < wanted)
}

/// The paths, each once, with the names they have in the archive: no two the same.
fn tops(paths: &[PathBuf]) -> Vec<(PathBuf, String)> {
    let mut tops: Vec<(PathBuf, String)> = Vec::new();
    for path in paths {
        if tops.iter().any(|(known, _)| known == path) {
            continue;
        }
        let name = top_name(path);
        let taken = |name: &str| tops.iter().any(|(_, known)| known == name);
        let mut free = name.clone();
        let mut count = 2;
        while taken(&free) {
            free = numbered(&name, count);
            count += 1;
        }
        tops.push((path.clone(), free));
    }
    tops
}

/// "a.txt" as "a (2).txt".
fn numbered(name: &str, count: u32) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => format!("{stem} ({count}).{extension}"),
        _ => format!("{name} ({count})"),
    }
}

/// The name of `path` in an archive.
fn top_name(path: &Path) -> String {
    shown_name(path.file_name().unwrap_or(OsStr::new("root"))).into_owned()
}

#[cfg(test)]
mod tests;
