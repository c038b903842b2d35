//! Terminals: shells over WebSocket that outlive the connections to them.

/// Who may attach, and with which first message.
mod auth;
/// The cap on terminals, and who makes room at it.
mod cap;
/// Resizing, signals, pings, and how a shell's end is told.
mod control;
/// What a shell finds: environment, directory, terminal, descriptors.
mod environment;
/// Frames of every wrong shape.
mod frames;
/// A thousand terminals, stubborn processes and the end of the server: nothing is left.
mod leaks;
/// Several clients on one terminal.
mod many;
/// The resource: made, listed, shown, ended, refused.
mod rest;
/// One terminal for all page loads of a user and chat.
mod reuse;
/// Screens that come back as they were.
mod screens;
/// Clients that read slowly, not at all, or are gone.
mod slow;
/// Shells that outlive their clients, and streams that go on where they were left.
mod survive;
/// The terminal that a person uses, as a model reads it and types into it.
mod user;

use crate::support::Server;
use crate::support::terminal::counted;

#[test]
fn what_is_typed_runs_and_what_it_prints_comes_back() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    assert_eq!(client.run("echo hello terminal"), "hello terminal");
    assert_eq!(client.run("echo 'café 日本'"), "café 日本");
    assert_eq!(client.run("echo $((6*7)); echo err >&2"), "42\nerr");
}

#[test]
fn output_comes_in_binary_frames_byte_for_byte() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    client.type_in("printf '\\377\\376raw\\001\\n'; seq 1 20000; echo D''ONE\n");
    client.expect("DONE\r\n");
    let raw = b"\xff\xferaw\x01\r\n";
    assert!(memchr::memmem::find(&client.output, raw).is_some());
    let lines = counted(20_000);
    assert!(memchr::memmem::find(&client.output, lines.as_bytes()).is_some());
    assert_eq!(client.texts, [], "no control frame came");
}

#[test]
fn a_paste_of_a_megabyte_arrives_whole() {
    let server = Server::spawn();
    let (_, mut client) = server.terminal();
    client.type_in("stty raw -echo; echo go''on; head -c 1000000 | cksum; stty sane\n");
    client.expect("goon");
    let paste: Vec<u8> = (0..=u8::MAX).cycle().step_by(7).take(1_000_000).collect();
    let file = server.home.work().join("paste");
    std::fs::write(&file, &paste).expect("the home is writable");
    client.type_in(&paste);
    let sum = client.expect(" 1000000");
    let expected = client.run("cksum < paste");
    assert!(sum.contains(&expected), "{sum} and not {expected}");
}
