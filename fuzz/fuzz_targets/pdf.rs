//! PDF: a page whose contents, font and further objects are anything, and anything by itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use open_terminal::documents::fuzz::{Format, read};

const HEAD: &str = "%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>\nendobj\n";
const TAIL: &[u8] = b"\nendobj\ntrailer\n<< /Size 7 /Root 1 0 R >>\nstartxref\n0\n%%EOF\n";

/// A file without a table of its objects: readers look for them.
fn page(contents: &[u8], font: &[u8], map: &[u8]) -> Vec<u8> {
    let mut file = HEAD.as_bytes().to_vec();
    let stream = |file: &mut Vec<u8>, number: u8, data: &[u8]| {
        file.extend(format!("{number} 0 obj\n<< /Length {} >>\nstream\n", data.len()).bytes());
        file.extend(data);
        file.extend(b"\nendstream\nendobj\n");
    };
    stream(&mut file, 4, contents);
    stream(&mut file, 6, map);
    file.extend(b"5 0 obj\n<< /Type /Font /Subtype /Type1 /ToUnicode 6 0 R ");
    file.extend(font);
    file.extend(b">>");
    file.extend(TAIL);
    file
}

fuzz_target!(|input: (&[u8], &[u8], &[u8])| {
    let (contents, font, map) = input;
    read(Format::Pdf, &page(contents, font, map));
    read(Format::Pdf, contents);
});
