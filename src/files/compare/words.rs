//! Changed lines word by word: words, white space, and every other character by itself.

use std::sync::OnceLock;

use regex_syntax::hir::{Class, HirKind};

use super::WORDS_BOUND;
use super::comparison::Segment;
use super::matcher::{Matcher, Numbers};

/// What a changed line has in common with the line it is set against, on both sides.
pub(super) type Compared = Option<(Vec<Segment>, Vec<Segment>)>;

/// Compares two lines word by word. Inside: none when one is too long; outside: none when it has to stop.
pub(super) fn compared(old: &str, new: &str, matcher: &mut Matcher<'_>) -> Option<Compared> {
    let long = |line: &str| line.len() > WORDS_BOUND && line.chars().nth(WORDS_BOUND).is_some();
    if long(old) || long(new) {
        return Some(None);
    }
    let mut numbers = Numbers::default();
    let (old, old_ends) = numbered(old, &mut numbers);
    let (new, new_ends) = numbered(new, &mut numbers);
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for step in matcher.steps(&old, &new)? {
        for (segments, ends, range) in [
            (&mut removed, &old_ends, step.old),
            (&mut added, &new_ends, step.new),
        ] {
            if !range.is_empty() {
                segments.push(Segment {
                    end: ends[range.end - 1],
                    changed: !step.equal,
                });
            }
        }
    }
    Some(Some((removed, added)))
}

/// The numbers of a line's words, and where in the line each ends.
fn numbered<'a>(line: &'a str, numbers: &mut Numbers<&'a str>) -> (Vec<u32>, Vec<u16>) {
    // A character has four bytes at most.
    const { assert!(WORDS_BOUND * 4 <= u16::MAX as usize) };
    let mut end = 0;
    words(line)
        .map(|word| {
            end += u16::try_from(word.len()).expect("the line is bounded");
            (numbers.of(word), end)
        })
        .unzip()
}

/// What a character is in a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Space,
    Other,
}

/// The words of a line and what is between them; together they are the line.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = match kind(first) {
            Kind::Other => first.len_utf8(),
            kind_of => rest.find(|c| kind(c) != kind_of).unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

fn kind(c: char) -> Kind {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => Kind::Word,
        c if c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c) => Kind::Space,
        c if !c.is_ascii() && is_word(c) => Kind::Word,
        _ => Kind::Other,
    }
}

/// Whether Python's `\w` takes a character: a letter or a number of any script. Marks are none, other
/// than for most.
fn is_word(c: char) -> bool {
    static RANGES: OnceLock<Vec<(char, char)>> = OnceLock::new();
    let ranges = RANGES.get_or_init(|| {
        let class = regex_syntax::parse(r"[\p{L}\p{N}]").map(regex_syntax::hir::Hir::into_kind);
        match class {
            Ok(HirKind::Class(Class::Unicode(class))) => class
                .iter()
                .map(|range| (range.start(), range.end()))
                .collect(),
            _ => unreachable!("a class of characters is one"),
        }
    });
    let after = ranges.partition_point(|(start, _)| *start <= c);
    after > 0 && c <= ranges[after - 1].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_and_numbers_of_any_script() {
        let found: Vec<&str> = words("naïve_1 日本語!!\t\u{a0} x\u{301}y ²ⅷ١ कि").collect();
        assert_eq!(
            found,
            [
                "naïve_1",
                " ",
                "日本語",
                "!",
                "!",
                "\t\u{a0} ",
                "x",
                "\u{301}",
                "y",
                " ",
                "²ⅷ١",
                " ",
                "क",
                "\u{93f}"
            ]
        );
        assert_eq!(words("").count(), 0);
    }
}
