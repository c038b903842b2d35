//! A scanner: whether bytes that come in pieces are UTF-8, how many lines they have, and where lines start.

use super::breaks::{break_ends, count_after_two, ends_with_break};
use partial::Partial;

mod partial;
#[cfg(test)]
mod tests;

/// Bytes counted together; where a line starts is then looked for within so many.
const STEP: usize = 16 * 1024;

/// The bytes are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not UTF-8")]
pub struct NotUtf8;

/// What a scanner found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// How many lines there are; what follows the last break counts when it is not empty.
    pub lines: u64,
    /// How many bytes there are.
    pub size: u64,
    /// Where the lines that were asked for start, in bytes, in the order asked; none for lines past the end.
    pub starts: Vec<Option<u64>>,
}

impl Scanned {
    /// What a scanner finds in `text`, asked where the lines of these numbers start.
    pub fn of(text: &str, wanted: &[u64]) -> Self {
        let mut scanner = Scanner::new(wanted);
        let taken = scanner.push(text.as_bytes());
        let found = taken.and_then(|()| scanner.finish());
        found.expect("a str is UTF-8")
    }
}

/// Takes bytes piece by piece. How they are cut into pieces makes no difference.
#[derive(Debug)]
pub struct Scanner {
    /// The beginning of a character whose other bytes are to come.
    partial: Partial,
    /// The last bytes seen: the end of a break may be known by the two before it, and a text's end by three.
    last: [u8; 3],
    breaks: u64,
    size: u64,
    wanted: Vec<Wanted>,
}

/// A line whose start is looked for.
#[derive(Debug)]
struct Wanted {
    /// How many breaks are before it.
    breaks: u64,
    start: Option<u64>,
}

impl Scanner {
    /// A scanner that also finds where the lines of these numbers start, from 1 on.
    pub fn new(wanted: &[u64]) -> Self {
        let wanted = wanted.iter().map(|line| Wanted {
            breaks: line.saturating_sub(1),
            start: (*line <= 1).then_some(0),
        });
        Self {
            partial: Partial::default(),
            last: [0; 3],
            breaks: 0,
            size: 0,
            wanted: wanted.collect(),
        }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), NotUtf8> {
        self.partial.push(bytes)?;
        // The first bytes are seen together with those before them, the others where they are.
        let seam = bytes.len().min(2);
        let [_, earlier, before] = self.last;
        let mut joined = [earlier, before, 0, 0];
        joined[2..2 + seam].copy_from_slice(&bytes[..seam]);
        self.step(&joined[..2 + seam]);
        let mut from = 2;
        while from < bytes.len() {
            let to = bytes.len().min(from + STEP);
            self.step(&bytes[from - 2..to]);
            from = to;
        }
        for byte in &bytes[bytes.len().saturating_sub(3)..] {
            self.last = [self.last[1], self.last[2], *byte];
        }
        Ok(())
    }

    /// Takes `window[2..]`; the first two bytes are those before it.
    fn step(&mut self, window: &[u8]) {
        if window.get(1..3) == Some(b"\r\n") {
            // The break was counted at its `\r`, and ends here.
            for wanted in &mut self.wanted {
                if wanted.start == Some(self.size) && self.size > 0 {
                    wanted.start = Some(self.size + 1);
                }
            }
        }
        let found = count_after_two(window);
        for wanted in &mut self.wanted {
            if (self.breaks + 1..=self.breaks + found).contains(&wanted.breaks) {
                wanted.start =
                    nth_end(window, wanted.breaks - self.breaks).map(|end| self.size + end as u64);
            }
        }
        self.breaks += found;
        self.size += window.len() as u64 - 2;
    }

    /// How many bytes were taken so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What was found, when nothing is to come. A character that is not whole is no UTF-8.
    pub fn finish(self) -> Result<Scanned, NotUtf8> {
        self.partial.finish()?;
        let open = self.size > 0 && !ends_with_break(&self.last);
        let starts = self.wanted.iter().map(|wanted| wanted.start);
        Ok(Scanned {
            lines: self.breaks + u64::from(open),
            size: self.size,
            starts: starts
                .map(|start| start.filter(|start| *start < self.size))
                .collect(),
        })
    }
}

/// Where in `window[2..]` the line after the break number `nth` (from 1) starts.
fn nth_end(window: &[u8], nth: u64) -> Option<usize> {
    let mut ends = (2..window.len()).filter(|at| break_ends(window, *at));
    let end = ends.nth(usize::try_from(nth).ok()?.checked_sub(1)?)?;
    let whole = window[end] == b'\r' && window.get(end + 1) == Some(&b'\n');
    Some(end - 1 + usize::from(whole))
}
