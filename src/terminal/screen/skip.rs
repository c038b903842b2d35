//! The front of a stream that scrolls off the screen whole, found without drawing it.
//!
//! Text, line ends, colours and titles only: what they draw is gone once enough lines have followed.
//! A flood of output costs a search for escapes instead of an emulation.

use std::ops::Range;

use super::colors::{self, Colors};

/// Bytes that are searched at once, so that what is found early does not cost a search of all.
const WINDOW: usize = 4096;

/// Bytes of a sequence that is looked through, at most.
const SEQUENCE_LIMIT: usize = 4096;

/// The simple front of a stream.
pub(super) struct Front {
    /// Where something comes that is not simple; else the stream's end.
    pub(super) end: usize,
    /// What is enough of it to draw; none if nothing can be left out.
    pub(super) wash: Option<Wash>,
}

/// The lines at the end of a simple front that push off all that was before them.
pub(super) struct Wash {
    /// Colours and titles from before the lines, as they came.
    pub(super) kept: Vec<u8>,
    /// Where the lines begin, with a line end.
    pub(super) start: usize,
}

/// What a simple sequence does.
enum Simple<'s> {
    /// Sets colours, by these parameters.
    Colors(&'s [u8]),
    /// Sets the title of that number.
    Title(usize),
    /// Nothing that outlives its line.
    Line,
}

/// A title in a stream: its number, and where it is set.
type Title = (usize, Range<usize>);

impl Front {
    /// The front of a stream that starts outside of any sequence; `lines` line feeds push off all.
    pub(super) fn of(stream: &[u8], lines: usize) -> Self {
        let (end, titles) = simple_until(stream);
        let wash = Wash::of(&stream[..end], &titles, lines);
        Self { end, wash }
    }
}

impl Wash {
    fn of(front: &[u8], titles: &[Title], lines: usize) -> Option<Self> {
        let mut feeds = memchr::memrchr_iter(b'\n', front).skip(lines);
        // Only after a carriage return is it known in which column the line begins.
        let feed = feeds.find(|feed| *feed > 0 && front[feed - 1] == b'\r')?;
        let start = feed - 1;
        let before = titles.iter().filter(|(_, at)| at.end <= start);
        let titles = before.fold([&[][..]; 3], |mut last, (which, at)| {
            // Number 0 is both others.
            if *which == 0 {
                last = [&[]; 3];
            }
            last[*which] = &front[at.clone()];
            last
        });
        let colors = colors(&front[..start])?.sequence();
        let kept = [titles.concat(), colors].concat();
        Some(Self { kept, start })
    }
}

/// Where the first thing comes that is not simple, or not complete, or else the end; and the titles
/// before it.
fn simple_until(stream: &[u8]) -> (usize, Vec<Title>) {
    let mut titles = Vec::new();
    let mut at = 0;
    while at < stream.len() {
        let window = &stream[at..stream.len().min(at + WINDOW)];
        // Escape, and the shifts between character sets.
        let found = memchr::memchr3(0x1b, 0x0e, 0x0f, window);
        let text = &window[..found.unwrap_or(window.len())];
        if let Some(control) = two_byte_control(text) {
            return (at + control, titles);
        }
        at += text.len();
        if found.is_some() {
            let Some((length, simple)) = sequence(&stream[at..]) else {
                return (at, titles);
            };
            if let Simple::Title(which) = simple {
                titles.push((which, at..at + length));
            }
            at += length;
        }
    }
    (at, titles)
}

/// The colours in force at the end of a simple stream; none if some are not known.
fn colors(stream: &[u8]) -> Option<Colors<'_>> {
    let set_at = |at: usize| match sequence(&stream[at..]) {
        Some((_, Simple::Colors(parameters))) => Some(parameters),
        _ => None,
    };
    let reset = memchr::memrchr_iter(0x1b, stream)
        .find(|at| set_at(*at).is_some_and(colors::resets))
        .unwrap_or(0);
    let mut in_force = Colors::default();
    for at in memchr::memchr_iter(0x1b, &stream[reset..]) {
        if let Some(parameters) = set_at(reset + at) {
            in_force.set(parameters)?;
        }
    }
    Some(in_force)
}

/// Where a control character of two bytes may be.
fn two_byte_control(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(0xc2, text).find(|at| text.get(at + 1).is_none_or(|next| *next < 0xa0))
}

/// A simple sequence at the start: its length and what it does.
fn sequence(stream: &[u8]) -> Option<(usize, Simple<'_>)> {
    if stream[0] != 0x1b {
        return None;
    }
    match stream.get(1)? {
        b'[' => control_sequence(stream),
        b']' => command(stream),
        _ => None,
    }
}

fn control_sequence(stream: &[u8]) -> Option<(usize, Simple<'_>)> {
    let body = &stream[2..stream.len().min(SEQUENCE_LIMIT)];
    let length = body
        .iter()
        .position(|byte| !matches!(byte, b'0'..=b'9' | b';' | b':'))?;
    let simple = match body[length] {
        b'm' => Simple::Colors(&body[..length]),
        b'K' => Simple::Line,
        _ => return None,
    };
    Some((length + 3, simple))
}

/// An operating system command. One with a line feed in it would spoil the count of lines.
fn command(stream: &[u8]) -> Option<(usize, Simple<'_>)> {
    let body = &stream[2..stream.len().min(SEQUENCE_LIMIT)];
    let length = body.iter().position(|byte| *byte < 0x20)?;
    let ending = match body[length..] {
        [0x07, ..] => 1,
        [0x1b, b'\\', ..] => 2,
        _ => return None,
    };
    let simple = match body {
        [which @ b'0'..=b'2', b';', ..] => Simple::Title(usize::from(which - b'0')),
        _ => Simple::Line,
    };
    Some((2 + length + ending, simple))
}
