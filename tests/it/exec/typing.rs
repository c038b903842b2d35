//! Keys and lines sent through `/input`.

use std::time::Instant;

use crate::support::{Server, processes, seconds, wait_for};

#[test]
fn control_c_ends_a_sleep() {
    let server = Server::spawn();
    for key in ["\u{3}", r"\x03"] {
        let id = server.start("echo up; sleep 100");
        server.output_with(&id, "up");
        server.input(&id, key).expect(200);
        let reply = server.end(&id).expect_exit(-2);
        assert_eq!(reply.signal(), Some("SIGINT"), "{reply:?}");
    }
}

#[test]
fn control_backslash_ends_a_sleep_that_ignores_control_c() {
    let server = Server::spawn();
    let id = server.start("ulimit -c 0; trap '' INT; echo up; exec sleep 100");
    server.output_with(&id, "up");
    server.input(&id, r"\x03").expect(200);
    server.output_with(&id, "^C");
    assert_eq!(server.status(&id, "wait=0").state(), "running");
    server.input(&id, r"\x1c").expect(200);
    server.end(&id).expect_exit(-3);
}

#[test]
fn python_works_interactively() {
    let server = Server::spawn();
    let id = server.start("python3 -i");
    server.output_with(&id, ">>> ");
    server.input(&id, "6 * 7\n").expect(200);
    server.output_with(&id, "\r\n42\r\n");
    server
        .input(&id, "import time; time.sleep(100)\n")
        .expect(200);
    server.output_with(&id, "sleep(100)\r\n");
    server.input(&id, "\u{3}").expect(200);
    server.output_with(&id, "KeyboardInterrupt");
    server.input(&id, "print(40 + 2)\n").expect(200);
    server.output_with(&id, "print(40 + 2)\r\n42\r\n");
}

#[test]
fn python_ends_with_the_status_it_is_told() {
    let server = Server::spawn();
    let id = server.start("python3 -i");
    server.output_with(&id, ">>> ");
    server.input(&id, "exit(5)\n").expect(200);
    server.end(&id).expect_exit(5);
}

#[test]
fn bash_works_interactively_with_job_control_and_no_warning() {
    let server = Server::spawn();
    let id = server.start("PS1='ready> ' exec bash --norc --noprofile -i");
    server.output_with(&id, "ready> ");
    let steps = [
        ("sleep 1001 &\n", "[1] "),
        ("jobs\n", "Running"),
        ("fg\n", "\nsleep 1001\r\n"),
        (r"\x1a", "Stopped"),
        ("bg\n", "sleep 1001 &\r\n"),
        ("kill %1; wait; echo jobs=$(jobs -p)=\n", "jobs=="),
        ("cat\n", "cat\r\n"),
        ("\u{3}", "^C"),
        ("exit 9\n", "exit"),
    ];
    for (keys, answer) in steps {
        let before = server.status(&id, "wait=0").output().len();
        server.input(&id, keys).expect(200);
        wait_for(&format!("{answer:?} after {keys:?}"), seconds(10), || {
            let output = server.status(&id, "wait=0").output();
            output
                .get(before..)
                .is_some_and(|new| new.contains(answer))
                .then_some(())
        });
    }
    let output = server.end(&id).expect_exit(9).output();
    for warning in [
        "cannot set terminal process group",
        "no job control",
        "Inappropriate ioctl",
    ] {
        assert!(!output.contains(warning), "{output}");
    }
}

#[test]
fn what_a_program_will_not_read_is_refused_and_does_not_hang() {
    let server = Server::spawn();
    let text = "a line that nobody reads\n".repeat(40_000);
    for mode in ["stty -echo", "stty -echo raw"] {
        let id = server.start(&format!("{mode}; echo up; sleep 1000"));
        server.output_with(&id, "up");
        let start = Instant::now();
        let answer = server.input(&id, &text);
        assert!(
            (400..500).contains(&answer.status),
            "{mode}: {} {}",
            answer.status,
            answer.text()
        );
        assert!(
            start.elapsed() < seconds(15),
            "{mode}: it took {:?}",
            start.elapsed()
        );
        assert!(!answer.detail().is_empty());
        server.get("/health").expect(200);
        server.kill(&id, true).expect(200);
        assert_eq!(server.end(&id).state(), "killed");
    }
}

#[test]
fn a_large_input_reaches_a_program_that_reads_it_slowly() {
    let server = Server::spawn();
    let program = "import sys,time,tty; tty.setraw(0); print('up', flush=True); n=0\n\
                   while n < 200000: n += len(sys.stdin.buffer.read1(9000)); time.sleep(0.001)\n\
                   print('got', n)";
    let id = server.start(&format!("python3 -c \"{program}\""));
    server.output_with(&id, "up");
    server.input(&id, &"x".repeat(200_000)).expect(200);
    let output = server.end(&id).expect_exit(0).output();
    assert!(output.contains("got 200000"), "{output}");
}

#[test]
fn the_end_of_file_key_ends_what_reads_to_the_end() {
    let server = Server::spawn();
    let id = server.start("stty -echo; echo up; wc -l");
    server.output_with(&id, "up");
    server.input(&id, r"a\nb\n\x04").expect(200);
    assert_eq!(server.end(&id).expect_exit(0).output(), "up\r\n2\r\n");
}

#[test]
fn input_to_a_command_that_has_ended_is_refused() {
    let server = Server::spawn();
    let id = server.run("true").id();
    assert!(server.input(&id, "x").expect(400).detail().len() > 10);
}

#[test]
fn a_program_that_clears_its_terminal_group_leaves_no_process() {
    let server = Server::spawn();
    let id = server.start_marked(
        "bash -ic 'sleep 1000 & sleep 1000 & echo up; wait'",
        "typing-groups",
    );
    server.output_with(&id, "up");
    assert!(processes::marked("typing-groups").len() >= 3);
    server.kill(&id, false).expect(200);
    assert!(processes::marked("typing-groups").is_empty());
}

#[test]
fn ctrl_c_stops_a_flood_of_output() {
    let server = Server::spawn();
    let id = server.start("yes");
    server.output_with(&id, "y\r\ny\r\n");
    server.input(&id, "\\x03").expect(200);
    assert_eq!(server.end(&id).signal(), Some("SIGINT"));
}
