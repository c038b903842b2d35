//! Patterns against Python's `re`, which says what they mean.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::*;

const SCRIPT: &str = r#"
import json, re, sys, warnings
warnings.simplefilter("ignore")
for line in sys.stdin:
    case = json.loads(line)
    try:
        found = re.compile(case["query"], re.I if case["ignore_case"] else 0)
        answer = [found.search(line) is not None for line in case["lines"]]
    except Exception as problem:
        answer = str(problem)
    print(json.dumps(answer), flush=True)
"#;

struct Python {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Python {
    fn start() -> Self {
        let mut child = Command::new("python3")
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is on PATH");
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            _child: child,
        }
    }
}

/// What Python says: a verdict for each line, or none when it refuses the pattern.
fn python(query: &str, ignore_case: bool, lines: &[String]) -> Option<Vec<bool>> {
    static PYTHON: OnceLock<Mutex<Python>> = OnceLock::new();
    let python = PYTHON.get_or_init(|| Mutex::new(Python::start()));
    let mut python = python.lock().unwrap();
    let case = json!({"query": query, "ignore_case": ignore_case, "lines": lines});
    writeln!(python.input, "{case}").unwrap();
    let mut answer = String::new();
    python.output.read_line(&mut answer).unwrap();
    match serde_json::from_str(&answer).unwrap() {
        Value::Array(verdicts) => Some(verdicts.iter().map(|it| it.as_bool().unwrap()).collect()),
        _ => None,
    }
}

/// Same verdicts as Python; the pattern may be taken where Python refuses it.
fn agree(query: &str, ignore_case: bool, lines: &[String]) -> Result<(), TestCaseError> {
    let expected = python(query, ignore_case, lines);
    let pattern = match (Pattern::new(query, true, ignore_case), &expected) {
        (Ok(pattern), Some(_)) => pattern,
        (_, None) => return Ok(()),
        (Err(problem), Some(_)) => {
            return Err(TestCaseError::fail(format!("{query:?} refused: {problem}")));
        }
    };
    let found: Result<Vec<bool>, _> = lines.iter().map(|line| pattern.is_match(line)).collect();
    let found = found.map_err(|problem| TestCaseError::fail(format!("{query:?}: {problem}")))?;
    prop_assert_eq!(
        Some(&found),
        expected.as_ref(),
        "{:?} {} {:?}",
        query,
        ignore_case,
        lines
    );
    let text: String = lines.concat();
    let mut start = 0;
    for (line, matched) in lines
        .iter()
        .zip(found)
        .take_while(|(line, _)| line.ends_with('\n'))
    {
        let end = start + line.len();
        let candidate = pattern
            .candidate(text.as_bytes(), start)
            .is_some_and(|at| at < end);
        prop_assert!(candidate || !matched, "{:?} misses {:?}", query, line);
        prop_assert!(
            matched || !candidate || !pattern.is_exact(),
            "{:?} takes {:?}",
            query,
            line
        );
        start = end;
    }
    Ok(())
}

/// Sequences, alternatives and repetitions of what `atoms` gives.
fn combined(atoms: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    let sign = select(vec![
        "", "", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{,2}", "{1,}", "{1,2}?", "++",
        "*+", "{",
    ]);
    atoms.prop_recursive(3, 12, 4, move |inner| {
        let group = select(vec![
            "(", "(", "(?:", "(?i:", "(?-i:", "(?s:", "(?m:", "(?a:", "(?=", "(?!", "(?>", "(?x: ", "(?#x)(?:",
        ]);
        let parts = proptest::collection::vec((inner.clone(), sign.clone()), 1..4)
            .prop_map(|parts| parts.into_iter().flat_map(|(atom, sign)| [atom, sign.to_owned()]).collect::<String>());
        prop_oneof![
            3 => parts.clone(),
            2 => (group, parts.clone(), sign.clone()).prop_map(|(open, inner, sign)| format!("{open}{inner}){sign}")),
            1 => proptest::collection::vec(parts, 2..4).prop_map(|parts| parts.join("|")),
        ]
    })
}

fn pattern() -> impl Strategy<Value = String> {
    let atoms = prop_oneof![
        4 => select(vec!["a", "b", "B", "i", "k", "s", "é", "ß", "-", " ", "1", "_", "#", "ab"]),
        3 => select(vec![".", "^", "$", "\\A", "\\Z", "\\b", "\\B", "\\n", "\\s", "\\S", "\\w", "\\W", "\\d", "\\D"]),
        2 => select(vec!["[ab]", "[^a]", "[a-c-]", "[]a]", "[^]\\n]", "[\\w-]", "[\\W\\d]", "[^\\s]", "[a&&b]", "[a--b]",
                         "[[a]", "[a~~b]", "[a||b]", "[\\b]", "[I-k]", "[^\\W_]", "[\\D1]", "[\\S\\n]", "[\\x00-\\uffff]", "[^ -\\U0010ffff]"]),
        1 => select(vec!["\\x61", "\\u00e9", "\\101", "\\07", "\\N{EM DASH}", "\\.", "\\ ", "\\ud800", "{", "}", "{1", "a{,}", "]",
                         "\\1", "\\2", "(?P<n>a)", "(?P=n)", "(a)\\1", "(?<=a)", "(?<!\\w)", "(a)?(?(1)b|k)", "(?(1)b)", "(?#c)", "(?<=^a)"]),
    ];
    let flags = select(vec![
        "",
        "",
        "",
        "",
        "(?i)",
        "(?m)",
        "(?s)",
        "(?x)",
        "(?a)",
        "(?im)(?s)",
    ]);
    (flags, combined(atoms.prop_map(str::to_owned)))
        .prop_map(|(flags, pattern)| flags.to_owned() + &pattern)
}

fn line() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "a", "b", "ab", "A", "B", "k", "K", "\u{212a}", "i", "İ", "ı", "s", "ſ", "é", "e\u{301}",
        "É", "ß", "ẞ", "-", " ", "\t", "\u{1c}", "\u{85}", "\u{2028}", "1", "٣", "²", "_", "‿",
        "#", "{", "}", "]", "[", "&", "~", "|", "\u{8}", "—", "😀", "\u{7}",
    ]);
    let body = proptest::collection::vec(piece, 0..6).prop_map(|parts| parts.concat());
    (body, prop::bool::weighted(0.8)).prop_map(|(body, ended)| {
        if ended || body.is_empty() {
            body + "\n"
        } else {
            body
        }
    })
}

proptest! {
    // The seed is fixed, so that one state of the code gives one result; another finds more.
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(4),
        ..ProptestConfig::default()
    })]

    #[test]
    fn patterns_mean_what_python_means(query in pattern(), ignore_case: bool, lines in proptest::collection::vec(line(), 1..8)) {
        agree(&query, ignore_case, &lines)?;
    }

    #[test]
    fn any_text_is_read_as_python_reads_it(query in "[ab01(){}\\[\\]?*+|^$.\\\\:=!<>P\\-,dwsAZbnx#i&é]{0,14}", lines in proptest::collection::vec(line(), 1..4)) {
        agree(&query, false, &lines)?;
    }

    #[test]
    fn text_as_it_stands_is_found_as_python_finds_it(query in line(), ignore_case: bool, lines in proptest::collection::vec(line(), 1..8)) {
        let query = query.trim_end_matches('\n');
        let pattern = Pattern::new(query, false, ignore_case).unwrap();
        let escaped: String = query.chars().map(|c| if c.is_ascii() { format!("\\x{:02x}", u32::from(c)) } else { c.to_string() }).collect();
        let expected = python(&escaped, ignore_case, &lines).unwrap();
        let found: Vec<bool> = lines.iter().map(|line| pattern.is_match(line).unwrap()).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn what_python_refuses_is_refused() {
    for query in [
        "(",
        ")",
        "[",
        "[z-a]",
        "*a",
        "a**",
        "a{2}{3}",
        "^*",
        "\\b+",
        "(?P<a>x)(?P<a>y)",
        "(?P=x)",
        "\\1",
        "(\\1)",
        "\\q",
        "[\\q]",
        "\\x4",
        "\\u12",
        "\\N{nothing}",
        "\\777",
        "(?i",
        "(?i-)",
        "(?i-i:a)",
        "(?au:a)",
        "(?L)a",
        "a(?i)",
        "(?z)",
        "(?P>x)",
        "(?<x>a)",
        "(?(1)a)",
        "(?(x)a)",
        "(a)(?(1)b|c|d)",
        "a{2,1}",
        "[a-\\d]",
        "(?#",
        "a\\",
        "(?",
        "(?P",
        "(?P<",
        "(?P<a",
        "(?-a:x)",
        "(?:",
        "(?=a",
    ] {
        assert!(
            python(query, false, &[]).is_none(),
            "{query} is taken by Python"
        );
        assert!(
            Pattern::new(query, true, false).is_err(),
            "{query} is taken"
        );
    }
}
