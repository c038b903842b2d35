//! The key: what a request must carry to be let in.

use axum::extract::{Request, State as Use};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::{Error, State};

/// Lets a request pass that carries the key, and refuses any other before anything of it is looked at.
pub(super) async fn require_key(Use(state): Use<State>, request: Request, next: Next) -> Response {
    match check(request.headers(), state.config().api_key.as_bytes()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// The first `Authorization` header counts. The comparison takes the same time wherever keys differ.
fn check(headers: &HeaderMap, key: &[u8]) -> Result<(), Error> {
    let header = headers.get(AUTHORIZATION);
    let token = header
        .and_then(|header| bearer(header.as_bytes()))
        .ok_or(Error::Unauthorized(
            "the API key is missing: send it in the header \"Authorization: Bearer KEY\"",
        ))?;
    if bool::from(token.ct_eq(key)) {
        return Ok(());
    }
    Err(Error::Unauthorized(
        "this API key is wrong: send the one the server was started with, or printed at its start",
    ))
}

/// The token of a bearer header; the scheme is read in any case, spaces round the token are dropped.
fn bearer(header: &[u8]) -> Option<&[u8]> {
    let space = header.iter().position(|byte| *byte == b' ')?;
    let (scheme, token) = header.split_at(space);
    scheme
        .eq_ignore_ascii_case(b"bearer")
        .then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn allowed(headers: &[&str], key: &str) -> bool {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(
                AUTHORIZATION,
                HeaderValue::from_bytes(header.as_bytes()).unwrap(),
            );
        }
        check(&map, key.as_bytes()).is_ok()
    }

    #[test]
    fn only_the_key_itself_passes() {
        for header in ["Bearer k-1", "bearer k-1", "BEARER   k-1  "] {
            assert!(allowed(&[header], "k-1"), "{header}");
        }
        for header in [
            "",
            "Bearer",
            "Bearer ",
            "k-1",
            "Basic k-1",
            "Bearer k-",
            "Bearer k-12",
            "Bearer K-1",
            "Bearer\tk-1",
            "Bearer k-1 x",
        ] {
            assert!(!allowed(&[header], "k-1"), "{header}");
        }
        assert!(!allowed(&[], "k-1"));
    }

    #[test]
    fn the_first_header_counts() {
        assert!(allowed(&["Bearer k", "Bearer x"], "k"));
        assert!(!allowed(&["Bearer x", "Bearer k"], "k"));
    }

    #[test]
    fn a_key_outside_ascii_works() {
        assert!(allowed(&["Bearer clé"], "clé"));
        assert!(!allowed(&["Bearer cle"], "clé"));
    }
}
