//! Text of `OpenDocument`: its paragraphs, as they read once tracked changes are accepted.
//!
//! ISO 26300 part 1, clauses 5 and 6.

mod paragraph;

pub(super) use paragraph::Paragraph;

use super::package::{Package, Piece, Xml};
use super::{Problem, Text};

/// Reads the text of such a document.
pub(super) fn read(bytes: &[u8], text: &mut Text) -> Result<(), Problem> {
    text.notice("Only text is compared, not its look, pictures or layout; headings and comments are left out.");
    let content = Package::open(bytes)?.open_document()?;
    let mut xml = Xml::new("content.xml", &content);
    let mut notes = Vec::new();
    while let Some(piece) = xml.next()? {
        let Piece::Start(element) = piece else {
            continue;
        };
        match element.name() {
            "p" => {
                let mut paragraph = Paragraph::numbering(std::mem::take(&mut notes));
                paragraph.read(&mut xml)?;
                notes = paragraph.finish(&mut |line| text.line(line))?;
            }
            _ if Paragraph::is_apart(&element) => xml.skip()?,
            _ => {}
        }
    }
    let mut notes = (1..).zip(notes);
    notes.try_for_each(|(number, note)| text.line(&format!("[{number}] {note}")))
}

#[cfg(test)]
mod tests;
