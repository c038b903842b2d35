//! Patterns against what Python makes of them.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;

fn fit(pattern: &str, name: &str) -> bool {
    Fnmatch::new(pattern).matches(OsStr::new(name))
}

#[test]
fn patterns_mean_what_the_shell_means_over_all_of_the_name() {
    for (pattern, name) in [
        ("*.py", "a/b.py"),
        ("**/*.py", "a/b/c.py"),
        ("a?c", "a\nc"),
        ("[!a]", "b"),
        ("[]a]", "]"),
        ("[a-]", "-"),
        ("[!]a]", "b"),
        ("[abc", "[abc"),
        ("caf?", "café"),
        ("*a*b*c", "xxaxxbxxc"),
        ("", ""),
        ("[[]1]", "[1]"),
    ] {
        assert!(fit(pattern, name), "{pattern:?} {name:?}");
    }
    for (pattern, name) in [
        ("*.py", "a.pyc"),
        ("**/*.py", "c.py"),
        ("A", "a"),
        ("[z-a]", "z"),
        ("a?", "a"),
        ("", "a"),
        ("a", ""),
    ] {
        assert!(!fit(pattern, name), "{pattern:?} {name:?}");
    }
}

#[test]
fn a_name_that_is_not_utf_8_is_matched_as_it_is_shown() {
    let name = OsStr::from_bytes(b"caf\xe9.txt");
    for pattern in [
        "caf\u{efe9}.txt",
        "caf?.txt",
        "*.txt",
        "c*\u{efe9}*",
        "caf[!a].txt",
        "caf*",
    ] {
        assert!(Fnmatch::new(pattern).matches(name), "{pattern:?}");
    }
    assert!(!Fnmatch::new("caf??.txt").matches(name));
}

#[test]
fn many_stars_take_no_longer_than_the_lengths_multiplied() {
    let pattern = "a*".repeat(200) + "b?";
    let begun = std::time::Instant::now();
    assert!(!fit(&pattern, &"a".repeat(2000)));
    assert!(begun.elapsed().as_secs() < 5);
}

#[test]
fn python_agrees() {
    let (pattern, name) = (
        r"[\]\[!*?^\\/.aA\né z-]{0,5}(\[!?[\]!a-c-]{1,6}\])?[a*?]{0,3}",
        r"[\]\[!^\\/.a-cA\né z-]{0,5}",
    );
    let mut runner = TestRunner::deterministic();
    let cases: Vec<(String, String)> = (0..8_000)
        .map(|_| (pattern, name).new_tree(&mut runner).unwrap().current())
        .collect();
    let said = python(&cases);
    for ((pattern, name), said) in cases.iter().zip(&said) {
        assert_eq!(
            fit(pattern, name),
            *said,
            "pattern {pattern:?} name {name:?}"
        );
    }
    let matched = said.iter().filter(|said| **said).count();
    assert!(
        matched > 200,
        "only {matched} cases match, which proves little"
    );
}

/// What Python's `fnmatchcase` says of each pattern and name.
fn python(cases: &[(String, String)]) -> Vec<bool> {
    let program = r"
import fnmatch, json, sys
for line in sys.stdin:
    pattern, name = json.loads(line)
    print(int(fnmatch.fnmatchcase(name, pattern)))
";
    let mut child = Command::new("python3")
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines: Vec<String> = cases
        .iter()
        .map(|case| serde_json::to_string(case).unwrap() + "\n")
        .collect();
    let writer = std::thread::spawn(move || input.write_all(lines.concat().as_bytes()));
    let answers = BufReader::new(child.stdout.take().unwrap()).lines();
    let said: Vec<bool> = answers.map(|line| line.unwrap() == "1").collect();
    writer.join().unwrap().unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(said.len(), cases.len());
    said
}
