//! Notebooks with the real ipykernel, from the file and back to it. `tests/setup` installs the kernel; without it
//! these tests leave, and say so.

mod cells;
mod ends;
mod files;
mod hostile;
mod kernels;
mod streams;

use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Server, busy, eventually, seconds};

/// Where `tests/setup` puts Python with ipykernel, matplotlib and pandas.
const KERNELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/kernels");

/// A server with kernels, which take much of the processor while they start.
struct Kernels {
    server: Server,
    _busy: File,
}

/// A server whose commands find that Python first; none without it.
fn server() -> Option<Kernels> {
    server_with(&[])
}

fn server_with(settings: &[(&str, &str)]) -> Option<Kernels> {
    if !Path::new(KERNELS).join("bin/python3").exists() {
        eprintln!("skipped: there is no {KERNELS}; run tests/setup");
        return None;
    }
    let busy = busy();
    let path = crate::support::variables::get("PATH").expect("PATH is set");
    let mut builder = Server::builder().env("PATH", &format!("{KERNELS}/bin:{path}"));
    for (name, value) in settings {
        builder = builder.env(&format!("OPEN_TERMINAL_{name}"), value);
    }
    Some(Kernels {
        server: builder.start(),
        _busy: busy,
    })
}

impl Deref for Kernels {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

/// A notebook's text with these code cells.
fn code(sources: &[&str]) -> Value {
    let cell = |(at, source): (usize, &&str)| json!({"cell_type": "code", "id": format!("c{at}"), "metadata": {}, "source": source, "outputs": [], "execution_count": null});
    let cells: Vec<Value> = sources.iter().enumerate().map(cell).collect();
    json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
}

/// A notebook that is open.
struct Open<'a> {
    server: &'a Server,
    id: String,
    path: PathBuf,
}

/// Writes a notebook and opens it.
#[track_caller]
fn open<'a>(server: &'a Server, name: &str, text: &Value) -> Open<'a> {
    let path = server.home.work().join(name);
    std::fs::write(&path, text.to_string()).expect("the home is writable");
    let answer = try_open(server, name).expect(200).json();
    assert_eq!(answer["status"], "ready");
    Open {
        server,
        id: answer["id"].as_str().expect("an id").to_owned(),
        path,
    }
}

fn try_open(server: &Server, name: &str) -> Answer {
    server
        .ask("POST", "/notebooks")
        .json(&json!({"path": name}))
        .send()
}

impl Open<'_> {
    fn at(&self, verb: &str) -> String {
        format!("/notebooks/{}{verb}", self.id)
    }

    fn try_run(&self, body: &Value) -> Answer {
        self.server
            .ask("POST", &self.at("/execute"))
            .json(body)
            .send()
    }

    /// Runs a cell as it is.
    #[track_caller]
    fn run(&self, index: usize) -> Value {
        self.try_run(&json!({"cell_index": index}))
            .expect(200)
            .json()
    }

    /// Runs this in place of the first cell.
    #[track_caller]
    fn run_code(&self, source: &str) -> Value {
        self.try_run(&json!({"cell_index": 0, "source": source}))
            .expect(200)
            .json()
    }

    fn post(&self, verb: &str) -> Answer {
        self.server.ask("POST", &self.at(verb)).send()
    }

    #[track_caller]
    fn status(&self) -> String {
        let answer = self.server.get(&self.at("")).expect(200).json();
        answer["status"].as_str().expect("a status").to_owned()
    }

    #[track_caller]
    fn wait_for_status(&self, status: &str) {
        eventually(status, seconds(20), || self.status() == status);
    }

    /// The file as it is now.
    fn file(&self) -> Value {
        let text = std::fs::read(&self.path).expect("it is there");
        serde_json::from_slice(&text).expect("it is JSON")
    }

    /// The kernel's pid.
    #[track_caller]
    fn pid(&self) -> i32 {
        let answer = self.run_code("import os; print(os.getpid())");
        text(&answer).trim().parse().expect("a pid")
    }
}

/// All that a cell printed.
fn text(answer: &Value) -> String {
    let outputs = answer["outputs"].as_array().expect("outputs");
    outputs
        .iter()
        .filter_map(|output| output["text"].as_str())
        .collect()
}

/// The value of a cell, as text.
fn value(answer: &Value) -> &str {
    let outputs = answer["outputs"].as_array().expect("outputs");
    let last = outputs
        .iter()
        .rfind(|output| output["output_type"] == "execute_result");
    last.and_then(|output| output["data"]["text/plain"].as_str())
        .unwrap_or_else(|| panic!("no value: {answer}"))
}

/// Whether a process is there, and not only its exit status.
fn lives(pid: i32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = state.rsplit(')').next().unwrap_or_default().trim_start();
    !state.is_empty() && !state.starts_with('Z')
}

/// Fails when the process is still there after this.
#[track_caller]
fn gone_within(pid: i32, limit: Duration) {
    eventually("the kernel is gone", limit, || !lives(pid));
}
