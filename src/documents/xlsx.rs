//! Excel: the sheets and their rows.
//!
//! ECMA-376 part 1, clause 18 (`SpreadsheetML`). Numbers are read here and not by a crate, as those make doubles of
//! them before one has seen whether "10" or "10.0" stands there.

mod sheet;
mod strings;
mod styles;

use super::cells::Epoch;
use super::package::{Package, Piece, Relationships, Xml};
use super::{Problem, Text};
use sheet::Sheet;
use strings::Strings;

/// What is the same for all sheets.
#[derive(Debug)]
struct Workbook {
    strings: Strings,
    styles: styles::Styles,
    epoch: Epoch,
}

/// Reads the text of such a document.
pub(super) fn read(bytes: &[u8], text: &mut Text) -> Result<(), Problem> {
    notices(text);
    let package = Package::open(bytes)?;
    let main = package.relationships("")?;
    let main = main
        .of_kind("officeDocument")
        .next()
        .unwrap_or("xl/workbook.xml");
    let content = package.needed_xml(main)?;
    let parts = package.relationships(main)?;
    let (sheets, epoch) = contents(main, &content)?;
    let workbook = Workbook {
        strings: strings::read(&package, &parts)?,
        styles: styles::read(&package, &parts)?,
        epoch,
    };
    for (name, id) in sheets {
        let Some(part) = worksheet(&parts, &id) else {
            // A sheet that is one chart, or of macros of Excel 4.
            continue;
        };
        text.line(&format!("--- {name} ---"))?;
        match package.xml(part)? {
            Some(content) => Sheet::new(&workbook, text).read(part, &content)?,
            None => text.gap(format!("the sheet \"{name}\" is not in the file")),
        }
    }
    Ok(())
}

/// What of sheets is not in their text; of other formats, too.
pub(super) fn notices(text: &mut Text) {
    text.notice("Charts, pictures, comments and the look of cells are not compared.");
    text.notice("Cells are compared by their values, not by their formulas.");
}

/// The names of the sheets with the ids of their parts, and from when on days are counted.
fn contents(part: &str, content: &str) -> Result<(Vec<(String, String)>, Epoch), Problem> {
    let mut sheets = Vec::new();
    let mut epoch = Epoch::Of1900;
    let mut xml = Xml::new(part, content);
    while let Some(piece) = xml.next()? {
        let Piece::Start(element) = piece else {
            continue;
        };
        match element.name() {
            "workbookPr" => {
                let late = element.attribute("date1904");
                if late.is_some_and(|late| matches!(&*late, "1" | "true" | "on")) {
                    epoch = Epoch::Of1904;
                }
            }
            "sheet" => {
                let word = |name| element.attribute(name).unwrap_or_default().into_owned();
                sheets.push((word("name"), word("id")));
            }
            _ => {}
        }
    }
    Ok((sheets, epoch))
}

fn worksheet<'a>(parts: &'a Relationships, id: &str) -> Option<&'a str> {
    let part = parts.target(id)?;
    parts
        .of_kind("worksheet")
        .any(|sheet| sheet == part)
        .then_some(part)
}

#[cfg(test)]
mod tests;
