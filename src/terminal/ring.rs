//! The ring: the newest part of a terminal's output stream, and what the screen was before it.
//!
//! Every byte of the stream has an absolute offset that never changes. What falls out is folded into
//! a [`Checkpoint`], so that the screen can always be painted, whatever was lost.

use std::collections::VecDeque;

use bytes::Bytes;

use super::Size;
use super::screen::{self, Checkpoint};

/// Bytes beyond its size that a ring takes before they are folded, at least: folding has a price.
const SLACK: usize = 64 * 1024;
/// Changes of the window that are remembered: more within one ring are somebody's game.
const MOST_SIZES: usize = 1024;
/// The first room a ring makes, in bytes.
const FIRST: usize = 1024;

/// The newest bytes of a stream.
#[derive(Debug)]
pub(super) struct Ring {
    /// Bytes that are kept for sure.
    most: usize,
    bytes: VecDeque<u8>,
    /// The offset of the first byte that is kept.
    base: u64,
    /// The window changed to this size before the byte at this offset.
    sizes: VecDeque<(u64, Size)>,
    /// The screen before the first byte.
    checkpoint: Checkpoint,
}

/// A part of the stream, with the screen before it.
#[derive(Debug)]
pub(super) struct Excerpt {
    checkpoint: Checkpoint,
    stream: Vec<u8>,
    sizes: Vec<(usize, Size)>,
}

impl Excerpt {
    /// What paints the screen at its end. Takes milliseconds.
    pub(super) fn repaint(&self) -> Vec<u8> {
        screen::repaint(&self.checkpoint, &self.stream, &self.sizes)
    }

    /// The screen at its end. Takes milliseconds.
    pub(super) fn fold(self) -> Checkpoint {
        self.checkpoint.fold(&self.stream, &self.sizes)
    }

    /// How many bytes of the stream are in it.
    pub(super) fn len(&self) -> usize {
        self.stream.len()
    }
}

impl Ring {
    /// An empty one that keeps at least the newest `most` bytes of a terminal of this size.
    pub(super) fn new(most: usize, size: Size) -> Self {
        Self {
            most,
            bytes: VecDeque::new(),
            base: 0,
            sizes: VecDeque::new(),
            checkpoint: Checkpoint::fresh(size),
        }
    }

    /// The offset of the next byte to come.
    pub(super) fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// Whether the stream can be read from this offset on.
    pub(super) fn holds(&self, offset: u64) -> bool {
        (self.base..=self.end()).contains(&offset)
    }

    fn slack(&self) -> usize {
        SLACK.max(self.most / 4)
    }

    /// Adds output.
    pub(super) fn push(&mut self, output: &[u8]) {
        let wanted = self.bytes.len() + output.len();
        if wanted > self.bytes.capacity() {
            // Twice as much each time, but no more than is ever kept.
            let grown = (self.bytes.capacity() * 2).clamp(FIRST, self.most + self.slack());
            self.bytes
                .reserve_exact(grown.max(wanted) - self.bytes.len());
        }
        self.bytes.extend(output);
    }

    /// Notes that from here on the window has this size.
    pub(super) fn resize(&mut self, size: Size) {
        let end = self.end();
        if self.sizes.back().is_some_and(|(at, _)| *at == end) {
            self.sizes.pop_back();
        }
        self.sizes.push_back((end, size));
        if self.sizes.len() > MOST_SIZES {
            self.sizes.pop_front();
        }
    }

    /// Up to `most` bytes from this offset on; none when they are no longer there.
    pub(super) fn read(&self, from: u64, most: usize) -> Option<Bytes> {
        let start = usize::try_from(from.checked_sub(self.base)?).ok()?;
        let length = self.bytes.len().checked_sub(start)?.min(most);
        Some(self.copy(start, length).into())
    }

    /// The last bytes, at most this many.
    pub(super) fn last(&self, most: usize) -> Vec<u8> {
        let length = self.bytes.len().min(most);
        self.copy(self.bytes.len() - length, length)
    }

    fn copy(&self, start: usize, length: usize) -> Vec<u8> {
        let (front, back) = self.bytes.as_slices();
        let mut copied = Vec::with_capacity(length);
        let in_front = front.get(start..).unwrap_or_default();
        copied.extend_from_slice(&in_front[..length.min(in_front.len())]);
        let start = start.saturating_sub(front.len());
        let rest = length - copied.len();
        copied.extend_from_slice(&back[start..start + rest]);
        copied
    }

    /// All there is.
    pub(super) fn whole(&self) -> Excerpt {
        self.first(self.bytes.len())
    }

    /// What should be folded now: all beyond the ring's size and before this offset, once that is
    /// worth it.
    pub(super) fn overflow(&self, before: u64) -> Option<Excerpt> {
        let most = usize::try_from(before.saturating_sub(self.base)).unwrap_or(usize::MAX);
        let length = self.bytes.len().saturating_sub(self.most).min(most);
        (length >= self.slack()).then(|| self.first(length))
    }

    fn first(&self, length: usize) -> Excerpt {
        let end = self.base + length as u64;
        let within = self.sizes.iter().take_while(|(at, _)| *at <= end);
        let position = |at: u64| usize::try_from(at - self.base).unwrap_or(length);
        Excerpt {
            checkpoint: self.checkpoint.clone(),
            stream: self.copy(0, length),
            sizes: within.map(|(at, size)| (position(*at), *size)).collect(),
        }
    }

    /// Forgets the first `length` bytes, after which the screen is as the checkpoint says.
    pub(super) fn forget(&mut self, checkpoint: Checkpoint, length: usize) {
        self.checkpoint = checkpoint;
        self.bytes.drain(..length);
        self.base += length as u64;
        while self.sizes.front().is_some_and(|(at, _)| *at <= self.base) {
            self.sizes.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: Size = Size { cols: 80, rows: 24 };

    fn settle(ring: &mut Ring) {
        while let Some(overflow) = ring.overflow(u64::MAX) {
            let length = overflow.len();
            ring.forget(overflow.fold(), length);
        }
    }

    #[test]
    fn offsets_stay_and_what_is_older_is_gone() {
        let mut ring = Ring::new(100_000, SIZE);
        let byte = |at: u64| b'a' + u8::try_from(at % 23).unwrap();
        for start in (0..1_000_000).step_by(1000) {
            let piece: Vec<u8> = (start..start + 1000).map(byte).collect();
            ring.push(&piece);
            settle(&mut ring);
        }
        assert_eq!(ring.end(), 1_000_000);
        assert!(ring.holds(900_000) && ring.holds(1_000_000));
        assert!(!ring.holds(1_000_001) && !ring.holds(700_000));
        assert!(ring.read(700_000, 10).is_none());
        assert!(ring.read(1_000_001, 10).is_none());
        assert!(ring.read(1_000_000, 10).unwrap().is_empty());
        let read = ring.read(912_345, 5000).unwrap();
        assert!(
            read.iter()
                .zip(912_345..)
                .all(|(read, at)| *read == byte(at))
        );
        assert_eq!(read.len(), 5000);
        assert_eq!(
            ring.last(3),
            (999_997..1_000_000).map(byte).collect::<Vec<_>>()
        );
        assert!(ring.bytes.capacity() <= ring.most + ring.slack() + 1000);
        assert!(ring.overflow(0).is_none());
    }

    #[test]
    fn an_idle_terminal_takes_little() {
        let mut ring = Ring::new(1 << 20, SIZE);
        ring.push(b"$ ");
        assert!(ring.bytes.capacity() <= FIRST);
    }

    #[test]
    fn the_window_is_known_at_every_place() {
        let mut ring = Ring::new(10, SIZE);
        let wide = Size {
            cols: 200,
            rows: 50,
        };
        ring.push(b"ab");
        ring.resize(Size { cols: 1, rows: 1 });
        ring.resize(wide);
        ring.push(b"cd");
        let all = ring.whole();
        assert_eq!(all.sizes, [(2, wide)]);
        ring.forget(ring.first(3).fold(), 3);
        assert!(ring.whole().sizes.is_empty(), "the checkpoint has it");
        assert_eq!(&*ring.read(3, 9).unwrap(), b"d");
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..40),
            from in 0_u64..6000, most in 0_usize..3000,
        ) {
            let mut ring = Ring::new(2000, SIZE);
            let mut all = Vec::new();
            for piece in &pieces {
                ring.push(piece);
                all.extend_from_slice(piece);
                if ring.bytes.len() > 2500 {
                    ring.forget(Checkpoint::fresh(SIZE), 500);
                }
            }
            prop_assert_eq!(ring.end(), all.len() as u64);
            if let Some(read) = ring.read(from, most) {
                let start = usize::try_from(from).unwrap();
                prop_assert_eq!(&read[..], &all[start..(start + most).min(all.len())]);
            } else {
                prop_assert!(!ring.holds(from));
            }
        }
    }
}
