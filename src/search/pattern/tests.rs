//! Tests of patterns against tables and against Python itself.

mod oracle;

use super::*;

#[track_caller]
fn verdict(query: &str, line: &str) -> bool {
    Pattern::new(query, true, false)
        .unwrap_or_else(|problem| panic!("{query}: {problem}"))
        .is_match(line)
        .unwrap()
}

#[track_caller]
fn refusal(query: &str) -> String {
    match Pattern::new(query, true, false) {
        Err(Error::Pattern(text)) => text,
        other => panic!("{query:.40}: {other:?}"),
    }
}

#[test]
fn the_line_break_is_part_of_the_line() {
    for (query, line, expected) in [
        ("one$", "one\n", true),
        ("one\\Z", "one\n", false),
        ("one\\Z", "one", true),
        ("one\\n\\Z", "one\n", true),
        ("one\\n", "one", false),
        ("\\s$", "one\n", true),
        ("^$", "\n", true),
        ("^$", "a\n", false),
        ("(?m)^$", "a\n", true),
        ("e.$", "one\n", false),
        ("(?s)e.$", "one\n", true),
        ("\\n\\B", "one\n", true),
        ("e$\\n", "one\n", true),
    ] {
        assert_eq!(verdict(query, line), expected, "{query} on {line:?}");
    }
}

#[test]
fn a_text_of_many_lines_gives_the_same_lines_as_one_by_one() {
    let text = "one\ntwo words\n\n  \na-b\nlast one";
    for query in [
        "one$",
        "^one",
        "\\s$",
        "^$",
        "(?m)^$",
        "o\\Z",
        "e\\n",
        "[^a]*\\Z",
        "\\w+\\s+\\w+",
        "\\n\\B",
        "\\bw",
        "$",
        "\\n",
        "(?<=o)n",
        "(o)n\\1?",
        "(?s)t.*",
        "[^x]+",
        "(?:\\s|o)+$",
        "^\\s*$",
        "\\Aone",
    ] {
        let pattern = Pattern::new(query, true, false).unwrap();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let end = start + line.len();
            let found = pattern.candidate(text.as_bytes(), start);
            let candidate = found.is_some_and(|at| at < end || (at == end && end == text.len()));
            let matched = pattern.is_match(line).unwrap();
            assert!(candidate || !matched, "{query} misses {line:?}");
            if pattern.is_exact() {
                assert_eq!(candidate, matched, "{query} at {line:?}");
            }
            start = end;
        }
    }
}

#[test]
fn what_needs_no_backtracking_runs_without() {
    for (query, backtracks) in [
        ("(a+)+$", false),
        ("(?P<x>ab)c", false),
        ("\\w+\\d{2,3}?(?i:x|y)[^z]", false),
        ("(?P<x>ab)c(?P=x)", true),
        ("a(?=b)", true),
        ("(?:(?=a))*a", true),
        ("(?:(?:(?=a)){2})+(?:(?:)(?=a))?a", true),
        ("(?>a*)b", true),
        ("a*+b", true),
        ("(a)?(?(1)b|c)", true),
    ] {
        let pattern = Pattern::new(query, true, false).unwrap();
        assert_eq!(pattern.backtracks().is_some(), backtracks, "{query}");
    }
}

#[test]
fn no_place_is_within_a_character() {
    let pattern = Pattern::new("(?a)\\B", true, false).unwrap();
    assert!(!pattern.is_match("aİ1").unwrap());
    assert!(pattern.is_match("ab").unwrap());
}

#[test]
fn a_refusal_says_where_and_what_is_wrong() {
    for (query, place, words) in [
        ("(abc", "position 0", "not closed"),
        ("a(b))", "position 4", "no opening"),
        ("[z-a]", "position 1", "backwards"),
        ("*x", "position 0", "nothing before"),
        ("a**", "position 2", "follows a repetition"),
        ("a{3,2}", "position 1", "greater"),
        ("a{99999999999999999999}", "position 1", "too many"),
        ("ab\\", "position 2", "backslash"),
        ("a(?P<1>b)", "position 1", "no name"),
        ("(a)\\2", "position 3", "no group 2"),
        ("a(?i)b", "position 1", "very start"),
        ("[abc", "position 0", "not closed"),
        ("\\q", "position 0", "\\q means nothing"),
    ] {
        let text = refusal(query);
        assert!(
            text.contains(place) && text.contains(words),
            "{query}: {text}"
        );
        assert!(text.contains("regex=false"), "{text}");
    }
}

#[test]
fn patterns_too_large_are_refused_and_take_no_stack() {
    let deep = format!("{}{}", "(".repeat(1500), ")".repeat(1500));
    assert!(refusal(&deep).contains("nested"));
    for shape in ["(?:", "(?=", "(?>", "(?i:", "(?<!", "[", "(?(1)", "((a)*"] {
        assert!(Pattern::new(&shape.repeat(5000), true, false).is_err());
    }
    for (open, depth) in [("(?:", 99), ("(", 99), ("(?=", 30), ("(?>a*", 30)] {
        let nested = format!("{}b{}", open.repeat(depth), ")".repeat(depth));
        if let Ok(pattern) = Pattern::new(&nested, true, true) {
            assert!(pattern.is_match("aab\n").is_ok());
        }
    }
    assert!(refusal("(?:(?:\\w{1000}){1000}){1000}").contains("too large"));
    assert!(refusal("(?:(?:a{1000}){1000}){1000}").contains("too large"));
}

#[test]
fn backtracking_ends_with_a_word_about_the_cause() {
    let pattern = Pattern::new("^(?:(a|aa)(?!b))*$", true, false).unwrap();
    match pattern.is_match(&format!("{}!\n", "a".repeat(60))) {
        Err(Error::TooHard(text)) => assert!(text.contains("look-ahead"), "{text}"),
        other => panic!("{other:?}"),
    }
    assert!(!verdict("^(a+)+$", &format!("{}!\n", "a".repeat(100_000))));
}

#[test]
fn case_is_pythons() {
    for (query, line, expected) in [
        ("οδός", "ΟΔΌΣ\n", true),
        ("café", "CAFÉ\n", true),
        ("i", "İ\n", true),
        ("ı", "I\n", true),
        ("[h-j]x", "İx\n", true),
        ("k", "\u{212a}\n", true),
        ("s", "ſ\n", true),
        ("ß", "ẞ\n", true),
        ("ß", "ss\n", false),
        ("(?a)k", "\u{212a}\n", false),
        ("(?a)É", "é\n", false),
        ("(?-i:x)", "X\n", false),
    ] {
        let pattern = Pattern::new(query, true, true).unwrap();
        assert_eq!(
            pattern.is_match(line).unwrap(),
            expected,
            "{query} on {line:?}"
        );
    }
    let literal = Pattern::new("a.I", false, true).unwrap();
    assert!(literal.is_match("xA.ıx\n").unwrap());
    assert!(!literal.is_match("AbI\n").unwrap());
}

#[test]
fn text_as_it_stands_is_no_pattern() {
    for (query, line, expected) in [
        ("a.b", "a.b\n", true),
        ("a.b", "axb\n", false),
        ("(", "f(\n", true),
        ("", "\n", true),
        ("b\n", "ab\n", true),
        ("b\n", "ab", false),
        ("a\nb", "a\n", false),
        ("a\r", "a\n", false),
    ] {
        let pattern = Pattern::new(query, false, false).unwrap();
        assert_eq!(
            pattern.is_match(line).unwrap(),
            expected,
            "{query:?} on {line:?}"
        );
    }
}
