//! Word documents: paragraphs, tables, text boxes and notes, as they read once tracked changes are accepted.
//!
//! `WordprocessingML`, ECMA-376 part 1, clause 17.

mod blocks;
mod notes;
mod paragraph;
mod span;
mod story;
mod symbol;
mod table;

use notes::Notes;
use story::Story;

use super::package::{Package, Piece, Xml};
use super::{Problem, Text};

/// The main part where no relationship names another.
const MAIN: &str = "word/document.xml";

/// Reads the text of such a document.
pub(super) fn read(bytes: &[u8], text: &mut Text) -> Result<(), Problem> {
    text.notice("Only text is compared, not its look, pictures or layout.");
    text.notice(
        "Headers, footers, comments and tables inside of tables are left out. Tracked changes count as accepted.",
    );
    let package = Package::open(bytes)?;
    let of_package = package.relationships("")?;
    let main = of_package.of_kind("officeDocument").next().unwrap_or(MAIN);
    let content = package.needed_xml(main)?;
    let mut notes = notes_of(&package, main)?;
    let mut xml = Xml::new(main, &content);
    while let Some(piece) = xml.next()? {
        if matches!(piece, Piece::Start(element) if element.name() == "body") {
            Story::new(&mut xml, &mut notes).blocks(&mut |line| text.line(line))?;
            return notes.used().try_for_each(|note| text.line(&note));
        }
    }
    Err(Problem::Damaged(format!(
        "its part {main} has no body, as Word documents have"
    )))
}

/// The notes that belong to this main part.
fn notes_of(package: &Package<'_>, main: &str) -> Result<Notes, Problem> {
    let parts = package.relationships(main)?;
    let mut notes = Notes::default();
    for (kind, name, at_end) in [
        ("footnotes", "footnote", false),
        ("endnotes", "endnote", true),
    ] {
        let Some(part) = parts.of_kind(kind).next() else {
            continue;
        };
        // A part that is named but missing is a note nobody can read, not a document nobody can.
        let Some(content) = package.xml(part)? else {
            continue;
        };
        let mut xml = Xml::new(part, &content);
        while let Some(piece) = xml.next()? {
            let Piece::Start(element) = piece else {
                continue;
            };
            if element.name() != name {
                continue;
            }
            let id = element.attribute("id").unwrap_or_default().into_owned();
            // What notes refer to within notes is not followed.
            let text = Story::new(&mut xml, &mut Notes::default()).inside(false)?;
            notes.add(at_end, id, text.trim().to_owned());
        }
    }
    Ok(notes)
}

#[cfg(test)]
mod tests;
