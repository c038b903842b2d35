//! Packages made to do harm: what is nested, what claims to be large, and what is there again and again.

use std::fmt::Write as _;

use super::Siege;
use super::packages::{
    DOCX_TAIL, SHEET, XLSX_TAIL, docx, docx_head, epub, open_document, open_head, open_tail, xlsx,
    xlsx_head,
};
use super::zipped::Deflated;

#[test]
fn sheets_without_end_cost_bounded_time() {
    let siege = Siege::new();
    let row = b"<row><c><v>1</v></c></row>";
    let million = |times| {
        Deflated::repeated(
            xlsx_head("A1:A10000000").as_bytes(),
            row,
            times,
            XLSX_TAIL.as_bytes(),
        )
    };
    siege.reads(
        "10m.xlsx",
        xlsx(1).deflated(SHEET, &million(10_000_000)).bytes(),
    );
    siege.reads(
        "1m.xlsx",
        xlsx(1).deflated(SHEET, &million(1_000_000)).bytes(),
    );
    let claimed = format!(
        "{}<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>{XLSX_TAIL}",
        xlsx_head("A1:XFD1048576")
    );
    let answer = siege.reads("claimed.xlsx", xlsx(1).part(SHEET, claimed).bytes());
    assert!(answer.body.len() < 10_000_000, "the claim is believed");
    let corners = format!(
        "{}<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>2</v></c></row>{XLSX_TAIL}",
        xlsx_head("A1:XFD1048576")
    );
    siege.reads("corners.xlsx", xlsx(1).part(SHEET, corners).bytes());
    let one = format!(
        "{}<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>{XLSX_TAIL}",
        xlsx_head("A1")
    );
    siege.reads("sheets.xlsx", xlsx(100_000).part(SHEET, one).bytes());
    let odd = format!(
        "{}<row r=\"4294967295\"><c r=\"ZZZZZZZ99999999999\"><v>1e999</v></c><c r=\"\" t=\"s\"><v>-1</v></c><c t=\"s\"><v>99999999999999999999</v></c></row>{XLSX_TAIL}",
        xlsx_head("")
    );
    siege.reads("odd.xlsx", xlsx(1).part(SHEET, odd).bytes());
    let cells = "<table:table-row table:number-rows-repeated=\"1000000000\"><table:table-cell table:number-columns-repeated=\"1000000000\" office:value-type=\"string\"><text:p>x</text:p></table:table-cell></table:table-row>";
    let ods = open_document("spreadsheet").part(
        "content.xml",
        format!(
            "{}<table:table>{cells}</table:table>{}",
            open_head("spreadsheet"),
            open_tail("spreadsheet")
        ),
    );
    siege.reads("repeated.ods", ods.bytes());
    let odt = open_document("text").part(
        "content.xml",
        format!(
            "{}<text:p>a<text:s text:c=\"4000000000\"/>b</text:p>{}",
            open_head("text"),
            open_tail("text")
        ),
    );
    siege.reads("spaces.odt", odt.bytes());
}

const LEVELS: usize = 100_000;

/// Elements in each other, with a letter in the innermost.
fn nested(open: &str, close: &str) -> String {
    format!("{}x{}", open.repeat(LEVELS), close.repeat(LEVELS))
}

#[test]
fn word_documents_of_a_hundred_thousand_levels_end_no_server() {
    let siege = Siege::new();
    let attributes = (0..LEVELS).fold("<w:p ".to_owned(), |mut all, n| {
        write!(all, "a{n}=\"\" ").expect("a string takes all");
        all
    });
    for (name, inside) in [
        ("xml", nested("<w:x>", "</w:x>")),
        ("open", "<w:x>".repeat(LEVELS)),
        ("runs", nested("<w:p><w:r><w:t>", "</w:t></w:r></w:p>")),
        (
            "tables",
            nested("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>"),
        ),
        ("attributes", format!("{attributes}/>")),
    ] {
        let document = format!("{}{inside}{DOCX_TAIL}", docx_head());
        let docx = docx().part("word/document.xml", document);
        siege.reads(&format!("{name}.docx"), docx.bytes());
    }
}

#[test]
fn open_documents_of_a_hundred_thousand_levels_end_no_server() {
    let siege = Siege::new();
    let tables = nested(
        "<table:table><table:table-row><table:table-cell>",
        "</table:table-cell></table:table-row></table:table>",
    );
    let lists = nested(
        "<text:list><text:list-item>",
        "</text:list-item></text:list>",
    );
    let spans = nested("<text:p><text:span>", "</text:span></text:p>");
    let groups = format!("<draw:page>{}</draw:page>", nested("<draw:g>", "</draw:g>"));
    for (name, kind, inside) in [
        ("lists.odt", "text", &lists),
        ("spans.odt", "text", &spans),
        ("tables.odt", "text", &tables),
        ("tables.ods", "spreadsheet", &tables),
        ("groups.odp", "presentation", &groups),
    ] {
        let content = format!("{}{inside}{}", open_head(kind), open_tail(kind));
        let package = open_document(kind).part("content.xml", content);
        siege.reads(name, package.bytes());
    }
}

#[test]
fn books_and_sheets_of_a_hundred_thousand_levels_end_no_server() {
    let siege = Siege::new();
    for (name, inside) in [
        ("divs", nested("<div>", "</div>")),
        ("open", "<table><tr><td>".repeat(LEVELS)),
    ] {
        let chapter = format!("<html><body>{inside}</body></html>");
        let epub = epub("<itemref idref=\"a\"/>").part("a.xhtml", chapter);
        siege.reads(&format!("{name}.epub"), epub.bytes());
    }
    let rows = nested("<row><c><is><r>", "</r></is></c></row>");
    let sheet = format!("{}{rows}{XLSX_TAIL}", xlsx_head("A1"));
    siege.reads("sheet.xlsx", xlsx(1).part(SHEET, sheet).bytes());
}

#[test]
fn a_chapter_that_is_in_the_book_a_million_times_is_no_million_chapters() {
    let siege = Siege::new();
    let chapter = format!(
        "<html><body>{}</body></html>",
        "<p>again</p>".repeat(10_000)
    );
    let spine = "<itemref idref=\"a\"/>".repeat(1_000_000);
    siege.reads("again.epub", epub(&spine).part("a.xhtml", chapter).bytes());
}
