//! Lines of a text, against a plain statement of the rule, however the text is cut into pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use open_terminal::text::{Scanner, bare_lines, clip, lines};

/// Whether a line ends behind this character; `\r` before `\n` does not end one.
fn is_break(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

fn plainly(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        if is_break(c) && (c, next) != ('\r', Some('\n')) {
            let end = at + c.len_utf8();
            found.push(&text[start..end]);
            start = end;
        }
    }
    if start < text.len() {
        found.push(&text[start..]);
    }
    found
}

fuzz_target!(|input: (&[u8], u8, u8, &str)| {
    let (cuts, first, bound, text) = input;
    let expected = plainly(text);
    assert!(lines(text).eq(expected.iter().copied()));
    assert!(bare_lines(text).eq(expected.iter().map(|line| line.trim_end_matches(is_break))));
    for line in &expected {
        let cut = clip(line, usize::from(bound));
        assert_eq!(cut.is_some(), line.len() > usize::from(bound));
    }
    let wanted = [u64::from(first), u64::from(first) + 1, u64::MAX];
    let mut scanner = Scanner::new(&wanted);
    let mut rest = text.as_bytes();
    for cut in cuts {
        let (piece, after) = rest.split_at(rest.len().min(usize::from(*cut)));
        scanner.push(piece).expect("it is UTF-8");
        rest = after;
    }
    scanner.push(rest).expect("it is UTF-8");
    let found = scanner.finish().expect("it is whole");
    assert_eq!(found.lines, expected.len() as u64);
    assert_eq!(found.size, text.len() as u64);
    for (line, start) in wanted.iter().zip(&found.starts) {
        let before = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        let at: usize = expected.iter().take(before).map(|line| line.len()).sum();
        let there = before < expected.len();
        assert_eq!(*start, there.then_some(at as u64), "line {line}");
    }
});
