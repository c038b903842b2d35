//! Tests of books.

use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

fn read_of(bytes: &[u8]) -> Result<Text, Problem> {
    let mut text = Text::new(1 << 20);
    read(bytes, &mut text)?;
    Ok(text)
}

/// A book of one chapter, which its package document calls so, with one more part.
fn book(href: &str, name: &str, more: (&str, &str)) -> Vec<u8> {
    let package = format!(
        "<p><manifest><item id='a' href='{href}'/></manifest><spine><itemref idref='a'/></spine></p>"
    );
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        (
            "META-INF/container.xml",
            "<c><rootfile full-path='O/p.opf'/></c>",
        ),
        ("O/p.opf", &package),
        (name, "<html><body><p>text</p></body></html>"),
        more,
    ] {
        zip.start_file(name, SimpleFileOptions::default())
            .expect("it can be written");
        zip.write_all(content.as_bytes())
            .expect("it can be written");
    }
    zip.finish().expect("it can be written").into_inner()
}

fn encryption(method: &str) -> String {
    format!(
        "<e><EncryptedData><EncryptionMethod Algorithm='{method}'/><CipherData><CipherReference URI='O/c.html'/>\
         </CipherData></EncryptedData></e>"
    )
}

#[test]
fn chapters_come_in_the_order_of_the_spine() {
    let text =
        read_of(include_bytes!("../../../tests/documents/book.epub")).expect("it can be read");
    assert_eq!(
        text.as_str(),
        "Chapter One\nHello bold café & more.\n\nSecondchapter"
    );
    assert_eq!(text.gaps().len(), 0);
}

#[test]
fn a_chapter_that_is_not_there_is_a_gap() {
    let text =
        read_of(include_bytes!("../../../tests/documents/gap.epub")).expect("it can be read");
    assert_eq!(
        text.as_str(),
        "Chapter One\nHello bold café & more.\n\nSecondchapter"
    );
    assert_eq!(
        text.gaps(),
        ["its chapter \"OEBPS/missing.xhtml\" is not in the file"]
    );
}

#[test]
fn names_are_relative_and_percent_encoded() {
    let bytes = book("../my%20ch%C3%A9.html#top", "my ché.html", ("x", ""));
    assert_eq!(read_of(&bytes).expect("it can be read").as_str(), "text");
}

#[test]
fn encrypted_chapters_are_refused_and_fonts_are_not() {
    let list = "META-INF/encryption.xml";
    let locked = encryption("http://www.w3.org/2001/04/xmlenc#aes128-cbc");
    let locked = read_of(&book("c.html", "O/c.html", (list, &locked)));
    assert_eq!(locked.expect_err("it is encrypted"), Problem::Encrypted);
    let font = encryption(FOR_FONTS[0]);
    assert!(read_of(&book("c.html", "O/c.html", (list, &font))).is_ok());
}
