//! Tests of reading a notebook's text and changing a cell in it.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn parse(text: &str) -> Document {
    Document::parse(text.to_owned()).unwrap()
}

/// As Jupyter writes it, with what nobody here knows in it.
const WRITTEN: &str = r##"{
 "cells": [
  {
   "cell_type": "markdown",
   "id": "m",
   "attachments": {"a.png": {"image/png": "iVBORw0K"}},
   "metadata": {},
   "source": "# whole"
  },
  {
   "cell_type": "code",
   "execution_count": 7,
   "id": "c",
   "metadata": {"zeta": 1e400, "alpha": [1,2]},
   "outputs": [],
   "source": [
    "x = 'é'\n",
    "x"
   ],
   "future": {"k": 123456789012345678901234567890}
  }
 ],
 "zzz": 0.1000,
 "metadata": {"kernelspec": {"name": "julia-1.11"}},
 "nbformat": 4,
 "nbformat_minor": 5
}
"##;

#[test]
fn a_cell_is_found_with_its_source_whole() {
    let document = parse(WRITTEN);
    assert_eq!((document.len(), document.kernel()), (2, "julia-1.11"));
    let cell = document.cell(1);
    assert_eq!(
        (cell.kind.as_str(), cell.id.as_deref()),
        ("code", Some("c"))
    );
    assert_eq!(cell.source, "x = 'é'\nx");
    assert_eq!(document.cell(0).source, "# whole");
}

#[test]
fn nothing_but_the_cell_is_written_anew() {
    let document = parse(WRITTEN);
    let mut members = document.members(1);
    members.set("execution_count", &8);
    let written = document.with_cell(1, &members);
    let (before, after) = WRITTEN
        .split_once("  {\n   \"cell_type\": \"code\"")
        .unwrap();
    assert!(written.starts_with(before));
    let after = &after[after.find("\n ],\n \"zzz\"").unwrap()..];
    assert!(written.ends_with(after), "{written}");
    assert!(
        written.contains("   \"execution_count\": 8,\n   \"id\": \"c\""),
        "{written}"
    );
    assert!(written.contains("1e400") && written.contains("123456789012345678901234567890"));
    let again = parse(&written);
    assert_eq!(again.with_cell(1, &again.members(1)), written);
}

#[test]
fn a_text_of_one_line_is_laid_out_as_jupyter_does_it() {
    let text = json!({"cells": [
        {"cell_type": "markdown", "metadata": {}, "source": "a\nb"},
        {"cell_type": "code", "metadata": {}, "source": ["1"], "outputs": [], "execution_count": null},
    ], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    .to_string();
    for end in ["", "\n"] {
        let document = parse(&format!("{text}{end}"));
        let written = document.with_cell(1, &document.members(1));
        assert!(
            written.starts_with("{\n \"cells\": [\n  {\n   \"cell_type\": \"markdown\",\n"),
            "{written}"
        );
        assert!(
            written.contains("   \"source\": [\n    \"a\\n\",\n    \"b\"\n   ]\n"),
            "{written}"
        );
        assert!(written.ends_with(&format!(" \"nbformat_minor\": 5\n}}{end}")));
    }
}

#[test]
fn other_indentation_is_kept() {
    for unit in ["  ", "\t", "    "] {
        let text = indented(&WRITTEN.replace('\n', ""), unit, "");
        let document = parse(&text);
        assert_eq!(document.with_cell(1, &document.members(1)), text);
    }
}

#[test]
fn what_is_no_notebook_is_told_why() {
    for (text, words) in [
        ("", "not JSON"),
        ("hello", "not JSON"),
        ("{}", "nbformat"),
        ("[]", "nbformat"),
        ("\"x\"", "nbformat"),
        (r#"{"nbformat":4}"#, "cells"),
        (r#"{"nbformat":"4","cells":[]}"#, "nbformat"),
        (r#"{"nbformat":5,"cells":[]}"#, "nbformat 5"),
        (r#"{"nbformat":2,"worksheets":[]}"#, "nbconvert"),
        (r#"{"nbformat":4,"cells":[1]}"#, "cell 0"),
        (
            r#"{"nbformat":4,"cells":[{"cell_type":"code","source":""},{"source":""}]}"#,
            "cell 1",
        ),
        (
            r#"{"nbformat":4,"cells":[{"cell_type":"code","source":3}]}"#,
            "source",
        ),
        (r#"{"nbformat":3,"worksheets":3}"#, "worksheets"),
    ] {
        let problem = Document::parse(text.to_owned()).unwrap_err();
        assert!(problem.contains(words), "{text}: {problem}");
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "[\\[\\]{}:,\"a0 ]{0,40}") {
        Document::parse(format!(r#"{{"nbformat":4,"cells":[{text}]}}"#)).ok();
        Document::parse(format!(r#"{{"nbformat":3,"worksheets":[{text}]}}"#)).ok();
    }

    #[test]
    fn every_source_comes_back(sources in proptest::collection::vec("\\PC{0,20}", 1..5), pretty in any::<bool>()) {
        let cells: Vec<_> = sources.iter().map(|source| json!({"cell_type": "code", "source": source, "metadata": {}})).collect();
        let text = json!({"nbformat": 4, "cells": cells}).to_string();
        let text = if pretty { indented(&text, " ", "") } else { text };
        let document = parse(&text);
        let last = sources.len() - 1;
        let written = parse(&document.with_cell(last, &document.members(last)));
        for (at, source) in sources.iter().enumerate() {
            prop_assert_eq!(&written.cell(at).source, source);
        }
    }
}
