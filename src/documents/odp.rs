//! Slides of `OpenDocument`: the paragraphs of each.

use super::odt::Paragraph;
use super::package::{Package, Piece, Xml};
use super::{Problem, Text};

/// Reads the text of such a document.
pub(super) fn read(bytes: &[u8], text: &mut Text) -> Result<(), Problem> {
    text.notice("Only text is compared, not its look, pictures or layout.");
    text.notice("Headings, comments, charts and embedded files are left out.");
    let content = Package::open(bytes)?.open_document()?;
    let mut xml = Xml::new("content.xml", &content);
    let mut slides = 0_usize;
    while let Some(piece) = xml.next()? {
        let Piece::Start(element) = piece else {
            continue;
        };
        match element.name() {
            "page" => {
                slides += 1;
                text.line(&format!("--- Slide {slides} ---"))?;
            }
            "p" if slides > 0 => {
                let mut paragraph = Paragraph::default();
                paragraph.read(&mut xml)?;
                paragraph.finish(&mut |line| match line.trim() {
                    "" => Ok(()),
                    line => text.line(line),
                })?;
            }
            _ if Paragraph::is_apart(&element) => xml.skip()?,
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
