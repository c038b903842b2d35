//! Rich text: anything behind a right beginning, and anything by itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use open_terminal::documents::fuzz::{Format, read};

fuzz_target!(|bytes: &[u8]| {
    read(
        Format::Rtf,
        &[
            b"{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Times;}} ",
            bytes,
        ]
        .concat(),
    );
    read(Format::Rtf, bytes);
});
