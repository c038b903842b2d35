//! Commands as a client sees them: `/execute` and below.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Server, seconds, wait_for};

impl Server {
    /// Runs a command and waits for its end, at most 30 s.
    #[track_caller]
    pub(crate) fn run(&self, command: &str) -> Reply {
        self.execute("wait=30", &json!({ "command": command }))
    }

    /// Runs a command to its end once it may start: a pseudo-terminal is free a moment after the end of what had it is
    /// told.
    #[track_caller]
    pub(crate) fn run_when_free(&self, command: &str) -> Reply {
        let body = json!({ "command": command });
        wait_for("a pseudo-terminal is free", seconds(10), || {
            let answer = self.try_execute("wait=30", &body);
            (answer.status != 503).then(|| Reply(answer.expect(200).json()))
        })
    }

    /// Starts a command with the query and body given; it must start.
    #[track_caller]
    pub(crate) fn execute(&self, query: &str, body: &Value) -> Reply {
        Reply(self.try_execute(query, body).expect(200).json())
    }

    /// Asks for a command with the query and body given.
    pub(crate) fn try_execute(&self, query: &str, body: &Value) -> Answer {
        self.ask("POST", &format!("/execute?{query}"))
            .json(body)
            .send()
    }

    /// Starts a command without waiting; the answer is its id.
    #[track_caller]
    pub(crate) fn start(&self, command: &str) -> String {
        self.execute("wait=0", &json!({ "command": command })).id()
    }

    /// Starts a command whose processes all carry `mark` in their environment.
    #[track_caller]
    pub(crate) fn start_marked(&self, command: &str, mark: &str) -> String {
        self.execute(
            "wait=0",
            &json!({ "command": command, "env": { "OT_TEST_MARK": mark } }),
        )
        .id()
    }

    /// The status of a command that is known.
    #[track_caller]
    pub(crate) fn status(&self, id: &str, query: &str) -> Reply {
        Reply(
            self.get(&format!("/execute/{id}/status?{query}"))
                .expect(200)
                .json(),
        )
    }

    /// Types text into a command.
    pub(crate) fn input(&self, id: &str, text: &str) -> Answer {
        self.ask("POST", &format!("/execute/{id}/input"))
            .json(&json!({ "input": text }))
            .send()
    }

    /// Ends a command.
    pub(crate) fn kill(&self, id: &str, force: bool) -> Answer {
        self.ask("DELETE", &format!("/execute/{id}?force={force}"))
            .send()
    }

    /// Waits until a command's output contains `text`; the answer is all its output.
    #[track_caller]
    pub(crate) fn output_with(&self, id: &str, text: &str) -> String {
        wait_for(
            &format!("output with {text:?}"),
            Duration::from_secs(20),
            || {
                let output = self.status(id, "wait=0").output();
                output.contains(text).then_some(output)
            },
        )
    }

    /// Waits until a command has ended.
    #[track_caller]
    pub(crate) fn end(&self, id: &str) -> Reply {
        let reply = self.status(id, "wait=30");
        assert_ne!(
            reply.state(),
            "running",
            "it should have ended within 30 s: {reply:?}"
        );
        reply
    }
}

/// What is said about one command.
#[derive(Debug)]
pub(crate) struct Reply(
    /// The JSON as it came.
    pub(crate) Value,
);

impl Reply {
    /// The command's id.
    pub(crate) fn id(&self) -> String {
        self.0["id"].as_str().expect("a reply has an id").to_owned()
    }

    /// `running`, `done`, `killed` or `lost`.
    pub(crate) fn state(&self) -> &str {
        self.0["status"].as_str().expect("a reply has a status")
    }

    /// The exit status, negative for a signal.
    pub(crate) fn exit_code(&self) -> Option<i64> {
        self.0["exit_code"].as_i64()
    }

    /// The name of the signal that ended it.
    pub(crate) fn signal(&self) -> Option<&str> {
        self.0["signal"].as_str()
    }

    /// The processes that its shell left running.
    pub(crate) fn survivors(&self) -> Vec<i64> {
        let list = self.0["survivors"].as_array().cloned().unwrap_or_default();
        list.iter()
            .map(|pid| pid.as_i64().expect("a survivor is a pid"))
            .collect()
    }

    /// The output records, joined.
    pub(crate) fn output(&self) -> String {
        self.records().concat()
    }

    /// The output records, one by one.
    pub(crate) fn records(&self) -> Vec<&str> {
        let records = self.0["output"]
            .as_array()
            .expect("a reply has a list of output");
        records
            .iter()
            .map(|record| record["data"].as_str().expect("a record has data"))
            .collect()
    }

    /// The offset to ask for next.
    pub(crate) fn next_offset(&self) -> u64 {
        self.0["next_offset"]
            .as_u64()
            .expect("a reply has the next offset")
    }

    /// Whether output is missing from it.
    pub(crate) fn truncated(&self) -> bool {
        self.0["truncated"]
            .as_bool()
            .expect("a reply says whether it is truncated")
    }

    /// The path of its log.
    pub(crate) fn log_path(&self) -> String {
        self.0["log_path"]
            .as_str()
            .expect("a reply has the path of the log")
            .to_owned()
    }

    /// Why the log is not whole.
    pub(crate) fn log_error(&self) -> Option<&str> {
        self.0["log_error"].as_str()
    }

    /// Itself, after checking that the command ended by itself with this exit status.
    #[track_caller]
    pub(crate) fn expect_exit(self, code: i64) -> Self {
        assert_eq!(
            (self.state(), self.exit_code()),
            ("done", Some(code)),
            "{self:?}"
        );
        self
    }
}
