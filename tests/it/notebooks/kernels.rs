//! Kernels: which are found, who may have how many, and what is said when one does not start.

use std::fs;

use serde_json::{Value, json};

use super::{code, lives, open, server, server_with, text, try_open, value};
use crate::support::wire::Wire;
use crate::support::{Server, eventually, seconds};

/// Describes a kernel in the user's Jupyter directory.
pub(super) fn describe(server: &Server, name: &str, spec: &Value) {
    let place = server
        .home
        .path()
        .join(".local/share/jupyter/kernels")
        .join(name);
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("kernel.json"), spec.to_string()).unwrap();
}

pub(super) fn of_kernel(name: &str) -> Value {
    let mut text = code(&["1"]);
    text["metadata"]["kernelspec"] = json!({"name": name, "display_name": name});
    text
}

/// Writes a notebook of that kernel and tries to open it.
fn refused(server: &Server, name: &str) -> (u16, String) {
    fs::write(
        server.home.work().join("n.ipynb"),
        of_kernel(name).to_string(),
    )
    .unwrap();
    let answer = try_open(server, "n.ipynb");
    (answer.status, answer.detail())
}

#[test]
fn what_does_not_start_says_why() {
    let Some(server) = server() else { return };
    describe(
        &server,
        "broken",
        &json!({"argv": ["/none/such", "{connection_file}"]}),
    );
    describe(
        &server,
        "dies",
        &json!({"argv": ["/bin/sh", "-c", "echo first; echo last words >&2; exit 7"]}),
    );
    let (status, detail) = refused(&server, "nope");
    assert_eq!(status, 500);
    assert!(detail.contains("broken, dies, python3"), "{detail}");
    let (status, detail) = refused(&server, "broken");
    assert_eq!(status, 422);
    assert!(detail.contains("/none/such"), "{detail}");
    let (status, detail) = refused(&server, "dies");
    assert_eq!(status, 500);
    assert!(
        detail.contains("status 7") && detail.contains("first\nlast words"),
        "{detail}"
    );
    // None of them takes a place.
    open(&server, "m.ipynb", &code(&["1"]));
}

#[test]
fn without_ipykernel_the_answer_says_how_to_get_it() {
    let Some(server) = server() else { return };
    let python = "/usr/bin/python3";
    if !fs::exists(python).unwrap() {
        eprintln!("skipped: there is no {python}");
        return;
    }
    describe(
        &server,
        "python3",
        &json!({"argv": [python, "-S", "-m", "ipykernel_launcher", "-f", "{connection_file}"]}),
    );
    let (status, detail) = refused(&server, "python3");
    assert_eq!(status, 500);
    assert!(detail.contains("pip install ipykernel"), "{detail}");
}

#[test]
fn a_kernel_may_listen_on_tcp_and_take_messages_for_signals() {
    let Some(server) = server() else { return };
    let python = format!("{}/bin/python3", super::KERNELS);
    // Its arguments do not show that it is ipykernel.
    let start = "import runpy, sys; sys.argv[0] = 'k'; runpy.run_module('ipykernel_launcher', run_name='__main__')";
    describe(
        &server,
        "other",
        &json!({"argv": [python, "-c", start, "-f", "{connection_file}"], "env": {"MARK": "<${HOME}>"}, "interrupt_mode": "message"}),
    );
    let notebook = open(&server, "n.ipynb", &of_kernel("other"));
    let told = notebook.run_code("import os, json, sys\nprint(json.load(open(sys.argv[-1]))['transport'], os.environ['MARK'])");
    assert_eq!(
        text(&told),
        format!("tcp <{}>\n", server.home.path().display())
    );
    let answer = server.get(&notebook.at("")).json();
    assert_eq!(answer["kernel"], "other");
    let body = json!({"cell_index": 0, "source": "import time; time.sleep(60)", "timeout": 0.7});
    let answer = notebook.try_run(&body).expect(200).json();
    assert_eq!(answer["status"], "timeout");
    assert!(
        answer["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("was interrupted")),
        "{answer}"
    );
}

#[test]
fn there_are_no_more_than_the_settings_say() {
    let Some(server) = server_with(&[("MAX_NOTEBOOKS", "1")]) else {
        return;
    };
    let notebook = open(&server, "n.ipynb", &code(&["1"]));
    let detail = try_open(&server, "n.ipynb").expect(429).detail();
    assert!(detail.contains("max_notebooks"), "{detail}");
    server.ask("DELETE", &notebook.at("")).send().expect(200);
    open(&server, "n.ipynb", &code(&["1"]));
}

#[test]
fn a_notebook_is_its_users_whatever_the_session() {
    let Some(server) = server() else { return };
    let path = server.home.work().join("n.ipynb");
    fs::write(path, code(&["1"]).to_string()).unwrap();
    let ask = |user: &str, session: &str, method: &str, at: &str, body: Value| {
        let ask = server.ask(method, at).header("x-session-id", session);
        let ask = match user {
            "" => ask,
            user => ask.header("x-user-id", user),
        };
        if body.is_null() {
            ask.send()
        } else {
            ask.json(&body).send()
        }
    };
    let opened = ask("ann", "s", "POST", "/notebooks", json!({"path": "n.ipynb"}));
    let id = opened.expect(200).json()["id"].as_str().unwrap().to_owned();
    let at = |verb: &str| format!("/notebooks/{id}{verb}");
    for stranger in ["", "bob"] {
        let cell = json!({"cell_index": 0});
        ask(stranger, "s", "POST", &at("/execute"), cell).expect(404);
        ask(stranger, "s", "GET", &at(""), Value::Null).expect(404);
        for (method, verb) in [("POST", "/interrupt"), ("POST", "/restart"), ("DELETE", "")] {
            ask(stranger, "s", method, &at(verb), Value::Null).expect(404);
        }
    }
    let answer = ask(
        "ann",
        "t",
        "POST",
        &at("/execute"),
        json!({"cell_index": 0}),
    );
    assert_eq!(value(&answer.expect(200).json()), "1");
}

#[test]
fn a_kernel_sees_no_key_and_is_under_the_server() {
    let Some(server) = server() else { return };
    let notebook = open(
        &server,
        "n.ipynb",
        &code(&["import os\n[k for k in os.environ if 'OPEN_TERMINAL' in k]"]),
    );
    assert_eq!(value(&notebook.run(0)), "[]");
    let pid = notebook.pid();
    assert!(crate::support::processes::descendants(server.pid).contains(&pid));
}

#[test]
fn a_client_that_leaves_while_a_kernel_starts_leaves_none() {
    let Some(server) = server() else { return };
    let marked =
        "import os; open('starting', 'w').write(str(os.getpid())); import time; time.sleep(600)";
    let python = format!("{}/bin/python3", super::KERNELS);
    describe(&server, "slow", &json!({"argv": [python, "-c", marked]}));
    fs::write(
        server.home.work().join("n.ipynb"),
        of_kernel("slow").to_string(),
    )
    .unwrap();
    let wire = Wire::json(&server, "/notebooks", &json!({"path": "n.ipynb"}));
    let mark = server.home.work().join("starting");
    eventually("it starts", seconds(10), || {
        fs::read_to_string(&mark).is_ok_and(|pid| !pid.is_empty())
    });
    let pid: i32 = fs::read_to_string(&mark).unwrap().parse().unwrap();
    assert!(lives(pid));
    drop(wire);
    super::gone_within(pid, seconds(10));
}
