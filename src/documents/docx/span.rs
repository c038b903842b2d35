//! The span of a cell: over how many columns it goes, and whether it goes on from above.

use crate::documents::Problem;
use crate::documents::package::{Element, Piece, Xml};

/// Where a cell is besides its first place.
#[derive(Debug)]
pub(super) struct Span {
    /// How many columns it goes over.
    pub(super) columns: usize,
    /// It is the lower part of a cell that began in a row above.
    pub(super) continued: bool,
}

impl Span {
    /// Reads the element `tcPr` that began last.
    pub(super) fn read(xml: &mut Xml<'_>) -> Result<Self, Problem> {
        let mut span = Self::default();
        while let Some(piece) = xml.next()? {
            match piece {
                Piece::Start(element) => {
                    match element.name() {
                        "gridSpan" => span.columns = number(&element).unwrap_or(1),
                        "vMerge" => {
                            span.continued =
                                element.attribute("val").is_none_or(|val| val == "continue");
                        }
                        _ => {}
                    }
                    xml.skip()?;
                }
                Piece::End => break,
                Piece::Text(_) => {}
            }
        }
        Ok(span)
    }
}

impl Default for Span {
    fn default() -> Self {
        Self {
            columns: 1,
            continued: false,
        }
    }
}

/// The number that an element's attribute `val` has.
pub(super) fn number(element: &Element<'_>) -> Option<usize> {
    element.attribute("val")?.trim().parse().ok()
}
