//! Tables: a line for each row, its cells parted by tabs.
//!
//! A cell over several columns or rows stands in each of them, so that every row has as many as there are columns.

use std::rc::Rc;

use super::span::{Span, number};
use super::story::{Lines, Story, holds};
use crate::documents::Problem;
use crate::documents::package::{Piece, Xml};

/// The most columns a table may have in Word; a cell is not repeated more often.
const COLUMNS: usize = 63;

/// The cells of a row: their first columns and texts.
type Cells = Vec<(usize, Rc<str>)>;

/// A row as it is read.
#[derive(Debug, Default)]
struct Row {
    line: String,
    cells: Cells,
    /// The column of the next cell.
    column: usize,
}

/// A cell.
#[derive(Debug)]
struct Cell {
    text: String,
    span: Span,
}

impl Story<'_, '_> {
    /// Reads the element `tbl` that began last.
    pub(super) fn table(&mut self, lines: Lines<'_>) -> Result<(), Problem> {
        let mut inner = 0_usize;
        let mut above = Cells::new();
        while let Some(piece) = self.xml.next()? {
            match piece {
                Piece::Start(element) if element.name() == "tr" => {
                    if let Some(row) = self.row(&above)? {
                        lines(&row.line)?;
                        above = row.cells;
                    }
                }
                Piece::Start(element) if holds(element.name()) => inner += 1,
                Piece::Start(_) => self.xml.skip()?,
                Piece::End if inner == 0 => break,
                Piece::End => inner -= 1,
                Piece::Text(_) => {}
            }
        }
        Ok(())
    }

    /// Reads the element `tr` that began last; none when a tracked change deletes it.
    fn row(&mut self, above: &Cells) -> Result<Option<Row>, Problem> {
        let mut inner = 0_usize;
        let mut row = Row::default();
        while let Some(piece) = self.xml.next()? {
            match piece {
                Piece::Start(element) => match element.name() {
                    "tc" => row.add(self.cell()?, above),
                    "trPr" if is_deleted(self.xml, &mut row.column)? => {
                        // What is left of the row.
                        self.xml.skip()?;
                        return Ok(None);
                    }
                    "trPr" => {}
                    name if holds(name) => inner += 1,
                    _ => self.xml.skip()?,
                },
                Piece::End if inner == 0 => break,
                Piece::End => inner -= 1,
                Piece::Text(_) => {}
            }
        }
        Ok(Some(row))
    }

    /// Reads the element `tc` that began last. Its properties come before its text.
    fn cell(&mut self) -> Result<Cell, Problem> {
        self.span = Span::default();
        let text = self.inside(true)?;
        Ok(Cell {
            text,
            span: std::mem::take(&mut self.span),
        })
    }
}

impl Row {
    /// Adds a cell, once for each of its columns.
    fn add(&mut self, cell: Cell, above: &Cells) {
        let over = above.binary_search_by_key(&self.column, |(column, _)| *column);
        let text = match over {
            Ok(over) if cell.span.continued => Rc::clone(&above[over].1),
            _ => Rc::from(cell.text),
        };
        for more in 0..cell.span.columns.min(COLUMNS) {
            if more > 0 || !self.cells.is_empty() {
                self.line.push('\t');
            }
            self.line.push_str(&text);
        }
        self.cells.push((self.column, text));
        self.column = self.column.saturating_add(cell.span.columns);
    }
}

/// Reads the properties of a row: whether a tracked change deletes it, and the columns it leaves free at its beginning.
fn is_deleted(xml: &mut Xml<'_>, column: &mut usize) -> Result<bool, Problem> {
    let mut deleted = false;
    while let Some(piece) = xml.next()? {
        match piece {
            Piece::Start(element) => {
                match element.name() {
                    "del" => deleted = true,
                    "gridBefore" => *column = number(&element).unwrap_or(0),
                    _ => {}
                }
                xml.skip()?;
            }
            Piece::End => break,
            Piece::Text(_) => {}
        }
    }
    Ok(deleted)
}
