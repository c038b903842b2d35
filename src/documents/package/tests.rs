//! Tests of packages.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{Package, Piece, Xml};
use crate::documents::Problem;

/// A package with these parts.
pub(in crate::documents) fn packed(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in parts {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn parts_are_found_by_name() {
    let bytes = packed(&[("a/b.xml", b"<b/>"), ("c", b"")]);
    let package = Package::open(&bytes).unwrap();
    assert_eq!(package.part("a/b.xml"), Ok(Some(b"<b/>".to_vec())));
    assert_eq!(package.part("a"), Ok(None));
    assert!(package.has("a/b.xml") && package.has("c") && !package.has("b.xml"));
}

#[test]
fn what_is_no_archive_is_told_so() {
    assert!(matches!(Package::open(b""), Err(Problem::Damaged(_))));
    assert!(matches!(
        Package::open(b"plain text"),
        Err(Problem::Damaged(_))
    ));
    let bytes = packed(&[("a", b"aaaa")]);
    assert!(matches!(
        Package::open(&bytes[..40]),
        Err(Problem::Damaged(_))
    ));
}

#[test]
fn an_encrypted_package_is_a_compound_file_with_a_certain_member() {
    let mut bytes = super::COMPOUND.to_vec();
    bytes.resize(512, 0);
    assert!(matches!(Package::open(&bytes), Err(Problem::Damaged(_))));
    bytes.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(Package::open(&bytes).unwrap_err(), Problem::Encrypted);
}

#[test]
fn a_part_that_unpacks_to_too_much_is_refused() {
    let bytes = packed(&[("bomb", &vec![b' '; (256 << 20) + 1])]);
    let package = Package::open(&bytes).unwrap();
    assert!(matches!(package.part("bomb"), Err(Problem::TooLarge(_))));
}

#[test]
fn relationships_tell_the_parts_that_ids_stand_for() {
    let list = br#"<Relationships>
        <Relationship Id="r1" Type="http://x/slide" Target="slides/s1.xml"/>
        <Relationship Id="r2" Type="http://x/hyperlink" Target="http://a/" TargetMode="External"/>
        </Relationships>"#;
    let bytes = packed(&[("ppt/_rels/p.xml.rels", list)]);
    let found = Package::open(&bytes)
        .unwrap()
        .relationships("ppt/p.xml")
        .unwrap();
    assert_eq!(found.target("r1"), Some("ppt/slides/s1.xml"));
    assert_eq!(found.target("r2"), None);
    assert_eq!(
        found.of_kind("slide").collect::<Vec<_>>(),
        ["ppt/slides/s1.xml"]
    );
}

#[test]
fn an_encrypted_part_of_opendocument_is_told_by_the_manifest() {
    let manifest = |entry: &str| {
        format!(
            r#"<m:manifest><m:file-entry m:full-path="{entry}"><m:encryption-data/></m:file-entry></m:manifest>"#
        )
    };
    for (entry, encrypted) in [("content.xml", true), ("Pictures/a.png", false)] {
        let bytes = packed(&[
            ("META-INF/manifest.xml", manifest(entry).as_bytes()),
            ("content.xml", b"<a/>"),
        ]);
        let content = Package::open(&bytes).unwrap().open_document();
        assert_eq!(content == Err(Problem::Encrypted), encrypted);
    }
}

/// All text of some XML.
fn characters(content: &str) -> Result<String, Problem> {
    let mut xml = Xml::new("x", content);
    let mut all = String::new();
    while let Some(piece) = xml.next()? {
        if let Piece::Text(text) = piece {
            all.push_str(&text);
        }
    }
    Ok(all)
}

#[test]
fn only_the_entities_of_xml_are_expanded() {
    assert_eq!(
        characters("<a>&lt;&#233;<![CDATA[&]]></a>"),
        Ok("<é&".to_owned())
    );
    let laughs = r#"<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;">]><a>&m;</a>"#;
    assert!(matches!(characters(laughs), Err(Problem::Damaged(_))));
}

#[test]
fn broken_xml_is_damage() {
    for content in ["<a>", "<a></b>", "<a", "</a>", &"<a>".repeat(5000)] {
        assert!(
            matches!(characters(content), Err(Problem::Damaged(_))),
            "{content}"
        );
    }
}

#[test]
fn parts_in_other_encodings_are_decoded() {
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>".to_vec();
    assert!(
        super::xml::decode("x", latin)
            .unwrap()
            .ends_with("<a>é</a>")
    );
    let wide: Vec<u8> = "\u{feff}<a>é</a>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(super::xml::decode("x", wide).unwrap(), "<a>é</a>");
}
