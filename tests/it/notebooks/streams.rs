//! Cells as streams of events, and clients that come and go.

use serde_json::{Value, json};

use super::{code, open, server, text, value};
use crate::support::wire::Wire;
use crate::support::{eventually, seconds};

/// The events in a body: names and data.
fn events(body: &str) -> Vec<(String, Value)> {
    let event = |block: &str| {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
        let data = serde_json::from_str(field("data: ")?).expect("JSON");
        Some((field("event: ")?.to_owned(), data))
    };
    body.split("\n\n").filter_map(event).collect()
}

#[test]
fn outputs_come_as_events_and_the_answer_at_the_end() {
    let Some(server) = server() else { return };
    let cell = "from IPython.display import display\nprint('a', flush=True)\nh = display('one', display_id=True)\nh.update('two')\n6*7";
    let notebook = open(&server, "n.ipynb", &code(&[cell]));
    let ask = server.ask("POST", &notebook.at("/execute"));
    let answer = ask
        .header("accept", "text/event-stream")
        .json(&json!({"cell_index": 0}))
        .send()
        .expect(200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let all = events(&answer.text());
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names.first().zip(names.last()),
        Some((&"output", &"done")),
        "{names:?}"
    );
    assert_eq!(
        all[0].1,
        json!({"output_type": "stream", "name": "stdout", "text": "a\n"})
    );
    let update = all
        .iter()
        .find(|(name, _)| name == "update")
        .expect("an update");
    assert_eq!(update.1["output"]["data"]["text/plain"], "'two'");
    let done = &all.last().expect("an end").1;
    assert_eq!((value(done), &done["saved"]), ("42", &json!(true)));
    let by_body = notebook
        .try_run(&json!({"cell_index": 0, "source": "1/0", "stream": true}))
        .expect(200);
    let all = events(&by_body.text());
    assert_eq!(
        all.last()
            .map(|(name, answer)| (name.as_str(), &answer["status"])),
        Some(("done", &json!("error")))
    );
}

#[test]
fn what_cannot_begin_has_its_usual_status() {
    let Some(server) = server() else { return };
    let notebook = open(&server, "n.ipynb", &code(&["1"]));
    notebook
        .try_run(&json!({"cell_index": 9, "stream": true}))
        .expect(400);
    server
        .ask("POST", "/notebooks/000000000000/execute")
        .json(&json!({"cell_index": 0, "stream": true}))
        .send()
        .expect(404);
    assert_eq!(value(&notebook.run(0)), "1");
}

#[test]
fn outputs_come_while_the_cell_runs() {
    let Some(server) = server() else { return };
    let waits = "print('begun', flush=True)\nimport time, os\nwhile not os.path.exists('go'): time.sleep(0.02)";
    let notebook = open(&server, "n.ipynb", &code(&[waits]));
    let body = json!({"cell_index": 0, "stream": true});
    let wire = Wire::json(&server, &notebook.at("/execute"), &body);
    let mut incoming = wire.answer().unwrap();
    let first = incoming.first(20).unwrap();
    assert!(
        first.starts_with(b"event: output"),
        "{}",
        String::from_utf8_lossy(&first)
    );
    assert_eq!(notebook.status(), "busy");
    std::fs::write(server.home.work().join("go"), "").unwrap();
    notebook.wait_for_status("ready");
}

#[test]
fn a_client_that_hangs_up_ends_nothing_and_its_outputs_are_saved() {
    let Some(server) = server() else { return };
    let waits = "open('begun', 'w').close()\nimport time, os\nwhile not os.path.exists('go'): time.sleep(0.02)\nprint('to the end')";
    let notebook = open(&server, "n.ipynb", &code(&[waits]));
    for stream in [false, true] {
        let begun = server.home.work().join("begun");
        let body = json!({"cell_index": 0, "stream": stream});
        let wire = Wire::json(&server, &notebook.at("/execute"), &body);
        eventually("it runs", seconds(10), || begun.exists());
        drop(wire);
        std::fs::remove_file(&begun).unwrap();
        let go = server.home.work().join("go");
        std::fs::write(&go, "").unwrap();
        notebook.wait_for_status("ready");
        std::fs::remove_file(go).unwrap();
        let file = notebook.file();
        assert_eq!(
            file["cells"][0]["outputs"][0]["text"],
            json!(["to the end\n"])
        );
        assert_eq!(file["cells"][0]["execution_count"], 1 + i32::from(stream));
    }
}

#[test]
fn of_two_clients_at_once_one_is_told_to_wait() {
    let Some(server) = server() else { return };
    let waits = "open('begun', 'w').close()\nimport time, os\nwhile not os.path.exists('go'): time.sleep(0.02)\nprint('one')";
    let notebook = open(&server, "n.ipynb", &code(&[waits, "'two'"]));
    let answer = std::thread::scope(|scope| {
        let run = scope.spawn(|| notebook.run(0));
        eventually("it runs", seconds(10), || {
            server.home.work().join("begun").exists()
        });
        let detail = notebook
            .try_run(&json!({"cell_index": 1}))
            .expect(409)
            .detail();
        assert!(detail.contains("/interrupt"), "{detail}");
        assert_eq!(notebook.status(), "busy");
        std::fs::write(server.home.work().join("go"), "").unwrap();
        run.join().unwrap()
    });
    assert_eq!(text(&answer), "one\n");
    assert_eq!(value(&notebook.run(1)), "'two'");
}
