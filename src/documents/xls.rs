//! Excel up to 2003.
//!
//! MS-XLS, read by `calamine`. Dates are numbers here, as their cells hold them.

use std::io::Cursor;

use calamine::{Data, Reader as _, SheetType, Xls, XlsError};

use super::cells;
use super::{Problem, Text, xlsx};

/// Reads the text of such a document.
pub(super) fn read(bytes: &[u8], text: &mut Text) -> Result<(), Problem> {
    if bytes.starts_with(b"PK\x03\x04") {
        // Programs that make reports often give the newer format the older name.
        return xlsx::read(bytes, text);
    }
    xlsx::notices(text);
    let mut workbook = Xls::new(Cursor::new(bytes)).map_err(|problem| match problem {
        XlsError::Password => Problem::Encrypted,
        problem => Problem::Damaged(format!(
            "it is no workbook of Excel 5.0 to 2003 ({problem})"
        )),
    })?;
    let sheets: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .map(|sheet| sheet.name.clone())
        .collect();
    let mut line = String::new();
    for name in sheets {
        text.line(&format!("--- {name} ---"))?;
        let range = workbook
            .worksheet_range(&name)
            .map_err(|problem| Problem::Damaged(problem.to_string()))?;
        let Some((above, left)) = range.start() else {
            continue;
        };
        let width = left as usize + range.width();
        for _ in 0..above {
            text.line(&"\t".repeat(width - 1))?;
        }
        for row in range.rows() {
            line.clear();
            line.extend(std::iter::repeat_n('\t', left as usize));
            for (column, cell) in row.iter().enumerate() {
                if column > 0 {
                    line.push('\t');
                }
                value(&mut line, cell);
            }
            text.line(&line)?;
        }
    }
    Ok(())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "whole numbers come from 30 bits"
)]
fn value(out: &mut String, cell: &Data) {
    match cell {
        Data::Empty => {}
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => {
            out.push_str(text);
        }
        Data::Int(number) => cells::float(out, *number as f64),
        Data::Float(number) => cells::float(out, *number),
        Data::DateTime(moment) => cells::float(out, moment.as_f64()),
        Data::Bool(yes) => out.push(if *yes { '1' } else { '0' }),
        Data::Error(error) => out.push_str(&error.to_string()),
    }
}

#[cfg(test)]
mod tests;
