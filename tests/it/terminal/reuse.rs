//! One terminal for all page loads of a user and chat.

use std::time::Duration;

use serde_json::json;

use crate::support::terminal::{Caller, Eyes, NOBODY, caller};
use crate::support::{Server, processes};

/// A page: it makes a terminal, attaches, uses it, and is closed.
fn page(server: &Server, who: Caller) -> String {
    let id = server.open(who);
    let mut client = server.attach(&id).by(who).start();
    client.ready();
    client.leave();
    server.attached_as(who, &id, 0);
    id
}

#[test]
fn a_page_that_is_loaded_again_finds_its_shell() {
    let server = Server::spawn();
    for who in [caller("u", "c"), caller("u", ""), caller("", "c")] {
        let id = server.open(who);
        let mut client = server.attach(&id).by(who).start();
        client.run("variable=kept");
        client.reset();
        server.attached_as(who, &id, 0);
        let again = server.try_open(who).expect(200).json();
        assert_eq!(again["id"], *id, "{who:?}");
        assert!(again["offset"].as_u64() > Some(0), "{again}");
        let mut client = server.attach(&id).by(who).start();
        assert_eq!(client.run("echo $variable"), "kept", "{who:?}");
    }
}

#[test]
fn another_user_or_chat_gets_another() {
    let server = Server::spawn();
    let id = page(&server, caller("u", "c"));
    for other in [
        caller("u", "d"),
        caller("v", "c"),
        caller("u", ""),
        caller("", "c"),
        NOBODY,
    ] {
        assert_ne!(server.open(other), id, "{other:?}");
    }
    assert_eq!(server.open(caller("u", "c")), id);
}

#[test]
fn one_given_again_in_its_last_moment_waits_for_the_page_anew() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_DETACH_TTL", "2")
        .start();
    let who = caller("u", "c");
    let id = page(&server, who);
    std::thread::sleep(Duration::from_millis(1400));
    assert_eq!(server.open(who), id);
    std::thread::sleep(Duration::from_millis(1200));
    let mut client = server.attach(&id).by(who).start();
    assert_eq!(client.run("echo well"), "well");
}

#[test]
fn who_does_not_say_who_it_is_gets_a_new_one_each_time() {
    let server = Server::spawn();
    let id = page(&server, NOBODY);
    assert_ne!(server.open(NOBODY), id);
    assert_eq!(server.terminals(NOBODY).len(), 2);
}

#[test]
fn one_in_use_or_never_used_is_not_given_away() {
    let server = Server::spawn();
    let who = caller("u", "c");
    let fresh = server.open(who);
    let used = server.open(who);
    assert_ne!(fresh, used, "nobody was ever attached to the first");
    let mut client = server.attach(&used).by(who).start();
    client.ready();
    assert!(![fresh, used].contains(&server.open(who)));
}

#[test]
fn the_one_left_last_comes_first() {
    let server = Server::spawn();
    let who = caller("u", "c");
    let ids = [(); 3].map(|()| server.open(who));
    let clients = ids.clone().map(|id| {
        let mut client = server.attach(&id).by(who).start();
        client.ready();
        (id, client)
    });
    let [one, two, three] = clients;
    for (id, client) in [two, three, one] {
        client.leave();
        server.attached_as(who, &id, 0);
    }
    // Each is taken, so that the next is the turn of the one before.
    let mut taken = Vec::new();
    for n in [0, 2, 1] {
        let id = server.open(who);
        assert_eq!(id, ids[n]);
        let mut client = server.attach(&id).by(who).start();
        client.ready();
        taken.push(client);
    }
    assert!(!ids.contains(&server.open(who)));
}

#[test]
fn switched_off_each_is_new() {
    let server = Server::builder()
        .env("OPEN_TERMINAL_TERMINAL_REUSE", "false")
        .start();
    let who = caller("u", "c");
    let ids = [(); 3].map(|()| page(&server, who));
    assert_eq!(server.terminals(who), ids);
}

#[test]
fn a_storm_of_reloads_leaves_one_shell() {
    let server = Server::spawn();
    let who = caller("u", "c");
    let first = page(&server, who);
    let before = processes::descendants(server.pid).len();
    for n in 0..50 {
        let id = server.open(who);
        assert_eq!(id, first);
        let client = server.attach(&id).by(who).start();
        server.attached_as(who, &id, 1);
        match n % 3 {
            0 => client.reset(),
            1 => drop(client),
            _ => client.leave(),
        }
        server.attached_as(who, &id, 0);
    }
    assert_eq!(server.terminals(who), [first.as_str()]);
    let after = processes::descendants(server.pid).len();
    assert!(after <= before + 2, "{before} processes became {after}");
    let mut client = server.attach(&first).by(who).start();
    assert_eq!(client.run("echo well"), "well");
}

#[test]
fn a_page_that_comes_back_smaller_sees_the_newest_lines() {
    let server = Server::spawn();
    let (id, mut client) = server.terminal();
    client.resize(100, 30);
    client.run("seq 1 60");
    client.type_in("echo la''st");
    client.expect("echo la''st");
    client.leave();
    let mut eyes = Eyes::open(server.attach(&id), 60, 12);
    // A page says how large it is as soon as it is connected, and what it is shown is made for that.
    std::thread::sleep(Duration::from_millis(10));
    eyes.client.resize(60, 12);
    eyes.sees("echo la''st");
    let look = eyes.look();
    for line in ["56", "57", "58", "59", "60"] {
        assert!(look.rows.iter().any(|row| row == line), "{line}: {look:?}");
    }
    let size = server.summary(&id);
    assert_eq!((&size["cols"], &size["rows"]), (&json!(60), &json!(12)));
}
