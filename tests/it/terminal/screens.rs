//! Screens that come back as they were: what a client that comes later sees is what one that stayed sees.

/// Editors and pagers.
mod programs;
/// Streams of escape sequences, whole and cut.
mod streams;

use serde_json::Value;

use crate::support::terminal::Eyes;
use crate::support::{Server, eventually, seconds};

/// Checks that two clients of one terminal see the same, when both have all of it.
#[track_caller]
fn same(server: &Server, id: &str, stayed: &mut Eyes, came: &mut Eyes, what: &str) {
    eventually(&format!("{what}: both have all"), seconds(20), || {
        stayed.look();
        came.look();
        let end = server.summary(id)["offset"].as_u64();
        end == Some(stayed.client.offset) && end == Some(came.client.offset)
    });
    let differences = stayed.look().differences(&came.look());
    assert!(differences.is_empty(), "{what}: {differences}");
}

/// Checks that a client that comes now sees what the one that stayed sees; with `since`, too.
#[track_caller]
fn comes_back(server: &Server, id: &str, stayed: &mut Eyes, what: &str) -> Eyes {
    comes_back_sized(server, id, stayed, (80, 24), what)
}

#[track_caller]
fn comes_back_sized(
    server: &Server,
    id: &str,
    stayed: &mut Eyes,
    size: (u16, u16),
    what: &str,
) -> Eyes {
    let attach = server.attach(id).with("since", Value::Null);
    let mut came = Eyes::open(attach, size.0, size.1);
    same(server, id, stayed, &mut came, what);
    assert!(
        came.client.output.starts_with(b"\x1bc"),
        "{what}: no repaint"
    );
    came
}
