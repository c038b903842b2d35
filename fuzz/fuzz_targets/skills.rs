//! Skills: any front matter, and any beginning of a file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use open_terminal::skills::fuzz::read;

fuzz_target!(|bytes: &[u8]| {
    read(&[b"---\n", bytes, b"\n---\n"].concat());
    read(bytes);
});
