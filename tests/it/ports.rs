//! Ports: what commands listen on, as `/ports` lists it.

use serde_json::Value;

use crate::support::upstream::Upstream;
use crate::support::{Server, eventually, needs_root, seconds};

fn listed(server: &Server, query: &str, port: u16) -> Option<Value> {
    let answer = server.get(&format!("/ports{query}")).expect(200).json();
    let ports = answer["ports"].as_array().expect("there is a list");
    ports.iter().find(|each| each["port"] == port).cloned()
}

#[track_caller]
fn comes(server: &Server, query: &str, port: u16) {
    eventually("the port is listed", seconds(5), || {
        listed(server, query, port).is_some()
    });
}

#[test]
fn a_port_is_listed_with_its_process_while_it_is_open() {
    let server = Server::spawn();
    let upstream = Upstream::start(&server);
    comes(&server, "", upstream.port);
    let entry = listed(&server, "", upstream.port).expect("it is listed");
    assert!(entry["pid"].is_u64(), "{entry}");
    assert!(
        entry["process"]
            .as_str()
            .is_some_and(|name| name.starts_with("python3"))
    );
    assert_eq!(
        entry.as_object().map(serde_json::Map::len),
        Some(3),
        "{entry}"
    );
    server.kill(&upstream.id, true).expect(200);
    eventually("the port is gone", seconds(5), || {
        listed(&server, "", upstream.port).is_none()
    });
}

#[test]
fn the_servers_own_port_and_those_of_others_are_not_listed() {
    let server = Server::spawn();
    let other = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let other = other.local_addr().expect("it is bound").port();
    for port in [server.port, other] {
        assert!(listed(&server, "?detached=true", port).is_none());
        server.get(&format!("/proxy/{port}/health")).expect(404);
    }
}

#[test]
fn what_a_command_leaves_in_the_background_stays_listed() {
    let server = Server::spawn();
    let command = "python3 upstream.py 127.0.0.1 0 & sleep 2";
    let upstream = Upstream::with(&server, command);
    server.end(&upstream.id);
    comes(&server, "", upstream.port);
    server.get(&upstream.path("/status/200")).expect(200);
}

#[test]
fn a_daemon_is_listed_on_request_and_reached_all_the_same() {
    let server = Server::spawn();
    let command = "setsid python3 upstream.py 127.0.0.1 0 & sleep 2";
    let upstream = Upstream::with(&server, command);
    server.end(&upstream.id);
    comes(&server, "?detached=true", upstream.port);
    assert!(listed(&server, "", upstream.port).is_none());
    server.get(&upstream.path("/status/200")).expect(200);
}

#[test]
fn a_port_in_a_network_namespace_of_its_own_is_listed_but_not_mistaken_for_ours() {
    if !needs_root() {
        return;
    }
    let server = Server::spawn();
    // On the outside, somebody else has the same port.
    let other = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let port = other.local_addr().expect("it is bound").port();
    let inside = format!("ip link set lo up; exec python3 upstream.py 0.0.0.0 {port}");
    let upstream = Upstream::with(&server, &format!("exec unshare --net sh -c '{inside}'"));
    comes(&server, "", upstream.port);
    let refused = server.get(&upstream.path("/")).expect(502);
    assert!(
        refused.detail().contains("network namespace of its own"),
        "{}",
        refused.detail()
    );
}

/// Opens a port, leaves it to a child and ends.
const HAND_OVER: &str = "\
import os, socket, time
listener = socket.create_server(('127.0.0.1', 0))
print('port', listener.getsockname()[1], 'is open', flush=True)
time.sleep(1)
if os.fork():
    os._exit(0)
while True:
    connection = listener.accept()[0]
    connection.recv(4096)
    connection.sendall(b'HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\nconnection: close\\r\\n\\r\\n')
    connection.close()
";

#[test]
fn a_port_that_is_left_to_another_process_is_that_ones() {
    let server = Server::spawn();
    std::fs::write(server.home.work().join("over.py"), HAND_OVER).expect("it is writable");
    let upstream = Upstream::with(&server, "python3 over.py; sleep 60");
    comes(&server, "", upstream.port);
    let first = listed(&server, "", upstream.port).expect("it is listed");
    eventually("the child has the port", seconds(5), || {
        let now = listed(&server, "", upstream.port).expect("it never vanishes");
        now["pid"] != first["pid"]
    });
    server.get(&upstream.path("/")).expect(200);
}
