//! Tests of workbooks of Excel up to 2003.

use super::*;

fn text_of(bytes: &[u8]) -> Result<String, Problem> {
    let mut text = Text::new(1 << 20);
    read(bytes, &mut text)?;
    Ok(text.as_str().to_owned())
}

#[test]
fn numbers_and_dates_are_doubles() {
    let bytes = include_bytes!("../../../tests/documents/legacy.xls");
    assert_eq!(
        text_of(bytes).expect("it can be read"),
        "--- Legacy ---\nname\t3.0\t2.5\ncafé\t1\t\n\t\t45322.5\n\t\t\n--- Second ---\nother"
    );
}

#[test]
fn the_newer_format_is_read_under_the_older_name() {
    let bytes = include_bytes!("../../../tests/documents/sparse.xlsx");
    let text = text_of(bytes).expect("it can be read");
    assert!(text.starts_with("--- One ---\nx\t"), "{text}");
}

#[test]
fn other_files_are_told_from_workbooks() {
    let refused = text_of(b"<html>").expect_err("it is no workbook");
    assert!(matches!(refused, Problem::Damaged(_)), "{refused:?}");
}
