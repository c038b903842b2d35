//! Packages made to do harm: what unpacks without end, and what expands.

use std::fmt::Write as _;

use super::Siege;
use super::zipped::{Deflated, Zip};

const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const RELATIONS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const WORD: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const SHEETS: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

/// The most that a package may say a part unpacks to, in MiB, without the large form of archives.
const HUGE: u64 = 4095;

/// Relations to one part.
fn relations(kind: &str, target: &str) -> String {
    format!(
        "<Relationships xmlns=\"{RELATIONS}\"><Relationship Id=\"rId1\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/></Relationships>"
    )
}

const TYPES: &str =
    "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>";

/// A Word document without its text.
pub(super) fn docx() -> Zip {
    Zip::default().part("[Content_Types].xml", TYPES).part(
        "_rels/.rels",
        relations("officeDocument", "word/document.xml"),
    )
}

pub(super) fn docx_head() -> String {
    format!("<w:document xmlns:w=\"{WORD}\"><w:body>")
}

pub(super) const DOCX_TAIL: &str = "</w:body></w:document>";

/// Sheets, all of which are the same part, which is still to be added.
pub(super) fn xlsx(sheets: u32) -> Zip {
    let list = (1..=sheets).fold(String::new(), |mut all, number| {
        write!(
            all,
            "<sheet name=\"S{number}\" sheetId=\"{number}\" r:id=\"rId1\"/>"
        )
        .expect("a string takes all");
        all
    });
    Zip::default()
        .part("[Content_Types].xml", TYPES)
        .part("_rels/.rels", relations("officeDocument", "xl/workbook.xml"))
        .part("xl/_rels/workbook.xml.rels", relations("worksheet", "worksheets/sheet1.xml"))
        .part(
            "xl/workbook.xml",
            format!("<workbook xmlns=\"{SHEETS}\" xmlns:r=\"{OFFICE}\"><sheets>{list}</sheets></workbook>"),
        )
}

pub(super) fn xlsx_head(dimension: &str) -> String {
    format!("<worksheet xmlns=\"{SHEETS}\"><dimension ref=\"{dimension}\"/><sheetData>")
}

pub(super) const XLSX_TAIL: &str = "</sheetData></worksheet>";
pub(super) const SHEET: &str = "xl/worksheets/sheet1.xml";

/// An `OpenDocument` package without its text.
pub(super) fn open_document(kind: &str) -> Zip {
    Zip::default().part(
        "mimetype",
        format!("application/vnd.oasis.opendocument.{kind}"),
    )
}

pub(super) fn open_head(kind: &str) -> String {
    let names: String = ["office", "text", "table", "draw"]
        .map(|name| format!(" xmlns:{name}=\"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0\""))
        .concat();
    format!("<office:document-content{names}><office:body><office:{kind}>")
}

pub(super) fn open_tail(kind: &str) -> String {
    format!("</office:{kind}></office:body></office:document-content>")
}

pub(super) fn epub(spine: &str) -> Zip {
    Zip::default()
        .part("mimetype", "application/epub+zip")
        .part(
            "META-INF/container.xml",
            "<container xmlns=\"urn:oasis:names:tc:opendocument:xmlns:container\"><rootfiles><rootfile full-path=\"b.opf\" media-type=\"application/oebps-package+xml\"/></rootfiles></container>",
        )
        .part(
            "b.opf",
            format!("<package xmlns=\"http://www.idpf.org/2007/opf\" version=\"3.0\"><manifest><item id=\"a\" href=\"a.xhtml\" media-type=\"application/xhtml+xml\"/></manifest><spine>{spine}</spine></package>"),
        )
}

#[test]
fn parts_that_unpack_to_gigabytes_are_refused() {
    let siege = Siege::new();
    let zeroes = Deflated::repeated(b"", &b"\0".repeat(1 << 20), HUGE, b"");
    let head = docx_head();
    let words = Deflated::repeated(
        head.as_bytes(),
        &b"<w:p><w:r><w:t>boom</w:t></w:r></w:p>".repeat(1 << 15),
        HUGE / 2,
        DOCX_TAIL.as_bytes(),
    );
    let refused = [
        "unpack",
        "memory",
        "text in it",
        "of text",
        "read as a document",
        "to be read",
    ];
    let word = |content| docx().deflated("word/document.xml", content);
    let open = |kind| open_document(kind).deflated("content.xml", &zeroes);
    let lying = docx().lying("word/document.xml", &words, 1000);
    for (name, package) in [
        ("z.docx", word(&zeroes)),
        ("w.docx", word(&words)),
        ("l.docx", lying),
        ("z.xlsx", xlsx(1).deflated(SHEET, &zeroes)),
        ("z.odt", open("text")),
        ("z.ods", open("spreadsheet")),
        ("z.odp", open("presentation")),
    ] {
        siege.refuses(name, package.bytes(), &refused);
    }
    let epub = epub("<itemref idref=\"a\"/>").deflated("a.xhtml", &zeroes);
    siege.reads("z.epub", epub.bytes());
    // What is not needed is not unpacked.
    let fine = format!("{head}<w:p><w:r><w:t>fine</w:t></w:r></w:p>{DOCX_TAIL}");
    let fine = docx()
        .part("word/document.xml", fine)
        .deflated("word/media/image1.png", &zeroes);
    let answer = siege.reads("fine.docx", fine.bytes()).expect(200);
    assert_eq!(answer.json()["content"], "fine");
}

#[test]
fn a_sound_sheet_that_is_too_large_is_not_called_damaged() {
    let siege = Siege::new();
    let row = b"<row><c><v>1</v></c></row>";
    let head = xlsx_head("A1:A11000000");
    let rows = Deflated::repeated(head.as_bytes(), row, 11_000_000, XLSX_TAIL.as_bytes());
    let answer = siege.reads("large.xlsx", xlsx(1).deflated(SHEET, &rows).bytes());
    let detail = answer.expect(422).detail();
    assert!(
        detail.contains("too large to be read") && detail.contains("256 MiB"),
        "{detail}"
    );
    assert!(!detail.contains("whole"), "{detail}");
}

#[test]
fn shared_strings_and_relations_that_unpack_to_gigabytes_are_refused() {
    let siege = Siege::new();
    let head = format!("<sst xmlns=\"{SHEETS}\">");
    let item = b"<si><t>a shared string that is there very often</t></si>".repeat(1 << 14);
    let strings = Deflated::repeated(head.as_bytes(), &item, HUGE, b"</sst>");
    let sheet = format!(
        "{}<row r=\"1\"><c r=\"A1\" t=\"s\"><v>1</v></c></row>{XLSX_TAIL}",
        xlsx_head("A1")
    );
    let link = "<Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>";
    let book = relations("worksheet", "worksheets/sheet1.xml").replace("</Relationships>", link);
    let xlsx = Zip::default()
        .part("[Content_Types].xml", TYPES)
        .part("_rels/.rels", relations("officeDocument", "xl/workbook.xml"))
        .part("xl/_rels/workbook.xml.rels", book)
        .part("xl/workbook.xml", format!("<workbook xmlns=\"{SHEETS}\" xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"))
        .part(SHEET, sheet)
        .deflated("xl/sharedStrings.xml", &strings);
    siege.reads("strings.xlsx", xlsx.bytes());
    let spaces = Deflated::repeated(
        b"<Relationships>",
        &b" ".repeat(1 << 20),
        HUGE,
        b"</Relationships>",
    );
    let docx = Zip::default().deflated("_rels/.rels", &spaces);
    siege.reads("relations.docx", docx.bytes());
}

#[test]
fn entities_are_not_expanded() {
    let siege = Siege::new();
    let laughs = (1..10).fold("<!ENTITY l0 \"lol\">".to_owned(), |mut all, n| {
        let ten = format!("&l{};", n - 1).repeat(10);
        write!(all, "<!ENTITY l{n} \"{ten}\">").expect("a string takes all");
        all
    });
    let quadratic = format!("<!ENTITY q \"{}\">", "a".repeat(100_000));
    let external = "<!ENTITY e SYSTEM \"file:///etc/passwd\"><!ENTITY % p SYSTEM \"http://127.0.0.1:9/x\"> %p;";
    for (name, declared, used) in [
        ("laughs", laughs, "&l9;".to_owned()),
        ("quadratic", quadratic, "&q;".repeat(100_000)),
        ("external", external.to_owned(), "&e;".to_owned()),
    ] {
        let kind = format!("<?xml version=\"1.0\"?><!DOCTYPE x [{declared}]>");
        let docx = docx().part(
            "word/document.xml",
            format!(
                "{kind}{}<w:p><w:r><w:t>[{used}]</w:t></w:r></w:p>{DOCX_TAIL}",
                docx_head()
            ),
        );
        let odt = open_document("text").part(
            "content.xml",
            format!(
                "{kind}{}<text:p>[{used}]</text:p>{}",
                open_head("text"),
                open_tail("text")
            ),
        );
        let xlsx = xlsx(1).part(
            SHEET,
            format!(
                "{kind}{}<row><c t=\"inlineStr\"><is><t>[{used}]</t></is></c></row>{XLSX_TAIL}",
                xlsx_head("A1")
            ),
        );
        let epub = epub("<itemref idref=\"a\"/>").part(
            "a.xhtml",
            format!("{kind}<html><body><p>[{used}]</p></body></html>"),
        );
        for (ending, package) in [("docx", docx), ("odt", odt), ("xlsx", xlsx), ("epub", epub)] {
            let answer = siege.reads(&format!("{name}.{ending}"), package.bytes());
            let text = answer.text();
            assert!(!text.contains("lollol"), "{name}.{ending}: expanded");
            assert!(!text.contains("root:"), "{name}.{ending}: a file was read");
            assert!(answer.body.len() < 4_000_000, "{name}.{ending}: expanded");
        }
    }
}
