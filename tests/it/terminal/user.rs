//! The terminal that a person uses, as a model reads it and types into it.

use std::time::Instant;

use serde_json::json;

use crate::support::terminal::{Caller, Client, NOBODY, caller};
use crate::support::{Server, eventually, processes, seconds};

fn output(server: &Server, who: Caller) -> String {
    let answer = server.user_output(who).expect(200).json();
    let members: Vec<_> = answer.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["output"]);
    answer["output"].as_str().expect("it is text").to_owned()
}

fn person(server: &Server, who: Caller) -> (String, Client) {
    let id = server.open(who);
    let mut client = server.attach(&id).by(who).start();
    client.ready();
    (id, client)
}

#[test]
fn where_no_person_is_there_is_no_terminal() {
    let server = Server::spawn();
    for who in [NOBODY, caller("u", "c")] {
        assert!(!server.user_output(who).expect(404).detail().is_empty());
        assert!(!server.user_input(who, "x").expect(404).detail().is_empty());
        server.open(who);
        server.user_output(who).expect(404);
        server.user_input(who, "x").expect(404);
    }
}

#[test]
fn a_model_reads_what_the_person_sees_and_types_as_they_do() {
    let server = Server::spawn();
    let who = caller("u", "c");
    let (_, mut client) = person(&server, who);
    client.run("echo from the person");
    assert!(output(&server, who).contains("\r\nfrom the person\r\n"));
    let answer = server.user_input(who, "echo typed''by model\n").expect(200);
    assert_eq!(answer.json(), json!({"status": "ok"}));
    client.expect("typedby model\r\n");
    eventually("it reads it", seconds(5), || {
        output(&server, who).contains("typedby model\r\n")
    });
    for other in [caller("u", "d"), caller("v", "c"), caller("u", ""), NOBODY] {
        server.user_output(other).expect(404);
        server.user_input(other, "exit\n").expect(404);
    }
    assert_eq!(client.run("echo well"), "well");
}

#[test]
fn what_it_types_is_taken_as_it_is() {
    let server = Server::spawn();
    let (_, mut client) = person(&server, NOBODY);
    let file = server.home.work().join("typed");
    client.type_in("stty raw -echo; echo go''on; head -c 44 > typed; stty sane; echo do''ne\n");
    client.expect("goon");
    let text = "a\\n\\x41\\u0041\\\\ b\t\"'$x`\u{0}\u{3}\u{1b}[A\u{7f}日本🙂 é\r\n";
    assert_eq!(text.len(), 44, "{text:?}");
    server.user_input(NOBODY, text).expect(200);
    client.expect("done");
    let typed = std::fs::read(file).expect("it was written");
    assert_eq!(String::from_utf8_lossy(&typed), text);
    server.user_input(NOBODY, "").expect(200);
    server.user_input(NOBODY, "sleep 1000\n").expect(200);
    server.runs("sleep 1000");
    server.user_input(NOBODY, "\u{3}").expect(200);
    assert_eq!(client.run("echo well"), "well");
}

#[test]
fn what_is_no_text_is_refused() {
    let server = Server::spawn();
    let (_, mut client) = person(&server, NOBODY);
    for body in [
        json!({}),
        json!({"input": null}),
        json!({"input": 1}),
        json!({"input": ["ls"]}),
        json!("ls"),
        json!([]),
    ] {
        let ask = server.ask("POST", "/api/terminals/user/input");
        let answer = ask.json(&body).send().expect(422).json();
        assert!(answer["detail"][0]["loc"].is_array(), "{body}: {answer}");
    }
    for body in [&b"{\"input\": "[..], b"{\"input\": \"\\ud800\"}", b""] {
        let ask = server
            .ask("POST", "/api/terminals/user/input")
            .header("content-type", "application/json");
        let status = ask.bytes(body).send().status;
        assert!([400, 422].contains(&status), "{status} for {body:?}");
    }
    assert_eq!(client.run("echo well"), "well");
}

#[test]
fn it_reads_the_last_of_the_output_and_no_half_characters() {
    let server = Server::spawn();
    let (_, mut client) = person(&server, NOBODY);
    client.hush();
    client.run("seq 1 30000");
    let text = output(&server, NOBODY);
    assert!(
        text.len() <= 64 << 10 && text.len() > 60_000,
        "{} bytes",
        text.len()
    );
    assert!(
        text[text.len() - 40..].contains("\r\n30000\r\n"),
        "{:?}",
        &text[text.len() - 40..]
    );
    for shift in ["", "x", "xx"] {
        client.run(&format!("printf '%s' {shift}; yes 日本語 | head -n 20000 | tr -d '\\n'; echo; echo shift''{shift}"));
        let text = output(&server, NOBODY);
        assert!(
            text.len() <= 64 << 10 && text.len() > 60_000,
            "{} bytes",
            text.len()
        );
        assert!(
            !text.contains('\u{fffd}'),
            "a character is cut: {:?}",
            &text[..40.min(text.len())]
        );
    }
    client.run("printf 'b\\377d \\346\\227'; echo");
    assert!(output(&server, NOBODY).contains("b\u{fffd}d \u{fffd}"));
}

#[test]
fn it_is_the_newest_in_use_else_the_one_left_last() {
    let server = Server::spawn();
    let who = caller("u", "c");
    let (first_id, mut first) = person(&server, who);
    let (second_id, mut second) = person(&server, who);
    first.run("echo FIRST''SHELL");
    second.run("echo SECOND''SHELL");
    let shows = |word: &str| output(&server, who).contains(word);
    assert!(shows("SECONDSHELL"));
    second.leave();
    server.attached_as(who, &second_id, 0);
    assert!(shows("FIRSTSHELL"), "the second is not in use");
    first.reset();
    server.attached_as(who, &first_id, 0);
    assert!(shows("FIRSTSHELL"), "it was left last");
    server.user_input(who, "echo in''absence\n").expect(200);
    eventually("it reads it", seconds(5), || shows("inabsence\r\n"));
    let path = format!("/api/terminals/{first_id}");
    server.ask_as(who, "DELETE", &path).send().expect(200);
    assert!(shows("SECONDSHELL"));
    server.user_input(who, "exit\n").expect(200);
    eventually("there is none", seconds(5), || {
        server.user_output(who).status == 404
    });
}

#[test]
fn with_no_time_to_live_it_is_gone_with_the_person() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_DETACH_TTL", "0")
        .start();
    let (_, client) = person(&server, NOBODY);
    server.user_output(NOBODY).expect(200);
    client.leave();
    eventually("it is gone", seconds(5), || {
        server.user_output(NOBODY).status == 404
    });
}

#[test]
fn a_program_that_does_not_read_is_told_of_and_harms_nobody() {
    let server = Server::spawn();
    let (_, mut client) = person(&server, NOBODY);
    client.type_in("stty raw -echo; echo go''on; sleep 1000; stty sane; echo ba''ck\n");
    client.expect("goon");
    let memory = processes::figure(server.pid, "VmRSS");
    let text = "x".repeat(64 << 10);
    let start = Instant::now();
    let refused = (0..200).find_map(|_| {
        let answer = server.user_input(NOBODY, &text);
        (answer.status != 200).then_some(answer)
    });
    let detail = refused.expect("it is refused at last").expect(409).detail();
    assert!(!detail.is_empty());
    assert!(start.elapsed() < seconds(10), "after {:?}", start.elapsed());
    let grown = processes::figure(server.pid, "VmRSS").saturating_sub(memory);
    assert!(grown < 16 << 10, "{grown} KiB were kept");
    client.signal("TERM");
    client.expect("back");
}

#[test]
fn a_long_input_arrives_whole() {
    let server = Server::spawn();
    let (_, mut client) = person(&server, NOBODY);
    client.type_in("stty raw -echo; echo go''on; head -c 300000 | wc -c; stty sane; echo do''ne\n");
    client.expect("goon");
    for _ in 0..10 {
        let text = "y".repeat(30_000);
        eventually("it is taken", seconds(10), || {
            server.user_input(NOBODY, &text).status == 200
        });
    }
    client.expect("300000");
    client.expect("done");
}
