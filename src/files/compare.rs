//! Comparing: what two texts have in common line by line, and in changed lines word by word.
//!
//! The blocks that stay are found as Python's `difflib.SequenceMatcher` finds them (without its
//! heuristic for popular lines), so that the same changes are shown.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::Error;
use crate::workspace::shown;
pub use comparison::Comparison;
use comparison::Hunk;
use matcher::{Matcher, Step};
use side::{Side, line_keys};

mod automaton;
mod block;
mod comparison;
mod matcher;
mod side;
#[cfg(test)]
mod tests;
mod words;

/// Unchanged lines shown before and after a change.
const CONTEXT: usize = 3;

/// A longer line is not compared word by word, in characters.
const WORDS_BOUND: usize = 4096;

/// Files may have so many bytes.
const BYTES: u64 = 50 << 20;

/// Texts may have so many characters, a line end being one.
const CHARACTERS: usize = 2_000_000;

/// Texts may have so many lines.
const LINES: usize = 50_000;

/// Why two files were not compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// One of them could not be read.
    #[error(transparent)]
    File(#[from] Error),
    /// The file has too many bytes.
    #[error("{0} has more than {mib} MiB; only smaller files are compared, use a command such as cmp or diff", mib = BYTES >> 20)]
    TooLarge(String),
    /// The text has too many characters.
    #[error(
        "{0} has more than {CHARACTERS} characters; only shorter texts are compared, use a command such as diff"
    )]
    TooLong(String),
    /// The text has too many lines.
    #[error(
        "{0} has more than {LINES} lines; only shorter texts are compared, use a command such as diff"
    )]
    TooManyLines(String),
    /// The file is no text.
    #[error(
        "{0} is not text in UTF-8 (or, with a byte order mark, UTF-16 or UTF-32); only text is compared, use a command such as cmp"
    )]
    NotText(String),
    /// The text has characters that text files do not have.
    #[error(
        "{0} has control characters in it, so it is taken as binary; only text is compared, use a command such as cmp"
    )]
    Control(String),
    /// Not all of a document's text can be had, so that it would be compared in part only.
    #[error("{name} cannot be compared: {gap}; read it to see what text there is")]
    Incomplete {
        /// What the file is called.
        name: String,
        /// What is missing.
        gap: String,
    },
}

/// Compares two files of text, or the texts of documents. With `ignore_whitespace`, lines that differ in white space only are the same.
///
/// `stop` ends the work with [`Error::Stopped`]. When two texts are so much alike in so many ways that it
/// would take seconds to find the longest blocks, parts of them are shown as replaced.
pub fn compare(
    original: &Path,
    revised: &Path,
    ignore_whitespace: bool,
    stop: &AtomicBool,
) -> Result<Comparison, CompareError> {
    let original = Side::read(original, stop)?;
    let revised = Side::read(revised, stop)?;
    let (old, new) = line_keys(&original, &revised, ignore_whitespace);
    let mut matcher = Matcher::new(stop);
    let steps = matcher.steps(&old, &new).ok_or(Error::Stopped)?;
    let mut comparison = Comparison::new(original, revised);
    for group in grouped(&steps) {
        let hunk = Hunk {
            rows: comparison.rows.len()..comparison.rows.len(),
            steps: group,
        };
        for step in hunk.steps.clone() {
            add_rows(&mut comparison, &step, &mut matcher)?;
        }
        comparison.add(hunk);
    }
    Ok(comparison)
}

/// The steps in groups: changes with the unchanged lines round them, apart where many are between.
fn grouped(steps: &[Step]) -> Vec<Vec<Step>> {
    let mut groups = Vec::new();
    let mut group: Vec<Step> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        if !step.equal {
            group.push(step.clone());
            continue;
        }
        let (first, last) = (number == 0, number + 1 == steps.len());
        let length = step.old.len();
        let head = step.first(CONTEXT.min(length));
        let tail = step.last(CONTEXT.min(length));
        if first {
            group.push(tail);
        } else if last {
            group.push(head);
        } else if length <= 2 * CONTEXT {
            group.push(step.clone());
        } else {
            group.push(head);
            groups.push(std::mem::replace(&mut group, vec![tail]));
        }
    }
    groups.push(group);
    groups.retain(|group| group.iter().any(|step| !step.equal));
    groups
}

/// Adds the lines of a step: unchanged ones once, of a change first the old ones, then the new ones.
///
/// The first old line is set against the first new one, and so on, and these are compared word by word.
fn add_rows(
    comparison: &mut Comparison,
    step: &Step,
    matcher: &mut Matcher<'_>,
) -> Result<(), CompareError> {
    if step.equal {
        for (old, new) in step.old.clone().zip(step.new.clone()) {
            comparison.push(Some(old), Some(new), None);
        }
        return Ok(());
    }
    let pairs = step.old.len().min(step.new.len());
    let mut added = Vec::with_capacity(pairs);
    for (number, old) in step.old.clone().enumerate() {
        let mut removed = None;
        if number < pairs {
            let (before, after) = comparison.lines(old, step.new.start + number);
            if let Some((old, new)) =
                words::compared(before, after, matcher).ok_or(Error::Stopped)?
            {
                removed = Some(comparison.keep(old));
                added.push(Some(comparison.keep(new)));
            } else {
                added.push(None);
            }
        }
        comparison.push(Some(old), None, removed);
    }
    let mut added = added.into_iter();
    for new in step.new.clone() {
        comparison.push(None, Some(new), added.next().flatten());
    }
    Ok(())
}

/// What a file is called in errors.
fn called(path: &Path) -> String {
    shown(path).into_owned()
}
