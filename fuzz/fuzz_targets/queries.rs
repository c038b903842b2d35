//! Queries and bodies: whatever is sent is read or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use open_terminal::api::fuzz::{body, query};

fuzz_target!(|text: &str| {
    let parameters = query(text);
    assert!(parameters.len() <= text.split('&').count());
    body(text);
});
