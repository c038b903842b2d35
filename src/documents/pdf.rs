//! PDF: the text of the pages, in the order in which they draw it.
//!
//! ```text
//! page ─▶ content ──strings──▶ font ──characters, widths──▶ lines ─▶ text
//! ```

mod content;
mod font;
mod lines;
mod matrix;
mod stream;

#[cfg(test)]
mod tests;

use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use self::content::Content;
use super::{Problem, Text};

/// So many pages without text are named.
const NAMED: usize = 10;

/// How far from its beginning a file says that it is a PDF, in bytes.
const MARK_WITHIN: usize = 1024;

/// Reads the text of such a document: page after page.
pub(super) fn read(bytes: &[u8], text: &mut Text) -> Result<(), Problem> {
    let pdf = Pdf::new(bytes.to_vec()).map_err(|problem| why(problem, bytes))?;
    let mut content = Content::new(bytes.len());
    let mut silent = 0;
    for (number, page) in (1..).zip(pdf.pages().iter()) {
        let page = content.text(page)?;
        if page.trim().is_empty() {
            silent += 1;
            if silent <= NAMED {
                text.gap(format!("page {number} has no text; it may be a scan"));
            }
        }
        text.line(page)?;
    }
    if silent > NAMED {
        text.gap(format!("{} more pages have no text", silent - NAMED));
    }
    text.notice("pictures, fonts, layout, form fields and comments of a PDF are not compared");
    Ok(())
}

/// Why the crate cannot read it.
fn why(problem: LoadPdfError, bytes: &[u8]) -> Problem {
    let marked = bytes[..bytes.len().min(MARK_WITHIN)]
        .windows(5)
        .any(|window| window == b"%PDF-");
    let how = match problem {
        LoadPdfError::Decryption(
            DecryptionError::PasswordProtected | DecryptionError::UnsupportedAlgorithm,
        ) => return Problem::Encrypted,
        LoadPdfError::Decryption(_) => "what it says about its encryption is broken",
        LoadPdfError::Invalid if !marked => "it is no PDF: it does not begin with %PDF-",
        LoadPdfError::Invalid => "no pages can be found in this PDF",
    };
    Problem::Damaged(how.to_owned())
}
