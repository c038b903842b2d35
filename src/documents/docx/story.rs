//! A story: paragraphs and tables one below the other, as the body, a cell, a text box and a note have them.

use super::notes::Notes;
use super::span::Span;
use crate::documents::Problem;
use crate::documents::package::Xml;

/// Takes the lines of a story.
pub(super) type Lines<'l> = &'l mut dyn FnMut(&str) -> Result<(), Problem>;

/// The reader of a story.
#[derive(Debug)]
pub(super) struct Story<'x, 'a> {
    pub(super) xml: &'x mut Xml<'a>,
    pub(super) notes: &'x mut Notes,
    /// What the cell that is being read says about itself.
    pub(super) span: Span,
    /// Whether it is the story of a cell, or within one.
    pub(super) in_cell: bool,
}

impl<'x, 'a> Story<'x, 'a> {
    /// A story that is the content of the element that began last.
    pub(super) fn new(xml: &'x mut Xml<'a>, notes: &'x mut Notes) -> Self {
        Self {
            xml,
            notes,
            span: Span::default(),
            in_cell: false,
        }
    }
}

/// Whether an element stands around paragraphs, tables, rows or cells without being anything to a reader: content
/// controls, markup of one's own, tracked changes that stay, and the newest of several forms of the same.
pub(super) fn holds(name: &str) -> bool {
    matches!(
        name,
        "sdt"
            | "sdtContent"
            | "customXml"
            | "smartTag"
            | "ins"
            | "moveTo"
            | "AlternateContent"
            | "Choice"
    )
}
