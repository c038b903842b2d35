//! The blocks of a story: its paragraphs, and its tables.

use super::paragraph::Paragraph;
use super::span::Span;
use super::story::{Lines, Story, holds};
use crate::documents::Problem;
use crate::documents::package::Piece;

impl Story<'_, '_> {
    /// Reads up to the end of the element that began last.
    pub(super) fn blocks(&mut self, lines: Lines<'_>) -> Result<(), Problem> {
        let mut inner = 0_usize;
        let mut paragraph = Paragraph::default();
        while let Some(piece) = self.xml.next()? {
            match piece {
                Piece::Start(element) => match element.name() {
                    "p" => {
                        paragraph.read(self)?;
                        paragraph.finish(lines)?;
                    }
                    // Tables inside of tables are left out, as the reference does.
                    "tbl" if !self.in_cell => {
                        paragraph.flush(lines)?;
                        self.table(lines)?;
                    }
                    "tcPr" => self.span = Span::read(self.xml)?,
                    name if holds(name) => inner += 1,
                    _ => self.xml.skip()?,
                },
                Piece::End if inner == 0 => break,
                Piece::End => inner -= 1,
                Piece::Text(_) => {}
            }
        }
        paragraph.flush(lines)
    }

    /// Reads the story of a cell or a text box, of which the lines become one text.
    pub(super) fn inside(&mut self, cell: bool) -> Result<String, Problem> {
        let outside = self.in_cell;
        self.in_cell |= cell;
        let mut text = String::new();
        let mut first = true;
        let read = self.blocks(&mut |line| {
            if !std::mem::take(&mut first) {
                text.push('\n');
            }
            text.push_str(line);
            Ok(())
        });
        self.in_cell = outside;
        read.map(|()| text)
    }
}
