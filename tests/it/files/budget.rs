//! `max_bytes`: answers cut at a line, saying so and how to go on.

use serde_json::{Value, json};

use crate::support::Server;

/// Lines of different lengths, some of them too long for any budget here.
fn text() -> String {
    (1..=600).fold(String::new(), |text, n: usize| {
        let width = if n.is_multiple_of(97) { 9_000 } else { n % 50 };
        text + &format!("{n} {}\n", "é".repeat(width))
    })
}

/// Reads all of `f` under a budget; the answer is every line as it was given.
#[track_caller]
fn read_on(server: &Server, budget: &str) -> Vec<String> {
    let most: usize = budget.parse().expect("a budget is a number");
    let mut next = 1;
    let mut lines = Vec::new();
    for _ in 0..2_000 {
        let from = next.to_string();
        let query = [
            ("path", "f"),
            ("start_line", from.as_str()),
            ("max_bytes", budget),
        ];
        let part = server.seen("read", &query);
        let content = part["content"].as_str().expect("it is text");
        let given: Vec<&str> = content.split_inclusive('\n').collect();
        assert!(
            content.len() <= most || given.len() == 1,
            "{} bytes",
            content.len()
        );
        assert!(!given.is_empty(), "nothing is given from line {next} on");
        lines.extend(
            given
                .iter()
                .map(|line| line.trim_end_matches('\n').to_owned()),
        );
        if part.get("next_line").is_none_or(Value::is_null) {
            assert_eq!(lines.len(), 600, "it ended too early");
            return lines;
        }
        assert_eq!(part["truncated"], true);
        assert!(part["hint"].is_string(), "it should say how to go on");
        let following = part["next_line"].as_u64().expect("it is a number");
        assert_eq!(following, next + given.len() as u64, "no line is left out");
        next = following;
    }
    panic!("it never ends");
}

#[test]
fn read_goes_on_at_the_next_line_until_all_is_read() {
    let server = Server::spawn();
    let text = text();
    server.put("f", &text);
    for budget in ["2100", "5000", "20000"] {
        for (got, line) in read_on(&server, budget).iter().zip(text.lines()) {
            if line.len() <= 1_500 {
                assert_eq!(got, line);
                continue;
            }
            assert!(got.len() < 2_200, "{} bytes of one line", got.len());
            let start: String = line.chars().take(100).collect();
            assert!(got.starts_with(&start), "{got}");
            assert!(
                got.contains("18"),
                "it should say how long the line is: {got}"
            );
        }
    }
}

#[test]
fn the_smallest_budget_gives_the_beginning_of_one_line() {
    let server = Server::spawn();
    server.put("f", text());
    for from in ["1", "97", "600"] {
        let query = [("path", "f"), ("start_line", from), ("max_bytes", "1")];
        let part = server.seen("read", &query);
        let content = part["content"].as_str().expect("it is text");
        assert!(
            content.starts_with(from) && content.len() < 300,
            "{content}"
        );
        let next = from.parse::<u64>().expect("it is a number") + 1;
        let expected = if next > 600 { Value::Null } else { next.into() };
        assert_eq!(part["next_line"], expected);
    }
}

#[test]
fn without_a_budget_nothing_is_cut() {
    let server = Server::spawn();
    let text = text();
    server.put("f", &text);
    let whole = server.seen("read", &[("path", "f")]);
    assert!(whole["content"] == text.as_str(), "something is missing");
    assert!(
        whole.get("truncated").is_none(),
        "older clients see no change"
    );
    let enough = server.seen(
        "read",
        &[("path", "f"), ("end_line", "50"), ("max_bytes", "100000")],
    );
    assert!(
        enough.get("next_line").is_none_or(Value::is_null),
        "{enough}"
    );
    for nonsense in ["-1", "many"] {
        let query = [("path", "f"), ("max_bytes", nonsense)];
        server.look("read", &query).expect(422);
    }
}

#[test]
fn the_setting_gives_the_budget_when_the_request_does_not() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_MAX_OUTPUT_BYTES", "5000")
        .start();
    server.put("f", text());
    let part = server.seen("read", &[("path", "f")]);
    assert_eq!(part["truncated"], true);
    assert!(part["content"].as_str().map(str::len) <= Some(5_000));
    let all = server.seen("read", &[("path", "f"), ("max_bytes", "10000000")]);
    assert!(all.get("next_line").is_none_or(Value::is_null));
    let reply = server.run("seq 1 20000").expect_exit(0);
    assert!(
        reply.truncated() && reply.output().len() < 6_000,
        "{} bytes",
        reply.output().len()
    );
}

#[test]
fn a_command_keeps_the_head_and_the_tail_of_its_output_and_names_the_log() {
    let server = Server::spawn();
    let body = json!({ "command": "seq 1 100000" });
    let reply = server
        .execute("wait=30&max_bytes=4000", &body)
        .expect_exit(0);
    let output = reply.output();
    assert!(output.starts_with("1\r\n2\r\n3\r\n"), "the head: {output}");
    assert!(
        output.ends_with("99999\r\n100000\r\n"),
        "the tail: {output}"
    );
    assert!(output.contains(&reply.log_path()), "it names the log");
    assert!(output.len() < 5_000, "{} bytes", output.len());
    assert!(reply.truncated());
    let again = server.status(&reply.id(), "wait=0&max_bytes=4000");
    assert_eq!(again.output(), output, "and the status says the same");
    assert!(
        !server.status(&reply.id(), "wait=0").truncated(),
        "all is still there"
    );
}

#[test]
fn a_list_is_cut_at_an_entry_and_goes_on_with_the_next() {
    let server = Server::spawn();
    for n in 0..500 {
        server.put(format!("d/{n:04}-{}", "n".repeat(n % 40)), "");
    }
    let mut names = Vec::new();
    let mut offset = 0;
    loop {
        let from = offset.to_string();
        let query = [
            ("directory", "d"),
            ("offset", from.as_str()),
            ("max_bytes", "6000"),
        ];
        let answer = server.look("list", &query).expect(200);
        assert!(answer.body.len() < 7_000, "{} bytes", answer.body.len());
        let page = answer.json();
        let entries = crate::support::files::texts(&page["entries"], "name");
        assert!(!entries.is_empty(), "no progress at {offset}");
        names.extend(entries);
        if page.get("next_offset").is_none_or(Value::is_null) {
            break;
        }
        assert_eq!(
            (&page["truncated"], &page["total"]),
            (&true.into(), &500.into())
        );
        assert!(page["hint"].is_string());
        offset = page["next_offset"].as_u64().expect("it is a number");
        assert_eq!(offset, names.len() as u64);
    }
    assert_eq!(names.len(), 500);
    assert!(names.is_sorted());
}

#[test]
fn a_request_may_ask_for_all_though_the_setting_bounds_it() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_MAX_OUTPUT_BYTES", "50")
        .start();
    server.put("long.txt", "a line of some length\n".repeat(20));
    let query = [("path", "long.txt")];
    assert_eq!(server.seen("read", &query)["truncated"], true);
    let whole = server.seen("read", &[query[0], ("max_bytes", "0")]);
    assert_eq!(whole.get("truncated"), None);
    assert_eq!(whole["content"].as_str().map(str::len), Some(440));
}
