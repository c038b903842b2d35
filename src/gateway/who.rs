//! Whose a request is: the one user id it must name, in a way that nobody can read otherwise.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::api::Refusal;

const USER: HeaderName = HeaderName::from_static("x-user-id");
const SESSION: HeaderName = HeaderName::from_static("x-session-id");
/// Longest user id, in bytes.
const LONGEST: usize = 256;
/// Below this, clients that cannot set headers name the user in the address.
const TERMINALS: &str = "/api/terminals/";

/// The user whose workspace serves a request; empty when there is one workspace for all.
pub(super) fn user(request: &Request, per_user: bool) -> Result<Arc<str>, Refusal> {
    if !per_user {
        return Ok(Arc::from(""));
    }
    only_one(request.headers(), &SESSION)?;
    let named = only_one(request.headers(), &USER)?.map(text).transpose()?;
    let by_address = by_address(request.uri())?;
    if let (Some(one), Some(other)) = (&named, &by_address)
        && one != other
    {
        return Err(Refusal::Who(
            "X-User-Id and user_id in the address name two users: name one".to_owned(),
        ));
    }
    let id = named.or(by_address).unwrap_or_default();
    if id.trim().is_empty() {
        return Err(Refusal::Who(
            "X-User-Id is required: each user has a workspace here, so send the id of yours in the header X-User-Id"
                .to_owned(),
        ));
    }
    if id.len() > LONGEST {
        return Err(Refusal::Who(format!(
            "X-User-Id has {} bytes: {LONGEST} are the most that a user id may have",
            id.len()
        )));
    }
    if id.chars().any(char::is_control) {
        return Err(Refusal::Who(
            "X-User-Id has a control character in it: send the plain id".to_owned(),
        ));
    }
    Ok(Arc::from(id))
}

/// Has the workspace read the same user as we did.
pub(super) fn speak_for(headers: &mut HeaderMap, user: &str) {
    if let Ok(value) = HeaderValue::from_bytes(user.as_bytes())
        && !user.is_empty()
    {
        headers.insert(USER, value);
    }
}

/// The header's value. Of two, somebody else might read the other one.
fn only_one<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Refusal::Who(format!(
            "the header {name} is there more than once: send it once"
        )));
    }
    Ok(first)
}

fn text(value: &HeaderValue) -> Result<String, Refusal> {
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| {
        Refusal::Who("X-User-Id is not UTF-8: send the id as UTF-8 text".to_owned())
    })?;
    Ok(text.to_owned())
}

/// The user that a WebSocket's address names: browsers cannot set headers on these.
fn by_address(uri: &Uri) -> Result<Option<String>, Refusal> {
    let Some(query) = uri.query().filter(|_| uri.path().starts_with(TERMINALS)) else {
        return Ok(None);
    };
    let mut users = crate::api::values(query, "user_id").into_iter();
    let first = users.next();
    if users.next().is_some() {
        return Err(Refusal::Who(
            "user_id is in the address more than once: name one".to_owned(),
        ));
    }
    if first.as_ref().is_some_and(|user| user.contains('\u{fffd}')) {
        return Err(Refusal::Who(
            "user_id in the address is not UTF-8: send the id as UTF-8 text".to_owned(),
        ));
    }
    Ok(first.filter(|user| !user.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn asked(uri: &str, headers: &[(&str, &[u8])]) -> Result<String, String> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri.parse().unwrap();
        for (name, value) in headers {
            request.headers_mut().append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value).unwrap(),
            );
        }
        let user = user(&request, true);
        user.map(|user| user.to_string())
            .map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn the_header_names_the_user() {
        assert_eq!(
            asked("/execute", &[("x-user-id", b"u-1")]),
            Ok("u-1".into())
        );
        let unicode = "\u{e9}l\u{f8}i".as_bytes();
        assert_eq!(
            asked("/execute", &[("X-User-Id", unicode)]),
            Ok("\u{e9}l\u{f8}i".into())
        );
    }

    #[test]
    fn the_address_names_the_user_of_a_terminal_only() {
        assert_eq!(
            asked("/api/terminals/t?user_id=a%20b", &[]),
            Ok("a b".into())
        );
        let both = |header| asked("/api/terminals/t?user_id=q", &[("x-user-id", header)]);
        assert_eq!(both(b"q"), Ok("q".into()));
        assert!(both(b"h").unwrap_err().contains("two users"));
        for (query, word) in [
            ("user_id=a&user_id=a", "more than once"),
            ("user_id=%ff", "UTF-8"),
        ] {
            let refusal = asked(&format!("/api/terminals/t?{query}"), &[]).unwrap_err();
            assert!(refusal.contains(word), "{refusal}");
        }
        assert!(
            asked("/execute?user_id=q", &[])
                .unwrap_err()
                .contains("required")
        );
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (headers, word) in [
            (&[][..], "required"),
            (&[("x-user-id", b"" as &[u8])][..], "required"),
            (&[("x-user-id", b"  ")], "required"),
            (
                &[("x-user-id", b"a"), ("x-user-id", b"b")],
                "more than once",
            ),
            (
                &[("x-user-id", b"a"), ("x-user-id", b"a")],
                "more than once",
            ),
            (
                &[
                    ("x-user-id", b"a"),
                    ("x-session-id", b"s"),
                    ("x-session-id", b"t"),
                ],
                "more than once",
            ),
            (&[("x-user-id", b"a\xff")], "UTF-8"),
            (&[("x-user-id", b"a\tb")], "control"),
            (&[("x-user-id", &[b'x'; 10_000])], "256"),
        ] {
            let refusal = asked("/execute", headers).unwrap_err();
            assert!(refusal.contains(word), "{refusal}");
        }
    }

    #[test]
    fn one_workspace_for_all_needs_no_user() {
        let request = Request::new(Body::empty());
        assert_eq!(user(&request, false).unwrap().as_ref(), "");
    }
}
