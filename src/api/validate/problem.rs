//! A problem: one mistake in a request, where it is and what would be right.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

/// Longest input shown back, in characters.
const SHOWN: usize = 200;

/// The part of a request a member belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) enum Place {
    /// The query string.
    Query,
    /// The JSON body.
    Body,
}

impl Place {
    fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Body => "body",
        }
    }
}

/// One mistake, as clients see it.
#[derive(Debug, Serialize)]
pub(in crate::api) struct Problem {
    /// The kind of mistake, a word programs can rely on.
    #[serde(rename = "type")]
    pub(in crate::api) kind: &'static str,
    /// Where it is: the part of the request, the member, and the way into it.
    pub(in crate::api) loc: Vec<Value>,
    /// What would be right.
    pub(in crate::api) msg: Cow<'static, str>,
    /// What was sent, cut when it is long.
    pub(in crate::api) input: Value,
    /// The numbers or words the message speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) ctx: Option<Value>,
}

/// All that is wrong with one request.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(in crate::api) struct Problems(Vec<Problem>);

impl Problems {
    /// Notes one more.
    pub(in crate::api) fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

/// What a [`super::kinds::Kind`] finds wrong with a value; its reader adds where that was.
#[derive(Debug)]
pub(in crate::api) struct Fault(Box<Mistake>);

#[derive(Debug)]
struct Mistake {
    kind: &'static str,
    msg: Cow<'static, str>,
    ctx: Option<Value>,
    /// The way into the value, when the mistake is in a part of it, and that part.
    inside: Option<(Vec<Value>, Value)>,
}

impl Fault {
    /// A mistake of this kind; `msg` says what would be right.
    pub(in crate::api) fn new(kind: &'static str, msg: impl Into<Cow<'static, str>>) -> Self {
        let msg = msg.into();
        Self(Box::new(Mistake {
            kind,
            msg,
            ctx: None,
            inside: None,
        }))
    }

    /// With what the message speaks of, for programs.
    pub(in crate::api) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.ctx = Some(json!({ name: value.into() }));
        self
    }

    /// In the member `name` of the value, which was `input`.
    pub(in crate::api) fn inside(mut self, name: &str, input: &str) -> Self {
        self.0.inside = Some((vec![name.into()], shown_json(input)));
        self
    }

    /// In the item `at` of the value, which was `input`.
    pub(super) fn in_item(mut self, at: usize, input: &str) -> Self {
        self.0.inside = Some((vec![at.into()], shown_json(input)));
        self
    }

    /// What `problem`, found in the object that is the item `at` of the value, is for the whole.
    pub(super) fn of_item(problem: Problem, at: usize) -> Self {
        let Problem {
            kind,
            loc,
            msg,
            input,
            ctx,
        } = problem;
        let way = std::iter::once(at.into()).chain(loc.into_iter().skip(1));
        Self(Box::new(Mistake {
            kind,
            msg,
            ctx,
            inside: Some((way.collect(), input)),
        }))
    }

    /// The problem it is at `name` of `place`, where `input` was sent.
    pub(super) fn at(self, place: Place, name: &str, input: Value) -> Problem {
        let Mistake {
            kind,
            msg,
            ctx,
            inside,
        } = *self.0;
        let mut loc = vec![place.as_str().into(), name.into()];
        let input = match inside {
            Some((way, part)) => {
                loc.extend(way);
                part
            }
            None => input,
        };
        Problem {
            kind,
            loc,
            msg,
            input,
            ctx,
        }
    }
}

impl Problem {
    /// A member that must be there and is not; `around` is what was sent instead.
    pub(super) fn missing(place: Place, name: &str, around: Value) -> Self {
        Fault::new("missing", "this is required, but it was not sent").at(place, name, around)
    }

    /// A mistake in the member `name` of the body that only its service could find; `input` is what it holds.
    pub(in crate::api) fn of_member(
        name: &str,
        kind: &'static str,
        msg: String,
        input: Value,
    ) -> Self {
        Fault::new(kind, msg).at(Place::Body, name, input)
    }

    /// The body is needed and was not sent.
    pub(in crate::api) fn no_body() -> Self {
        Self {
            kind: "missing",
            loc: vec!["body".into()],
            msg: "a JSON object is required as the body, but none was sent".into(),
            input: Value::Null,
            ctx: None,
        }
    }

    /// A form without the file that it is for.
    pub(in crate::api) fn no_file() -> Self {
        let msg = "a file is required in the field \"file\" of a multipart/form-data body, but none was sent";
        Fault::new("missing", msg).at(Place::Body, "file", Value::Null)
    }

    /// A form with text where a file is meant.
    pub(in crate::api) fn text_for_file() -> Self {
        let msg = "this must be a file: a part of a multipart/form-data body with a filename";
        Fault::new("value_error", msg).at(Place::Body, "file", Value::Null)
    }

    /// The body is something else than a JSON object declared as JSON.
    pub(in crate::api) fn no_object(msg: &'static str, input: Value) -> Self {
        Self {
            kind: "model_attributes_type",
            loc: vec!["body".into()],
            msg: msg.into(),
            input,
            ctx: None,
        }
    }

    /// The body breaks off being JSON at character number `position`.
    pub(in crate::api) fn no_json(position: usize, why: &str) -> Self {
        Self {
            kind: "json_invalid",
            loc: vec!["body".into(), position.into()],
            msg: format!("the body is not valid JSON: {why}, at character {position}").into(),
            input: json!({}),
            ctx: Some(json!({ "error": why })),
        }
    }
}

/// `text` as a value to show back, cut when it is long.
pub(in crate::api) fn shown_text(text: &str) -> Value {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// The JSON in `raw` as a value to show back; when it is long, the beginning of a text or of the JSON itself.
pub(in crate::api) fn shown_json(raw: &str) -> Value {
    if raw.len() <= SHOWN * 4
        && let Ok(value) = serde_json::from_str(raw)
    {
        match value {
            Value::String(text) => return shown_text(&text),
            value if raw.chars().nth(SHOWN).is_none() => return value,
            _ => {}
        }
    }
    shown_text(raw)
}
