//! The formats of documents that text is extracted from.

use std::path::Path;

use super::text::{Problem, Text};
use super::{docx, eml, epub, odp, ods, odt, pdf, pptx, rtf, xls, xlsx};

/// A kind of document, told by the ending of a file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Word, ECMA-376 (Office Open XML).
    Docx,
    /// Mail, RFC 5322.
    Eml,
    /// A book, EPUB 2 and 3.
    Epub,
    /// Slides of `OpenDocument`, ISO 26300.
    Odp,
    /// Sheets of `OpenDocument`.
    Ods,
    /// Text of `OpenDocument`.
    Odt,
    /// PDF, ISO 32000.
    Pdf,
    /// `PowerPoint`, ECMA-376.
    Pptx,
    /// Rich Text Format 1.9.
    Rtf,
    /// Excel up to 2003, MS-XLS.
    Xls,
    /// Excel, ECMA-376.
    Xlsx,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Docx,
        Self::Eml,
        Self::Epub,
        Self::Odp,
        Self::Ods,
        Self::Odt,
        Self::Pdf,
        Self::Pptx,
        Self::Rtf,
        Self::Xls,
        Self::Xlsx,
    ];

    /// The ending of names, without the dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Docx => "docx",
            Self::Eml => "eml",
            Self::Epub => "epub",
            Self::Odp => "odp",
            Self::Ods => "ods",
            Self::Odt => "odt",
            Self::Pdf => "pdf",
            Self::Pptx => "pptx",
            Self::Rtf => "rtf",
            Self::Xls => "xls",
            Self::Xlsx => "xlsx",
        }
    }

    /// What a file is by its name's ending, in capitals too; none when that is no document's.
    pub fn of(path: &Path) -> Option<Self> {
        Self::of_ending(path.extension()?.to_str()?)
    }

    /// The format that files with this ending have.
    pub fn of_ending(ending: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|format| format.ending().eq_ignore_ascii_case(ending))
    }

    /// Reads the document's text into `text`.
    pub(super) fn read(self, bytes: &[u8], text: &mut Text) -> Result<(), Problem> {
        match self {
            Self::Docx => docx::read(bytes, text),
            Self::Eml => eml::read(bytes, text),
            Self::Epub => epub::read(bytes, text),
            Self::Odp => odp::read(bytes, text),
            Self::Ods => ods::read(bytes, text),
            Self::Odt => odt::read(bytes, text),
            Self::Pdf => pdf::read(bytes, text),
            Self::Pptx => pptx::read(bytes, text),
            Self::Rtf => rtf::read(bytes, text),
            Self::Xls => xls::read(bytes, text),
            Self::Xlsx => xlsx::read(bytes, text),
        }
    }
}
