//! The lines of a page, put together from strings by where they stand.

use super::matrix::Point;

/// How far from the line a string begins another one, in sizes of the string before.
const OTHER_LINE: f64 = 0.8;

/// How far from the line it does so when it stands further left than that one ends.
const OTHER_LINE_BACK: f64 = 0.35;

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
    last: Option<Place>,
}

impl Lines {
    /// Begins another page.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.last = None;
    }

    /// The text so far.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Adds a string that stands at a place.
    pub(super) fn add(&mut self, text: &str, place: Place) {
        if text.is_empty() {
            return;
        }
        let between = self
            .last
            .map_or(Between::Nothing, |last| between(last, place));
        let apart =
            self.text.ends_with(char::is_whitespace) || text.starts_with(char::is_whitespace);
        match between {
            Between::Line if !self.text.ends_with('\n') => self.text.push('\n'),
            Between::Space if !apart => self.text.push(' '),
            _ => {}
        }
        self.text.push_str(text);
        self.last = Some(place);
    }

    /// Says that the last string reaches until here, whatever of it is drawn.
    pub(super) fn extend(&mut self, end: Point) {
        if let Some(last) = &mut self.last {
            last.end = end;
        }
    }
}

fn between(last: Place, next: Place) -> Between {
    // Text that runs another way is another line.
    if last.direction.x * next.direction.x + last.direction.y * next.direction.y < 0.7 {
        return Between::Line;
    }
    let (along, across) = last.end.to(next.start, last.direction);
    let across = across.abs();
    let size = if along.abs() < next.size {
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
    if along > last.gap || (back && !again) {
        return Between::Space;
    }
    Between::Nothing
}
