//! Sheets of Excel up to 2003: a real file with changes anywhere, and anything by itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use open_terminal::documents::fuzz::{Format, read};

const REAL: &[u8] = include_bytes!("../../tests/corpus/files/xlwt.xls");

fuzz_target!(|input: (Vec<(u16, u8)>, &[u8])| {
    let (changes, bytes) = input;
    let mut file = REAL.to_vec();
    for (at, byte) in changes {
        let at = usize::from(at) % file.len();
        file[at] = byte;
    }
    read(Format::Xls, &file);
    read(Format::Xls, bytes);
});
