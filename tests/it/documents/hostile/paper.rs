//! PDF made to do harm: what refers to itself, what unpacks to gigabytes, what claims too much.

use std::fmt::Write as _;

use super::Siege;
use super::zipped::Deflated;

const FONT: &str = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>";
pub(super) const CATALOG: &str = "<< /Type /Catalog /Pages 2 0 R >>";
pub(super) const PAGES: &str = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>";
pub(super) const PAGE: &str = "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> /XObject << /X0 6 0 R >> >> /MediaBox [0 0 600 800] >>";
pub(super) const HELLO: &str = "BT /F1 12 Tf 72 700 Td (hello) Tj ET";

/// A file of these objects, numbered from 1, with a table of them; the first is the catalogue.
pub(super) fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in objects.iter().enumerate() {
        writeln!(table, "{:010} 00000 n ", bytes.len()).expect("a string takes all");
        bytes.extend(format!("{} 0 obj\n", number + 1).bytes());
        bytes.extend(object);
        bytes.extend(b"\nendobj\n");
    }
    let at = bytes.len();
    let size = objects.len() + 1;
    bytes.extend(table.bytes());
    bytes.extend(
        format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n").bytes(),
    );
    bytes
}

/// A stream with these entries in its dictionary.
pub(super) fn stream(entries: &str, data: &[u8]) -> Vec<u8> {
    let mut object = format!("<< /Length {} {entries} >>\nstream\n", data.len()).into_bytes();
    object.extend(data);
    object.extend(b"\nendstream");
    object
}

/// A file of one page with these contents, and further objects from 6 on.
pub(super) fn page(contents: Vec<u8>, more: &[Vec<u8>]) -> Vec<u8> {
    let mut objects: Vec<Vec<u8>> = [CATALOG, PAGES, PAGE].map(Into::into).into();
    objects.push(contents);
    objects.push(FONT.into());
    objects.extend_from_slice(more);
    pdf(&objects)
}

fn with_pages(pages: &str, page: &str) -> Vec<u8> {
    pdf(&[
        CATALOG.into(),
        pages.into(),
        page.into(),
        stream("", HELLO.as_bytes()),
        FONT.into(),
    ])
}

#[test]
fn a_page_is_read() {
    let siege = Siege::new();
    let answer = siege.reads("fine.pdf", page(stream("", HELLO.as_bytes()), &[]));
    assert_eq!(answer.expect(200).json()["content"], "hello");
}

#[test]
fn pages_that_refer_to_themselves_end() {
    let siege = Siege::new();
    siege.reads(
        "kids.pdf",
        with_pages("<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>", PAGE),
    );
    siege.reads(
        "kid.pdf",
        with_pages(
            PAGES,
            "<< /Type /Pages /Parent 3 0 R /Kids [2 0 R 3 0 R] /Count 2 >>",
        ),
    );
    siege.reads(
        "parent.pdf",
        with_pages(PAGES, "<< /Type /Page /Parent 3 0 R /Contents 4 0 R >>"),
    );
    siege.reads(
        "count.pdf",
        with_pages("<< /Type /Pages /Kids [3 0 R] /Count 1000000000 >>", PAGE),
    );
    siege.reads(
        "negative.pdf",
        with_pages("<< /Type /Pages /Kids [3 0 R] /Count -5 >>", PAGE),
    );
    let million = "3 0 R ".repeat(1_000_000);
    siege.reads(
        "million.pdf",
        with_pages(
            &format!("<< /Type /Pages /Kids [{million}] /Count 1000000 >>"),
            PAGE,
        ),
    );
    let mut deep: Vec<Vec<u8>> = vec![CATALOG.into()];
    for number in 2..100_002 {
        deep.push(format!("<< /Type /Pages /Kids [{} 0 R] /Count 1 >>", number + 1).into());
    }
    deep.push("<< /Type /Page >>".into());
    siege.reads("deep.pdf", pdf(&deep));
    let contents = "4 0 R ".repeat(200_000);
    let page = PAGE.replace("/Contents 4 0 R", &format!("/Contents [{contents}]"));
    siege.reads("contents.pdf", with_pages(PAGES, &page));
}

#[test]
fn forms_that_draw_each_other_end() {
    let siege = Siege::new();
    let form = |number: usize, inside: &str| {
        stream(
            &format!(
                "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /Font << /F1 5 0 R >> /XObject << /X0 {number} 0 R >> >>"
            ),
            inside.as_bytes(),
        )
    };
    let own = form(6, &format!("{HELLO} /X0 Do /X0 Do"));
    siege.reads("itself.pdf", page(stream("", b"/X0 Do"), &[own]));
    // Each draws the next ten times: 10^40 in all.
    let mut many: Vec<Vec<u8>> = (7..47)
        .map(|next| form(next, &"/X0 Do ".repeat(10)))
        .collect();
    many.push(form(46, HELLO));
    siege.reads("powers.pdf", page(stream("", b"/X0 Do"), &many));
    let chain: Vec<Vec<u8>> = (7..50_007).map(|next| form(next, "/X0 Do")).collect();
    siege.reads("chain.pdf", page(stream("", b"/X0 Do"), &chain));
    let often = stream("", "/X0 Do ".repeat(1_000_000).as_bytes());
    siege.reads("often.pdf", page(often, &[form(6, &HELLO.repeat(100))]));
}

#[test]
fn streams_that_unpack_to_gigabytes_end() {
    let siege = Siege::new();
    let flate = "/Filter /FlateDecode";
    let repeated = |part: &[u8], mib: u64| {
        Deflated::repeated(b"", &part.repeat((1 << 20) / part.len()), mib, b"").zlib()
    };
    let chained = format!("/Filter [{}]", "/FlateDecode ".repeat(1000));
    let runs = "/Filter [/FlateDecode /RunLengthDecode]";
    let text = b"BT /F1 12 Tf 72 700 Td (hello) Tj ET\n";
    for (name, filter, data) in [
        ("zeroes", flate, repeated(&[0], 4095)),
        ("text", flate, repeated(text, 4095)),
        ("operands", flate, repeated(b"1 ", 2048)),
        ("array", flate, repeated(b"[", 512)),
        ("states", flate, repeated(b"q ", 512)),
        ("chained", &chained, repeated(&[0], 64)),
        ("runs", runs, repeated(&[129, 0], 1024)),
    ] {
        siege.reads(&format!("{name}.pdf"), page(stream(filter, &data), &[]));
    }
    for (name, parameters) in [
        (
            "columns",
            "/Predictor 12 /Columns 2147483647 /Colors 4 /BitsPerComponent 16",
        ),
        (
            "none",
            "/Predictor 15 /Columns 0 /Colors 0 /BitsPerComponent 0",
        ),
        ("negative", "/Predictor 12 /Columns -1 /Colors -5"),
        (
            "tiff",
            "/Predictor 2 /Columns 9223372036854775807 /Colors 32",
        ),
    ] {
        let entries = format!("{flate} /DecodeParms << {parameters} >>");
        siege.reads(
            &format!("{name}.pdf"),
            page(stream(&entries, &repeated(&[2], 16)), &[]),
        );
    }
    // One bomb, drawn by a thousand pages.
    let kids = "3 0 R ".repeat(1000);
    let objects = [
        CATALOG.into(),
        format!("<< /Type /Pages /Kids [{kids}] /Count 1000 >>").into(),
        PAGE.into(),
        stream(flate, &repeated(b" ", 60)),
        FONT.into(),
    ];
    siege.reads("shared.pdf", pdf(&objects));
}

/// A file up to its table of objects, and where that would be.
fn without_table() -> (String, usize) {
    let whole = page(stream("", HELLO.as_bytes()), &[]);
    let mut text = String::from_utf8_lossy(&whole).into_owned();
    let at = text.rfind("xref\n0").expect("there is a table");
    text.truncate(at);
    (text, at)
}

#[test]
fn tables_of_objects_that_lie_end() {
    let siege = Siege::new();
    let (body, at) = without_table();
    let trailer = |table: &str, entries: &str| {
        format!(
            "xref\n{table}\n0000000000 65535 f \ntrailer\n<< {entries} >>\nstartxref\n{at}\n%%EOF"
        )
    };
    let trailers = [
        (
            "self",
            trailer("0 1", &format!("/Size 9 /Root 1 0 R /Prev {at}")),
        ),
        (
            "huge",
            trailer("0 4000000000", "/Size 4000000000 /Root 1 0 R"),
        ),
        ("negative", "startxref\n-1\n%%EOF".to_owned()),
        ("far", "startxref\n99999999999999999999\n%%EOF".to_owned()),
        (
            "size",
            trailer("0 1", "/Size 9223372036854775807 /Root 1 0 R"),
        ),
        ("root", trailer("0 1", "/Size 9 /Root 99 0 R")),
        (
            "hybrid",
            trailer("0 1", &format!("/Size 9 /Root 1 0 R /XRefStm {at}")),
        ),
    ];
    for (name, trailer) in trailers {
        siege.reads(&format!("{name}.pdf"), format!("{body}{trailer}"));
    }
}

#[test]
fn tables_in_streams_that_lie_end() {
    let siege = Siege::new();
    let (body, at) = without_table();
    for (name, entries) in [
        (
            "widths",
            "/W [8 8 8] /Size 1099511627776 /Index [0 1099511627776]",
        ),
        ("zero", "/W [0 0 0] /Size 4294967295"),
        ("minus", "/W [-1 -2 -3] /Size 10"),
        ("large", "/W [2147483647 2147483647 2147483647] /Size 10"),
    ] {
        let table = stream(&format!("/Type /XRef /Root 1 0 R {entries}"), &[1; 4096]);
        let mut bytes = body.as_bytes().to_vec();
        bytes.extend(b"9 0 obj\n");
        bytes.extend(table);
        bytes.extend(format!("\nendobj\nstartxref\n{at}\n%%EOF").bytes());
        siege.reads(&format!("{name}.pdf"), bytes);
    }
}

#[test]
fn tables_and_objects_again_and_again_end() {
    let siege = Siege::new();
    let (body, _) = without_table();
    let many = format!(
        "{body}{}",
        "xref\n0 1\n0000000000 65535 f \ntrailer\n<< >>\n".repeat(100_000)
    );
    siege.reads("tables.pdf", many);
    siege.reads(
        "objects.pdf",
        format!("{body}{}", "1 0 obj\n".repeat(500_000)),
    );
    siege.reads(
        "streams.pdf",
        format!(
            "{body}{}",
            "8 0 obj << /Length 9 0 R >> stream\n".repeat(100_000)
        ),
    );
}
