//! Tests of the room against Python, which is asked once.

use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::strategy::{Strategy as _, ValueTree as _};

use super::*;

/// Each text's lines, and how many there are when `\r\n` and `\r` were made `\n` before.
const ORACLE: &str = r"
import json, sys
plain = lambda text: text.replace('\r\n', '\n').replace('\r', '\n')
texts = json.load(sys.stdin)
json.dump([[text.splitlines(True), text.splitlines(), len(plain(text).splitlines())] for text in texts], sys.stdout)
";

fn oracle(texts: &[String]) -> Vec<(Vec<String>, Vec<String>, u64)> {
    let mut python = Command::new("python3")
        .args(["-c", ORACLE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is the oracle");
    let mut input = python.stdin.take().unwrap();
    input
        .write_all(&serde_json::to_vec(texts).unwrap())
        .unwrap();
    drop(input);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn lines_are_those_of_python() {
    let mut runner = proptest::test_runner::TestRunner::default();
    let broken = lines::tests::broken_text();
    let mut texts: Vec<String> = (0..500)
        .map(|_| broken.new_tree(&mut runner).unwrap().current())
        .collect();
    // Every character that could be taken for a break, at every place of a word of eight.
    for c in ('\0'..'\u{100}').chain('\u{2000}'..'\u{2070}') {
        for before in 0..9 {
            texts.push(format!("{}{c}b", "a".repeat(before)));
        }
    }
    for (text, (whole, bare, count)) in texts.iter().zip(oracle(&texts)) {
        assert!(super::lines(text).eq(whole.iter()), "{text:?}");
        assert!(bare_lines(text).eq(bare.iter()), "{text:?}");
        assert_eq!(Scanned::of(text, &[]).lines, count, "{text:?}");
    }
}
