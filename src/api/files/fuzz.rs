//! A door for fuzzing: the headers that ask for a part of a file.

use std::ops::Range;

use axum::http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};
use axum::http::{HeaderMap, HeaderValue};

use super::ranges::{Validators, Wanted, wanted};

/// The bytes wanted of a file of `size` bytes by the headers `Range`, `If-Range`, `If-None-Match` and
/// `If-Modified-Since`, in this order; none when they do not ask for a part.
pub fn range(headers: [&[u8]; 4], size: u64) -> Option<Range<u64>> {
    let names = [RANGE, IF_RANGE, IF_NONE_MATCH, IF_MODIFIED_SINCE];
    let mut map = HeaderMap::new();
    for (name, value) in names.into_iter().zip(headers) {
        if !value.is_empty()
            && let Ok(value) = HeaderValue::from_bytes(value)
        {
            map.insert(name, value);
        }
    }
    let validators = Validators {
        etag: "\"a-b\"".to_owned(),
        modified: 1_700_000_000,
    };
    match wanted(&map, &validators, size) {
        Wanted::Part(range) => Some(range),
        Wanted::All | Wanted::Outside | Wanted::Nothing => None,
    }
}
