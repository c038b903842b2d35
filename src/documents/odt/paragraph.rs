//! A paragraph of `OpenDocument`: its characters, with the paragraphs of frames that hang on it.

use crate::documents::Problem;
use crate::documents::package::{Element, Piece, Xml};

/// A paragraph as it is read.
#[derive(Debug, Default)]
pub(in crate::documents) struct Paragraph {
    text: String,
    /// Text boxes within it; their text follows.
    boxes: Vec<String>,
    /// Notes that the document has referred to so far.
    notes: Vec<String>,
}

impl Paragraph {
    /// A paragraph that comes after these notes.
    pub(in crate::documents) fn numbering(notes: Vec<String>) -> Self {
        Self {
            notes,
            ..Self::default()
        }
    }

    /// Whether an element holds what is not part of the text as it reads: headings, as the reference does; deleted
    /// text; comments; declarations; titles of pictures.
    pub(in crate::documents) fn is_apart(element: &Element<'_>) -> bool {
        // There are fields of the names title and desc, too, whose prefix is another.
        matches!(element.full_name(), "svg:title" | "svg:desc")
            || matches!(
                element.name(),
                "h" | "tracked-changes"
                    | "annotation"
                    | "ruby-text"
                    | "event-listeners"
                    | "forms"
                    | "scripts"
            )
    }

    /// Reads the element `p` that began last.
    pub(in crate::documents) fn read(&mut self, xml: &mut Xml<'_>) -> Result<(), Problem> {
        let mut inner = 0_usize;
        while let Some(piece) = xml.next()? {
            match piece {
                Piece::Start(element) => match element.name() {
                    "note" => self.note(xml)?,
                    "p" => {
                        let mut within = Self::numbering(std::mem::take(&mut self.notes));
                        within.read(xml)?;
                        self.notes = within.finish(&mut |line| {
                            self.boxes.push(line.to_owned());
                            Ok(())
                        })?;
                    }
                    _ if Self::is_apart(&element) => xml.skip()?,
                    _ => inner += 1,
                },
                Piece::End if inner == 0 => break,
                Piece::End => inner -= 1,
                Piece::Text(characters) => self.text.push_str(&characters),
            }
        }
        Ok(())
    }

    /// Reads the element `note` that began last: a reference stays here, the text is told at the end.
    fn note(&mut self, xml: &mut Xml<'_>) -> Result<(), Problem> {
        let mut note = Vec::new();
        let mut inner = 0_usize;
        while let Some(piece) = xml.next()? {
            match piece {
                Piece::Start(element) => match element.name() {
                    "p" => {
                        let mut within = Self::default();
                        within.read(xml)?;
                        // What notes refer to within notes is not followed.
                        within.finish(&mut |line| {
                            note.push(line.to_owned());
                            Ok(())
                        })?;
                    }
                    "note-citation" => xml.skip()?,
                    _ => inner += 1,
                },
                Piece::End if inner == 0 => break,
                Piece::End => inner -= 1,
                Piece::Text(_) => {}
            }
        }
        self.notes.push(note.join("\n").trim().to_owned());
        let reference = format!("[{}]", self.notes.len());
        self.text.push_str(&reference);
        Ok(())
    }

    /// Tells the lines; what is left are the notes.
    pub(in crate::documents) fn finish(
        self,
        lines: &mut dyn FnMut(&str) -> Result<(), Problem>,
    ) -> Result<Vec<String>, Problem> {
        lines(&self.text)?;
        self.boxes.iter().try_for_each(|text| lines(text))?;
        Ok(self.notes)
    }
}
