//! Tests of saving into a file that others edit.

use super::*;
use serde_json::json;
use std::fs;
use tempfile::TempDir;

struct Ground {
    home: TempDir,
}

impl Ground {
    fn new(cells: &Value) -> Self {
        let home = tempfile::tempdir().unwrap();
        let ground = Self { home };
        ground.write(cells);
        ground
    }

    fn path(&self) -> std::path::PathBuf {
        self.home.path().join("n.ipynb")
    }

    fn write(&self, cells: &Value) {
        let text = json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5});
        fs::write(self.path(), text.to_string()).unwrap();
    }

    fn load(&self, index: i64) -> Loaded {
        load(&self.path(), None, index).unwrap()
    }

    fn save(&self, loaded: &Loaded, source: Option<&str>) -> Result<String, String> {
        self.save_within(loaded, source, file::LARGEST)
    }

    fn save_within(
        &self,
        loaded: &Loaded,
        source: Option<&str>,
        most: u64,
    ) -> Result<String, String> {
        let run = Run {
            count: Some(5),
            outputs: vec![Output::Stream {
                name: "stdout".into(),
                text: "out\n".into(),
            }],
            times: Times::default(),
        };
        let changes = Changes {
            source: source.map(str::to_owned),
            run: Some(run),
        };
        save_within(&self.path(), loaded, &changes, most)
    }

    fn cells(&self) -> Value {
        let text = fs::read_to_string(self.path()).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["cells"].take()
    }
}

fn code(id: &str, source: &str) -> Value {
    json!({"cell_type": "code", "id": id, "metadata": {}, "source": source, "outputs": [], "execution_count": null})
}

#[test]
fn outputs_go_where_the_cell_is_by_then() {
    let ground = Ground::new(&json!([code("a", "1"), code("b", "2")]));
    let loaded = ground.load(1);
    ground.write(&json!([
        code("b", "edited"),
        code("new", "3"),
        code("a", "1")
    ]));
    ground.save(&loaded, Some("what ran")).unwrap();
    let cells = ground.cells();
    assert_eq!(cells[0]["outputs"][0]["text"], json!(["out\n"]));
    assert_eq!(cells[0]["execution_count"], 5);
    assert_eq!(
        cells[0]["source"],
        json!(["edited"]),
        "what others wrote stays"
    );
    assert_eq!(cells[1]["outputs"], json!([]));
}

#[test]
fn without_ids_the_source_says_which_cell_it_is() {
    let plain = |source: &str| json!({"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": null});
    let ground = Ground::new(&json!([plain("1"), plain("2")]));
    let loaded = ground.load(1);
    ground.write(&json!([plain("0"), plain("1"), plain("2")]));
    ground.save(&loaded, None).unwrap();
    assert_eq!(ground.cells()[2]["execution_count"], 5);
    let loaded = ground.load(2);
    ground.write(&json!([plain("2"), plain("2")]));
    assert!(ground.save(&loaded, None).is_err(), "either could be it");
}

#[test]
fn an_id_that_was_copied_does_not_lead_to_another_cell() {
    let ground = Ground::new(&json!([code("a", "1"), code("a", "2"), code("a", "2")]));
    let loaded = ground.load(1);
    ground.write(&json!([code("a", "1"), code("a", "2"), code("b", "2")]));
    ground.save(&loaded, None).unwrap();
    assert_eq!(ground.cells()[1]["execution_count"], 5);
    let loaded = ground.load(1);
    ground.write(&json!([code("a", "0"), code("a", "1")]));
    assert!(ground.save(&loaded, None).is_err(), "neither says the same");
}

#[test]
fn what_would_be_too_large_to_open_again_is_not_written() {
    let ground = Ground::new(&json!([code("a", "1")]));
    let before = fs::read(ground.path()).unwrap();
    let loaded = ground.load(0);
    let text = "x".repeat(2 << 20);
    let save = |most| ground.save_within(&loaded, Some(&text), most);
    let problem = save(2 << 20).unwrap_err();
    assert!(problem.contains("2 MiB"), "{problem}");
    assert_eq!(fs::read(ground.path()).unwrap(), before);
    save(3 << 20).unwrap();
}

#[test]
fn a_cell_that_is_gone_is_not_saved_anywhere() {
    let ground = Ground::new(&json!([code("a", "1"), code("b", "2")]));
    let loaded = ground.load(1);
    ground.write(&json!([code("a", "1"), {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "2"}]));
    let before = fs::read(ground.path()).unwrap();
    assert!(
        ground
            .save(&loaded, None)
            .unwrap_err()
            .contains("not in it any more")
    );
    assert_eq!(fs::read(ground.path()).unwrap(), before);
    fs::write(ground.path(), "{half a noteb").unwrap();
    assert!(ground.save(&loaded, None).unwrap_err().contains("not JSON"));
    assert_eq!(fs::read_to_string(ground.path()).unwrap(), "{half a noteb");
    fs::remove_file(ground.path()).unwrap();
    ground.save(&loaded, None).unwrap();
    assert_eq!(
        ground.cells()[1]["execution_count"],
        5,
        "a file that is gone comes back"
    );
}

#[test]
fn what_a_cell_has_now_is_told_whole() {
    let mut cell = code("a", " ");
    cell["execution_count"] = 3.into();
    cell["outputs"] = json!([
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]},
        {"output_type": "execute_result", "data": {"text/plain": ["4", "2"], "application/json": ["x"]}, "metadata": {}, "execution_count": 3},
    ]);
    let ground = Ground::new(&json!([cell]));
    let (count, outputs) = present(&ground.load(0));
    assert_eq!(count, Some(3));
    let outputs: Value = serde_json::from_str(outputs.get()).unwrap();
    assert_eq!(outputs[0]["text"], "a\nb");
    assert_eq!(
        outputs[1]["data"],
        json!({"text/plain": "42", "application/json": ["x"]})
    );
}

#[test]
fn cells_are_counted_from_0() {
    let ground = Ground::new(&json!([code("a", "1")]));
    for index in [-1, 1, i64::MAX, i64::MIN] {
        assert!(matches!(
            load(&ground.path(), None, index),
            Err(Error::NoCell { count: 1, .. })
        ));
    }
}
