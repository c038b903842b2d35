//! Headers of HTTP, as a setting gives them.

use hyper::header::{HeaderName, HeaderValue};

/// Headers that say where a message ends or what becomes of its connection: the server's alone to set.
pub(super) const FRAMING: &[&str] = &[
    "connection",
    "content-length",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The same headers, if each is a name and a value that may be sent.
pub(super) fn check(headers: Vec<String>) -> Result<Vec<String>, &'static str> {
    for header in &headers {
        let (name, value) = header.split_once(':').ok_or("has no colon after a name")?;
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| "has a name that no header can have")?;
        if FRAMING.contains(&name.as_str()) {
            return Err("has a header that the server sets itself");
        }
        HeaderValue::from_str(value.trim()).map_err(|_| "has a value that no header can have")?;
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(header: &str) -> Result<(), &'static str> {
        check(vec![header.to_owned()]).map(drop)
    }

    #[test]
    fn headers_have_a_name_and_a_value() {
        assert_eq!(checked("Content-Security-Policy: sandbox"), Ok(()));
        assert_eq!(checked("x-empty:"), Ok(()));
        assert_eq!(checked("Permissions-Policy: a=(), b=()"), Ok(()));
        for wrong in ["sandbox", ": x", "two words: x", "x: \u{7}"] {
            assert!(checked(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_frames_a_message_is_not_for_a_setting() {
        assert!(checked("Content-Length: 5").is_err());
        assert!(checked("transfer-encoding: chunked").is_err());
    }
}
