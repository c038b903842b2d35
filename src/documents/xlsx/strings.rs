//! The texts that cells share: one list for all sheets.

use super::{Package, Piece, Problem, Relationships, Xml};

/// All of them, in one string.
#[derive(Debug, Default)]
pub(super) struct Strings {
    text: String,
    ends: Vec<usize>,
}

impl Strings {
    /// The text with this number, counted from 0.
    pub(super) fn get(&self, number: usize) -> Option<&str> {
        let end = *self.ends.get(number)?;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end])
    }
}

/// Reads the list; it is empty when the workbook has none.
pub(super) fn read(package: &Package<'_>, parts: &Relationships) -> Result<Strings, Problem> {
    let mut strings = Strings::default();
    let Some(part) = parts.of_kind("sharedStrings").next() else {
        return Ok(strings);
    };
    let Some(content) = package.xml(part)? else {
        return Ok(strings);
    };
    let mut xml = Xml::new(part, &content);
    let mut one = String::new();
    while let Some(piece) = xml.next()? {
        if let Piece::Start(element) = piece
            && element.name() == "si"
        {
            one.clear();
            rich(&mut xml, &mut one)?;
            unescape(&one, &mut strings.text);
            strings.ends.push(strings.text.len());
        }
    }
    Ok(strings)
}

/// Adds the text of the element that began last: its runs, without the readings of Japanese words.
pub(super) fn rich(xml: &mut Xml<'_>, out: &mut String) -> Result<(), Problem> {
    let mut depth = 1;
    let mut in_text = false;
    while let Some(piece) = xml.next()? {
        match piece {
            Piece::Start(element) => match element.name() {
                "rPh" => {
                    xml.skip()?;
                }
                name => {
                    in_text = name == "t";
                    depth += 1;
                }
            },
            Piece::End => {
                in_text = false;
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            Piece::Text(text) if in_text => out.push_str(&text),
            Piece::Text(_) => {}
        }
    }
    Ok(())
}

/// Adds a text in which `_x000A_` stands for a line break, and so on (ECMA-376 part 1, clause 22.9.2.19).
///
/// What such a code would make a control character stays as it is, but for tabs and line breaks.
pub(super) fn unescape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest.as_bytes(), b"_x") {
        let code = rest
            .get(at + 2..at + 6)
            .filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_'));
        let character = code
            .filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|code| u32::from_str_radix(code, 16).ok())
            .and_then(char::from_u32)
            .filter(|character| !character.is_control() || matches!(character, '\t' | '\n' | '\r'));
        if let Some(character) = character {
            out.push_str(&rest[..at]);
            // Excel has these before line breaks that came from elsewhere.
            if character != '\r' {
                out.push(character);
            }
            rest = &rest[at + 7..];
        } else {
            out.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
        }
    }
    out.push_str(rest);
}
