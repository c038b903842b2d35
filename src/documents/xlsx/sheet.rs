//! One sheet: its rows as lines, its cells with tabs between.
//!
//! What a file says about the size of a sheet is only used to fill rows up, and only so far.

use super::strings::{rich, unescape};
use super::{Piece, Problem, Text, Workbook, Xml};
use crate::documents::cells::{self, Kind};
use crate::documents::package::Element;

/// Rows are filled up with tabs to so many cells at most.
const FILLED: usize = 1024;

/// No sheet has more columns.
const COLUMNS: usize = 16_384;

/// A sheet as it is being read.
pub(super) struct Sheet<'a> {
    workbook: &'a Workbook,
    text: &'a mut Text,
    /// How many cells a row is filled up to.
    width: usize,
    /// The number of the last row, counted from 1,
    row: u32,
    /// and of the last that was written.
    written: u32,
    /// The values of the cells of a row, one after the other,
    values: String,
    /// and for each its column and where it ends.
    ends: Vec<(usize, usize)>,
    /// What stands in a cell.
    raw: String,
}

impl<'a> Sheet<'a> {
    /// Nothing is read yet.
    pub(super) fn new(workbook: &'a Workbook, text: &'a mut Text) -> Self {
        Self {
            workbook,
            text,
            width: 0,
            row: 0,
            written: 0,
            values: String::new(),
            ends: Vec::new(),
            raw: String::new(),
        }
    }

    /// Reads the rows of a sheet.
    pub(super) fn read(mut self, part: &str, content: &str) -> Result<(), Problem> {
        let mut xml = Xml::new(part, content);
        while let Some(piece) = xml.next()? {
            let Piece::Start(element) = piece else {
                continue;
            };
            match element.name() {
                "dimension" => self.width = width(&element),
                "row" => self.row(&element, &mut xml)?,
                // What comes after the rows may be long.
                "mergeCells" | "conditionalFormatting" | "drawing" => break,
                _ => {}
            }
        }
        Ok(())
    }

    fn row(&mut self, element: &Element<'_>, xml: &mut Xml<'_>) -> Result<(), Problem> {
        let number = element
            .attribute("r")
            .and_then(|number| number.parse().ok());
        let number: u32 = number.unwrap_or(self.row.saturating_add(1));
        self.values.clear();
        self.ends.clear();
        let mut column = 0;
        loop {
            match xml.next()? {
                Some(Piece::Start(element)) if element.name() == "c" => {
                    let place = element.attribute("r");
                    column = place.and_then(|place| column_of(&place)).unwrap_or(column);
                    self.cell(&element, xml)?;
                    self.ends.push((column, self.values.len()));
                    column += 1;
                }
                Some(Piece::Start(_)) => xml.skip()?,
                Some(Piece::Text(_)) => {}
                Some(Piece::End) | None => break,
            }
        }
        self.row = self.row.saturating_add(1).max(number);
        if self.ends.is_empty() {
            // It may be the last, and be there for its height only.
            return Ok(());
        }
        // Rows without a cell need not be in the file. A row that comes too late gets a line, too.
        for _ in self.written + 1..number {
            self.text.line("")?;
            tabs(self.text, self.width.saturating_sub(1))?;
        }
        self.written = self.written.saturating_add(1).max(number);
        self.write()
    }

    /// Writes the row that was read.
    fn write(&mut self) -> Result<(), Problem> {
        self.text.line("")?;
        let mut column = 0;
        if self.ends.is_sorted_by(|one, next| one.0 < next.0) {
            let mut start = 0;
            for &(place, end) in &self.ends {
                tabs(self.text, place - column)?;
                self.text.push(&self.values[start..end])?;
                (column, start) = (place, end);
            }
        } else {
            let starts = std::iter::once(0).chain(self.ends.iter().map(|end| end.1));
            let mut cells: Vec<_> = starts
                .zip(&self.ends)
                .map(|(start, &(place, end))| (place, start..end))
                .collect();
            cells.sort_by_key(|cell| cell.0);
            for (at, (place, value)) in cells.iter().enumerate() {
                // Of two values of one cell the later counts.
                if cells.get(at + 1).is_none_or(|next| next.0 != *place) {
                    tabs(self.text, place - column)?;
                    self.text.push(&self.values[value.clone()])?;
                    column = *place;
                }
            }
        }
        tabs(self.text, self.width.saturating_sub(column + 1))
    }

    /// Adds the value of a cell.
    fn cell(&mut self, element: &Element<'_>, xml: &mut Xml<'_>) -> Result<(), Problem> {
        let kind = element.attribute("t");
        self.raw.clear();
        loop {
            match xml.next()? {
                Some(Piece::Start(inner)) if inner.name() == "v" => self.value(xml)?,
                Some(Piece::Start(inner)) if inner.name() == "is" => rich(xml, &mut self.raw)?,
                Some(Piece::Start(_)) => xml.skip()?,
                Some(Piece::Text(_)) => {}
                Some(Piece::End) | None => break,
            }
        }
        let (raw, out) = (&self.raw, &mut self.values);
        match kind.as_deref() {
            Some("s") => {
                let number = raw.trim().parse().ok();
                let string = number.and_then(|number| self.workbook.strings.get(number));
                out.push_str(string.unwrap_or_default());
            }
            Some("b") => match raw.trim() {
                "" => {}
                "0" | "false" => out.push_str("False"),
                _ => out.push_str("True"),
            },
            Some("str" | "inlineStr") => unescape(raw, out),
            Some("d") => out.push_str(&raw.trim().replacen('T', " ", 1)),
            Some("e") => out.push_str(raw),
            _ => self.number(element),
        }
        Ok(())
    }

    /// Adds a number by the style of its cell.
    fn number(&mut self, element: &Element<'_>) {
        let style = element.attribute("s").and_then(|style| style.parse().ok());
        let kind = style.map_or(Kind::Number, |style| self.workbook.styles.kind(style));
        match (kind, cells::parse(&self.raw)) {
            (Kind::Moment, Some(value)) => {
                cells::moment(&mut self.values, value, self.workbook.epoch);
            }
            (Kind::Duration, Some(value)) => cells::duration(&mut self.values, value),
            _ => cells::number(&mut self.values, &self.raw),
        }
    }

    /// Reads to the end of the element that began last.
    fn value(&mut self, xml: &mut Xml<'_>) -> Result<(), Problem> {
        loop {
            match xml.next()? {
                Some(Piece::Text(text)) => self.raw.push_str(&text),
                Some(Piece::Start(_)) => xml.skip()?,
                Some(Piece::End) | None => return Ok(()),
            }
        }
    }
}

/// Adds so many tabs.
fn tabs(text: &mut Text, mut count: usize) -> Result<(), Problem> {
    const TABS: &str = "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t";
    while count > 0 {
        let some = count.min(TABS.len());
        text.push(&TABS[..some])?;
        count -= some;
    }
    Ok(())
}

/// How many columns a sheet says that it has; 0 when it does not say, or too many.
fn width(dimension: &Element<'_>) -> usize {
    let area = dimension.attribute("ref").unwrap_or_default();
    let last = area.rsplit(':').next().and_then(column_of);
    last.map(|last| last + 1)
        .filter(|width| *width <= FILLED)
        .unwrap_or(0)
}

/// The column of a place such as "AB12", counted from 0; none when there is no such column.
fn column_of(place: &str) -> Option<usize> {
    let mut column = 0;
    for byte in place.bytes() {
        match byte {
            b'A'..=b'Z' => column = column * 26 + usize::from(byte - b'A') + 1,
            b'a'..=b'z' => column = column * 26 + usize::from(byte - b'a') + 1,
            b'$' => {}
            _ => break,
        }
        if column > COLUMNS {
            return None;
        }
    }
    column.checked_sub(1)
}
