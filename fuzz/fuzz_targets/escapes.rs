//! Input escapes: any text is typed as something, and what has no backslash as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use open_terminal::exec::escapes::decode;

fuzz_target!(|text: &str| {
    let typed = decode(text);
    assert!(str::from_utf8(&typed).is_ok());
    assert!(
        typed.len() <= text.len(),
        "an escape is never shorter than what it means"
    );
    if !text.contains('\\') {
        assert_eq!(typed, text.as_bytes());
    }
});
