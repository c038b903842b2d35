//! `max_bytes`: output kept small for its reader, the beginning and the end of it.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Reply, Server, seconds};

/// What `seq 1 N` prints on a terminal.
fn numbers(last: u32) -> String {
    (1..=last).map(|n| n.to_string() + "\r\n").collect()
}

/// The text before the part left out, the piece that stands for it, and the text behind it.
#[track_caller]
fn parts(reply: &Reply) -> (String, Value, String) {
    let pieces = reply.0["output"].as_array().expect("it is a list");
    let at = pieces.iter().position(|piece| piece["type"] == "omitted");
    let at = at.unwrap_or_else(|| panic!("nothing is left out: {reply:?}"));
    let text = |pieces: &[Value]| {
        let texts = pieces.iter().map(|piece| {
            assert_eq!(piece["type"], "output", "one piece is enough");
            piece["data"].as_str().expect("it has data")
        });
        texts.collect::<String>()
    };
    (
        text(&pieces[..at]),
        pieces[at].clone(),
        text(&pieces[at + 1..]),
    )
}

/// Checks a cut reply about `whole` against the rule.
#[track_caller]
fn check(reply: &Reply, whole: &str, most: usize) {
    let (head, left_out, tail) = parts(reply);
    assert!(whole.starts_with(&head) && whole.ends_with(&tail));
    for part in [&head, &tail] {
        assert!(part.len() <= most / 2, "{} bytes", part.len());
        assert!(part.len() > most / 4, "{} bytes", part.len());
    }
    assert!(head.ends_with('\n') && tail.starts_with(|first: char| first.is_ascii_digit()));
    let bytes = whole.len() - head.len() - tail.len();
    assert_eq!(left_out["bytes"], bytes);
    let said = left_out["data"].as_str().expect("it says so");
    assert!(
        said.contains(&bytes.to_string()) && said.contains(&reply.log_path()),
        "{said}"
    );
    assert!(said.starts_with('\n') && said.ends_with('\n'), "{said:?}");
    assert!(reply.truncated());
}

#[test]
fn a_command_that_prints_much_gives_its_beginning_and_its_end() {
    let server = Server::spawn();
    let body = json!({ "command": "seq 1 100000" });
    let reply = server
        .execute("wait=30&max_bytes=2000", &body)
        .expect_exit(0);
    check(&reply, &numbers(100_000), 2000);
    let whole = server.status(&reply.id(), "");
    assert!(!whole.truncated());
    assert_eq!(whole.output(), numbers(100_000));
    assert_eq!(whole.next_offset(), reply.next_offset());
    for most in [3000, 400_000] {
        let reply = server.status(&reply.id(), &format!("max_bytes={most}"));
        check(&reply, &numbers(100_000), most);
    }
}

#[test]
fn the_budget_is_for_the_window_asked_for() {
    let server = Server::spawn();
    let id = server.run("seq 1 50000").expect_exit(0).id();
    let ask = |query: &str| server.status(&id, query);
    let whole = ask("offset=3").output();
    check(&ask("offset=3&max_bytes=1000"), &whole, 1000);
    let whole = ask("tail=9").output();
    check(&ask("tail=9&max_bytes=1000"), &whole, 1000);
    let end = ask("").next_offset();
    let nothing = ask(&format!("offset={end}&max_bytes=10"));
    assert_eq!(
        (nothing.output().as_str(), nothing.truncated()),
        ("", false)
    );
}

#[test]
fn the_piece_left_out_says_where_to_read_on() {
    let server = Server::spawn();
    let id = server.run("seq 1 50000").expect_exit(0).id();
    let (head, left_out, _) = parts(&server.status(&id, "max_bytes=20000"));
    let said = left_out["data"].as_str().expect("it says so").to_owned();
    let offset = said.split("offset=").nth(1).expect("an offset");
    let offset: u64 = offset
        .split(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("{said}"));
    let rest = server.status(&id, &format!("offset={offset}")).output();
    let whole = numbers(50_000);
    assert!(whole.ends_with(&rest) && head.len() + rest.len() >= whole.len());
}

#[test]
fn small_output_is_not_touched() {
    let server = Server::spawn();
    let body = json!({ "command": "seq 1 100" });
    let whole = numbers(100);
    let reply = server.execute(&format!("wait=30&max_bytes={}", whole.len()), &body);
    assert_eq!((reply.output(), reply.truncated()), (whole, false));
}

#[test]
fn a_long_line_is_cut_between_characters() {
    let server = Server::spawn();
    let reply = server
        .run("PYTHONUTF8=1 python3 -c \"print('日' * 30000, end='')\"")
        .expect_exit(0);
    let (head, left_out, tail) = parts(&server.status(&reply.id(), "max_bytes=1000"));
    assert_eq!((head, tail), ("日".repeat(166), "日".repeat(166)));
    assert_eq!(left_out["bytes"], 90_000 - 2 * 3 * 166);
}

#[test]
fn the_setting_is_for_requests_that_do_not_say() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_MAX_OUTPUT_BYTES", "1000")
        .start();
    let whole = numbers(10_000);
    let reply = server.run("seq 1 10000").expect_exit(0);
    check(&reply, &whole, 1000);
    let id = reply.id();
    check(&server.status(&id, ""), &whole, 1000);
    check(&server.status(&id, "max_bytes=2000"), &whole, 2000);
    assert_eq!(server.status(&id, "max_bytes=0").output(), whole);
}

#[test]
fn what_is_left_out_costs_no_time() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_MAX_LOG_SIZE", "1000000000")
        .start();
    let id = server.start("seq 1 5000000");
    while server.status(&id, "wait=30&max_bytes=100").state() == "running" {}
    let began = Instant::now();
    for _ in 0..20 {
        let reply = server.status(&id, "max_bytes=10000");
        assert!(reply.truncated());
    }
    // Reading it all takes longer than this even once.
    assert!(began.elapsed() < seconds(1), "{:?}", began.elapsed());
}
