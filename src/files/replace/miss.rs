//! What was missed: why a target was not found, and where something like it is.

use std::ops::Range;

use super::endings::plain;
use super::{Chunk, NAMED, Place, ReplaceError, line_of, named};
use crate::text::lines;

/// The target of `chunk` is not in the bytes of `range`, which are its lines.
pub(super) fn not_found(
    text: &str,
    range: Range<usize>,
    chunk: &Chunk,
    number: usize,
) -> ReplaceError {
    let place = match (chunk.start_line, chunk.end_line) {
        (None, None) => String::new(),
        (Some(first), None) => format!(" from line {first} on"),
        (None, Some(last)) => format!(" up to line {last}"),
        (Some(first), Some(last)) => format!(" in lines {first} to {last}"),
    };
    ReplaceError::NotFound {
        chunk: number,
        place,
        hint: hint(text, range, chunk),
    }
}

fn hint(text: &str, range: Range<usize>, chunk: &Chunk) -> String {
    if let (Some(first), Some(last)) = (chunk.start_line, chunk.end_line)
        && first > last
    {
        return "start_line is after end_line, so there are no such lines".to_owned();
    }
    let all = Place::new(text, &chunk.target);
    let mut found = all.spans().map(|(from, _)| line_of(text, from));
    let some: Vec<u64> = found.by_ref().take(NAMED).collect();
    if !some.is_empty() {
        let more = found.next().is_some();
        return format!("it is {}", named(some.into_iter(), more));
    }
    let within = &text[range.clone()];
    let before = line_of(text, range.start) - 1;
    if let Some(line) = like(within, &chunk.target, plain) {
        return format!(
            "with \\n for line ends it is on line {}; write it so",
            before + line
        );
    }
    if let Some(line) = like(within, &chunk.target, |text| plain(text).to_lowercase()) {
        return format!("with other capital letters it is on line {}", before + line);
    }
    if let Some(line) = spaced_otherwise(within, &chunk.target) {
        return format!(
            "with other spaces or line ends it is on line {}; take the text exactly as it is there",
            before + line
        );
    }
    if range.start == text.len() && !text.is_empty() && chunk.start_line > Some(1) {
        return format!("the file has only {} lines", lines(text).count());
    }
    "it has to be text of the file, character by character; read the file again".to_owned()
}

/// The line on which the target is when both are `made` alike, which has to keep the lines.
fn like(text: &str, target: &str, made: impl Fn(&str) -> String) -> Option<u64> {
    let (text, target) = (made(text), made(target));
    Some(line_of(&text, text.find(&target)?))
}

/// The line on which the words of the target are, whatever is between them.
fn spaced_otherwise(text: &str, target: &str) -> Option<u64> {
    let target: Vec<&str> = target.split_whitespace().collect();
    let target = target.join(" ");
    if target.is_empty() {
        return None;
    }
    let mut joined = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        joined.push_str(word);
        joined.push(' ');
    }
    let mut left = joined.find(&target)?;
    // So many bytes of words and single spaces are before it; the words say where that is in the text.
    for word in text.split_whitespace() {
        if left <= word.len() {
            let at = word.as_ptr().addr() - text.as_ptr().addr();
            return Some(line_of(text, at + left.min(word.len() - 1)));
        }
        left -= word.len() + 1;
    }
    None
}
