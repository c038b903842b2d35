//! A door for fuzzing: the readers without the process round them, and packages put round what is to be read.

use std::io::{Cursor, Write as _};
use std::panic;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub use super::Format;
use super::Problem;
use super::text::Text;

/// The most bytes of text that are taken.
const MOST: usize = 1 << 20;

const WORD: &[(&str, &str)] = &[(
    "_rels/.rels",
    r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#,
)];
const SHEETS: &[(&str, &str)] = &[
    (
        "_rels/.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
    ),
    (
        "xl/workbook.xml",
        r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
    ),
];
const SLIDES: &[(&str, &str)] = &[
    (
        "_rels/.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="ppt/presentation.xml"/></Relationships>"#,
    ),
    (
        "ppt/_rels/presentation.xml.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/slide" Target="slides/slide1.xml"/></Relationships>"#,
    ),
    (
        "ppt/presentation.xml",
        r#"<p:presentation xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><p:sldIdLst><p:sldId id="256" r:id="rId1"/></p:sldIdLst></p:presentation>"#,
    ),
];
const BOOK: &[(&str, &str)] = &[
    (
        "META-INF/container.xml",
        r#"<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="b.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"#,
    ),
    (
        "b.opf",
        r#"<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>"#,
    ),
];

/// Has a reader try bytes; the text when it takes them. A panic is a refusal, as in the extractor, where
/// the fuzzer's own hook lets it come so far.
pub fn read(format: Format, bytes: &[u8]) -> Option<String> {
    panic::catch_unwind(|| read_or_panic(format, bytes)).ok()?
}

fn read_or_panic(format: Format, bytes: &[u8]) -> Option<String> {
    let mut text = Text::new(MOST);
    match format.read(bytes, &mut text) {
        Ok(()) => {
            let shown = text.as_str().to_owned();
            assert!(shown.len() <= MOST, "{} bytes of text", shown.len());
            Some(shown)
        }
        Err(Problem::Damaged(how) | Problem::TooLarge(how)) => {
            assert!(!how.is_empty(), "a refusal without words");
            None
        }
        Err(Problem::Encrypted | Problem::TooMuch) => None,
    }
}

/// The bytes as the part of a package that has the text, in an otherwise whole document; none for formats that are
/// no packages.
pub fn packed(format: Format, part: &[u8]) -> Option<Vec<u8>> {
    let (others, name) = match format {
        Format::Docx => (WORD, "word/document.xml"),
        Format::Xlsx => (SHEETS, "xl/worksheets/sheet1.xml"),
        Format::Pptx => (SLIDES, "ppt/slides/slide1.xml"),
        Format::Odt | Format::Ods | Format::Odp => (&[][..], "content.xml"),
        Format::Epub => (BOOK, "a.xhtml"),
        Format::Eml | Format::Pdf | Format::Rtf | Format::Xls => return None,
    };
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let parts = others.iter().map(|(name, text)| (*name, text.as_bytes()));
    for (name, content) in parts.chain([(name, part)]) {
        zip.start_file(name, options).ok()?;
        zip.write_all(content).ok()?;
    }
    Some(zip.finish().ok()?.into_inner())
}
