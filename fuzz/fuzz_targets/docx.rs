//! Word documents: a package whose text is anything, and anything in place of a package.
#![no_main]

use libfuzzer_sys::fuzz_target;
use open_terminal::documents::fuzz::{Format, packed, read};

fuzz_target!(|bytes: &[u8]| {
    let package = packed(Format::Docx, bytes).expect("it is a package");
    read(Format::Docx, &package);
    read(Format::Docx, bytes);
});
