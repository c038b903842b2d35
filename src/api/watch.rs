//! Watching on the wire: changes in a directory as server-sent events.
//!
//! `ready` comes first, then `change` for each change, `overflow` when some were lost (list again), and `end` when
//! what was watched is gone. Every event has data in JSON, since browsers pass over one without.

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State as Use;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use serde_json::{Value, json};

use super::extract::{Caller, Query};
use super::validate::{Fields, Flag, Noted, Read, Text};
use super::{Error, State};
use crate::files::{Change, Kind, Watches, Watching};
use crate::workspace::shown;

/// A connection over which nothing else comes gets a comment this often, so that nobody takes it for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What to watch.
pub(super) struct WatchQuery {
    path: String,
    recursive: bool,
}

impl Read for WatchQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let path = fields.defaulted("path", Text, ".".to_owned());
        let recursive = fields.defaulted("recursive", Flag, false);
        Ok(Self {
            path: path?,
            recursive: recursive?,
        })
    }
}

/// A change, in the order of the wire.
#[derive(Serialize)]
struct Told<'a> {
    kind: &'static str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
}

/// Tells what happens to a directory or file until the client goes, the path does, or the server ends.
pub(super) async fn watch(
    Use(state): Use<State>,
    Use(watches): Use<Watches>,
    Caller(owner): Caller,
    Query(query): Query<WatchQuery>,
) -> Result<Response, Error> {
    let path = state
        .workspace()
        .resolve(owner.session.as_deref(), &query.path)?;
    let Some(place) = watches.take() else {
        return Err(Error::TooMany(
            "there are as many watches as there may be at once; end one by closing its connection"
                .to_owned(),
        ));
    };
    let ready = event("ready", &json!({ "path": shown(&path) }));
    let setting_up = {
        let path = path.clone();
        tokio::task::spawn_blocking(move || place.watch(&path, query.recursive))
    };
    let watching = setting_up
        .await
        .map_err(|error| Error::Internal(error.to_string()))??;
    let gone = event("end", &json!({ "path": shown(&path) }));
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, Body::from_stream(events(ready, watching, gone))).into_response())
}

/// Where a stream of events is.
enum Stage {
    /// Nothing was sent yet; the first event is this.
    Ready(Bytes, Watching),
    Open(Watching),
    Ended,
}

/// The events of a watch; a client that goes drops them, and with them the watch.
fn events(
    ready: Bytes,
    watching: Watching,
    gone: Bytes,
) -> impl stream::Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(Stage::Ready(ready, watching), move |stage| {
        let gone = gone.clone();
        async move {
            let mut watching = match stage {
                Stage::Ready(ready, watching) => return Some((Ok(ready), Stage::Open(watching))),
                Stage::Open(watching) => watching,
                Stage::Ended => return None,
            };
            match tokio::time::timeout(HEARTBEAT, watching.next()).await {
                Ok(Some(change)) => Some((Ok(told(&change)), Stage::Open(watching))),
                Ok(None) if watching.is_gone() => Some((Ok(gone), Stage::Ended)),
                Ok(None) => None,
                Err(_) => Some((Ok(Bytes::from_static(b":\n\n")), Stage::Open(watching))),
            }
        }
    })
}

/// A change as an event.
fn told(change: &Change) -> Bytes {
    let path = shown(&change.path);
    let (kind, from) = match &change.kind {
        Kind::Created => ("created", None),
        Kind::Modified => ("modified", None),
        Kind::Removed => ("removed", None),
        Kind::Renamed { from } => ("renamed", Some(shown(from as &Path))),
        Kind::Overflow => {
            let hint =
                "some changes were lost because too many came at once; list the directory again";
            return event("overflow", &json!({ "path": path, "hint": hint }));
        }
    };
    event(
        "change",
        &json!(Told {
            kind,
            path: &path,
            from: from.as_deref()
        }),
    )
}

/// One event. JSON has no line breaks outside its texts, and escapes those within.
fn event(name: &str, data: &Value) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: Kind, path: &str) -> String {
        let path = path.into();
        String::from_utf8(told(&Change { kind, path }).to_vec()).unwrap()
    }

    #[test]
    fn a_change_is_one_event_with_json_in_it() {
        assert_eq!(
            text(Kind::Created, "/a b\nc"),
            "event: change\ndata: {\"kind\":\"created\",\"path\":\"/a b\\nc\"}\n\n"
        );
        let from = "/x".into();
        assert_eq!(
            text(Kind::Renamed { from }, "/y"),
            "event: change\ndata: {\"kind\":\"renamed\",\"path\":\"/y\",\"from\":\"/x\"}\n\n"
        );
        assert!(text(Kind::Overflow, "/d").starts_with("event: overflow\ndata: {\"path\":\"/d\""));
    }
}
