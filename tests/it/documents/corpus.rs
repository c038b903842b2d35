//! Documents of many programs under `tests/corpus/files`, each with its text beside it in `NAME.txt`.
//!
//! `OT_BLESS=1` writes the texts anew; read what changed before it is kept.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::{Server, variables};

/// The documents, in order.
pub(super) fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/files");
    let entries = fs::read_dir(directory).expect("the corpus is there");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|ending| ending != "txt"))
        .collect();
    files.sort();
    files
}

/// The file beside a document that has its text.
fn expected(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.txt", path.display()))
}

#[test]
fn the_text_of_every_document_is_as_it_was_checked() {
    let server = Server::spawn();
    let mut wrong = Vec::new();
    for path in files() {
        let shown = path.display().to_string();
        let text = server.seen("read", &[("path", &shown)])["content"].clone();
        let text = text.as_str().expect("it is text").to_owned();
        if variables::get("OT_BLESS").is_some() {
            fs::write(expected(&path), &text).expect("the corpus is writable");
        }
        let right = fs::read_to_string(expected(&path)).unwrap_or_default();
        if text != right {
            let place = text.lines().zip(right.lines()).find(|(is, was)| is != was);
            wrong.push(format!("{shown}: {place:?} first"));
        }
    }
    assert!(wrong.is_empty(), "other texts:\n{}", wrong.join("\n"));
}

#[test]
fn there_are_documents_of_every_format() {
    let files = files();
    for ending in [
        "docx", "eml", "epub", "odp", "ods", "odt", "pdf", "pptx", "rtf", "xls", "xlsx",
    ] {
        let number = files
            .iter()
            .filter(|path| path.extension().is_some_and(|other| other == ending))
            .count();
        assert!(number >= 5, "{number} of {ending}");
    }
}

/// The documents that lack something, which their comparison would not show.
const INCOMPLETE: [&str; 1] = ["reportlab-form.pdf"];

#[test]
fn every_document_is_equal_to_itself() {
    let server = Server::spawn();
    let mut refused = Vec::new();
    for path in files() {
        let body = json!({ "original": path, "revised": path });
        let answer = server.post("compare", &body);
        if answer.status == 422 {
            let detail = answer.detail();
            assert!(detail.contains("cannot be compared"), "{detail}");
            refused.extend(path.file_name().map(|name| name.display().to_string()));
            continue;
        }
        let compared = answer.expect(200).json();
        assert_eq!(compared["hunks"], json!([]), "{}", path.display());
    }
    assert_eq!(refused, INCOMPLETE);
}
