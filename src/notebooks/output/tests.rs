//! Tests of putting outputs together.

use super::*;
use serde_json::{Value, json};

fn message(kind: &str, content: &Value) -> Message {
    Message {
        kind: kind.to_owned(),
        parent: None,
        content: to_raw_value(content).unwrap(),
    }
}

fn outputs(messages: &[(&str, Value)]) -> Value {
    let mut outputs = Outputs::default();
    for (kind, content) in messages {
        outputs.take(&message(kind, content));
    }
    json!(outputs.into_list())
}

fn print(text: &str) -> (&'static str, Value) {
    ("stream", json!({"name": "stdout", "text": text}))
}

#[test]
fn what_is_printed_in_a_row_is_one_output() {
    let err = ("stream", json!({"name": "stderr", "text": "e"}));
    assert_eq!(
        outputs(&[print("a"), print("b\n"), err, print("c")]),
        json!([
            {"output_type": "stream", "name": "stdout", "text": "ab\n"},
            {"output_type": "stream", "name": "stderr", "text": "e"},
            {"output_type": "stream", "name": "stdout", "text": "c"},
        ])
    );
}

#[test]
fn clearing_takes_place_at_once_or_with_the_next_output() {
    let clear = |wait| ("clear_output", json!({"wait": wait}));
    assert_eq!(outputs(&[print("a"), clear(false)]), json!([]));
    assert_eq!(outputs(&[print("a"), clear(true)])[0]["text"], "a");
    let cleared = outputs(&[print("a"), clear(true), print("b")]);
    assert_eq!(cleared.as_array().unwrap().len(), 1);
    assert_eq!(cleared[0]["text"], "b");
}

#[test]
fn what_is_shown_can_be_shown_anew() {
    let show = |kind, id: &str, text: &str| {
        (
            kind,
            json!({"data": {"text/plain": text}, "metadata": {}, "transient": {"display_id": id}}),
        )
    };
    let shown = outputs(&[
        show("display_data", "one", "1"),
        show("display_data", "two", "2"),
        show("update_display_data", "one", "3"),
        show("update_display_data", "none", "4"),
    ]);
    assert_eq!(
        shown,
        json!([
            {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "3"}},
            {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "2"}},
        ])
    );
}

#[test]
fn numbers_no_machine_type_holds_are_kept() {
    let content = r#"{"data":{"application/json":{"x":1e400,"y":123456789012345678901234567890}},"metadata":{}}"#;
    let mut outputs = Outputs::default();
    outputs.take(&Message {
        kind: "display_data".to_owned(),
        parent: None,
        content: RawValue::from_string(content.to_owned()).unwrap(),
    });
    let text = serde_json::to_string(&outputs.into_list()).unwrap();
    assert!(
        text.contains("1e400") && text.contains("123456789012345678901234567890"),
        "{text}"
    );
}

#[test]
fn in_a_file_texts_are_lines_and_pictures_are_whole() {
    let content = json!({"data": {"text/plain": "a\nb", "image/png": "iVBO\nRw0\n", "image/svg+xml": "<svg>\n</svg>", "application/json": {"a": "x\ny"}}, "metadata": {}, "execution_count": 3});
    let mut outputs = Outputs::default();
    outputs.take(&message("execute_result", &content));
    outputs.take(&message(
        "stream",
        &json!({"name": "stdout", "text": "x\n\ny"}),
    ));
    let stored: Vec<_> = outputs.into_list().iter().map(Output::stored).collect();
    assert_eq!(
        json!(stored),
        json!([
            {"output_type": "execute_result", "metadata": {}, "execution_count": 3, "data": {
                "text/plain": ["a\n", "b"], "image/png": "iVBO\nRw0\n", "image/svg+xml": ["<svg>\n", "</svg>"], "application/json": {"a": "x\ny"}}},
            {"output_type": "stream", "name": "stdout", "text": ["x\n", "\n", "y"]},
        ])
    );
}

#[test]
fn output_has_a_bound_and_says_so_once() {
    let big = "x".repeat(MOST / 4);
    let all = outputs(&[
        print(&big),
        print(&big),
        print(&big),
        print(&big),
        print("more"),
        print("more"),
    ]);
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0]["text"].as_str().unwrap().len(), MOST / 4 * 3);
    assert!(all[1]["text"].as_str().unwrap().contains("64 MiB"));
}

#[test]
fn what_takes_memory_or_room_in_the_file_counts() {
    let (many, large) = (MOST / LINE, || "x".repeat(MOST));
    let stream = |name: String, text: String| Output::Stream { name, text };
    let error = |ename: String, traceback: Vec<String>| Output::Error {
        ename,
        evalue: String::new(),
        traceback,
    };
    let data = |members: &str| {
        let data = serde_json::from_str(members).unwrap();
        let metadata = to_raw_value(&json!({})).unwrap();
        Output::DisplayData { metadata, data }
    };
    let member = r#""a":0,"#.repeat(MOST / EACH);
    for (at, output) in [
        stream(String::new(), "\n".repeat(many)),
        stream(large(), String::new()),
        error(large(), Vec::new()),
        error(String::new(), vec![String::new(); MOST / EACH]),
        data(&format!(r#"{{"a":"{}"}}"#, r"\n".repeat(many))),
        data(&format!(r#"{{"{}":0}}"#, large())),
        data(&format!(r#"{{{member}"a":0}}"#)),
    ]
    .into_iter()
    .enumerate()
    {
        let mut outputs = Outputs::default();
        outputs.add(output, None);
        assert!(outputs.dropped, "{at}");
    }
    let mut outputs = Outputs::default();
    outputs.add(data("{}"), Some(large()));
    assert!(outputs.dropped);
}

#[test]
fn an_update_of_many_places_stays_within_the_bound() {
    let mut outputs = Outputs::default();
    let show = |text: String| json!({"data": {"text/plain": text}, "metadata": {}, "transient": {"display_id": "x"}});
    for _ in 0..1000 {
        outputs.take(&message("display_data", &show("small".to_owned())));
    }
    let large = message("update_display_data", &show("x".repeat(1 << 20)));
    assert!(
        matches!(outputs.take(&large), Some(Piece::Output(_))),
        "the note"
    );
    assert!(outputs.take(&large).is_none());
    assert!(outputs.size <= MOST);
    let list = outputs.into_list();
    assert!(list.iter().map(Output::size).sum::<usize>() <= MOST + 1000);
}
