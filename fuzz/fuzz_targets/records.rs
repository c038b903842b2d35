//! Lines of a log that anybody may have written: read without a panic, and measured right.
#![no_main]

use libfuzzer_sys::fuzz_target;
use open_terminal::exec::fuzz::{decoded, records};

fuzz_target!(|input: (&[u8], &[u8])| {
    let (lines, data) = input;
    records(lines);
    let mut output = br#"{"type": "output", "data": "#.to_vec();
    output.extend_from_slice(data);
    output.extend_from_slice(br#", "ts": 1.5}"#);
    records(&output);
    let pieces: Vec<&[u8]> = lines.chunks(3).collect();
    assert_eq!(decoded(&pieces), String::from_utf8_lossy(lines));
});
