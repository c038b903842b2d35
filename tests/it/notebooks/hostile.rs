//! Kernels that do not keep to the protocol: what they do costs bounded memory and time, and is told.

use std::fs;
use std::time::Instant;

use serde_json::{Value, json};

use super::kernels::{describe, of_kernel};
use super::{Open, gone_within, lives, open, server, text, try_open};
use crate::support::{Server, eventually, seconds};

/// Describes the fake kernel; `mode` is how it greets.
fn describe_fake(server: &Server, mode: &str) {
    let script = server.home.path().join("fake_kernel.py");
    fs::write(&script, include_str!("fake_kernel.py")).unwrap();
    let python = format!("{}/bin/python3", super::KERNELS);
    describe(
        server,
        "fake",
        &json!({"argv": [python, script, mode, "{connection_file}"]}),
    );
}

fn open_fake(server: &Server) -> Open<'_> {
    describe_fake(server, "usual");
    open(server, "n.ipynb", &of_kernel("fake"))
}

/// Why the kernel is dead, as the cell's answer says it.
#[track_caller]
fn death(answer: &Value) -> &str {
    assert_eq!(answer["status"], "error", "{answer}");
    let error = &answer["outputs"][0];
    assert_eq!(error["ename"], "DeadKernelError", "{answer}");
    error["evalue"].as_str().expect("words")
}

#[test]
fn what_is_not_signed_or_no_message_is_passed_over() {
    let Some(server) = server() else { return };
    let notebook = open_fake(&server);
    assert_eq!(text(&notebook.run_code("usual")), "end");
    let answer = notebook.run_code("unsigned");
    assert_eq!((&answer["status"], &*text(&answer)), (&json!("ok"), "end"));
    let answer = notebook.run_code("many frames");
    assert!(text(&answer).contains("dropped"), "{answer}");
    let answer = notebook.run_code("wrong reply");
    assert!(answer.to_string().contains("cannot be read"), "{answer}");
    assert_eq!(text(&notebook.run_code("usual")), "end");
}

#[test]
fn a_kernel_that_breaks_the_connection_is_dead_and_goes() {
    let Some(server) = server() else { return };
    let notebook = open_fake(&server);
    for how in ["garbage", "long command", "closed"] {
        let since = Instant::now();
        let answer = notebook.run_code(how);
        assert!(death(&answer).contains("connection"), "{how}: {answer}");
        assert!(since.elapsed() < seconds(10), "{how}");
        assert_eq!(notebook.status(), "dead");
        notebook.post("/restart").expect(200);
        assert_eq!(text(&notebook.run_code("usual")), "end");
    }
    let kernels = || {
        let all = crate::support::processes::descendants(server.pid);
        let fake = |pid: &&i32| {
            fs::read(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| String::from_utf8_lossy(&line).contains("fake_kernel.py"))
        };
        all.iter().filter(fake).filter(|pid| lives(**pid)).count()
    };
    eventually("the old ones are gone", seconds(20), || kernels() == 1);
}

#[test]
fn an_end_that_is_not_told_is_not_waited_for_for_ever() {
    let Some(server) = server() else { return };
    let notebook = open_fake(&server);
    let since = Instant::now();
    let answer = notebook.run_code("never idle");
    assert_eq!((&answer["status"], &*text(&answer)), (&json!("ok"), "well"));
    // From here on nothing published arrives.
    let answer = notebook.run_code("endless frame");
    assert_eq!((&answer["status"], &*text(&answer)), (&json!("ok"), ""));
    assert!(since.elapsed() < seconds(20));
    let body = json!({"cell_index": 0, "source": "silent", "timeout": 0.5});
    let answer = notebook.try_run(&body).expect(200).json();
    assert_eq!(answer["status"], "timeout", "{answer}");
    assert!(since.elapsed() < seconds(30));
    notebook.post("/restart").expect(200);
    assert_eq!(text(&notebook.run_code("usual")), "end");
}

#[test]
fn a_reply_that_never_comes_is_not_waited_for() {
    let Some(server) = server() else { return };
    let notebook = open_fake(&server);
    let since = Instant::now();
    let answer = notebook.run_code("no reply");
    assert!(since.elapsed() < seconds(15));
    assert_eq!(answer["outputs"][0]["ename"], "CellExecutionError");
    assert!(
        answer.to_string().contains("reply was too large"),
        "{answer}"
    );
    assert_eq!(answer["cell_outputs"][0]["text"], "well");
    assert_eq!(text(&notebook.run_code("usual")), "end");
}

#[test]
fn what_a_kernel_said_before_it_ended_is_kept() {
    let Some(server) = server() else { return };
    let notebook = open_fake(&server);
    let said: String = (0..3000)
        .flat_map(|n| [n.to_string(), " ".to_owned()])
        .collect();
    for _ in 0..5 {
        let answer = notebook.run_code("last words");
        assert!(death(&answer).contains("status 9"), "{answer}");
        assert_eq!(answer["cell_outputs"][0]["text"], said);
        notebook.post("/restart").expect(200);
    }
}

#[test]
fn a_child_that_publishes_for_ever_does_not_keep_the_death_from_being_told() {
    let Some(server) = server() else { return };
    let notebook = open_fake(&server);
    let since = Instant::now();
    let answer = notebook.run_code("heir");
    assert!(death(&answer).contains("status 9"), "{answer:.300}");
    assert!(since.elapsed() < seconds(10), "{:?}", since.elapsed());
    notebook.post("/restart").expect(200);
    assert_eq!(text(&notebook.run_code("usual")), "end");
}

#[test]
fn endless_output_takes_bounded_memory_and_keeps_no_order_out() {
    let Some(server) = server() else { return };
    let notebook = open_fake(&server);
    let body = json!({"cell_index": 0, "source": "endless", "timeout": 3});
    let answer = notebook.try_run(&body).expect(200).json();
    assert_eq!(answer["status"], "timeout");
    let printed = text(&answer).len();
    assert!(printed < 66 << 20, "{printed} bytes");
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid)).unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let most: u64 = most
        .and_then(|most| most.trim().trim_end_matches("kB").trim().parse().ok())
        .expect("a number");
    assert!(most < 1_000_000, "{most} kB");
    assert_eq!(notebook.status(), "busy");
    let since = Instant::now();
    server.ask("DELETE", &notebook.at("")).send().expect(200);
    assert!(since.elapsed() < seconds(8));
}

#[test]
fn a_child_that_keeps_the_sockets_or_floods_the_terminal_goes_with_the_kernel() {
    let Some(server) = server() else { return };
    let notebook = open_fake(&server);
    let mark = server.home.work().join("child");
    for how in ["fork", "flood"] {
        let answer = notebook.run_code(how);
        assert!(death(&answer).contains("status 9"), "{answer}");
        let child: i32 = fs::read_to_string(&mark).unwrap().parse().unwrap();
        gone_within(child, seconds(20));
        fs::remove_file(&mark).unwrap();
        notebook.post("/restart").expect(200);
    }
    assert_eq!(text(&notebook.run_code("usual")), "end");
}

#[test]
fn what_does_not_greet_as_a_kernel_did_not_start() {
    let Some(server) = server() else { return };
    describe_fake(&server, "not ZMTP");
    let path = server.home.work().join("n.ipynb");
    fs::write(path, of_kernel("fake").to_string()).unwrap();
    let since = Instant::now();
    let detail = try_open(&server, "n.ipynb").expect(500).detail();
    assert!(detail.contains("ZMTP"), "{detail}");
    assert!(since.elapsed() < seconds(20));
}
