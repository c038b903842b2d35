//! Range headers: a part is never empty and never beyond the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use open_terminal::api::fuzz::range;

fuzz_target!(|input: (u64, [&[u8]; 4], bool)| {
    let (size, [wanted, a, b, c], bare) = input;
    let mut header = b"bytes=".to_vec();
    header.extend_from_slice(wanted);
    let headers = if bare {
        [wanted, a, b, c]
    } else {
        [&header[..], a, b, c]
    };
    if let Some(part) = range(headers, size) {
        assert!(
            part.start < part.end && part.end <= size,
            "{part:?} of {size}"
        );
    }
});
