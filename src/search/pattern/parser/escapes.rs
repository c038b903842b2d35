//! The escapes of a pattern, outside sets and within.

use super::Parser;
use crate::search::Error;
use crate::search::pattern::syntax::{Class, Flags, Kind, Node, Place, Set};

/// What an escape within a set stands for.
#[derive(Clone, Copy)]
pub(super) enum Member {
    /// One character, as a code point; surrogates are allowed.
    Point(u32),
    /// A kind of characters.
    Kind(Kind),
}

impl Parser {
    /// An escape outside sets; the backslash at `start` is taken.
    pub(super) fn escape(&mut self, start: usize, flags: Flags) -> Result<Node, Error> {
        let Some(c) = self.next() else {
            return Err(self.unfinished(start));
        };
        if let Some(kind) = kind(c, flags.ascii) {
            return Ok(Node::Set(Set {
                kinds: vec![kind],
                ..Set::default()
            }));
        }
        let word = |negated| Place::Word {
            negated,
            ascii: flags.ascii,
        };
        match c {
            'A' => Ok(Node::Place(Place::Start)),
            'Z' => Ok(Node::Place(Place::End)),
            'b' => Ok(Node::Place(word(false))),
            'B' => Ok(Node::Place(word(true))),
            '0' => {
                let value = self.octal(0, 2);
                Ok(character(value, flags))
            }
            '1'..='9' => self.numbered(start, c, flags),
            _ => {
                let point = self.character(start, c)?;
                Ok(character(point, flags))
            }
        }
    }

    /// An escape within a set; the backslash at `start` is taken.
    pub(super) fn member(&mut self, start: usize, flags: Flags) -> Result<Member, Error> {
        let Some(c) = self.next() else {
            return Err(self.unfinished(start));
        };
        if let Some(kind) = kind(c, flags.ascii) {
            return Ok(Member::Kind(kind));
        }
        let point = match c {
            'b' => 8,
            '0'..='7' => {
                let value = self.octal(c.to_digit(8).expect("an octal digit"), 2);
                self.in_octal_range(start, value)?
            }
            _ => self.character(start, c)?,
        };
        Ok(Member::Point(point))
    }

    fn unfinished(&self, start: usize) -> Error {
        self.fault(
            start,
            "the pattern ends in a backslash; write \\\\ for the character itself",
        )
    }

    /// A digit from 1 on: a character in octal, or a group matched before.
    fn numbered(&mut self, start: usize, first: char, flags: Flags) -> Result<Node, Error> {
        let mut number = first.to_digit(10).expect("a digit");
        if let Some(second) = self.peek().and_then(|c| c.to_digit(10)) {
            self.at += 1;
            let third = self.peek().and_then(|c| c.to_digit(8));
            if let (1..=7, 0..=7, Some(third)) = (number, second, third) {
                self.at += 1;
                let value = self.in_octal_range(start, number * 64 + second * 8 + third)?;
                return Ok(character(value, flags));
            }
            number = number * 10 + second;
        }
        self.back(start, number as usize, flags)
    }

    /// A reference to the group `number`.
    pub(super) fn back(
        &mut self,
        start: usize,
        number: usize,
        flags: Flags,
    ) -> Result<Node, Error> {
        match self.groups.get(number.wrapping_sub(1)) {
            Some(group) if group.closed => Ok(Node::Back(number, flags.fold())),
            Some(_) => Err(self.fault(start, "a group cannot refer to itself while it is open")),
            None => Err(self.fault(start, &format!("there is no group {number} before this"))),
        }
    }

    fn octal(&mut self, mut value: u32, most: usize) -> u32 {
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else {
                break;
            };
            self.at += 1;
            value = value * 8 + digit;
        }
        value
    }

    fn in_octal_range(&self, start: usize, value: u32) -> Result<u32, Error> {
        if value > 0o377 {
            return Err(self.fault(start, "an octal escape goes up to \\377"));
        }
        Ok(value)
    }

    /// An escape for one character that means the same everywhere.
    fn character(&mut self, start: usize, c: char) -> Result<u32, Error> {
        Ok(match c {
            'a' => 7,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            'x' => self.hex(start, 2)?,
            'u' => self.hex(start, 4)?,
            'U' => {
                let point = self.hex(start, 8)?;
                if point > 0x0010_FFFF {
                    return Err(self.fault(start, "characters go up to \\U0010FFFF"));
                }
                point
            }
            'N' => self.named(start)?,
            _ if c.is_ascii_alphanumeric() => {
                return Err(self.fault(
                    start,
                    &format!("the escape \\{c} means nothing; write \\\\ for a backslash"),
                ));
            }
            _ => u32::from(c),
        })
    }

    fn hex(&mut self, start: usize, digits: usize) -> Result<u32, Error> {
        let mut value: u32 = 0;
        for _ in 0..digits {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) else {
                return Err(self.fault(
                    start,
                    &format!("this escape needs {digits} hexadecimal digits"),
                ));
            };
            self.at += 1;
            value = (value << 4) | digit;
        }
        Ok(value)
    }

    fn named(&mut self, start: usize) -> Result<u32, Error> {
        const FORM: &str = "write the name of a character as in \\N{EM DASH}";
        if !self.take('{') {
            return Err(self.fault(start, FORM));
        }
        let name = self.until('}', start, FORM)?;
        match unicode_names2::character(&name) {
            Some(c) => Ok(u32::from(c)),
            None => Err(self.fault(start, &format!("no character is named {name:?}"))),
        }
    }
}

fn character(point: u32, flags: Flags) -> Node {
    match char::from_u32(point) {
        Some(c) => Node::Char(c, flags.fold()),
        // A lone surrogate: no text has one.
        None => Node::Set(Set::default()),
    }
}

/// The kind of characters that an escape names.
fn kind(c: char, ascii: bool) -> Option<Kind> {
    let class = match c.to_ascii_lowercase() {
        'd' => Class::Digit,
        's' => Class::Space,
        'w' => Class::Word,
        _ => return None,
    };
    Some(Kind {
        class,
        negated: c.is_ascii_uppercase(),
        ascii,
    })
}
