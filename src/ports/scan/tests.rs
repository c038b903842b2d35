//! Scans of real processes, arranged as the server, its spawner, a supervisor and a command are.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

/// Listens on the addresses given, each on a free port, and writes the ports to a file.
const LISTEN: &str = "import socket,sys,time
sockets=[]
for host in sys.argv[2:]:
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    sockets.append(socket.create_server((host, sockets[0].getsockname()[1] if sockets else 0), family=family))
open(sys.argv[1], 'w').write(str(sockets[0].getsockname()[1]))
time.sleep(60)";

const COMMAND: &str = "python3 -c \"$LISTEN\" $WHERE &";

/// A supervisor with a command below it; both end when it is dropped.
struct Below {
    spawner: Child,
    port: u16,
    _directory: tempfile::TempDir,
}

impl Below {
    /// Runs what listens, as `how` says, a line for the supervisor's shell.
    fn start(how: &str, hosts: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("port");
        let supervisor = format!("{how}\nsleep 60");
        let mut spawner = Command::new("sh");
        spawner
            .args(["-c", "setsid -w sh -c \"$SUPERVISOR\"; true"])
            .env("SUPERVISOR", supervisor)
            .env("LISTEN", LISTEN)
            .env("WHERE", format!("{} {hosts}", file.display()))
            .stdin(Stdio::null());
        let mut below = Self {
            spawner: spawner.spawn().unwrap(),
            port: 0,
            _directory: directory,
        };
        let began = Instant::now();
        while below.port == 0 {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "it does not listen"
            );
            std::thread::sleep(Duration::from_millis(10));
            let written = fs::read_to_string(&file).unwrap_or_default();
            below.port = written.parse().unwrap_or(0);
        }
        below
    }

    fn found(&self) -> Option<Port> {
        let own = std::process::id().cast_signed();
        let ports = Scanner::default().scan(own);
        ports.into_iter().find(|each| each.port == self.port)
    }

    fn addresses(&self) -> Vec<String> {
        let target = self.found().expect("it listens").target;
        let addresses = target.addresses.into_iter().flatten();
        addresses.map(|address| address.ip().to_string()).collect()
    }
}

impl Drop for Below {
    fn drop(&mut self) {
        tree::kill_all(self.spawner.id().cast_signed());
        self.spawner.kill().unwrap();
        self.spawner.wait().unwrap();
    }
}

#[test]
fn what_a_command_listens_on_is_found_with_its_process() {
    let below = Below::start(COMMAND, "127.0.0.1");
    let found = below.found().expect("it listens");
    assert!(
        found.process.starts_with("python3") && !found.detached,
        "{found:?}"
    );
    assert_eq!(Process::read(found.pid).unwrap().pid, found.pid);
    assert_eq!(below.addresses(), ["127.0.0.1"]);
}

#[test]
fn what_left_its_command_is_found_as_detached() {
    // Below the supervisor, in a session of its own.
    let below = Below::start("setsid python3 -c \"$LISTEN\" $WHERE &", "127.0.0.1");
    assert!(below.found().expect("it listens").detached);
}

#[test]
fn the_supervisor_itself_is_not_looked_at() {
    let below = Below::start("exec python3 -c \"$LISTEN\" $WHERE", "127.0.0.1");
    assert_eq!(below.found(), None);
    TcpStream::connect(("127.0.0.1", below.port)).expect("it listens all the same");
}

#[test]
fn addresses_on_the_loopback_interface_are_where_it_is_reached() {
    let on = |hosts: &str| Below::start(COMMAND, hosts).addresses();
    assert_eq!(on("0.0.0.0"), ["127.0.0.1"]);
    assert_eq!(on("127.0.0.2"), [""; 0]);
    assert_eq!(on("::1"), ["::1"]);
    assert_eq!(on("127.0.0.1 ::1"), ["127.0.0.1", "::1"]);
    assert_eq!(on("127.0.0.2 ::1"), ["::1"]);
    // Python makes it take IPv6 only, which no table tells.
    assert_eq!(on("::"), ["::1", "127.0.0.1"]);
}

#[test]
fn what_listened_before_is_seen_though_the_tree_does_not_show_it() {
    let below = Below::start(COMMAND, "127.0.0.1");
    let own = std::process::id().cast_signed();
    let mut scanner = Scanner::default();
    let first = scanner.scan(own);
    assert!(first.iter().any(|each| each.port == below.port));
    // A tree in which nothing is.
    let again = scanner.scan(i32::MAX);
    assert!(again.iter().any(|each| each.port == below.port));
    assert!(Scanner::default().scan(i32::MAX).is_empty());
}
