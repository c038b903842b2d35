//! Tests of workbooks.

use crate::documents::Format;
use crate::documents::text::{Problem, Text};

/// The text of a document that lies in `tests/documents`.
fn text_of(format: Format, bytes: &[u8]) -> String {
    let mut text = Text::new(1 << 20);
    format.read(bytes, &mut text).expect("it can be read");
    text.as_str().to_owned()
}

#[test]
fn a_workbook_reads_as_headings_and_rows() {
    let bytes = include_bytes!("../../../tests/documents/sheet.xlsx");
    assert_eq!(
        text_of(Format::Xlsx, bytes),
        "--- Numbers ---\nname\tqty\tprice\napple\t3\t1.5\npear\t10\t2\n\t13\t3\nTrue\tFalse\t\n\
         2024-01-31 00:00:00\t2024-01-31 13:45:30\t06:30:00\n0.125\t1e+21\t0.1\n\t\t\n\t\tafter gap\n\
         #DIV/0!\ttext\t\n--- Text über ---\nmulti\nline\tcafé 日本\nplain bold\t\n--- Empty ---\n\
         --- Hidden ---\nhidden cell"
    );
    let bytes = include_bytes!("../../../tests/documents/sparse.xlsx");
    assert_eq!(
        text_of(Format::Xlsx, bytes),
        "--- One ---\nx\t\t\n\t\t5\n\t\t"
    );
}

/// A workbook with this sheet.
fn with_sheet(sheet: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let rows = format!("<x:worksheet xmlns:x='x'>{sheet}</x:worksheet>");
    for (name, content) in [
        (
            "xl/workbook.xml",
            "<workbook><workbookPr date1904='1'/><sheets><sheet name='S' r:id='a'/></sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            "<r><Relationship Id='a' Type='x/worksheet' Target='s.xml'/><Relationship Id='b' Type='x/sharedStrings' \
             Target='/xl/t.xml'/><Relationship Id='c' Type='x/styles' Target='y.xml'/></r>",
        ),
        ("xl/s.xml", &rows),
        (
            "xl/t.xml",
            "<sst><si><t>a_x0041_</t></si><si><r><t>b</t></r><rPh><t>no</t></rPh><r><t>c</t></r></si></sst>",
        ),
        (
            "xl/y.xml",
            "<s><numFmts><numFmt numFmtId='164' formatCode='[h]:mm'/></numFmts><cellXfs><xf numFmtId='0'/>\
             <xf numFmtId='14'/><xf numFmtId='164'/></cellXfs></s>",
        ),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .expect("it can be written");
        zip.write_all(content.as_bytes())
            .expect("it can be written");
    }
    zip.finish().expect("it can be written").into_inner()
}

fn sheet_text(sheet: &str) -> String {
    let text = text_of(Format::Xlsx, &with_sheet(sheet));
    text.strip_prefix("--- S ---")
        .expect("it begins with the sheet's name")
        .to_owned()
}

#[test]
fn cells_of_all_types_are_read() {
    let sheet = "<x:sheetData><x:row><x:c t='s'><x:v>0</x:v></x:c><x:c t='s'><x:v>1</x:v></x:c><x:c t='s'><x:v>9</x:v>\
                 </x:c><x:c t='b'><x:v>1</x:v></x:c><x:c t='e'><x:v>#N/A</x:v></x:c><x:c t='inlineStr'><x:is><x:t>i&amp;</x:t>\
                 </x:is></x:c><x:c s='1'><x:v>1.5</x:v></x:c><x:c s='2'><x:v>1.25</x:v></x:c><x:c><x:f>A1</x:f><x:v>7.0</x:v>\
                 </x:c><x:c t='d'><x:v>2024-01-31T10:00:00</x:v></x:c></x:row></x:sheetData>";
    assert_eq!(
        sheet_text(sheet),
        "\naA\tbc\t\tTrue\t#N/A\ti&\t1904-01-02 12:00:00\t1 day, 6:00:00\t7.0\t2024-01-31 10:00:00"
    );
}

#[test]
fn places_are_kept_in_whatever_order_cells_come() {
    let cell = |place: &str, value: u32| format!("<x:c r='{place}'><x:v>{value}</x:v></x:c>");
    let sheet = format!(
        "<x:sheetData><x:row r='2'>{}{}{}</x:row><x:row r='9'/></x:sheetData>",
        cell("C2", 3),
        cell("A2", 1),
        cell("A2", 2)
    );
    assert_eq!(sheet_text(&sheet), "\n\n2\t\t3");
}

#[test]
fn what_a_sheet_says_of_its_size_costs_nothing() {
    let sheet = "<x:dimension ref='A1:XFD1048576'/><x:sheetData><x:row r='1'><x:c><x:v>1</x:v></x:c></x:row></x:sheetData>";
    assert_eq!(sheet_text(sheet), "\n1");
    let sheet = "<x:dimension ref='A1:C9'/><x:sheetData><x:row r='1'><x:c><x:v>1</x:v></x:c></x:row></x:sheetData>";
    assert_eq!(sheet_text(sheet), "\n1\t\t");
}

#[test]
fn a_row_far_below_is_too_much() {
    let bytes = with_sheet(
        "<x:sheetData><x:row r='4000000000'><x:c><x:v>1</x:v></x:c></x:row></x:sheetData>",
    );
    let mut text = Text::new(1 << 20);
    assert_eq!(Format::Xlsx.read(&bytes, &mut text), Err(Problem::TooMuch));
}
