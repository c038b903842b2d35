//! Terminals as a client sees them: the REST calls, and a WebSocket client that keeps all it was sent.

mod attach;
mod client;
mod eyes;
mod screen;

use serde_json::{Value, json};

pub(crate) use attach::Attach;
pub(crate) use client::{Client, LOST};
pub(crate) use eyes::Eyes;
pub(crate) use screen::{Look, Screen};

use super::{Answer, Ask, Server, eventually, processes, seconds};

/// Who asks: the user and the chat, each empty when not given.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Caller<'a> {
    /// `X-User-Id`
    pub(crate) user: &'a str,
    /// `X-Session-Id`
    pub(crate) session: &'a str,
}

/// A caller that says nothing of itself.
pub(crate) const NOBODY: Caller<'static> = caller("", "");

/// A caller with this user and this chat.
pub(crate) const fn caller<'a>(user: &'a str, session: &'a str) -> Caller<'a> {
    Caller { user, session }
}

impl Server {
    /// Makes a request as a caller.
    pub(crate) fn ask_as(&self, who: Caller, method: &str, path: &str) -> Ask {
        let mut ask = self.ask(method, path);
        for (name, value) in [("x-user-id", who.user), ("x-session-id", who.session)] {
            if !value.is_empty() {
                ask = ask.header(name, value);
            }
        }
        ask
    }

    /// Asks for a terminal.
    pub(crate) fn try_open(&self, who: Caller) -> Answer {
        self.ask_as(who, "POST", "/api/terminals").send()
    }

    /// Asks for a terminal, which is given; the answer is its id.
    #[track_caller]
    pub(crate) fn open(&self, who: Caller) -> String {
        id_of(&self.try_open(who).expect(200).json())
    }

    /// Asks for a terminal of nobody's and attaches to it.
    #[track_caller]
    pub(crate) fn terminal(&self) -> (String, Client) {
        let id = self.open(NOBODY);
        let client = self.attach(&id).start();
        (id, client)
    }

    /// Prepares to attach to a terminal.
    pub(crate) fn attach<'a>(&'a self, id: &str) -> Attach<'a> {
        Attach::new(self, id)
    }

    /// What is said of a terminal of nobody's.
    #[track_caller]
    pub(crate) fn summary(&self, id: &str) -> Value {
        self.summary_as(NOBODY, id)
    }

    /// What is said of a caller's terminal.
    #[track_caller]
    pub(crate) fn summary_as(&self, who: Caller, id: &str) -> Value {
        let ask = self.ask_as(who, "GET", &format!("/api/terminals/{id}"));
        ask.send().expect(200).json()
    }

    /// Whether a terminal of nobody's is there.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.has_as(NOBODY, id)
    }

    /// Whether a caller's terminal is there.
    pub(crate) fn has_as(&self, who: Caller, id: &str) -> bool {
        let ask = self.ask_as(who, "GET", &format!("/api/terminals/{id}"));
        ask.send().status == 200
    }

    /// The ids of a caller's terminals.
    #[track_caller]
    pub(crate) fn terminals(&self, who: Caller) -> Vec<String> {
        let list = self.ask_as(who, "GET", "/api/terminals").send();
        let list = list.expect(200).json();
        let list = list.as_array().expect("it is a list");
        list.iter().map(id_of).collect()
    }

    /// Ends a terminal of nobody's.
    pub(crate) fn close(&self, id: &str) -> Answer {
        self.ask("DELETE", &format!("/api/terminals/{id}")).send()
    }

    /// The shell's process of a terminal of nobody's.
    #[track_caller]
    pub(crate) fn shell(&self, id: &str) -> i32 {
        let pid = self.summary(id)["pid"].as_i64();
        i32::try_from(pid.expect("a terminal has a pid")).expect("pids are small")
    }

    /// Waits until a program runs below the server with these arguments, the first being its name.
    #[track_caller]
    pub(crate) fn runs(&self, arguments: &str) {
        let line = arguments.replace(' ', "\0") + "\0";
        eventually(&format!("{arguments} runs"), seconds(10), || {
            let below = processes::descendants(self.pid);
            let mut lines = below.into_iter().map(processes::cmdline);
            lines.any(|of| of == line.as_bytes())
        });
    }

    /// Waits until so many clients are attached to a terminal of nobody's.
    #[track_caller]
    pub(crate) fn attached(&self, id: &str, count: u64) {
        self.attached_as(NOBODY, id, count);
    }

    /// Waits until so many clients are attached to a caller's terminal.
    #[track_caller]
    pub(crate) fn attached_as(&self, who: Caller, id: &str, count: u64) {
        eventually(&format!("{count} attached to {id}"), seconds(15), || {
            self.summary_as(who, id)["attached"] == count
        });
    }

    /// What a model sees of a caller's terminal.
    pub(crate) fn user_output(&self, who: Caller) -> Answer {
        let ask = self.ask_as(who, "GET", "/api/terminals/user/output");
        ask.send()
    }

    /// Types into a caller's terminal as a model does.
    pub(crate) fn user_input(&self, who: Caller, text: &str) -> Answer {
        let ask = self.ask_as(who, "POST", "/api/terminals/user/input");
        ask.json(&json!({ "input": text })).send()
    }
}

/// What `seq 1 LAST` prints on a terminal.
pub(crate) fn counted(last: u32) -> String {
    (1..=last).fold(String::new(), |lines, n| lines + &n.to_string() + "\r\n")
}

pub(crate) fn id_of(summary: &Value) -> String {
    let id = summary["id"].as_str();
    id.expect("a terminal has an id").to_owned()
}
