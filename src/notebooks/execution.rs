//! An execution: one cell on its way through the kernel.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::message::Message;
use super::output::{Output, Outputs, Piece, Raised};
use super::telling::Teller;

/// When what happened to a cell, as Jupyter's editors note it in the cell's metadata.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Times {
    #[serde(
        rename = "iopub.execute_input",
        skip_serializing_if = "Option::is_none"
    )]
    input: Option<String>,
    #[serde(rename = "iopub.status.busy", skip_serializing_if = "Option::is_none")]
    busy: Option<String>,
    #[serde(rename = "iopub.status.idle", skip_serializing_if = "Option::is_none")]
    idle: Option<String>,
    #[serde(
        rename = "shell.execute_reply",
        skip_serializing_if = "Option::is_none"
    )]
    reply: Option<String>,
}

/// How an execution ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Well.
    Well,
    /// With an exception.
    Raised(Raised),
    /// The kernel ended; why, in words.
    Died(String),
    /// It took too long; what was done about it, in words.
    TimedOut(String),
}

/// What an execution gave.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) outcome: Outcome,
    pub(super) count: Option<i64>,
    pub(super) outputs: Vec<Output>,
    pub(super) times: Times,
}

/// What keeps a notebook busy as long as it is there.
pub(super) type Busy = Arc<dyn Send + Sync>;

/// What is to be executed, and who wants to know.
pub(super) struct Task {
    /// The code.
    pub(super) code: String,
    /// When it has taken too long.
    pub(super) due: Option<Instant>,
    /// Gets each output as it comes.
    pub(super) pieces: Option<Teller>,
    /// Gets the end.
    pub(super) done: oneshot::Sender<Finished>,
    /// Keeps the notebook busy.
    pub(super) claim: Busy,
}

/// A cell that runs.
pub(super) struct Execution {
    /// The id of its request, by which its messages are known.
    request: String,
    pub(super) due: Option<Instant>,
    pieces: Option<Teller>,
    /// None when the answer was given before the end.
    done: Option<oneshot::Sender<Finished>>,
    /// None when the notebook may be busy with something else.
    claim: Option<Busy>,
    outputs: Outputs,
    times: Times,
    count: Option<i64>,
    /// How it ended, once the reply is there.
    reply: Option<Outcome>,
    /// Whether the kernel says that it is done with it.
    idle: bool,
    settling: bool,
    /// Whether it was interrupted because it took too long.
    pub(super) timed_out: bool,
}

#[derive(Deserialize)]
struct Reply {
    status: String,
    execution_count: Option<i64>,
}

#[derive(Deserialize)]
struct Status {
    execution_state: String,
}

#[derive(Deserialize)]
struct Input {
    execution_count: Option<i64>,
}

impl Outcome {
    /// The kernel has ended it, and said in no way that can be read how.
    fn unreadable() -> Self {
        Self::Raised(Raised {
            ename: "KernelError".to_owned(),
            evalue: "the kernel's reply was too large or cannot be read; the cell may have ended with an exception"
                .to_owned(),
            traceback: Vec::new(),
        })
    }
}

impl Execution {
    /// The task, sent under this id.
    pub(super) fn new(request: String, task: Task) -> Self {
        Self {
            request,
            due: task.due,
            pieces: task.pieces,
            done: Some(task.done),
            claim: Some(task.claim),
            outputs: Outputs::default(),
            times: Times::default(),
            count: None,
            reply: None,
            idle: false,
            settling: false,
            timed_out: false,
        }
    }

    fn is_mine(&self, message: &Message) -> bool {
        message.parent.as_deref() == Some(&self.request)
    }

    /// Takes what the kernel publishes.
    pub(super) fn on_published(&mut self, message: &Message) {
        if !self.is_mine(message) {
            return;
        }
        match message.kind.as_str() {
            "status" => match message.read::<Status>() {
                Some(Status { execution_state }) if execution_state == "idle" => {
                    self.times.idle = Some(now());
                    self.idle = true;
                }
                Some(Status { execution_state }) if execution_state == "busy" => {
                    self.times.busy = Some(now());
                }
                _ => {}
            },
            "execute_input" => {
                self.times.input = Some(now());
                let count = message
                    .read::<Input>()
                    .and_then(|input| input.execution_count);
                self.count = count.or(self.count);
            }
            _ => {
                let piece = self.outputs.take(message);
                self.tell(piece);
            }
        }
    }

    /// Notes that a message was too large.
    pub(super) fn on_loss(&mut self) {
        let piece = self.outputs.note_loss();
        self.tell(piece);
    }

    /// Takes a reply to a request.
    pub(super) fn on_reply(&mut self, message: &Message) {
        if !self.is_mine(message) || message.kind != "execute_reply" {
            return;
        }
        self.times.reply = Some(now());
        let Some(reply) = message.read::<Reply>() else {
            self.reply = Some(Outcome::unreadable());
            return;
        };
        self.count = reply.execution_count.or(self.count);
        self.reply = Some(match reply.status.as_str() {
            "ok" => Outcome::Well,
            _ => Outcome::Raised(message.read().unwrap_or_default()),
        });
    }

    /// Whether the kernel is done with it, and what belongs to it may still be on its way: what was printed, or
    /// a reply, which never comes when it was too large.
    pub(super) fn is_done(&self) -> bool {
        self.reply.is_some() || self.idle
    }

    /// Whether it is known till when the rest may come.
    pub(super) fn is_settling(&self) -> bool {
        self.settling
    }

    /// Waits for the rest till then.
    pub(super) fn settle_by(&mut self, when: Instant) {
        self.settling = true;
        self.due = Some(when);
    }

    /// Whether all of it is there.
    pub(super) fn is_over(&self) -> bool {
        self.reply.is_some() && self.idle
    }

    /// Whether somebody still waits for the end.
    pub(super) fn is_awaited(&self) -> bool {
        self.done.is_some()
    }

    /// Answers as the kernel ended it.
    pub(super) fn finish(&mut self) {
        let outcome = match self.reply.take() {
            reply if !self.timed_out => reply.unwrap_or_else(Outcome::unreadable),
            _ => Outcome::TimedOut("the cell took longer than its timeout and was interrupted; the kernel and its variables are still there".to_owned()),
        };
        self.end(outcome);
    }

    /// Answers for good: who hears of it finds the notebook ready for the next cell.
    pub(super) fn end(&mut self, outcome: Outcome) {
        self.claim = None;
        self.answer(outcome);
    }

    /// Answers before the kernel has ended it.
    pub(super) fn answer(&mut self, outcome: Outcome) {
        if let Outcome::Died(words) = &outcome {
            let output = Output::from(Raised {
                ename: "DeadKernelError".to_owned(),
                evalue: words.clone(),
                traceback: vec![words.clone()],
            });
            self.outputs.push(output.clone(), None);
            self.tell(Some(Piece::Output(output)));
        }
        if let Some(done) = self.done.take() {
            let finished = Finished {
                outcome,
                count: self.count,
                outputs: std::mem::take(&mut self.outputs).into_list(),
                times: self.times.clone(),
            };
            done.send(finished).ok();
        }
        self.pieces = None;
    }

    fn tell(&mut self, piece: Option<Piece>) {
        if let (Some(pieces), Some(piece)) = (&mut self.pieces, piece) {
            pieces.tell(piece);
        }
    }
}

fn now() -> String {
    format!("{:.6}", Timestamp::now())
}

#[cfg(test)]
mod tests;
