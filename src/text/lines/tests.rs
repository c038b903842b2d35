//! Tests of lines: against the rule stated plainly, and against Python.

use super::*;
use proptest::prelude::*;

/// The rule stated character by character.
fn plainly(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let line = lines.last_mut().unwrap();
        line.push(c);
        let ends = match c {
            '\r' => chars.peek() != Some(&'\n'),
            '\n' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                true
            }
            _ => false,
        };
        if ends {
            lines.push(String::new());
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// Text in which breaks, and what looks nearly like them, are common.
pub(in crate::text) fn broken_text() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            3 => "[a-z]{0,40}",
            2 => "[\n\r]{1,3}",
            1 => "[\u{b}\u{c}\u{1b}-\u{1f}\u{85}\u{86}\u{a8}\u{2027}-\u{202a}\u{2068}\u{c5}é😀\u{0}\u{7f}]",
        ],
        0..24,
    )
    .prop_map(|parts| parts.concat())
}

#[test]
fn a_line_ends_at_every_break_that_python_knows() {
    let text = "a\nb\rc\r\nd\u{b}e\u{c}f\u{1c}g\u{1d}h\u{1e}i\u{85}j\u{2028}k\u{2029}\n\n\rl";
    let found: Vec<&str> = bare_lines(text).collect();
    assert_eq!(
        found,
        [
            "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "", "", "", "l"
        ]
    );
    assert_eq!(lines(text).collect::<String>(), text);
    assert_eq!(lines("").count(), 0);
    assert_eq!(lines("\n").collect::<Vec<_>>(), ["\n"]);
}

#[test]
fn what_is_no_break_ends_no_line() {
    let text = "a\tb\u{1b}c\u{1f}d\u{84}e\u{2027}f\u{202a}g\u{feff}h\0";
    assert_eq!(lines(text).collect::<Vec<_>>(), [text]);
}

proptest! {
    #[test]
    fn lines_are_what_the_rule_says(text in broken_text()) {
        let found: Vec<&str> = lines(&text).collect();
        prop_assert_eq!(&found, &plainly(&text));
        let breaks = ['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];
        let bare: Vec<&str> = bare_lines(&text).collect();
        let without: Vec<&str> = found.iter().map(|line| line.trim_end_matches(breaks)).collect();
        prop_assert_eq!(bare, without);
    }
}
