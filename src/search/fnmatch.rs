//! A shell pattern for names, read as Python's `fnmatch.fnmatchcase` reads it.
//!
//! `*` is any text, slashes and line breaks included, `?` any character, `[ab]`, `[a-z]` and `[!a]`
//! one of a set or none of it. A `[` without its `]` is itself. There is no escape: `[*]` is a star.

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use memchr::memmem;

use crate::workspace::shown;

/// A shell pattern for names.
#[derive(Debug)]
pub struct Fnmatch(Plan);

/// How a pattern is looked for: most are a word with a star somewhere, and need no decoding.
#[derive(Debug)]
enum Plan {
    Whole(Vec<u8>),
    Start(Vec<u8>),
    End(Vec<u8>),
    Inside(Box<memmem::Finder<'static>>),
    Parts(Vec<Part>),
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// That character.
    Char(char),
    /// Any one character.
    One,
    /// Any text.
    Any,
    /// A character in one of the ranges, or in none of them.
    Set {
        ranges: Vec<(char, char)>,
        none: bool,
    },
}

impl Fnmatch {
    /// The pattern that the text stands for; every text is one.
    pub fn new(pattern: &str) -> Self {
        let parts = parts(pattern);
        let plan = |kind: fn(Vec<u8>) -> Plan, word: &[Part]| word_of(word).map(kind);
        let simple = match parts.as_slice() {
            [Part::Any, word @ .., Part::Any] if !word.is_empty() => word_of(word)
                .map(|word| Plan::Inside(Box::new(memmem::Finder::new(&word).into_owned()))),
            [word @ .., Part::Any] => plan(Plan::Start, word),
            [Part::Any, word @ ..] => plan(Plan::End, word),
            word => plan(Plan::Whole, word),
        };
        Self(simple.unwrap_or(Plan::Parts(parts)))
    }

    /// Whether the name, or the path, is one that the pattern means, all of it.
    ///
    /// A name that is not UTF-8 is taken as it is shown to clients.
    pub fn matches(&self, name: &OsStr) -> bool {
        let bytes = name.as_bytes();
        match &self.0 {
            Plan::Whole(word) => bytes == word,
            Plan::Start(word) => bytes.starts_with(word),
            Plan::End(word) => bytes.ends_with(word),
            Plan::Inside(word) => word.find(bytes).is_some(),
            Plan::Parts(parts) => fits(parts, &shown(Path::new(name))),
        }
    }
}

/// The text of parts that are characters only, when it can be looked for in a name's bytes.
fn word_of(parts: &[Part]) -> Option<Vec<u8>> {
    let mut word = String::with_capacity(parts.len());
    for part in parts {
        match part {
            Part::Char(c) => word.push(*c),
            Part::One | Part::Any | Part::Set { .. } => return None,
        }
    }
    // Characters that stand for bytes are not what a name has: it has the bytes.
    let shown = shown(Path::new(&word)) == word.as_str();
    shown.then(|| word.into_bytes())
}

fn parts(pattern: &str) -> Vec<Part> {
    let pattern: Vec<char> = pattern.chars().collect();
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(&c) = pattern.get(at) {
        at += 1;
        let part = match c {
            '*' if parts.last() == Some(&Part::Any) => continue,
            '*' => Part::Any,
            '?' => Part::One,
            '[' => match set_end(&pattern[at..]) {
                Some(length) => {
                    let inside = &pattern[at..at + length];
                    at += length + 1;
                    set(inside)
                }
                None => Part::Char('['),
            },
            c => Part::Char(c),
        };
        parts.push(part);
    }
    parts
}

/// Where the set ends that begins here; a `]` in the first place is one of its characters.
fn set_end(pattern: &[char]) -> Option<usize> {
    let first = usize::from(pattern.first() == Some(&'!')) + 1;
    let rest = pattern.get(first..)?;
    rest.iter()
        .position(|&c| c == ']')
        .map(|length| first + length)
}

fn set(inside: &[char]) -> Part {
    let negated = inside.first() == Some(&'!');
    let mut rest = &inside[usize::from(negated)..];
    let mut ranges = Vec::new();
    loop {
        rest = match rest {
            [low, '-', high, rest @ ..] => {
                // One that runs backwards is empty.
                if low <= high {
                    ranges.push((*low, *high));
                }
                rest
            }
            [c, rest @ ..] => {
                ranges.push((*c, *c));
                rest
            }
            [] => break,
        };
    }
    if negated {
        return Part::Set { ranges, none: true };
    }
    // Python looks for the `!` once more when the backward ranges are gone.
    if let Some(&('!', high)) = ranges.first() {
        ranges.remove(0);
        if high != '!' {
            ranges.extend([('-', '-'), (high, high)]);
        }
        return Part::Set { ranges, none: true };
    }
    Part::Set {
        ranges,
        none: false,
    }
}

/// Whether the parts make up the whole text.
///
/// What follows the last star seen is tried at each place after it; an earlier star never has to
/// take more than it did, so the time is at most the product of the lengths.
fn fits(parts: &[Part], text: &str) -> bool {
    let mut text = text.chars();
    let mut part = 0;
    let mut retry = None;
    loop {
        if parts.get(part) == Some(&Part::Any) {
            part += 1;
            retry = Some((part, text.clone()));
            continue;
        }
        match (parts.get(part), text.next()) {
            (None, None) => return true,
            (Some(wanted), Some(c)) if wanted.is(c) => part += 1,
            (_, None) => return false,
            _ => {
                let Some((after, mut from)) = retry.take() else {
                    return false;
                };
                from.next();
                part = after;
                text = from.clone();
                retry = Some((after, from));
            }
        }
    }
}

impl Part {
    fn is(&self, c: char) -> bool {
        match self {
            Self::Char(wanted) => *wanted == c,
            Self::One => true,
            Self::Any => false,
            Self::Set { ranges, none } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *none
            }
        }
    }
}
