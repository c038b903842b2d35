//! The public URL of `--cftunnel`, with a stand-in for Cloudflare's program.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Home, Server, eventually, processes, seconds};

/// Says what it was given, and the URL as the real one does; then stays.
const STAND_IN: &str = "#!/bin/sh\n\
    echo \"args: $*\" > \"$HOME/tunnel.txt\"\n\
    env >> \"$HOME/tunnel.txt\"\n\
    echo 'INF |  https://four-words-for-this.trycloudflare.com  |' >&2\n\
    exec sleep 1000\n";

#[test]
fn the_connector_gets_the_address_and_no_key_and_ends_with_the_server() {
    let home = Home::new();
    let bin = home.path().join("bin");
    fs::create_dir(&bin).expect("it is ours");
    let program = bin.join("cloudflared");
    fs::write(&program, STAND_IN).expect("it is ours");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let port = TcpListener::bind("127.0.0.2:0")
        .and_then(|free| free.local_addr())
        .expect("there is a free port")
        .port();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    let mut server = Server::builder()
        .home(&home)
        .env("PATH", &path)
        .arg("--cftunnel")
        .arg("--port")
        .arg(&port.to_string())
        .host("127.0.0.2")
        .start();
    eventually("the URL is shown", seconds(5), || {
        server
            .printed()
            .contains("https://four-words-for-this.trycloudflare.com")
    });
    let given = fs::read_to_string(home.path().join("tunnel.txt")).expect("it ran");
    assert!(
        given.contains(&format!("--url http://127.0.0.2:{port}\n")),
        "{given}"
    );
    assert!(!given.contains("OPEN_TERMINAL"), "{given}");
    let below = processes::descendants(server.pid);
    assert!(server.stop().success());
    eventually("the connector ends", seconds(5), || {
        !below.iter().any(|&pid| processes::alive(pid))
    });
}
