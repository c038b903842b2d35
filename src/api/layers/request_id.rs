//! A request id: the word by which one request is found again in the log.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;

/// The header that carries it, in requests and in responses.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longest one taken from a client.
const LONGEST: usize = 128;

/// The id under which a request is known, on its way through the layers.
#[derive(Clone, Debug)]
pub struct RequestId(pub HeaderValue);

impl RequestId {
    /// That of a client's request.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self(keep_or_make(headers.get(HEADER)))
    }
}

/// The id the client sent, when it is a plain word of some length, else a new one.
fn keep_or_make(sent: Option<&HeaderValue>) -> HeaderValue {
    sent.filter(|id| is_sane(id.as_bytes()))
        .cloned()
        .unwrap_or_else(make)
}

fn is_sane(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

/// Sixteen hexadecimal digits: a count that starts at random, so that ids of two runs differ.
fn make() -> HeaderValue {
    static NEXT: LazyLock<AtomicU64> =
        LazyLock::new(|| AtomicU64::new(getrandom::u64().unwrap_or(0)));
    let count = NEXT.fetch_add(1, Ordering::Relaxed);
    let digits: [u8; 16] = std::array::from_fn(|at| {
        let nibble = (count >> (60 - 4 * at)) & 0xf;
        b"0123456789abcdef"[nibble as usize]
    });
    HeaderValue::from_maybe_shared(Bytes::copy_from_slice(&digits))
        .expect("hexadecimal digits make a header")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(id: &str) -> bool {
        let sent = HeaderValue::from_bytes(id.as_bytes()).unwrap();
        keep_or_make(Some(&sent)) == sent
    }

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        assert!(kept("abc-123") && kept(&"x".repeat(128)));
        for id in ["", "two words", "é", "a\tb", &"x".repeat(129)] {
            assert!(!kept(id), "{id:?}");
        }
    }

    #[test]
    fn new_ids_differ() {
        let (one, two) = (keep_or_make(None), keep_or_make(None));
        assert_eq!(one.len(), 16);
        assert_ne!(one, two);
    }
}
