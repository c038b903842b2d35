//! Tests of text of `OpenDocument`.

use crate::documents::package::tests::packed;
use crate::documents::{Problem, Text};

/// What is read of a document with this text.
#[track_caller]
fn reads(inner: &str, expected: &str) {
    let content = format!(
        "<office:document-content><office:body><office:text>{inner}</office:text></office:body></office:document-content>"
    );
    let mut text = Text::new(1000);
    super::read(&packed(&[("content.xml", content.as_bytes())]), &mut text).unwrap();
    assert_eq!(text.as_str(), expected);
}

#[test]
fn a_file_of_opendocument_is_read() {
    let bytes = include_bytes!("../../../tests/documents/doc.odt");
    let mut text = Text::new(1000);
    super::read(bytes, &mut text).unwrap();
    assert_eq!(
        text.as_str(),
        "First styled paragraph\ntabherespacesbroken\n\nlist entry\ncell é\n日本"
    );
    assert_eq!(text.notices().len(), 1);
}

#[test]
fn text_boxes_follow_their_paragraph_once() {
    reads(
        "<text:p>a<draw:frame><draw:text-box><text:p>box</text:p></draw:text-box><svg:title>t</svg:title></draw:frame>b</text:p>",
        "ab\nbox",
    );
}

#[test]
fn deleted_text_and_comments_are_left_out() {
    reads(
        "<text:tracked-changes><text:deletion><text:p>old</text:p></text:deletion></text:tracked-changes><text:p>n<office:annotation><text:p>c</text:p></office:annotation></text:p>",
        "n",
    );
}

#[test]
fn the_title_of_the_document_is_text_where_it_is_a_field() {
    reads(
        "<text:p>on <text:title>Ants</text:title></text:p>",
        "on Ants",
    );
}

#[test]
fn notes_are_numbered_and_told_at_the_end() {
    let note = |text: &str| {
        format!(
            "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>{text}</text:p></text:note-body></text:note>"
        )
    };
    reads(
        &format!(
            "<text:p>a{}</text:p><text:p>b{}</text:p>",
            note("one"),
            note("two")
        ),
        "a[1]\nb[2]\n[1] one\n[2] two",
    );
}

#[test]
fn what_has_no_content_is_damage() {
    let read = super::read(&packed(&[("a", b"")]), &mut Text::new(9));
    assert!(matches!(read, Err(Problem::Damaged(_))));
}
