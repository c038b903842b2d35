//! Characters of more than one code point in cells that hold one.
//!
//! The emulator's cell holds one code point, and gives a combining mark a cell of its own. So a
//! character with its marks goes in as one code point that stands for it, and comes out whole.

use std::collections::HashMap;

use unicode_width::UnicodeWidthChar;

/// Different characters with marks that a screen and its scrollback may hold; marks of more are lost.
const LIMIT: u32 = 16_384;

/// The first code point that stands for a character one column wide: private use, plane 16.
const NARROW: u32 = 0x10_0000;

/// The first that stands for one two columns wide: ideographs that are not assigned yet.
const WIDE: u32 = 0x3_8000;

/// Bytes of one character with its marks.
const LENGTH: usize = 64;

/// The characters that others stand for.
#[derive(Debug, Default)]
pub(super) struct Clusters {
    known: HashMap<String, char>,
    narrow: Vec<String>,
    wide: Vec<String>,
}

impl Clusters {
    /// The code point to draw for a character with its marks, which must not be empty.
    pub(super) fn draw(&mut self, cluster: &str) -> Option<char> {
        let mut chars = cluster.chars();
        let base = chars.next()?;
        if chars.next().is_none() && place(base).is_none() {
            return Some(base);
        }
        if let Some(&known) = self.known.get(cluster) {
            return Some(known);
        }
        let wide = base.width() == Some(2);
        let (first, list) = if wide {
            (WIDE, &mut self.wide)
        } else {
            (NARROW, &mut self.narrow)
        };
        let next = u32::try_from(list.len()).ok().filter(|next| *next < LIMIT);
        let Some(drawn) = next.and_then(|next| char::from_u32(first + next)) else {
            let free = place(base).is_none();
            return Some(if free {
                base
            } else {
                char::REPLACEMENT_CHARACTER
            });
        };
        list.push(cluster.to_owned());
        self.known.insert(cluster.to_owned(), drawn);
        Some(drawn)
    }

    /// What a drawn code point stands for; none if for itself.
    pub(super) fn meaning(&self, drawn: char) -> Option<&str> {
        let (wide, index) = place(drawn)?;
        let list = if wide { &self.wide } else { &self.narrow };
        list.get(index).map(String::as_str)
    }

    /// Whether terminals agree on how many columns a drawn code point takes.
    pub(super) fn is_certain(&self, drawn: char) -> bool {
        let mut bytes = [0; 4];
        let meaning = self.meaning(drawn);
        let meaning = meaning.unwrap_or_else(|| drawn.encode_utf8(&mut bytes));
        !meaning.chars().any(is_doubtful)
    }
}

/// Whether a code point may stand for others: whether it is wide, and its place in the list.
fn place(drawn: char) -> Option<(bool, usize)> {
    let within = |first: u32| {
        let index = u32::from(drawn).checked_sub(first)?;
        (index < LIMIT).then_some(index as usize)
    };
    within(NARROW)
        .map(|index| (false, index))
        .or_else(|| within(WIDE).map(|index| (true, index)))
}

/// Whether a character belongs to the one before it.
pub(super) fn is_mark(c: char) -> bool {
    c >= '\u{300}' && c.width() == Some(0)
}

/// Whether one more mark may be put to a character.
pub(super) fn has_room(cluster: &str) -> bool {
    cluster.len() < LENGTH
}

/// Whether terminals disagree on the width of a character, or of what it is joined with: emoji, and
/// what makes one of other characters.
fn is_doubtful(c: char) -> bool {
    match c {
        '\u{200d}' | '\u{fe0f}' | '\u{1f000}'..'\u{20000}' => true,
        '\u{2000}'..'\u{2e80}' => c.width() == Some(2),
        _ => false,
    }
}
