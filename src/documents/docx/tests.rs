//! Tests of Word documents.

use crate::documents::package::tests::packed;
use crate::documents::{Problem, Text};

/// What is read of a body.
fn text_of(body: &str, notes: &str) -> Result<String, Problem> {
    let main = format!("<w:document><w:body>{body}<w:sectPr/></w:body></w:document>");
    let list = r#"<R><Relationship Id="n" Type="x/footnotes" Target="footnotes.xml"/></R>"#;
    let bytes = packed(&[
        ("word/document.xml", main.as_bytes()),
        ("word/_rels/document.xml.rels", list.as_bytes()),
        (
            "word/footnotes.xml",
            format!("<w:footnotes>{notes}</w:footnotes>").as_bytes(),
        ),
    ]);
    let mut text = Text::new(1 << 20);
    super::read(&bytes, &mut text)?;
    assert_eq!(text.notices().len(), 2);
    Ok(text.as_str().to_owned())
}

/// What is read of a paragraph.
#[track_caller]
fn paragraph(inner: &str, expected: &str) {
    assert_eq!(
        text_of(&format!("<w:p>{inner}</w:p>"), "").as_deref(),
        Ok(expected)
    );
}

/// What is read of the rows of a table.
#[track_caller]
fn table(rows: &str, expected: &str) {
    assert_eq!(
        text_of(&format!("<w:tbl><w:tblPr/>{rows}</w:tbl>"), "").as_deref(),
        Ok(expected)
    );
}

fn run(text: &str) -> String {
    format!("<w:r><w:t>{text}</w:t></w:r>")
}

fn cell(properties: &str, text: &str) -> String {
    format!(
        "<w:tc><w:tcPr>{properties}</w:tcPr><w:p>{}</w:p></w:tc>",
        run(text)
    )
}

#[test]
fn a_file_of_word_is_read() {
    let bytes = include_bytes!("../../../tests/documents/simple.docx");
    let mut text = Text::new(1000);
    super::read(bytes, &mut text).unwrap();
    let expected = "Annual report\nOpening paragraph with café and 日本語.\nbold run\ttabbed\nafter break\n\nitem one\n\
        item two\nr0c0\tr0c1\tr0c2\nr1c0\ttwo\nlines\tr1c2\nClosing paragraph.";
    assert_eq!(text.as_str(), expected);
    assert_eq!(
        super::read(bytes, &mut Text::new(20)),
        Err(Problem::TooMuch)
    );
}

#[test]
fn merged_cells_stand_in_each_of_their_places() {
    let bytes = include_bytes!("../../../tests/documents/tables.docx");
    let mut text = Text::new(1000);
    super::read(bytes, &mut text).unwrap();
    let expected = "00\n01\t00\n01\t02\n10\n\t11\t12\n22\n20\t21\t12\n22\nafter table";
    assert_eq!(text.as_str(), expected);
    let rows = format!(
        "<w:tr>{}{}</w:tr><w:tr>{}{}{}</w:tr>",
        cell("<w:gridSpan w:val='2'/>", "w"),
        cell("<w:vMerge w:val='restart'/>", "v"),
        cell("", "a"),
        cell("", "b"),
        cell("<w:vMerge/>", "")
    );
    table(&rows, "w\tw\tv\na\tb\tv");
}

#[test]
fn a_cell_that_goes_on_from_nowhere_has_its_own_text() {
    table(
        &format!("<w:tr>{}</w:tr>", cell("<w:vMerge/>", "own")),
        "own",
    );
}

#[test]
fn no_cell_is_repeated_more_often_than_word_has_columns() {
    let row = format!(
        "<w:tr>{}</w:tr>",
        cell("<w:gridSpan w:val='4000000000'/>", "x")
    );
    table(&row, &["x"; 63].join("\t"));
}

#[test]
fn tracked_changes_count_as_accepted() {
    paragraph(
        &format!("{}<w:ins>{}</w:ins>", run("a"), run("new")),
        "anew",
    );
    paragraph(
        &format!(
            "{}<w:del><w:r><w:delText>old</w:delText></w:r></w:del>",
            run("a")
        ),
        "a",
    );
    paragraph(
        &format!(
            "<w:moveFrom>{}</w:moveFrom><w:moveTo>{}</w:moveTo>",
            run("x"),
            run("y")
        ),
        "y",
    );
    let mark = "<w:pPr><w:rPr><w:del/></w:rPr></w:pPr>";
    let body = format!(
        "<w:p>{mark}{}</w:p><w:p>{}</w:p><w:p>{mark}</w:p>",
        run("one"),
        run("two")
    );
    assert_eq!(text_of(&body, "").as_deref(), Ok("onetwo"));
    let body = format!(
        "<w:p>{mark}{}</w:p><w:tbl><w:tr>{}</w:tr></w:tbl>",
        run("one"),
        cell("", "c")
    );
    assert_eq!(text_of(&body, "").as_deref(), Ok("one\nc"));
    let deleted = format!("<w:tr><w:trPr><w:del/></w:trPr>{}</w:tr>", cell("", "gone"));
    table(
        &format!("{deleted}<w:tr>{}</w:tr>", cell("", "kept")),
        "kept",
    );
}

#[test]
fn what_stands_around_text_hides_none_of_it() {
    for around in [
        "w:hyperlink",
        "w:sdt",
        "w:smartTag",
        "w:customXml",
        "w:fldSimple",
        "w:dir",
        "m:oMath",
    ] {
        paragraph(
            &format!("{}<{around}>{}</{around}>", run("a"), run("b")),
            "ab",
        );
    }
    let block = format!(
        "<w:sdt><w:sdtContent><w:p>{}</w:p></w:sdtContent></w:sdt>",
        run("s")
    );
    assert_eq!(text_of(&block, "").as_deref(), Ok("s"));
    let row = format!(
        "<w:sdt><w:sdtContent><w:tr>{}</w:tr></w:sdtContent></w:sdt>",
        cell("", "r")
    );
    table(&row, "r");
}

#[test]
fn of_fields_the_results_are_read() {
    let mark = |kind| format!("<w:r><w:fldChar w:fldCharType='{kind}'/></w:r>");
    let (begin, separate, end) = (mark("begin"), mark("separate"), mark("end"));
    let condition = format!("{begin}{separate}{}{end}", run("5"));
    let field = format!(
        "{begin}{condition}<w:r><w:instrText> = 5</w:instrText></w:r>{separate}{}{end}",
        run("yes")
    );
    paragraph(&format!("{field}{}", run(".")), "yes.");
}

#[test]
fn breaks_tabs_and_hyphens_are_characters() {
    paragraph(
        "<w:r><w:t>a</w:t><w:br/><w:t>b</w:t><w:tab/><w:t>c</w:t><w:noBreakHyphen/><w:softHyphen/><w:cr/></w:r>",
        "a\nb\tc-\n",
    );
    // A page ends where the line does, unless text goes on.
    paragraph(
        "<w:r><w:br w:type='page'/><w:t>a</w:t><w:br w:type='page'/></w:r>",
        "a",
    );
    paragraph(
        "<w:r><w:t>a</w:t><w:br w:type='page'/><w:t>b</w:t></w:r>",
        "a\nb",
    );
}

#[test]
fn symbols_are_what_they_look_like() {
    paragraph(
        "<w:r><w:sym w:font='Wingdings' w:char='F0FC'/><w:sym w:font='Symbol' w:char='F061'/></w:r>",
        "✓α",
    );
    paragraph(
        "<w:r><w:sym w:font='Wingdings' w:char='F001'/><w:sym w:font='Arial' w:char='00E9'/></w:r>",
        "é",
    );
}

#[test]
fn text_boxes_follow_their_paragraph_once() {
    let content = format!("<w:txbxContent><w:p>{}</w:p></w:txbxContent>", run("box"));
    let shape = format!(
        "<w:r><mc:AlternateContent><mc:Choice><w:drawing>{content}</w:drawing></mc:Choice><mc:Fallback><w:pict>{content}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    );
    paragraph(&format!("{}{shape}{}", run("a"), run("b")), "ab\nbox");
}

#[test]
fn notes_are_numbered_and_told_at_the_end() {
    let reference = |id: &str| format!("<w:r><w:footnoteReference w:id='{id}'/></w:r>");
    let body = format!(
        "<w:p>{}{}{}</w:p><w:p>{}</w:p>",
        run("a"),
        reference("3"),
        reference("9"),
        run("b")
    );
    let note = |id: &str, text: &str| {
        format!(
            "<w:footnote w:id='{id}'><w:p>{}</w:p></w:footnote>",
            run(text)
        )
    };
    let notes = format!("{}{}", note("2", "unused"), note("3", " told"));
    assert_eq!(text_of(&body, &notes).as_deref(), Ok("a[1]\nb\n[1] told"));
}

#[test]
fn what_is_no_word_document_is_damage() {
    let other = packed(&[("word/document.xml", b"<workbook/>")]);
    assert!(matches!(
        super::read(&other, &mut Text::new(9)),
        Err(Problem::Damaged(_))
    ));
    let none = packed(&[("a", b"")]);
    assert!(matches!(
        super::read(&none, &mut Text::new(9)),
        Err(Problem::Damaged(_))
    ));
    assert!(matches!(text_of("<w:p>", ""), Err(Problem::Damaged(_))));
}
