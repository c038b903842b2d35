//! Replacing: parts of a text exchanged for others, everything else as it was.
//!
//! A target's `\n` stands for whatever ends a line in the text, `\r\n` and `\r` too, and a replacement's
//! `\n` becomes what is used there. A target that has `\r` in it is taken as it is.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use crate::text::Scanned;
use endings::{Endings, ending_of};

mod endings;
mod miss;
#[cfg(test)]
mod tests;

/// A text may grow by so many bytes.
const GROWTH: usize = 256 << 20;

/// So many lines are named where a target is found too often.
const NAMED: usize = 10;

/// What is to be exchanged for what.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    /// The text to look for. The empty one is before every character and at the end.
    pub target: String,
    /// What comes in its place.
    pub replacement: String,
    /// The first line to look in, from 1; the first of all when not given.
    pub start_line: Option<u64>,
    /// The last line to look in, with its end; the last of all when not given.
    pub end_line: Option<u64>,
    /// Whether all occurrences are replaced; else there may be one only.
    pub allow_multiple: bool,
}

/// Why nothing was replaced.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// The target is not there.
    #[error("replacement {chunk}: the target was not found{place}; {hint}; nothing was changed")]
    NotFound {
        /// Which of the chunks, from 1.
        chunk: usize,
        /// Where it was looked for, when that was not everywhere.
        place: String,
        /// What is there instead, or what would be right.
        hint: String,
    },
    /// The target is there more than once.
    #[error(
        "replacement {chunk}: the target was found {times} times ({lines}); give more of the text around the one that is meant, or start_line and end_line, or set allow_multiple to replace all; nothing was changed"
    )]
    Ambiguous {
        /// Which of the chunks, from 1.
        chunk: usize,
        /// How often it is there.
        times: usize,
        /// On which lines.
        lines: String,
    },
    /// The text would become too long.
    #[error("replacement {chunk}: the file would grow by more than {} MiB; nothing was changed", GROWTH >> 20)]
    TooLarge {
        /// Which of the chunks, from 1.
        chunk: usize,
    },
}

/// `text` with every chunk replaced, one after the other; each sees what those before it made.
///
/// When one cannot be, nothing is.
pub fn replaced(text: &str, chunks: &[Chunk]) -> Result<String, ReplaceError> {
    let mut now = Cow::Borrowed(text);
    for (number, chunk) in chunks.iter().enumerate() {
        now = Cow::Owned(replace(&now, chunk, number + 1)?);
    }
    Ok(now.into_owned())
}

fn replace(text: &str, chunk: &Chunk, number: usize) -> Result<String, ReplaceError> {
    let (start, end) = scope(text, chunk);
    let place = Place::new(&text[start..end], &chunk.target);
    let times = place.starts().count();
    if times == 0 {
        return Err(miss::not_found(text, start..end, chunk, number));
    }
    if times > 1 && !chunk.allow_multiple {
        let lines = place
            .spans()
            .take(NAMED)
            .map(|(from, _)| line_of(text, start + from));
        return Err(ReplaceError::Ambiguous {
            chunk: number,
            times,
            lines: named(lines, times > NAMED),
        });
    }
    let added = longest(&chunk.replacement).saturating_mul(times);
    if added > GROWTH + chunk.target.len().saturating_mul(times) {
        return Err(ReplaceError::TooLarge { chunk: number });
    }
    let mut result = String::with_capacity(text.len() + added);
    result.push_str(&text[..start]);
    let mut done = start;
    let mut usual = None;
    let as_is = place.literal || !chunk.replacement.contains('\n');
    for (from, to) in place.spans() {
        let (from, to) = (start + from, start + to);
        result.push_str(&text[done..from]);
        if as_is {
            result.push_str(&chunk.replacement);
        } else {
            let here = ending_of(&text[from..to]);
            let ending = here.unwrap_or_else(|| *usual.get_or_insert_with(|| endings::usual(text)));
            endings::push(&mut result, &chunk.replacement, ending);
        }
        done = to;
    }
    result.push_str(&text[done..]);
    Ok(result)
}

/// How long a replacement can become when its line ends do.
fn longest(replacement: &str) -> usize {
    replacement.len() + memchr::memchr_iter(b'\n', replacement.as_bytes()).count()
}

/// Where the lines to look in begin and end, in bytes.
fn scope(text: &str, chunk: &Chunk) -> (usize, usize) {
    if chunk.start_line.is_none() && chunk.end_line.is_none() {
        return (0, text.len());
    }
    let after = chunk
        .end_line
        .map_or(u64::MAX, |line| line.saturating_add(1));
    let found = Scanned::of(text, &[chunk.start_line.unwrap_or(1), after]);
    let at = |start: Option<u64>| {
        start
            .and_then(|start| usize::try_from(start).ok())
            .unwrap_or(text.len())
    };
    let start = at(found.starts[0]);
    (start, at(found.starts[1]).max(start))
}

/// A text to look for a target in.
struct Place<'a> {
    /// The text with plain line ends, when that makes a difference.
    plain: Cow<'a, str>,
    text: &'a str,
    target: &'a str,
    /// Whether the target is taken as it is, line ends too.
    literal: bool,
}

impl<'a> Place<'a> {
    fn new(text: &'a str, target: &'a str) -> Self {
        let literal = target.contains('\r');
        // A target within a line is found in either form.
        let same = literal
            || !(target.is_empty() || target.contains('\n'))
            || memchr(b'\r', text.as_bytes()).is_none();
        Self {
            plain: if same {
                Cow::Borrowed(text)
            } else {
                Cow::Owned(endings::plain(text))
            },
            text,
            target,
            literal,
        }
    }

    /// Where the target begins in the plain text, again and again; occurrences do not overlap.
    fn starts(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        let plain = self.plain.as_ref();
        if self.target.is_empty() {
            let within = plain.char_indices().map(|(at, _)| at);
            return Box::new(within.chain([plain.len()]));
        }
        Box::new(memmem::find_iter(plain.as_bytes(), self.target.as_bytes()))
    }

    /// Where the target begins and ends in the text itself.
    fn spans(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let mut endings = match self.plain {
            Cow::Borrowed(_) => None,
            Cow::Owned(_) => Some(Endings::new(self.text)),
        };
        let mut meant = move |at: usize| endings.as_mut().map_or(at, |endings| endings.at(at));
        self.starts()
            .map(move |start| (meant(start), meant(start + self.target.len())))
    }
}

/// The line that byte `at` of the text is in, from 1.
fn line_of(text: &str, at: usize) -> u64 {
    // The byte itself counts, so that at the beginning of a line it is in that line.
    let upto = text.ceil_char_boundary((at + 1).min(text.len()));
    Scanned::of(&text[..upto], &[]).lines.max(1)
}

/// Names lines: "on line 4", "on lines 1, 2 and more".
fn named(lines: impl Iterator<Item = u64>, more: bool) -> String {
    let mut lines: Vec<u64> = lines.collect();
    lines.dedup();
    let word = if lines.len() == 1 && !more {
        "line"
    } else {
        "lines"
    };
    let list: Vec<String> = lines.iter().map(u64::to_string).collect();
    let rest = if more { " and more" } else { "" };
    format!("on {word} {}{rest}", list.join(", "))
}
