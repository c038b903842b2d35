//! The lines of a page, put together from strings by where they stand.

mod direction;

use std::ops::Range;

use super::matrix::Point;
pub(super) use direction::as_drawn;

/// How far from the line a string begins another one, in sizes of the string before.
const OTHER_LINE: f64 = 0.8;

/// How far from the line it does so when it stands further left than that one ends.
const OTHER_LINE_BACK: f64 = 0.35;

/// How far up text is raised, at least, in sizes of the string before.
const RAISED: f64 = 0.2;

/// How much smaller it is then.
const SMALLER: f64 = 0.85;

/// The least gap before it that is a space, in sizes of the string before.
const MARK_GAP: f64 = 0.07;

/// A string that stands somewhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Where it begins.
    pub(super) start: Point,
    /// Where it ends.
    pub(super) end: Point,
    /// Which way it runs, as a step of length one.
    pub(super) direction: Point,
    /// The font's size on the page.
    pub(super) size: f64,
    /// The least gap that is a space.
    pub(super) gap: f64,
}

/// What is between two strings.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Between {
    Nothing,
    Space,
    Line,
}

/// A page's text as it grows.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: String,
    /// Where in the text the last line begins, in bytes.
    line: usize,
    /// The strings of the last line, each with where it is in the text.
    pieces: Vec<(Range<usize>, Place)>,
    /// Whether some of the last line is read from right to left.
    turned: bool,
}

impl Lines {
    /// Begins another page.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.line = 0;
        self.pieces.clear();
        self.turned = false;
    }

    /// The text, when there is no more of it.
    pub(super) fn finish(&mut self) -> &str {
        self.turn();
        &self.text
    }

    /// Adds a string that stands at a place.
    pub(super) fn add(&mut self, text: &str, place: Place) {
        if text.is_empty() {
            return;
        }
        match self.pieces.last().map(|(_, last)| between(*last, place)) {
            Some(Between::Line) => self.end_line(),
            Some(Between::Space) if apart(&self.text, text) => self.text.push(' '),
            _ => {}
        }
        self.turned |= direction::any_turned(text);
        let at = self.text.len();
        self.text.push_str(text);
        self.pieces.push((at..self.text.len(), place));
    }

    /// Says that the last string reaches until here, whatever of it is drawn.
    pub(super) fn extend(&mut self, end: Point) {
        if let Some((_, last)) = self.pieces.last_mut() {
            last.end = end;
        }
    }

    fn end_line(&mut self) {
        self.turn();
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.line = self.text.len();
        self.pieces.clear();
        self.turned = false;
    }

    /// Brings the last line into the order in which it is read, when some of it is read from right to left.
    fn turn(&mut self) {
        let Some((_, first)) = self.pieces.first().filter(|_| self.turned) else {
            return;
        };
        let (origin, way) = (first.start, first.direction);
        let mut seen = self
            .pieces
            .iter()
            .map(|(range, place)| {
                let along = origin.to(place.start, way).0;
                (along, place, &self.text[range.clone()])
            })
            .collect::<Vec<_>>();
        seen.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut line = String::new();
        let mut last = None::<&Place>;
        for (_, place, text) in seen {
            let gap = last.is_some_and(|last| last.end.to(place.start, way).0 > place.gap);
            if gap && apart(&line, text) {
                line.push(' ');
            }
            line.push_str(text);
            last = Some(place);
        }
        self.text.truncate(self.line);
        self.text.push_str(&direction::as_read(&line));
    }
}

/// Whether a space may come between: neither has one there.
fn apart(before: &str, after: &str) -> bool {
    !before.ends_with(char::is_whitespace) && !after.starts_with(char::is_whitespace)
}

fn between(last: Place, next: Place) -> Between {
    // Text that runs another way is another line.
    if last.direction.x * next.direction.x + last.direction.y * next.direction.y < 0.7 {
        return Between::Line;
    }
    let (along, up) = last.end.to(next.start, last.direction);
    let across = up.abs();
    let size = if along > -last.size / 2.0 && along < next.size {
        // It goes on right here: what was small before it may have been raised.
        last.size.max(next.size)
    } else {
        last.size
    };
    let back = along < -size;
    if across > size * OTHER_LINE || (back && across > size * OTHER_LINE_BACK) {
        return Between::Line;
    }
    // Drawn further left on the same line, it is no part of the same word, unless it is drawn once more.
    let again = last.start.to(next.start, last.direction).0.abs() < size / 4.0;
    // The mark of a footnote stands closer to its word than words do, but is none of its letters.
    let raised = next.size < last.size * SMALLER && up > last.size * RAISED;
    let gap = if raised {
        last.gap.min(last.size * MARK_GAP)
    } else {
        last.gap
    };
    if along > gap || (back && !again) {
        return Between::Space;
    }
    Between::Nothing
}
