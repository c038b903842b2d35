//! Sheets of `OpenDocument`.
//!
//! ISO 26300-3, clause 9. Cells are taken as they are shown. A gap of empty cells or rows counts as one; what has a
//! value is there as often as the file says.

use super::package::{Element, Package, Piece, Xml};
use super::{Problem, Text, xlsx};

/// Reads the text of such a document.
pub(super) fn read(bytes: &[u8], text: &mut Text) -> Result<(), Problem> {
    xlsx::notices(text);
    let content = Package::open(bytes)?.open_document()?;
    let mut xml = Xml::new("content.xml", &content);
    while let Some(piece) = xml.next()? {
        let Piece::Start(element) = piece else {
            continue;
        };
        match element.name() {
            "table" => {
                let name = element.attribute("name");
                text.line(&format!("--- {} ---", name.as_deref().unwrap_or("Sheet")))?;
            }
            "table-row" => row(&element, &mut xml, text)?,
            // What was there once, and what lies above the cells.
            "tracked-changes" | "shapes" | "forms" | "dde-links" => xml.skip()?,
            _ => {}
        }
    }
    Ok(())
}

fn row(element: &Element<'_>, xml: &mut Xml<'_>, text: &mut Text) -> Result<(), Problem> {
    // The row once more, for when it is repeated.
    let mut line = String::new();
    let mut filled = false;
    let mut cells = 0;
    text.line("")?;
    loop {
        match xml.next()? {
            Some(Piece::Start(cell)) if cell.name() == "table-cell" => {
                let value = value(&cell, xml)?;
                filled |= !value.is_empty();
                let times = if value.is_empty() {
                    1
                } else {
                    repeated(&cell, "number-columns-repeated")
                };
                for _ in 0..times {
                    let tab = if cells > 0 { "\t" } else { "" };
                    for part in [tab, &value] {
                        text.push(part)?;
                        line.push_str(part);
                    }
                    cells += 1;
                }
            }
            // Covered by the cell before.
            Some(Piece::Start(_)) => xml.skip()?,
            Some(Piece::Text(_)) => {}
            Some(Piece::End) | None => break,
        }
    }
    let times = repeated(element, "number-rows-repeated");
    for _ in 1..if filled { times } else { 1 } {
        text.line(&line)?;
    }
    Ok(())
}

fn repeated(element: &Element<'_>, attribute: &str) -> usize {
    let times = element.attribute(attribute);
    times.and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// The paragraphs of a cell with spaces between; its value when it has none.
fn value(cell: &Element<'_>, xml: &mut Xml<'_>) -> Result<String, Problem> {
    let mut value = String::new();
    let mut paragraphs = 0;
    // How deep in the cell, and from which depth on in a paragraph.
    let mut depth = 0;
    let mut paragraph = None;
    loop {
        match xml.next()? {
            Some(Piece::Start(element)) => {
                depth += 1;
                match element.name() {
                    "p" | "h" => {
                        if paragraphs > 0 {
                            value.push(' ');
                        }
                        paragraphs += 1;
                        paragraph.get_or_insert(depth);
                    }
                    "s" => {
                        let count = element.attribute("c").and_then(|count| count.parse().ok());
                        value.extend(std::iter::repeat_n(' ', count.unwrap_or(1).min(1000)));
                    }
                    "tab" | "line-break" => value.push(' '),
                    _ => {}
                }
            }
            Some(Piece::End) if depth == 0 => break,
            Some(Piece::End) => {
                if paragraph == Some(depth) {
                    paragraph = None;
                }
                depth -= 1;
            }
            Some(Piece::Text(text)) if paragraph.is_some() => unbroken(&mut value, &text),
            Some(Piece::Text(_)) => {}
            None => break,
        }
    }
    if paragraphs == 0 {
        let of = [
            "string-value",
            "date-value",
            "time-value",
            "boolean-value",
            "value",
        ];
        let stored = of.into_iter().find_map(|name| cell.attribute(name));
        // Office programs show truth in capitals.
        value = match stored.as_deref() {
            Some("true") => "TRUE".to_owned(),
            Some("false") => "FALSE".to_owned(),
            _ => stored.unwrap_or_default().into_owned(),
        };
    }
    Ok(value)
}

/// Adds text in which line breaks are only there to be read more easily.
fn unbroken(out: &mut String, text: &str) {
    for (at, part) in text.split(['\n', '\r', '\t']).enumerate() {
        if at > 0 && !out.ends_with(' ') {
            out.push(' ');
        }
        let part = if at > 0 {
            part.trim_start_matches(' ')
        } else {
            part
        };
        out.push_str(part);
    }
}

#[cfg(test)]
mod tests;
