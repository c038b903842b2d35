//! A paragraph: the text of its runs.

use super::story::{Lines, Story};
use super::symbol;
use crate::documents::Problem;
use crate::documents::package::{Element, Piece, Xml};

/// A paragraph as it is read; several, when the marks between them are deleted.
#[derive(Debug, Default)]
pub(super) struct Paragraph {
    text: String,
    /// Text boxes that hang on it; their text follows.
    boxes: Vec<String>,
    /// Its end is deleted, so the next one goes on in the same line.
    open: bool,
    /// A page or column ended within it.
    parted: bool,
    /// For each field that has begun and not ended, whether its result has begun (before that are instructions).
    fields: Vec<bool>,
}

impl Paragraph {
    /// Reads the element `p` that began last.
    pub(super) fn read(&mut self, story: &mut Story<'_, '_>) -> Result<(), Problem> {
        self.open = false;
        let mut inner = 0_usize;
        while let Some(piece) = story.xml.next()? {
            match piece {
                Piece::Start(element) => {
                    if self.element(&element, story)? {
                        inner += 1;
                    }
                }
                Piece::End if inner == 0 => break,
                Piece::End => inner -= 1,
                Piece::Text(_) => {}
            }
        }
        self.parted = false;
        self.fields.clear();
        Ok(())
    }

    /// Takes an element within the paragraph; says whether its content is to be read as part of it.
    fn element(
        &mut self,
        element: &Element<'_>,
        story: &mut Story<'_, '_>,
    ) -> Result<bool, Problem> {
        match element.name() {
            "t" => {
                self.characters(story.xml)?;
                return Ok(false);
            }
            "pPr" => {
                self.open = mark_is_deleted(story.xml)?;
                return Ok(false);
            }
            "txbxContent" => {
                let text = story.inside(false)?;
                self.boxes.push(text);
                return Ok(false);
            }
            "rPr" | "del" | "moveFrom" | "Fallback" | "sdtPr" | "sdtEndPr" | "instrText"
            | "delText" | "delInstrText" | "rt" | "tbl" => {
                story.xml.skip()?;
                return Ok(false);
            }
            "tab" | "ptab" => self.push("\t"),
            "cr" => self.push("\n"),
            "br" => match element.attribute("type").as_deref() {
                Some("page" | "column") => self.parted = !self.text.is_empty(),
                _ => self.push("\n"),
            },
            "noBreakHyphen" => self.push("-"),
            "sym" => {
                let word = |name| element.attribute(name).unwrap_or_default();
                if let Some(character) = symbol::read(&word("font"), &word("char")) {
                    self.push(character.encode_utf8(&mut [0; 4]));
                }
            }
            "fldChar" => self.field(element.attribute("fldCharType").as_deref()),
            name @ ("footnoteReference" | "endnoteReference") => {
                let id = element.attribute("id").unwrap_or_default();
                if let Some(number) = story.notes.number(name == "endnoteReference", &id) {
                    self.push(&format!("[{number}]"));
                }
            }
            _ => {}
        }
        Ok(true)
    }

    /// Adds what the element that began last has of text.
    fn characters(&mut self, xml: &mut Xml<'_>) -> Result<(), Problem> {
        while let Some(piece) = xml.next()? {
            match piece {
                Piece::Text(text) => self.push(&text),
                Piece::Start(_) => xml.skip()?,
                Piece::End => break,
            }
        }
        Ok(())
    }

    fn push(&mut self, text: &str) {
        if self.fields.iter().all(|result| *result) {
            if std::mem::take(&mut self.parted) {
                self.text.push('\n');
            }
            self.text.push_str(text);
        }
    }

    fn field(&mut self, kind: Option<&str>) {
        match kind {
            Some("begin") => self.fields.push(false),
            Some("separate") => {
                if let Some(result) = self.fields.last_mut() {
                    *result = true;
                }
            }
            Some("end") => drop(self.fields.pop()),
            _ => {}
        }
    }

    /// Ends the paragraph, unless the next one goes on in its line.
    pub(super) fn finish(&mut self, lines: Lines<'_>) -> Result<(), Problem> {
        if self.open {
            return Ok(());
        }
        lines(&self.text)?;
        self.text.clear();
        self.boxes.drain(..).try_for_each(|text| lines(&text))
    }

    /// Ends what was left open where no paragraph follows.
    pub(super) fn flush(&mut self, lines: Lines<'_>) -> Result<(), Problem> {
        let anything = !self.text.is_empty() || !self.boxes.is_empty();
        if !std::mem::take(&mut self.open) || !anything {
            return Ok(());
        }
        self.finish(lines)
    }
}

/// Reads the properties of a paragraph: whether a tracked change takes its mark away.
fn mark_is_deleted(xml: &mut Xml<'_>) -> Result<bool, Problem> {
    let mut deleted = false;
    let mut of_mark = false;
    while let Some(piece) = xml.next()? {
        match piece {
            Piece::Start(element) if !of_mark && element.name() == "rPr" => of_mark = true,
            Piece::Start(element) => {
                deleted |= of_mark && matches!(element.name(), "del" | "moveFrom");
                xml.skip()?;
            }
            Piece::End if !std::mem::take(&mut of_mark) => break,
            Piece::End | Piece::Text(_) => {}
        }
    }
    Ok(deleted)
}
