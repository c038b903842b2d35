//! The lines of a text, one by one.

use super::breaks::first_break;

#[cfg(test)]
pub(in crate::text) mod tests;

/// The lines of `text`, each with the break that ends it; the last may have none.
///
/// These are the pieces of Python's `str.splitlines(keepends=True)`: together they are the text, and a
/// text that ends with a break has no empty line after it.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    measured_lines(text).map(|(line, _)| line)
}

/// The lines of `text` without the breaks that end them.
pub fn bare_lines(text: &str) -> impl Iterator<Item = &str> {
    measured_lines(text).map(|(line, bare)| &line[..bare])
}

/// Each line of `text` with its break, and its length in bytes without.
pub fn measured_lines(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (bare, end) = first_break(rest.as_bytes()).unwrap_or((rest.len(), rest.len()));
        let (line, after) = rest.split_at(end);
        rest = after;
        Some((line, bare))
    })
}
