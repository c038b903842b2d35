//! Tests of an execution: which messages count, and when it is over.

use super::*;
use crate::notebooks::message::Message;
use serde_json::{Value, json, value::to_raw_value};
use tokio_util::sync::CancellationToken;

use crate::notebooks::session::Session;
use crate::notebooks::spec::Spec;

fn begun() -> (Execution, oneshot::Receiver<Finished>) {
    let spec = Spec {
        name: "k".into(),
        program: "/bin/sh".into(),
        arguments: Vec::new(),
        environment: Vec::new(),
        interrupt_by_message: false,
        unix_sockets: true,
    };
    let (session, _) = Session::new(
        "id".into(),
        None,
        "/n".into(),
        spec,
        "".into(),
        CancellationToken::new(),
    );
    let (done, finished) = oneshot::channel();
    let task = Task {
        code: String::new(),
        due: None,
        pieces: None,
        done,
        claim: Arc::new(session.claim().map_err(|error| error.to_string()).unwrap()),
    };
    (Execution::new("mine".into(), task), finished)
}

fn message(parent: &str, kind: &str, content: &Value) -> Message {
    Message {
        kind: kind.into(),
        parent: Some(parent.into()),
        content: to_raw_value(content).unwrap(),
    }
}

#[test]
fn it_is_over_when_reply_and_idle_are_there_in_any_order() {
    let idle = message("mine", "status", &json!({"execution_state": "idle"}));
    let reply = message(
        "mine",
        "execute_reply",
        &json!({"status": "ok", "execution_count": 4}),
    );
    for idle_first in [true, false] {
        let (mut execution, mut finished) = begun();
        if idle_first {
            execution.on_published(&idle);
        } else {
            execution.on_reply(&reply);
        }
        assert!(!execution.is_over());
        execution.on_published(&idle);
        execution.on_reply(&reply);
        assert!(execution.is_over());
        execution.finish();
        let finished = finished.try_recv().unwrap();
        assert!(matches!(finished.outcome, Outcome::Well));
        assert_eq!(finished.count, Some(4));
    }
}

#[test]
fn messages_of_others_are_not_taken() {
    let (mut execution, mut finished) = begun();
    let print = json!({"name": "stdout", "text": "x"});
    execution.on_published(&message("other", "stream", &print));
    execution.on_published(&message(
        "other",
        "status",
        &json!({"execution_state": "idle"}),
    ));
    execution.on_reply(&message("other", "execute_reply", &json!({"status": "ok"})));
    assert!(!execution.is_over());
    execution.on_published(&message("mine", "stream", &print));
    execution.on_reply(&message(
        "mine",
        "execute_reply",
        &json!({"status": "error", "ename": "E", "evalue": "v", "traceback": ["t"]}),
    ));
    execution.finish();
    let finished = finished.try_recv().unwrap();
    assert_eq!(finished.outputs.len(), 1);
    assert!(matches!(finished.outcome, Outcome::Raised(raised) if raised.ename == "E"));
}

#[test]
fn a_death_is_among_the_outputs() {
    let (mut execution, mut finished) = begun();
    execution.on_published(&message(
        "mine",
        "stream",
        &json!({"name": "stdout", "text": "before"}),
    ));
    execution.answer(Outcome::Died("killed".into()));
    let finished = finished.try_recv().unwrap();
    assert_eq!(finished.outputs.len(), 2);
    assert!(!execution.is_awaited());
}
