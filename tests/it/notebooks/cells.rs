//! What cells do: values, pictures, tables, exceptions, much output, much else.

use serde_json::{Value, json};

use super::{code, open, server, text, value};
use crate::support::{eventually, seconds};

#[test]
fn a_picture_of_matplotlib_is_shown_and_saved() {
    let Some(server) = server() else { return };
    let plot = "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.title('é')\nplt.show()";
    let notebook = open(&server, "n.ipynb", &code(&[plot]));
    let answer = notebook.run(0);
    assert_eq!(answer["status"], "ok", "{answer}");
    // Before it may come a line that matplotlib prints when it takes seconds to look for fonts.
    let outputs = answer["outputs"].as_array().expect("a list");
    let is_picture = |output: &Value| output["data"]["image/png"].is_string();
    let at = outputs.iter().position(is_picture);
    let at = at.unwrap_or_else(|| panic!("no picture: {answer}"));
    let picture = &outputs[at]["data"];
    let png = picture["image/png"].as_str().expect("a picture");
    assert!(png.starts_with("iVBORw0KGgo"), "a PNG in base64");
    assert!(
        picture["text/plain"]
            .as_str()
            .is_some_and(|text| text.starts_with("<Figure"))
    );
    assert_eq!(
        notebook.file()["cells"][0]["outputs"][at]["data"]["image/png"],
        png
    );
}

#[test]
fn a_table_of_pandas_is_html_and_text() {
    let Some(server) = server() else { return };
    let table = "import pandas as pd\npd.DataFrame({'a': [1, 2], 'ü': ['x', '日本']})";
    let notebook = open(&server, "n.ipynb", &code(&[table]));
    let answer = notebook.run(0);
    let data = &answer["outputs"][0]["data"];
    assert!(
        data["text/html"]
            .as_str()
            .is_some_and(|html| html.contains("<td>日本</td>")),
        "{answer}"
    );
    assert!(value(&answer).contains('ü'));
    let stored = &notebook.file()["cells"][0]["outputs"][0]["data"]["text/html"];
    assert!(
        stored.as_array().is_some_and(|lines| lines.len() > 10),
        "lines: {stored}"
    );
    let raw = std::fs::read_to_string(&notebook.path).unwrap();
    assert!(raw.contains("日本"), "not escaped");
}

#[test]
fn an_exception_is_told_and_the_kernel_goes_on() {
    let Some(server) = server() else { return };
    let notebook = open(
        &server,
        "n.ipynb",
        &code(&["x = 5; print('before'); 1/0", "x"]),
    );
    let answer = notebook.run(0);
    assert_eq!(answer["status"], "error");
    let error = &answer["outputs"][0];
    assert_eq!(
        (&error["output_type"], &error["ename"]),
        (&json!("error"), &json!("CellExecutionError"))
    );
    let words = error["evalue"].as_str().unwrap();
    assert!(
        words.contains("ZeroDivisionError: division by zero"),
        "{words}"
    );
    assert_eq!(answer["cell_outputs"][0]["text"], "before\n");
    assert_eq!(answer["cell_outputs"][1]["ename"], "ZeroDivisionError");
    assert_eq!(
        notebook.file()["cells"][0]["outputs"][1]["evalue"],
        "division by zero"
    );
    assert_eq!(value(&notebook.run(1)), "5");
}

#[test]
fn asking_for_input_is_refused() {
    let Some(server) = server() else { return };
    let notebook = open(&server, "n.ipynb", &code(&["input('name? ')"]));
    let answer = notebook.run(0);
    assert_eq!(
        answer["cell_outputs"][0]["ename"],
        "StdinNotImplementedError"
    );
    assert_eq!(notebook.status(), "ready");
}

#[test]
fn what_reads_otherwise_finds_the_end_at_once() {
    let Some(server) = server() else { return };
    let notebook = open(&server, "n.ipynb", &code(&[""]));
    let reads = "import subprocess, sys\nprint(repr(sys.stdin.readline()), subprocess.run(['cat'], timeout=10).returncode)";
    assert_eq!(text(&notebook.run_code(reads)), "'' 0\n");
    // Nor is there a terminal to ask at, as ssh, sudo and git do.
    let asks = "try: open('/dev/tty')\nexcept OSError as error: print(error.strerror)";
    assert_eq!(
        text(&notebook.run_code(asks)),
        "No such device or address\n"
    );
}

#[test]
fn what_is_no_text_costs_only_itself() {
    let Some(server) = server() else { return };
    let notebook = open(&server, "n.ipynb", &code(&[""]));
    let answer = notebook.run_code("print('a'); print('caf\\udce9'); print('b')");
    assert_eq!(text(&answer), "a\ncaf\u{fffd}\nb\n");
    let answer = notebook.run_code("raise ValueError('caf\\udce9')");
    assert_eq!(answer["status"], "error");
    assert_eq!(answer["cell_outputs"][0]["evalue"], "caf\u{fffd}");
    assert_eq!(value(&notebook.run_code("1+1")), "2");
}

#[test]
fn an_exception_too_large_to_be_told_ends_the_cell_all_the_same() {
    let Some(server) = server() else { return };
    let notebook = open(&server, "n.ipynb", &code(&[""]));
    let answer = notebook.run_code("kept = 3\nraise ValueError('x' * (60 << 20))");
    assert_eq!(answer["status"], "error");
    let words = answer["outputs"][0]["evalue"].as_str().unwrap();
    assert!(words.contains("too large"), "{words}");
    assert_eq!(value(&notebook.run_code("kept")), "3");
}

#[test]
fn a_hundred_cells_run_one_after_the_other() {
    let Some(server) = server() else { return };
    let sources: Vec<String> = (0..100)
        .map(|n| {
            format!(
                "total = {} + {n}\ntotal",
                if n == 0 { "0" } else { "total" }
            )
        })
        .collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let notebook = open(&server, "n.ipynb", &code(&sources));
    for at in 0..100 {
        let answer = notebook.run(at);
        assert_eq!(answer["execution_count"], at + 1);
        assert_eq!(answer["saved"], true);
    }
    let file = notebook.file();
    assert_eq!(
        file["cells"][99]["outputs"][0]["data"]["text/plain"],
        json!(["4950"])
    );
    assert_eq!(
        file["cells"][0]["outputs"][0]["data"]["text/plain"],
        json!(["0"])
    );
}

#[test]
fn twenty_megabytes_of_output_come_whole() {
    let Some(server) = server() else { return };
    let notebook = open(
        &server,
        "n.ipynb",
        &code(&["for n in range(200_000): print('x' * 99 + '')"]),
    );
    let answer = notebook.run(0);
    assert_eq!(answer["status"], "ok");
    assert_eq!(text(&answer).len(), 20_000_000);
    let lines = &notebook.file()["cells"][0]["outputs"][0]["text"];
    assert_eq!(lines.as_array().map(Vec::len), Some(200_000));
}

#[test]
fn output_beyond_the_bound_is_dropped_and_said_to_be() {
    let Some(server) = server() else { return };
    let flood =
        "for n in range(80): print('y' * (1 << 20))\nimport sys; sys.stdout.flush(); 'done'";
    let notebook = open(&server, "n.ipynb", &code(&[flood, "'well'"]));
    let answer = notebook.run(0);
    assert_eq!(answer["status"], "ok");
    let printed = text(&answer);
    assert!(
        printed.len() < 66 << 20 && printed.contains("64 MiB"),
        "{} bytes",
        printed.len()
    );
    assert_eq!(value(&notebook.run(1)), "'well'");
    let one = notebook.run_code("print('z' * (120 << 20))");
    assert!(
        text(&one).contains("64 MiB"),
        "one message that is too large"
    );
    assert_eq!(value(&notebook.run(1)), "'well'");
}

#[test]
fn what_a_thread_prints_after_its_cell_harms_nothing() {
    let Some(server) = server() else { return };
    let late = "import threading, time\ndef late():\n    time.sleep(0.3)\n    print('late')\n    open('late', 'w').close()\nthreading.Thread(target=late).start()\nprint('now')";
    let notebook = open(&server, "n.ipynb", &code(&[late, "'well'"]));
    let answer = notebook.run(0);
    assert_eq!(text(&answer), "now\n");
    eventually("it printed", seconds(5), || {
        server.home.work().join("late").exists()
    });
    assert_eq!(value(&notebook.run(1)), "'well'");
}

#[test]
fn displays_are_updated_and_cleared_as_in_an_editor() {
    let Some(server) = server() else { return };
    let shown = "from IPython.display import display, clear_output\nh = display('one', display_id=True)\nprint('a')\nh.update('two')";
    let cleared = "for n in range(3):\n    clear_output(wait=True)\n    print(n)";
    let notebook = open(&server, "n.ipynb", &code(&[shown, cleared]));
    let answer = notebook.run(0);
    assert_eq!(
        answer["outputs"][0]["data"]["text/plain"], "'two'",
        "{answer}"
    );
    let answer = notebook.run(1);
    assert_eq!(
        answer["outputs"],
        json!([{"output_type": "stream", "name": "stdout", "text": "2\n"}])
    );
}

#[test]
fn magics_and_shell_commands_of_ipython_work() {
    let Some(server) = server() else { return };
    let notebook = open(
        &server,
        "n.ipynb",
        &code(&["!echo from the shell", "%%bash\necho $((6*7))"]),
    );
    assert_eq!(text(&notebook.run(0)).replace('\r', ""), "from the shell\n");
    assert_eq!(text(&notebook.run(1)), "42\n");
}
