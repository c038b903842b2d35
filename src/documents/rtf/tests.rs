//! Tests of Rich Text Format.

use super::*;

fn text_of(bytes: &[u8]) -> Result<String, Problem> {
    let mut text = Text::new(1 << 20);
    read(bytes, &mut text)?;
    Ok(text.as_str().to_owned())
}

#[test]
fn paragraphs_tabs_and_characters_are_read() {
    let bytes = include_bytes!("../../../tests/documents/latin.rtf");
    let text = text_of(bytes).expect("it can be read");
    assert_eq!(
        text,
        "First bold line\nSecond\ttabbed é € end\nThird \u{fffd} {braces} \nbroken\n"
    );
}

#[test]
fn each_font_has_its_encoding() {
    for (written, expected) in [
        (r"{\rtf1\ansi\ansicpg1251 \'cf\'f0}", "Пр"),
        (r"{\rtf1\mac \'8e}", "é"),
        (r"{\rtf1\ansi\ansicpg932 \'82\'a0 \'93\'fa\'83A}", "あ 日ア"),
        (
            r"{\rtf1\ansi{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}}\f0 \'e9{\f1 \'cf}\'e9\f1 \'cf\plain \'e9}",
            "éПéПé",
        ),
    ] {
        assert_eq!(
            text_of(written.as_bytes()).as_deref(),
            Ok(expected),
            "{written}"
        );
    }
}

#[test]
fn unicode_skips_what_stands_behind_it() {
    for (written, expected) in [
        (
            r"{\rtf1\uc1\u233?\u-10179?\u-8704? {\uc2\u233??}\u233\'3fx\uc0\u233 y}",
            "é😀 ééxéy",
        ),
        (r"{\rtf1 \u233}? \u-10179? x}", "é"),
        (r"{\rtf1 \u-10179? x}", "\u{fffd} x"),
    ] {
        assert_eq!(
            text_of(written.as_bytes()).as_deref(),
            Ok(expected),
            "{written}"
        );
    }
}

#[test]
fn what_is_no_text_is_left_out() {
    let written = r"{\rtf1{\info{\title T}}{\*\unknown u}{\pict\bin3 }}}00}a{\header h}{\upr{x}{\*\ud y}}{\*\bkmkstart z}b}after";
    assert_eq!(text_of(written.as_bytes()).as_deref(), Ok("ayb"));
}

#[test]
fn groups_may_not_be_nested_without_end() {
    let deep = "{".repeat(1_000_000);
    assert!(matches!(text_of(deep.as_bytes()), Err(Problem::Damaged(_))));
}
