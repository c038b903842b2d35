//! `PowerPoint`: the text of the slides, one after the other.
//!
//! `PresentationML` and `DrawingML`, ECMA-376 part 1, clauses 19 and 21.

use super::package::{Package, Piece, Xml};
use super::{Problem, Text};

/// The main part where no relationship names another.
const MAIN: &str = "ppt/presentation.xml";

/// Reads the text of such a document.
pub(super) fn read(bytes: &[u8], text: &mut Text) -> Result<(), Problem> {
    text.notice("Only text is compared, not its look, pictures or layout.");
    text.notice("Speaker notes, charts, diagrams and embedded files are left out.");
    text.notice("Tables and grouped shapes are left out.");
    let package = Package::open(bytes)?;
    let of_package = package.relationships("")?;
    let main = of_package.of_kind("officeDocument").next().unwrap_or(MAIN);
    let content = package.needed_xml(main)?;
    let parts = package.relationships(main)?;
    for (number, id) in (1..).zip(slides(&mut Xml::new(main, &content))?) {
        text.line(&format!("--- Slide {number} ---"))?;
        let part = parts.target(&id).unwrap_or_default();
        match package.xml(part)? {
            Some(content) => slide(&mut Xml::new(part, &content), text)?,
            None => text.gap(format!("Slide {number} is not in the file.")),
        }
    }
    Ok(())
}

/// The ids of the slides' parts in the order of the presentation.
fn slides(xml: &mut Xml<'_>) -> Result<Vec<String>, Problem> {
    let mut ids = Vec::new();
    let mut is_presentation = false;
    while let Some(piece) = xml.next()? {
        if let Piece::Start(element) = piece {
            is_presentation |= element.name() == "presentation";
            if element.name() == "sldId" {
                ids.extend(
                    element
                        .prefixed_attribute("id")
                        .map(std::borrow::Cow::into_owned),
                );
            }
        }
    }
    if is_presentation {
        Ok(ids)
    } else {
        Err(Problem::Damaged(
            "its main part is no presentation".to_owned(),
        ))
    }
}

/// Reads a slide: the text of its shapes.
fn slide(xml: &mut Xml<'_>, text: &mut Text) -> Result<(), Problem> {
    while let Some(piece) = xml.next()? {
        if let Piece::Start(element) = piece {
            match element.name() {
                "txBody" => shape(xml, text)?,
                // As the reference does. Of several forms of a shape the newest is taken.
                "grpSp" | "graphicFrame" | "Fallback" => xml.skip()?,
                _ => {}
            }
        }
    }
    Ok(())
}

/// Reads the paragraphs of a shape: a line for each.
fn shape(xml: &mut Xml<'_>, text: &mut Text) -> Result<(), Problem> {
    while let Some(piece) = xml.next()? {
        match piece {
            Piece::Start(element) if element.name() == "p" => text.line(&paragraph(xml)?)?,
            Piece::Start(_) => xml.skip()?,
            Piece::End => break,
            Piece::Text(_) => {}
        }
    }
    Ok(())
}

/// The text of a paragraph, with a vertical tab for each break.
fn paragraph(xml: &mut Xml<'_>) -> Result<String, Problem> {
    let mut line = String::new();
    let mut inner = 0_usize;
    let mut in_text = None;
    while let Some(piece) = xml.next()? {
        match piece {
            Piece::Start(element) => match element.name() {
                "pPr" | "rPr" | "endParaRPr" | "Fallback" => xml.skip()?,
                name => {
                    match name {
                        "br" => line.push('\u{b}'),
                        "t" => in_text = Some(inner),
                        _ => {}
                    }
                    inner += 1;
                }
            },
            Piece::End if inner == 0 => break,
            Piece::End => {
                inner -= 1;
                in_text = in_text.filter(|outer| *outer < inner);
            }
            Piece::Text(characters) if in_text.is_some() => line.push_str(&characters),
            Piece::Text(_) => {}
        }
    }
    Ok(line)
}

#[cfg(test)]
mod tests;
