//! Rich Text Format.
//!
//! "Rich Text Format (RTF) Specification, version 1.9.1". There is no crate that knows the code pages of fonts, so it
//! is read here.

mod words;

use std::collections::HashMap;

use encoding_rs::{Encoding, WINDOWS_1252};

use super::{Problem, Text};
use words::Meaning;

/// How deeply groups may be nested.
const DEEPEST: usize = 10_000;

/// What holds within a group.
#[derive(Clone, Copy, Debug)]
struct Group {
    /// Whether it is no text of the document.
    skipped: bool,
    /// Whether it lists fonts.
    fonts: bool,
    /// How many characters stand behind one in Unicode for those that do not know it.
    fallback: usize,
    encoding: &'static Encoding,
}

/// A document as it is being read.
struct Document<'a, 't> {
    rest: &'a [u8],
    text: &'t mut Text,
    groups: Vec<Group>,
    group: Group,
    /// The encoding of the document, and those of its fonts.
    encoding: &'static Encoding,
    fonts: HashMap<i32, &'static Encoding>,
    font: i32,
    /// The one that text begins with and `plain` goes back to.
    default_font: i32,
    /// Whether the group's first word may be one that nobody need know.
    optional: bool,
    /// How many characters are still to be left out after one in Unicode.
    ignored: usize,
    /// The first half of a character in UTF-16.
    half: Option<u16>,
    /// Bytes of text that are not decoded yet, and whether they end within a character.
    coded: Vec<u8>,
    within: bool,
    /// Bytes that the format does not allow, but which are there.
    raw: Vec<u8>,
    out: String,
}

/// Reads the text of such a document.
pub(super) fn read(bytes: &[u8], text: &mut Text) -> Result<(), Problem> {
    text.notice("Pictures, notes and the look of the text are not compared.");
    let group = Group {
        skipped: false,
        fonts: false,
        fallback: 1,
        encoding: WINDOWS_1252,
    };
    let document = Document {
        rest: bytes,
        text,
        groups: Vec::new(),
        group,
        encoding: WINDOWS_1252,
        fonts: HashMap::new(),
        font: 0,
        default_font: 0,
        optional: false,
        ignored: 0,
        half: None,
        coded: Vec::new(),
        within: false,
        raw: Vec::new(),
        out: String::new(),
    };
    document.read()
}

impl Document<'_, '_> {
    fn read(mut self) -> Result<(), Problem> {
        while let Some((byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            match byte {
                b'{' => self.open()?,
                b'}' => {
                    self.settle();
                    self.ignored = 0;
                    match self.groups.pop() {
                        Some(group) => self.group = group,
                        None => break,
                    }
                    if self.groups.is_empty() {
                        // What follows the document is not part of it.
                        break;
                    }
                }
                b'\\' => self.control(),
                b'\r' | b'\n' => {}
                byte => self.byte(*byte),
            }
            if self.out.len() > 4096 {
                self.text.push(&self.out)?;
                self.out.clear();
            }
        }
        self.settle();
        self.text.push(&self.out)
    }

    fn open(&mut self) -> Result<(), Problem> {
        self.settle();
        self.ignored = 0;
        self.optional = false;
        if self.groups.len() >= DEEPEST {
            return Err(Problem::Damaged("it is nested too deeply".to_owned()));
        }
        self.groups.push(self.group);
        Ok(())
    }

    /// A character as it is.
    fn byte(&mut self, byte: u8) {
        if self.ignored > 0 {
            self.ignored -= 1;
        } else if self.group.skipped {
        } else if byte >= 0x80 {
            if self.raw.is_empty() {
                self.settle();
            }
            self.raw.push(byte);
        } else if self.within {
            self.coded.push(byte);
            self.within = false;
        } else {
            self.settle();
            self.out.push(char::from(byte));
        }
    }

    /// A character by its number in the font's encoding.
    fn coded(&mut self, byte: u8) {
        if self.ignored > 0 {
            self.ignored -= 1;
        } else if !self.group.skipped {
            if self.coded.is_empty() {
                self.settle();
            }
            self.within = !self.within && words::is_lead(self.group.encoding, byte);
            self.coded.push(byte);
        }
    }

    /// Decodes what is left to decode.
    fn settle(&mut self) {
        if !self.coded.is_empty() {
            let (text, _) = self.group.encoding.decode_without_bom_handling(&self.coded);
            self.out.push_str(&text);
            self.coded.clear();
            self.within = false;
        }
        if !self.raw.is_empty() {
            self.out.push_str(&String::from_utf8_lossy(&self.raw));
            self.raw.clear();
        }
        if self.half.take().is_some() {
            self.out.push(char::REPLACEMENT_CHARACTER);
        }
    }

    /// What comes after a backslash.
    fn control(&mut self) {
        let Some((first, behind)) = self.rest.split_first() else {
            return;
        };
        if first.is_ascii_alphabetic() {
            let (word, number) = self.word();
            self.act(&word, number);
            return;
        }
        self.rest = behind;
        match first {
            b'\'' => {
                let code = behind
                    .get(..2)
                    .and_then(|code| std::str::from_utf8(code).ok());
                if let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
                    self.rest = &behind[2..];
                    self.coded(byte);
                }
            }
            b'*' => self.optional = true,
            b'\r' | b'\n' => {
                if *first == b'\r' {
                    self.rest = behind.strip_prefix(b"\n").unwrap_or(behind);
                }
                self.show("\n");
            }
            b'~' => self.show("\u{a0}"),
            b'_' => self.show("\u{2011}"),
            b'-' => self.show("\u{ad}"),
            b'\\' | b'{' | b'}' => self.byte(*first),
            // Marks of index entries.
            _ => {}
        }
    }

    /// A word with the number behind it, and the space that ends it.
    fn word(&mut self) -> (String, Option<i32>) {
        let length =
            |bytes: &[u8], is: fn(&u8) -> bool| bytes.iter().take_while(|byte| is(byte)).count();
        let name = length(self.rest, u8::is_ascii_alphabetic);
        let (name, rest) = self.rest.split_at(name);
        let minus = usize::from(rest.first() == Some(&b'-'));
        let digits = length(&rest[minus..], u8::is_ascii_digit);
        let (number, behind) = match digits {
            0 => (&rest[..0], rest),
            _ => rest.split_at(minus + digits),
        };
        self.rest = behind.strip_prefix(b" ").unwrap_or(behind);
        let number = std::str::from_utf8(number)
            .ok()
            .and_then(|number| number.parse().ok());
        // No word is longer than 32 letters.
        let name = String::from_utf8_lossy(&name[..name.len().min(64)]).into_owned();
        (name, number)
    }

    fn act(&mut self, word: &str, number: Option<i32>) {
        let optional = std::mem::take(&mut self.optional);
        match words::meaning(word) {
            Meaning::Shown(text) => self.show(text),
            Meaning::Skipped => {
                self.group.fonts |= word == "fonttbl";
                self.group.skipped = true;
            }
            Meaning::Seen => self.group.skipped = false,
            Meaning::Formatting if optional => self.group.skipped = true,
            Meaning::Formatting => self.format(word, number),
            Meaning::Unicode => self.unicode(number.unwrap_or(0)),
            Meaning::Binary => {
                let length = usize::try_from(number.unwrap_or(0)).unwrap_or(0);
                self.rest = self.rest.get(length..).unwrap_or_default();
            }
        }
    }

    /// What changes how the text that follows is read.
    fn format(&mut self, word: &str, number: Option<i32>) {
        let number = number.unwrap_or(0);
        let before = self.group.encoding;
        let mut encoding = before;
        match word {
            "uc" => self.group.fallback = usize::try_from(number).unwrap_or(0).min(16),
            "ansicpg" | "mac" | "pca" | "pc" | "ansi" => {
                let page = match word {
                    "ansicpg" => number,
                    "mac" => 10_000,
                    _ => 1252,
                };
                self.encoding = words::code_page(page).unwrap_or(self.encoding);
                encoding = self.encoding;
            }
            "f" if self.group.fonts => self.font = number,
            "f" => encoding = self.fonts.get(&number).copied().unwrap_or(self.encoding),
            "plain" => {
                let font = self.fonts.get(&self.default_font);
                encoding = font.copied().unwrap_or(self.encoding);
            }
            "deff" => self.default_font = number,
            "fcharset" if self.group.fonts => {
                if let Some(encoding) = words::charset(number) {
                    self.fonts.insert(self.font, encoding);
                }
            }
            "cpg" if self.group.fonts => {
                if let Some(encoding) = words::code_page(number) {
                    self.fonts.insert(self.font, encoding);
                }
            }
            _ => {}
        }
        if encoding != before {
            self.settle();
            self.group.encoding = encoding;
        }
    }

    fn unicode(&mut self, number: i32) {
        self.ignored = self.group.fallback;
        if self.group.skipped {
            return;
        }
        let half = self.half.take();
        self.settle();
        // Numbers above 32767 are written as negative ones; some programs write characters above 65535 as they are.
        let number = if number < 0 {
            number + 0x1_0000
        } else {
            number
        };
        let number = u32::try_from(number).unwrap_or(0xfffd);
        let character = match (half, number) {
            (Some(half), 0xdc00..=0xdfff) => {
                char::from_u32(0x1_0000 + ((u32::from(half) - 0xd800) << 10) + (number - 0xdc00))
            }
            (None, 0xd800..=0xdbff) => {
                self.half = u16::try_from(number).ok();
                return;
            }
            (half, _) => {
                self.out.extend(half.map(|_| char::REPLACEMENT_CHARACTER));
                char::from_u32(number)
            }
        };
        self.out
            .push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    }

    fn show(&mut self, text: &str) {
        if self.ignored > 0 {
            self.ignored -= 1;
        } else if !self.group.skipped {
            self.settle();
            self.out.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests;
