//! Tests of PDF, on documents other programs made and on some made here.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::super::{Problem, Text};
use super::read;

const HELVETICA: &str =
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";

const TWO_PAGES: &str = "First page title\nSecond line here\nPage two café (paren)\nLast line";

/// A document of objects, the first of which is the catalog.
fn document(objects: &[&str]) -> Vec<u8> {
    let mut file = "%PDF-1.4\n".to_owned();
    for (number, object) in (1..).zip(objects) {
        write!(file, "{number} 0 obj\n{object}\nendobj\n").unwrap();
    }
    file.push_str("trailer\n<< /Root 1 0 R >>\n");
    file.into_bytes()
}

/// A stream with entries in its dictionary.
fn stream(entries: &str, content: &str) -> String {
    let length = content.len();
    format!("<< {entries} /Length {length} >>\nstream\n{content}\nendstream")
}

/// A document of one page with a font F1, resources and further objects, the first of which is number 6.
fn page(content: &str, resources: &str, more: &[&str]) -> Vec<u8> {
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> {resources} >> >>"
    );
    let content = stream("", content);
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        &page,
        &content,
        HELVETICA,
    ];
    objects.extend(more);
    document(&objects)
}

fn text_of(bytes: &[u8]) -> String {
    let mut text = Text::new(1 << 20);
    read(bytes, &mut text).unwrap();
    text.as_str().to_owned()
}

fn problem_of(bytes: &[u8]) -> Problem {
    read(bytes, &mut Text::new(1 << 20)).unwrap_err()
}

/// What is shown by text operators in 12 point Helvetica that start at 72 700.
fn shown(operators: &str) -> String {
    text_of(&page(
        &format!("BT /F1 12 Tf 72 700 Td {operators} ET"),
        "",
        &[],
    ))
}

#[test]
fn pages_are_joined_by_line_breaks() {
    for bytes in [
        &include_bytes!("../../../tests/documents/simple.pdf")[..],
        include_bytes!("../../../tests/documents/flate.pdf"),
        include_bytes!("../../../tests/documents/object-streams.pdf"),
        include_bytes!("../../../tests/documents/linear.pdf"),
    ] {
        assert_eq!(text_of(bytes), TWO_PAGES);
    }
}

#[test]
fn a_document_that_opens_without_a_password_is_read() {
    for bytes in [
        &include_bytes!("../../../tests/documents/rc4.pdf")[..],
        include_bytes!("../../../tests/documents/aes128.pdf"),
        include_bytes!("../../../tests/documents/aes256.pdf"),
    ] {
        assert_eq!(text_of(bytes), TWO_PAGES);
    }
}

#[test]
fn a_document_that_needs_a_password_is_encrypted() {
    let bytes = include_bytes!("../../../tests/documents/encrypted.pdf");
    assert_eq!(problem_of(bytes), Problem::Encrypted);
}

#[test]
fn a_page_without_text_is_an_empty_line_and_a_gap() {
    let mut text = Text::new(1000);
    let bytes = include_bytes!("../../../tests/documents/blank.pdf");
    read(bytes, &mut text).unwrap();
    assert_eq!(text.as_str(), "\nonly page two");
    assert_eq!(text.gaps(), ["page 1 has no text; it may be a scan"]);
    assert_eq!(text.notices().len(), 1);
}

#[test]
fn words_and_lines_are_told_by_where_they_stand() {
    let bytes = include_bytes!("../../../tests/documents/kerned.pdf");
    let text = "Kerned words here\nAbsolute right side\nquote\nAB octal\nnext";
    assert_eq!(text_of(bytes), text);
}

#[test]
fn predefined_character_maps_are_known() {
    let bytes = include_bytes!("../../../tests/documents/japanese.pdf");
    assert_eq!(text_of(bytes), "日本語テスト漢字\nabc テスト");
}

#[test]
fn a_gap_of_half_a_space_is_a_space() {
    assert_eq!(shown("[(AA) -100 (BB)] TJ"), "AABB");
    assert_eq!(shown("[(AA) -150 (BB)] TJ"), "AA BB");
    assert_eq!(shown("(AA ) Tj 40 0 Td (BB) Tj"), "AA BB");
}

#[test]
fn raised_text_is_on_the_same_line() {
    let raised = "(AA) Tj 16 4 Td /F1 7 Tf (2) Tj 4 -4 Td /F1 12 Tf (CC) Tj";
    assert_eq!(shown(raised), "AA2CC");
    let mark = "(AA) Tj 17.2 4 Td /F1 7 Tf (2) Tj";
    assert_eq!(shown(mark), "AA 2");
    assert_eq!(shown("(AA) Tj 17.2 0 Td (2) Tj"), "AA2");
    assert_eq!(shown("(AA) Tj 0 -10 Td (BB) Tj"), "AA\nBB");
    assert_eq!(shown("14 TL (AA) ' (BB) ' T* (CC) Tj"), "AA\nBB\nCC");
}

#[test]
fn a_larger_heading_below_is_another_line() {
    assert_eq!(shown("(AA) Tj 0 -16 Td /F1 24 Tf (BB) Tj"), "AA\nBB");
}

#[test]
fn a_tab_in_a_string_is_a_space() {
    assert_eq!(shown("(AA\\tBB) Tj"), "AA BB");
}

#[test]
fn a_line_may_run_up_the_page() {
    let text =
        "0 1 -1 0 300 300 Tm (AA) Tj 0 1 -1 0 300 340 Tm (BB) Tj 0 1 -1 0 320 300 Tm (CC) Tj";
    assert_eq!(shown(text), "AA BB\nCC");
}

#[test]
fn what_stands_for_content_replaces_it() {
    let marked = "/Span << /ActualText (xyz) >> BDC (A) Tj (B) Tj EMC (C) Tj";
    assert_eq!(shown(marked), "xyzC");
    let marked = "/Span << /ActualText <FEFF00E9> >> BDC /P BMC (A) Tj EMC (B) Tj EMC (C) Tj";
    assert_eq!(shown(marked), "éC");
}

#[test]
fn hebrew_is_in_the_order_in_which_it_is_read() {
    let codes = "1 beginbfchar <61> <05D0> endbfchar 1 beginbfchar <62> <05D1> endbfchar";
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 7 0 R >>";
    let content = "BT /F2 12 Tf 90 700 Td (b) Tj -18 0 Td (ba) Tj ET";
    let bytes = page(
        "/X Do",
        "/XObject << /X 8 0 R >>",
        &[
            font,
            &stream("", codes),
            &stream(
                "/Subtype /Form /Resources << /Font << /F2 6 0 R >> >>",
                content,
            ),
        ],
    );
    assert_eq!(text_of(&bytes), "ב אב");
}

#[test]
fn glyphs_may_be_named_in_the_font() {
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Other /Encoding << /Differences [65 /eacute /f_i /uni20AC] >> >>";
    let bytes = page(
        "/X Do",
        "/XObject << /X 7 0 R >>",
        &[
            font,
            &stream(
                "/Subtype /Form /Resources << /Font << /F2 6 0 R >> >>",
                "BT /F2 12 Tf (ABC) Tj ET",
            ),
        ],
    );
    assert_eq!(text_of(&bytes), "éfi€");
}

/// A form that shows an "a" and draws another, so many times.
fn form(other: usize, times: usize) -> String {
    let fonts = "/Font << /F1 5 0 R >>";
    let entries = format!("/Resources << {fonts} /XObject << /X {other} 0 R >> >>");
    let content = format!("BT /F1 9 Tf (a) Tj ET {}", "/X Do ".repeat(times));
    stream(&format!("/Subtype /Form {entries}"), &content)
}

#[test]
fn forms_that_draw_each_other_end() {
    let forms = [form(7, 2), form(6, 2)];
    let bytes = page("/X Do", "/XObject << /X 6 0 R >>", &[&forms[0], &forms[1]]);
    assert_eq!(text_of(&bytes), "aaa");
}

#[test]
fn forms_that_draw_ever_more_forms_are_refused() {
    let forms = (7..20).map(|other| form(other, 9)).collect::<Vec<_>>();
    let forms = forms.iter().map(String::as_str).collect::<Vec<_>>();
    let bytes = page("/X Do", "/XObject << /X 6 0 R >>", &forms);
    assert!(matches!(problem_of(&bytes), Problem::Damaged(how) if how.contains("far more")));
}

#[test]
fn content_that_unpacks_to_far_too_much_is_refused() {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&vec![b' '; 100 << 20]).unwrap();
    let packed = packed.finish().unwrap();
    let mut bytes = page("", "", &[]);
    let entries = format!("/Filter /FlateDecode /Length {}", packed.len());
    bytes.truncate(bytes.windows(7).position(|at| at == b"trailer").unwrap());
    bytes.extend(format!("4 0 obj\n<< {entries} >>\nstream\n").as_bytes());
    bytes.extend(packed);
    bytes.extend(b"\nendstream\nendobj\ntrailer\n<< /Root 1 0 R >>\n");
    assert!(matches!(problem_of(&bytes), Problem::Damaged(how) if how.contains("far more")));
}

#[test]
fn pictures_without_an_end_do_not_take_for_ever() {
    let bytes = page(&"BI ID ".repeat(100_000), "", &[]);
    assert!(matches!(problem_of(&bytes), Problem::Damaged(how) if how.contains("far more")));
}

#[test]
fn a_tree_of_pages_that_leads_back_to_itself_ends() {
    let bytes = document(&[
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [2 0 R 3 0 R 3 0 R] /Count 1000000 >>",
        "<< /Type /Page /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        &stream("", "BT /F1 9 Tf (once) Tj ET"),
        HELVETICA,
    ]);
    assert_eq!(text_of(&bytes), "once");
}

#[test]
fn what_is_no_pdf_is_told_from_what_is_broken() {
    assert!(matches!(problem_of(b"hello"), Problem::Damaged(how) if how.contains("no PDF")));
    assert!(matches!(problem_of(b"%PDF-1.4\n"), Problem::Damaged(how) if how.contains("pages")));
}

#[test]
fn too_much_text_is_refused() {
    let bytes = include_bytes!("../../../tests/documents/simple.pdf");
    assert_eq!(read(bytes, &mut Text::new(10)), Err(Problem::TooMuch));
}
