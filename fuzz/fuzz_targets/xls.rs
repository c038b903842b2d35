//! Sheets of Excel up to 2003: a real file with changes anywhere, and anything by itself.
#![no_main]
#![feature(alloc_error_hook)]

use std::{alloc, panic};

use libfuzzer_sys::fuzz_target;
use nix::sys::resource::{Resource, setrlimit};
use open_terminal::documents::fuzz::{Format, read};

const REAL: &[u8] = include_bytes!("../../tests/corpus/files/xlwt.xls");

/// Bytes of address space: as much as the extractor has, and what the fuzzer needs itself.
const MEMORY: u64 = 3 << 29;

/// What calamine does at many a file: it panics, or asks for all the memory that a file claims to need. In the extractor
/// either ends that process, and is told as damage or as too much. Here it is a refusal; other panics end the search.
fn forgive_calamine() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let at = info.location().map_or("", |at| at.file());
        if !(at.contains("/calamine-") || at.ends_with(file!())) {
            before(info);
        }
    }));
    setrlimit(Resource::RLIMIT_AS, MEMORY, MEMORY).expect("less is always granted");
    alloc::set_alloc_error_hook(|_| panic!("no such memory"));
}

fuzz_target!(init: forgive_calamine(), |input: (Vec<(u16, u8)>, &[u8])| {
    let (changes, bytes) = input;
    let mut file = REAL.to_vec();
    for (at, byte) in changes {
        let at = usize::from(at) % file.len();
        file[at] = byte;
    }
    read(Format::Xls, &file);
    read(Format::Xls, bytes);
});
