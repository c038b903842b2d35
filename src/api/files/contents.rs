//! Contents: the bytes of an open file on their way to a client, read as fast as it takes them.
//!
//! What the system has at hand is read at once. For the rest another thread is asked, and not held while the
//! client dawdles; where the file system cannot tell which it is, that thread reads one piece ahead.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use axum::body::Bytes;
use futures_util::stream::{self, Stream};
use nix::sys::statfs::{TMPFS_MAGIC, fstatfs};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::sys;

/// Bytes read at once, when they are at hand.
const PIECE: usize = 64 << 10;
/// Bytes read at once by another thread.
const WAITED_PIECE: usize = 256 << 10;

type Reading = JoinHandle<io::Result<Vec<u8>>>;

/// What is known of the file system that the bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// It tells what is at hand, as far as is known.
    Tells,
    /// All of it is in memory (tmpfs(5)).
    Memory,
    /// It cannot tell.
    Silent,
}

/// The bytes of a file that are still to be sent.
pub(super) struct Contents {
    file: Arc<File>,
    left: Range<u64>,
    source: Source,
    /// The piece after those given, when it is being read already.
    ahead: Option<Reading>,
}

impl Contents {
    /// The bytes of `file` in `range`, all of which must be there.
    pub(super) fn new(file: File, range: Range<u64>) -> Self {
        Self {
            file: Arc::new(file),
            left: range,
            source: Source::Tells,
            ahead: None,
        }
    }

    /// The bytes in order; an error when the file has become shorter.
    pub(super) fn stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        stream::unfold(Some(self), async |contents| {
            let mut contents = contents?;
            if contents.left.is_empty() {
                return None;
            }
            match contents.next().await {
                Ok(piece) => Some((Ok(piece), Some(contents))),
                Err(problem) => Some((Err(problem), None)),
            }
        })
    }

    async fn next(&mut self) -> io::Result<Bytes> {
        let piece = match self.at_hand()? {
            Some(piece) => piece,
            None => self.waited_for().await?,
        };
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left.start += piece.len() as u64;
        if self.source == Source::Silent && !self.left.is_empty() {
            self.ahead = Some(self.read());
        }
        Ok(piece.into())
    }

    /// The next piece, if it is known to need no disk.
    fn at_hand(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.source == Source::Silent {
            return Ok(None);
        }
        let mut piece = vec![0; self.size(PIECE)];
        let read = match self.source {
            Source::Memory => self.file.read_at(&mut piece, self.left.start),
            _ => sys::read_cached(&self.file, &mut piece, self.left.start),
        };
        match read {
            Ok(read) => {
                piece.truncate(read);
                Ok(Some(piece))
            }
            Err(problem) => match problem.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(None),
                io::ErrorKind::Unsupported => {
                    self.source = silent(&self.file);
                    if self.source == Source::Silent {
                        return Ok(None);
                    }
                    self.at_hand()
                }
                _ => Err(problem),
            },
        }
    }

    async fn waited_for(&mut self) -> io::Result<Vec<u8>> {
        let reading = self.ahead.take().unwrap_or_else(|| self.read());
        reading.await.map_err(io::Error::other)?
    }

    /// Has the next piece read by another thread.
    fn read(&self) -> Reading {
        let (file, at) = (Arc::clone(&self.file), self.left.start);
        let mut piece = vec![0; self.size(WAITED_PIECE)];
        spawn_blocking(move || {
            let read = file.read_at(&mut piece, at)?;
            piece.truncate(read);
            Ok(piece)
        })
    }

    fn size(&self, most: usize) -> usize {
        let left = self.left.end - self.left.start;
        usize::try_from(left).unwrap_or(most).min(most)
    }
}

/// What a file system is that tells nothing.
fn silent(file: &File) -> Source {
    match fstatfs(file) {
        Ok(found) if found.filesystem_type() == TMPFS_MAGIC => Source::Memory,
        _ => Source::Silent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;

    /// A file on the disk or in memory, which differ in what they tell.
    fn file(place: &str, size: usize) -> (File, Vec<u8>) {
        let bytes: Vec<u8> = (0..size).map(|n| (n / 251).to_le_bytes()[0]).collect();
        let file = tempfile::tempfile_in(place).unwrap();
        file.write_all_at(&bytes, 0).unwrap();
        (file, bytes)
    }

    #[tokio::test]
    async fn every_byte_comes_once_and_in_order() {
        for place in ["/tmp", "/dev/shm"] {
            let (file, bytes) = file(place, WAITED_PIECE * 3 + 11);
            let whole = bytes.len() as u64;
            for range in [0..whole, 5..6, 100..whole - 1, 7..7] {
                let contents = Contents::new(file.try_clone().unwrap(), range.clone());
                let pieces: Vec<_> = contents.stream().collect().await;
                let sent: Vec<u8> = pieces.into_iter().flat_map(Result::unwrap).collect();
                let [start, end] = [range.start, range.end].map(|at| usize::try_from(at).unwrap());
                assert!(sent == bytes[start..end], "{range:?} in {place}");
            }
        }
    }

    #[tokio::test]
    async fn a_file_that_has_become_shorter_breaks_off() {
        for place in ["/tmp", "/dev/shm"] {
            let (file, _) = file(place, 1000);
            let pieces: Vec<_> = Contents::new(file, 0..2000).stream().collect().await;
            assert!(pieces.last().unwrap().is_err(), "{place}");
            assert_eq!(pieces.len(), 2);
        }
    }
}
