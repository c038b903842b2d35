//! How cells and kernels end: interrupted, out of time, out of memory, by themselves, with the server.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::{code, gone_within, lives, open, server, server_with, text, value};
use crate::support::{eventually, seconds};

/// Runs a cell that does not end, and what is done about it meanwhile.
fn meanwhile(notebook: &super::Open<'_>, source: &str, then: impl FnOnce()) -> Value {
    std::thread::scope(|scope| {
        let run = scope.spawn(|| notebook.run_code(source));
        notebook.wait_for_status("busy");
        let begun = notebook.server.home.work().join("begun");
        eventually("the cell has begun", seconds(10), || begun.exists());
        std::fs::remove_file(begun).unwrap();
        then();
        run.join().expect("it is answered")
    })
}

const ENDLESS: &str = "open('begun', 'w').close()\nprint('begun', flush=True)\nwhile True: pass";

#[test]
fn an_endless_cell_is_interrupted_and_its_variables_stay() {
    let Some(server) = server() else { return };
    let notebook = open(&server, "n.ipynb", &code(&["", "kept"]));
    notebook.run_code("kept = 3");
    assert_eq!(
        notebook.post("/interrupt").expect(200).json()["status"],
        "ready"
    );
    let answer = meanwhile(&notebook, ENDLESS, || {
        assert_eq!(
            notebook.post("/interrupt").expect(200).json()["status"],
            "interrupted"
        );
    });
    assert_eq!(answer["status"], "error");
    assert_eq!(
        answer["cell_outputs"][1]["ename"], "KeyboardInterrupt",
        "{answer}"
    );
    assert_eq!(value(&notebook.run(1)), "3");
}

#[test]
fn a_cell_that_takes_too_long_is_interrupted_and_told_so_far() {
    let Some(server) = server() else { return };
    let notebook = open(&server, "n.ipynb", &code(&["", "kept"]));
    notebook.run_code("kept = 3");
    let began = Instant::now();
    let body = json!({"cell_index": 0, "source": ENDLESS, "timeout": 0.7});
    let answer = notebook.try_run(&body).expect(200).json();
    assert!(began.elapsed() < seconds(5));
    assert_eq!(answer["status"], "timeout", "{answer}");
    assert_eq!(text(&answer), "begun\n");
    assert!(
        answer["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("timeout"))
    );
    assert_eq!(
        notebook.file()["cells"][0]["outputs"][0]["text"],
        json!(["begun\n"])
    );
    assert_eq!(value(&notebook.run(1)), "3");
    for wrong in [json!(0), json!(-1), json!("soon")] {
        notebook
            .try_run(&json!({"cell_index": 0, "timeout": wrong}))
            .expect(422);
    }
}

#[test]
fn a_cell_that_ignores_interrupts_leaves_the_notebook_busy_till_a_restart() {
    let Some(server) = server() else { return };
    let notebook = open(&server, "n.ipynb", &code(&["", "'well'"]));
    let stubborn = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass";
    let body = json!({"cell_index": 0, "source": stubborn, "timeout": 0.5});
    let answer = notebook.try_run(&body).expect(200).json();
    assert_eq!(answer["status"], "timeout");
    assert!(
        answer["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("/restart")),
        "{answer}"
    );
    notebook.try_run(&json!({"cell_index": 1})).expect(409);
    notebook.post("/restart").expect(200);
    assert_eq!(value(&notebook.run(1)), "'well'");
}

#[test]
fn a_restart_begins_anew_under_the_same_id() {
    let Some(server) = server() else { return };
    let notebook = open(&server, "n.ipynb", &code(&["", "'x' in dir()"]));
    let pid = notebook.pid();
    notebook.run_code("x = 1");
    let answer = notebook.post("/restart").expect(200).json();
    assert_eq!(
        (&answer["id"], &answer["status"]),
        (&json!(notebook.id), &json!("ready"))
    );
    gone_within(pid, seconds(5));
    let answer = notebook.run(1);
    assert_eq!(
        (value(&answer), &answer["execution_count"]),
        ("False", &json!(1))
    );
    let answer = meanwhile(&notebook, ENDLESS, || {
        notebook.post("/restart").expect(200);
    });
    assert_eq!(answer["status"], "error");
    assert_eq!(value(&notebook.run(1)), "False");
}

#[test]
fn a_kernel_that_ends_itself_is_told_and_can_be_started_anew() {
    let Some(server) = server() else { return };
    let notebook = open(&server, "n.ipynb", &code(&["", "'well'"]));
    let answer = notebook.run_code("print('last words', flush=True)\nimport os; os._exit(3)");
    assert_eq!(
        (&answer["status"], &answer["outputs"][0]["ename"]),
        (&json!("error"), &json!("DeadKernelError"))
    );
    let words = answer["outputs"][0]["evalue"].as_str().unwrap();
    assert!(
        words.contains("status 3") && words.contains("/restart"),
        "{words}"
    );
    assert_eq!(notebook.status(), "dead");
    assert_eq!(
        notebook.file()["cells"][0]["outputs"]
            .as_array()
            .map(|all| all.last().unwrap()["ename"].clone()),
        Some(json!("DeadKernelError"))
    );
    assert_eq!(notebook.run(1)["outputs"][0]["ename"], "DeadKernelError");
    notebook.post("/interrupt").expect(409);
    notebook.post("/restart").expect(200);
    assert_eq!(value(&notebook.run(1)), "'well'");
}

#[test]
fn a_cell_that_runs_out_of_memory_is_told_the_limit() {
    let Some(server) = server_with(&[("COMMAND_MEMORY_LIMIT", "400MiB")]) else {
        return;
    };
    let notebook = open(&server, "n.ipynb", &code(&["", "'well'"]));
    let answer = notebook.run_code(
        "print('begun', flush=True)\nhog = []\nwhile True: hog.append(bytearray(b'x' * (8 << 20)))",
    );
    assert_eq!(answer["status"], "error", "{answer}");
    let words = answer["outputs"][0]["evalue"].as_str().unwrap();
    assert!(
        words.contains("400 MiB of memory") && words.contains("restart"),
        "{words}"
    );
    server.run("echo well").expect_exit(0);
    notebook.post("/restart").expect(200);
    assert_eq!(value(&notebook.run(1)), "'well'");
}

#[test]
fn closing_ends_the_kernel_and_all_it_started() {
    let Some(server) = server() else { return };
    let notebook = open(&server, "n.ipynb", &code(&[""]));
    let pid = notebook.pid();
    let child = notebook
        .run_code("import subprocess\nprint(subprocess.Popen(['setsid', 'sleep', '1000']).pid)");
    let child: i32 = text(&child).trim().parse().unwrap();
    assert!(lives(pid) && lives(child));
    server.ask("DELETE", &notebook.at("")).send().expect(200);
    gone_within(pid, seconds(3));
    gone_within(child, seconds(3));
    server.get(&notebook.at("")).expect(404);
    let left = sockets(&server.home.path().join("tmp"));
    assert_eq!(left, 0, "connection directories are removed");
}

/// How many directories with sockets of kernels there are.
fn sockets(place: &Path) -> usize {
    let entries = std::fs::read_dir(place).expect("it is there");
    let names = entries.map(|entry| entry.expect("it can be listed").file_name());
    names
        .filter(|name| name.to_string_lossy().starts_with("open-terminal-kernel-"))
        .count()
}

#[test]
fn the_end_of_the_server_ends_a_cell_that_runs() {
    let Some(mut server) = server() else { return };
    let home = server.home.path().join("tmp");
    let (pid, path, key) = {
        let notebook = open(&server, "n.ipynb", &code(&[""]));
        assert_eq!(sockets(&home), 1);
        (notebook.pid(), notebook.at("/execute"), server.key.clone())
    };
    let port = server.port;
    let body = json!({"cell_index": 0, "source": ENDLESS});
    let run = std::thread::spawn(move || {
        ureq::post(format!("http://127.0.0.1:{port}{path}"))
            .header("authorization", format!("Bearer {key}"))
            .send_json(body)
            .is_ok()
    });
    let begun = server.home.work().join("begun");
    eventually("it runs", seconds(10), || begun.exists());
    let since = Instant::now();
    assert!(server.server.stop().success());
    assert!(since.elapsed() < seconds(9));
    gone_within(pid, seconds(1));
    assert_eq!(sockets(&home), 0);
    run.join().unwrap();
}

#[test]
fn a_notebook_nobody_uses_is_closed() {
    let Some(server) = server_with(&[("NOTEBOOK_IDLE_TTL", "2")]) else {
        return;
    };
    let notebook = open(&server, "n.ipynb", &code(&[""]));
    let pid = notebook.pid();
    let answer = notebook.run_code("import time; time.sleep(3); 'still here'");
    assert_eq!(value(&answer), "'still here'", "a cell that runs is use");
    gone_within(pid, seconds(6));
    server.get(&notebook.at("")).expect(404);
}
