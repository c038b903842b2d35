//! PDF made to do harm: values that refer to themselves, and fonts that claim too much.

use super::Siege;
use super::paper::{CATALOG, HELLO, PAGE, PAGES, page, pdf, stream};

#[test]
fn object_streams_and_values_that_refer_to_themselves_end() {
    let siege = Siege::new();
    let objects = stream(
        "/Type /ObjStm /N 1000000000 /First 2147483647 /Extends 6 0 R",
        b"6 0 7 0 8 0",
    );
    siege.reads("stream.pdf", page(stream("", HELLO.as_bytes()), &[objects]));
    siege.reads(
        "length.pdf",
        page(
            b"<< /Length 4 0 R >>\nstream\nBT ET\nendstream".to_vec(),
            &[],
        ),
    );
    siege.reads(
        "minus.pdf",
        page(
            b"<< /Length -100 >>\nstream\nBT ET\nendstream".to_vec(),
            &[],
        ),
    );
    siege.reads(
        "long.pdf",
        page(
            b"<< /Length 9223372036854775807 >>\nstream\nBT ET\nendstream".to_vec(),
            &[],
        ),
    );
    siege.reads("reference.pdf", page(b"4 0 R".to_vec(), &[]));
    let nested = |open: &str, close: &str| {
        format!("{}{}", open.repeat(100_000), close.repeat(100_000)).into_bytes()
    };
    siege.reads("arrays.pdf", page(nested("[", "]"), &[]));
    siege.reads("dictionaries.pdf", page(nested("<< /A ", " >>"), &[]));
    siege.reads("parentheses.pdf", page(nested("(", ")"), &[]));
    siege.reads("contents.pdf", page(stream("", &nested("[", "] TJ")), &[]));
    siege.reads(
        "marks.pdf",
        page(
            stream("", &nested("/Span << /ActualText (a) >> BDC ", "EMC ")),
            &[],
        ),
    );
    siege.reads(
        "image.pdf",
        page(stream("", b"BI /W 99999 /H 99999 ID "), &[]),
    );
    siege.reads("numbers.pdf", page(stream("", b"BT /F1 1e999 Tf 1e38 1e38 1e38 1e38 1e38 1e38 Tm (a) Tj -99999999999999999999 TL T* [(b) 1e40 (c)] TJ ET"), &[]));
}

/// A file of one page that shows `shown` in this font, with further objects from 6 on.
fn in_font(font: &str, shown: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let contents = format!("BT /F1 12 Tf {shown} Tj ET");
    let mut objects: Vec<Vec<u8>> = [CATALOG, PAGES, PAGE].map(Into::into).into();
    objects.push(stream("", contents.as_bytes()));
    objects.push(font.into());
    objects.extend_from_slice(more);
    pdf(&objects)
}

#[test]
fn fonts_with_odd_maps_to_unicode_end() {
    let siege = Siege::new();
    let composite = "<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 6 0 R /DescendantFonts [5 0 R] /W [0 4000000000 500 1 [1 2 3] 2 99999999999 7] >>";
    for (name, map) in [
        (
            "range",
            "1 beginbfrange\n<00000000> <FFFFFFFF> <0041>\nendbfrange".to_owned(),
        ),
        (
            "ranges",
            format!(
                "100 beginbfrange\n{}endbfrange",
                "<0000> <FFFF> <0041>\n".repeat(50_000)
            ),
        ),
        (
            "backwards",
            "1 beginbfrange\n<FFFF> <0000> <0041>\nendbfrange".to_owned(),
        ),
        (
            "spaces",
            "1 begincodespacerange\n<> <FFFFFFFFFFFFFFFFFFFFFFFF>\nendcodespacerange".to_owned(),
        ),
        (
            "long",
            format!(
                "1 beginbfchar\n<0041> <{}>\nendbfchar",
                "0041".repeat(500_000)
            ),
        ),
        ("used", "/Own usecmap".to_owned()),
    ] {
        siege.reads(
            &format!("{name}.pdf"),
            in_font(composite, "<00410042>", &[stream("", map.as_bytes())]),
        );
    }
}

#[test]
fn fonts_that_claim_too_much_end() {
    let siege = Siege::new();
    // Each of many letters stands for a long text.
    let map = format!("1 beginbfchar\n<41> <{}>\nendbfchar", "0041".repeat(10_000));
    let simple = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R /FirstChar -2147483648 /LastChar 2147483647 /Widths [1] >>";
    let shown = format!("({})", "A".repeat(1_000_000));
    siege.reads(
        "expands.pdf",
        in_font(simple, &shown, &[stream("", map.as_bytes())]),
    );
    let different = format!(
        "<< /Type /Font /Subtype /Type1 /BaseFont /X /Encoding << /Differences [-5 /A 99999999999 /B {}] >> >>",
        "/a ".repeat(500_000)
    );
    siege.reads("differences.pdf", in_font(&different, "<00410042>", &[]));
    let type3 = "<< /Type /Font /Subtype /Type3 /FontMatrix [0 0 0 0 0 0] /CharProcs << /a 4 0 R >> /Encoding << /Differences [65 /a] >> /Resources << /Font << /F1 5 0 R >> >> >>";
    siege.reads("type3.pdf", in_font(type3, "<00410042>", &[]));
}
