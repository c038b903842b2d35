//! Extractors: the caller, the query and the body of a request as the types handlers work with.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use bytes::BytesMut;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::validate::{Fields, Noted, Object, Problem, Problems, Read, shown_json, shown_text};
use super::{Error, State, query};
use crate::workspace::Owner;

/// Who asks: the user and the session a client names, neither of which must be there.
pub(super) struct Caller(pub(super) Owner);

/// The query, read and checked.
pub(super) struct Query<Q>(pub(super) Q);

/// The query and the JSON body, read and checked together, so that all mistakes are told at once.
pub(super) struct Input<Q, B>(pub(super) Q, pub(super) B);

/// The id of a command in the path. Any text may stand there; that it names a command is not checked.
pub(super) struct ProcessId(pub(super) String);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let user = named(&parts.headers, "x-user-id");
        let session = named(&parts.headers, "x-session-id");
        Ok(Self(Owner { user, session }))
    }
}

/// A header's text; an empty one is none. Bytes that are no UTF-8 become replacement characters.
fn named(headers: &HeaderMap, name: &str) -> Option<Arc<str>> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into())
        .filter(|text: &Arc<str>| !text.is_empty())
}

impl<S: Send + Sync> FromRequestParts<S> for ProcessId {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(PathRejection::FailedToDeserializePathParams(_)) => Err(Error::NotFound(
                "the command's id in the path is no valid text".to_owned(),
            )),
            Err(other) => Err(Error::Internal(other.body_text())),
        }
    }
}

impl<S: Sync, Q: Read> FromRequestParts<S> for Query<Q> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let mut problems = Problems::default();
        let read = read_query(&parts.uri, &mut problems);
        read.map(Self).map_err(|Noted| Error::Invalid(problems))
    }
}

impl<Q: Read, B: Read> FromRequest<State> for Input<Q, B> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &State) -> Result<Self, Error> {
        let (parts, body) = request.into_parts();
        let body = collect(&parts.headers, body, state.config().max_body_size).await?;
        let object = json_object(&parts.headers, &body)?;
        let mut problems = Problems::default();
        let query = read_query(&parts.uri, &mut problems);
        let body = read_body(object, &mut problems);
        match (query, body) {
            (Ok(query), Ok(body)) => Ok(Self(query, body)),
            _ => Err(Error::Invalid(problems)),
        }
    }
}

fn read_query<Q: Read>(uri: &Uri, problems: &mut Problems) -> Result<Q, Noted> {
    let parameters = query::parameters(uri.query().unwrap_or(""));
    Q::read(&mut Fields::of_query(&parameters, problems))
}

/// Reads the body's members; `Err` in `object` is what stands in the way of looking for them.
fn read_body<B: Read>(
    object: Result<Object<'_>, Problem>,
    problems: &mut Problems,
) -> Result<B, Noted> {
    match object {
        Ok(object) => B::read(&mut Fields::of_object(object, problems)),
        Err(problem) => {
            problems.push(problem);
            Err(Noted)
        }
    }
}

/// The whole body, if it is no larger than `limit` bytes.
async fn collect(headers: &HeaderMap, body: Body, limit: u64) -> Result<Bytes, Error> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let mut whole = BytesMut::with_capacity(announced.unwrap_or(0));
    let mut frames = Limited::new(body, limit);
    while let Some(frame) = frames.frame().await {
        let frame = frame.map_err(|error| {
            if error.is::<LengthLimitError>() {
                return too_large(limit);
            }
            Error::BadRequest(format!("the request's body broke off: {error}"))
        })?;
        // Taken over at once, so that the connection has its buffer back for the next one.
        if let Ok(bytes) = frame.into_data() {
            whole.extend_from_slice(&bytes);
        }
    }
    Ok(whole.freeze())
}

fn too_large(limit: usize) -> Error {
    Error::TooLarge(format!(
        "the request's body is larger than {limit} bytes, the most this server takes; send less at once, or raise max_body_size"
    ))
}

/// The JSON object in the body, or what is wrong with it that a handler's members do not matter for.
fn json_object<'a>(
    headers: &HeaderMap,
    body: &'a [u8],
) -> Result<Result<Object<'a>, Problem>, Error> {
    if body.is_empty() {
        return Ok(Err(Problem::no_body()));
    }
    if !is_json(headers) {
        let msg = "the body must be a JSON object sent with the header \"Content-Type: application/json\"";
        return Ok(Err(Problem::no_object(
            msg,
            shown_text(&String::from_utf8_lossy(body)),
        )));
    }
    let text = simdutf8::compat::from_utf8(body).map_err(|error| {
        Error::BadRequest(format!(
            "the body is not UTF-8: byte {} is wrong; send JSON in UTF-8",
            error.valid_up_to()
        ))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match Object::parse(text.trim_matches([' ', '\t', '\r', '\n'])) {
        Ok(Some(object)) => Ok(Ok(object)),
        Ok(None) => {
            let msg = "the body must be a JSON object, such as {\"name\": \"value\"}";
            Ok(Err(Problem::no_object(msg, shown_json(text))))
        }
        // Looked at again with its space, so that the place is right.
        Err(error) => Err(Error::Invalid(
            not_json(
                text,
                &serde_json::from_str::<serde::de::IgnoredAny>(text)
                    .err()
                    .unwrap_or(error),
            )
            .into(),
        )),
    }
}

/// Whether the body is declared as JSON: `application/json`, or any `application/…+json`.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(declared)) = headers.get(CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let kind = declared
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    kind.strip_prefix("application/")
        .is_some_and(|kind| kind == "json" || kind.ends_with("+json"))
}

fn not_json(text: &str, error: &serde_json::Error) -> Problem {
    let before = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum::<usize>();
    let at = text.floor_char_boundary(before + error.column().saturating_sub(1));
    let words = error.to_string();
    let why = words.split(" at line ").next().unwrap_or(&words);
    Problem::no_json(text[..at].chars().count(), why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn declared(kind: &'static str) -> HeaderMap {
        [(CONTENT_TYPE, kind.parse().unwrap())]
            .into_iter()
            .collect()
    }

    #[test]
    fn json_must_be_declared() {
        for kind in [
            "application/json",
            "APPLICATION/JSON",
            "application/json; charset=utf-8",
            "application/vnd.x+json",
        ] {
            assert!(is_json(&declared(kind)), "{kind}");
        }
        for kind in [
            "text/plain",
            "application/jsonx",
            "text/x+json",
            "application/x-www-form-urlencoded",
            "",
        ] {
            assert!(!is_json(&declared(kind)), "{kind}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn broken_json_is_told_with_its_place() {
        for (body, place) in [
            ("{bad", 1),
            ("[1,", 2),
            ("{\"a\":1} x", 8),
            ("{\n\"é\": x}", 7),
            ("   ", 2),
            ("nul", 2),
        ] {
            let Err(Error::Invalid(problems)) =
                json_object(&declared("application/json"), body.as_bytes())
            else {
                panic!("{body} was taken");
            };
            let found = serde_json::to_value(&problems).unwrap();
            assert_eq!(found[0]["type"], "json_invalid");
            assert_eq!(found[0]["loc"], json!(["body", place]), "{body}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_a_bad_request() {
        let refused = json_object(&declared("application/json"), b"{\"a\":\"\xff\"}");
        assert!(matches!(refused, Err(Error::BadRequest(_))));
    }

    #[test]
    fn a_byte_order_mark_is_no_matter() {
        let text = json_object(&declared("application/json"), "\u{feff} {} ".as_bytes());
        assert_eq!(text.unwrap().unwrap().raw(), "{}");
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_announced_or_not() {
        let announced: HeaderMap = [(CONTENT_LENGTH, "11".parse().unwrap())]
            .into_iter()
            .collect();
        for headers in [announced, HeaderMap::new()] {
            let refused = collect(&headers, Body::from("x".repeat(11)), 10).await;
            assert!(matches!(refused, Err(Error::TooLarge(_))));
        }
        let taken = collect(&HeaderMap::new(), Body::from("x".repeat(10)), 10).await;
        assert_eq!(taken.unwrap().len(), 10);
    }
}
