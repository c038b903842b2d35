//! Files: what is kept of a notebook, and what happens when somebody edits it meanwhile.

use serde_json::{Value, json};

use super::{code, open, server, server_with, try_open, value};
use crate::support::{eventually, seconds};

#[test]
fn what_nobody_knows_stays_byte_for_byte() {
    let Some(server) = server() else { return };
    let text = r#"{
  "cells": [
    {"cell_type": "markdown", "id": "m", "attachments": {"a.png": {"image/png": "iVBO"}}, "metadata": {"x": 1e400}, "source": ["![a](attachment:a.png)"]},
    {
      "cell_type": "code",
      "id": "c",
      "metadata": {"tags": ["t"], "zz": 123456789012345678901234567890},
      "execution_count": null,
      "outputs": [],
      "source": ["6*7"],
      "own": {"b": 1, "a": 2}
    }
  ],
  "metadata": {"widgets": {"z": 0.10, "a": "é\u00e9"}},
  "nbformat": 4,
  "nbformat_minor": 5
}"#;
    let path = server.home.work().join("n.ipynb");
    std::fs::write(&path, text).unwrap();
    let id = try_open(&server, "n.ipynb").expect(200).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let answer = server
        .ask("POST", &format!("/notebooks/{id}/execute"))
        .json(&json!({"cell_index": 1}))
        .send();
    assert_eq!(value(&answer.expect(200).json()), "42");
    let saved = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text
        .split_once("    {\n      \"cell_type\": \"code\"")
        .unwrap();
    let (_, after) = rest.split_once("\n    }\n  ],").unwrap();
    assert!(saved.starts_with(before), "{saved}");
    assert!(saved.ends_with(after), "{saved}");
    assert!(
        saved.contains("123456789012345678901234567890")
            && saved.contains("\"own\": {\n        \"b\": 1"),
        "{saved}"
    );
    assert!(saved.contains("      \"execution_count\": 1,\n"), "{saved}");
}

#[test]
fn edits_made_while_a_cell_runs_are_kept() {
    let Some(server) = server() else { return };
    let slow = "open('begun', 'w').close()\nimport time, os\nwhile not os.path.exists('go'): time.sleep(0.02)\n'done'";
    let notebook = open(&server, "n.ipynb", &code(&["'other'", slow]));
    let answer = std::thread::scope(|scope| {
        let run = scope.spawn(|| notebook.run(1));
        eventually("it runs", seconds(10), || {
            server.home.work().join("begun").exists()
        });
        let mut edited = notebook.file();
        let cells = edited["cells"].as_array_mut().unwrap();
        cells.insert(
            0,
            json!({"cell_type": "markdown", "id": "new", "metadata": {}, "source": "# added"}),
        );
        cells[1]["source"] = "'edited'".into();
        std::fs::write(&notebook.path, edited.to_string()).unwrap();
        std::fs::write(server.home.work().join("go"), "").unwrap();
        run.join().unwrap()
    });
    assert_eq!((value(&answer), &answer["saved"]), ("'done'", &json!(true)));
    let cells = notebook.file()["cells"].clone();
    assert_eq!(cells[0]["id"], "new");
    assert_eq!(cells[1]["source"], json!(["'edited'"]));
    assert_eq!(
        cells[2]["outputs"][0]["data"]["text/plain"],
        json!(["'done'"])
    );
    let answer = notebook.run(1);
    assert_eq!(
        value(&answer),
        "'edited'",
        "what the file says now is what runs"
    );
}

#[test]
fn a_cell_deleted_while_it_runs_is_answered_and_not_saved() {
    let Some(server) = server() else { return };
    let notebook = open(&server, "n.ipynb", &code(&["1", "2"]));
    let deletes = "import json\nn = json.load(open('n.ipynb'))\ndel n['cells'][1]\njson.dump(n, open('n.ipynb', 'w'))\n'out'";
    let answer = notebook
        .try_run(&json!({"cell_index": 1, "source": deletes}))
        .expect(200)
        .json();
    assert_eq!((value(&answer), &answer["saved"]), ("'out'", &json!(false)));
    assert!(
        answer["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("not saved"))
    );
    assert_eq!(notebook.file()["cells"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_notebook_of_format_3_becomes_one_of_format_4() {
    let Some(server) = server() else { return };
    let old = json!({"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "x"}, "worksheets": [{"cells": [
        {"cell_type": "heading", "level": 1, "source": "Title", "metadata": {}},
        {"cell_type": "code", "input": "[1,\n2]", "language": "python", "outputs": [], "prompt_number": 9, "metadata": {}},
    ]}]});
    let notebook = open(&server, "n.ipynb", &old);
    assert_eq!(value(&notebook.run(1)), "[1, 2]");
    let file = notebook.file();
    assert_eq!(
        (&file["nbformat"], &file["worksheets"]),
        (&json!(4), &json!(null))
    );
    assert_eq!(file["cells"][0]["source"], json!(["# Title"]));
}

#[test]
fn a_file_that_went_comes_back_and_one_that_broke_is_told() {
    let Some(server) = server() else { return };
    let notebook = open(&server, "n.ipynb", &code(&["1"]));
    std::fs::remove_file(&notebook.path).unwrap();
    assert_eq!(value(&notebook.run(0)), "1");
    assert_eq!(notebook.file()["cells"][0]["execution_count"], 1);
    std::fs::write(&notebook.path, "{\"cells\": [").unwrap();
    let detail = notebook
        .try_run(&json!({"cell_index": 0}))
        .expect(400)
        .detail();
    assert!(detail.contains("not JSON"), "{detail}");
    assert_eq!(notebook.status(), "ready");
}

#[test]
fn what_is_no_notebook_is_refused_in_words() {
    let Some(server) = server() else { return };
    let wrong: [(&[u8], &str); 8] = [
        (b"", "not JSON"),
        (b"# Title", "not JSON"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"[]", "a notebook"),
        (b"{}", "nbformat"),
        (br#"{"nbformat": 2, "worksheets": []}"#, "nbformat 2"),
        (br#"{"nbformat": 4, "metadata": {}}"#, "cells"),
        (br#"{"nbformat": 4, "cells": [1]}"#, "cell 0"),
    ];
    for (text, words) in wrong {
        std::fs::write(server.home.work().join("n.ipynb"), text).unwrap();
        let detail = try_open(&server, "n.ipynb").expect(400).detail();
        assert!(detail.contains(words), "{words}: {detail}");
    }
    try_open(&server, "none.ipynb").expect(404);
    let notebook = open(&server, "n.ipynb", &code(&["1"]));
    for index in [-1, 1, i64::MAX] {
        let detail = notebook
            .try_run(&json!({"cell_index": index}))
            .expect(400)
            .detail();
        assert!(detail.contains("1 cells"), "{detail}");
    }
}

#[test]
fn without_the_setting_there_are_no_notebooks() {
    let Some(server) = server_with(&[("ENABLE_NOTEBOOKS", "false")]) else {
        return;
    };
    try_open(&server, "n.ipynb").expect(404);
}

#[test]
fn every_character_comes_back() {
    let Some(server) = server() else { return };
    let source = "s = 'a\u{2028}b\u{85}c\u{1f600}\u{0}é'\nprint(s); s";
    let notebook = open(&server, "n.ipynb", &code(&[&source.replace('\u{0}', "")]));
    // IPython may have something to say of such lines as well, sooner or later than this is printed.
    let printed = |outputs: &Value| -> String {
        let outputs = outputs.as_array().expect("there is output");
        let stdout = outputs.iter().find(|output| output["name"] == "stdout");
        match &stdout.expect("it has printed")["text"] {
            Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
            text => text.as_str().expect("text is text").to_owned(),
        }
    };
    let expected = "a\u{2028}b\u{85}c\u{1f600}é\n";
    assert_eq!(printed(&notebook.run(0)["outputs"]), expected);
    assert_eq!(printed(&notebook.file()["cells"][0]["outputs"]), expected);
}
