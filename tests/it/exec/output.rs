//! Output: nothing lost, nothing mangled, memory bounded, whatever comes.

use serde_json::json;

use crate::support::{Reply, Server, alone, processes, seconds, wait_for};

/// KiB that the server may grow by while much output goes through it.
const GROWTH: u64 = 32 * 1024;

#[test]
fn characters_cut_between_reads_stay_whole() {
    let server = Server::spawn();
    let text = format!("x{}", "日本語🙂é".repeat(20_000));
    let program = "import sys; sys.stdout.write('x' + '日本語🙂é' * 20000)";
    let reply = server
        .run(&format!("PYTHONUTF8=1 python3 -c \"{program}\""))
        .expect_exit(0);
    assert!(
        reply.output() == text,
        "{} of {} bytes are the same",
        same(&reply.output(), &text),
        text.len()
    );
}

#[test]
fn characters_written_in_pieces_stay_whole() {
    let server = Server::spawn();
    let reply = server
        .run(r"printf '\360'; sleep 0.2; printf '\237\231'; sleep 0.2; printf '\202\n'")
        .expect_exit(0);
    assert_eq!(reply.output(), "🙂\r\n");
}

#[test]
fn the_start_of_a_character_at_the_end_is_not_lost() {
    let server = Server::spawn();
    assert_eq!(
        server.run(r"printf 'end\303'").expect_exit(0).output(),
        "end\u{fffd}"
    );
}

#[test]
fn what_is_not_a_character_is_replaced_and_the_rest_kept() {
    let server = Server::spawn();
    let reply = server.run(r"printf 'a\377\376b\303\n'").expect_exit(0);
    assert_eq!(reply.output(), "a\u{fffd}\u{fffd}b\u{fffd}\r\n");
}

#[test]
fn escape_sequences_and_control_bytes_come_through() {
    let server = Server::spawn();
    let reply = server
        .run(r#"printf '\033[31mred\033[0m\a\b\t\000"\\\177\n'"#)
        .expect_exit(0);
    assert_eq!(
        reply.output(),
        "\u{1b}[31mred\u{1b}[0m\u{7}\u{8}\t\0\"\\\u{7f}\r\n"
    );
}

#[test]
fn the_window_is_what_offset_and_tail_say() {
    let server = Server::spawn();
    let id = server
        .run("for i in 1 2 3 4; do echo $i; sleep 0.2; done")
        .expect_exit(0)
        .id();
    let ask = |query: &str| {
        let reply = server.status(&id, query);
        (
            reply.records().concat(),
            reply.next_offset(),
            reply.truncated(),
        )
    };
    assert_eq!(ask(""), ("1\r\n2\r\n3\r\n4\r\n".to_owned(), 4, false));
    assert_eq!(ask("offset=2"), ("3\r\n4\r\n".to_owned(), 4, false));
    assert_eq!(ask("tail=1"), ("4\r\n".to_owned(), 4, true));
    assert_eq!(
        ask("offset=1&tail=9"),
        ("2\r\n3\r\n4\r\n".to_owned(), 4, false)
    );
    assert_eq!(ask("offset=99"), (String::new(), 4, false));
}

#[test]
fn a_hundred_megabytes_come_through_whole_and_the_server_stays_small() {
    let _alone = alone();
    let server = Server::builder()
        .env("OPEN_TERMINAL_MAX_LOG_SIZE", "1000000000")
        .start();
    let before = processes::figure(server.pid, "VmRSS");
    let id = server.start("seq 1 11200000");
    let mut expected = Numbers::new();
    let mut length = 0;
    let last = follow(&server, &id, |text| {
        expected.check(text);
        length += text.len();
    });
    last.expect_exit(0);
    assert!(length > 100_000_000, "only {length} bytes");
    assert_eq!(expected.next, 11_200_001, "the end is missing");
    small(&server, before);
}

#[test]
fn a_line_of_fifty_megabytes_comes_through_whole_and_the_server_stays_small() {
    let _alone = alone();
    let server = Server::builder()
        .env("OPEN_TERMINAL_MAX_LOG_SIZE", "1000000000")
        .start();
    let before = processes::figure(server.pid, "VmRSS");
    let id = server.start("head -c 50000000 /dev/zero | tr '\\0' a");
    let mut length = 0;
    let last = follow(&server, &id, |text| {
        assert!(
            text.bytes().all(|byte| byte == b'a'),
            "something else at {length}"
        );
        length += text.len();
    });
    last.expect_exit(0);
    assert_eq!(length, 50_000_000);
    let all = server.status(&id, "").output();
    assert_eq!(all.len(), 50_000_000, "in one answer, too");
    small(&server, before);
}

#[test]
fn after_rotation_the_tail_is_exact_and_the_offsets_go_on() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_MAX_LOG_SIZE", "100000")
        .start();
    let reply = server.run("seq 1 50000").expect_exit(0);
    let kept = reply.output();
    let all = lines(50_000);
    assert!(
        kept.len() > 10_000 && all.ends_with(&kept),
        "{} bytes are kept, ending {:?}",
        kept.len(),
        tail(&kept)
    );
    assert!(
        reply.truncated() && reply.next_offset() > reply.records().len() as u64,
        "{}",
        reply.next_offset()
    );
    let first = reply.next_offset() - reply.records().len() as u64;
    let again = server.status(&reply.id(), &format!("offset={first}"));
    assert_eq!((again.output() == kept, again.truncated()), (true, false));
}

#[test]
fn following_a_command_over_rotations_loses_nothing() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_MAX_LOG_SIZE", "20000")
        .start();
    let id = server.start("for i in $(seq 1 100); do seq 1 100; sleep 0.02; done");
    let mut seen = String::new();
    follow(&server, &id, |text| seen += text).expect_exit(0);
    let block = lines(100);
    assert_eq!(seen.len(), block.len() * 100);
    assert!(seen == block.repeat(100));
}

#[test]
fn a_command_may_be_as_long_as_the_kernel_takes_and_no_longer() {
    let server = Server::spawn();
    let padding = "x".repeat(120_000);
    assert_eq!(
        server
            .run(&format!("echo short #{padding}"))
            .expect_exit(0)
            .output(),
        "short\r\n"
    );
    let answer = server.try_execute(
        "wait=5",
        &json!({ "command": format!("echo #{}", padding.repeat(2)) }),
    );
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    assert!(
        answer.detail().to_lowercase().contains("script"),
        "it says what to do instead: {}",
        answer.detail()
    );
}

/// Reads a command's output by its offsets until it has ended.
fn follow(server: &Server, id: &str, mut take: impl FnMut(&str)) -> Reply {
    let mut offset = 0;
    wait_for("the end of the output", seconds(300), || {
        let reply = server.status(id, &format!("offset={offset}&wait=0"));
        assert!(
            !reply.truncated(),
            "output is missing before {}",
            reply.next_offset()
        );
        assert_eq!(reply.next_offset(), offset + reply.records().len() as u64);
        reply.records().into_iter().for_each(&mut take);
        let more = offset != reply.next_offset();
        offset = reply.next_offset();
        (reply.state() != "running" && !more).then_some(reply)
    })
}

/// The lines `1`, `2`, `3`, … as a terminal gives them, compared as they come.
struct Numbers {
    next: u64,
    left: Vec<u8>,
}

impl Numbers {
    fn new() -> Self {
        Self {
            next: 1,
            left: Vec::new(),
        }
    }

    fn check(&mut self, text: &str) {
        let mut bytes = text.as_bytes();
        while !bytes.is_empty() {
            if self.left.is_empty() {
                self.left = format!("{}\r\n", self.next).into_bytes();
                self.next += 1;
            }
            let n = bytes.len().min(self.left.len());
            assert!(
                bytes[..n] == self.left[..n],
                "after {}: {:?}",
                self.next - 2,
                tail(text)
            );
            self.left.drain(..n);
            bytes = &bytes[n..];
        }
    }
}

/// What `seq 1 LAST` prints on a terminal.
fn lines(last: u64) -> String {
    (1..=last).map(|n| n.to_string() + "\r\n").collect()
}

#[track_caller]
fn small(server: &Server, before: u64) {
    let most = processes::figure(server.pid, "VmHWM");
    assert!(
        most < before + GROWTH,
        "the server grew from {before} KiB to {most} KiB"
    );
}

fn same(one: &str, other: &str) -> usize {
    one.bytes()
        .zip(other.bytes())
        .take_while(|(a, b)| a == b)
        .count()
}

fn tail(text: &str) -> String {
    text.chars()
        .rev()
        .take(40)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect()
}
