//! Tests of comparing: against Python's difflib, the wire's shape, and what is not compared.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

static GO: AtomicBool = AtomicBool::new(false);

/// What the interface is to answer, said with Python's own difflib.
const ORACLE: &str = r"
import difflib, json, re, sys
def compared(a, b, ignore):
    a, b = a.splitlines(), b.splitlines()
    key = (lambda line: re.sub(r'\s', '', line)) if ignore else (lambda line: line)
    lines = difflib.SequenceMatcher(None, [*map(key, a)], [*map(key, b)], autojunk=False)
    hunks = []
    for group in lines.get_grouped_opcodes(3):
        hunk = []
        for tag, i1, i2, j1, j2 in group:
            if tag == 'equal':
                hunk += [[i + 1, j + 1, [[a[i], False]]] for i, j in zip(range(i1, i2), range(j1, j2))]
                continue
            old = {i: [[a[i], False]] for i in range(i1, i2)}
            new = {j: [[b[j], False]] for j in range(j1, j2)}
            for i, j in zip(old, new):
                x, y = (re.findall(r'\w+|\s+|[^\w\s]', line) for line in (a[i], b[j]))
                codes = difflib.SequenceMatcher(None, x, y, autojunk=False).get_opcodes()
                old[i] = [[''.join(x[p:q]), tag != 'equal'] for tag, p, q, _, _ in codes if p < q]
                new[j] = [[''.join(y[p:q]), tag != 'equal'] for tag, _, _, p, q in codes if p < q]
            hunk += [[i + 1, None, s] for i, s in old.items()] + [[None, j + 1, s] for j, s in new.items()]
        hunks.append(hunk)
    return hunks
json.dump([compared(*case) for case in json.load(sys.stdin)], sys.stdout)
";

/// What the oracle says of each case, asked at once.
fn oracle(cases: &[(String, String, bool)]) -> Vec<Value> {
    let mut python = Command::new("python3")
        .args(["-c", ORACLE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is the oracle");
    let mut input = python.stdin.take().unwrap();
    input
        .write_all(&serde_json::to_vec(cases).unwrap())
        .unwrap();
    drop(input);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Two files to compare, which go with the directory.
fn files(old: &[u8], new: &[u8]) -> (tempfile::TempDir, [std::path::PathBuf; 2]) {
    let home = tempfile::tempdir().unwrap();
    let paths = ["old.txt", "new.txt"].map(|name| home.path().join(name));
    std::fs::write(&paths[0], old).unwrap();
    std::fs::write(&paths[1], new).unwrap();
    (home, paths)
}

fn compared(old: &[u8], new: &[u8], ignore_whitespace: bool) -> Result<Value, CompareError> {
    let (_home, [old, new]) = files(old, new);
    let found = compare(&old, &new, ignore_whitespace, &GO)?;
    Ok(serde_json::to_value(found).unwrap())
}

fn changes(old: &str, new: &str) -> Vec<(u64, u64)> {
    let found = compared(old.as_bytes(), new.as_bytes(), false).unwrap();
    let count = |name: &str| found[name].as_u64().unwrap();
    vec![(count("additions"), count("deletions"))]
}

/// The hunks in the short form that the oracle gives.
fn short(found: &Value) -> Value {
    let line = |line: &Value| {
        let segments = line["segments"].as_array().unwrap().iter();
        let segments: Vec<Value> = segments
            .map(|segment| json!([segment["text"], segment["changed"]]))
            .collect();
        json!([line["oldNumber"], line["newNumber"], segments])
    };
    let hunks = found["hunks"].as_array().unwrap().iter();
    hunks
        .map(|hunk| hunk["lines"].as_array().unwrap().iter().map(line).collect())
        .collect::<Vec<Value>>()
        .into()
}

/// Texts in which lines, words and white space repeat.
fn texts() -> impl Strategy<Value = (String, String, bool)> {
    let line = prop_oneof![
        3 => "[ab]{1,2}", 1 => "([ab.,é]{0,2}[ \t]{0,2}){0,4}", 1 => Just(String::new()),
    ];
    let lines = proptest::collection::vec((line.clone(), line, 0..9_u8), 0..30);
    (lines, any::<bool>()).prop_map(|(lines, ignore)| {
        let (mut old, mut new) = (String::new(), String::new());
        for (line, other, what) in lines {
            for (text, line) in [
                (&mut old, &line),
                (&mut new, if what == 0 { &other } else { &line }),
            ] {
                text.push_str(line);
                text.push('\n');
            }
            match what {
                1 => old.push_str("gone\n"),
                2 => new.push_str("come\n"),
                _ => {}
            }
        }
        (old, new, ignore)
    })
}

#[test]
fn changes_are_those_that_python_finds() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::default();
    let mut cases: Vec<(String, String, bool)> = (0..300)
        .map(|_| texts().new_tree(&mut runner).unwrap().current())
        .collect();
    // Long enough for the automaton, by lines and by words.
    let many = |seed: usize, end: &str| -> String {
        let number = |at: usize| (at * at * 7 + at * seed + at / 11) % 9;
        let words = (0..400).map(|at| format!("x{}", number(at)));
        words.collect::<Vec<_>>().join(end) + end
    };
    for end in ["\n", " ", ".", "\nq\nq\n"] {
        cases.push((many(3, end), many(4, end), false));
        cases.push((many(5, end), many(5, end)[9..].to_owned(), true));
    }
    for (case, wanted) in cases.iter().zip(oracle(&cases)) {
        let found = compared(case.0.as_bytes(), case.1.as_bytes(), case.2).unwrap();
        assert_eq!(short(&found), wanted, "{case:?}");
    }
}

#[test]
fn the_wire_says_where_and_what() {
    let found = compared(b"one two\nsame\n", b"one 2\nsame\nmore\n", false).unwrap();
    assert_eq!(found["original"]["name"], "old.txt");
    assert_eq!(found["original"]["notices"], json!([]));
    assert_eq!(
        (&found["additions"], &found["deletions"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        found["hunks"],
        json!([{ "header": "@@ -1,2 +1,3 @@", "lines": [
            { "type": "removed", "oldNumber": 1, "newNumber": null, "content": "one two",
              "segments": [{ "text": "one ", "changed": false }, { "text": "two", "changed": true }] },
            { "type": "added", "oldNumber": null, "newNumber": 1, "content": "one 2",
              "segments": [{ "text": "one ", "changed": false }, { "text": "2", "changed": true }] },
            { "type": "context", "oldNumber": 2, "newNumber": 2, "content": "same", "revisedContent": "same",
              "segments": [{ "text": "same", "changed": false }] },
            { "type": "added", "oldNumber": null, "newNumber": 3, "content": "more",
              "segments": [{ "text": "more", "changed": false }] },
        ] }])
    );
    let spaced = compared(b"a b\nx\n", b"ab\ny\n", true).unwrap();
    assert_eq!(spaced["hunks"][0]["lines"][0]["content"], "a b");
    assert_eq!(spaced["hunks"][0]["lines"][0]["revisedContent"], "ab");
    let empty = compared(b"", b"x\n", false).unwrap();
    assert_eq!(empty["hunks"][0]["header"], "@@ -0,0 +1,1 @@");
}

#[test]
fn a_link_is_told_by_what_it_leads_to() {
    let (home, [old, new]) = files(b"x\n", b"x\n");
    let link = home.path().join("link");
    std::os::unix::fs::symlink(&old, &link).unwrap();
    let found = serde_json::to_value(compare(&link, &new, false, &GO).unwrap()).unwrap();
    assert_eq!(found["original"]["name"], "old.txt");
    let real = std::fs::canonicalize(&old).unwrap();
    assert_eq!(found["original"]["path"], shown(&real).as_ref());
}

#[test]
fn encodings_and_line_ends_make_no_difference() {
    let text = "é one\ntwo\n";
    let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}é one\r\ntwo"
            .encode_utf16()
            .flat_map(order)
            .collect()
    };
    let utf32: Vec<u8> = "\u{feff}é one\rtwo"
        .chars()
        .flat_map(|c| u32::from(c).to_be_bytes())
        .collect();
    for other in [
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
        utf32,
        "\u{feff}é one\u{2028}two".into(),
    ] {
        let found = compared(text.as_bytes(), &other, false).unwrap();
        assert_eq!(found["hunks"], json!([]), "{other:?}");
    }
}

#[test]
fn what_is_not_compared_says_why() {
    let long = "y".repeat(CHARACTERS + 1);
    let lines = "\n".repeat(LINES + 1);
    for (bytes, words) in [
        (&b"caf\xe9\n"[..], "not text in UTF-8"),
        (b"\xff\xfea", "not text in UTF-8"),
        (b"\xff\xfe\x00\xd8", "not text in UTF-8"),
        (b"bell \x07\n", "control characters"),
        (b"a\x00b", "control characters"),
        (long.as_bytes(), "more than 2000000 characters"),
        (&vec![b'y'; 10 << 20], "more than 2000000 characters"),
        (lines.as_bytes(), "more than 50000 lines"),
    ] {
        let error = compared(b"x\n", bytes, false).unwrap_err().to_string();
        assert!(
            error.contains(words) && error.contains("new.txt"),
            "{error}"
        );
    }
    for fits in [
        &long[1..],
        &lines[1..],
        &format!("{}\r\n", &long[2..]),
        "\t\x0c\x7f",
    ] {
        compared(fits.as_bytes(), b"", false).unwrap();
    }
    let (home, [old, new]) = files(b"", b"");
    std::fs::File::options()
        .write(true)
        .open(&old)
        .unwrap()
        .set_len(BYTES + 1)
        .unwrap();
    assert!(matches!(
        compare(&old, &new, false, &GO),
        Err(CompareError::TooLarge(_))
    ));
    let file = |path: &Path| compare(path, &new, false, &GO);
    assert!(matches!(
        file(home.path()),
        Err(CompareError::File(Error::IsDirectory(_)))
    ));
    assert!(matches!(
        file(Path::new("/dev/null")),
        Err(CompareError::File(Error::Special { .. }))
    ));
    let stop = AtomicBool::new(true);
    assert!(matches!(
        compare(&new, &new, false, &stop),
        Err(CompareError::File(Error::Stopped))
    ));
}

#[test]
fn many_like_lines_take_no_time_to_speak_of() {
    let same = "x\n".repeat(LINES);
    assert_eq!(changes(&same, &same), [(0, 0)]);
    let other = format!("{}y\n{}", &same[..LINES], &same[..LINES - 2]);
    assert_eq!(changes(&same, &other), [(1, 1)]);
    // Without an end to the work, these would be looked at for minutes.
    let runs = |step: usize| -> String {
        (0..LINES)
            .map(|at| if at % step == 0 { "a\n" } else { "b\n" })
            .collect()
    };
    let found = changes(&runs(7), &runs(11));
    assert!(found[0].0 == found[0].1 && found[0].0 < 25_000, "{found:?}");
}

/// The longest block stated plainly.
fn longest(old: &[u32], new: &[u32]) -> Option<(usize, usize, usize)> {
    let mut best = None;
    for i in 0..old.len() {
        for j in 0..new.len() {
            let length = old[i..]
                .iter()
                .zip(&new[j..])
                .take_while(|(a, b)| a == b)
                .count();
            if length > best.map_or(0, |(_, _, longest)| longest) {
                best = Some((i, j, length));
            }
        }
    }
    best
}

proptest! {
    #[test]
    fn the_automaton_finds_the_first_longest_block(
        old in proptest::collection::vec(0..3_u32, 0..20),
        new in proptest::collection::vec(0..3_u32, 0..20),
    ) {
        let found = automaton::Automaton::of(&new).longest(&old);
        prop_assert_eq!(found.map(|block| (block.old, block.new, block.length)), longest(&old, &new));
    }
}
