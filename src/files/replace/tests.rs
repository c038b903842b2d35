//! Tests of replacing: the reference's rules on plain text, line ends kept on other, and what errors say.

use super::*;
use crate::text::lines;
use proptest::prelude::*;

const BASE: &str = "alpha beta\ngamma alpha\ndelta\nalpha end\n";

fn chunk(target: &str, replacement: &str) -> Chunk {
    Chunk {
        target: target.to_owned(),
        replacement: replacement.to_owned(),
        ..Chunk::default()
    }
}

fn within(chunk: Chunk, start_line: Option<u64>, end_line: Option<u64>) -> Chunk {
    Chunk {
        start_line,
        end_line,
        ..chunk
    }
}

fn all(chunk: Chunk) -> Chunk {
    Chunk {
        allow_multiple: true,
        ..chunk
    }
}

fn done(text: &str, chunk: Chunk) -> String {
    replaced(text, &[chunk]).unwrap()
}

fn refused(text: &str, chunk: Chunk) -> String {
    replaced(text, &[chunk]).unwrap_err().to_string()
}

/// The rule on text with plain line ends: the lines joined, Python's `count` and `replace`.
fn plainly(text: &str, chunk: &Chunk) -> Option<String> {
    let all: Vec<&str> = lines(text).collect();
    let bound = |line: u64| usize::try_from(line).unwrap().min(all.len());
    let from = bound(chunk.start_line.unwrap_or(1) - 1);
    let to = bound(chunk.end_line.unwrap_or(u64::from(u32::MAX))).max(from);
    let scope = all[from..to].concat();
    let times = scope.matches(&chunk.target).count();
    let fits = times == 1 || (times > 1 && chunk.allow_multiple);
    fits.then(|| {
        [
            all[..from].concat(),
            scope.replace(&chunk.target, &chunk.replacement),
            all[to..].concat(),
        ]
        .concat()
    })
}

#[test]
fn each_chunk_sees_what_the_ones_before_made() {
    let chunks = [chunk("delta", "epsilon\n"), chunk("epsilon", "zeta")];
    assert_eq!(
        replaced(BASE, &chunks).unwrap(),
        "alpha beta\ngamma alpha\nzeta\n\nalpha end\n"
    );
    let chunks = [chunk("delta", "gamma"), chunk("gamma", "g")];
    let error = replaced(BASE, &chunks).unwrap_err().to_string();
    assert!(
        error.contains("replacement 2") && error.contains("2 times (on lines 2, 3)"),
        "{error}"
    );
    assert_eq!(replaced(BASE, &[]).unwrap(), BASE);
}

#[test]
fn lines_narrow_the_search_and_include_their_end() {
    let narrow = |target, start, end| within(chunk(target, "X"), start, end);
    for (wanted, chunk) in [
        (
            "alpha beta\ngamma X\ndelta\nalpha end\n",
            narrow("alpha", Some(2), Some(2)),
        ),
        (
            "alpha beta\ngamma alpha\ndelta\nX end\n",
            narrow("alpha", Some(3), None),
        ),
        (
            "X beta\ngamma alpha\ndelta\nalpha end\n",
            narrow("alpha", None, Some(1)),
        ),
        (
            "alpha beta\ngamma Xdelta\nalpha end\n",
            narrow("alpha\n", Some(2), Some(2)),
        ),
    ] {
        assert_eq!(done(BASE, chunk), wanted);
    }
    let unicode = done("x\u{2028}x\nx\u{b}x\n", narrow("x", Some(2), Some(2)));
    assert_eq!(unicode, "x\u{2028}X\nx\u{b}x\n");
}

#[test]
fn an_empty_target_is_between_all_characters() {
    assert_eq!(done("", chunk("", "seed")), "seed");
    assert!(refused(BASE, chunk("", "X")).contains("40 times (on lines 1"));
    assert_eq!(done("aé\r\n", all(chunk("", "-"))), "-a-é-\r\n-");
    assert_eq!(done("a\n", within(chunk("", "b"), Some(9), None)), "a\nb");
}

#[test]
fn line_ends_stay_what_they_are() {
    let text = "one\r\ntwo\r\nthree\r\n";
    for (target, replacement, wanted) in [
        ("two", "TWO", "one\r\nTWO\r\nthree\r\n"),
        ("one\ntwo", "1\n2", "1\r\n2\r\nthree\r\n"),
        ("one\ntwo", "1\r\n2\n3", "1\r\n2\r\n3\r\nthree\r\n"),
        ("two", "2\n2", "one\r\n2\r\n2\r\nthree\r\n"),
        ("\nthree\n", "", "one\r\ntwo"),
    ] {
        assert_eq!(done(text, chunk(target, replacement)), wanted, "{target:?}");
    }
    assert_eq!(done("a\r\nb\nc", chunk("\r\n", "\n")), "a\nb\nc");
    assert_eq!(done("a\rb\rc", chunk("b\nc", "x\ny")), "a\rx\ry");
    assert_eq!(done("a\nb\r\nc\n", chunk("b", "x\ny")), "a\nx\ny\r\nc\n");
    assert_eq!(
        done("a\nb\r\nc\n", chunk("b\n", "x\ny\n")),
        "a\nx\r\ny\r\nc\n"
    );
    assert_eq!(done("a\n", chunk("a", "x\r\ny")), "x\r\ny\n");
}

#[test]
fn an_error_says_what_is_there_instead() {
    let long = "x\n".repeat(30);
    for (text, chunk, words) in [
        (
            BASE,
            chunk("Gamma", "X"),
            "other capital letters it is on line 2",
        ),
        (BASE, chunk("omega", "X"), "character by character"),
        (
            BASE,
            chunk("gamma  alpha", "X"),
            "other spaces or line ends it is on line 2",
        ),
        (
            BASE,
            chunk("alpha\r\ndelta", "X"),
            "with \\n for line ends it is on line 2",
        ),
        (
            BASE,
            within(chunk("alpha", "X"), Some(3), Some(3)),
            "in lines 3 to 3; it is on lines 1, 2, 4;",
        ),
        (
            BASE,
            within(chunk("omega", "X"), Some(50), None),
            "the file has only 4 lines",
        ),
        (
            BASE,
            within(chunk("alpha", "X"), Some(3), Some(2)),
            "start_line is after end_line",
        ),
        (
            BASE,
            within(chunk("Delta", "X"), Some(3), Some(3)),
            "other capital letters it is on line 3",
        ),
        (
            BASE,
            within(chunk("alpha  end", "X"), Some(4), None),
            "line 4",
        ),
        ("", chunk("a", "X"), "character by character"),
        (
            &long,
            chunk("x", "y"),
            "30 times (on lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and more)",
        ),
        ("aaa\n", chunk("a", "y"), "3 times (on line 1)"),
    ] {
        let error = refused(text, chunk);
        assert!(error.contains(words), "{error}");
        assert!(
            error.contains("replacement 1") && error.contains("nothing was changed"),
            "{error}"
        );
    }
}

#[test]
fn growth_is_bounded() {
    let text = "a".repeat(1 << 20);
    let error = replaced(&text, &[all(chunk("", &"b".repeat(300)))]);
    assert!(matches!(error, Err(ReplaceError::TooLarge { chunk: 1 })));
    let same = done(&text, all(chunk("a", "b")));
    assert_eq!(same.len(), text.len());
}

proptest! {
    #[test]
    fn plain_text_follows_the_rule(
        text in "[ab\n\u{2028}é]{0,30}",
        target in "[ab\né]{0,3}",
        replacement in "[abx\n]{0,3}",
        start_line in proptest::option::of(1..8_u64),
        length in proptest::option::of(0..4_u64),
        allow_multiple in any::<bool>(),
    ) {
        let end_line = length.map(|length| start_line.unwrap_or(1) + length);
        let chunk = Chunk { target, replacement, start_line, end_line, allow_multiple };
        prop_assert_eq!(replaced(&text, std::slice::from_ref(&chunk)).ok(), plainly(&text, &chunk));
    }

    #[test]
    fn other_line_ends_change_nothing_but_themselves(
        text in "([ab]{0,3}\n){0,9}",
        target in "[ab\n]{0,4}",
        replacement in "[abx\n]{0,3}",
        ending in prop_oneof![Just("\r\n"), Just("\r")],
    ) {
        let chunk = all(chunk(&target, &replacement));
        let wanted = plainly(&text, &chunk).map(|text| text.replace('\n', ending));
        // Without a line end in the text nothing says which one to use.
        prop_assume!(text.contains('\n'));
        prop_assert_eq!(replaced(&text.replace('\n', ending), &[chunk]).ok(), wanted);
    }

    #[test]
    fn nothing_panics(text in "[aA \r\n\u{85}é]{0,20}", target in "[aA \r\né]{0,4}", replacement in "[\r\nx]{0,3}", start_line in proptest::option::of(1..9_u64), end_line in proptest::option::of(1..9_u64)) {
        drop(replaced(&text, &[Chunk { target, replacement, start_line, end_line, allow_multiple: false }]));
    }
}
