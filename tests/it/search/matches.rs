//! Searching names and contents at once.

use serde_json::{Value, json};

use super::tree;
use crate::support::Server;
use crate::support::files::texts;

#[test]
fn names_and_lines_are_found_with_their_places() {
    let server = Server::spawn();
    server.put(
        "t/report.txt",
        "one\na Report here\nreport\nREPORT\nreport too many\n",
    );
    server.put("t/other", "\u{1f642} the report\n");
    server.put("t/report-less", "nothing\n");
    server.put("t/reports/x", "nothing\n");
    let answer = server.seen("matches", &[("query", " report "), ("path", "t")]);
    let results = answer["results"].as_array().expect("it is a list");
    let of = |path: &str| -> &Value {
        let found = results.iter().find(|entry| entry["relative_path"] == path);
        found.unwrap_or_else(|| panic!("{path} is not among {answer}"))
    };
    let report = of("report.txt");
    assert_eq!(
        (&report["name_match"], &report["type"]),
        (&json!(true), &json!("file"))
    );
    assert_eq!(report["path"], server.at("t/report.txt"));
    let lines: Vec<(&Value, &Value, &Value)> = report["content_matches"]
        .as_array()
        .expect("it is a list")
        .iter()
        .map(|line| (&line["line"], &line["column"], &line["text"]))
        .collect();
    let expected = json!([(2, 3, "a Report here"), (3, 1, "report"), (4, 1, "REPORT")]);
    assert_eq!(json!(lines), expected, "three lines at most");
    let other = of("other");
    assert_eq!(other["name_match"], false);
    assert_eq!(other["content_matches"][0]["column"], 8, "in UTF-16 units");
    assert_eq!(of("reports")["type"], "directory");
    assert_eq!(of("report-less")["content_matches"], json!([]));
    assert_eq!(answer["next_offset"], Value::Null);
    server.look("matches", &[("query", "  ")]).expect(400);
    server
        .look("matches", &[("query", "x"), ("path", "none")])
        .expect(404);
    server
        .look("matches", &[("query", "x"), ("limit", "101")])
        .expect(422);
}

#[test]
fn pages_add_up_in_a_stable_order() {
    let server = Server::spawn();
    tree(&server, 150);
    let page = |offset: &str, limit: &str| {
        let query = [
            ("query", "needle"),
            ("path", "t"),
            ("offset", offset),
            ("limit", limit),
        ];
        server.seen("matches", &query)
    };
    let mut all = Vec::new();
    let mut offset = json!(0);
    while offset.is_u64() {
        let answer = page(&offset.to_string(), "40");
        all.extend(texts(&answer["results"], "relative_path"));
        offset = answer["next_offset"].clone();
    }
    assert_eq!(all.len(), 150);
    let first = texts(&page("0", "100")["results"], "relative_path");
    assert_eq!(first, all[..100]);
    for _ in 0..10 {
        assert_eq!(
            texts(&page("17", "20")["results"], "relative_path"),
            all[17..37]
        );
    }
}

#[test]
fn a_budget_ends_the_page_and_says_where_the_next_begins() {
    let server = Server::spawn();
    for n in 0..60 {
        let line = format!("{} needle {}\n", "x".repeat(300), "y".repeat(3_000));
        server.put(format!("t/{n:02}"), line);
    }
    let mut all = Vec::new();
    let mut offset = json!(0);
    for _ in 0..60 {
        let from = offset.to_string();
        let query = [
            ("query", "needle"),
            ("path", "t"),
            ("offset", from.as_str()),
            ("max_bytes", "5000"),
        ];
        let answer = server.look("matches", &query).expect(200);
        assert!(answer.body.len() < 16_000, "{} bytes", answer.body.len());
        let answer = answer.json();
        let names = texts(&answer["results"], "name");
        assert!(!names.is_empty(), "no progress at {from}");
        all.extend(names);
        offset = answer["next_offset"].clone();
        if !offset.is_u64() {
            break;
        }
        assert_eq!(answer["truncated"], true);
    }
    assert_eq!(all.len(), 60);
}
