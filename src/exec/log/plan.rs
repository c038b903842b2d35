//! A plan: which bytes of a log make up a window, decided before any of them is read.

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::marks::Mark;
use super::place::Place;

/// A window of more log than this is streamed.
pub(super) const AT_ONCE: u64 = 256 * 1024;
/// Bytes of log read at a time when streaming.
pub(super) const CHUNK: usize = 128 * 1024;

/// Where a streamed window goes.
pub(super) type Sender = mpsc::Sender<io::Result<Bytes>>;

/// Which bytes of a log make up a window.
#[derive(Debug)]
pub(super) struct Plan {
    /// The log; none when it is closed and must be opened again.
    pub(super) file: Option<Arc<File>>,
    /// First byte to read, the beginning of a line.
    pub(super) from: u64,
    /// Behind the last byte to read.
    pub(super) to: u64,
    /// Lines that follow and are not in the file yet.
    pub(super) more: Vec<u8>,
    /// Output records to pass over first.
    pub(super) skip: u64,
    pub(super) next_offset: u64,
    pub(super) truncated: bool,
    /// What keeps the window small, when it may be larger than was asked for.
    pub(super) budget: Option<Budget>,
}

/// What there is to know for keeping a window small.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Bytes of text that may be given.
    pub(super) most: u64,
    /// A place at or before the window's beginning.
    pub(super) start: Mark,
    /// A place at or before the window's last `most / 2` bytes of text, not before `start`.
    pub(super) tail: Mark,
    /// Bytes of text before the window's end, counted as in a [`Mark`].
    pub(super) end: u64,
    /// Whether everything is in the log on disk.
    pub(super) is_in_log: bool,
}

/// The log, opened when it is closed. Blocks on the disk.
pub(super) fn open(file: Option<Arc<File>>, place: &Place) -> io::Result<Arc<File>> {
    file.map_or_else(|| File::open(place.path()).map(Arc::new), Ok)
}
