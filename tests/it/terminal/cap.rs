//! The cap on terminals, and who makes room at it.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::terminal::{Client, NOBODY, caller};
use crate::support::{Server, eventually, processes, seconds};

fn capped(most: &str) -> Server {
    Server::builder()
        .env("OPEN_TERMINAL_MAX_SESSIONS", most)
        .start()
}

#[test]
fn when_all_are_in_use_the_answer_says_what_to_do() {
    let server = capped("2");
    let (id, mut one) = server.terminal();
    let (_, mut two) = server.terminal();
    one.ready();
    two.ready();
    for who in [NOBODY, caller("u", "c")] {
        let answer = server.try_open(who).expect(429).json();
        let error = answer["error"].as_str().expect("it says why");
        assert!(error.contains("max_terminal_sessions"), "{error}");
    }
    assert_eq!(one.run("echo well"), "well");
    assert_eq!(two.run("echo well"), "well");
    server.close(&id).expect(200);
    server.open(NOBODY);
    server.try_open(NOBODY).expect(429);
}

#[test]
fn shells_that_ended_do_not_count() {
    let server = capped("2");
    for _ in 0..3 {
        let ids = [server.open(NOBODY), server.open(NOBODY)];
        for id in &ids {
            processes::signal(server.shell(id), Signal::SIGKILL);
        }
        for id in &ids {
            eventually("it is gone", seconds(5), || !server.has(id));
        }
    }
    server.open(NOBODY);
}

fn left(server: &Server, client: Client, id: &str) {
    client.leave();
    server.attached(id, 0);
}

#[test]
fn the_one_left_longest_makes_room_and_one_in_use_never() {
    let server = capped("4");
    let clients = [(); 4].map(|()| {
        let (id, mut client) = server.terminal();
        client.ready();
        (id, client)
    });
    let [
        (one, first),
        (two, second),
        (three, third),
        (four, mut fourth),
    ] = clients;
    left(&server, second, &two);
    left(&server, first, &one);
    left(&server, third, &three);
    for gone in [&two, &one, &three] {
        assert!(server.has(gone));
        // Another's terminal makes room just as well.
        let id = server.open(caller("someone", "else"));
        assert!(!server.has(gone));
        assert!(server.has_as(caller("someone", "else"), &id));
    }
    server.try_open(NOBODY).expect(429);
    assert_eq!(server.terminals(NOBODY), [four]);
    assert_eq!(fourth.run("echo well"), "well");
}

#[test]
fn the_one_that_makes_room_ends_whole() {
    let server = capped("1");
    let (id, mut client) = server.terminal();
    client.run("export OT_TEST_MARK=terminal-cap");
    client.type_in("(trap '' HUP TERM; sleep 1000) & setsid sleep 1000 & sleep 1000\n");
    eventually("they run", seconds(10), || {
        client.pump(Duration::from_millis(1));
        processes::marked("terminal-cap").len() >= 3
    });
    let shell = server.shell(&id);
    left(&server, client, &id);
    let other = server.open(NOBODY);
    assert!(!server.has(&id));
    eventually("its tree is gone", seconds(5), || {
        processes::marked("terminal-cap").is_empty() && !processes::alive(shell)
    });
    assert_eq!(server.attach(&other).start().run("echo well"), "well");
}

#[test]
fn many_who_ask_at_once_get_no_more_than_there_may_be() {
    let server = capped("5");
    let given: usize = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| usize::from(server.try_open(NOBODY).status == 200)))
            .collect();
        asked
            .into_iter()
            .map(|one| one.join().expect("it is answered"))
            .sum()
    });
    assert_eq!(given, 5);
    assert_eq!(server.terminals(NOBODY).len(), 5);
}

#[test]
fn at_the_cap_a_page_that_is_loaded_again_still_gets_its_shell() {
    let server = capped("1");
    let who = caller("u", "c");
    let id = server.open(who);
    let mut client = server.attach(&id).by(who).start();
    client.run("variable=kept");
    client.leave();
    server.attached_as(who, &id, 0);
    assert_eq!(server.open(who), id);
    let mut client = server.attach(&id).by(who).start();
    assert_eq!(client.run("echo $variable"), "kept");
}
