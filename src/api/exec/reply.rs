//! Replies about commands. Output is passed on as the JSON it already is, and may be sent while it is read.

use std::path::{Path, PathBuf};

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream::{self, Stream, StreamExt};
use serde::Serialize;
use tokio::sync::mpsc::Receiver;

use crate::api::json::{json_response, to_json};
use crate::exec::{Killed, Output, Report, Spent, Struck, Summary};

/// A command as the list shows it, in the order of the wire.
#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    command: &'a str,
    status: &'static str,
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<&'static str>,
    #[serde(skip_serializing_if = "<[i32]>::is_empty")]
    survivors: &'a [i32],
    log_path: Option<String>,
}

/// All of a report before its output, in the order of the wire.
#[derive(Serialize)]
struct Head<'a> {
    id: &'a str,
    command: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cwd: Option<String>,
    status: &'static str,
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<&'static str>,
    #[serde(skip_serializing_if = "<[i32]>::is_empty")]
    survivors: &'a [i32],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    timed_out: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<&'a Spent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'a Struck>,
    log_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_error: Option<&'a str>,
}

/// How a request to end a command went.
#[derive(Debug, PartialEq, Serialize)]
pub(in crate::api) struct Kill {
    status: &'static str,
    signals: Vec<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    already_ended: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remaining: Vec<i32>,
    message: String,
}

impl From<Killed> for Kill {
    fn from(killed: Killed) -> Self {
        let message = message(&killed);
        let Killed {
            already_ended,
            signals,
            remaining,
        } = killed;
        Self {
            status: "killed",
            signals,
            already_ended,
            remaining,
            message,
        }
    }
}

fn message(killed: &Killed) -> String {
    let signals = killed.signals.join(", then ");
    let went = match (killed.already_ended, signals.as_str()) {
        (true, "") => "the command had already ended, and nothing of it was left".to_owned(),
        (true, signals) => {
            format!("the command had already ended; what it left running was sent {signals}")
        }
        (false, "") => "the command ended by itself just now".to_owned(),
        (false, signals) => format!("the command and all its processes were sent {signals}"),
    };
    match killed.remaining.len() {
        0 => went,
        count => format!("{went}; {count} of them could not be ended and are still there"),
    }
}

/// The list of commands.
pub(super) fn listing(summaries: &[Summary]) -> Response {
    let listed: Vec<Listed<'_>> = summaries
        .iter()
        .map(|summary| Listed {
            id: &summary.id,
            command: &summary.command,
            status: summary.status.as_str(),
            exit_code: summary.exit_code,
            signal: summary.signal,
            survivors: &summary.survivors,
            log_path: shown(summary.log_path.as_ref()),
        })
        .collect();
    json_response(StatusCode::OK, to_json(&listed))
}

/// A report on one command; `cwd` is told when it was just started.
pub(super) fn report(report: Report, cwd: Option<&Path>) -> Response {
    let head = head(&report, cwd);
    let tail = format!(
        "],\"next_offset\":{},\"truncated\":{}}}",
        report.next_offset, report.truncated
    );
    let body = match report.output {
        Output::Whole(output) => Body::from([&head[..], &output, tail.as_bytes()].concat()),
        Output::Stream(pieces) => Body::from_stream(streamed(head, pieces, tail)),
    };
    json_response(StatusCode::OK, body)
}

/// The JSON up to and into the array of output.
fn head(report: &Report, cwd: Option<&Path>) -> Vec<u8> {
    let summary = &report.summary;
    let mut head = to_json(&Head {
        id: &summary.id,
        command: &summary.command,
        cwd: cwd.map(|cwd| cwd.to_string_lossy().into_owned()),
        status: summary.status.as_str(),
        exit_code: summary.exit_code,
        signal: summary.signal,
        survivors: &summary.survivors,
        timed_out: report.timed_out,
        usage: report.usage.as_ref(),
        limit: report.limit.as_ref(),
        log_path: shown(summary.log_path.as_ref()),
        log_error: report.log_error.as_deref(),
    });
    head.pop();
    head.extend_from_slice(b",\"output\":[");
    head
}

/// A failure on the way breaks the body off, so that the client sees that it is not whole.
fn streamed(
    head: Vec<u8>,
    pieces: Receiver<std::io::Result<Bytes>>,
    tail: String,
) -> impl Stream<Item = std::io::Result<Bytes>> {
    let whole = |bytes: Bytes| stream::iter([Ok(bytes)]);
    let pieces = stream::unfold(pieces, async |mut pieces| {
        pieces.recv().await.map(|piece| (piece, pieces))
    });
    whole(head.into()).chain(pieces).chain(whole(tail.into()))
}

fn shown(path: Option<&PathBuf>) -> Option<String> {
    path.map(|path| path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::Status;
    use crate::limits::Amount;
    use http_body_util::BodyExt;
    use serde_json::{Value, json};
    use tokio::sync::mpsc;

    fn sample(output: Output) -> Report {
        let summary = Summary {
            id: "1".to_owned(),
            command: "echo \"x\"".to_owned(),
            status: Status::Done,
            exit_code: Some(0),
            signal: None,
            log_path: None,
            survivors: vec![],
        };
        Report {
            summary,
            log_error: None,
            timed_out: false,
            usage: None,
            limit: None,
            output,
            next_offset: 7,
            truncated: true,
        }
    }

    async fn text(response: Response) -> String {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_report_is_whole_json_however_its_output_comes() {
        let pieces = [
            "{\"type\":\"output\",\"data\":\"a\"}",
            ",{\"type\":\"output\",",
            "\"data\":\"b\"}",
        ];
        let (sender, receiver) = mpsc::channel(8);
        for piece in pieces {
            sender.send(Ok(Bytes::from(piece))).await.unwrap();
        }
        drop(sender);
        let streamed = text(report(
            sample(Output::Stream(receiver)),
            Some(Path::new("/w")),
        ))
        .await;
        let whole = text(report(
            sample(Output::Whole(pieces.concat().into())),
            Some(Path::new("/w")),
        ))
        .await;
        assert_eq!(streamed, whole);
        let value: Value = serde_json::from_str(&whole).unwrap();
        let names: Vec<&str> = value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let order = [
            "id",
            "command",
            "cwd",
            "status",
            "exit_code",
            "log_path",
            "output",
            "next_offset",
            "truncated",
        ];
        assert_eq!(names, order);
        assert_eq!(value["output"][1]["data"], "b");
        assert_eq!(value["next_offset"], 7);
    }

    #[tokio::test]
    async fn added_members_are_there_only_when_they_say_something() {
        let mut report_ = sample(Output::Whole(Bytes::new()));
        report_.timed_out = true;
        report_.log_error = Some("disk full".to_owned());
        report_.summary.survivors = vec![4];
        report_.summary.signal = Some("SIGKILL");
        report_.usage = Some(Spent {
            cpu_seconds: 0.12,
            memory_peak_bytes: 12_345_678,
            wall_seconds: 1.5,
        });
        report_.limit = Some(Struck {
            kind: "memory".into(),
            value: Some(Amount::Whole(512_000_000)),
            hits: 1,
            scope: "user".into(),
        });
        let value: Value = serde_json::from_str(&text(report(report_, None)).await).unwrap();
        assert_eq!(value["timed_out"], true);
        assert_eq!(value["log_error"], "disk full");
        assert_eq!(value["survivors"][0], 4);
        assert_eq!(value["signal"], "SIGKILL");
        let usage =
            json!({"cpu_seconds": 0.12, "memory_peak_bytes": 12_345_678, "wall_seconds": 1.5});
        assert_eq!(value["usage"], usage);
        let limit = json!({"kind": "memory", "value": 512_000_000, "hits": 1, "scope": "user"});
        assert_eq!(value["limit"], limit);
        assert!(value.get("cwd").is_none());
    }

    #[test]
    fn the_message_says_how_a_kill_went() {
        let killed = |already_ended, signals: &[&'static str], remaining: &[i32]| {
            Kill::from(Killed {
                already_ended,
                signals: signals.to_vec(),
                remaining: remaining.to_vec(),
            })
            .message
        };
        assert!(killed(false, &["SIGTERM", "SIGKILL"], &[]).contains("SIGTERM, then SIGKILL"));
        assert!(killed(true, &[], &[]).contains("already ended"));
        assert!(killed(false, &["SIGKILL"], &[7]).contains("1 of them"));
    }
}
