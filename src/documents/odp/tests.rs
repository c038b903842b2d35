//! Tests of slides of `OpenDocument`.

use crate::documents::Text;
use crate::documents::package::tests::packed;

#[test]
fn a_file_of_opendocument_is_read() {
    let bytes = include_bytes!("../../../tests/documents/show.odp");
    let mut text = Text::new(1000);
    super::read(bytes, &mut text).unwrap();
    assert_eq!(
        text.as_str(),
        "--- Slide 1 ---\nTitle\nBody é\n--- Slide 2 ---\npoint"
    );
    assert_eq!(text.notices().len(), 2);
}

#[test]
fn empty_slides_have_a_heading_and_empty_paragraphs_no_line() {
    let content = "<office:presentation><draw:page/><draw:page><text:p> </text:p><draw:g><text:p>x</text:p></draw:g></draw:page></office:presentation>";
    let mut text = Text::new(1000);
    super::read(&packed(&[("content.xml", content.as_bytes())]), &mut text).unwrap();
    assert_eq!(text.as_str(), "--- Slide 1 ---\n--- Slide 2 ---\nx");
}
