//! The styles of cells: only what tells dates from numbers.

use std::collections::HashMap;

use super::{Package, Piece, Problem, Relationships, Xml};
use crate::documents::cells::Kind;

/// What numbers in cells of each style stand for.
#[derive(Debug, Default)]
pub(super) struct Styles(Vec<Kind>);

impl Styles {
    /// For the style with this number, counted from 0.
    pub(super) fn kind(&self, number: usize) -> Kind {
        self.0.get(number).copied().unwrap_or(Kind::Number)
    }
}

/// Reads the list; it is empty when the workbook has none.
pub(super) fn read(package: &Package<'_>, parts: &Relationships) -> Result<Styles, Problem> {
    let mut styles = Styles::default();
    let Some(part) = parts.of_kind("styles").next() else {
        return Ok(styles);
    };
    let Some(content) = package.xml(part)? else {
        return Ok(styles);
    };
    let mut codes = HashMap::new();
    let mut of_cells = false;
    let mut xml = Xml::new(part, &content);
    while let Some(piece) = xml.next()? {
        let Piece::Start(element) = piece else {
            continue;
        };
        let id = || -> u32 {
            let id = element.attribute("numFmtId");
            id.and_then(|id| id.parse().ok()).unwrap_or(0)
        };
        match element.name() {
            "numFmt" => {
                let code = element.attribute("formatCode").unwrap_or_default();
                codes.insert(id(), Kind::of_code(&code));
            }
            "cellXfs" => of_cells = true,
            "cellStyles" | "dxfs" | "cellStyleXfs" => of_cells = false,
            "xf" if of_cells => {
                let id = id();
                let kind = codes.get(&id).copied();
                styles.0.push(kind.unwrap_or_else(|| Kind::of_built_in(id)));
            }
            _ => {}
        }
    }
    Ok(styles)
}
