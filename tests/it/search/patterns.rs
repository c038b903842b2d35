//! Patterns that would take for ever, or more memory than there is.

use std::time::{Duration, Instant};

use crate::support::load::{GROWTH, Peak};
use crate::support::{Server, seconds};

#[test]
fn a_pattern_that_is_wrong_is_refused_with_a_reason() {
    let server = Server::spawn();
    server.put("f", "(abc\n");
    for pattern in [
        "(abc",
        "[z-a]",
        "*x",
        "a{2,1}",
        "(?P<n>a)(?P<n>b)",
        "\\",
        "(?P=none)",
        "a{99999999999999999999}",
    ] {
        let detail = server
            .look("grep", &[("query", pattern)])
            .expect(400)
            .detail();
        assert!(detail.len() > 20, "{pattern}: {detail}");
    }
    let literal = server.seen("grep", &[("query", "(abc"), ("regex", "false")]);
    assert_eq!(literal["matches"][0]["line"], 1);
}

#[test]
fn a_pattern_that_is_too_large_is_refused_in_little_memory() {
    let server = Server::spawn();
    server.put("f", "x\n");
    server.seen("grep", &[("query", "x.y")]);
    let peak = Peak::of(&server);
    let deep = format!("{}{}", "(".repeat(1_500), ")".repeat(1_500));
    let wide: Vec<String> = (0..3_000).map(|n| format!("word{n}")).collect();
    let wide = wide.join("|");
    let dots = "(?:x{0,1000}){0,1000}y".to_owned();
    let words = "\\w{1000}\\w{1000}\\w{1000}\\w{1000}".to_owned();
    let sets = "[^\\W\\d_]{500}".repeat(20);
    let flags = "(?i)(?x)".to_owned() + &"(?:a|b|(?:c))*".repeat(400);
    for pattern in [deep, wide, dots, words, sets, flags] {
        let start = Instant::now();
        let answer = server.look("grep", &[("query", pattern.as_str())]);
        assert!(
            [200, 400].contains(&answer.status),
            "{pattern:.60}: {}",
            answer.text()
        );
        assert!(
            start.elapsed() < seconds(15),
            "{pattern:.60}: {:?}",
            start.elapsed()
        );
    }
    peak.expect_below(4 * GROWTH);
    server.get("/health").expect(200);
}

#[test]
fn a_pattern_that_backtracks_for_ever_is_ended_and_keeps_nobody_waiting() {
    let server = Server::spawn();
    for n in 0..20 {
        server.put(
            format!("t/{n}"),
            format!("{}!\n", "a".repeat(60)).repeat(50),
        );
    }
    std::thread::scope(|scope| {
        let server = &server;
        let hard = [
            "^(a+)+$",
            "^(a|aa)+(?!.)b",
            "^(?:(a+)+)\\1b$",
            "(a*)*(b*)*\\2c",
            "(?=(a+)+$)b",
        ];
        let threads = hard.map(|pattern| {
            scope.spawn(move || {
                let start = Instant::now();
                let answer = server.look("grep", &[("query", pattern), ("path", "t")]);
                let bounded = [200, 400, 408, 422].contains(&answer.status);
                assert!(bounded, "{pattern}: {} {}", answer.status, answer.text());
                assert!(
                    start.elapsed() < seconds(60),
                    "{pattern}: {:?}",
                    start.elapsed()
                );
            })
        });
        while threads.iter().any(|thread| !thread.is_finished()) {
            let start = Instant::now();
            server.get("/health").expect(200);
            assert!(start.elapsed() < seconds(3), "{:?}", start.elapsed());
            std::thread::sleep(Duration::from_millis(100));
        }
    });
}
