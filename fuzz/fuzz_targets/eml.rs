//! Mail: anything behind a right beginning, and anything by itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use open_terminal::documents::fuzz::{Format, read};

fuzz_target!(|bytes: &[u8]| {
    read(Format::Eml, &[b"From: a@example.org\r\n", bytes].concat());
    read(Format::Eml, bytes);
});
