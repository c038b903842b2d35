//! Tests of `PowerPoint`.

use crate::documents::package::tests::packed;
use crate::documents::{Problem, Text};

/// What is read of slides with these shapes, the last slide shown first; the gaps.
fn slides(shapes: &[&str]) -> (String, usize) {
    let mut ids = String::new();
    let mut list = String::from("<R>");
    let mut parts = Vec::new();
    for (index, shapes) in shapes.iter().enumerate() {
        ids.insert_str(
            0,
            &format!("<p:sldId id='{}' r:id='r{index}'/>", 256 + index),
        );
        let target = format!("slides/s{index}.xml");
        list.extend([
            "<Relationship Id='r",
            &index.to_string(),
            "' Type='x/slide' Target='",
            &target,
            "'/>",
        ]);
        if !shapes.is_empty() {
            let slide = format!("<p:sld><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>");
            parts.push((format!("ppt/slides/s{index}.xml"), slide));
        }
    }
    list += "</R>";
    let main = format!("<p:presentation><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>");
    let mut all = vec![
        ("ppt/presentation.xml", main.as_bytes()),
        ("ppt/_rels/presentation.xml.rels", list.as_bytes()),
    ];
    all.extend(
        parts
            .iter()
            .map(|(name, slide)| (name.as_str(), slide.as_bytes())),
    );
    let mut text = Text::new(1000);
    super::read(&packed(&all), &mut text).unwrap();
    (text.as_str().to_owned(), text.gaps().len())
}

fn shape(paragraph: &str) -> String {
    format!("<p:sp><p:txBody><a:bodyPr/><a:p>{paragraph}</a:p></p:txBody></p:sp>")
}

#[test]
fn a_file_of_powerpoint_is_read() {
    let bytes = include_bytes!("../../../tests/documents/slides.pptx");
    let mut text = Text::new(1000);
    super::read(bytes, &mut text).unwrap();
    let expected = "--- Slide 1 ---\nDeck title\nSubtitle\nsecond paragraph\n--- Slide 2 ---\nCafé 日本\nbullet one\n\
        bullet\u{b}with break\nfree box\n--- Slide 3 ---";
    assert_eq!(text.as_str(), expected);
    assert_eq!(text.notices().len(), 3);
}

#[test]
fn slides_come_in_the_order_of_the_presentation() {
    let (first, second) = (
        shape("<a:r><a:t>late</a:t></a:r>"),
        shape("<a:r><a:t>early</a:t></a:r>"),
    );
    let (text, gaps) = slides(&[&first, &second]);
    assert_eq!(text, "--- Slide 1 ---\nearly\n--- Slide 2 ---\nlate");
    assert_eq!(gaps, 0);
}

#[test]
fn a_slide_that_is_missing_is_a_gap() {
    assert_eq!(slides(&[""]), ("--- Slide 1 ---".to_owned(), 1));
}

#[test]
fn fields_breaks_and_equations_are_text() {
    let inner = "<a:pPr><a:defRPr/></a:pPr><a:r><a:rPr/><a:t>n </a:t></a:r><a:fld><a:rPr/><a:t>7</a:t></a:fld><a:br/>\
        <mc:AlternateContent><mc:Choice><m:t>x</m:t></mc:Choice><mc:Fallback><a:t>picture</a:t></mc:Fallback></mc:AlternateContent>";
    assert_eq!(slides(&[&shape(inner)]).0, "--- Slide 1 ---\nn 7\u{b}x");
}

#[test]
fn what_is_no_presentation_is_damage() {
    let other = packed(&[("ppt/presentation.xml", b"<document/>")]);
    assert!(matches!(
        super::read(&other, &mut Text::new(9)),
        Err(Problem::Damaged(_))
    ));
}
