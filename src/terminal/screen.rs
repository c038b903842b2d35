//! What a terminal's output has drawn: the screen made from the stream when a client needs it.
//!
//! No grid is kept. An emulator runs over the output that is still there, and what it shows is written
//! as a [`repaint`] that any terminal emulator understands. Raw output is never replayed: a query in it
//! would be answered once more, into the shell. What no longer fits is folded into a [`Checkpoint`],
//! from which the emulator starts.

mod canvas;
mod clusters;
mod colors;
mod emulation;
mod modes;
mod paint;
mod plain;
mod skip;
mod state;

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Size;
use emulation::Emulation;
use skip::{Front, Wash};

/// Raw output that a checkpoint keeps at most, in bytes; more is drawn and kept as a screen.
const RAW_LIMIT: usize = 8 * 1024;

/// Lines of scrollback in a repaint, at most.
const SCROLLBACK_LINES: usize = 5_000;

/// Cells of scrollback in a repaint, at most: a cell takes 16 bytes while it is made.
const SCROLLBACK_CELLS: usize = 400_000;

/// The state of a terminal at some point of its output, as a stream that brings a fresh one there.
#[derive(Clone, Debug)]
pub(super) struct Checkpoint {
    size: Size,
    /// Paints the primary screen.
    rows: Box<[u8]>,
    /// Brings all the rest: modes, margins, the alternate screen, the cursor.
    state: Box<[u8]>,
    /// Output after that, as it came.
    raw: Box<[u8]>,
    /// What lines that scroll off leave of `rows` and `state`.
    scrolls: Scrolls,
}

/// What line feeds at the bottom of the screen do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scrolls {
    /// All of the primary screen scrolls.
    Primary,
    /// All of the alternate screen scrolls, the primary one lies under it.
    Alternate,
    /// Margins hold a part of the screen in place.
    Part,
}

impl Checkpoint {
    /// A terminal that has shown nothing yet.
    pub(super) fn fresh(size: Size) -> Self {
        Self {
            size,
            rows: Box::default(),
            state: Box::default(),
            raw: Box::default(),
            scrolls: Scrolls::Primary,
        }
    }

    /// What it is after `stream`, in which the window changed as `sizes` says: each a position in the
    /// stream, ascending, and the size of the window from there on.
    pub(super) fn fold(self, stream: &[u8], sizes: &[(usize, Size)]) -> Self {
        let size = sizes.last().map_or(self.size, |&(_, size)| size);
        catch_unwind(AssertUnwindSafe(|| self.follow(stream, sizes)))
            .unwrap_or_else(|_| Self::fresh(size))
    }

    fn follow(&self, stream: &[u8], sizes: &[(usize, Size)]) -> Self {
        self.scroll_on(stream, sizes)
            .unwrap_or_else(|| self.draw(stream, sizes))
    }

    /// Keeps the end of the output as it came, when that is little and all that was before it has
    /// scrolled off the screen.
    fn scroll_on(&self, stream: &[u8], sizes: &[(usize, Size)]) -> Option<Self> {
        if !sizes.is_empty() || self.scrolls == Scrolls::Part {
            return None;
        }
        let joined;
        let output = if self.raw.is_empty() {
            stream
        } else {
            joined = [&self.raw, stream].concat();
            &joined
        };
        let front = Front::of(output, emulation::washed_after(self.size));
        let Wash { kept, start } = front.wash?;
        let lines = &output[start..];
        if front.end < output.len() || kept.len() + lines.len() > RAW_LIMIT {
            return None;
        }
        let rows = match self.scrolls {
            Scrolls::Alternate => self.rows.clone(),
            Scrolls::Primary | Scrolls::Part => Box::default(),
        };
        Some(Self {
            rows,
            state: self.state.clone(),
            raw: [&kept, lines].concat().into(),
            ..*self
        })
    }

    /// Draws the screen and keeps that.
    fn draw(&self, stream: &[u8], sizes: &[(usize, Size)]) -> Self {
        let mut emulation = Emulation::new(self.size, 0);
        self.feed(&mut emulation, stream, sizes);
        let scrolls = emulation.scrolls();
        let parts = emulation.parts();
        Self {
            size: emulation.size(),
            rows: parts.rows.into(),
            state: parts.state.into(),
            raw: parts.rest.into(),
            scrolls,
        }
    }

    /// Brings a fresh emulator to the end of `stream`.
    fn feed(&self, emulation: &mut Emulation, stream: &[u8], sizes: &[(usize, Size)]) {
        emulation.feed(&self.rows);
        emulation.feed(&self.state);
        emulation.feed(&self.raw);
        let mut done = 0;
        for (index, &(position, size)) in sizes.iter().enumerate() {
            let position = position.clamp(done, stream.len());
            emulation.feed_lines(&stream[done..position]);
            emulation.resize(size, index + 1 == sizes.len());
            done = position;
        }
        emulation.feed_lines(&stream[done..]);
    }
}

/// Escape sequences and text that bring any terminal emulator to the screen that the output up to
/// `checkpoint` and `stream` after it have drawn, the lines above it included.
///
/// It ends with what the output left unfinished, so that the output after it can follow directly.
pub(super) fn repaint(checkpoint: &Checkpoint, stream: &[u8], sizes: &[(usize, Size)]) -> Vec<u8> {
    let columns = sizes.iter().map(|(_, size)| size.cols);
    let widest = columns.fold(checkpoint.size.cols, u16::max);
    let lines = SCROLLBACK_LINES.min(SCROLLBACK_CELLS / usize::from(widest.max(1)));
    let draw = AssertUnwindSafe(|| draw(checkpoint, stream, sizes, lines));
    catch_unwind(draw).unwrap_or_else(|_| plain::last_lines(stream))
}

/// A repaint with so many lines above the screen.
fn draw(checkpoint: &Checkpoint, stream: &[u8], sizes: &[(usize, Size)], lines: usize) -> Vec<u8> {
    let mut emulation = Emulation::new(checkpoint.size, lines);
    checkpoint.feed(&mut emulation, stream, sizes);
    let scrollback = emulation.scrollback();
    let parts = emulation.parts();
    [
        paint::RESET,
        scrollback.as_slice(),
        &parts.rows,
        &parts.state,
        &parts.rest,
    ]
    .concat()
}
