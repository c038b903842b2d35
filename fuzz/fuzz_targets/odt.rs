//! Text of OpenDocument: a package whose text is anything, and anything in place of a package.
#![no_main]

use libfuzzer_sys::fuzz_target;
use open_terminal::documents::fuzz::{Format, packed, read};

fuzz_target!(|bytes: &[u8]| {
    let package = packed(Format::Odt, bytes).expect("it is a package");
    read(Format::Odt, &package);
    read(Format::Odt, bytes);
});
