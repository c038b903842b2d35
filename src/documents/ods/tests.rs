//! Tests of sheets of `OpenDocument`.

use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

fn text_of(bytes: &[u8]) -> Result<String, Problem> {
    let mut text = Text::new(1 << 16);
    read(bytes, &mut text)?;
    Ok(text.as_str().to_owned())
}

/// A document with these rows.
fn with_rows(rows: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("content.xml", SimpleFileOptions::default())
        .expect("it can be written");
    write!(
        zip,
        "<d xmlns:t='t' xmlns:x='x' xmlns:o='o'><t:table t:name='S'>{rows}</t:table></d>"
    )
    .expect("it can be written");
    zip.finish().expect("it can be written").into_inner()
}

#[test]
fn cells_read_as_they_are_shown() {
    let bytes = include_bytes!("../../../tests/documents/sheet.ods");
    let text = text_of(bytes).expect("it can be read");
    assert_eq!(text, "--- First ---\na\t\tx y\n1.5\n--- Zwei ü ---\nb");
}

#[test]
fn what_has_a_value_is_repeated_and_gaps_are_not() {
    let bytes = with_rows(
        "<t:table-row t:number-rows-repeated='2'><t:table-cell t:number-columns-repeated='2'><x:p>a</x:p>\
         </t:table-cell><t:table-cell t:number-columns-repeated='1000'/></t:table-row>\
         <t:table-row t:number-rows-repeated='1048574'><t:table-cell t:number-columns-repeated='16384'/></t:table-row>",
    );
    assert_eq!(
        text_of(&bytes).expect("it can be read"),
        "--- S ---\na\ta\t\na\ta\t\n"
    );
}

#[test]
fn a_value_repeated_without_end_is_too_much() {
    let bytes = with_rows(
        "<t:table-row t:number-rows-repeated='4000000000'><t:table-cell t:number-columns-repeated='4000000000'>\
         <x:p>a</x:p></t:table-cell></t:table-row>",
    );
    assert_eq!(text_of(&bytes), Err(Problem::TooMuch));
}

#[test]
fn spaces_and_values_without_text_are_shown() {
    let bytes = with_rows(
        "<t:table-row><t:table-cell><x:p>p<x:s x:c='3'/>q<x:tab/>r\n  s</x:p></t:table-cell>\
         <t:table-cell o:value='5'/></t:table-row>",
    );
    assert_eq!(
        text_of(&bytes).expect("it can be read"),
        "--- S ---\np   q r s\t5"
    );
}

#[test]
fn truth_that_is_stored_but_not_shown_is_written_as_programs_show_it() {
    let bytes = with_rows(
        "<t:table-row><t:table-cell o:boolean-value='true'/><t:table-cell o:boolean-value='false'/>\
         <t:table-cell o:value='2.50'/><t:table-cell o:boolean-value='true'><x:p>yes</x:p></t:table-cell></t:table-row>",
    );
    let text = text_of(&bytes).expect("it can be read");
    assert_eq!(text, "--- S ---\nTRUE\tFALSE\t2.50\tyes");
}
